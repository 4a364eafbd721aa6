//! Storing a page: rows, lists, custom fields and the checkpoint, in one transaction.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{CachedStatement, OptionalExtension as _, Transaction, params};

use super::{
    Batch, Committed, Fate, Purpose, Sighting, Store, StoreError, checkpoint, columns, fate,
    marking::Marking,
    named,
    presence::{self, Presence},
    quarantine,
    search::{self, Indexing},
    sql::{self, Bound},
    state::{self, Key},
    views, windows,
};
use crate::entity::{Advance, Catalog, Record, Table, Value, instant};

impl Store {
    /// Stores `batch`: rows and checkpoint, both or neither.
    ///
    /// # Errors
    ///
    /// SQLite's; then nothing of the batch is stored.
    pub fn commit(&mut self, batch: &Batch) -> Result<Committed, StoreError> {
        self.write(|tx| {
            let moves = batch.entity.advance == (Advance::FullScan { moves_deals: true });
            let before = if moves { live(tx, batch.entity.table)? } else { BTreeSet::new() };
            let mut done = store_rows(tx, batch)?;
            done.quarantined = quarantine::put(tx, batch)?;
            if let Some(reading) = &batch.reading {
                tombstone_unread(tx, batch.entity.table, reading, batch.now)?;
            }
            if moves {
                let gone = before.difference(&live(tx, batch.entity.table)?).count();
                if gone > 0 {
                    let why = format!("{gone} rows of {} disappeared", batch.entity.table.name);
                    state::set(tx, Key::ReconcileOwed, why)?;
                    // One that is under way began too early to count.
                    state::clear(tx, Key::ReconcileBegan)?;
                    state::clear(tx, Key::ReconcileTouched)?;
                }
            }
            if let (Some(custom), Some(_)) = (batch.entity.table.describes, &batch.reading) {
                done.reshaped = columns::reshape(tx, custom)?;
                views::refresh(tx, &instant::text(batch.now))?;
            }
            match batch.purpose {
                Purpose::Pass => checkpoint::save(tx, batch.entity.name, &batch.checkpoint)?,
                Purpose::Sweep { .. } => {
                    let place = presence::place(batch.entity);
                    checkpoint::save(tx, &place, &batch.checkpoint)?;
                }
                Purpose::Window { window, read } => windows::note(tx, batch, window, read)?,
                Purpose::Confirm => {}
            }
            state::raise(tx, Key::Observed, batch.observed)?;
            Ok(done)
        })
    }
}

fn store_rows(tx: &Transaction<'_>, batch: &Batch) -> Result<Committed, StoreError> {
    let mut done = Committed::default();
    let table = batch.entity.table;
    let mut storing = Storing::new(tx, table, &batch.catalog)?;
    let (version, now) = (state::next_version(tx)?, instant::text(batch.now));
    let stamp = Stamp { now: &now, version, observed: batch.observed };
    let mut marking = Marking::new(tx, table, &batch.children)?;
    let mut presence = Presence::new(tx, batch, version)?;
    for record in &batch.decoded.records {
        let stored = storing.stored(record, &batch.page)?;
        let mut fate = fate_of(record, stored, batch);
        presence.seen(record)?;
        if !named::is_mirrored(tx, batch, record, stored.is_some())? {
            continue;
        }
        if let (Fate::Older, Some((sighting, _))) = (fate, stored)
            && presence.doubts(record, sighting)?
        {
            fate = Fate::Store;
        }
        match fate {
            Fate::Unchanged => done.unchanged += 1,
            Fate::Older => done.older += 1,
            Fate::Store => {
                let before = match &mut marking {
                    Some(marking) if stored.is_some() => marking.before(record, &batch.page)?,
                    _ => None,
                };
                storing.row(record, &batch.page, stamp, stored.is_some())?;
                if let Some(marking) = &mut marking {
                    marking.parent(table, record, before, stamp)?;
                }
                done.written += 1;
                done.deleted += u64::from(is_deleted(table, record));
            }
        }
    }
    done.candidates = presence.missed()?;
    if done.written > 0 || done.candidates > 0 {
        state::raise(tx, Key::Version, version)?;
    }
    quarantine::forget(tx, batch)?;
    Ok(done)
}

fn fate_of(record: &Record, stored: Option<(Sighting, bool)>, batch: &Batch) -> Fate {
    let came = Sighting { hash: record.hash, changed: record.changed, observed: batch.observed };
    match stored {
        Some((sighting, false)) => fate(Some(sighting), came, batch.server_now),
        // Its tombstone must go, even if nothing else changed.
        Some((_, true)) | None => Fate::Store,
    }
}

fn is_deleted(table: &Table, record: &Record) -> bool {
    table
        .deleted
        .and_then(|column| table.position(column))
        .is_some_and(|at| record.values[at] == Value::Int(1))
}

/// What is written beside a row.
#[derive(Clone, Copy)]
pub(super) struct Stamp<'a> {
    pub(super) now: &'a str,
    pub(super) version: u64,
    pub(super) observed: u64,
}

/// The statements that store rows of one table, prepared once per transaction.
pub(super) struct Storing<'t> {
    catalog: &'t Catalog,
    sighting: CachedStatement<'t>,
    upsert: CachedStatement<'t>,
    raw: Option<CachedStatement<'t>>,
    custom: Option<CachedStatement<'t>>,
    options: Option<(CachedStatement<'t>, CachedStatement<'t>)>,
    lists: Vec<(CachedStatement<'t>, CachedStatement<'t>)>,
    search: Option<Indexing<'t>>,
}

impl<'t> Storing<'t> {
    pub(super) fn new(
        tx: &'t Transaction<'_>,
        table: &'static Table,
        catalog: &'t Catalog,
    ) -> rusqlite::Result<Self> {
        let custom = table.custom;
        Ok(Self {
            catalog,
            search: Indexing::new(tx, table, catalog)?,
            sighting: tx.prepare_cached(&sql::sighting(table))?,
            upsert: tx.prepare_cached(&sql::upsert(table))?,
            raw: table.raw.map(|raw| tx.prepare_cached(&sql::raw_upsert(raw))).transpose()?,
            custom: custom
                .map(|custom| tx.prepare_cached(&sql::custom_upsert(custom, catalog)))
                .transpose()?,
            options: custom
                .map(|custom| {
                    let insert =
                        format!("INSERT OR IGNORE INTO {} VALUES (?1, ?2, ?3)", custom.options);
                    Ok::<_, rusqlite::Error>((
                        tx.prepare_cached(&sql::list_clear(custom.options, custom.parent))?,
                        tx.prepare_cached(&insert)?,
                    ))
                })
                .transpose()?,
            lists: table
                .lists
                .iter()
                .map(|list| {
                    let clear = tx.prepare_cached(&sql::list_clear(list.table, list.parent))?;
                    Ok((clear, tx.prepare_cached(&sql::list_insert(list))?))
                })
                .collect::<rusqlite::Result<_>>()?,
        })
    }

    /// Returns what is stored under the key of `record`, and whether it has a tombstone.
    pub(super) fn stored(
        &mut self,
        record: &Record,
        page: &str,
    ) -> rusqlite::Result<Option<(Sighting, bool)>> {
        self.sighting
            .query_row([Bound(&record.values[0], page)], |row| {
                let changed: Option<&str> = row.get_ref(2)?.as_str_or_null()?;
                let sighting = Sighting {
                    hash: row.get(0)?,
                    observed: row.get::<_, i64>(1)?.cast_unsigned(),
                    changed: changed.and_then(|text| text.parse::<Timestamp>().ok()),
                };
                Ok((sighting, row.get(3)?))
            })
            .optional()
    }

    /// Stores `record`; `existed` says that there are elements of its lists to be replaced.
    pub(super) fn row(
        &mut self,
        record: &Record,
        page: &str,
        stamp: Stamp<'_>,
        existed: bool,
    ) -> rusqlite::Result<()> {
        let key = Bound(&record.values[0], page);
        for (number, value) in (1..).zip(&record.values) {
            self.upsert.raw_bind_parameter(number, Bound(value, page))?;
        }
        let next = record.values.len() + 1;
        self.upsert.raw_bind_parameter(next, stamp.now)?;
        match &mut self.raw {
            Some(raw) => {
                self.upsert.raw_bind_parameter(next + 1, stamp.version.cast_signed())?;
                let text = &page[record.raw.clone()];
                raw.execute(params![key, record.hash, stamp.observed.cast_signed(), text])?;
            }
            None => {
                self.upsert.raw_bind_parameter(next + 1, record.hash)?;
                self.upsert.raw_bind_parameter(next + 2, record.extra.as_deref())?;
            }
        }
        let named = match &mut self.search {
            Some(search) if existed => search.before(record)?,
            _ => None,
        };
        self.upsert.raw_execute()?;
        self.lists(record, page, existed)?;
        self.custom(record, page, existed)?;
        self.index(record, named, existed)
    }

    /// Brings the full text up to date with `record`, which is stored, in place of one that `existed`; `named` is what
    /// it was called before.
    pub(super) fn index(
        &mut self,
        record: &Record,
        named: search::Before,
        existed: bool,
    ) -> rusqlite::Result<()> {
        self.search.as_mut().map_or(Ok(()), |search| search.after(record, named, existed))
    }

    fn lists(&mut self, record: &Record, page: &str, existed: bool) -> rusqlite::Result<()> {
        let key = Bound(&record.values[0], page);
        for ((clear, insert), rows) in self.lists.iter_mut().zip(&record.lists) {
            if existed {
                clear.execute([&key])?;
            }
            for row in rows {
                insert.raw_bind_parameter(1, &key)?;
                for (number, value) in (2..).zip(row) {
                    insert.raw_bind_parameter(number, Bound(value, page))?;
                }
                insert.raw_execute()?;
            }
        }
        Ok(())
    }

    /// Stores the custom fields of `record`.
    pub(super) fn custom(
        &mut self,
        record: &Record,
        page: &str,
        existed: bool,
    ) -> rusqlite::Result<()> {
        let (Some(values), Some(custom), Some((clear, insert))) =
            (&record.custom, &mut self.custom, &mut self.options)
        else {
            return Ok(());
        };
        let key = Bound(&record.values[0], page);
        custom.raw_bind_parameter(1, &key)?;
        for (number, at) in (2..).zip(0..self.catalog.columns().len()) {
            custom.raw_bind_parameter(
                number,
                Bound(values.values.get(at).unwrap_or(&Value::Null), page),
            )?;
        }
        custom.raw_execute()?;
        if existed {
            clear.execute([&key])?;
        }
        for (field, option) in &values.options {
            insert.execute(params![key, self.catalog.code(*field), option])?;
        }
        Ok(())
    }
}

/// Returns the keys of the live rows of a table that is read whole.
fn live(tx: &Transaction<'_>, table: &Table) -> rusqlite::Result<BTreeSet<String>> {
    let deleted = table.deleted.unwrap_or("0");
    let sql = format!(
        "SELECT CAST({} AS TEXT) FROM {} WHERE _missing_since IS NULL AND {deleted} = 0",
        table.key(),
        table.name
    );
    tx.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Sets the tombstone of rows that this complete reading and the one before lacked.
fn tombstone_unread(
    tx: &Transaction<'_>,
    table: &Table,
    reading: &super::Reading,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (name, key) = (table.name, table.key());
    let mut known = tx
        .prepare(&format!("SELECT CAST({key} AS TEXT) FROM {name} WHERE _missing_since IS NULL"))?;
    let keys: Vec<String> =
        known.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut seen =
        tx.prepare(&format!("UPDATE {name} SET _absent = 0 WHERE {key} = ?1 AND _absent > 0"))?;
    let mut unseen = tx.prepare(&format!(
        "UPDATE {name} SET _missing_since = CASE WHEN _absent >= 1 THEN ?2 END, _absent = _absent + 1 WHERE {key} = ?1"
    ))?;
    for row in keys {
        if reading.lacks(&row) {
            unseen.execute(params![row, instant::text(now)])?;
        } else {
            seen.execute([&row])?;
        }
    }
    Ok(())
}
