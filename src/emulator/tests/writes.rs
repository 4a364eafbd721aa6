//! Requests that change deals and what hangs on them.

use serde_json::json;

use super::{rows_read::*, *};

impl Bench {
    /// Sends a write and returns the status, the body and what it cost.
    pub(super) fn write(&self, method: &str, path: &str, body: &Json) -> (u16, Json, u64) {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("x-api-token", TOKEN).body(body).unwrap();
        let before = self.emulator.spent();
        let response = self.emulator.handle(request).unwrap();
        let body = serde_json::from_slice(response.body()).unwrap_or(Json::Null);
        (response.status().as_u16(), body, self.emulator.spent() - before)
    }

    /// Sends a write that must succeed with this status and cost, and returns its `data`.
    fn written(&self, request: &str, body: Json, status: u16, cost: u64) -> Json {
        let (method, path) = request.split_once(' ').unwrap();
        let (got, answer, spent) = self.write(method, path, &body);
        assert_eq!((got, spent), (status, cost), "{request} {body}: {answer}");
        assert_eq!(answer["success"], true, "{request}");
        answer["data"].clone()
    }
}

/// Returns ids that a body can name: user, person, organization, product.
pub(super) fn known(bench: &Bench) -> [Id; 4] {
    let world = bench.emulator.world();
    let company = world.company();
    [
        *company.users.keys().last().unwrap(),
        *company.persons.keys().last().unwrap(),
        *company.organizations.keys().last().unwrap(),
        *company.products.keys().next().unwrap(),
    ]
}

#[test]
fn a_new_deal_is_answered_and_listed() {
    let bench = Bench::new(20);
    let [user, person, org, _] = known(&bench);
    let body = json!({
        "title": "Northwind", "value": 18250.5, "currency": "USD", "owner_id": user, "person_id": person,
        "org_id": org, "visible_to": 7, "status": "lost", "lost_reason": "Price",
    });
    let made = bench.written("POST /api/v2/deals", body.clone(), 200, 5);
    for (member, value) in body.as_object().unwrap() {
        assert_eq!(made[member], *value, "{member}");
    }
    assert_eq!((&made["add_time"], &made["lost_time"]), (&json!(NOW), &json!(NOW)));
    let path = format!("/api/v2/deals/{}?include_fields=source_lead_id", made["id"]);
    assert_eq!(bench.json(&path)["data"], made);
    let least = bench.written("POST /api/v2/deals", json!({"title": "x"}), 200, 5);
    assert_eq!((&least["value"], &least["status"]), (&json!(0), &json!("open")));
    assert_eq!(least["id"].as_u64(), made["id"].as_u64().map(|id| id + 1));
}

#[test]
fn every_member_of_a_deal_can_be_changed() {
    let bench = Bench::new(50);
    let (id, [user, person, org, _]) = (bare(&bench), known(&bench));
    let (stage, label) = {
        let world = bench.emulator.world();
        (*world.company().stages.keys().last().unwrap(), world.labels()[0].id)
    };
    let table = [
        json!({"title": "Other"}),
        json!({"value": 12.34}),
        json!({"currency": "CHF"}),
        json!({"value": null}),
        json!({"stage_id": stage}),
        json!({"owner_id": user, "visible_to": 1}),
        json!({"person_id": person, "org_id": org}),
        json!({"person_id": null}),
        json!({"label_ids": [label]}),
        json!({"probability": 62.5, "expected_close_date": "2026-03-31"}),
        json!({"probability": null, "expected_close_date": null}),
        json!({"expected_close_date": "2026-04-01", "archive_time": null}),
        json!({"status": "won"}),
        json!({"won_time": "2026-01-02T03:04:05Z"}),
        json!({"status": "lost", "lost_reason": "Price"}),
        json!({"lost_reason": null}),
        json!({"status": "open"}),
        json!({"is_archived": true}),
        json!({"is_archived": false, "title": "Back"}),
        json!({"is_archived": true, "archive_time": "2026-01-02T03:04:05Z"}),
        json!({"is_archived": false, "archive_time": null}),
        json!({"is_deleted": true}),
        json!({"is_deleted": false, "title": "Again"}),
    ];
    for body in table {
        bench.clock.advance(Duration::from_secs(1));
        let now = json!(Second::of(bench.clock.now()).to_string());
        let answer = bench.written(&format!("PATCH /api/v2/deals/{id}"), body.clone(), 200, 5);
        for (member, value) in body.as_object().unwrap() {
            assert_eq!(answer[member], *value, "{body}");
        }
        assert_eq!(answer["update_time"], now, "{body}");
        let path = format!("/api/v2/deals/{id}?include_fields=source_lead_id");
        assert_eq!(bench.json(&path)["data"], answer, "{body}");
    }
    bench.emulator.switch(|switches| switches.bumps.change = false);
    bench.clock.advance(Duration::from_secs(1));
    let before = deal(&bench, id)["update_time"].clone();
    let body = json!({"title": "Unnoticed"});
    let answer = bench.written(&format!("PATCH /api/v2/deals/{id}"), body, 200, 5);
    assert_eq!((&answer["update_time"], &answer["title"]), (&before, &json!("Unnoticed")));
}

#[test]
fn custom_fields_are_written_as_they_are_read() {
    let bench = Bench::new(200);
    let id = bare(&bench);
    let path = format!("PATCH /api/v2/deals/{id}");
    // Every value that some deal of the world shows can be written to another deal.
    let mut shown = std::collections::BTreeMap::new();
    for deal in bench.walk("/api/v2/deals?limit=500", |_| ()) {
        let values = deal["custom_fields"].as_object().unwrap().clone();
        shown.extend(values.into_iter().filter(|(_, value)| !value.is_null()));
    }
    assert!(shown.len() > 5, "{shown:?}");
    for (code, value) in shown {
        let body = json!({"custom_fields": {code.as_str(): value}});
        let answer = bench.written(&path, body, 200, 5);
        assert_eq!(answer["custom_fields"][&code], value, "{code}");
        let body = json!({"custom_fields": {code.as_str(): null}});
        assert!(bench.written(&path, body, 200, 5)["custom_fields"][&code].is_null());
        let body = json!({"custom_fields": {code.as_str(): {"wrong": []}}});
        assert_eq!(bench.write("PATCH", &path[6..], &body).0, 400, "{code}");
    }
}

#[test]
fn rows_come_change_and_go() {
    let bench = Bench::new(50);
    let (id, [user, person, _, product]) = (bare(&bench), known(&bench));
    let at = |method: &str, rest: &str| format!("{method} /api/v2/deals/{id}/{rest}");
    bench.emulator.world().apply(Edit::RemoveFollower(id, user)).ok();
    let before = deal(&bench, id)["participants_count"].as_u64().unwrap();
    let body = json!({"product_id": product, "item_price": 100.5, "quantity": 2});
    let line = bench.written(&at("POST", "products"), body.clone(), 201, 5);
    assert_eq!((&line["sum"], &line["deal_id"]), (&json!(201), &json!(id)));
    assert_eq!(bench.json(&format!("/api/v2/deals/{id}/products"))["data"], json!([line]));
    assert_eq!(
        (&deal(&bench, id)["value"], &deal(&bench, id)["update_time"]),
        (&json!(201), &json!(NOW))
    );
    let line = format!("products/{}", line["id"]);
    let changed =
        bench.written(&at("PATCH", &line), json!({"quantity": 3, "comments": "c"}), 200, 5);
    assert_eq!((&changed["sum"], &changed["comments"]), (&json!(301.5), &json!("c")));
    let body = json!({"data": [body.clone(), body]});
    let many = bench.written(&at("POST", "products/bulk"), body, 201, 25);
    assert_eq!(
        (many.as_array().unwrap().len(), &deal(&bench, id)["products_count"]),
        (2, &json!(3))
    );

    let body = json!({"description": "Fee", "amount": 10, "billing_date": "2026-03-10"});
    let row = bench.written(&at("POST", "installments"), body, 200, 5);
    let path = format!("installments/{}", row["id"]);
    let changed = bench.written(&at("PATCH", &path), json!({"amount": 12.5}), 200, 5);
    let rows = bench.json(&format!("/api/v2/deals/installments?deal_ids={id}"))["data"].clone();
    assert_eq!((rows, &changed["description"]), (json!([changed]), &json!("Fee")));
    assert_eq!(bench.written(&at("DELETE", &path), Json::Null, 200, 3)["id"], row["id"]);

    let body = json!({"description": "10%", "amount": 10, "type": "percentage"});
    let row = bench.written(&at("POST", "discounts"), body, 201, 5);
    assert_eq!(deal(&bench, id)["value"], 633.15);
    let path = format!("discounts/{}", row["id"].as_str().unwrap());
    let changed = bench.written(&at("PATCH", &path), json!({"amount": 20}), 200, 5);
    assert_eq!(bench.json(&format!("/api/v2/deals/{id}/discounts"))["data"], json!([changed]));
    assert_eq!(bench.written(&at("DELETE", &path), Json::Null, 200, 3)["id"], row["id"]);

    let row = bench.written(&at("POST", "followers"), json!({"user_id": user}), 201, 5);
    let rows = bench.json(&format!("/api/v2/deals/{id}/followers"))["data"].clone();
    assert!(rows.as_array().unwrap().contains(&row));
    let gone = bench.written(&at("DELETE", &format!("followers/{user}")), Json::Null, 200, 3);
    assert_eq!(gone, json!({"user_id": user}));

    let v1 = format!("/v1/deals/{id}/participants");
    let row = bench.written(&format!("POST {v1}"), json!({"person_id": person}), 200, 10);
    assert_eq!(row["person_id"]["value"], person);
    assert!(bench.json(&v1)["data"].as_array().unwrap().contains(&row));
    assert_eq!(deal(&bench, id)["participants_count"], before + 1);
    let gone = bench.written(&format!("DELETE {v1}/{}", row["id"]), Json::Null, 200, 6);
    assert_eq!(gone["id"], row["id"]);
    assert_eq!(
        bench.written(&at("DELETE", &line), Json::Null, 200, 3)["id"].to_string(),
        line[9..]
    );
    assert_eq!(deal(&bench, id)["products_count"], 2);
}

#[test]
fn several_lines_are_removed_at_once_or_none() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    for _ in 0..3 {
        bench.edit(Edit::AddProduct(id, a_line(&bench)));
    }
    let path = format!("/api/v2/deals/{id}/products");
    let ids = bench.ids(&format!("{path}?limit=10"));
    let (status, ..) = bench.write("DELETE", &format!("{path}?ids={},1", ids[0]), &Json::Null);
    assert_eq!((status, deal(&bench, id)["products_count"].clone()), (404, json!(3)));
    let (_, answer, cost) = bench.write("DELETE", &format!("{path}?ids={}", ids[1]), &Json::Null);
    assert_eq!((&answer["data"]["ids"], cost), (&json!([ids[1]]), 15));
    assert_eq!(answer["additional_data"], json!({"more_items_in_collection": true}));
    let (_, answer, _) = bench.write("DELETE", &path, &Json::Null);
    assert_eq!(answer["data"]["ids"], json!([ids[0], ids[2]]));
    let left = deal(&bench, id);
    assert_eq!((&left["products_count"], &left["value"]), (&json!(0), &json!(0)));
}

#[test]
fn times_of_closing_are_refused_where_the_status_is_another() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::Win));
    let table = [
        json!({"lost_time": NOW}),
        json!({"close_time": "yesterday"}),
        json!({"status": "open", "close_time": NOW}),
        json!({"probability": 101}),
        json!({"expected_close_date": "soon"}),
        json!({"add_time": NOW}),
    ];
    for body in table {
        assert_eq!(bench.write("PATCH", &format!("/api/v2/deals/{id}"), &body).0, 400, "{body}");
    }
    let body = json!({"status": "lost", "lost_time": "2026-01-02 03:04:05"});
    let (_, answer, _) = bench.write("PATCH", &format!("/api/v2/deals/{id}"), &body);
    let answer = &answer["data"];
    assert_eq!(
        (&answer["lost_time"], &answer["won_time"]),
        (&json!("2026-01-02T03:04:05Z"), &Json::Null)
    );
}

#[test]
fn an_archived_deal_is_given_another_time_only_where_it_can_be_changed() {
    let bench = Bench::new(20);
    let new = json!({"title": "x", "is_archived": true, "archive_time": "2026-01-02 03:04:05"});
    let (_, answer, _) = bench.write("POST", "/api/v2/deals", &new);
    let deal = &answer["data"];
    assert_eq!(
        (&deal["archive_time"], &deal["is_archived"], &deal["update_time"]),
        (&"2026-01-02T03:04:05Z".into(), &true.into(), &NOW.into())
    );
    let path = format!("/api/v2/deals/{}", deal["id"]);
    let other = json!({"archive_time": "2025-01-02 03:04:05"});
    assert_eq!(bench.write("PATCH", &path, &other).0, 403);
    bench.emulator.switch(|switches| switches.archived_editable = true);
    bench.clock.advance(Duration::from_secs(1));
    let (_, answer, _) = bench.write("PATCH", &path, &other);
    assert_eq!(answer["data"]["archive_time"], "2025-01-02T03:04:05Z");
    assert_eq!(answer["data"]["update_time"], "2026-02-03T16:40:22Z");
}

#[test]
fn an_empty_close_date_is_read_as_a_day_that_is_none() {
    let bench = Bench::new(20);
    let body = json!({"title": "x", "expected_close_date": ""});
    let (_, answer, _) = bench.write("POST", "/api/v2/deals", &body);
    assert_eq!(answer["data"]["expected_close_date"], "0000-00-00");
    let path = format!("/api/v2/deals/{}", answer["data"]["id"]);
    assert_eq!(bench.json(&path)["data"]["expected_close_date"], "0000-00-00");
    let (_, answer, _) = bench.write("PATCH", &path, &json!({"expected_close_date": null}));
    assert_eq!(answer["data"]["expected_close_date"], Json::Null);
}

#[test]
fn rows_bump_their_deal_as_the_switch_says() {
    let bench = Bench::new(50);
    let (id, [_, person, ..]) = (bare(&bench), known(&bench));
    let path = format!("POST /v1/deals/{id}/participants");
    let before = deal(&bench, id)["update_time"].clone();
    let row = bench.written(&path, json!({"person_id": person}), 200, 10);
    assert_eq!(deal(&bench, id)["update_time"], before);
    bench.emulator.switch(|switches| switches.bumps.participants = Some(true));
    bench.written(&format!("DELETE {}/{}", &path[5..], row["id"]), Json::Null, 200, 6);
    assert_eq!(deal(&bench, id)["update_time"], NOW);
}

#[test]
fn deals_are_deleted_merged_and_converted() {
    let bench = Bench::new(100);
    let ids = live(&bench, 4);
    let (a, b, c, d) = (ids[0], ids[1], ids[2], ids[3]);
    let gone = bench.written(&format!("DELETE /api/v2/deals/{a}"), Json::Null, 200, 3);
    assert_eq!(gone, json!({"id": a}));
    assert_eq!(deal(&bench, a)["is_deleted"], true);
    let merged =
        bench.written(&format!("PUT /v1/deals/{b}/merge"), json!({"merge_with_id": c}), 200, 40);
    assert_eq!((&merged["id"], &merged["merge_what_id"]), (&json!(c), &json!(b)));
    assert_eq!(merged["update_time"], "2026-02-03 16:40:21");
    assert_eq!(
        (&deal(&bench, b)["is_deleted"], &deal(&bench, c)["is_deleted"]),
        (&json!(true), &json!(false))
    );
    let job = bench.written(&format!("POST /api/v2/deals/{d}/convert/lead"), Json::Null, 200, 40);
    let job = job["conversion_id"].as_str().unwrap();
    let state = bench.json(&format!("/api/v2/deals/{d}/convert/status/{job}"));
    assert_eq!(
        (&state["data"]["status"], &deal(&bench, d)["is_deleted"]),
        (&json!("completed"), &json!(true))
    );
}
