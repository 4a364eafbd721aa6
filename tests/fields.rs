//! Custom fields that come, change and go while the mirror lives.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use common::Sim;
use pipedrive_mirror::{
    emulator::{DealChange, Edit, Edited, FieldType, Value},
    sync::{Mode, Outcome},
};

fn add_field(sim: &Sim, name: &str, field_type: FieldType, options: &[&str]) -> String {
    let options = options.iter().map(ToString::to_string).collect();
    let edit = Edit::AddField { name: name.to_owned(), field_type, options };
    match sim.emulator.world().apply(edit).unwrap() {
        Edited::Field(code) => code,
        other => panic!("{other:?}"),
    }
}

fn set(sim: &Sim, id: u32, code: &str, value: Value) {
    let edit = Edit::ChangeDeal(id, DealChange::Custom(code.to_owned(), Some(value)));
    sim.emulator.world().apply(edit).unwrap();
}

fn live(sim: &Sim) -> u32 {
    sim.emulator.world().live_ids().next().unwrap()
}

#[test]
fn a_value_of_a_new_field_brings_its_column_with_the_same_page() {
    let sim = Sim::new(300, 1);
    sim.backfill();
    let code = add_field(&sim, "Brand new", FieldType::Varchar, &[]);
    set(&sim, live(&sim), &code, Value::Text("hello".into()));
    sim.advance(100);
    let report = sim.sync();
    assert_eq!(report.cost, 42, "deal_fields is read again, at 10: {report:?}");
    sim.assert_equal();
    sim.advance(100);
    assert_eq!(sim.sync().cost, 32, "and not asked for again");
}

#[test]
fn a_new_field_is_filled_for_deals_that_were_stored_before_it_was_known() {
    let mut sim = Sim::new(1_300, 2);
    sim.entities = vec!["deals", "deals_archived"];
    let code = add_field(&sim, "Hidden at first", FieldType::Double, &[]);
    let id = live(&sim);
    set(&sim, id, &code, Value::Double(4.5));
    // A source that does not describe the field when asked.
    sim.emulator.fault(pipedrive_mirror::emulator::FaultRule {
        path: Some("/api/v2/dealFields".to_owned()),
        skip: 0,
        times: 9,
        fault: pipedrive_mirror::emulator::Fault::RawBody(
            r#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#.to_owned(),
        ),
    });
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    assert_eq!(sim.number("SELECT count(*) FROM deal_fields"), 0);
    sim.emulator.clear_faults();
    sim.entities = vec!["deal_fields"];
    let report = sim.sync();
    assert_eq!(report.cost, 12, "filled from the stored text, without asking for a single deal");
    sim.assert_equal();
    assert_eq!(sim.number("SELECT count(*) FROM deal_fields WHERE _filled IS NOT NULL"), 0);
}

#[test]
fn filling_goes_on_after_a_crash() {
    for transactions in 0..14 {
        let mut sim = Sim::new(1_300, 3);
        sim.backfill();
        add_field(&sim, "New", FieldType::Enum, &["a", "b"]);
        sim.entities = vec!["deal_fields"];
        sim.run_for(&Mode::Sync, transactions);
        sim.entities = Vec::new();
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        sim.sync();
        sim.entities = vec!["deal_fields"];
        sim.sync();
        assert_eq!(sim.number("SELECT count(*) FROM deal_fields WHERE _filled IS NOT NULL"), 0);
        sim.assert_equal();
    }
}

#[test]
fn a_renamed_field_keeps_its_column_and_a_removed_option_its_number() {
    let mut sim = Sim::new(300, 4);
    sim.backfill();
    let code =
        sim.text("SELECT field_code FROM deal_fields WHERE field_name = 'Customer type'").unwrap();
    let option = sim.number(&format!(
        "SELECT min(option_id) FROM deal_field_options WHERE field_code = '{code}'"
    ));
    let using = format!("SELECT count(*) FROM deal_custom_fields WHERE \"{code}\" = {option}");
    let before = sim.number(&using);
    assert!(before > 0);
    sim.emulator
        .world()
        .apply(Edit::RenameField(code.clone(), "Kind of customer".to_owned()))
        .unwrap();
    sim.emulator
        .world()
        .apply(Edit::RemoveOption(code.clone(), u32::try_from(option).unwrap()))
        .unwrap();
    sim.entities = vec!["deal_fields"];
    sim.sync();
    assert_eq!(sim.number(&using), before);
    let name = sim.text(&format!("SELECT field_name FROM deal_fields WHERE field_code = '{code}'"));
    assert_eq!(name.as_deref(), Some("Kind of customer"));
    let left = format!(
        "SELECT count(*) FROM deal_field_options WHERE field_code = '{code}' AND option_id = {option}"
    );
    assert_eq!(sim.number(&left), 0);
}

#[test]
fn a_field_is_tombstoned_when_two_complete_readings_lack_it() {
    let mut sim = Sim::new(200, 5);
    sim.backfill();
    let code = sim.text("SELECT field_code FROM deal_fields WHERE field_name = 'Seats'").unwrap();
    sim.emulator.world().apply(Edit::RemoveField(code.clone())).unwrap();
    sim.entities = vec!["deal_fields"];
    let gone = format!(
        "SELECT count(*) FROM deal_fields WHERE field_code = '{code}' AND _missing_since IS NOT NULL"
    );
    sim.sync();
    assert_eq!(sim.number(&gone), 0);
    sim.sync();
    assert_eq!(sim.number(&gone), 1);
    let column = format!(
        "SELECT count(*) FROM pragma_table_info('deal_custom_fields') WHERE name = '{code}'"
    );
    assert_eq!(sim.number(&column), 1, "its values are kept");
}
