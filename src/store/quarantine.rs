//! `sync_quarantine`: rows that could not be read are kept, with the reason, until a good version is stored.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::{
    Batch, ChildBatch, ChildPage, Fate, Sighting, StoreError, UnreadableChild, columns, fate,
    renew::decode_one,
    rows::{Stamp, Storing},
    state,
};
use crate::entity::{self, Catalog, Entity, Table, Value, hash, instant};

/// Keeps the unreadable rows of `batch`; returns how many there are.
pub(super) fn put(tx: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<u64> {
    let now = instant::text(batch.now);
    for row in &batch.decoded.unreadable {
        let text = &batch.page[row.raw.clone()];
        keep(tx, batch.entity, &row.key, text, &row.reason, batch.observed, &now)?;
    }
    Ok(batch.decoded.unreadable.len() as u64)
}

/// Keeps the unreadable rows among those that were asked for because deals name them; returns how many there are.
pub(super) fn put_named(tx: &Transaction<'_>, batch: &ChildBatch) -> rusqlite::Result<u64> {
    let (now, mut count) = (instant::text(batch.now), 0);
    for page in &batch.pages {
        for row in &page.unreadable {
            let text = &page.text[row.raw.clone()];
            keep(tx, batch.entity, &row.key, text, &row.reason, page.observed, &now)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Keeps one row, in place of what was kept under its key.
fn keep(
    tx: &Transaction<'_>,
    entity: &Entity,
    key: &str,
    text: &str,
    reason: &str,
    observed: u64,
    now: &str,
) -> rusqlite::Result<()> {
    let hash = hash(text);
    tx.prepare_cached(
        "DELETE FROM sync_quarantine WHERE entity = ?1 AND key = ?2 AND key <> '' AND hash <> ?3",
    )?
    .execute(params![entity.name, key, hash])?;
    tx.prepare_cached(
        "INSERT INTO sync_quarantine VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
         ON CONFLICT DO UPDATE SET reason = excluded.reason, observed = excluded.observed, last_seen = excluded.last_seen",
    )?
    .execute(params![entity.name, key, hash, text, reason, observed.cast_signed(), now])?;
    Ok(())
}

/// Forgets rows of which `batch` brought a good version.
pub(super) fn forget(tx: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for entity in sharing(batch.entity.table) {
        let any = tx
            .prepare_cached("SELECT 1 FROM sync_quarantine WHERE entity = ?1 LIMIT 1")?
            .exists([entity.name])?;
        if !any {
            continue;
        }
        let mut delete = tx.prepare_cached(
            "DELETE FROM sync_quarantine WHERE entity = ?1 AND key = ?2 AND observed <= ?3",
        )?;
        for record in &batch.decoded.records {
            let key = key_text(&record.values[0], &batch.page);
            delete.execute(params![entity.name, key, batch.observed.cast_signed()])?;
        }
    }
    Ok(())
}

pub(super) fn key_text(key: &Value, page: &str) -> String {
    key.int().map_or_else(|| key.text(page).unwrap_or_default().to_owned(), |id| id.to_string())
}

/// Keeps the unreadable rows of the set of `deal` in place of those of its last reading. Their key is the deal's id and
/// their own.
pub(super) fn replace_children(
    tx: &Transaction<'_>,
    entity: &Entity,
    deal: i64,
    now: Timestamp,
    rows: &[(&UnreadableChild, &ChildPage)],
) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_quarantine WHERE entity = ?1 AND key >= ?2 AND key < ?3")?
        // `0` is what follows `/`.
        .execute(params![entity.name, format!("{deal}/"), format!("{deal}0")])?;
    for (row, page) in rows {
        let (text, now) = (&page.text[row.raw.clone()], instant::text(now));
        tx.prepare_cached(
            "INSERT OR REPLACE INTO sync_quarantine VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )?
        .execute(params![
            entity.name,
            format!("{deal}/{}", row.key),
            hash(text),
            text,
            row.reason,
            page.observed.cast_signed(),
            now
        ])?;
    }
    Ok(())
}

/// Forgets a row of which a good version is stored.
pub(super) fn forget_one(tx: &Transaction<'_>, entity: &Entity, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_quarantine WHERE entity = ?1 AND key = ?2")?
        .execute(params![entity.name, id.to_string()])?;
    Ok(())
}

/// Marks the deals of which a child could not be read: this program's decoder may.
fn mark_children(tx: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<()> {
    let version = state::next_version(tx)?;
    let marked = tx.execute(
        "INSERT OR IGNORE INTO sync_due (kind, id, why, since, generation)
         SELECT entity, CAST(substr(key, 1, instr(key, '/') - 1) AS INTEGER) AS id, 'quarantined', min(last_seen), ?2
         FROM sync_quarantine WHERE entity = ?1 GROUP BY id",
        params![entity.name, version.cast_signed()],
    )?;
    if marked > 0 {
        state::raise(tx, state::Key::Version, version)?;
    }
    Ok(())
}

/// Entities whose rows go to `table`.
pub(super) fn sharing(table: &Table) -> impl Iterator<Item = &'static Entity> {
    entity::ENTITIES.iter().copied().filter(move |entity| entity.table.name == table.name)
}

/// Tries every row again, with this program's decoder.
pub(super) fn retry(tx: &Transaction<'_>) -> Result<(), StoreError> {
    for &entity in entity::ENTITIES {
        if entity.child().is_some() {
            mark_children(tx, entity)?;
            continue;
        }
        let catalog = entity
            .table
            .custom
            .map(|custom| columns::load(tx, custom))
            .transpose()?
            .unwrap_or_default();
        retry_entity(tx, entity, &catalog)?;
    }
    Ok(())
}

fn retry_entity(
    tx: &Transaction<'_>,
    entity: &'static Entity,
    catalog: &Catalog,
) -> Result<(), StoreError> {
    let mut waiting = tx.prepare(
        "SELECT json, observed, last_seen, key, hash FROM sync_quarantine WHERE entity = ?1 ORDER BY observed",
    )?;
    let rows: Vec<(String, i64, String, String, i64)> = waiting
        .query_map([entity.name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut storing = Storing::new(tx, entity.table, catalog)?;
    for (text, observed, last_seen, key, stored_hash) in rows {
        let Some(record) = decode_one(entity, catalog, &text) else { continue };
        let stored = storing.stored(&record, &text)?;
        let observed = observed.cast_unsigned();
        let came = Sighting { hash: record.hash, changed: record.changed, observed };
        if fate(stored.map(|(sighting, _)| sighting), came, None) == Fate::Store {
            let version = state::next_version(tx)?;
            storing.row(
                &record,
                &text,
                Stamp { now: &last_seen, version, observed },
                stored.is_some(),
            )?;
            state::raise(tx, state::Key::Version, version)?;
        }
        tx.execute(
            "DELETE FROM sync_quarantine WHERE entity = ?1 AND key = ?2 AND hash = ?3",
            params![entity.name, key, stored_hash],
        )?;
    }
    Ok(())
}
