//! The price is known before it is paid: what a run spends is what was said.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::time::Duration;

use common::{BACKFILL, Sim};
use pipedrive_mirror::{
    emulator::{DealChange, Edit, Switches},
    store::{Policy, Reader},
    sync::{Forecast, Mode, Outcome, Report, Standing},
};
use rstest::rstest;

const RESTART: Mode = Mode::Backfill { since: None, restart: true };

const DAY: u64 = 24 * 3_600;

fn standing(sim: &Sim, mode: &Mode) -> Standing {
    let reader = Reader::open(&sim.database()).unwrap();
    Standing::read(&reader, &sim.settings(), mode, &sim.wanted(), sim.now()).unwrap()
}

fn forecast(sim: &Sim, mode: &Mode) -> Forecast {
    let standing = standing(sim, mode);
    assert!(!standing.needs_total(), "{standing:?}");
    Forecast::new(&standing)
}

/// Lets a run spend whatever it likes on what is asked deal by deal.
fn generous(mut sim: Sim) -> Sim {
    sim.options.trickle_share = 1.0;
    sim.emulator.switch(|switches| switches.daily_budget = 100_000_000);
    sim
}

/// Fails unless `report` spent what `forecast` said, entity by entity and to the token; ranges hold it.
#[track_caller]
fn assert_as_said(forecast: &Forecast, report: &Report) {
    for one in &forecast.entities {
        let spent = report.entities.iter().find(|spent| spent.entity == one.entity.name);
        let (requests, cost) = spent.map_or((0, 0), |spent| (spent.requests, spent.cost));
        let name = one.entity.name;
        let price = one.price;
        assert!((price.cost..=price.cost_max).contains(&cost), "{name}: {cost}, not {price:?}");
        assert!(
            (price.requests..=price.requests_max).contains(&requests),
            "{name}: {requests}, not {price:?}"
        );
    }
    let total = forecast.total();
    assert!((total.cost..=total.cost_max).contains(&report.cost), "{total:?}: {report:?}");
}

/// The same, and no part of it is a range.
#[track_caller]
fn assert_exact(forecast: &Forecast, report: &Report) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert!(!forecast.total().is_estimate(), "{forecast:?}");
    assert_as_said(forecast, report);
}

#[test]
fn a_mirror_with_nothing_to_do_costs_what_was_said() {
    let sim = generous(Sim::new(1_200, 1).and_children(Policy::Counter));
    sim.backfill();
    for (seconds, cost) in [(300, 32), (DAY, 42)] {
        sim.advance(seconds);
        let said = forecast(&sim, &Mode::Sync);
        assert_eq!(said.total().cost, cost);
        assert_exact(&said, &sim.sync());
    }
}

#[rstest]
#[case(Policy::Counter)]
#[case(Policy::Changed)]
#[case(Policy::Open)]
#[case(Policy::All)]
fn what_hangs_on_deals_costs_what_was_said_when_it_is_mirrored_for_the_first_time(
    #[case] policy: Policy,
) {
    let mut sim = generous(Sim::new(900, 2));
    sim.backfill();
    sim.children = Some(policy);
    sim.advance(300);
    let said = forecast(&sim, &Mode::Sync);
    let owed = said.entities.iter().find(|one| one.entity.name == "deal_products").unwrap();
    assert!(owed.rows > Some(200), "{said:?}");
    if policy == Policy::Counter {
        // Whether there are discounts shows when the lines are there.
        assert_as_said(&said, &sim.sync());
    } else {
        assert_exact(&said, &sim.sync());
    }
    sim.assert_equal();
}

#[test]
fn groups_of_more_lines_than_a_page_holds_cost_another_page() {
    let mut sim = generous(Sim::new(500, 3));
    let line = |world: &pipedrive_mirror::emulator::World| {
        let product = *world.company().products.keys().next().unwrap();
        pipedrive_mirror::emulator::ProductLine::new(
            product,
            1,
            pipedrive_mirror::emulator::Cents(100),
        )
    };
    let ids: Vec<u32> = sim.emulator.world().live_ids().take(60).collect();
    for id in ids {
        for _ in 0..20 {
            let mut world = sim.emulator.world();
            let line = line(&world);
            world.apply(Edit::AddProduct(id, line)).unwrap();
        }
    }
    sim.advance(3_600);
    sim.backfill();
    sim.children = Some(Policy::Counter);
    let said = forecast(&sim, &Mode::Sync);
    let products = said.entities.iter().find(|one| one.entity.name == "deal_products").unwrap();
    assert!(products.price.requests > products.rows.unwrap().div_ceil(100), "{products:?}");
    assert_as_said(&said, &sim.sync());
}

#[test]
fn a_backfill_that_died_after_its_lists_costs_what_is_left() {
    let mut ranges = 0;
    for transactions in [20, 40, 60, 90, 130, 200] {
        let sim = generous(Sim::new(1_500, 4).and_children(Policy::Counter));
        if sim.run_for(&BACKFILL, transactions).is_some() {
            continue;
        }
        sim.advance(60);
        let mut standing = standing(&sim, &Mode::Sync);
        standing.live.get_or_insert(sim.emulator.world().live_ids().count() as u64);
        let said = Forecast::new(&standing);
        ranges += u32::from(said.total().is_estimate());
        let report = sim.sync();
        assert_eq!(report.outcome(), Outcome::Complete, "after {transactions}: {report:?}");
        assert_as_said(&said, &report);
    }
    assert!(ranges > 0);
}

#[test]
fn a_restart_costs_what_was_said() {
    for seed in 0..4 {
        let sim = generous(Sim::new(1_300, seed).and_children(Policy::Counter));
        sim.backfill();
        // Some deletions grow older than the lists show them.
        sim.advance(9 * DAY);
        sim.sync();
        sim.advance(300);
        let said = forecast(&sim, &RESTART);
        assert_exact(&said, &sim.run(&RESTART));
    }
}

#[test]
fn a_restart_that_died_costs_what_is_left() {
    for transactions in [5, 9, 12, 14, 16, 20] {
        let switches = Switches { page_rows: None, ..Switches::default() };
        let sim = generous(Sim::with(3_300, 5, switches).and_children(Policy::Counter));
        sim.backfill();
        sim.advance(300);
        if sim.run_for(&RESTART, transactions).is_some() {
            continue;
        }
        sim.advance(300);
        let said = forecast(&sim, &BACKFILL);
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete);
        let (cost, most) = (said.total().cost, said.total().cost_max);
        assert!(
            cost.saturating_sub(10) <= report.cost && report.cost <= most + 10,
            "after {transactions}: {cost} to {most}, not {}",
            report.cost
        );
    }
}

#[test]
fn a_reconcile_that_is_due_costs_what_was_said() {
    let sim = generous(Sim::new(1_700, 6).and_children(Policy::Counter));
    sim.backfill();
    sim.advance(7 * DAY);
    let said = forecast(&sim, &Mode::Sync);
    let lists = [("deals", 1_700 * 10 / 500), ("deals_archived", 40)];
    for (name, least) in lists {
        let one = said.entities.iter().find(|one| one.entity.name == name).unwrap();
        assert!(one.price.cost >= least, "{one:?}");
    }
    assert_exact(&said, &sim.sync());
    // One that was cut short is gone on with an hour later.
    sim.advance(7 * DAY);
    assert!(sim.run_for(&Mode::Sync, 24).is_none());
    for wait in [60, 3_700] {
        sim.advance(wait);
        assert_exact(&forecast(&sim, &Mode::Sync), &sim.sync());
    }
}

#[test]
fn sets_that_grew_old_and_deals_that_were_named_cost_what_was_said() {
    let mut sim = generous(Sim::new(600, 7).and_children(Policy::Counter));
    sim.backfill();
    sim.advance(91 * DAY);
    let said = forecast(&sim, &Mode::Sync);
    assert_eq!(said.entities.iter().filter(|one| one.rows > Some(20)).count(), 5, "{said:?}");
    assert_exact(&said, &sim.sync());
    sim.entities = vec!["deals"];
    sim.advance(8 * DAY);
    let said = forecast(&sim, &Mode::Sync);
    assert_eq!(said.total().cost, 12, "named entities start no reconcile");
    assert_exact(&said, &sim.sync());
}

#[test]
fn before_the_first_backfill_the_truth_lies_in_the_range() {
    for (deals, seed) in [(0, 1), (3, 2), (450, 3), (1_000, 4), (2_600, 5), (4_000, 6)] {
        for policy in [Policy::Counter, Policy::All] {
            let sim = generous(Sim::new(deals, seed).and_children(policy));
            // What the source would count.
            let live = u64::try_from(sim.emulator.world().live_ids().count()).unwrap();
            let standing =
                Standing::without_mirror(&sim.settings(), &BACKFILL, &sim.wanted(), Some(live));
            let said = Forecast::new(&standing);
            let report = sim.backfill();
            assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
            assert_as_said(&said, &report);
            let deals = said.entities.iter().find(|one| one.entity.name == "deals").unwrap();
            assert_eq!(deals.rows, Some(live));
        }
    }
}

#[test]
fn what_changed_at_the_source_since_costs_no_more_but_for_what_hangs_on_it() {
    let sim = generous(Sim::new(1_000, 8).and_children(Policy::Counter));
    sim.backfill();
    sim.advance(300);
    let said = forecast(&sim, &Mode::Sync);
    let ids: Vec<u32> = sim.emulator.world().live_ids().take(150).collect();
    for id in ids {
        let title = DealChange::Title(format!("deal {id}, changed"));
        sim.emulator.world().apply(Edit::ChangeDeal(id, title)).unwrap();
    }
    sim.clock.advance(Duration::from_secs(60));
    let report = sim.sync();
    for name in ["deals", "deals_archived", "deal_fields"] {
        let spent = report.entities.iter().find(|one| one.entity == name).map_or(0, |one| one.cost);
        let price = said.entities.iter().find(|one| one.entity.name == name).unwrap().price;
        assert_eq!(spent, price.cost, "{name}");
    }
}

#[test]
fn what_deals_point_to_costs_what_was_said() {
    for all_rows in [false, true] {
        let mut sim = generous(Sim::new(900, 7).and_reference());
        sim.all_rows = all_rows;
        let live = sim.emulator.world().live_ids().count() as u64;
        let first = Standing::without_mirror(&sim.settings(), &BACKFILL, &sim.wanted(), Some(live));
        assert_as_said(&Forecast::new(&first), &sim.backfill());
        sim.advance(300);
        let said = forecast(&sim, &Mode::Sync);
        assert_eq!(said.total().cost, 32);
        assert_exact(&said, &sim.sync());
        sim.advance(DAY);
        assert_as_said(&forecast(&sim, &Mode::Sync), &sim.sync());
        let said = forecast(&sim, &RESTART);
        let persons = said.entities.iter().find(|one| one.entity.name == "persons").unwrap();
        let stored = u64::try_from(sim.number("SELECT count(*) FROM persons")).unwrap();
        let at_a_time = if all_rows { 500 } else { 100 };
        assert_eq!(persons.price.cost, 10 * stored.div_ceil(at_a_time), "{persons:?}");
        assert_as_said(&said, &sim.run(&RESTART));
        // Everything is looked at once a week.
        sim.advance(7 * DAY);
        assert_as_said(&forecast(&sim, &Mode::Sync), &sim.sync());
        assert!(sim.number("SELECT count(*) FROM sync_runs WHERE mode = 'reconcile'") > 0);
    }
}

#[test]
fn rows_that_deals_name_for_the_first_time_are_priced_when_the_deals_are_here() {
    let mut sim = generous(Sim::new(900, 8));
    sim.backfill();
    sim.reference = true;
    sim.advance(300);
    let said = forecast(&sim, &Mode::Sync);
    let organizations =
        said.entities.iter().find(|one| one.entity.name == "organizations").unwrap();
    assert!(
        organizations.price.requests > 1
            && organizations.price.cost_max == organizations.price.cost
    );
    assert_as_said(&said, &sim.sync());
}

fn in_windows(seed: u64) -> Sim {
    let mut sim = generous(Sim::new(4_000, seed));
    sim.in_flight = 8;
    sim
}

#[test]
fn what_is_read_in_several_windows_costs_what_was_said() {
    for seed in 0..3 {
        let sim = in_windows(seed);
        let live = sim.emulator.world().live_ids().count() as u64;
        let said = Forecast::new(&Standing::without_mirror(
            &sim.settings(),
            &BACKFILL,
            &sim.wanted(),
            Some(live),
        ));
        assert_as_said(&said, &sim.backfill());
        sim.advance(60);
        let again = forecast(&sim, &RESTART);
        assert!(again.total().cost_max <= again.total().cost + 4 * 10 + 4 * 20, "{again:?}");
        assert_as_said(&again, &sim.run(&RESTART));
        sim.advance(60);
        assert_exact(&forecast(&sim, &Mode::Sync), &sim.sync());
    }
}

#[test]
fn what_is_left_of_several_windows_costs_what_was_said() {
    for transactions in [12, 14, 16, 18, 20, 22, 24] {
        let sim = in_windows(transactions as u64);
        sim.backfill();
        assert!(sim.run_for(&RESTART, transactions).is_none());
        sim.advance(60);
        let said = forecast(&sim, &BACKFILL);
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
        assert_as_said(&said, &report);
    }
}
