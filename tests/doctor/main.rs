//! `doctor` finds what is wrong and names the step that heals it: one fault each, provoked on a mirror that is well.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;

mod configuration;
mod database;
mod healthy;
mod holder;
mod source;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, OnceLock},
};

use common::tcp::{House, Said, Source};
use pipedrive_mirror::{
    clock::SystemClock,
    emulator::{Fault, FaultRule, Switches},
    seams::Clock,
};
use serde_json::Value as Json;

/// The most that asking may cost.
const LIMIT: u64 = 60;

/// What `doctor --json` said.
#[derive(Debug)]
struct Report {
    code: i32,
    said: Said,
    json: Json,
}

impl Report {
    /// Fails unless it found `id`, of this severity, and names a step that has `next` in it.
    #[track_caller]
    fn finds(&self, id: &str, severity: &str, next: &str) -> &Self {
        let found = self.finding(id).unwrap_or_else(|| panic!("no {id} in {:#}", self.json));
        assert_eq!(found["severity"], severity, "{found:#}");
        let said = found["next"].as_str().unwrap();
        assert!(said.contains(next), "{next:?} is not in {found:#}");
        assert!(!found["says"].as_str().unwrap().is_empty(), "{found:#}");
        self
    }

    /// Fails unless it ended so, having spent so much.
    #[track_caller]
    fn ends(&self, code: i32, cost: u64) -> &Self {
        assert_eq!((self.code, self.json["cost"].as_u64()), (code, Some(cost)), "{:#}", self.json);
        assert_eq!(self.json["exit"], code);
        self
    }

    fn finding(&self, id: &str) -> Option<&Json> {
        self.json["findings"].as_array().unwrap().iter().find(|found| found["id"] == id)
    }

    /// Returns what was found, by severity and name.
    fn ids(&self) -> Vec<String> {
        let found = self.json["findings"].as_array().unwrap().iter();
        found
            .map(|found| {
                format!("{} {}", found["severity"].as_str().unwrap(), found["id"].as_str().unwrap())
            })
            .collect()
    }
}

/// Lets the program examine what it finds in `house`.
#[track_caller]
fn examine(house: &House, args: &[&str]) -> Report {
    let said = house.run(&[&["doctor", "--json"], args].concat());
    let json = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    Report { code: said.code, said, json }
}

/// A source, and a house with a mirror of it that is well.
fn mirrored() -> (Source, House) {
    let source = Source::serve(DEALS, Switches::default());
    let house = furnished(&source.url);
    (source, house)
}

/// As [`mirrored`], with a source whose clock is `clock`.
fn mirrored_by(clock: Arc<dyn Clock>) -> (Source, House) {
    let source = Source::serve_by(DEALS, Switches::default(), clock);
    let house = furnished(&source.url);
    (source, house)
}

const DEALS: u32 = 20;

/// A house that asks `url`, with a mirror that is well.
fn furnished(url: &str) -> House {
    let house = House::at(url);
    fs::write(house.path("pipedrive.db"), well()).unwrap();
    let mine = fs::Permissions::from_mode(0o600);
    fs::set_permissions(house.path("pipedrive.db"), mine).unwrap();
    house
}

/// A database that was filled just now, and whose last request left long enough ago not to hold up the next.
fn well() -> &'static [u8] {
    static WELL: OnceLock<Vec<u8>> = OnceLock::new();
    WELL.get_or_init(|| {
        let source = Source::serve_by(DEALS, Switches::default(), Arc::new(SystemClock::new()));
        let house = House::at(&source.url);
        assert_eq!(house.run(&["backfill", "--quiet"]).code, 0);
        let database = house.database();
        database.execute("DELETE FROM sync_state WHERE key = 'last_sent_at'", []).unwrap();
        drop(database);
        fs::read(house.path("pipedrive.db")).unwrap()
    })
}

/// Lets every request to a path that begins with `path` meet `fault`.
fn fault(source: &Source, path: &str, fault: Fault) {
    let path = Some(path.to_owned());
    source.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault });
}

fn status(code: u16) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: String::new() }
}

/// Changes the database by hand.
fn change(house: &House, sql: &str) {
    assert!(house.database().execute(sql, []).unwrap() > 0, "{sql}");
}
