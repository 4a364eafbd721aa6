//! Compares a mirror with the emulator's world, row for row and column for column.
//!
//! Written against the contract of the database, not against the code that fills it.

use std::collections::{BTreeMap, BTreeSet};

use pipedrive_mirror::emulator::Emulator;
use rusqlite::{Connection, types::Value as Sql};
use serde_json::{Map, Value as Json};

type Row = BTreeMap<String, Sql>;

/// Returns what differs, a line each.
pub fn differences(mirror: &Connection, source: &Emulator) -> Vec<String> {
    let mut found = Vec::new();
    let world = source.world();
    let ids: BTreeSet<u32> =
        world.live_ids().chain(world.archived_ids()).chain(world.deleted_ids()).collect();
    let columns = custom_columns(mirror);
    let mut deals = rows(mirror, "SELECT * FROM deals", "id");
    let mut customs = rows(mirror, "SELECT * FROM deal_custom_fields", "deal_id");
    let mut raws = rows(mirror, "SELECT * FROM deal_raw", "deal_id");
    let mut labels = sets(mirror, "SELECT deal_id, label_id FROM deal_labels");
    let mut options = sets(
        mirror,
        "SELECT deal_id, field_code || '/' || option_id FROM deal_custom_field_options",
    );
    for id in ids {
        let key = i64::from(id);
        let Some(row) = deals.remove(&key) else {
            found.push(format!("deal {id} is missing"));
            continue;
        };
        let Some(Json::Object(truth)) = world.deal_json(id) else {
            panic!("the world has deal {id}")
        };
        let custom = customs.remove(&key).unwrap_or_default();
        let labels = labels.remove(&key).unwrap_or_default();
        let options = options.remove(&key).unwrap_or_default();
        let mut differ = |what: String| found.push(format!("deal {id}: {what}"));
        compare_members(&truth, &row, &mut differ);
        compare_labels(&truth, &labels, &mut differ);
        compare_custom(&truth, &columns, &custom, &options, &mut differ);
        let raw: Json = match raws.remove(&key).and_then(|mut row| row.remove("json")) {
            // What cannot be parsed, such as a lone surrogate, differs.
            Some(Sql::Text(text)) => serde_json::from_str(&text).unwrap_or(Json::Null),
            other => panic!("deal {id} has no raw text: {other:?}"),
        };
        if without_nulls(&raw) != without_nulls(&Json::Object(truth)) {
            differ("raw text".to_owned());
        }
    }
    found.extend(extra("deals", &deals));
    found
}

/// Returns the rows that the source does not know and that say neither that they are gone nor that they are deleted:
/// what was deleted thirty days ago is shown no more.
fn extra(table: &str, rows: &BTreeMap<i64, Row>) -> Vec<String> {
    let gone = |row: &Row| !matches!(row.get("_missing_since"), None | Some(Sql::Null));
    let deleted = |row: &Row| row.get("is_deleted") == Some(&Sql::Integer(1));
    rows.iter()
        .filter(|(_, row)| !gone(row) && !deleted(row))
        .map(|(id, _)| format!("{table} {id} is not in the source"))
        .collect()
}

fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn compare_members(truth: &Map<String, Json>, row: &Row, differ: &mut impl FnMut(String)) {
    for (name, value) in
        truth.iter().filter(|(name, _)| !matches!(name.as_str(), "label_ids" | "custom_fields"))
    {
        match row.get(name) {
            None => differ(format!("no column {name}")),
            Some(stored) if !same(value, stored) => {
                differ(format!("{name} is {stored:?}, not {value}"))
            }
            Some(_) => {}
        }
    }
    if !matches!(row.get("_missing_since"), Some(Sql::Null)) {
        differ("it has a tombstone".to_owned());
    }
}

fn compare_labels(
    truth: &Map<String, Json>,
    stored: &BTreeSet<String>,
    differ: &mut impl FnMut(String),
) {
    let labels: BTreeSet<String> =
        truth["label_ids"].as_array().unwrap().iter().map(ToString::to_string).collect();
    if labels != *stored {
        differ(format!("labels are {stored:?}, not {labels:?}"));
    }
}

fn compare_custom(
    truth: &Map<String, Json>,
    columns: &BTreeMap<String, String>,
    stored: &Row,
    options: &BTreeSet<String>,
    differ: &mut impl FnMut(String),
) {
    let mut chosen = BTreeSet::new();
    for (code, value) in truth["custom_fields"].as_object().unwrap() {
        let Some(column) = columns.get(code) else {
            differ(format!("custom field {code} has no column"));
            continue;
        };
        let expected: Vec<(String, Json)> = match value {
            Json::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    (
                        if name == "value" { column.clone() } else { format!("{column}_{name}") },
                        value.clone(),
                    )
                })
                .collect(),
            Json::Array(ids) => {
                chosen.extend(ids.iter().map(|id| format!("{code}/{id}")));
                vec![(column.clone(), Json::String(value.to_string()))]
            }
            scalar => vec![(column.clone(), scalar.clone())],
        };
        for (column, value) in expected {
            let stored = stored.get(&column).unwrap_or(&Sql::Null);
            if !same(&value, stored) {
                differ(format!("custom column {column} is {stored:?}, not {value}"));
            }
        }
    }
    if chosen != *options {
        differ(format!("chosen options are {options:?}, not {chosen:?}"));
    }
}

pub fn same(truth: &Json, stored: &Sql) -> bool {
    match (truth, stored) {
        (Json::Null, Sql::Null) => true,
        (Json::Bool(truth), Sql::Integer(stored)) => i64::from(*truth) == *stored,
        (Json::Number(truth), Sql::Integer(stored)) => truth.as_i64() == Some(*stored),
        (Json::Number(truth), Sql::Real(stored)) => truth.as_f64() == Some(*stored),
        (Json::String(truth), Sql::Text(stored)) => truth == stored,
        _ => false,
    }
}

/// Returns the column of each custom field.
fn custom_columns(mirror: &Connection) -> BTreeMap<String, String> {
    let mut query = mirror
        .prepare("SELECT field_code, _column FROM deal_fields WHERE _column IS NOT NULL")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn rows(mirror: &Connection, sql: &str, key: &str) -> BTreeMap<i64, Row> {
    let mut query = mirror.prepare(sql).unwrap();
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let rows = query
        .query_map([], |row| {
            let read: Row = names
                .iter()
                .enumerate()
                .map(|(at, name)| (name.clone(), row.get(at).unwrap()))
                .collect();
            Ok(read)
        })
        .unwrap();
    rows.map(Result::unwrap)
        .map(|row| match row[key] {
            Sql::Integer(id) => (id, row),
            ref other => panic!("{key} is {other:?}"),
        })
        .collect()
}

fn sets(mirror: &Connection, sql: &str) -> BTreeMap<i64, BTreeSet<String>> {
    let mut sets: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut query = mirror.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, Sql>(1)?))).unwrap();
    for (id, element) in rows.map(Result::unwrap) {
        let element = match element {
            Sql::Integer(number) => number.to_string(),
            Sql::Text(text) => text,
            other => panic!("{other:?}"),
        };
        sets.entry(id).or_default().insert(element);
    }
    sets
}
