//! What became of a deal: the change log and the flow.

use serde_json::json;

use super::{rows_read::*, *};

/// Returns the change log of a deal, the newest first, as key, old and new value.
fn log(bench: &Bench, id: Id) -> Vec<(String, Json, Json)> {
    let rows = bench.walk(&format!("/v1/deals/{id}/changelog?limit=3"), |_| ());
    let row = |row: Json| {
        (
            row["field_key"].as_str().unwrap().to_owned(),
            row["old_value"].clone(),
            row["new_value"].clone(),
        )
    };
    rows.into_iter().map(row).collect()
}

fn entry(key: &str, old: impl Into<Json>, new: impl Into<Json>) -> (String, Json, Json) {
    (key.to_owned(), old.into(), new.into())
}

#[test]
fn every_change_of_a_member_is_written_down() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    let (deal, stage) = {
        let world = bench.emulator.world();
        let deal = world.deal(id).unwrap().clone();
        let other = |stage: &&Id| **stage != deal.stage_id;
        (deal.clone(), *world.company().stages.keys().find(other).unwrap())
    };
    let made = entry("add_time", Json::Null, second::v1(deal.add_time));
    assert_eq!(log(&bench, id), std::slice::from_ref(&made), "a deal that nobody changed was made");
    let title = deal.title.to_string();
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("New".to_owned())));
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("New".to_owned())));
    bench.edit(Edit::ChangeDeal(id, DealChange::Value(Some(Cents(1_050)), deal.currency)));
    bench.edit(Edit::ChangeDeal(id, DealChange::Value(None, deal.currency)));
    bench.edit(Edit::ChangeDeal(id, DealChange::Stage(stage)));
    bench.edit(Edit::ChangeDeal(id, DealChange::Person(None)));
    bench.edit(Edit::ArchiveDeal(id));
    let now = json!("2026-02-03 16:40:21");
    let log = log(&bench, id);
    assert_eq!(log.last(), Some(&made));
    assert!(log.contains(&entry("title", title, "New")));
    assert_eq!(log.iter().filter(|(key, ..)| key == "title").count(), 1);
    assert!(log.contains(&entry("value", "10.5", Json::Null)));
    let from = deal.stage_id.to_string();
    assert!(log.contains(&entry("stage_id", from, stage.to_string())));
    assert_eq!(log[0], entry("archive_time", Json::Null, now));
}

#[test]
fn a_status_is_written_down_with_its_times() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::Reopen));
    bench.edit(Edit::ChangeDeal(id, DealChange::Lose("Price".to_owned())));
    let lost = log(&bench, id);
    assert!(lost.contains(&entry("status", "open", "lost")));
    assert!(lost.contains(&entry("lost_reason", Json::Null, "Price")));
    assert!(lost.contains(&entry("lost_time", Json::Null, "2026-02-03 16:40:21")));
    bench.edit(Edit::DeleteDeal(id));
    assert_eq!(log(&bench, id)[0], entry("status", "lost", "deleted"));
    bench.edit(Edit::RestoreDeal(id));
    assert_eq!(log(&bench, id)[0], entry("status", "deleted", "lost"));
}

#[test]
fn a_line_that_moves_the_value_writes_it_down_and_a_refused_edit_nothing() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    let before = log(&bench, id).len();
    assert!(bench.emulator.world().apply(Edit::AddFollower(id, 1)).is_err());
    assert_eq!(log(&bench, id).len(), before);
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    let (key, _, new) = log(&bench, id)[0].clone();
    assert_eq!(key, "value");
    assert_eq!(new.as_str().unwrap(), deal(&bench, id)["value"].to_string());
}

#[test]
fn custom_fields_are_written_down_part_by_part_and_shown_in_the_flow_when_asked_for() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    let code = {
        let world = bench.emulator.world();
        let money = |field: &&CustomField| field.field_type == FieldType::Monetary;
        world.custom_fields().iter().find(money).unwrap().code.clone()
    };
    let set = |cents, code_of: &[u8; 3]| {
        let money = Value::Money(Cents(cents), Currency::new(*code_of));
        bench.edit(Edit::ChangeDeal(id, DealChange::Custom(code.clone(), Some(money))));
    };
    bench.edit(Edit::ChangeDeal(id, DealChange::Custom(code.clone(), None)));
    let before = log(&bench, id).len();
    set(1_000, b"EUR");
    set(1_000, b"USD");
    let log = log(&bench, id);
    let (whole, currency) = (code.clone(), format!("{code}_currency"));
    assert_eq!(
        log[..log.len() - before],
        [
            entry(&currency, "EUR", "USD"),
            entry(&currency, Json::Null, "EUR"),
            entry(&whole, Json::Null, "10"),
        ]
    );
    let keys = |query: &str| {
        let path = format!("/v1/deals/{id}/flow?items=dealChange&limit=500{query}");
        let rows = bench.json(&path)["data"].clone();
        let rows = rows.as_array().unwrap().iter();
        rows.filter(|row| row["data"]["field_key"] == currency.as_str()).count()
    };
    let changed = log.iter().filter(|(key, ..)| *key == currency).count();
    assert_eq!((keys(""), keys("&all_changes=1")), (0, changed));
}

#[test]
fn a_request_is_told_from_a_browser() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    let newest = || bench.json(&format!("/v1/deals/{id}/changelog?limit=1"))["data"][0].clone();
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("By hand".to_owned())));
    assert_eq!(newest()["change_source"], "app");
    bench.write("PATCH", &format!("/api/v2/deals/{id}"), &json!({"title": "By request"}));
    let row = newest();
    assert_eq!((&row["change_source"], &row["new_value"]), (&json!("api"), &json!("By request")));
    assert_eq!(row["actor_user_id"], bench.emulator.world().user());
    // A write that fails half way leaves no trace.
    let body = json!({"title": "Never", "owner_id": 1});
    assert_eq!(bench.write("PATCH", &format!("/api/v2/deals/{id}"), &body).0, 400);
    assert_eq!(newest(), row);
}

#[test]
fn pages_of_the_log_lose_nothing_when_the_deal_is_changed_between_them() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    for nth in 0..9 {
        bench.edit(Edit::ChangeDeal(id, DealChange::Title(format!("Title {nth}"))));
    }
    let whole = bench.json(&format!("/v1/deals/{id}/changelog?limit=500"))["data"].clone();
    assert_eq!(whole.as_array().unwrap().len(), 10);
    let rows = bench.walk(&format!("/v1/deals/{id}/changelog?limit=4"), |bench| {
        bench.edit(Edit::ChangeDeal(id, DealChange::Reopen));
        bench.edit(Edit::ChangeDeal(id, DealChange::Win));
    });
    assert_eq!(Json::from(rows), whole);
    bench.emulator.switch(|switches| switches.cursors = Cursors::Offset);
    let page = bench.json(&format!("/v1/deals/{id}/changelog?limit=2"));
    assert!(page["additional_data"]["next_cursor"].is_string());
    assert_eq!(bench.ask(&format!("/v1/deals/{id}/changelog?cursor=x")).0, 400);
}

#[test]
fn the_flow_holds_everything_newest_first() {
    let bench = Bench::new(100);
    let id = live(&bench, 1)[0];
    for child in [Child::File, Child::Note, Child::EmailMessage, Child::UndoneActivity] {
        bench.clock.advance(Duration::from_secs(1));
        bench.edit(Edit::Children(id, child, 1));
    }
    let flow = |query: &str| bench.json(&format!("/v1/deals/{id}/flow?limit=500{query}"));
    let whole = flow("")["data"].as_array().unwrap().clone();
    assert!(whole.is_sorted_by(|a, b| a["timestamp"].as_str() >= b["timestamp"].as_str()));
    let objects = whole[..4].iter().map(|row| row["object"].as_str().unwrap());
    assert_eq!(objects.collect::<Vec<_>>(), ["activity", "mailMessage", "note", "file"]);
    let kinds = whole.iter().map(|row| row["object"].as_str().unwrap()).collect::<BTreeSet<_>>();
    let mut sum = 0;
    for kind in kinds {
        let rows = flow(&format!("&items={kind}"))["data"].as_array().unwrap().clone();
        assert!(rows.iter().all(|row| row["object"] == kind), "{kind}");
        sum += rows.len();
    }
    assert_eq!(sum, whole.len());
    let planned = flow("&items=plannedActivity")["data"].as_array().unwrap().clone();
    assert!(!planned.is_empty() && planned.iter().all(|row| row["data"]["done"] == false));
    let page = bench.json(&format!("/v1/deals/{id}/flow?start=1&limit=2"));
    assert_eq!(page["data"], Json::from(whole[1..3].to_vec()));
    assert_eq!(page["related_objects"]["deal"][id.to_string()]["id"], id);
    assert_eq!(bench.emulator.log().last().unwrap().cost, 40);
}

#[test]
fn a_deal_that_was_purged_has_no_history() {
    let bench = Bench::new(60);
    let id = bare(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::Win));
    bench.edit(Edit::PurgeDeal(id));
    for rest in ["changelog", "flow"] {
        assert_eq!(bench.ask(&format!("/v1/deals/{id}/{rest}")).0, 404, "{rest}");
    }
}
