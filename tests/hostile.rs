//! Sources that misbehave in ways that invite silent loss.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use bytes::Bytes;
use common::{BACKFILL, Sim};
use pipedrive_mirror::{
    emulator::{DealChange, Edit, FieldType, Switches},
    sync::{Mode, Outcome},
};
use serde_json::Value as Json;

fn retitle(sim: &Sim, id: u32, title: &str) {
    let edit = Edit::ChangeDeal(id, DealChange::Title(title.to_owned()));
    sim.emulator.world().apply(edit).unwrap();
}

/// Passes the JSON of every good answer through `change`, which also learns its path.
fn rewrite(sim: &Sim, mut change: impl FnMut(&str, &mut Json) + Send + 'static) {
    sim.distort(move |request, answer| {
        let answer = answer?;
        let (parts, body) = answer.into_parts();
        let Ok(mut json) = serde_json::from_slice::<Json>(&body) else {
            return Ok(http::Response::from_parts(parts, body));
        };
        change(request.uri().path(), &mut json);
        Ok(http::Response::from_parts(parts, Bytes::from(json.to_string())))
    });
}

#[test]
fn a_circle_of_cursors_takes_no_page_with_it() {
    let sim = Sim::with(900, 1, Switches { page_rows: Some(50), ..Switches::default() });
    sim.backfill();
    let ids: Vec<u32> = sim.emulator.world().live_ids().take(600).collect();
    for id in ids {
        sim.advance(1);
        retitle(&sim, id, "changed");
    }
    sim.advance(300);
    let (mut earlier, mut pages) = (Json::Null, 0);
    rewrite(&sim, move |path, answer| {
        if path != "/api/v2/deals" {
            return;
        }
        pages += 1;
        let next = &mut answer["additional_data"]["next_cursor"];
        match pages {
            3 => earlier = next.clone(),
            // The place after the third page comes again: a circle, not a plain repetition.
            5 => *next = earlier.clone(),
            _ => {}
        }
    });
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim.assert_equal();
}

#[test]
fn a_floor_holds_for_every_list_from_the_first_moment() {
    let since = "2025-09-01T00:00:00Z".parse().unwrap();
    let floored = Mode::Backfill { since: Some(since), restart: false };
    for transactions in [6, 9, 12, 15] {
        let sim = Sim::with(400, 2, Switches { page_rows: Some(40), ..Switches::default() });
        sim.run_for(&floored, transactions);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        if sim.number("SELECT count(*) FROM sync_checkpoints WHERE floor IS NOT NULL") > 0 {
            let oldest = sim.text("SELECT min(update_time) FROM deals").unwrap();
            assert!(oldest.as_str() >= "2025-09-01T00:00:00Z", "after {transactions}: {oldest}");
            assert_eq!(sim.run(&floored).outcome(), Outcome::Complete);
        }
    }
}

#[test]
fn a_new_field_changes_no_deal_that_has_no_value_of_it_and_raises_no_dead() {
    let mut sim = Sim::new(300, 3);
    sim.backfill();
    let connection = sim.connection();
    connection
        .execute("UPDATE deals SET _missing_since = '2026-03-02T10:30:00Z' WHERE id = 10", [])
        .unwrap();
    drop(connection);
    let unchanged = "SELECT max(_version) || ' ' || max(_synced_at) FROM deals";
    let before = sim.text(unchanged);
    let edit = Edit::AddField {
        name: "New".to_owned(),
        field_type: FieldType::Varchar,
        options: Vec::new(),
    };
    sim.emulator.world().apply(edit).unwrap();
    sim.advance(500);
    sim.entities = vec!["deal_fields"];
    sim.sync();
    assert_eq!(sim.number("SELECT count(*) FROM deal_fields WHERE field_name = 'New'"), 1);
    assert_eq!(sim.text(unchanged), before);
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL"), 1);
}

#[test]
fn the_mark_never_goes_back_wherever_a_run_dies() {
    let switches = Switches { page_rows: Some(8), cursor_uses: Some(0), ..Switches::default() };
    let sim = Sim::with(60, 4, switches);
    let mut last = None;
    for transactions in (3..40).cycle().take(60) {
        sim.run_for(&BACKFILL, transactions);
        let mark = sim.text("SELECT max(mark) FROM sync_checkpoints WHERE entity = 'deals'");
        assert!(mark >= last, "{mark:?} after {last:?}");
        last = mark;
    }
    assert!(last.is_some());
    sim.emulator.switch(|switches| switches.cursor_uses = None);
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
}

#[test]
fn a_field_that_is_there_but_cannot_be_read_is_not_gone_and_neither_are_all_when_none_come() {
    let mut sim = Sim::new(100, 5);
    sim.backfill();
    sim.entities = vec!["deal_fields"];
    rewrite(&sim, |path, answer| {
        if path == "/api/v2/dealFields" {
            answer["data"][3]["field_name"] = serde_json::json!({"en": "Owner"});
        }
    });
    for _ in 0..3 {
        assert_eq!(sim.sync().entities[0].quarantined, 1);
    }
    rewrite(&sim, |path, answer| {
        if path == "/api/v2/dealFields" {
            answer["data"] = serde_json::json!([]);
        }
    });
    sim.sync();
    sim.sync();
    assert_eq!(sim.number("SELECT count(*) FROM deal_fields WHERE _missing_since IS NOT NULL"), 0);
}

#[test]
fn a_source_that_does_not_say_what_time_it_is_is_named_and_mirrored_all_the_same() {
    let sim = Sim::new(300, 6);
    sim.distort(|_, answer| {
        let mut answer = answer?;
        answer.headers_mut().remove(http::header::DATE);
        Ok(answer)
    });
    for _ in 0..2 {
        let report = sim.sync();
        assert_eq!(report.outcome(), Outcome::Complete);
        assert!(report.notes.iter().any(|note| note.contains("Date header")), "{:?}", report.notes);
        sim.assert_equal();
    }
    let never = "SELECT count(*) FROM sync_checkpoints WHERE completed_at IS NULL";
    assert_eq!(sim.number(never), 0);
}
