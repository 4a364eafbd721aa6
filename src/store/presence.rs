//! Rows that a walk over everything did not meet: candidates, until somebody asked for them by their ids.
//!
//! An absence is never believed at once. A candidate is a `sync_due` row of kind `presence_<entity>`, written in the
//! transaction of the page that lacks it and dropped by the first page that shows it. What three questions by id did not
//! bring is confirmed, and only a run that confirmed all of its candidates, and not too many, sets tombstones.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{CachedStatement, Connection, Transaction, params};

use super::{
    Batch, Purpose, Sighting, Store, StoreError, checkpoint,
    due::MARK,
    named,
    quarantine::sharing,
    state::{self, Key},
};
use crate::{
    entity::{self, Entity, Record, instant},
    progress::Checkpoint,
};

/// How old a version must be before an older one may take its place: a list may lag by less.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// Why a candidate is one: the walk did not meet it.
const NOT_SEEN: &str = "not seen";
/// Why a candidate is one: the walk met an older version than the one that is stored.
const OLDER: &str = "an older version was seen";
/// Why a candidate is one: somebody compared it with the source, and it differed.
pub(super) const VERIFIED: &str = "verify";
/// A candidate that three questions did not bring.
const CONFIRMED: &str = "confirmed";

/// The kind of the candidates of `entity`.
pub(super) fn kind(entity: &Entity) -> String {
    format!("presence_{}", entity.name)
}

/// Under which name a walk of `entity` by id keeps its place.
pub(super) fn place(entity: &Entity) -> String {
    format!("reconcile_{}", entity.name)
}

impl Store {
    /// Returns how far the walk of `entity` by id came; `None` if there never was one.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn sweep(&self, entity: &Entity) -> Result<Option<Checkpoint>, StoreError> {
        Ok(checkpoint::load(&self.conn, &place(entity))?)
    }

    /// Begins the walk of `entity` by id at the first row; candidates of earlier walks are forgotten.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_sweep(
        &mut self,
        entity: &Entity,
        checkpoint: &Checkpoint,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM sync_due WHERE kind = ?1", [kind(entity)])?;
            Ok(checkpoint::save(tx, &place(entity), checkpoint)?)
        })
    }

    /// Returns candidates of `entities` that nobody asked for yet, at most `most`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn candidates(
        &self,
        entities: &[&'static Entity],
        most: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let mut ids = BTreeSet::new();
        for entity in entities {
            let mut rows = self.conn.prepare_cached(
                "SELECT id FROM sync_due WHERE kind = ?1 AND why <> ?2 ORDER BY id LIMIT ?3",
            )?;
            for id in
                rows.query_map(params![kind(entity), CONFIRMED, most], |row| row.get::<_, i64>(0))?
            {
                ids.insert(id?);
            }
        }
        Ok(ids.into_iter().take(most as usize).collect())
    }

    /// Returns whether a comparison made candidates of `entities`, so that they are asked for without a walk.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn has_verified(&self, entities: &[&'static Entity]) -> Result<bool, StoreError> {
        for entity in entities {
            if verified(&self.conn, entity)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that the source brought none of `ids` when it was asked for them.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn confirm_absent(
        &mut self,
        entities: &[&'static Entity],
        ids: &[i64],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut confirm =
                tx.prepare("UPDATE sync_due SET why = ?3 WHERE kind = ?1 AND id = ?2")?;
            for entity in entities {
                for id in ids {
                    confirm.execute(params![kind(entity), id, CONFIRMED])?;
                }
            }
            Ok(())
        })
    }

    /// Returns how many absences of `entities` are confirmed.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn confirmed_absences(&self, entities: &[&'static Entity]) -> Result<u64, StoreError> {
        let mut count = 0;
        for entity in entities {
            count += self.conn.query_row(
                "SELECT count(*) FROM sync_due WHERE kind = ?1 AND why = ?2",
                [kind(entity).as_str(), CONFIRMED],
                |row| row.get::<_, i64>(0),
            )?;
        }
        Ok(count.cast_unsigned())
    }

    /// Sets the tombstone of the rows of `entities`, which share a table, whose absence is confirmed. What hangs on them
    /// stays as it was and is owed no more.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn bury(
        &mut self,
        entities: &[&'static Entity],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let Some(table) = entities.first().map(|entity| entity.table) else { return Ok(0) };
        let (name, key) = (table.name, table.key());
        self.write(|tx| {
            let (version, mut buried) = (state::next_version(tx)?, 0);
            for entity in entities {
                let which = "SELECT id FROM sync_due WHERE kind = ?1 AND why = ?2";
                buried += tx.execute(
                    &format!("UPDATE {name} SET _missing_since = ?3 WHERE {key} IN ({which})"),
                    params![kind(entity), CONFIRMED, instant::text(now)],
                )?;
                if table.raw.is_some() {
                    tx.execute(
                        &format!("UPDATE {name} SET _version = ?3 WHERE {key} IN ({which})"),
                        params![kind(entity), CONFIRMED, version.cast_signed()],
                    )?;
                }
                for child in children_of(name) {
                    tx.execute(
                        &format!("DELETE FROM sync_due WHERE kind = ?3 AND id IN ({which})"),
                        params![kind(entity), CONFIRMED, child.name],
                    )?;
                }
                if entity.named.is_some() {
                    // Where only what deals name is mirrored, no listing would show that it is back.
                    named::bury(tx, entity, which, [&kind(entity), CONFIRMED], now, version)?;
                }
                tx.execute(
                    "DELETE FROM sync_due WHERE kind = ?1 AND why = ?2",
                    params![kind(entity), CONFIRMED],
                )?;
            }
            if buried > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(buried as u64)
        })
    }
}

/// Makes candidates of all live rows of `entity`, in place of those of earlier walks.
pub(super) fn suspect_all(
    tx: &Transaction<'_>,
    entity: &Entity,
    now: Timestamp,
    version: u64,
) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM sync_due WHERE kind = ?1", [kind(entity)])?;
    let (table, deleted) = (entity.table, entity.table.deleted.unwrap_or("0"));
    tx.execute(
        &format!(
            "INSERT INTO sync_due (kind, id, why, since, generation) SELECT ?1, {}, ?2, ?3, ?4 FROM {}
             WHERE {deleted} = 0 AND _missing_since IS NULL",
            table.key(),
            table.name
        ),
        params![kind(entity), NOT_SEEN, instant::text(now), version.cast_signed()],
    )?;
    Ok(())
}

/// Returns how many candidates of `entity` a comparison made.
pub(super) fn verified(conn: &Connection, entity: &Entity) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM sync_due WHERE kind = ?1 AND why = ?2";
    let count: i64 = conn.query_row(sql, [kind(entity).as_str(), VERIFIED], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// Returns how many candidates of `entity` nobody asked for yet.
pub(super) fn unasked(conn: &Connection, entity: &Entity) -> rusqlite::Result<u64> {
    let count: i64 = conn.query_row(
        "SELECT count(*) FROM sync_due WHERE kind = ?1 AND why <> ?2",
        params![kind(entity), CONFIRMED],
        |row| row.get(0),
    )?;
    Ok(count.cast_unsigned())
}

/// Returns of which tables absences are confirmed, and how many.
pub(super) fn confirmed(conn: &Connection) -> rusqlite::Result<Vec<(&'static str, u64)>> {
    let mut absent: Vec<(&'static str, u64)> = Vec::new();
    let lists = || entity::ENTITIES.iter().copied().filter(|entity| entity.is_list());
    for table in lists().map(|entity| entity.table.name) {
        if absent.iter().any(|(known, _)| *known == table) {
            continue;
        }
        let of_table = lists().filter(|entity| entity.table.name == table);
        let kinds: Vec<String> = of_table.map(|entity| format!("'{}'", kind(entity))).collect();
        let sql = format!(
            "SELECT count(DISTINCT id) FROM sync_due WHERE kind IN ({}) AND why = ?1",
            kinds.join(", ")
        );
        let count: i64 = conn.query_row(&sql, [CONFIRMED], |row| row.get(0))?;
        absent.push((table, count.cast_unsigned()));
    }
    absent.retain(|(_, count)| *count > 0);
    Ok(absent)
}

/// Returns what hangs on the rows of `table`.
fn children_of(table: &str) -> impl Iterator<Item = &'static Entity> {
    entity::ENTITIES
        .iter()
        .copied()
        .filter(move |entity| entity.child().is_some_and(|child| child.parent == table))
}

/// Keeps the candidates true while a page is stored.
pub(super) struct Presence<'t> {
    tx: &'t Transaction<'t>,
    batch: &'t Batch,
    version: u64,
    /// Drops the candidate of this id, where there are candidates.
    drop: Option<CachedStatement<'t>>,
    /// The keys of the page.
    ids: BTreeSet<i64>,
    /// A row came whose key could not be read: it may be any.
    unnamed: bool,
    doubted: u64,
}

impl<'t> Presence<'t> {
    pub(super) fn new(
        tx: &'t Transaction<'t>,
        batch: &'t Batch,
        version: u64,
    ) -> rusqlite::Result<Self> {
        let any = tx
            .prepare_cached(
                "SELECT 1 FROM sync_due WHERE kind >= 'presence_' AND kind < 'presence`'",
            )?
            .exists([])?;
        let kinds: Vec<String> =
            sharing(batch.entity.table).map(|entity| format!("'{}'", kind(entity))).collect();
        let sql = format!("DELETE FROM sync_due WHERE kind IN ({}) AND id = ?1", kinds.join(", "));
        let drop = if any { Some(tx.prepare_cached(&sql)?) } else { None };
        let (ids, unnamed) = (BTreeSet::new(), false);
        let mut presence = Self { tx, batch, version, drop, ids, unnamed, doubted: 0 };
        for row in &batch.decoded.unreadable {
            match row.key.parse() {
                Ok(id) => presence.seen_id(id)?,
                Err(_) => presence.unnamed = true,
            }
        }
        Ok(presence)
    }

    /// Takes note of a row that came.
    pub(super) fn seen(&mut self, record: &Record) -> rusqlite::Result<()> {
        record.values[0].int().map_or(Ok(()), |id| self.seen_id(id))
    }

    fn seen_id(&mut self, id: i64) -> rusqlite::Result<()> {
        if matches!(self.batch.purpose, Purpose::Sweep { .. }) {
            self.ids.insert(id);
        }
        if let Some(drop) = &mut self.drop {
            drop.execute([id])?;
        }
        Ok(())
    }

    /// Takes note that `record` is older than what is `stored`; returns whether it is to be stored all the same. A walk
    /// asks for such a row by its id, and what comes then is how it is.
    pub(super) fn doubts(&mut self, record: &Record, stored: Sighting) -> rusqlite::Result<bool> {
        let now = self.batch.now;
        let fresh = |at: Timestamp| at <= now && now.duration_since(at) < SETTLED;
        if stored.changed.is_some_and(fresh) {
            return Ok(false);
        }
        match self.batch.purpose {
            Purpose::Pass | Purpose::Window { .. } => Ok(false),
            Purpose::Confirm => Ok(true),
            Purpose::Sweep { .. } => {
                if let Some(id) = record.values[0].int() {
                    self.mark(id, OLDER)?;
                    self.doubted += 1;
                }
                Ok(false)
            }
        }
    }

    /// Makes candidates of the rows that this page should have held; returns how many there are.
    pub(super) fn missed(&mut self) -> rusqlite::Result<u64> {
        let Purpose::Sweep { after, to } = self.batch.purpose else { return Ok(0) };
        let entity = self.batch.entity;
        let Some(listed) = entity.listed_rows() else { return Ok(0) };
        if self.unnamed {
            return Ok(self.doubted);
        }
        let table = entity.table;
        let (key, changed) = (table.key(), table.changed.unwrap_or("NULL"));
        let deleted = table.deleted.unwrap_or("0");
        let sql = format!(
            "SELECT {key} FROM {} WHERE {key} > ?1 AND {key} <= ?2 AND {listed} AND {deleted} = 0
             AND _missing_since IS NULL AND (?3 IS NULL OR {changed} >= ?3)",
            table.name
        );
        let floor = self.batch.checkpoint.floor.map(instant::text);
        let mut stored = self.tx.prepare_cached(&sql)?;
        let mut rows =
            stored.query(params![after.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), floor])?;
        let mut missed = self.doubted;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if !self.ids.contains(&id) {
                self.mark(id, NOT_SEEN)?;
                missed += 1;
            }
        }
        Ok(missed)
    }

    fn mark(&self, id: i64, why: &str) -> rusqlite::Result<()> {
        let (kind, now) = (kind(self.batch.entity), instant::text(self.batch.now));
        self.tx.prepare_cached(MARK)?.execute(params![
            kind,
            id,
            why,
            now,
            self.version.cast_signed()
        ])?;
        Ok(())
    }
}
