//! What disappears: a walk over everything finds it, and believes no absence at once.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod doubt;
mod repair;

use std::time::Duration;

use common::{RECONCILE, Sim};
use pipedrive_mirror::{
    emulator::{Bumps, Counters, Cursors, DealChange, Edit, Edited, Switches},
    store::Policy,
    sync::{Ceiling, Mode, Outcome, Report},
};

const DAY: u64 = 24 * 3_600;

fn apply(sim: &Sim, edit: Edit) -> Edited {
    sim.emulator.world().apply(edit.clone()).unwrap_or_else(|error| panic!("{edit:?}: {error}"))
}

fn live(sim: &Sim, count: usize) -> Vec<u32> {
    sim.emulator.world().live_ids().take(count).collect()
}

fn missing(sim: &Sim) -> i64 {
    sim.number("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL")
}

fn of<'r>(report: &'r Report, entity: &str) -> &'r pipedrive_mirror::sync::EntityReport {
    report.entities.iter().find(|found| found.entity == entity).unwrap()
}

/// Switches under which no edit at all moves a change time.
fn silent() -> Switches {
    let bumps = Bumps {
        change: false,
        delete: false,
        restore: false,
        archive: false,
        unarchive: false,
        children: false,
        value: false,
        ..Bumps::default()
    };
    Switches { bumps, ..Switches::default() }
}
