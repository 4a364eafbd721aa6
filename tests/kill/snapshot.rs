//! A snapshot that dies leaves the database alone, and under its name what was there or the whole copy.

use rusqlite::Connection;

use super::{
    bench::{Bench, WHOLE, play_alone, sound},
    common::tcp::House,
    disk::{DEATHS, cases, steps, watched},
};

const ARGS: [&str; 3] = ["snapshot", "copy.db", "--force"];

/// What tells one state of the mirror from another.
fn state(file: &Connection) -> (u32, u32) {
    let sql = "SELECT count(*), max(_version) FROM deals";
    file.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// A mirror of another state than the snapshot beside it.
struct Place {
    bench: Bench,
    house: House,
    old: Vec<u8>,
    states: [(u32, u32); 2],
}

impl Place {
    fn new() -> Self {
        let bench = Bench::filled(40);
        let house = bench.house();
        assert_eq!(house.run(&ARGS).code, 0);
        let old = std::fs::read(house.path("copy.db")).unwrap();
        let was = state(&Connection::open(house.path("copy.db")).unwrap());
        assert_eq!(house.run(&WHOLE).code, 0);
        let is = state(&house.database());
        assert_ne!(was, is);
        Self { bench, house, old, states: [was, is] }
    }
}

#[test]
fn a_snapshot_that_dies_or_fails_at_any_step_replaces_nothing_but_by_a_whole_one() {
    let Place { bench, house, old, states } = Place::new();
    let watched = house.spawn_with(&ARGS, &watched(&house)).wait().unwrap();
    assert!(watched.success());
    let faults: Vec<&str> =
        DEATHS.into_iter().chain(["full*", "write-error", "sync-error"]).collect();
    let steps = steps(&house);
    let cases = cases("snapshot", &steps, &faults, 21);
    let mut struck = 0;
    play_alone(&cases, |case| {
        std::fs::write(house.path("copy.db"), &old).unwrap();
        let said = bench.run(&house, &ARGS, case);
        if ![0, -1].contains(&said.code) {
            // Whoever reads the original makes the index of its log, and may fail of that.
            let original = steps[case.step - 1].contains("pipedrive.db");
            said.fails(8, &[if original { "pipedrive.db" } else { "copy.db" }]);
        }
        struck += usize::from(said.code != 0);
        let copy = Connection::open(house.path("copy.db")).unwrap();
        sound(&copy);
        let may_be = if said.code == 0 { &states[1..] } else { &states };
        assert!(may_be.contains(&state(&copy)), "{said:?}");
        bench.sound(&house);
    });
    assert!(struck * 2 >= cases.len(), "{struck} of {} struck", cases.len());
    bench.equal(&house.database());
}
