//! What is gone from the source has a tombstone, and is never deleted.

use super::*;

#[test]
fn what_two_readings_lack_is_gone_and_a_stage_that_is_gone_lets_everything_be_walked() {
    let sim = Sim::new(300, 1).and_reference();
    complete(&sim.backfill());
    let stage = sim.number("SELECT max(id) FROM stages");
    apply(&sim, Edit::PurgeStage(u32::try_from(stage).unwrap()));
    let currency = sim.number("SELECT max(id) FROM currencies");
    apply(&sim, Edit::RemoveCurrency(u32::try_from(currency).unwrap()));
    let missing = "SELECT (SELECT count(*) FROM stages WHERE _missing_since IS NOT NULL)
        + (SELECT count(*) FROM currencies WHERE _missing_since IS NOT NULL)";
    sim.advance(DAY);
    complete(&sim.sync());
    assert_eq!(sim.number(missing), 0, "one reading is not believed");
    let sweeps = || sim.number("SELECT count(*) FROM sync_runs WHERE mode = 'reconcile'");
    let before = sweeps();
    sim.advance(DAY);
    complete(&sim.sync());
    assert_eq!(sim.number(missing), 2);
    assert!(sweeps() > before, "deals may have moved");
    let rows = sim.number("SELECT count(*) FROM stages");
    assert_eq!(sim.number(&format!("SELECT count(*) FROM stages WHERE id = {stage}")), 1, "{rows}");
}

#[test]
fn a_currency_that_is_gone_moves_no_deal() {
    let sim = Sim::new(300, 1).and_reference();
    complete(&sim.backfill());
    apply(
        &sim,
        Edit::RemoveCurrency(u32::try_from(sim.number("SELECT max(id) FROM currencies")).unwrap()),
    );
    for _ in 0..2 {
        sim.advance(DAY);
        complete(&sim.sync());
    }
    assert_eq!(sim.number("SELECT count(*) FROM currencies WHERE _missing_since IS NOT NULL"), 1);
    assert_eq!(sim.number("SELECT count(*) FROM sync_runs WHERE mode = 'reconcile'"), 0);
}

#[test]
fn a_reconcile_finds_persons_organizations_and_products_that_were_purged() {
    for all_rows in [false, true] {
        let mut sim = Sim::new(800, 4).and_reference();
        sim.all_rows = all_rows;
        complete(&sim.backfill());
        let some = |table: &str| -> Vec<u32> {
            let conn = sim.connection();
            let mut query = conn
                .prepare(&format!(
                    "SELECT id FROM {table} WHERE is_deleted = 0 ORDER BY id LIMIT 3"
                ))
                .unwrap();
            let ids = query.query_map([], |row| row.get(0)).unwrap();
            ids.map(Result::unwrap).collect()
        };
        let (persons, organizations, products) =
            (some("persons"), some("organizations"), some("products"));
        for &id in &persons {
            apply(&sim, Edit::PurgePerson(id));
        }
        for &id in &organizations {
            apply(&sim, Edit::PurgeOrganization(id));
        }
        apply(&sim, Edit::PurgeCatalogProduct(products[0]));
        sim.advance(60);
        complete(&sim.sync());
        let missing = |table: &str| {
            sim.number(&format!("SELECT count(*) FROM {table} WHERE _missing_since IS NOT NULL"))
        };
        assert_eq!(missing("persons"), 0, "a sync does not see it");
        complete(&sim.reconcile());
        assert_eq!((missing("persons"), missing("organizations"), missing("products")), (3, 3, 1));
        assert_eq!(sim.number("SELECT count(*) FROM sync_due WHERE kind LIKE 'presence_%'"), 0);
        assert_equal(&sim);
    }
}

#[test]
fn a_reconcile_that_finds_nothing_asks_for_stored_persons_by_the_hundred() {
    let sim = Sim::new(2_000, 5).and_reference();
    complete(&sim.backfill());
    let groups = |table: &str| {
        let rows = sim.number(&format!("SELECT count(*) FROM {table} WHERE is_deleted = 0"));
        // One more id is that of a row that is there, and finding it costs a request.
        u64::try_from(rows).unwrap().div_ceil(99) + 1
    };
    sim.emulator.reset_log();
    complete(&sim.reconcile());
    assert_eq!(asked(&sim, "/api/v2/persons").1, 10 * groups("persons"));
    assert_eq!(asked(&sim, "/api/v2/organizations").1, 10 * groups("organizations"));
    assert_eq!(asked(&sim, "/api/v2/products").1, 10);
    assert_eq!(sim.number("SELECT count(*) FROM persons WHERE _missing_since IS NOT NULL"), 0);
}

#[test]
fn too_many_absences_wait_for_a_person_who_names_the_list() {
    let mut sim = Sim::new(800, 6).and_reference();
    sim.max_missing = Some(pipedrive_mirror::sync::Ceiling::Rows(2));
    complete(&sim.backfill());
    let conn = sim.connection();
    let mut query =
        conn.prepare("SELECT id FROM persons WHERE is_deleted = 0 ORDER BY id LIMIT 5").unwrap();
    let persons: Vec<u32> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for id in persons {
        apply(&sim, Edit::PurgePerson(id));
    }
    sim.advance(60);
    let report = sim.reconcile();
    assert_eq!(report.outcome(), Outcome::NeedsPerson);
    let said: Vec<&str> = report.entities.iter().filter_map(|one| one.error.as_deref()).collect();
    assert_eq!(
        said,
        [
            "5 persons are gone from the source, more than the 2 that count as usual; nothing was changed. If that is right, \
          run `reconcile --entities persons --accept-missing 5`"
        ]
    );
    assert_eq!(sim.number("SELECT count(*) FROM persons WHERE _missing_since IS NOT NULL"), 0);
    sim.entities = vec!["persons"];
    complete(&sim.run(&Mode::Reconcile { accept_missing: Some(5), accept_user: false }));
    assert_eq!(sim.number("SELECT count(*) FROM persons WHERE _missing_since IS NOT NULL"), 5);
}

#[test]
fn a_source_whose_lists_show_what_is_deleted_leads_to_the_same_mirror() {
    use pipedrive_mirror::emulator::DeletedRows::{Always, Never};
    for deleted in [Never, Always] {
        let switches =
            Switches { deleted_records: deleted, deleted_stages: deleted, ..Switches::default() };
        let sim = Sim::with(400, 7, switches).and_reference();
        complete(&sim.backfill());
        let person =
            u32::try_from(sim.number("SELECT max(id) FROM persons WHERE is_deleted = 0")).unwrap();
        apply(&sim, Edit::DeletePerson(person));
        sim.advance(DAY);
        complete(&sim.sync());
        complete(&sim.reconcile());
        assert_equal(&sim);
        let gone = format!(
            "SELECT is_deleted OR _missing_since IS NOT NULL FROM persons WHERE id = {person}"
        );
        assert_eq!(sim.number(&gone), 1);
    }
}

#[test]
fn a_person_that_is_shown_again_loses_its_tombstone() {
    let sim = Sim::new(400, 8).and_reference();
    complete(&sim.backfill());
    let person =
        u32::try_from(sim.number("SELECT max(id) FROM persons WHERE is_deleted = 0")).unwrap();
    // Hidden from every listing, as by a change of who may see it.
    sim.distort(move |request, answer| {
        let mut answer = answer?;
        if request.uri().path() == "/api/v2/persons" {
            let mut body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            body["data"].as_array_mut().unwrap().retain(|row| row["id"] != person);
            *answer.body_mut() = body.to_string().into();
        }
        Ok(answer)
    });
    complete(&sim.reconcile());
    let gone =
        format!("SELECT count(*) FROM persons WHERE id = {person} AND _missing_since IS NOT NULL");
    assert_eq!(sim.number(&gone), 1);
    sim.leave_alone();
    sim.advance(2 * DAY);
    complete(&sim.sync());
    assert_eq!(sim.number(&gone), 0);
    assert_equal(&sim);
}

#[test]
fn what_is_accepted_as_gone_is_accepted_of_deals_alone_where_deals_are_walked() {
    let mut sim = Sim::new(800, 9).and_reference();
    sim.max_missing = Some(pipedrive_mirror::sync::Ceiling::Rows(2));
    complete(&sim.backfill());
    let ids = |sql: &str| -> Vec<u32> {
        let conn = sim.connection();
        let mut query = conn.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for id in ids("SELECT id FROM deals WHERE is_archived = 0 AND is_deleted = 0 LIMIT 5") {
        apply(&sim, Edit::PurgeDeal(id));
    }
    for id in ids("SELECT id FROM persons WHERE is_deleted = 0 LIMIT 5") {
        apply(&sim, Edit::PurgePerson(id));
    }
    sim.advance(60);
    let report = sim.run(&Mode::Reconcile { accept_missing: Some(5), accept_user: false });
    assert_eq!(report.outcome(), Outcome::NeedsPerson);
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL"), 5);
    assert_eq!(sim.number("SELECT count(*) FROM persons WHERE _missing_since IS NOT NULL"), 0);
}

#[test]
fn what_another_user_is_not_shown_is_not_gone() {
    let sim = Sim::new(200, 10).and_reference();
    complete(&sim.backfill());
    apply(
        &sim,
        Edit::RemoveCurrency(u32::try_from(sim.number("SELECT max(id) FROM currencies")).unwrap()),
    );
    let other = sim.emulator.world().references(Reference::Users).map(|(id, _)| id).max().unwrap();
    sim.emulator.switch(|switches| switches.user_id = Some(other));
    for _ in 0..3 {
        sim.advance(DAY);
        sim.sync();
    }
    assert_eq!(sim.number("SELECT count(*) FROM currencies WHERE _missing_since IS NOT NULL"), 0);
}

#[test]
fn a_list_that_fails_leaves_the_deals_of_a_reconcile_alone() {
    let sim = Sim::new(400, 11).and_reference();
    complete(&sim.backfill());
    apply(&sim, Edit::PurgeDeal(live_deal(&sim)));
    sim.advance(60);
    let emulator = sim.emulator.clone();
    sim.meddle(move |request| {
        emulator.clear_faults();
        if request.uri().path() == "/api/v2/products" {
            let fault = pipedrive_mirror::emulator::Fault::Status {
                code: 500,
                headers: Vec::new(),
                body: String::new(),
            };
            let rule =
                pipedrive_mirror::emulator::FaultRule { path: None, skip: 0, times: 1, fault };
            emulator.fault(rule);
        }
    });
    assert_eq!(sim.reconcile().outcome(), Outcome::Partial);
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL"), 1);
}

#[test]
fn a_stage_that_is_deleted_lets_deals_be_walked_once() {
    let switches = Switches {
        deleted_stages: pipedrive_mirror::emulator::DeletedRows::Always,
        ..Switches::default()
    };
    let sim = Sim::with(300, 12, switches).and_reference();
    complete(&sim.backfill());
    let stage = sim.number("SELECT max(id) FROM stages WHERE is_deleted = 0");
    apply(&sim, Edit::DeleteStage(u32::try_from(stage).unwrap()));
    let sweeps =
        || sim.number("SELECT count(DISTINCT run) FROM sync_runs WHERE mode = 'reconcile'");
    for _ in 0..2 {
        sim.advance(DAY);
        complete(&sim.sync());
    }
    assert_eq!(sweeps(), 1);
    apply(&sim, Edit::PurgeStage(u32::try_from(stage).unwrap()));
    for _ in 0..3 {
        sim.advance(DAY);
        complete(&sim.sync());
    }
    assert_eq!(sweeps(), 1, "it was gone already");
}
