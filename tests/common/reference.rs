//! Compares what deals point to with the emulator's world, row for row and column for column.

use std::collections::{BTreeMap, BTreeSet};

use pipedrive_mirror::emulator::{
    DealChange, Edit, Emulator, OrganizationChange, PersonChange, Reference,
};
use rusqlite::{Connection, types::Value as Sql};
use serde_json::{Map, Value as Json};

use super::truth::same;

type Row = BTreeMap<String, Sql>;

/// A list within a record: its member, its table, the column that names the record, and its columns.
type List = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// A kind, its table and its lists.
const KINDS: [(Reference, &str, &[List]); 7] = [
    (Reference::Pipelines, "pipelines", &[]),
    (Reference::Stages, "stages", &[]),
    (Reference::Users, "users", &[]),
    (Reference::Currencies, "currencies", &[]),
    (
        Reference::Persons,
        "persons",
        &[
            ("emails", "person_emails", "person_id", &["value", "primary", "label"]),
            ("phones", "person_phones", "person_id", &["value", "primary", "label"]),
            ("label_ids", "person_labels", "person_id", &["label_id"]),
        ],
    ),
    (
        Reference::Organizations,
        "organizations",
        &[("label_ids", "organization_labels", "organization_id", &["label_id"])],
    ),
    (
        Reference::Products,
        "products",
        &[(
            "prices",
            "product_prices",
            "product_id",
            &["currency", "price", "cost", "direct_cost", "notes"],
        )],
    ),
];

/// Returns what differs, a line each. Of persons and organizations only those have to be there that live deals name, unless
/// `all` are mirrored; whatever is there has to be as it is at the source.
pub fn differences(mirror: &Connection, source: &Emulator, all: bool) -> Vec<String> {
    let world = source.world();
    let mut found = Vec::new();
    for (kind, table, lists) in KINDS {
        let truth: BTreeMap<i64, Json> =
            world.references(kind).map(|(id, json)| (i64::from(id), json)).collect();
        let needed = match kind {
            Reference::Persons if !all => named(mirror, "person_id", "people"),
            Reference::Organizations if !all => named(mirror, "org_id", "org"),
            _ => truth.keys().copied().collect(),
        };
        let mut stored = rows(mirror, table);
        for (id, record) in &truth {
            let deleted = record["is_deleted"] == Json::Bool(true);
            let Some(row) = stored.remove(id) else {
                // What was deleted before anybody looked is not shown by every listing.
                if needed.contains(id) && !deleted {
                    found.push(format!("{table}: {id} is missing"));
                }
                continue;
            };
            let gone = row["_missing_since"] != Sql::Null;
            if deleted && (gone || row.get("is_deleted") == Some(&Sql::Integer(1))) {
                continue;
            }
            if gone {
                found.push(format!("{table}: {id} has a tombstone"));
            }
            let record = record.as_object().unwrap();
            found.extend(members(record, &row, lists).map(|what| format!("{table}: {id}: {what}")));
            for list in lists {
                found.extend(
                    list_differs(mirror, *id, record, list)
                        .map(|what| format!("{table}: {id}: {what}")),
                );
            }
        }
        // What was deleted thirty days ago is shown no more.
        let gone = |row: &Row| {
            row["_missing_since"] != Sql::Null || row.get("is_deleted") == Some(&Sql::Integer(1))
        };
        found.extend(
            stored
                .iter()
                .filter(|(_, row)| !gone(row))
                .map(|(id, _)| format!("{table}: {id} is not in the source")),
        );
    }
    found
}

/// Returns the ids that live deals name in a column, in custom fields of a type, and as participants.
fn named(mirror: &Connection, column: &str, field_type: &str) -> BTreeSet<i64> {
    const LIVE: &str = "d.is_deleted = 0 AND d._missing_since IS NULL";
    let mut sources = vec![format!("SELECT d.{column} FROM deals d WHERE {LIVE}")];
    let mut fields = mirror
        .prepare("SELECT _column FROM deal_fields WHERE field_type = ?1 AND _column IS NOT NULL")
        .unwrap();
    for field in fields.query_map([field_type], |row| row.get::<_, String>(0)).unwrap() {
        sources.push(format!(
            "SELECT c.\"{}\" FROM deal_custom_fields c JOIN deals d ON d.id = c.deal_id WHERE {LIVE}",
            field.unwrap()
        ));
    }
    if column == "person_id" {
        sources.push("SELECT person_id FROM deal_participants".to_owned());
    }
    let sql = sources.join(" UNION ");
    let mut query = mirror.prepare(&sql).unwrap();
    let ids = query.query_map([], |row| row.get::<_, Option<i64>>(0)).unwrap();
    ids.filter_map(Result::unwrap).collect()
}

fn rows(mirror: &Connection, table: &str) -> BTreeMap<i64, Row> {
    let mut query = mirror.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let rows = query.query_map([], |row| {
        let cells = names.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get(at)?)));
        cells.collect::<rusqlite::Result<Row>>()
    });
    rows.unwrap()
        .map(Result::unwrap)
        .map(|row| match row["id"] {
            Sql::Integer(id) => (id, row),
            ref other => panic!("an id is {other:?}"),
        })
        .collect()
}

fn members<'a>(
    truth: &'a Map<String, Json>,
    row: &'a Row,
    lists: &'a [List],
) -> impl Iterator<Item = String> + 'a {
    truth.iter().filter(|(name, _)| lists.iter().all(|(member, ..)| member != name)).filter_map(
        |(name, value)| match row.get(name) {
            None => Some(format!("no column {name}")),
            Some(stored) if equal(value, stored) => None,
            Some(stored) => Some(format!("{name} is {stored:?}, not {value}")),
        },
    )
}

/// Objects and lists are kept as JSON; v1 writes instants with a space.
fn equal(truth: &Json, stored: &Sql) -> bool {
    match (truth, stored) {
        (Json::Object(_) | Json::Array(_), Sql::Text(text)) => {
            serde_json::from_str::<Json>(text).unwrap() == *truth
        }
        (Json::String(text), Sql::Text(stored))
            if text.len() == 19 && text.is_ascii() && text.starts_with("20") =>
        {
            format!("{}T{}Z", &text[..10], &text[11..]) == *stored
        }
        _ => same(truth, stored),
    }
}

fn list_differs<'a>(
    mirror: &'a Connection,
    id: i64,
    record: &'a Map<String, Json>,
    (member, table, parent, columns): &'a List,
) -> impl Iterator<Item = String> + 'a {
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let sql = format!("SELECT {} FROM {table} WHERE {parent} = ?1", quoted.join(", "));
    let mut query = mirror.prepare(&sql).unwrap();
    let stored: Vec<Vec<Sql>> = query
        .query_map([id], |row| (0..columns.len()).map(|at| row.get(at)).collect())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let truth = record[*member].as_array().unwrap();
    let same_element = |element: &Json, stored: &Vec<Sql>| {
        columns.iter().zip(stored).all(|(column, stored)| {
            let value = if element.is_object() { &element[*column] } else { element };
            same(value, stored)
        })
    };
    let whole = truth.len() == stored.len()
        && truth.iter().all(|one| stored.iter().any(|row| same_element(one, row)));
    (!whole).then(|| format!("{member} is {stored:?}, not {truth:?}")).into_iter()
}

/// Edits something that deals point to, or what a deal points to.
pub fn random_edit(emulator: &Emulator, rng: &mut fastrand::Rng) {
    let pick = |kind, rng: &mut fastrand::Rng| {
        let ids: Vec<u32> = emulator.world().references(kind).map(|(id, _)| id).collect();
        rng.choice(ids).unwrap()
    };
    let name = format!("name {}", rng.u32(..));
    let edit = match rng.u8(0..8) {
        0 => Edit::ChangePerson(pick(Reference::Persons, rng), PersonChange::Name(name)),
        1 => {
            let org = pick(Reference::Organizations, rng);
            Edit::ChangePerson(pick(Reference::Persons, rng), PersonChange::Organization(Some(org)))
        }
        2 => Edit::ChangeOrganization(
            pick(Reference::Organizations, rng),
            OrganizationChange::Name(name),
        ),
        3 => Edit::AddPerson { name, org_id: None },
        4 => Edit::RenameUser(pick(Reference::Users, rng), name),
        5 => Edit::RenamePipeline(pick(Reference::Pipelines, rng), name),
        6 => Edit::RenameCurrency(pick(Reference::Currencies, rng), name),
        _ => {
            let person = pick(Reference::Persons, rng);
            let deals: Vec<u32> = emulator.world().live_ids().collect();
            Edit::ChangeDeal(rng.choice(deals).unwrap(), DealChange::Person(Some(person)))
        }
    };
    // Some records are deleted and cannot be changed.
    let _ = emulator.world().apply(edit);
}
