//! What upstream removed, and the endpoints that only v1 has.

use serde_json::json;

use super::{rows_read::*, writes::known, *};

/// What is gone from the reference, and what it cost.
fn removed(deal: Id) -> [(String, u64); 3] {
    [
        ("/v1/deals/collection".to_owned(), 10),
        (format!("/v1/deals/{deal}/activities"), 20),
        (format!("/v1/deals/{deal}/persons"), 20),
    ]
}

#[test]
fn what_upstream_removed_is_gone_unless_a_switch_brings_it_back() {
    let bench = Bench::new(60);
    let id = live(&bench, 1)[0];
    let delete = format!("/v1/deals?ids={id}");
    for (switch, status) in [(Removed::Gone, 410), (Removed::Unknown, 404), (Removed::There, 200)] {
        bench.emulator.switch(|switches| switches.removed_endpoints = switch);
        for (path, cost) in removed(id) {
            let before = bench.emulator.spent();
            let (got, body) = bench.ask(&path);
            assert_eq!((got, &body["success"]), (status, &json!(status == 200)), "{path}");
            let cost = if status == 200 { cost } else { 0 };
            assert_eq!(bench.emulator.spent() - before, cost, "{path}");
        }
        assert_eq!(bench.write("DELETE", &delete, &Json::Null).0, status);
    }
    assert_eq!(bench.ask("/v1/deals").0, 404, "no list of v1 was ever here");
}

fn bench_of_old(deals: u32) -> Bench {
    let switches =
        Switches { removed_endpoints: Removed::There, burst: None, ..Switches::default() };
    Bench::with(deals, switches)
}

#[test]
fn the_collection_lists_deals_as_v1_writes_them() {
    let bench = bench_of_old(120);
    let all = bench.walk("/v1/deals/collection?limit=50", |_| ());
    assert_eq!(ids(&all), live(&bench, 120));
    assert_eq!(all[0]["user_id"], deal(&bench, ids(&all)[0])["owner_id"]);
    let some = bench.ids("/v1/deals/collection?status=deleted");
    assert_eq!(some, bench.ids("/api/v2/deals?status=deleted"));
    let since = bench.ids("/v1/deals/collection?since=2026-01-01%2000:00:00");
    assert_eq!(since, bench.ids("/api/v2/deals?updated_since=2026-01-01T00:00:00Z"));
    assert!(!since.is_empty() && since.len() < all.len());
    assert_eq!(bench.ask("/v1/deals/collection?since=yesterday").0, 400);
}

#[test]
fn activities_and_persons_of_a_deal_are_listed() {
    let bench = bench_of_old(120);
    let id = *live(&bench, 120)
        .iter()
        .find(|id| !bench.json(&format!("/api/v2/persons?deal_id={id}"))["data"][0].is_null())
        .unwrap();
    bench.edit(Edit::Children(id, Child::UndoneActivity, 2));
    let path = format!("/v1/deals/{id}/activities");
    let all = ids(bench.json(&path)["data"].as_array().unwrap());
    assert_eq!(
        sorted(all.clone()),
        bench.ids(&format!("/api/v2/activities?deal_id={id}&limit=500"))
    );
    let undone = ids(bench.json(&format!("{path}?done=0"))["data"].as_array().unwrap());
    assert_eq!(undone, bench.ids(&format!("/api/v2/activities?deal_id={id}&done=false")));
    let rest = bench.json(&format!("{path}?exclude={}", csv(&undone)))["data"].clone();
    assert_eq!(rest.as_array().unwrap().len(), all.len() - undone.len());
    let persons = ids(bench.json(&format!("/v1/deals/{id}/persons"))["data"].as_array().unwrap());
    assert_eq!(persons, bench.ids(&format!("/api/v2/persons?deal_id={id}")));
}

#[test]
fn several_deals_are_deleted_at_once() {
    let bench = bench_of_old(60);
    let ids = live(&bench, 3);
    let path = format!("/v1/deals?ids={},999999", csv(&ids[..2]));
    let (status, body, cost) = bench.write("DELETE", &path, &Json::Null);
    assert_eq!((status, cost, &body["data"]), (200, 10, &json!({"id": ids[..2]})));
    let deleted = ids.iter().map(|id| deal(&bench, *id)["is_deleted"].clone());
    assert_eq!(deleted.collect::<Vec<_>>(), [true, true, false]);
    let again = bench.write("DELETE", &path, &Json::Null);
    assert_eq!((again.0, &again.1["data"]), (200, &json!({"id": []})));
    assert_eq!(bench.write("DELETE", "/v1/deals", &Json::Null).0, 400);
}

#[test]
fn a_duplicate_has_the_members_and_rows_of_its_original() {
    let bench = Bench::new(200);
    let id = with_installments(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::Win));
    let (_, answer, _) = bench.write("POST", &format!("/v1/deals/{id}/duplicate"), &Json::Null);
    let copy = Id::try_from(answer["data"]["id"].as_u64().unwrap()).unwrap();
    let (old, new) = (deal(&bench, id), deal(&bench, copy));
    for member in [
        "title",
        "value",
        "currency",
        "owner_id",
        "person_id",
        "org_id",
        "stage_id",
        "custom_fields",
    ] {
        assert_eq!(new[member], old[member], "{member}");
    }
    assert_eq!((&new["status"], &new["won_time"]), (&json!("open"), &Json::Null));
    assert_eq!((&new["add_time"], &new["followers_count"]), (&json!(NOW), &json!(1)));
    let world = bench.emulator.world();
    type Rows = fn(&World, Id) -> Vec<Json>;
    let kinds: [Rows; 4] =
        [World::products, World::installments, World::discounts, World::participants];
    for rows in kinds {
        let (old, new) = (rows(&world, id), rows(&world, copy));
        assert_eq!(old.len(), new.len());
        assert!(new.iter().all(|row| old.iter().all(|other| other["id"] != row["id"])));
    }
    let copied = world.deal(copy).unwrap();
    assert_eq!(copied.children, Children::default());
    drop(world);
    assert_eq!(bench.json(&format!("/v1/deals/{copy}/flow?items=note,file"))["data"], json!([]));
    bench.edit(Edit::DeleteDeal(copy));
    assert_eq!(bench.write("POST", &format!("/v1/deals/{copy}/duplicate"), &Json::Null).0, 403);
}

#[test]
fn those_who_may_see_a_deal_are_told() {
    let bench = Bench::new(60);
    let id = live(&bench, 1)[0];
    let path = format!("/v1/deals/{id}/permittedUsers");
    let all = bench.emulator.world().company().users.keys().copied().collect::<Vec<_>>();
    let owner = known(&bench)[0];
    bench.edit(Edit::ChangeDeal(id, DealChange::Owner(owner)));
    bench.edit(Edit::ChangeDeal(id, DealChange::VisibleTo(3)));
    assert_eq!(bench.json(&path)["data"], json!(all));
    bench.edit(Edit::DeactivateUser(all[1]));
    assert_eq!(bench.json(&path)["data"].as_array().unwrap().len(), all.len() - 1);
    bench.edit(Edit::ChangeDeal(id, DealChange::VisibleTo(1)));
    assert_eq!(bench.json(&path)["data"], json!([all[0], owner]));
    assert_eq!(bench.emulator.log().last().unwrap().cost, 10);
}

#[test]
fn archived_deals_have_sums_of_their_own() {
    let bench = Bench::new(400);
    let ids = live(&bench, 3);
    let count = |path: &str| bench.json(path)["data"]["total_count"].as_u64().unwrap();
    let (live, put_away) = (count("/v1/deals/summary"), count("/v1/deals/summary/archived"));
    assert_eq!(put_away, bench.emulator.world().archived_ids().count() as u64);
    bench.edit(Edit::ArchiveDeal(ids[0]));
    assert_eq!(count("/v1/deals/summary"), live - 1);
    assert_eq!(count("/v1/deals/summary/archived"), put_away + 1);
    assert_eq!(bench.emulator.log().last().unwrap().cost, 80);
    let path = "/v1/deals/timeline/archived?start_date=2023-01-01&interval=quarter&amount=20&field_key=add_time";
    let periods = bench.json(path)["data"].as_array().unwrap().clone();
    let deals = periods.iter().flat_map(|period| period["deals"].as_array().unwrap());
    let shown = sorted(super::ids(&deals.cloned().collect::<Vec<_>>()));
    let world = bench.emulator.world();
    let wanted = world.archived_ids().filter(|id| world.deal(*id).unwrap().status != Status::Lost);
    assert_eq!(shown, wanted.collect::<Vec<_>>());
    drop(world);
    assert_eq!(bench.emulator.log().last().unwrap().cost, 40);
}

#[test]
fn a_conversion_goes_through_its_states_and_ends_as_the_switch_says() {
    for (end, name) in [
        (ConversionEnd::Completed, "completed"),
        (ConversionEnd::Failed, "failed"),
        (ConversionEnd::Rejected, "rejected"),
    ] {
        let bench = Bench::new(60);
        let id = live(&bench, 1)[0];
        bench.emulator.switch(|switches| {
            switches.conversion_waits = Duration::from_secs(5);
            switches.conversion_takes = Duration::from_secs(10);
            switches.conversion_ends = end;
        });
        let path = format!("/api/v2/deals/{id}/convert/lead");
        let (_, answer, _) = bench.write("POST", &path, &Json::Null);
        let job = answer["data"]["conversion_id"].as_str().unwrap();
        let path = format!("/api/v2/deals/{id}/convert/status/{job}");
        let mut states = Vec::new();
        for _ in 0..4 {
            let data = bench.json(&path)["data"].clone();
            let led = data.get("lead_id").is_some();
            states.push((data["status"].as_str().unwrap().to_owned(), led));
            bench.clock.advance(Duration::from_secs(5));
        }
        let state = |name: &str, led| (name.to_owned(), led);
        let last = state(name, end == ConversionEnd::Completed);
        let expected =
            [state("not_started", false), state("running", false), state("running", false), last];
        assert_eq!(states, expected);
        assert_eq!(deal(&bench, id)["is_deleted"], end == ConversionEnd::Completed, "{name}");
    }
}
