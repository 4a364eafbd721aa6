//! What a run promises, on the emulator: equality, cost, and whose mirror it is.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use common::{BACKFILL, Sim};
use pipedrive_mirror::{
    emulator::{
        Bumps, Cursors, DealChange, DeletedArchived, Edit, Edited, End, OptionalMembers, Switches,
    },
    sync::{Fault, Mode, Outcome},
};

fn retitle(sim: &Sim, id: u32, title: &str) {
    sim.emulator.world().apply(Edit::ChangeDeal(id, DealChange::Title(title.to_owned()))).unwrap();
}

fn some_live(sim: &Sim, count: usize) -> Vec<u32> {
    sim.emulator.world().live_ids().take(count).collect()
}

#[test]
fn a_backfill_gives_row_for_row_what_the_source_holds() {
    let sim = Sim::new(1_700, 1);
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    sim.assert_equal();
    assert!(sim.number("SELECT count(*) FROM deals WHERE is_archived = 1") > 20);
    assert!(sim.number("SELECT count(*) FROM deals WHERE is_deleted = 1") > 20);
}

#[test]
fn a_sync_with_nothing_to_do_costs_32_and_writes_nothing() {
    let sim = Sim::new(1_700, 2);
    sim.backfill();
    sim.advance(300);
    sim.emulator.reset_log();
    let report = sim.sync();
    assert_eq!((report.requests, report.cost, sim.emulator.spent()), (3, 32, 32));
    assert_eq!(report.entities.iter().map(|entity| entity.written).sum::<u64>(), 0);
    assert_eq!(report.entities.len(), 2, "deal_fields is not due: {report:?}");
}

#[test]
fn a_sync_writes_exactly_what_changed() {
    let sim = Sim::new(1_700, 3);
    sim.backfill();
    for (number, id) in some_live(&sim, 37).into_iter().enumerate() {
        sim.advance(number as u64 % 3);
        retitle(&sim, id, "changed");
    }
    sim.advance(100);
    let report = sim.sync();
    assert_eq!(report.entities.iter().map(|entity| entity.written).sum::<u64>(), 37);
    assert_eq!(report.cost, 32);
    sim.assert_equal();
}

#[test]
fn edits_within_the_very_second_of_the_mark_are_not_lost() {
    let sim = Sim::new(300, 4);
    let ids = some_live(&sim, 2);
    retitle(&sim, ids[0], "first of the second");
    sim.backfill();
    retitle(&sim, ids[1], "second of the second");
    retitle(&sim, ids[0], "first, again");
    sim.sync();
    sim.assert_equal();
}

#[test]
fn a_change_that_becomes_visible_late_is_not_lost() {
    let sim = Sim::with(
        300,
        5,
        Switches { visible_after: std::time::Duration::from_secs(55), ..Switches::default() },
    );
    let ids = some_live(&sim, 2);
    sim.backfill();
    retitle(&sim, ids[0], "late");
    sim.advance(50);
    // Another edit moves the mark past the one that nobody sees yet.
    sim.emulator.switch(|switches| switches.visible_after = std::time::Duration::ZERO);
    retitle(&sim, ids[1], "early");
    sim.emulator.switch(|switches| switches.visible_after = std::time::Duration::from_secs(55));
    sim.sync();
    sim.advance(60);
    sim.sync();
    sim.assert_equal();
}

#[test]
fn a_deal_that_moves_between_the_lists_is_one_row() {
    let sim = Sim::new(400, 6);
    sim.backfill();
    let ids = some_live(&sim, 4);
    let archived: Vec<u32> = sim.emulator.world().archived_ids().take(2).collect();
    let deleted: Vec<u32> = sim.emulator.world().deleted_ids().take(1).collect();
    for edit in [
        Edit::ArchiveDeal(ids[0]),
        Edit::ArchiveDeal(ids[1]),
        Edit::UnarchiveDeal(ids[1]),
        Edit::DeleteDeal(ids[2]),
        Edit::ArchiveDeal(ids[3]),
        Edit::DeleteDeal(ids[3]),
        Edit::UnarchiveDeal(archived[0]),
        Edit::DeleteDeal(archived[1]),
        Edit::RestoreDeal(deleted[0]),
    ] {
        sim.advance(1);
        sim.emulator
            .world()
            .apply(edit.clone())
            .unwrap_or_else(|error| panic!("{edit:?}: {error}"));
    }
    sim.sync();
    sim.assert_equal();
    assert_eq!(sim.number("SELECT count(*) FROM deals"), 400);
}

#[test]
fn every_way_the_source_may_behave_leads_to_the_same_mirror() {
    let every = |change: fn(&mut Switches)| {
        let mut switches = Switches::default();
        change(&mut switches);
        switches
    };
    for switches in [
        every(|s| s.cursors = Cursors::Offset),
        every(|s| s.end = End::Missing),
        every(|s| s.end = End::Empty),
        every(|s| s.end = End::NoAdditionalData),
        every(|s| s.null_update_every = Some(3)),
        every(|s| s.future_update_every = Some(7)),
        every(|s| s.omit_nulls = true),
        every(|s| s.optional_members = OptionalMembers::Always),
        every(|s| s.deleted_archived = DeletedArchived::Both),
        every(|s| s.deleted_archived = DeletedArchived::Live),
        every(|s| s.daily_headers = false),
        every(|s| s.rate_headers = false),
    ] {
        let shown = format!("{switches:?}");
        let sim = Sim::with(1_200, 7, switches);
        assert_eq!(sim.backfill().outcome(), Outcome::Complete, "{shown}");
        sim.assert_equal();
        for id in some_live(&sim, 10) {
            retitle(&sim, id, "again");
        }
        assert_eq!(sim.sync().outcome(), Outcome::Complete, "{shown}");
        sim.assert_equal();
    }
}

#[test]
fn a_row_from_the_year_2099_is_stored_and_moves_no_mark() {
    let sim = Sim::with(600, 8, Switches { future_update_every: Some(5), ..Switches::default() });
    let report = sim.backfill();
    assert!(report.entities.iter().map(|entity| entity.from_future).sum::<u64>() > 100);
    sim.assert_equal();
    let mark = sim.text("SELECT max(mark) FROM sync_checkpoints").unwrap();
    assert!(mark < sim.now().to_string(), "{mark}");
    let future = sim.text("SELECT id || '' FROM deals WHERE update_time > '2099' AND is_archived = 0 AND is_deleted = 0");
    retitle(&sim, future.unwrap().parse().unwrap(), "back to the present");
    sim.sync();
    sim.assert_equal();
}

#[test]
fn a_cursor_that_is_refused_costs_a_restart_and_no_row() {
    for switches in [
        Switches { cursor_uses: Some(0), ..Switches::default() },
        Switches {
            cursor_expires: Some(std::time::Duration::ZERO),
            latency: std::time::Duration::from_secs(1),
            ..Switches::default()
        },
        Switches { cursor_uses: Some(0), null_update_every: Some(4), ..Switches::default() },
    ] {
        let shown = format!("{switches:?}");
        let sim = Sim::with(1_300, 9, switches);
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{shown}: {report:?}");
        sim.assert_equal();
    }
}

#[test]
fn thousands_of_deals_in_one_second_are_walked_even_if_cursors_get_old() {
    let sim = Sim::new(0, 10);
    let stage_id = *sim.emulator.world().company().stages.keys().next().unwrap();
    let currency = pipedrive_mirror::emulator::Currency::new(*b"EUR");
    for number in 0..1_500 {
        let edit = Edit::CreateDeal {
            title: format!("import {number}"),
            stage_id,
            value: pipedrive_mirror::emulator::Cents(100),
            currency,
        };
        sim.emulator.world().apply(edit).unwrap();
    }
    sim.advance(3_600);
    let mut requests = 0;
    let emulator = sim.emulator.clone();
    // Every third request finds its cursor refused.
    sim.meddle(move |_| {
        requests += 1;
        emulator.switch(|switches| switches.cursor_uses = (requests % 3 == 0).then_some(0));
    });
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    sim.assert_equal();
}

#[test]
fn another_companys_token_is_refused_before_anything_is_written() {
    let sim = Sim::new(300, 11);
    sim.backfill();
    let before = dump(&sim);
    sim.emulator.switch(|switches| switches.company_id = Some(99));
    retitle(&sim, some_live(&sim, 1)[0], "theirs");
    let report = sim.sync();
    assert!(matches!(report.fault, Some(Fault::OtherCompany { .. })), "{report:?}");
    assert_eq!(dump(&sim), before);
}

/// Everything that is mirrored, as text.
fn dump(sim: &Sim) -> Vec<String> {
    let connection = sim.connection();
    ["deals", "deal_raw", "deal_fields", "sync_account", "sync_checkpoints", "sync_runs"]
        .iter()
        .flat_map(|table| {
            let mut query = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = query.column_count();
            let rows = query.query_map([], |row| {
                Ok((0..columns)
                    .map(|at| format!("{:?}|", row.get_ref(at).unwrap()))
                    .collect::<String>())
            });
            rows.unwrap().map(Result::unwrap).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn another_user_of_the_company_is_reported() {
    let sim = Sim::new(100, 12);
    assert!(sim.backfill().notes.is_empty());
    let other = *sim.emulator.world().company().users.keys().nth(1).unwrap();
    sim.emulator.switch(|switches| (switches.user_id, switches.admin) = (Some(other), false));
    let first = sim.number("SELECT user_id FROM sync_account");
    for _ in 0..2 {
        let notes = sim.sync().notes;
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert_eq!(sim.number("SELECT user_id FROM sync_account"), first);
    }
}

#[test]
fn a_floor_keeps_older_deals_out_and_only_restart_changes_it() {
    let sim = Sim::new(1_000, 13);
    let since = "2025-09-01T00:00:00Z".parse().unwrap();
    sim.run(&Mode::Backfill { since: Some(since), restart: false });
    let oldest = sim.text("SELECT min(update_time) FROM deals").unwrap();
    assert!(oldest.as_str() >= "2025-09-01T00:00:00Z", "{oldest}");
    let fewer = sim.number("SELECT count(*) FROM deals");
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    assert_eq!(sim.number("SELECT count(*) FROM deals"), fewer);
    let earlier = "2025-01-01T00:00:00Z".parse().unwrap();
    let refused = sim.run(&Mode::Backfill { since: Some(earlier), restart: false });
    assert!(matches!(refused.fault, Some(Fault::OtherFloor { .. })), "{refused:?}");
    sim.run(&Mode::Backfill { since: Some(earlier), restart: true });
    assert!(sim.number("SELECT count(*) FROM deals") > fewer);
    sim.run(&Mode::Backfill { since: None, restart: true });
    sim.assert_equal();
}

#[test]
fn a_row_that_comes_again_unchanged_is_not_rewritten() {
    let sim = Sim::new(700, 14);
    sim.backfill();
    let version = sim.number("SELECT max(_version) FROM deals");
    let report = sim.run(&Mode::Backfill { since: None, restart: true });
    assert_eq!(report.entities.iter().map(|entity| entity.written).sum::<u64>(), 0, "{report:?}");
    assert_eq!(sim.number("SELECT max(_version) FROM deals"), version);
}

#[test]
fn what_no_change_time_shows_rides_along_while_it_is_free() {
    let bumps = Bumps { change: false, ..Bumps::default() };
    let sim = Sim::with(300, 15, Switches { bumps, ..Switches::default() });
    sim.backfill();
    // Among the 200 deals that changed last, an edit shows even if it moves no change time.
    let recent = sim.number("SELECT id FROM deals WHERE is_archived = 0 AND is_deleted = 0 ORDER BY update_time DESC LIMIT 1");
    let recent = u32::try_from(recent).unwrap();
    retitle(&sim, recent, "silently");
    sim.advance(300);
    let report = sim.sync();
    assert_eq!(report.cost, 32);
    sim.assert_equal();
}

#[test]
fn a_stop_keeps_the_page_in_hand_and_the_next_run_goes_on() {
    let mut sim = Sim::new(2_600, 16);
    let (stop, mut requests) = (sim.stop.clone(), 0);
    sim.meddle(move |_| {
        requests += 1;
        if requests == 4 {
            stop.cancel();
        }
    });
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Stopped);
    assert!(sim.number("SELECT count(*) FROM deals") > 0);
    sim.stop = tokio_util::sync::CancellationToken::new();
    sim.leave_alone();
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
}

#[test]
fn wherever_a_run_dies_the_next_one_goes_on_and_asks_no_page_again() {
    let mut died = 0;
    for transactions in 0.. {
        let sim = Sim::new(1_600, 17);
        let finished = sim.run_for(&BACKFILL, transactions).is_some();
        assert_eq!(sim.run(&BACKFILL).outcome(), Outcome::Complete, "after {transactions}");
        sim.assert_equal();
        assert_no_page_twice(&sim, transactions);
        if finished {
            break;
        }
        died += 1;
    }
    assert!(died > 15, "{died}");
}

/// Fails if a cursor was sent more than once, but for the one that was in flight at the death.
fn assert_no_page_twice(sim: &Sim, transactions: usize) {
    let mut cursors: Vec<String> = sim
        .emulator
        .log()
        .iter()
        .filter_map(|asked| asked.param("cursor").map(str::to_owned))
        .collect();
    let all = cursors.len();
    cursors.sort();
    cursors.dedup();
    assert!(
        all - cursors.len() <= 1,
        "after {transactions} transactions {} cursors came twice",
        all - cursors.len()
    );
}

#[test]
fn edits_between_any_two_requests_are_all_there_after_one_more_run() {
    for seed in 0..6 {
        let sim = Sim::new(1_100, seed);
        let (emulator, clock, mut rng) =
            (sim.emulator.clone(), sim.clock.clone(), fastrand::Rng::with_seed(seed));
        sim.meddle(move |_| {
            for _ in 0..rng.usize(0..20) {
                clock.advance(std::time::Duration::from_millis(rng.u64(0..700)));
                let (edit, edited) = emulator.world().random_edit(&mut rng);
                let _: (Edit, Edited) = (edit, edited);
            }
        });
        sim.backfill();
        sim.sync();
        sim.leave_alone();
        sim.advance(61);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        sim.assert_equal();
    }
}

#[test]
fn a_deal_that_changes_behind_the_place_in_the_second_that_is_read_is_read_by_the_next_pass() {
    let sim = Sim::with(500, 41, Switches { page_rows: Some(50), ..Switches::default() });
    // More than ride along in the next pass.
    let ids = some_live(&sim, 380);
    let low = ids[0];
    for id in &ids[3..80] {
        retitle(&sim, *id, "changed in the second that is read");
    }
    let second = sim.emulator.world().deal_json(ids[3]).unwrap()["update_time"].to_string();
    let (emulator, clock, mut done) = (sim.emulator.clone(), sim.clock.clone(), false);
    let later = ids[100..].to_vec();
    sim.distort(move |_, answer| {
        let answer = answer.unwrap();
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        if !done && text.contains(&second) && text.contains("\"next_cursor\":\"") {
            done = true;
            let title = || DealChange::Title("behind".to_owned());
            emulator.world().apply(Edit::ChangeDeal(low, title())).unwrap();
            // The pass goes on much later, and meets what is newer.
            clock.advance(std::time::Duration::from_secs(900));
            for id in &later {
                emulator.world().apply(Edit::ChangeDeal(*id, title())).unwrap();
            }
        }
        Ok(answer)
    });
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.leave_alone();
    let title = format!("SELECT title FROM deals WHERE id = {low}");
    assert_ne!(sim.text(&title).as_deref(), Some("behind"), "the first pass does not see it");
    sim.advance(60);
    sim.sync();
    assert_eq!(sim.text(&title).as_deref(), Some("behind"));
    sim.assert_equal();
}
