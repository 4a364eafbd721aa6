//! What deals point to: equality, what it costs, and what is found out about it when it is gone.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod cost;
mod equal;
mod faults;
mod figures;
mod gone;

use common::{BACKFILL, Sim, reference};
use pipedrive_mirror::{
    emulator::{DealChange, Edit, Edited, PersonChange, Reference, Switches},
    store::Policy,
    sync::{Mode, Outcome, Report},
};

const DAY: u64 = 24 * 3_600;

fn apply(sim: &Sim, edit: Edit) -> Edited {
    sim.emulator.world().apply(edit.clone()).unwrap_or_else(|error| panic!("{edit:?}: {error}"))
}

/// Adds a person; returns the id.
fn add_person(sim: &Sim, name: &str) -> u32 {
    match apply(sim, Edit::AddPerson { name: name.to_owned(), org_id: None }) {
        Edited::Record(Reference::Persons, id) => id,
        other => panic!("{other:?}"),
    }
}

/// Requests and cost on a path since the log was reset.
fn asked(sim: &Sim, path: &str) -> (usize, u64) {
    let log = sim.emulator.log();
    let on = || log.iter().filter(|asked| asked.path == path);
    (on().count(), on().map(|asked| asked.cost).sum())
}

fn live_deal(sim: &Sim) -> u32 {
    let id = sim.number(
        "SELECT id FROM deals WHERE status = 'open' AND is_archived = 0 AND is_deleted = 0",
    );
    u32::try_from(id).unwrap()
}

fn assert_equal(sim: &Sim) {
    let differences = reference::differences(&sim.connection(), &sim.emulator, sim.all_rows);
    assert!(differences.is_empty(), "the mirror differs:\n{}", differences.join("\n"));
    sim.assert_equal();
    assert_eq!(sim.number(TEXT_DIFFERS), 0, "the full text is not that of the rows");
}

/// Deals whose full text is not what their rows say.
const TEXT_DIFFERS: &str = "SELECT count(*) FROM deals d LEFT JOIN deals_search s ON s.rowid = d.id
    WHERE s.rowid IS NULL OR s.title IS NOT d.title OR s.lost_reason IS NOT d.lost_reason
    OR s.person IS NOT (SELECT name FROM persons WHERE id = d.person_id)
    OR s.organization IS NOT (SELECT name FROM organizations WHERE id = d.org_id)";

fn complete(report: &Report) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
}
