//! What hangs on deals: equality, what it costs, and what a mark survives.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod cost;
mod equal;
mod trouble;

use std::time::Duration;

use common::{BACKFILL, RECONCILE, Sim};
use pipedrive_mirror::{
    emulator::{
        Bumps, Cents, ChildAnswer, Counters, DealChange, Discount, DiscountType, Edit, Edited,
        Installments, ProductLine, ProductsBy, Reach, Switches,
    },
    seams::Request,
    store::Policy,
    sync::{EntityReport, Mode, Outcome, Report},
};

/// What was spent on paths that end so.
fn cost_of(sim: &Sim, end: &str) -> u64 {
    sim.emulator
        .log()
        .iter()
        .filter(|asked| asked.path.ends_with(end))
        .map(|asked| asked.cost)
        .sum()
}

/// Switches under which every edit of what hangs on a deal moves its change time.
fn bumping() -> Switches {
    Switches { bumps: Bumps { children: true, ..Bumps::default() }, ..Switches::default() }
}

/// Returns a live deal with exactly so many products.
fn live_with_products(sim: &Sim, count: i64) -> u32 {
    let sql = format!(
        "SELECT id FROM deals WHERE is_deleted = 0 AND is_archived = 0 AND status = 'open' AND products_count = {count}"
    );
    u32::try_from(sim.number(&sql)).unwrap()
}

fn apply(sim: &Sim, edit: Edit) -> Edited {
    sim.emulator.world().apply(edit.clone()).unwrap_or_else(|error| panic!("{edit:?}: {error}"))
}

fn line(sim: &Sim) -> ProductLine {
    let product = *sim.emulator.world().company().products.keys().next().unwrap();
    ProductLine::new(product, 2, Cents(12_345))
}

/// Answers what `concerns` says so with `status` and `body`.
fn refuse(
    sim: &Sim,
    status: u16,
    body: &'static str,
    concerns: impl Fn(&Request) -> bool + Send + 'static,
) {
    sim.distort(move |request, answer| {
        if !concerns(request) {
            return answer;
        }
        Ok(http::Response::builder().status(status).body(body.into()).unwrap())
    });
}

/// Whether a request names `id` among the deals it asks for.
fn names(request: &Request, id: i64) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let ids = query.split('&').find_map(|part| part.strip_prefix("deal_ids=")).unwrap_or_default();
    ids.split(',').any(|named| named == id.to_string())
}

const NO: &str = r#"{"success":false,"error":"no"}"#;

fn assert_nothing_owed(sim: &Sim) {
    let owed = sim.text("SELECT group_concat(kind || ' ' || id || ': ' || why || coalesce(', ' || error, '')) FROM sync_due");
    assert_eq!(owed, None);
}

fn of<'r>(report: &'r Report, entity: &str) -> &'r EntityReport {
    report.entities.iter().find(|found| found.entity == entity).unwrap()
}
