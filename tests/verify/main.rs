//! `verify`: what differs is named, nothing else is, and it can be made good.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod corrupt;
mod found;
mod program;

use std::collections::BTreeSet;

use common::Sim;
use pipedrive_mirror::{
    emulator::Switches,
    store::Policy,
    sync::{Outcome, Proof, Verified},
};

/// Everything but what hangs on deals.
const DEEP: Proof = Proof { totals: true, deep: true, rows: true, children: None, repair: false };

/// A mirror of `deals` deals that is complete, some minutes after the last of them changed.
fn mirrored(deals: u32, seed: u64) -> Sim {
    let switches = Switches { daily_budget: 10_000_000, ..Switches::default() };
    let sim = Sim::with(deals, seed, switches).and_children(Policy::Changed).and_reference();
    let sim = sim.in_memory();
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.advance(600);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim
}

/// What was found, as entity and id.
fn named(verified: &Verified) -> BTreeSet<(String, String)> {
    let named = verified.differences.iter().map(|one| (one.entity.to_owned(), one.id.clone()));
    named.collect()
}

/// What was found, a line each.
fn lines(verified: &Verified) -> Vec<String> {
    verified
        .differences
        .iter()
        .map(|one| format!("{} {} {}: {}", one.entity, one.id, one.fate, one.evidence))
        .collect()
}
