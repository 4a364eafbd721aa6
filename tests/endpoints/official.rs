//! The official examples, through the real client and engine into a real database: every member has its column.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use pipedrive_mirror::{
    api::{Client, HttpTransport, Options},
    clock::SystemClock,
    entity::ENTITIES,
    id::ApiToken,
    schedule::Schedule,
    store::{Lock, Store, StoreLedger, Writer},
    sync::{Engine, Mode, Outcome, Report, Settings, Take, Unobserved, Wanted},
};
use rusqlite::{Connection, types::Value as Sql};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path},
};

use crate::support::{PATIENT, SECRET};

fn example(name: &str) -> Json {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn data(name: &str) -> Vec<Json> {
    example(name)["data"].as_array().unwrap().clone()
}

/// The deals of the examples as the list by time shows them; one of them carries all optional members.
fn deals() -> Vec<Json> {
    let mut deals = data("deals_list_page1.json");
    deals[0] = example("deal_get_with_include_fields.json")["data"].clone();
    deals.extend(data("deals_list_last_page.json"));
    deals.extend(data("deals_list_deleted.json"));
    deals.sort_by_key(|deal| deal["update_time"].as_str().unwrap().to_owned());
    deals
}

fn fields() -> Vec<Json> {
    [data("deal_fields.json"), data("deal_fields_page2.json")].concat()
}

/// Answers with two rows a page.
fn paged(rows: Vec<Json>) -> impl Fn(&Request) -> ResponseTemplate {
    move |request| {
        let cursor = request.url.query_pairs().find(|(name, _)| name == "cursor");
        let start: usize = cursor.map_or(0, |(_, place)| place.parse().unwrap());
        let end = (start + 2).min(rows.len());
        let next = (end < rows.len()).then(|| end.to_string());
        answer(&json!({
            "success": true,
            "data": rows[start..end],
            "additional_data": {"next_cursor": next},
        }))
    }
}

fn answer(body: &Json) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_string(body.to_string())
        .insert_header("date", "Tue, 18 Aug 2026 10:00:00 GMT")
}

async fn source() -> MockServer {
    let server = MockServer::start().await;
    let mount = |at: &'static str| {
        Mock::given(method("GET")).and(path(at)).and(header("x-api-token", SECRET))
    };
    mount("/v1/users/me").respond_with(answer(&example("users_me.json"))).mount(&server).await;
    mount("/api/v2/dealFields").respond_with(paged(fields())).mount(&server).await;
    mount("/api/v2/deals").respond_with(paged(deals())).mount(&server).await;
    mount("/api/v2/deals/archived")
        .respond_with(paged(data("deals_archived.json")))
        .mount(&server)
        .await;
    let live = deals().iter().filter(|deal| deal["is_deleted"] != true).count();
    let summary = json!({"success": true, "data": {"total_count": live}});
    mount("/v1/deals/summary").respond_with(answer(&summary)).mount(&server).await;
    server
}

async fn backfill(base: &str, database: &std::path::Path) -> Report {
    let store = Store::open(Lock::acquire(database).unwrap(), 0o600).unwrap();
    let (writer, thread) = Writer::spawn(store).unwrap();
    let transport = HttpTransport::new(base.parse().unwrap(), PATIENT, 1_000_000).unwrap();
    let clock = Arc::new(SystemClock::new());
    let client = Client::new(
        Arc::new(transport),
        clock.clone(),
        Arc::new(StoreLedger(writer.clone())),
        ApiToken::new(SECRET).unwrap(),
        &Options { attempts: 1, ..Options::default() },
    );
    let settings = Settings::new(base);
    let stop = CancellationToken::new();
    let engine = Engine::new(client, writer, clock, stop, Arc::new(Unobserved), settings);
    let wanted: Vec<Wanted> = ENTITIES
        .iter()
        .map(|&entity| Wanted {
            entity,
            schedule: entity.schedule.map(|text| Schedule::parse(text).unwrap()),
            take: Take::WhenDue,
        })
        .filter(|wanted| ["deal_fields", "deals", "deals_archived"].contains(&wanted.entity.name))
        .collect();
    let report = engine.run(&Mode::Backfill { since: None, restart: false }, &wanted).await;
    drop(engine);
    tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
    report
}

async fn mirror() -> (tempfile::TempDir, Connection, Report) {
    let (server, folder) = (source().await, tempfile::tempdir().unwrap());
    let database = folder.path().join("mirror.db");
    let report = backfill(&server.uri(), &database).await;
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    (folder, Connection::open(database).unwrap(), report)
}

/// Returns the one row that `sql` answers, by column.
fn row(mirror: &Connection, sql: &str) -> BTreeMap<String, Sql> {
    let mut query = mirror.prepare(sql).unwrap();
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    query
        .query_one([], |row| {
            names.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get(at)?))).collect()
        })
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Returns what the column `name` holds, as the API would write it where it is a plain value.
fn plain(row: &BTreeMap<String, Sql>, name: &str) -> Json {
    match row.get(name).unwrap_or_else(|| panic!("there is no column {name}")) {
        Sql::Null => Json::Null,
        Sql::Integer(number) => json!(number),
        Sql::Real(number) => json!(number),
        Sql::Text(text) => json!(text),
        Sql::Blob(_) => panic!("{name} holds bytes"),
    }
}

#[track_caller]
fn assert_same(stored: &Json, came: &Json, what: &str) {
    let came = match came {
        Json::Bool(truth) => json!(i64::from(*truth)),
        other => other.clone(),
    };
    let same = stored == &came || stored.is_number() && stored.as_f64() == came.as_f64();
    assert!(same, "{what} is {stored}, not {came}");
}

/// Returns the elements that `sql` answers, as JSON numbers.
fn numbers(mirror: &Connection, sql: &str) -> Json {
    let mut query = mirror.prepare(sql).unwrap();
    let found: Vec<i64> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    json!(found)
}

#[tokio::test]
async fn every_member_of_every_deal_stands_in_its_column() {
    let (_folder, mirror, report) = mirror().await;
    let all = [deals(), data("deals_archived.json")].concat();
    assert_eq!(report.entities.iter().map(|entity| entity.misfits).sum::<u64>(), 0);
    let mut seen = 0;
    for deal in &all {
        let id = deal["id"].as_i64().unwrap();
        let stored = row(&mirror, &format!("SELECT * FROM deals WHERE id = {id}"));
        for (name, value) in deal.as_object().unwrap() {
            match name.as_str() {
                "label_ids" => {
                    let sql =
                        format!("SELECT label_id FROM deal_labels WHERE deal_id = {id} ORDER BY 1");
                    assert_eq!(numbers(&mirror, &sql), *value, "labels of {id}");
                }
                "custom_fields" => seen += assert_custom(&mirror, id, value),
                name => {
                    assert_same(&plain(&stored, name), value, &format!("{name} of {id}"));
                    seen += 1;
                }
            }
        }
        let raw: String = mirror
            .query_row("SELECT json FROM deal_raw WHERE deal_id = ?1", [id], |row| row.get(0))
            .unwrap();
        assert_eq!(raw, deal.to_string());
    }
    assert!(seen > 5 * (35 + 15) + 15, "only {seen} members were compared");
    let rows: i64 = mirror.query_row("SELECT count(*) FROM deals", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 5);
}

fn assert_custom(mirror: &Connection, id: i64, values: &Json) -> usize {
    let stored = row(mirror, &format!("SELECT * FROM deal_custom_fields WHERE deal_id = {id}"));
    let mut seen = 0;
    for (code, value) in values.as_object().unwrap() {
        let field = row(mirror, &format!("SELECT * FROM deal_fields WHERE field_code = '{code}'"));
        let column = plain(&field, "_column").as_str().unwrap().to_owned();
        let what = format!("custom field {code} of {id}");
        match value {
            Json::Object(members) => {
                for (member, value) in members {
                    let column = match member.as_str() {
                        "value" => column.clone(),
                        member => format!("{column}_{member}"),
                    };
                    assert_same(&plain(&stored, &column), value, &what);
                    seen += 1;
                }
            }
            Json::Array(_) => {
                let text = plain(&stored, &column);
                assert_eq!(serde_json::from_str::<Json>(text.as_str().unwrap()).unwrap(), *value);
                let sql = format!(
                    "SELECT option_id FROM deal_custom_field_options
                     WHERE deal_id = {id} AND field_code = '{code}' ORDER BY 1"
                );
                assert_eq!(numbers(mirror, &sql), *value, "{what}");
                seen += 1;
            }
            scalar => {
                assert_same(&plain(&stored, &column), scalar, &what);
                seen += 1;
            }
        }
    }
    seen
}

#[tokio::test]
async fn every_member_of_every_field_stands_in_its_column_or_its_options() {
    let (_folder, mirror, _) = mirror().await;
    let mut options = 0;
    for field in fields() {
        let code = field["field_code"].as_str().unwrap();
        let stored =
            row(&mirror, &format!("SELECT * FROM deal_fields WHERE field_code = '{code}'"));
        for (name, value) in field.as_object().unwrap() {
            match (name.as_str(), value) {
                ("options", Json::Array(all)) => {
                    for option in all {
                        assert_option(&mirror, code, option);
                        options += 1;
                    }
                }
                ("options", _) => assert!(value.is_null()),
                ("subfields", Json::Array(_)) => {
                    let text = plain(&stored, name);
                    let kept: Json = serde_json::from_str(text.as_str().unwrap()).unwrap();
                    assert_eq!(kept, *value, "{name} of {code}");
                }
                (name, value) => {
                    assert_same(&plain(&stored, name), value, &format!("{name} of {code}"));
                }
            }
        }
        assert_eq!(
            plain(&stored, "_column").is_string(),
            field["is_custom_field"] == true,
            "{code}"
        );
    }
    let count = "SELECT (SELECT count(*) FROM deal_field_options) + (SELECT count(*) FROM deal_field_text_options)";
    let stored: i64 = mirror.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(stored, options);
}

fn assert_option(mirror: &Connection, code: &str, option: &Json) {
    let (table, id) = match &option["id"] {
        Json::Number(id) => ("deal_field_options", id.to_string()),
        id => ("deal_field_text_options", format!("'{}'", id.as_str().unwrap())),
    };
    let stored = row(
        mirror,
        &format!("SELECT * FROM {table} WHERE field_code = '{code}' AND option_id = {id}"),
    );
    for (name, value) in option.as_object().unwrap() {
        let column = if name == "id" { "option_id" } else { name };
        assert_same(&plain(&stored, column), value, &format!("{name} of option {id} of {code}"));
    }
}

#[tokio::test]
async fn the_account_is_the_one_that_the_token_belongs_to() {
    let (_folder, mirror, report) = mirror().await;
    let (me, stored) = (example("users_me.json"), row(&mirror, "SELECT * FROM sync_account"));
    let me = &me["data"];
    for (column, member) in [
        ("company_id", "company_id"),
        ("company_name", "company_name"),
        ("company_domain", "company_domain"),
        ("user_id", "id"),
    ] {
        assert_eq!(plain(&stored, column), me[member], "{column}");
    }
    assert_eq!(plain(&stored, "is_admin"), 1);
    assert!(report.notes.is_empty());
    let user: String = mirror
        .query_row("SELECT group_concat(name) FROM pragma_table_info('sync_account')", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(!user.contains("email"), "{user}");
}
