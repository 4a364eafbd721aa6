//! Compares what hangs on the live deals of a mirror with the emulator's world, row for row and column for column.

use std::collections::BTreeMap;

use pipedrive_mirror::emulator::{Emulator, World};
use rusqlite::{Connection, types::Value as Sql};
use serde_json::Value as Json;

use super::truth::same;

type Rows = BTreeMap<i64, BTreeMap<String, BTreeMap<String, Sql>>>;

/// A table, its key beside the deal, and what the world holds for a deal.
type Kind = (&'static str, &'static str, fn(&World, u32) -> Vec<Json>);

const KINDS: [Kind; 5] = [
    ("deal_products", "id", |world, id| world.products(id)),
    ("deal_installments", "id", |world, id| world.installments(id)),
    ("deal_discounts", "id", |world, id| world.discounts(id)),
    ("deal_followers", "user_id", |world, id| world.followers(id)),
    ("deal_participants", "id", |world, id| world.participants(id)),
];

/// Returns what differs in the tables `only` (all, if there are none), a line each.
pub fn differences(mirror: &Connection, source: &Emulator, only: &[&str]) -> Vec<String> {
    let world = source.world();
    let mut found = Vec::new();
    for (table, key, truth) in KINDS {
        if !only.is_empty() && !only.contains(&table) {
            continue;
        }
        let mut stored = rows(mirror, table, key);
        for id in world.live_ids().chain(world.archived_ids()) {
            let mut set = stored.remove(&i64::from(id)).unwrap_or_default();
            for row in truth(&world, id) {
                let name = plain(&row[key]);
                match set.remove(&name) {
                    None => found.push(format!("{table}: deal {id} lacks {name}")),
                    Some(columns) => {
                        found.extend(
                            row_differs(&row, &columns)
                                .map(|what| format!("{table}: deal {id}, {name}: {what}")),
                        );
                    }
                }
            }
            found.extend(
                set.keys().map(|name| format!("{table}: deal {id} has {name}, which is not there")),
            );
        }
    }
    found
}

/// Returns how a stored row differs; members that v1 sends as whole records are stored as their ids.
fn row_differs<'a>(
    truth: &'a Json,
    stored: &'a BTreeMap<String, Sql>,
) -> impl Iterator<Item = String> + 'a {
    stored.iter().filter(|(name, _)| *name != "deal_id").filter_map(|(name, stored)| {
        if name == "_extra" {
            return (*stored != Sql::Null).then(|| format!("_extra is {stored:?}"));
        }
        let value = match &truth[name] {
            Json::Object(record) => {
                record.get("value").or(record.get("id")).cloned().unwrap_or_default()
            }
            // v1 writes instants with a blank and without a zone.
            Json::String(text) if name == "add_time" && text.len() == 19 => {
                Json::String(format!("{}Z", text.replacen(' ', "T", 1)))
            }
            other => other.clone(),
        };
        (!same(&value, stored)).then(|| format!("{name} is {stored:?}, not {value}"))
    })
}

fn rows(mirror: &Connection, table: &str, key: &str) -> Rows {
    let mut query = mirror.prepare_cached(&format!("SELECT * FROM {table}")).unwrap();
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut rows = Rows::new();
    let mut found = query.query([]).unwrap();
    while let Some(row) = found.next().unwrap() {
        let columns: BTreeMap<String, Sql> = names
            .iter()
            .enumerate()
            .map(|(at, name)| (name.clone(), row.get(at).unwrap()))
            .collect();
        let Sql::Integer(deal) = columns["deal_id"] else { panic!("{table} names no deal") };
        let name = match &columns[key] {
            Sql::Integer(id) => id.to_string(),
            Sql::Text(id) => id.clone(),
            other => panic!("{table} has the key {other:?}"),
        };
        rows.entry(deal).or_default().insert(name, columns);
    }
    rows
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
