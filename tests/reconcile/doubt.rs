//! No absence is believed at once.

use super::*;

#[test]
fn a_walk_that_is_cut_short_anywhere_sets_no_wrong_tombstone_and_goes_on() {
    let mut finished = false;
    for transactions in (0..).step_by(3) {
        let switches = Switches { page_rows: Some(60), ..silent() };
        let sim = Sim::with(400, 3, switches).and_children(Policy::Counter);
        sim.backfill();
        let ids = live(&sim, 40);
        apply(&sim, Edit::PurgeDeal(ids[3]));
        apply(&sim, Edit::PurgeDeal(ids[30]));
        finished = sim.run_for(&RECONCILE, transactions).is_some();
        assert!(missing(&sim) <= 2);
        // Between the two, what was behind the walk comes and goes.
        apply(&sim, Edit::ArchiveDeal(ids[1]));
        apply(&sim, Edit::DeleteDeal(ids[2]));
        sim.advance(DAY);
        assert_eq!(sim.reconcile().outcome(), Outcome::Complete, "after {transactions}");
        assert_eq!(missing(&sim), 2, "after {transactions}");
        assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
        sim.assert_equal();
        if finished {
            break;
        }
    }
    assert!(finished);
}

#[test]
fn an_interrupted_walk_asks_no_page_again() {
    let sim = Sim::with(600, 4, Switches { page_rows: Some(30), ..Switches::default() });
    sim.backfill();
    sim.emulator.reset_log();
    assert!(sim.run_for(&RECONCILE, 20).is_none());
    let half = sim.emulator.log().len();
    assert!(half > 5, "{half}");
    sim.reconcile();
    let mut cursors: Vec<_> = sim
        .emulator
        .log()
        .iter()
        .filter_map(|asked| Some((asked.path.clone(), asked.param("cursor")?.to_owned())))
        .collect();
    let all = cursors.len();
    cursors.sort();
    cursors.dedup();
    assert!(all - cursors.len() <= 1, "{} came twice", all - cursors.len());
}

#[test]
fn more_absences_than_usual_change_nothing_until_a_person_says_so() {
    let mut sim = Sim::new(600, 5);
    sim.backfill();
    for id in live(&sim, 40) {
        apply(&sim, Edit::PurgeDeal(id));
    }
    let report = sim.reconcile();
    assert_eq!(report.outcome(), Outcome::NeedsPerson, "{report:?}");
    assert_eq!(missing(&sim), 0);
    let error = of(&report, "deals").error.clone().unwrap();
    assert!(
        error.contains("40 deals are gone") && error.contains("--accept-missing 40"),
        "{error}"
    );
    let accept = |most| Mode::Reconcile { accept_missing: Some(most), accept_user: false };
    assert_eq!(sim.run(&accept(39)).outcome(), Outcome::NeedsPerson);
    assert_eq!(missing(&sim), 0);
    assert_eq!(sim.run(&accept(40)).outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 40);
    sim.assert_equal();
    // The ceiling is a setting.
    for id in live(&sim, 8) {
        apply(&sim, Edit::PurgeDeal(id));
    }
    sim.max_missing = Some(Ceiling::Part(0.01));
    assert_eq!(sim.reconcile().outcome(), Outcome::NeedsPerson);
    sim.max_missing = Some(Ceiling::Rows(8));
    assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 48);
}

#[test]
fn a_user_who_sees_less_makes_nothing_disappear() {
    let sim = Sim::new(600, 6);
    sim.backfill();
    let other = *sim.emulator.world().company().users.keys().nth(1).unwrap();
    sim.emulator.switch(|switches| (switches.user_id, switches.admin) = (Some(other), false));
    let report = sim.run(&Mode::Reconcile { accept_missing: Some(10_000), accept_user: false });
    assert_eq!(report.outcome(), Outcome::NeedsPerson, "{report:?}");
    assert!(of(&report, "deals").error.as_ref().unwrap().contains("--accept-user"));
    assert_eq!(missing(&sim), 0);
    let report = sim.run(&Mode::Reconcile { accept_missing: Some(10_000), accept_user: true });
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert!(missing(&sim) > 30);
    assert_eq!(sim.number("SELECT user_id FROM sync_account"), i64::from(other));
}

#[test]
fn a_row_that_reappears_loses_its_tombstone_and_is_asked_for_what_hangs_on_it() {
    let sim = Sim::new(600, 7).and_children(Policy::Counter);
    sim.backfill();
    sim.emulator.switch(|switches| switches.admin = false);
    let less = sim.run(&Mode::Reconcile { accept_missing: Some(10_000), accept_user: false });
    assert_eq!((less.outcome(), missing(&sim)), (Outcome::NeedsPerson, 0), "{less:?}");
    sim.run(&Mode::Reconcile { accept_missing: Some(10_000), accept_user: true });
    let hidden = missing(&sim);
    assert!(hidden > 10, "{hidden}");
    sim.emulator.switch(|switches| switches.admin = true);
    sim.advance(60);
    assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 0);
    sim.assert_equal();
    assert_eq!(sim.number("SELECT count(*) FROM sync_due"), 0);
}

#[test]
fn an_answer_without_the_control_row_confirms_nothing() {
    let sim = Sim::new(400, 8);
    sim.backfill();
    for id in live(&sim, 5) {
        apply(&sim, Edit::PurgeDeal(id));
    }
    sim.distort(|request, answer| {
        if !request.uri().query().unwrap_or_default().contains("ids=") {
            return answer;
        }
        let (parts, _) = answer.unwrap().into_parts();
        let empty = r#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#;
        Ok(http::Response::from_parts(parts, empty.into()))
    });
    let report = sim.reconcile();
    assert_eq!(of(&report, "deals").outcome, Outcome::Failed, "{report:?}");
    assert_eq!(missing(&sim), 0);
    sim.leave_alone();
    assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 5);
}

#[test]
fn an_account_without_archived_deals_can_be_reconciled() {
    let sim = Sim::new(60, 9);
    for id in sim.emulator.world().archived_ids().collect::<Vec<_>>() {
        apply(&sim, Edit::PurgeDeal(id));
    }
    let archived_and_deleted: Vec<u32> = sim.emulator.world().deleted_ids().collect();
    for id in archived_and_deleted {
        apply(&sim, Edit::PurgeDeal(id));
    }
    sim.backfill();
    apply(&sim, Edit::PurgeDeal(live(&sim, 1)[0]));
    assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 1);
}

#[test]
fn a_backfill_that_was_silently_cut_short_is_found_by_counting() {
    let sim = Sim::new(900, 14).and_children(Policy::Counter);
    // The first pass loses a page's worth of deals, the second look shows the same.
    sim.distort(|request, answer| {
        let query = request.uri().query().unwrap_or_default();
        if request.uri().path() != "/api/v2/deals" || !query.contains("sort_by=update_time") {
            return answer;
        }
        let (parts, body) = answer.unwrap().into_parts();
        let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let rows = body["data"].as_array_mut().unwrap();
        rows.retain(|row| row["id"].as_u64().unwrap() % 7 != 0);
        Ok(http::Response::from_parts(parts, body.to_string().into()))
    });
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert_eq!(report.notes, Vec::<String>::new());
    sim.leave_alone();
    sim.assert_equal();
    assert_eq!(sim.text("SELECT value FROM sync_state WHERE key = 'counted'").unwrap(), "equal");
}

#[test]
fn a_list_that_is_suddenly_empty_buries_nothing() {
    let sim = Sim::new(600, 17);
    sim.backfill();
    let archived = sim.emulator.world().archived_ids().count();
    assert!(archived > 5);
    sim.distort(|request, answer| {
        if request.uri().path() != "/api/v2/deals/archived" {
            return answer;
        }
        let (parts, _) = answer.unwrap().into_parts();
        let empty = r#"{"success":true,"data":null}"#;
        Ok(http::Response::from_parts(parts, empty.into()))
    });
    let report = sim.reconcile();
    assert_eq!((report.outcome(), missing(&sim)), (Outcome::NeedsPerson, 0), "{report:?}");
    assert!(of(&report, "deals").error.as_ref().unwrap().contains("shows no deal at all"));
    sim.leave_alone();
    assert_eq!(sim.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 0);
}

#[test]
fn a_walk_of_one_list_is_no_walk_of_the_other() {
    let sim = Sim::new(500, 18);
    sim.backfill();
    sim.reconcile();
    let gone = sim.emulator.world().archived_ids().next().unwrap();
    apply(&sim, Edit::PurgeDeal(gone));
    let mut alone = sim;
    alone.entities = vec!["deals"];
    assert!(alone.run_for(&RECONCILE, 8).is_none());
    alone.entities = Vec::new();
    assert_eq!(alone.reconcile().outcome(), Outcome::Complete);
    assert_eq!(missing(&alone), 1);
}

#[test]
fn a_walk_that_was_cut_short_weeks_ago_begins_anew() {
    let sim = Sim::with(500, 19, Switches { page_rows: Some(40), ..Switches::default() });
    sim.backfill();
    assert!(sim.run_for(&RECONCILE, 14).is_none());
    apply(&sim, Edit::PurgeDeal(live(&sim, 1)[0]));
    sim.advance(40 * DAY);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    assert_eq!(missing(&sim), 1);
    sim.assert_equal();
}

#[test]
fn a_list_the_token_may_not_read_stops_neither_repair_nor_the_next_reconcile() {
    let sim = Sim::with(400, 20, silent());
    sim.backfill();
    sim.distort(|request, answer| {
        if request.uri().path() != "/api/v2/deals/archived" {
            return answer;
        }
        Ok(http::Response::builder().status(403).body(r#"{"success":false}"#.into()).unwrap())
    });
    for title in ["once", "twice"] {
        let id = live(&sim, 1)[0];
        apply(&sim, Edit::ChangeDeal(id, DealChange::Title(title.to_owned())));
        let report = sim.reconcile();
        assert_eq!(of(&report, "deals_archived").outcome, Outcome::Skipped, "{report:?}");
        let stored = sim.text(&format!("SELECT title FROM deals WHERE id = {id}"));
        assert_eq!(stored.as_deref(), Some(title));
    }
}
