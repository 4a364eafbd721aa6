//! Storing rows anew from their exact text, without spending anything: for columns that were made after the rows were
//! stored, and for a decoder that reads more than the one that stored them.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    Store, StoreError, columns, due, quarantine,
    rows::{Stamp, Storing},
    state::{self, Key},
};
use crate::entity::{self, Catalog, DECODER, Entity, Record, instant};

/// Rows per transaction.
const CHUNK: usize = 500;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing is owed.
    Done,
    /// One chunk was done; there may be more.
    More {
        /// Rows stored anew by this chunk.
        rows: usize,
    },
}

impl Store {
    /// Notices that another decoder stored the rows: all of them are owed then, and what is in quarantine is tried again.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn notice_decoder(&mut self) -> Result<(), StoreError> {
        let stored = state::get::<u64>(&self.conn, Key::Decoder)?;
        if stored == Some(DECODER) {
            return Ok(());
        }
        self.write(|tx| {
            if stored.is_some() {
                state::set(tx, Key::Renewed, i64::MIN)?;
                quarantine::retry(tx)?;
                // What came out of quarantine owes its children.
                due::forget_policies(tx)?;
            }
            Ok(state::set(tx, Key::Decoder, DECODER)?)
        })
    }

    /// Stores the next chunk of owed rows anew. Resumable: each chunk's transaction says how far it went.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn renew(&mut self, now: Timestamp) -> Result<Renewal, StoreError> {
        for &entity in entity::ENTITIES {
            if let Some(from) = owed_from(&self.conn, entity)? {
                return self.write(|tx| chunk(tx, entity, from, now));
            }
        }
        Ok(Renewal::Done)
    }
}

/// Returns the key after which rows of `entity`'s table are owed.
fn owed_from(conn: &Connection, entity: &Entity) -> rusqlite::Result<Option<i64>> {
    let (Some(custom), Some(_)) = (entity.table.custom, entity.table.raw) else { return Ok(None) };
    let columns: Option<i64> =
        conn.query_row(&format!("SELECT min(_filled) FROM {}", custom.fields), [], |row| {
            row.get(0)
        })?;
    let decoder = state::get::<i64>(conn, Key::Renewed)?;
    Ok(columns.into_iter().chain(decoder).min())
}

fn chunk(
    tx: &Transaction<'_>,
    entity: &'static Entity,
    from: i64,
    now: Timestamp,
) -> Result<Renewal, StoreError> {
    let (Some(custom), Some(raw)) = (entity.table.custom, entity.table.raw) else {
        return Ok(Renewal::Done);
    };
    let catalog = columns::load(tx, custom)?;
    let texts = raw_after(tx, raw, from)?;
    let (version, now) = (state::next_version(tx)?, instant::text(now));
    let stamp = Stamp { now: &now, version, observed: 0 };
    // A new decoder reads every member anew; new columns only concern the custom fields.
    let whole = state::get::<i64>(tx, Key::Renewed)?.is_some();
    let owed = columns::owed_places(tx, custom, &catalog)?;
    let mut storing = Storing::new(tx, entity.table, &catalog)?;
    for (id, observed, text) in &texts {
        let Some(record) = decode_one(entity, &catalog, text) else { continue };
        if whole {
            again(
                tx,
                &mut storing,
                entity,
                *id,
                &record,
                text,
                Stamp { observed: *observed, ..stamp },
            )?;
        } else {
            storing.custom(&record, text, true)?;
            storing.index(&record, None, true)?;
            let values = record.custom.as_ref().map_or(&[][..], |custom| &custom.values);
            if owed.iter().any(|at| values.get(*at).is_some_and(|value| !value.is_null())) {
                let sql = format!(
                    "UPDATE {} SET _version = ?2 WHERE {} = ?1",
                    entity.table.name,
                    entity.table.key()
                );
                tx.prepare_cached(&sql)?.execute(params![id, version.cast_signed()])?;
            }
        }
    }
    state::raise(tx, Key::Version, version)?;
    let sql = format!("UPDATE {} SET _filled = ?1 WHERE _filled <= ?2", custom.fields);
    match texts.last() {
        Some((last, ..)) if texts.len() == CHUNK => {
            tx.execute(&sql, params![last, last])?;
            if state::get::<i64>(tx, Key::Renewed)?.is_some_and(|renewed| renewed <= *last) {
                state::set(tx, Key::Renewed, *last)?;
            }
        }
        _ => {
            tx.execute(&sql, params![None::<i64>, i64::MAX])?;
            state::clear(tx, Key::Renewed)?;
        }
    }
    Ok(Renewal::More { rows: texts.len() })
}

/// Stores a row anew as it is read now. Whether it is gone is not for its text to say: a tombstone stays.
fn again(
    tx: &Transaction<'_>,
    storing: &mut Storing<'_>,
    entity: &Entity,
    id: i64,
    record: &Record,
    text: &str,
    stamp: Stamp<'_>,
) -> rusqlite::Result<()> {
    let (table, key) = (entity.table.name, entity.table.key());
    let missing: Option<String> = tx
        .prepare_cached(&format!("SELECT _missing_since FROM {table} WHERE {key} = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?
        .flatten();
    storing.row(record, text, stamp, true)?;
    if missing.is_some() {
        tx.prepare_cached(&format!("UPDATE {table} SET _missing_since = ?2 WHERE {key} = ?1"))?
            .execute(params![id, missing])?;
    }
    Ok(())
}

/// The one place that reads exact texts.
pub(super) fn raw_after(
    conn: &Connection,
    raw: &str,
    from: i64,
) -> rusqlite::Result<Vec<(i64, u64, Arc<str>)>> {
    conn.prepare(&format!(
        "SELECT deal_id, observed, json FROM {raw} WHERE deal_id > ?1 ORDER BY deal_id LIMIT {CHUNK}"
    ))?
    .query_map([from], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?)))?
    .collect()
}

/// Decodes `text`, one row by itself.
pub(super) fn decode_one(entity: &Entity, catalog: &Catalog, text: &str) -> Option<entity::Record> {
    let decoded = entity::decode(entity, catalog, text, std::slice::from_ref(&(0..text.len())));
    decoded.records.into_iter().next()
}
