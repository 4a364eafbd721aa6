//! Answers look as the official examples: the same members, of the same types.

use std::{fs, path::Path};

use serde_json::json;

use super::{rows_read::*, *};

fn example(name: &str) -> Json {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Returns whether the members of an object are named by ids or currencies.
fn is_map(object: &serde_json::Map<String, Json>) -> bool {
    let code = |key: &str| key.len() == 3 && key.bytes().all(|it| it.is_ascii_uppercase());
    let id = |key: &str| key.bytes().all(|it| it.is_ascii_digit());
    object.keys().all(|key| code(key) || id(key))
}

/// Checks `answer` against `example`; null is of every type, and an empty list or map says nothing.
fn alike(answer: &Json, example: &Json, at: &str) {
    match (answer, example) {
        (Json::Object(answer), Json::Object(example)) if is_map(example) => {
            let first = example.values().next();
            answer
                .iter()
                .for_each(|(key, value)| alike(value, first.unwrap(), &format!("{at}.{key}")));
        }
        (Json::Object(answer), Json::Object(example)) => {
            let names = |object: &serde_json::Map<String, Json>| {
                object.keys().filter(|key| *key != "next_start").cloned().collect::<BTreeSet<_>>()
            };
            assert_eq!(names(answer), names(example), "{at}");
            for (key, value) in answer {
                alike(value, example.get(key).unwrap_or(&Json::Null), &format!("{at}.{key}"));
            }
        }
        (Json::Array(answer), Json::Array(example)) => {
            let first = example.first().unwrap_or(&Json::Null);
            answer.iter().for_each(|row| alike(row, first, &format!("{at}[]")));
        }
        (Json::Null, _) | (_, Json::Null) => {}
        _ => assert_eq!(
            std::mem::discriminant(answer),
            std::mem::discriminant(example),
            "{at}: {answer} is not {example}"
        ),
    }
}

/// Returns a deal with something of every kind around it.
fn busy(bench: &Bench) -> Id {
    let ids = live(bench, 200);
    let full = |id: &&Id| {
        let world = bench.emulator.world();
        let deal = world.deal(**id).unwrap();
        let it = deal.children;
        let counts =
            [it.files, it.notes, it.email_messages, it.done_activities, it.undone_activities];
        counts.iter().all(|count| *count > 0) && deal.person_id.and(deal.org_id).is_some()
    };
    *ids.iter().find(full).unwrap()
}

/// Asks for `path`, checks the answer against the example and returns its `data`.
fn same(bench: &Bench, path: &str, name: &str) -> Json {
    let mut answer = bench.json(path);
    assert!(answer["data"] != json!([]), "{path} has something to show");
    alike(&answer, &example(name), name);
    answer["data"].take()
}

#[test]
fn the_change_log_of_a_deal_does() {
    let bench = Bench::new(200);
    let id = busy(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("Other".to_owned())));
    let rows = same(&bench, &format!("/v1/deals/{id}/changelog"), "deal_changelog.json");
    assert!(rows[0]["change_source_user_agent"].is_string(), "{rows}");
}

#[test]
fn the_updates_of_a_deal_do() {
    let bench = Bench::new(200);
    let id = busy(&bench);
    bench
        .edit(Edit::ChangeDeal(id, DealChange::Value(Some(Cents(10_000)), Currency::new(*b"EUR"))));
    let answer = bench.json(&format!("/v1/deals/{id}/flow?limit=500"));
    let example = example("deal_flow.json");
    let mut met = BTreeSet::new();
    for row in answer["data"].as_array().unwrap() {
        // Values have the type of their field; that of the example is the value of the deal.
        let key = |it: &Json| it["data"]["field_key"].clone();
        let of_kind = |it: &&Json| it["object"] == row["object"] && key(it) == key(row);
        if let Some(example) = example["data"].as_array().unwrap().iter().find(of_kind) {
            alike(row, example, "flow");
            met.insert(row["object"].as_str().unwrap());
        }
    }
    assert_eq!(met, BTreeSet::from(["activity", "dealChange", "mailMessage"]));
    alike(&answer["additional_data"], &example["additional_data"], "flow");
    // The example wraps the related objects as its schema does, which no answer can mean.
    let related = example["related_objects"]["allOf"].as_array().unwrap();
    let members = related.iter().flat_map(|it| it.as_object().unwrap().clone());
    alike(&answer["related_objects"], &Json::Object(members.collect()), "related");
}

#[test]
fn files_mails_and_permitted_users_of_a_deal_do() {
    let bench = Bench::new(200);
    let id = busy(&bench);
    same(&bench, &format!("/v1/deals/{id}/files"), "deal_files.json");
    same(&bench, &format!("/v1/deals/{id}/mailMessages"), "deal_mail_messages.json");
    same(&bench, &format!("/v1/deals/{id}/permittedUsers"), "deal_permitted_users.json");
}

#[test]
fn activities_and_notes_do() {
    let bench = Bench::new(200);
    same(&bench, "/api/v2/activities?include_fields=attendees&limit=500", "activities.json");
    let notes = "/v1/notes?limit=500";
    same(&bench, notes, "notes.json");
}

#[test]
fn sums_of_archived_deals_do() {
    let bench = Bench::new(400);
    same(&bench, "/v1/deals/summary/archived", "deals_summary_archived.json");
    bench.emulator.switch(|switches| switches.timeline_data = TimelineData::ObjectForOne);
    let path = "/v1/deals/timeline/archived?start_date=2023-01-01&interval=month&amount=1&field_key=add_time";
    for start in ["2024-06-01", "2025-01-01", "2025-06-01"] {
        same(&bench, &path.replace("2023-01-01", start), "deals_timeline_archived.json");
    }
}

#[test]
fn a_deal_that_was_duplicated_or_merged_does() {
    let bench = Bench::new(200);
    let (ids, post) = (live(&bench, 2), |path: &str| bench.write("POST", path, &Json::Null));
    let (status, answer, cost) = post(&format!("/v1/deals/{}/duplicate", ids[0]));
    assert_eq!((status, cost), (200, 10));
    alike(&answer, &example("deal_duplicate.json"), "duplicate");
    let body = json!({"merge_with_id": ids[1]});
    let (_, answer, _) = bench.write("PUT", &format!("/v1/deals/{}/merge", ids[0]), &body);
    alike(&answer, &example("deal_merge.json"), "merge");
}

#[test]
fn the_state_of_a_conversion_does() {
    let bench = Bench::new(50);
    bench.emulator.switch(|switches| switches.conversion_takes = Duration::from_secs(60));
    let Edited::Conversion(id, job) = bench.edit(Edit::ConvertToLead(live(&bench, 1)[0])) else {
        panic!("a conversion makes a job");
    };
    let path = format!("/api/v2/deals/{id}/convert/status/{job}");
    let running = same(&bench, &path, "deal_convert_status_running.json");
    assert_eq!(running["status"], "running");
    bench.clock.advance(Duration::from_secs(60));
    same(&bench, &path, "deal_convert_status.json");
}

#[test]
fn a_single_field_does() {
    let bench = Bench::new(5);
    let fields = bench.json("/api/v2/dealFields?limit=500")["data"].clone();
    let whole = example("deal_fields.json");
    for field in fields.as_array().unwrap() {
        let path = format!("/api/v2/dealFields/{}", field["field_code"].as_str().unwrap());
        let one = bench.json(&path)["data"].clone();
        assert_eq!(one, *field);
        alike(&one, &whole["data"][0], "field");
    }
    assert_eq!(bench.ask("/api/v2/dealFields/none").0, 404);
    assert_eq!(bench.ask("/api/v2/dealFields/title?limit=1").0, 400);
}
