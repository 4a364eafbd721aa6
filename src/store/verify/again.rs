//! Rows against their own exact text: each is read anew and stored once more in a transaction that is taken back, and what
//! that would have changed is what was wrong.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, types::ValueRef};
use xxhash_rust::xxh3::Xxh3;

use super::{Difference, Found};
use crate::{
    entity::{self, Entity, Table},
    store::{
        Store, StoreError, columns,
        renew::{decode_one, raw_after},
        rows::{Stamp, Storing},
        sql::quoted,
    },
};

/// What one chunk of rows came to.
#[derive(Debug, Default)]
pub struct Rederived {
    /// What was wrong.
    pub differences: Vec<Difference>,
    /// The key of the last row looked at; `None` if there was none.
    pub last: Option<i64>,
}

/// Bookkeeping that storing a row once more moves.
const MOVES: &[&str] = &["_synced_at", "_version", "_missing_since", "observed"];

impl Store {
    /// Reads the next rows after the key `after` from their exact text and compares that with what is stored of them, the
    /// full text included. Nothing is changed.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn rederive(&mut self, after: i64) -> Result<Rederived, StoreError> {
        let Some(entity) = kept_as_text() else { return Ok(Rederived::default()) };
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Dropped, it takes everything back.
        chunk(&tx, entity, after)
    }
}

/// Returns the list whose rows are kept with their exact text.
pub(super) fn kept_as_text() -> Option<&'static Entity> {
    entity::ENTITIES.iter().copied().find(|entity| entity.table.raw.is_some())
}

fn chunk(
    tx: &Transaction<'_>,
    entity: &'static Entity,
    after: i64,
) -> Result<Rederived, StoreError> {
    let table = entity.table;
    let (Some(raw), Some(custom)) = (table.raw, table.custom) else {
        return Ok(Rederived::default());
    };
    let texts = raw_after(tx, raw, after)?;
    let (Some((first, ..)), Some((last, ..))) = (texts.first(), texts.last()) else {
        return Ok(Rederived::default());
    };
    let catalog = columns::load(tx, custom)?;
    let shapes = shapes(tx, table)?;
    let before = look(tx, &shapes, *first, *last)?;
    let mut differences = Vec::new();
    let mut differ = |id: i64, fate, evidence: String| {
        let id = id.to_string();
        differences.push(Difference { entity: table.name, id, fate, evidence, own: true });
    };
    let mut storing = Storing::new(tx, table, &catalog)?;
    for (id, observed, text) in &texts {
        let stamp = Stamp { now: "", version: 0, observed: *observed };
        match decode_one(entity, &catalog, text) {
            Some(record) if record.values[0].int() == Some(*id) => {
                storing.row(&record, text, stamp, true)?;
            }
            _ => differ(*id, Found::Differs, "its exact text cannot be read".to_owned()),
        }
    }
    let now = look(tx, &shapes, *first, *last)?;
    for (id, ..) in &texts {
        let wrong = wrong(&shapes, *id, &before, &now);
        if wrong.is_empty() {
            continue;
        }
        let lost = !before[0].contains_key(id);
        let fate = if lost { Found::Missing } else { Found::Differs };
        differ(*id, fate, format!("not as its own exact text says: {}", wrong.join(", ")));
    }
    Ok(Rederived { differences, last: Some(*last) })
}

/// A table that holds something of a row.
struct Shape {
    table: &'static str,
    /// Its columns; none where it may hold several rows for one, of which each is looked at as a whole.
    columns: Vec<String>,
    sql: String,
}

/// Hashes of a row's columns; of several rows the sum of theirs, as their order means nothing.
type Look = BTreeMap<i64, Vec<u64>>;

/// Returns everything that is stored of a row of `table`; that table comes first.
fn shapes(conn: &Connection, table: &Table) -> rusqlite::Result<Vec<Shape>> {
    let mut tables = vec![(table.name, table.key(), false)];
    tables.extend(table.raw.map(|raw| (raw, "deal_id", false)));
    tables.extend(table.lists.iter().map(|list| (list.table, list.parent, true)));
    if let Some(custom) = table.custom {
        tables.push((custom.table, custom.parent, false));
        tables.push((custom.options, custom.parent, true));
    }
    tables.extend(table.searched.map(|_| ("deals_search", "rowid", false)));
    tables
        .into_iter()
        .map(|(table, key, several)| {
            let all = conn.prepare(&format!("SELECT * FROM {table} LIMIT 0"))?;
            let names = all.column_names().filter(|name| !MOVES.contains(name));
            let columns: Vec<String> = names.map(str::to_owned).collect();
            let listed: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
            let sql = format!(
                "SELECT {key}, {} FROM {table} WHERE {key} BETWEEN ?1 AND ?2",
                listed.join(", ")
            );
            Ok(Shape { table, columns: if several { Vec::new() } else { columns }, sql })
        })
        .collect()
}

fn look(conn: &Connection, shapes: &[Shape], from: i64, to: i64) -> rusqlite::Result<Vec<Look>> {
    let look_at = |shape: &Shape| {
        let mut looks = Look::new();
        let mut statement = conn.prepare_cached(&shape.sql)?;
        let columns = 1..statement.column_count();
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            let digests = columns.clone().map(|at| Ok(digest(row.get_ref(at)?)));
            let digests = digests.collect::<rusqlite::Result<Vec<u64>>>()?;
            let id = row.get(0)?;
            if shape.columns.is_empty() {
                let mut whole = Xxh3::new();
                digests.iter().for_each(|digest| whole.update(&digest.to_le_bytes()));
                let sum = &mut looks.entry(id).or_insert_with(|| vec![0])[0];
                *sum = sum.wrapping_add(whole.digest());
            } else {
                looks.insert(id, digests);
            }
        }
        Ok(looks)
    };
    shapes.iter().map(look_at).collect()
}

fn digest(value: ValueRef<'_>) -> u64 {
    let mut hasher = Xxh3::new();
    match value {
        ValueRef::Null => hasher.update(&[0]),
        ValueRef::Integer(number) => {
            hasher.update(&[1]);
            hasher.update(&number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            hasher.update(&[2]);
            hasher.update(&number.to_le_bytes());
        }
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            hasher.update(&[3]);
            hasher.update(text);
        }
    }
    hasher.digest()
}

/// Returns the columns of `id` that are not as they should be.
fn wrong(shapes: &[Shape], id: i64, before: &[Look], now: &[Look]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (shape, (before, now)) in shapes.iter().zip(before.iter().zip(now)) {
        match (before.get(&id), now.get(&id)) {
            (None, None) => {}
            (Some(before), Some(now)) if !shape.columns.is_empty() => {
                let columns = shape.columns.iter().zip(before.iter().zip(now));
                wrong.extend(
                    columns
                        .filter(|(_, (before, now))| before != now)
                        .map(|(name, _)| format!("{}.{name}", shape.table)),
                );
            }
            (before, now) if before == now => {}
            _ => wrong.push(shape.table.to_owned()),
        }
    }
    wrong
}
