//! Writes that are refused, that fail half-way, or whose answer is lost.

use serde_json::json;

use super::{rows_read::*, writes::known, *};

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let bench = Bench::new(50);
    let (id, [_, _, _, product]) = (bare(&bench), known(&bench));
    let (deals, d) = ("/api/v2/deals".to_owned(), format!("/api/v2/deals/{id}"));
    let at = |rest: &str| format!("{d}/{rest}");
    let line = json!({"product_id": product, "item_price": 1, "quantity": 1});
    let with = |name: &str, value: Json| {
        let mut line = line.clone();
        line[name] = value;
        line
    };
    let table = [
        ("POST", &deals, json!({}), 400, "title: The value is required"),
        ("POST", &deals, json!([]), 400, "body must be object"),
        ("POST", &deals, Json::Null, 400, "body must be object"),
        ("PATCH", &d, json!({"title": 1}), 400, "title: The value is not a valid 'string'"),
        ("PATCH", &d, json!({"titel": "x"}), 400, "titel: Unknown key 'titel'"),
        ("PATCH", &d, json!({"value": "1"}), 400, "value: The value is not a valid 'number'"),
        ("PATCH", &d, json!({"value": 0.001}), 400, "two decimals"),
        ("PATCH", &d, json!({"stage_id": 9999}), 400, "stage_id: Stage not found"),
        ("PATCH", &d, json!({"owner_id": 9999}), 400, "owner_id: User not found"),
        ("PATCH", &d, json!({"status": "gone"}), 400, "status: 'gone' is not one of"),
        ("PATCH", &d, json!({"lost_reason": "x", "status": "won"}), 400, "only be set if"),
        ("PATCH", &d, json!({"visible_to": 2}), 400, "visible_to"),
        ("PATCH", &d, json!({"label_ids": [1_000_000]}), 400, "label_ids"),
        ("PATCH", &d, json!({"custom_fields": {"title": "x"}}), 400, "Unknown key 'title'"),
        ("PATCH", &d, json!({"add_time": NOW}), 400, "This emulator cannot set it"),
        ("PATCH", &d, json!({"archive_time": NOW}), 400, "if the deal is archived"),
        (
            "POST",
            &deals,
            json!({"title": "x", "archive_time": NOW}),
            400,
            "if the deal is archived",
        ),
        ("PATCH", &d, json!({"is_archived": true, "archive_time": "now"}), 400, "valid datetime"),
        ("PATCH", &d, json!({"is_archived": true, "archive_time": null}), 400, "valid 'string'"),
        ("PATCH", &d, json!({"expected_close_date": " "}), 400, "valid 'date'"),
        ("PATCH", &d, json!({"title": "x", "won_time": "2026-01-01T00:00:00Z"}), 400, "won_time"),
        ("PATCH", &at("products/1"), json!({"quantity": 1}), 404, "Entity was not found"),
        ("POST", &at("products"), json!({"product_id": 1}), 400, "required property 'item_price'"),
        (
            "POST",
            &at("products"),
            with("item_price", json!("1")),
            400,
            "body/item_price must be number",
        ),
        ("POST", &at("products"), with("product_id", json!(999_999)), 400, "Product not found"),
        ("POST", &at("products"), with("tax_method", json!("x")), 400, "one of the allowed values"),
        ("POST", &at("products"), with("billing_frequency", json!("weekly")), 400, "rules"),
        ("POST", &at("products"), with("discount", json!(101)), 400, "discount"),
        ("POST", &at("products"), with("quantity", json!(1e11)), 400, "This emulator takes"),
        ("POST", &at("products/bulk"), json!({"data": [line, {}]}), 400, "required property"),
        ("POST", &at("installments"), json!({"description": "x", "amount": 0}), 400, "must be > 0"),
        (
            "POST",
            &at("installments"),
            json!({"description": "x", "amount": 1, "billing_date": "2026-02-30"}),
            400,
            "format",
        ),
        (
            "POST",
            &at("installments"),
            json!({"description": "x", "amount": 1, "billing_date": "2026-03-10"}),
            400,
            "rules",
        ),
        ("POST", &at("discounts"), json!({"description": "x", "amount": 1}), 400, "'type'"),
        ("DELETE", &at("discounts/none"), Json::Null, 404, "Entity was not found"),
        (
            "POST",
            &at("followers"),
            json!({"user_id": 999_999}),
            400,
            "body/user_id: User not found",
        ),
        ("DELETE", &at("followers/999"), Json::Null, 404, ""),
        ("PUT", &format!("/v1/deals/{id}/merge"), json!({"merge_with_id": id}), 400, "rules"),
        (
            "PUT",
            &format!("/v1/deals/{id}/merge"),
            json!({"merge_with_id": 999_999}),
            404,
            "Deal not found",
        ),
        ("POST", &format!("/v1/deals/{id}/participants"), json!({}), 400, "'person_id'"),
        ("PATCH", &"/api/v2/deals/999999".to_owned(), json!({"title": "x"}), 404, "Deal not found"),
        ("DELETE", &"/api/v2/deals/999999".to_owned(), Json::Null, 404, "Deal not found"),
        (
            "POST",
            &"/api/v2/deals/999999/convert/lead".to_owned(),
            Json::Null,
            404,
            "Entity was not found",
        ),
        ("PUT", &d, json!({"title": "x"}), 405, "Method not allowed"),
        ("GET", &at("installments"), Json::Null, 405, "Method not allowed"),
        ("POST", &"/v1/nothing".to_owned(), json!({}), 404, "Unknown method."),
    ];
    let (before, known) = {
        let world = bench.emulator.world();
        (world.deal_json(id), world.history().len())
    };
    for (method, path, body, status, text) in table {
        let (got, answer, _) = bench.write(method, path, &body);
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(
            (got, &answer["success"]),
            (status, &json!(false)),
            "{method} {path} {body}: {answer}"
        );
        assert!(error.contains(text), "{method} {path} {body}: {error}");
    }
    let world = bench.emulator.world();
    assert_eq!((world.deal_json(id), world.history().len()), (before, known));
}

#[test]
fn a_write_of_several_edits_is_carried_out_whole_or_not_at_all() {
    let bench = Bench::new(50);
    let (id, [_, _, _, product]) = (bare(&bench), known(&bench));
    let line = json!({"product_id": product, "item_price": 1, "quantity": 1});
    let mut wrong = line.clone();
    wrong["billing_frequency"] = json!("weekly");
    let before = bench.emulator.world().deal_json(id);
    let path = format!("/api/v2/deals/{id}/products/bulk");
    assert_eq!(bench.write("POST", &path, &json!({"data": [line, wrong]})).0, 400);
    let world = bench.emulator.world();
    assert_eq!(world.deal_json(id), before);
    assert!(world.history().is_empty());
}

#[test]
fn deleted_purged_archived_and_hidden_deals_are_out_of_reach() {
    let bench = Bench::new(50);
    let ids = live(&bench, 3);
    let (a, b, c) = (ids[0], ids[1], ids[2]);
    let title = json!({"title": "x"});
    let patch = |id: Id| bench.write("PATCH", &format!("/api/v2/deals/{id}"), &title);
    bench.edit(Edit::DeleteDeal(a));
    assert_eq!(patch(a).0, 403);
    assert_eq!(bench.write("DELETE", &format!("/api/v2/deals/{a}"), &Json::Null).0, 403);
    bench.clock.advance(MONTH);
    assert_eq!(patch(a).0, 404);
    bench.edit(Edit::ArchiveDeal(b));
    let (status, body, cost) = patch(b);
    assert_eq!((status, cost), (403, 5), "{body}");
    bench.emulator.switch(|switches| switches.archived_editable = true);
    assert_eq!(patch(b).0, 200);
    bench.edit(Edit::ChangeDeal(c, DealChange::VisibleTo(1)));
    let owner = bench.emulator.world().deal(c).unwrap().owner_id;
    let other = bench.emulator.world().company().users.keys().copied().find(|id| *id != owner);
    bench.emulator.switch(|switches| (switches.admin, switches.user_id) = (false, other));
    assert_eq!(patch(c).0, 404);
}

#[test]
fn a_lost_answer_leaves_the_write_done_and_a_refused_one_does_not() {
    let bench = Bench::new(20);
    let id = bare(&bench);
    let path = format!("/api/v2/deals/{id}");
    let faults = [
        (Fault::Reset, true),
        (Fault::Status { code: 503, headers: Vec::new(), body: String::new() }, false),
        (Fault::TooMany(Told::Burst), false),
    ];
    for (nth, (fault, done)) in faults.into_iter().enumerate() {
        let title = format!("Title {nth}");
        bench.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault });
        let body = Bytes::from(json!({"title": title}).to_string());
        let request = http::Request::patch(&path).header("x-api-token", TOKEN).body(body).unwrap();
        let _ = bench.emulator.handle(request);
        assert_eq!(deal(&bench, id)["title"] == title.as_str(), done, "{title}");
    }
}

#[test]
fn a_plan_without_installments_refuses_them() {
    let bench = Bench::new(100);
    let path = format!("/api/v2/deals/{}/installments", with_installments(&bench));
    let body = json!({"description": "Fee", "amount": 10, "billing_date": "2026-03-10"});
    for (plan, status) in [
        (Installments::PaymentRequired, 402),
        (Installments::Forbidden, 403),
        (Installments::Nothing, 403),
        (Installments::NotEnabled, 415),
        (Installments::There, 200),
    ] {
        bench.emulator.switch(|switches| switches.installments = plan);
        assert_eq!(bench.write("POST", &path, &body).0, status, "{plan:?}");
    }
}
