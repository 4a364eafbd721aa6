//! Activities, files, notes and mails: as many as the counters say, with ids that stay.

use std::collections::BTreeMap;

use serde_json::json;

use super::{rows_read::*, *};

/// The counters and where their rows are read, with the kind of edit that moves them.
const KINDS: [(&str, &str, Child); 5] = [
    ("files_count", "/v1/deals/{}/files?limit=100", Child::File),
    ("email_messages_count", "/v1/deals/{}/mailMessages?limit=500", Child::EmailMessage),
    ("notes_count", "/v1/notes?limit=500&deal_id={}", Child::Note),
    (
        "done_activities_count",
        "/api/v2/activities?limit=500&done=true&deal_id={}",
        Child::DoneActivity,
    ),
    (
        "undone_activities_count",
        "/api/v2/activities?limit=500&done=false&deal_id={}",
        Child::UndoneActivity,
    ),
];

/// Returns the ids of the rows of a deal, in ascending order.
fn rows(bench: &Bench, path: &str, deal: Id) -> Vec<u64> {
    let page = bench.json(&path.replace("{}", &deal.to_string()));
    let id = |row: &Json| row["id"].as_u64().or(row["data"]["id"].as_u64()).unwrap();
    let mut ids = page["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    ids.sort_unstable();
    ids
}

fn counted(bench: &Bench, member: &str, deal: Id) -> u64 {
    let path = format!("/api/v2/deals/{deal}?include_fields={member}");
    bench.json(&path)["data"][member].as_u64().unwrap()
}

#[test]
fn there_are_as_many_rows_as_the_counters_say_and_each_has_its_own_id() {
    let bench = Bench::new(300);
    for (member, path, _) in KINDS {
        let mut all = BTreeSet::new();
        let mut count = 0;
        for deal in live(&bench, 300) {
            let ids = rows(&bench, path, deal);
            assert_eq!(ids.len() as u64, counted(&bench, member, deal), "{member} of {deal}");
            count += ids.len();
            all.extend(ids);
        }
        assert!(count > 100 && all.len() == count, "{member}: {count}");
    }
}

#[test]
fn rows_come_with_edits_and_the_last_ones_go() {
    let bench = Bench::new(100);
    let deal = live(&bench, 9)[8];
    for (member, path, child) in KINDS {
        let before = rows(&bench, path, deal);
        bench.edit(Edit::Children(deal, child, 3));
        let more = rows(&bench, path, deal);
        assert_eq!(more[..before.len()], before, "{member}: those of the beginning stay");
        assert_eq!(more.len(), before.len() + 3, "{member}");
        bench.edit(Edit::Children(deal, child, -2));
        assert_eq!(rows(&bench, path, deal), more[..before.len() + 1], "{member}");
        bench.edit(Edit::Children(deal, child, 1));
        let again = rows(&bench, path, deal);
        assert!(again.last() > more.last(), "{member}: no id is given away twice");
        assert_eq!(counted(&bench, member, deal), again.len() as u64, "{member}");
    }
}

#[test]
fn a_merge_moves_rows_with_their_ids_and_a_purge_takes_them_away() {
    let bench = Bench::new(100);
    let ids = live(&bench, 2);
    let (loser, winner) = (ids[0], ids[1]);
    let of = |deal| KINDS.map(|(_, path, _)| rows(&bench, path, deal));
    let (lost, won) = (of(loser), of(winner));
    bench.edit(Edit::MergeDeals { loser, winner });
    for (both, (lost, won)) in of(winner).into_iter().zip(lost.into_iter().zip(won)) {
        let mut expected = [lost, won].concat();
        expected.sort_unstable();
        assert_eq!(both, expected);
    }
    assert!(of(loser).iter().all(Vec::is_empty));
    bench.edit(Edit::PurgeDeal(winner));
    let activities = bench.json(&format!("/api/v2/activities?deal_id={winner}"));
    assert_eq!(activities["data"], json!([]));
    assert_eq!(bench.ask(&format!("/v1/deals/{winner}/files")).0, 404);
}

#[test]
fn activities_are_listed_in_any_order_and_window() {
    let bench = Bench::new(60);
    let all = bench.walk("/api/v2/activities?limit=7", |_| ());
    assert_eq!(ids(&all), sorted(ids(&all)));
    let whole = bench.json("/api/v2/activities?limit=500")["data"].clone();
    assert_eq!(Json::from(all.clone()), whole);
    for by in ["update_time", "add_time", "due_date"] {
        let path = format!("/api/v2/activities?limit=50&sort_by={by}&sort_direction=desc");
        let listed = bench.walk(&path, |_| ());
        assert!(listed.is_sorted_by(|a, b| a[by].as_str() >= b[by].as_str()), "{by}");
        assert_eq!(sorted(ids(&listed)), ids(&all), "{by}");
    }
    let middle = all[all.len() / 2]["update_time"].as_str().unwrap();
    let since = bench.ids(&format!("/api/v2/activities?limit=500&updated_since={middle}"));
    let until = bench.ids(&format!("/api/v2/activities?limit=500&updated_until={middle}"));
    assert!(!since.is_empty() && !until.is_empty());
    assert_eq!(sorted([since, until].concat()), ids(&all), "the two windows tile");
    let two = csv(&ids(&all)[3..5]);
    assert_eq!(bench.ids(&format!("/api/v2/activities?ids={two}")), ids(&all)[3..5]);
    assert!(bench.ids("/api/v2/activities?lead_id=x").is_empty());
}

#[test]
fn pages_and_parameters_of_rows_are_those_of_their_version() {
    let bench = Bench::new(60);
    let deal = live(&bench, 1)[0];
    bench.edit(Edit::Children(deal, Child::File, 120));
    let path = format!("/v1/deals/{deal}/files");
    let page = bench.json(&format!("{path}?start=10&limit=5&sort=update_time%20DESC&unknown=1"));
    assert_eq!(
        page["additional_data"],
        json!({"pagination": {"start": 10, "limit": 5, "more_items_in_collection": true, "next_start": 15}})
    );
    let times = page["data"].as_array().unwrap().iter().map(|row| row["update_time"].as_str());
    assert!(times.is_sorted_by(|a, b| a >= b));
    let table = [
        (format!("{path}?limit=101"), 400),
        (format!("{path}?sort=name"), 400),
        (format!("/v1/deals/{deal}/mailMessages?limit=101&include_body=1"), 200),
        (format!("/v1/deals/{deal}/mailMessages?include_body=yes"), 400),
        ("/api/v2/activities?type=call".to_owned(), 400),
        ("/api/v2/activities?include_fields=note".to_owned(), 400),
        ("/api/v2/activities?filter_id=1".to_owned(), 400),
        ("/v1/deals/999999/files".to_owned(), 404),
    ];
    for (path, status) in table {
        assert_eq!(bench.ask(&path).0, status, "{path}");
    }
    let costs = [
        (path, 20),
        (format!("/v1/deals/{deal}/mailMessages"), 20),
        ("/api/v2/activities".to_owned(), 10),
    ];
    for (path, cost) in costs {
        let before = bench.emulator.spent();
        bench.json(&path);
        assert_eq!(bench.emulator.spent() - before, cost, "{path}");
    }
}

#[test]
fn a_private_mail_is_hidden_from_others() {
    let bench = Bench::new(200);
    let mails = |bench: &Bench| {
        let of = |deal| rows(bench, KINDS[1].1, deal).len();
        live(bench, 200)
            .into_iter()
            .filter(|deal| bench.ask(&format!("/api/v2/deals/{deal}")).0 == 200)
            .map(|deal| (deal, of(deal)))
            .collect::<BTreeMap<_, _>>()
    };
    let all = mails(&bench);
    bench.emulator.switch(|switches| switches.admin = false);
    let some = mails(&bench);
    assert!(some.iter().all(|(deal, count)| *count <= all[deal]));
    let hidden = some.iter().map(|(deal, count)| all[deal] - count).sum::<usize>();
    let seen = some.values().sum::<usize>();
    assert!(hidden > 0 && hidden < seen, "{hidden} of {seen}");
    let body = bench.json(&format!("/v1/deals/{}/mailMessages?include_body=1", busiest(&some)));
    assert!(body["data"][0]["data"]["body"].is_string());
}

fn busiest(mails: &BTreeMap<Id, usize>) -> Id {
    *mails.iter().max_by_key(|(_, count)| **count).unwrap().0
}

#[test]
fn rows_show_an_edit_as_late_as_the_switch_says() {
    let bench = Bench::new(60);
    let (deal, (_, path, child)) = (live(&bench, 1)[0], KINDS[0]);
    bench.emulator.switch(|switches| switches.children_visible_after = Duration::from_secs(30));
    let before = rows(&bench, path, deal);
    bench.edit(Edit::Children(deal, child, 1));
    assert_eq!(rows(&bench, path, deal), before);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(rows(&bench, path, deal).len(), before.len() + 1);
}

/// Returns the notes of a listing, of which there are fewer than 500.
fn notes(bench: &Bench, parameters: &str) -> Vec<Json> {
    let page = bench.json(&format!("/v1/notes?limit=500&{parameters}"));
    page["data"].as_array().unwrap().clone()
}

#[test]
fn notes_are_sorted_by_any_member_of_the_reference() {
    let bench = Bench::new(60);
    let all = notes(&bench, "");
    assert!((50..500).contains(&all.len()) && ids(&all) == sorted(ids(&all)), "{}", all.len());
    let key = |note: &Json, member: &str| {
        (note[member].as_u64(), note[member].as_str().map(|text| text.replace(['<', '>'], "")))
    };
    for member in
        ["id", "user_id", "deal_id", "person_id", "org_id", "content", "add_time", "update_time"]
    {
        let rising = notes(&bench, &format!("sort={member}%20ASC"));
        assert!(rising.is_sorted_by_key(|note| key(note, member)), "{member}");
        assert_eq!(notes(&bench, &format!("sort={member}")), rising, "{member}");
        let falling = notes(&bench, &format!("sort={member}+desc"));
        assert!(falling.is_sorted_by(|a, b| key(a, member) >= key(b, member)), "{member}");
        assert_eq!(sorted(ids(&falling)), ids(&all), "{member}");
    }
    let two = notes(&bench, "sort=user_id%20DESC,%20add_time%20ASC");
    let pair = |note: &Json| (std::cmp::Reverse(key(note, "user_id")), key(note, "add_time"));
    assert!(two.is_sorted_by_key(pair));
    assert_ne!(two, notes(&bench, "sort=user_id%20DESC"));
}

#[test]
fn notes_are_those_of_the_days_and_pins_asked_for() {
    let bench = Bench::new(60);
    let all = notes(&bench, "");
    let day = |note: &Json| note["add_time"].as_str().unwrap()[..10].to_owned();
    let middle = day(&all[all.len() / 2]);
    let expected = |admits: &dyn Fn(&Json) -> bool| {
        let admitted = all.iter().filter(|note| admits(note)).cloned().collect::<Vec<_>>();
        assert!(!admitted.is_empty() && admitted.len() < all.len());
        admitted
    };
    let since = notes(&bench, &format!("start_date={middle}"));
    assert_eq!(since, expected(&|note| day(note) >= middle));
    assert_eq!(notes(&bench, &format!("end_date={middle}")), expected(&|note| day(note) <= middle));
    let within = notes(&bench, &format!("start_date={middle}&end_date={middle}"));
    assert_eq!(within, expected(&|note| day(note) == middle));
    for (flag, pinned) in [("1", true), ("0", false)] {
        let got = notes(&bench, &format!("pinned_to_deal_flag={flag}"));
        assert_eq!(got, expected(&|note| note["pinned_to_deal_flag"] == pinned), "{flag}");
    }
    for other in ["lead", "organization", "person", "project", "task"] {
        assert_eq!(notes(&bench, &format!("pinned_to_{other}_flag=0")), all, "{other}");
        assert_eq!(notes(&bench, &format!("pinned_to_{other}_flag=1")), Vec::<Json>::new());
    }
    assert_eq!(notes(&bench, "task_id=1"), Vec::<Json>::new());
}

#[test]
fn a_note_cannot_be_asked_for_in_just_any_way() {
    let bench = Bench::new(5);
    let flag = "'true' is not one of: 0, 1";
    let table = [
        ("sort=title", "sort: 'title' is not one of: id, user_id, deal_id, person_id, org_id"),
        ("sort=id%20UP", "sort: 'up' is not one of: asc, desc"),
        ("sort=id,,add_time", "sort: '' is not one of"),
        ("start_date=2026-02-30", "start_date: The value is not a valid 'date'"),
        ("end_date=2026-02-03T00:00:00Z", "end_date: The value is not a valid 'date'"),
        ("pinned_to_deal_flag=true", flag),
        ("pinned_to_organization_flag=true", flag),
        ("pinned_to_person_flag=true", flag),
        ("project_id=x", "project_id: The value is not a valid 'integer'"),
    ];
    for (parameters, problem) in table {
        let (status, body) = bench.ask(&format!("/v1/notes?{parameters}"));
        let error = body["error"].as_str().unwrap_or_default();
        assert!(status == 400 && error.contains(problem), "{parameters}: {body}");
    }
}
