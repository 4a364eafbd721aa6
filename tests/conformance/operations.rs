//! The operations, and the calls that show each with all it can have.
//!
//! A call is the status, the path and, of a write, the body. Names in braces are those of [`crate::account::Account`].

/// An endpoint of the emulator and the calls that try it.
pub(crate) type Operation = (&'static str, &'static [&'static str]);

/// Every operation that the emulator answers.
#[rustfmt::skip]
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GET /api/v2/deals", &[
        "200 /api/v2/deals?limit=120&include_fields={optional}",
        "200 /api/v2/deals?status=won,deleted&include_option_labels=true&include_labels=true",
        "200 /api/v2/deals?custom_fields={codes}&sort_by=update_time&limit=99",
        "200 /api/v2/deals?updated_since=2026-02-03T23:00:00Z", "400 /api/v2/deals?limit=x"]),
    ("POST /api/v2/deals", &[
        r#"200 /api/v2/deals {"title":"A","value":1.5,"currency":"EUR","person_id":{person},"org_id":{organization},"status":"won"}"#,
        r#"200 /api/v2/deals {"title":"B"}"#, "400 /api/v2/deals {}", "400 /api/v2/deals []"]),
    ("GET /api/v2/deals/archived", &[
        "200 /api/v2/deals/archived?limit=5&include_fields={optional}",
        "200 /api/v2/deals/archived?updated_since=2026-02-03T23:00:00Z", "400 /api/v2/deals/archived?sort_by=x"]),
    ("GET /api/v2/deals/search", &[
        "200 /api/v2/deals/search?term=an&limit=20&include_fields=deal.cc_email", "200 /api/v2/deals/search?term=zzzzzz", "400 /api/v2/deals/search"]),
    ("GET /api/v2/deals/products", &[
        "200 /api/v2/deals/products?deal_ids={many}&limit=50", "200 /api/v2/deals/products?deal_ids={bare}", "400 /api/v2/deals/products"]),
    ("GET /api/v2/deals/installments", &[
        "200 /api/v2/deals/installments?deal_ids={many}&limit=20", "200 /api/v2/deals/installments?deal_ids={bare}", "400 /api/v2/deals/installments"]),
    ("GET /api/v2/deals/{id}", &[
        "200 /api/v2/deals/{open}?include_fields={optional}",
        "200 /api/v2/deals/{won}?include_option_labels=true&include_labels=true", "200 /api/v2/deals/{lost}", "200 /api/v2/deals/{archived}",
        "200 /api/v2/deals/{deleted}", "404 /api/v2/deals/{nothing}", "400 /api/v2/deals/{open}?custom=1"]),
    ("PATCH /api/v2/deals/{id}", &[
        r#"200 /api/v2/deals/{open} {"title":"C","status":"lost","lost_reason":"too dear"}"#, r#"200 /api/v2/deals/{won} {"is_archived":true}"#,
        r#"403 /api/v2/deals/{deleted} {"title":"D"}"#, r#"403 /api/v2/deals/{archived} {"title":"D"}"#,
        r#"404 /api/v2/deals/{nothing} {"title":"D"}"#, r#"400 /api/v2/deals/{lost} {"stage_id":"x"}"#]),
    ("DELETE /api/v2/deals/{id}", &["200 /api/v2/deals/{open}", "404 /api/v2/deals/{nothing}"]),
    ("GET /api/v2/deals/{id}/products", &[
        "200 /api/v2/deals/{lined}/products?limit=1", "200 /api/v2/deals/{bare}/products", "404 /api/v2/deals/{nothing}/products"]),
    ("POST /api/v2/deals/{id}/products", &[
        r#"201 /api/v2/deals/{lined}/products {"product_id":{product},"item_price":10.5,"quantity":2,"comments":"soon","tax":5}"#,
        r#"400 /api/v2/deals/{lined}/products {"product_id":{product}}"#,
        r#"404 /api/v2/deals/{nothing}/products {"product_id":{product},"item_price":1,"quantity":2}"#,
        r#"403 /api/v2/deals/{archived}/products {"product_id":{product},"item_price":1,"quantity":2}"#]),
    ("POST /api/v2/deals/{id}/products/bulk", &[
        r#"201 /api/v2/deals/{lined}/products/bulk {"data":[{"product_id":{product},"item_price":10.5,"quantity":2},{"product_id":{product},"item_price":1,"quantity":1}]}"#,
        "400 /api/v2/deals/{lined}/products/bulk {}"]),
    ("PATCH /api/v2/deals/{id}/products/{id}", &[
        r#"200 /api/v2/deals/{lined}/products/{line} {"quantity":3,"discount":10,"discount_type":"amount"}"#,
        r#"404 /api/v2/deals/{lined}/products/{nothing} {"quantity":3}"#]),
    ("DELETE /api/v2/deals/{id}/products/{id}", &[
        "200 /api/v2/deals/{lined}/products/{line}", "404 /api/v2/deals/{lined}/products/{nothing}"]),
    ("POST /api/v2/deals/{id}/installments", &[
        r#"200 /api/v2/deals/{staged}/installments {"description":"Fee","amount":10,"billing_date":"2026-03-10"}"#,
        r#"400 /api/v2/deals/{staged}/installments {"description":"Fee"}"#,
        r#"404 /api/v2/deals/{nothing}/installments {"description":"Fee","amount":10,"billing_date":"2026-03-10"}"#]),
    ("PATCH /api/v2/deals/{id}/installments/{id}", &[
        r#"200 /api/v2/deals/{staged}/installments/{installment} {"amount":11.5}"#,
        r#"404 /api/v2/deals/{staged}/installments/{nothing} {"amount":11.5}"#]),
    ("DELETE /api/v2/deals/{id}/installments/{id}", &[
        "200 /api/v2/deals/{staged}/installments/{installment}", "404 /api/v2/deals/{staged}/installments/{nothing}"]),
    ("GET /api/v2/deals/{id}/discounts", &[
        "200 /api/v2/deals/{discounted}/discounts", "200 /api/v2/deals/{bare}/discounts", "404 /api/v2/deals/{nothing}/discounts"]),
    ("POST /api/v2/deals/{id}/discounts", &[
        r#"201 /api/v2/deals/{discounted}/discounts {"description":"10%","amount":10,"type":"percentage"}"#,
        r#"400 /api/v2/deals/{discounted}/discounts {"description":"10%","amount":10,"type":"x"}"#]),
    ("PATCH /api/v2/deals/{id}/discounts/{key}", &[
        r#"200 /api/v2/deals/{discounted}/discounts/{discount} {"amount":11.5}"#, r#"404 /api/v2/deals/{discounted}/discounts/{nothing} {"amount":1}"#]),
    ("DELETE /api/v2/deals/{id}/discounts/{key}", &[
        "200 /api/v2/deals/{discounted}/discounts/{discount}", "404 /api/v2/deals/{discounted}/discounts/{nothing}"]),
    ("GET /api/v2/deals/{id}/followers", &[
        "200 /api/v2/deals/{followed}/followers?limit=1", "200 /api/v2/deals/{bare}/followers", "404 /api/v2/deals/{nothing}/followers"]),
    ("POST /api/v2/deals/{id}/followers", &[
        r#"201 /api/v2/deals/{bare}/followers {"user_id":{me}}"#, r#"400 /api/v2/deals/{bare}/followers {}"#,
        r#"404 /api/v2/deals/{nothing}/followers {"user_id":{me}}"#]),
    ("GET /api/v2/deals/{id}/followers/changelog", &[
        "200 /api/v2/deals/{followed}/followers/changelog?limit=1", "200 /api/v2/deals/{bare}/followers/changelog",
        "404 /api/v2/deals/{nothing}/followers/changelog"]),
    ("DELETE /api/v2/deals/{id}/followers/{id}", &[
        "200 /api/v2/deals/{followed}/followers/{follower}", "404 /api/v2/deals/{followed}/followers/{nothing}"]),
    ("POST /api/v2/deals/{id}/convert/lead", &[
        "200 /api/v2/deals/{open}/convert/lead", "404 /api/v2/deals/{nothing}/convert/lead"]),
    ("GET /api/v2/deals/{id}/convert/status/{key}", &[
        "200 /api/v2/deals/{converted}/convert/status/{conversion}", "200 /api/v2/deals/{converting}/convert/status/{running}",
        "404 /api/v2/deals/{open}/convert/status/{conversion}"]),
    ("GET /api/v2/dealFields", &[
        "200 /api/v2/dealFields?limit=30", "200 /api/v2/dealFields?include_fields=ui_visibility,important_fields,required_fields",
        "400 /api/v2/dealFields?cursor=x"]),
    ("GET /api/v2/pipelines", &["200 /api/v2/pipelines?limit=1", "400 /api/v2/pipelines?x=1"]),
    ("GET /api/v2/pipelines/{id}", &["200 /api/v2/pipelines/{pipeline}", "404 /api/v2/pipelines/{nothing}"]),
    ("GET /api/v2/stages", &["200 /api/v2/stages?limit=4", "200 /api/v2/stages?pipeline_id={nothing}", "400 /api/v2/stages?x=1"]),
    ("GET /api/v2/stages/{id}", &["200 /api/v2/stages/{stage}", "404 /api/v2/stages/{nothing}"]),
    ("GET /api/v2/persons", &[
        "200 /api/v2/persons?limit=40&include_fields=next_activity_id,marketing_status", "200 /api/v2/persons?ids={nothing}", "400 /api/v2/persons?x=1"]),
    ("GET /api/v2/persons/{id}", &["200 /api/v2/persons/{person}", "404 /api/v2/persons/{nothing}"]),
    ("GET /api/v2/organizations", &[
        "200 /api/v2/organizations?limit=40", "200 /api/v2/organizations?ids={nothing}", "400 /api/v2/organizations?x=1"]),
    ("GET /api/v2/organizations/{id}", &["200 /api/v2/organizations/{organization}", "404 /api/v2/organizations/{nothing}"]),
    ("GET /api/v2/products", &["200 /api/v2/products?limit=7", "200 /api/v2/products?ids={nothing}", "400 /api/v2/products?x=1"]),
    ("GET /api/v2/products/{id}", &["200 /api/v2/products/{product}", "404 /api/v2/products/{nothing}"]),
    ("GET /v1/deals/summary", &["200 /v1/deals/summary", "200 /v1/deals/summary?status=won", "400 /v1/deals/summary?status=x"]),
    ("GET /v1/deals/timeline", &[
        "200 /v1/deals/timeline?start_date=2025-12-01&interval=month&amount=2&field_key=add_time",
        "200 /v1/deals/timeline?start_date=2025-12-01&interval=quarter&amount=1&field_key=add_time&totals_convert_currency=default_currency",
        "200 /v1/deals/timeline?start_date=2025-12-01&interval=day&amount=2&field_key=won_time&totals_convert_currency=default_currency",
        "400 /v1/deals/timeline"]),
    ("GET /v1/deals/{id}/participants", &[
        "200 /v1/deals/{joined}/participants?limit=1", "200 /v1/deals/{busy}/participants", "200 /v1/deals/{bare}/participants", "404 /v1/deals/{nothing}/participants"]),
    ("POST /v1/deals/{id}/participants", &[
        r#"200 /v1/deals/{bare}/participants {"person_id":{person}}"#, "400 /v1/deals/{bare}/participants {}",
        r#"404 /v1/deals/{nothing}/participants {"person_id":{person}}"#]),
    ("DELETE /v1/deals/{id}/participants/{id}", &[
        "200 /v1/deals/{joined}/participants/{participant}", "404 /v1/deals/{joined}/participants/{nothing}"]),
    ("GET /v1/deals/{id}/participantsChangelog", &[
        "200 /v1/deals/{joined}/participantsChangelog?limit=1", "200 /v1/deals/{bare}/participantsChangelog",
        "404 /v1/deals/{nothing}/participantsChangelog"]),
    ("PUT /v1/deals/{id}/merge", &[
        r#"200 /v1/deals/{lined}/merge {"merge_with_id":{other}}"#, r#"404 /v1/deals/{nothing}/merge {"merge_with_id":{other}}"#]),
    ("GET /v1/users", &["200 /v1/users"]),
    ("GET /v1/users/me", &["200 /v1/users/me"]),
    ("GET /v1/currencies", &["200 /v1/currencies", "200 /v1/currencies?term=zzz"]),
    ("DELETE /api/v2/deals/{id}/products", &[
        "200 /api/v2/deals/{lined}/products?ids={line}", "400 /api/v2/deals/{lined}/products?ids=x"]),
    ("GET /api/v2/dealFields/{key}", &[
        "200 /api/v2/dealFields/{code}", "200 /api/v2/dealFields/{address}?include_fields=ui_visibility,important_fields,required_fields",
        "200 /api/v2/dealFields/stage_id", "200 /api/v2/dealFields/label_ids", "404 /api/v2/dealFields/nothing"]),
    ("GET /api/v2/activities", &[
        "200 /api/v2/activities?limit=100&include_fields=attendees", "200 /api/v2/activities?ids={nothing}",
        "400 /api/v2/activities?x=1"]),
    ("GET /v1/deals/summary/archived", &["200 /v1/deals/summary/archived", "400 /v1/deals/summary/archived?status=x"]),
    ("GET /v1/deals/timeline/archived", &[
        "200 /v1/deals/timeline/archived?start_date=2025-12-01&interval=month&amount=2&field_key=add_time",
        "200 /v1/deals/timeline/archived?start_date=2025-06-01&interval=quarter&amount=1&field_key=add_time&totals_convert_currency=default_currency",
        "400 /v1/deals/timeline/archived"]),
    ("GET /v1/deals/{id}/changelog", &[
        "200 /v1/deals/{busy}/changelog?limit=1", "200 /v1/deals/{bare}/changelog", "404 /v1/deals/{nothing}/changelog"]),
    ("GET /v1/deals/{id}/flow", &[
        "200 /v1/deals/{busy}/flow?limit=3", "200 /v1/deals/{busy}/flow?all_changes=1", "404 /v1/deals/{nothing}/flow"]),
    ("GET /v1/deals/{id}/files", &[
        "200 /v1/deals/{busy}/files?limit=2", "200 /v1/deals/{bare}/files", "404 /v1/deals/{nothing}/files"]),
    ("GET /v1/deals/{id}/mailMessages", &[
        "200 /v1/deals/{busy}/mailMessages?limit=2&include_body=1", "200 /v1/deals/{bare}/mailMessages", "404 /v1/deals/{nothing}/mailMessages"]),
    ("GET /v1/deals/{id}/permittedUsers", &[
        "200 /v1/deals/{open}/permittedUsers", "404 /v1/deals/{nothing}/permittedUsers"]),
    ("POST /v1/deals/{id}/duplicate", &[
        "200 /v1/deals/{lined}/duplicate", "404 /v1/deals/{nothing}/duplicate"]),
    ("GET /v1/notes", &[
        "200 /v1/notes?limit=20", "200 /v1/notes?deal_id={busy}", "200 /v1/notes?sort=add_time%20DESC&limit=20"]),
    ("GET /v1/deals/collection", &["200 /v1/deals/collection?limit=100", "400 /v1/deals/collection?since=x"]),
    ("GET /v1/deals/{id}/activities", &["200 /v1/deals/{busy}/activities?limit=2", "404 /v1/deals/{nothing}/activities"]),
    ("GET /v1/deals/{id}/persons", &["200 /v1/deals/{joined}/persons?limit=1", "404 /v1/deals/{nothing}/persons"]),
    ("DELETE /v1/deals", &["200 /v1/deals?ids={open},{lost}", "400 /v1/deals"]),
];
