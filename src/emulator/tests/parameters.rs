//! Filters, and what is refused.

use super::*;

#[test]
fn every_filter_admits_what_it_names_and_nothing_else() {
    let bench = Bench::new(600);
    let all = bench.walk(&format!("/api/v2/deals?limit=500&{ALL}"), |_| ());
    let sample =
        all.iter().find(|deal| !deal["org_id"].is_null() && !deal["person_id"].is_null()).unwrap();
    for (parameter, member) in [
        ("owner_id", "owner_id"),
        ("person_id", "person_id"),
        ("org_id", "org_id"),
        ("pipeline_id", "pipeline_id"),
        ("stage_id", "stage_id"),
    ] {
        let wanted = &sample[member];
        let expected =
            all.iter().filter(|deal| deal[member] == *wanted).cloned().collect::<Vec<_>>();
        let got =
            bench.walk(&format!("/api/v2/deals?limit=500&{ALL}&{parameter}={wanted}"), |_| ());
        assert_eq!(got, expected, "{parameter}");
    }
    for status in ["open", "won", "lost", "deleted"] {
        let expected = all.iter().filter(|deal| deal["status"] == status).count();
        assert!(expected > 0, "{status}");
        assert_eq!(bench.ids(&format!("/api/v2/deals?limit=500&status={status}")).len(), expected);
    }
}

#[test]
fn ids_name_deals_and_leave_out_what_is_not_there() {
    let bench = Bench::new(300);
    let (live, archived, deleted) = {
        let world = bench.emulator.world();
        let live = world.live_ids().take(3).collect::<Vec<_>>();
        (live, world.archived_ids().next().unwrap(), world.deleted_ids().next().unwrap())
    };
    let list =
        format!("{},{archived},{},{deleted},999999,{},{}", live[2], live[0], live[1], live[0]);
    assert_eq!(bench.ids(&format!("/api/v2/deals?ids={list}")), live);
    assert_eq!(bench.ids(&format!("/api/v2/deals?ids={list}&limit=1&sort_direction=desc")), {
        let mut reversed = live.clone();
        reversed.reverse();
        reversed
    });
    assert_eq!(bench.ids(&format!("/api/v2/deals/archived?ids={list}")), [archived]);
}

#[test]
fn what_the_schema_does_not_allow_is_a_400() {
    let bench = Bench::new(5);
    let ids = (1..=101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let keys = vec!["a"; 16].join(",");
    for query in [
        "since=2026-01-01",
        "updated_since=2026-01-01T00:00:00.000Z",
        "updated_until=2026-01-01",
        "limit=501",
        "limit=0",
        "limit=ten",
        "sort_by=title",
        "sort_direction=up",
        "status=open,gone",
        "include_fields=custom_fields",
        "include_labels=1",
        "owner_id=x",
        "ids=1,x",
        "filter_id=1",
        "limit=1&limit=2",
        "cursor=eyJkZWFsIjo0fQ",
        "custom_fields=title",
        &format!("ids={ids}"),
        &format!("custom_fields={keys}"),
    ] {
        let (status, body) = bench.ask(&format!("/api/v2/deals?{query}"));
        assert_eq!((status, &body["success"]), (400, &Json::Bool(false)), "{query}: {body}");
    }
    let (_, body) = bench.ask("/api/v2/deals?updated_since=2026-01-01T00:00:00.5Z");
    assert_eq!(
        body["error"],
        "Validation failed: updated_since: The value is not a valid datetime"
    );
    assert_eq!(body["code"], "ERR_SCHEMA_VALIDATION_FAILED");
    for labels in ["include_labels=true", "include_option_labels=true"] {
        assert_eq!(bench.ask(&format!("/api/v2/deals/archived?{labels}")).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/deals?{labels}")).0, 200);
    }
}

#[test]
fn what_is_wrong_is_said_in_the_same_words_everywhere() {
    let bench = Bench::new(5);
    let ids = (1..=101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let keys = vec!["a"; 16].join(",");
    let unknown = "include_fields: Unknown key 'x'";
    let table = [
        ("/api/v2/deals", format!("ids={ids}"), "ids: At most 100 are allowed"),
        ("/api/v2/persons", format!("ids={ids}"), "ids: At most 100 are allowed"),
        ("/api/v2/activities", format!("ids={ids}"), "ids: At most 100 are allowed"),
        ("/api/v2/deals/products", format!("deal_ids={ids}"), "deal_ids: At most 100 are allowed"),
        ("/api/v2/deals", format!("custom_fields={keys}"), "custom_fields: At most 15 are allowed"),
        ("/api/v2/products", format!("custom_fields={keys}"), "custom_fields: At most 15 are"),
        ("/api/v2/deals", "include_fields=x".to_owned(), unknown),
        ("/api/v2/dealFields", "include_fields=x".to_owned(), unknown),
        ("/api/v2/persons", "include_fields=x".to_owned(), unknown),
        ("/api/v2/activities", "include_fields=x".to_owned(), unknown),
        ("/api/v2/deals/search", "term=abc&include_fields=x".to_owned(), unknown),
        ("/api/v2/deals", "limit=501".to_owned(), "limit: The value must be at most 500"),
        (
            "/v1/deals/timeline",
            "start_date=2026-01-01&interval=day&amount=1001&field_key=add_time".to_owned(),
            "amount: The value must be at most 1000",
        ),
        (
            "/v1/deals/timeline",
            "start_date=soon&interval=day&amount=1&field_key=add_time".to_owned(),
            "start_date: The value is not a valid 'date'",
        ),
    ];
    for (path, parameters, problem) in table {
        let (status, body) = bench.ask(&format!("{path}?{parameters}"));
        let error = body["error"].as_str().unwrap_or_default();
        assert!(status == 400 && error.contains(problem), "{path}: {problem}: {body}");
    }
}

#[test]
fn a_limit_over_the_most_is_clamped_by_a_switch() {
    let bench = Bench::with(700, Switches { over_limit: OverLimit::Clamp, ..Switches::default() });
    assert_eq!(bench.json("/api/v2/deals?limit=9999")["data"].as_array().unwrap().len(), 500);
    assert_eq!(bench.json("/api/v2/deals")["data"].as_array().unwrap().len(), 100);
}

#[test]
fn unknown_paths_answer_as_each_version_does() {
    let bench = Bench::new(1);
    let lost = bench.get("/api/v2/users/me");
    assert_eq!(lost.status(), 404);
    assert!(lost.body().starts_with(b"<!DOCTYPE html>"));
    assert_eq!(bench.ask("/v1/nothing").0, 404);
    assert_eq!(bench.ask("/api/v2/deals/999999").1["error"], "Deal not found");
    assert_eq!(bench.ask("/api/v1/users/me").0, 200);
    let post = http::Request::post("/api/v2/deals/archived")
        .header("x-api-token", TOKEN)
        .body(Bytes::new())
        .unwrap();
    assert_eq!(bench.emulator.handle(post).unwrap().status(), 405);
}

#[test]
fn an_id_too_long_for_any_record_is_one_that_none_has() {
    let bench = Bench::new(60);
    bench.emulator.switch(|switches| switches.removed_endpoints = Removed::There);
    let deal = bench.some_live().to_string();
    for Route { method, path } in ROUTES.iter().filter(|route| route.path.contains("{id}")) {
        let member = if path.contains("installments") { "description" } else { "comments" };
        let body = serde_json::json!({ member: "x" });
        let form = path.replace("{key}", "x");
        for known in 0..form.matches("{id}").count() {
            let form = form.replacen("{id}", &deal, known);
            let ask = |id: &str| {
                let (status, answer, _) = bench.write(method, &form.replace("{id}", id), &body);
                (status, answer)
            };
            let (status, answer) = ask("4000000000");
            assert!(status == 404 && answer["error"].is_string(), "{method} {form}: {answer}");
            for id in ["4294967295", "4294967296", "99999999999", "99999999999999999999"] {
                assert_eq!(ask(id), (status, answer.clone()), "{method} {form} {id}");
            }
        }
    }
}

#[test]
fn the_summary_counts_what_the_list_shows() {
    let bench = Bench::new(400);
    for filter in ["", "&status=won", "&stage_id=2", "&pipeline_id=1&status=open"] {
        let deals = bench.walk(&format!("/api/v2/deals?limit=500{filter}"), |_| ());
        let summary = bench.json(&format!("/v1/deals/summary?ignored=1{filter}"))["data"].clone();
        assert_eq!(summary["total_count"], deals.len(), "{filter}");
        let euros = deals.iter().filter(|deal| deal["currency"] == "EUR").collect::<Vec<_>>();
        let value = euros.iter().filter_map(|deal| deal["value"].as_f64()).sum::<f64>();
        let total = &summary["values_total"]["EUR"];
        assert_eq!(total["count"], euros.len(), "{filter}");
        assert!((total["value"].as_f64().unwrap() - value).abs() < 0.001, "{filter}");
    }
}
