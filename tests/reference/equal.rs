//! After a sync what deals point to is what it is at the source.

use super::*;

#[test]
fn a_backfill_brings_everything_that_deals_point_to_and_nobody_else() {
    for seed in 0..4 {
        let sim = Sim::new(900, seed).and_reference().and_children(Policy::Counter);
        let report = sim.backfill();
        complete(&report);
        assert_equal(&sim);
        let world = sim.emulator.world().references(Reference::Persons).count();
        let mirrored = sim.number("SELECT count(*) FROM persons");
        assert!(
            usize::try_from(mirrored).unwrap() < world,
            "persons that no deal names are left out"
        );
    }
}

#[test]
fn with_all_rows_those_that_no_deal_names_are_there_too() {
    let mut sim = Sim::new(900, 1).and_reference();
    sim.all_rows = true;
    complete(&sim.backfill());
    assert_equal(&sim);
}

#[test]
fn what_is_renamed_is_renamed_here_a_day_later_without_a_deal_having_moved() {
    let sim = Sim::new(300, 2).and_reference();
    complete(&sim.backfill());
    let person =
        sim.number("SELECT person_id FROM deals WHERE person_id IS NOT NULL AND is_deleted = 0");
    let person = u32::try_from(person).unwrap();
    let stage = u32::try_from(sim.number("SELECT min(id) FROM stages")).unwrap();
    let user = u32::try_from(sim.number("SELECT min(id) FROM users")).unwrap();
    apply(&sim, Edit::ChangePerson(person, PersonChange::Name("Zoë O’Hara".to_owned())));
    apply(
        &sim,
        Edit::ChangePerson(person, PersonChange::Emails(vec!["zoe@example.com".to_owned()])),
    );
    apply(&sim, Edit::RenameUser(user, "Renamed \"user\"".to_owned()));
    apply(
        &sim,
        Edit::ChangeStage(stage, pipedrive_mirror::emulator::StageChange::Name("Later".to_owned())),
    );
    let changed = sim.number("SELECT count(*) FROM sync_runs");
    sim.advance(3_600);
    complete(&sim.sync());
    assert!(sim.number("SELECT count(*) FROM sync_runs") > changed);
    assert_ne!(
        sim.text("SELECT name FROM stages WHERE id = 1").as_deref(),
        Some("Later"),
        "it is not due yet"
    );
    sim.advance(DAY);
    complete(&sim.sync());
    assert_equal(&sim);
    let found = format!(
        "SELECT count(*) FROM deals_search WHERE deals_search MATCH 'person : zoe' AND rowid IN
         (SELECT id FROM deals WHERE person_id = {person})"
    );
    let deals = sim.number(&format!("SELECT count(*) FROM deals WHERE person_id = {person}"));
    assert!(deals > 0);
    assert_eq!(sim.number(&found), deals, "the full text knows the new name");
}

#[test]
fn a_person_is_there_after_the_run_that_brings_the_first_deal_that_names_it() {
    let sim = Sim::new(300, 3).and_reference();
    complete(&sim.backfill());
    let person = add_person(&sim, "New here");
    sim.advance(10);
    complete(&sim.sync());
    assert_eq!(sim.number(&format!("SELECT count(*) FROM persons WHERE id = {person}")), 0);
    apply(&sim, Edit::ChangeDeal(live_deal(&sim), DealChange::Person(Some(person))));
    sim.advance(10);
    complete(&sim.sync());
    assert_equal(&sim);
    assert_eq!(sim.number(&format!("SELECT count(*) FROM persons WHERE id = {person}")), 1);
}

#[test]
fn random_edits_for_a_week_end_equal() {
    for seed in 0..8 {
        let mut sim = Sim::new(400, seed).and_reference();
        sim.all_rows = seed % 4 == 3;
        complete(&sim.backfill());
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..7 {
            for _ in 0..30 {
                sim.advance(rng.u64(1..2_000));
                reference::random_edit(&sim.emulator, &mut rng);
                sim.emulator.world().random_edit(&mut rng);
            }
            sim.advance(DAY / 3);
            complete(&sim.sync());
        }
        sim.advance(DAY);
        complete(&sim.sync());
        assert_equal(&sim);
    }
}

#[test]
fn wherever_a_run_dies_nobody_is_forgotten() {
    for seed in 0..12 {
        let sim = Sim::new(600, seed).and_reference();
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..3 {
            sim.run_for(&BACKFILL, rng.usize(5..60));
            sim.advance(30);
        }
        complete(&sim.run(&Mode::Sync));
        sim.advance(DAY);
        complete(&sim.sync());
        assert_equal(&sim);
    }
}

#[test]
fn another_scope_brings_the_rest_and_keeps_what_is_there() {
    let mut sim = Sim::new(300, 5).and_reference();
    complete(&sim.backfill());
    sim.all_rows = true;
    sim.advance(DAY);
    complete(&sim.sync());
    assert_equal(&sim);
    sim.all_rows = false;
    let person = add_person(&sim, "Only in the list");
    sim.advance(DAY);
    complete(&sim.sync());
    assert_equal(&sim);
    assert_eq!(sim.number(&format!("SELECT count(*) FROM persons WHERE id = {person}")), 0);
}

#[test]
fn words_of_custom_fields_are_found_and_a_mirror_of_an_earlier_program_is_read_anew_for_them() {
    let sim = Sim::new(300, 6).and_reference();
    complete(&sim.backfill());
    let column = sim
        .text("SELECT _column FROM deal_fields WHERE field_type = 'varchar' AND is_custom_field = 1 LIMIT 1")
        .unwrap();
    let word = sim
        .text(&format!(
            "SELECT \"{column}\" FROM deal_custom_fields WHERE \"{column}\" IS NOT NULL LIMIT 1"
        ))
        .unwrap();
    let found = format!(
        "SELECT count(*) FROM deals_search WHERE deals_search MATCH 'custom : \"{}\"'",
        word.replace(['"', '\''], " ")
    );
    let before = sim.number(&found);
    assert!(before > 0, "{word}");
    // As a program left it that knew of no full text.
    sim.connection()
        .execute_batch("DELETE FROM deals_search; INSERT INTO sync_state VALUES ('renewed', -9223372036854775808)")
        .unwrap();
    sim.advance(60);
    assert_eq!(sim.sync().cost, 32, "nothing is asked for again");
    assert_eq!(sim.number(&found), before);
    assert_equal(&sim);
}

#[test]
fn a_backfill_that_begins_anew_asks_for_what_is_stored_once_more() {
    let sim = Sim::new(300, 6).and_reference();
    complete(&sim.backfill());
    let person =
        u32::try_from(sim.number("SELECT min(id) FROM persons WHERE is_deleted = 0")).unwrap();
    apply(&sim, Edit::ChangePerson(person, PersonChange::Name("Changed meanwhile".to_owned())));
    sim.advance(DAY);
    complete(&sim.run(&Mode::Backfill { since: None, restart: true }));
    assert_equal(&sim);
}

#[test]
fn names_that_could_not_be_had_do_not_count_as_fresh() {
    use pipedrive_mirror::emulator::{Fault, FaultRule};
    let sim = Sim::new(300, 13).and_reference();
    let fault = Fault::Status { code: 500, headers: Vec::new(), body: String::new() };
    let path = Some("/api/v2/organizations".to_owned());
    sim.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault });
    assert_eq!(sim.backfill().outcome(), Outcome::Partial);
    let fresh =
        "SELECT count(complete_began_at) FROM sync_checkpoints WHERE entity = 'organizations'";
    assert_eq!(sim.number(fresh), 0);
    sim.emulator.clear_faults();
    sim.advance(DAY);
    complete(&sim.sync());
    assert_eq!(sim.number(fresh), 1);
    assert_equal(&sim);
}

#[test]
fn a_value_that_does_not_fit_stays_as_it_came() {
    let sim = Sim::new(100, 14).and_reference();
    sim.distort(|request, answer| {
        let mut answer = answer?;
        if request.uri().path() == "/api/v2/organizations" {
            let mut body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            for row in body["data"].as_array_mut().unwrap() {
                row["employee_count"] = 12.5.into();
            }
            *answer.body_mut() = body.to_string().into();
        }
        Ok(answer)
    });
    complete(&sim.backfill());
    let kept = "SELECT count(*) FROM organizations WHERE employee_count IS NULL
        AND json_extract(_extra, '$.employee_count') = 12.5";
    assert_eq!(sim.number(kept), sim.number("SELECT count(*) FROM organizations"));
    assert!(sim.number(kept) > 0);
}

#[test]
fn what_changed_before_a_first_pass_is_gone_on_with_is_here_when_that_is_done() {
    // As soon as the first are here, and before the pass is written down as complete.
    let unfinished = "SELECT count(*) FROM sync_checkpoints c WHERE entity = 'persons'
        AND complete_began_at IS NULL AND EXISTS (SELECT 1 FROM persons)";
    let dead = (20..200).find_map(|transactions| {
        let sim = Sim::new(80, 5).in_memory().and_reference();
        let died = sim.run_for(&BACKFILL, transactions).is_none();
        (died && sim.number(unfinished) == 1).then_some(sim)
    });
    let sim = dead.unwrap();
    let person = u32::try_from(sim.number("SELECT min(id) FROM persons")).unwrap();
    sim.advance(600);
    apply(&sim, Edit::ChangePerson(person, PersonChange::Name("Changed meanwhile".to_owned())));
    sim.advance(600);
    complete(&sim.backfill());
    assert_equal(&sim);
}
