//! A backfill dies at moments between its requests: nothing is asked for twice.

use std::collections::BTreeSet;

use pipedrive_mirror::emulator::{Fault, FaultRule, Switches};

use super::{
    common::{
        tcp::{House, Source},
        truth,
    },
    number,
};

#[test]
fn a_backfill_killed_ten_times_continues_where_it_was_and_ends_equal() {
    let (deals, page_rows) = match number("KILL_DEALS") {
        Some(deals) => (deals, None),
        None => (2_400, Some(30)),
    };
    let source = Source::serve(deals, Switches { page_rows, ..Switches::default() });
    let house = House::at(&source.url);
    let mut kills = 0;
    let mut rng = fastrand::Rng::with_seed(number("KILL_SEED").unwrap_or(7).into());
    let moments = [1, 3, 5, 7, 9, 11, 14, 17, 20, 6]
        .map(|moment| if page_rows.is_some() { moment } else { rng.u32(1..=13) });
    for after in moments {
        let before = source.emulator.log().len();
        // Every other time it waits for an answer when it dies; else it is wherever it happens to be.
        if kills % 2 == 0 {
            let rule = FaultRule { path: None, skip: after - 1, times: 1, fault: Fault::Hang };
            source.emulator.fault(rule);
        }
        let mut child = house.spawn(&["backfill"]);
        assert!(source.wait_for(before + after as usize, &mut child), "it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        source.emulator.clear_faults();
        kills += 1;
        if house.path("pipedrive.db").exists() {
            let sound: String =
                house.database().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok", "after kill {kills}");
        }
    }
    let last = house.run(&["backfill"]);
    assert_eq!(last.code, 0, "{last:?}");

    // What describes fields is read whole each time; the lists of deals go on.
    let cursors: Vec<String> = source
        .emulator
        .log()
        .iter()
        .filter(|asked| ["/api/v2/deals", "/api/v2/deals/archived"].contains(&asked.path.as_str()))
        .filter_map(|asked| asked.param("cursor").map(str::to_owned))
        .collect();
    let different: BTreeSet<&String> = cursors.iter().collect();
    assert!(cursors.len() - different.len() <= kills, "{} of {}", different.len(), cursors.len());
    let differences = truth::differences(&house.database(), &source.emulator);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(house.run(&["sync"]).code, 0);
}
