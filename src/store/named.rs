//! Rows that are mirrored because deals name them: which of them are owed, and storing them.
//!
//! A mark (`sync_due`, of the entity's own kind) says that some deal names a row that is not here. Marks are found by
//! looking through the deals that changed since the last time: their `_version` tells, so nothing is looked at twice and
//! a crash forgets none. A row that is stored, by whatever way it came, takes its mark off.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{
    Batch, ChildBatch, ChildrenStored, Fate, Owed, Sighting, Store, StoreError, checkpoint, due,
    fate,
    naming::{ALL, DEALS, Looked, missing, scope_of, seen_keys, set},
    presence, quarantine,
    rows::{Stamp, Storing},
    state::{self, Key},
};
use crate::{
    entity::{Catalog, Entity, Record, instant},
    progress::Checkpoint,
};

/// How long after a row was not shown it is asked for again: the first time its replica may only lag, later it is deleted,
/// or hidden from the token.
const SOON: Duration = Duration::from_secs(60);
/// See [`SOON`].
const LATER: Duration = Duration::from_secs(24 * 3_600);

/// How far back sets of children are looked at again: they carry the source's time, which runs beside ours.
const SLACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

impl Store {
    /// Notes whether only those rows of `entity` are mirrored that deals name. Where that changed, what is stored is gone
    /// on with: all rows are read once, or those that are missing are owed.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_scope(&mut self, entity: &Entity, restricted: bool) -> Result<(), StoreError> {
        let scope = if restricted { DEALS } else { ALL };
        let known = scope_of(&self.conn, entity)?;
        if known.as_deref() == Some(scope) {
            return Ok(());
        }
        self.write(|tx| {
            if known.is_some() && !restricted {
                tx.execute("DELETE FROM sync_checkpoints WHERE entity = ?1", [entity.name])?;
            }
            tx.execute("DELETE FROM sync_due WHERE kind = ?1", [entity.name])?;
            tx.execute("DELETE FROM sync_state WHERE key IN (?1, ?2)", seen_keys(entity))?;
            set(tx, &format!("scope_{}", entity.name), scope)?;
            Ok(())
        })
    }

    /// Forgets what is owed of `entity`, which is no longer mirrored; what is stored of it stays as it is.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn strike_named(&mut self, entity: &Entity) -> Result<(), StoreError> {
        if scope_of(&self.conn, entity)?.is_none() {
            return Ok(());
        }
        self.write(|tx| {
            tx.execute("DELETE FROM sync_due WHERE kind = ?1", [entity.name])?;
            tx.execute("DELETE FROM sync_state WHERE key IN (?1, ?2)", seen_keys(entity))?;
            let scope = format!("scope_{}", entity.name);
            tx.execute("DELETE FROM sync_state WHERE key = ?1", [scope])?;
            Ok(())
        })
    }

    /// Begins to mirror the rows of `entity` that deals name: what changes from now on is read from its listing, what is
    /// stored already is asked for once more.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_named(
        &mut self,
        entity: &Entity,
        checkpoint: &Checkpoint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let version = state::next_version(tx)?;
            let stored = format!(
                "INSERT INTO sync_due (kind, id, why, since, generation) SELECT ?1, {}, 'again', ?2, ?3 FROM {}
                 WHERE _missing_since IS NULL ON CONFLICT DO NOTHING",
                entity.table.key(),
                entity.table.name
            );
            let values = params![entity.name, instant::text(now), version.cast_signed()];
            if tx.execute(&stored, values)? > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(checkpoint::save(tx, entity.name, checkpoint)?)
        })
    }

    /// Marks the rows of `entity` that deals name and that are not stored.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn enrol_named(&mut self, entity: &Entity, now: Timestamp) -> Result<(), StoreError> {
        let Some(named) = entity.named else { return Ok(()) };
        let Some(looked) = Looked::due(&self.conn, entity)? else { return Ok(()) };
        self.write(|tx| {
            let version = state::next_version(tx)?;
            let sql = format!(
                "INSERT INTO sync_due (kind, id, why, since, generation) SELECT ?4, id, 'named', ?3, ?5 FROM ({})
                 WHERE true ON CONFLICT DO NOTHING",
                missing(tx, entity, named)?
            );
            let marked = tx.execute(
                &sql,
                params![
                    looked.version,
                    looked.at,
                    instant::text(now),
                    entity.name,
                    version.cast_signed()
                ],
            )?;
            if marked > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            let seen = state::get::<i64>(tx, Key::Version)?.unwrap_or(0);
            let [at_version, at_time] = seen_keys(entity);
            set(tx, &at_version, &seen.to_string())?;
            let back = now.checked_sub(SLACK).unwrap_or(now);
            set(tx, &at_time, &instant::text(back))?;
            Ok(())
        })
    }

    /// Stores the rows of `batch` that came, and lets those wait that did not.
    ///
    /// # Errors
    ///
    /// SQLite's; then nothing of the batch is stored.
    pub fn commit_named(&mut self, batch: &ChildBatch) -> Result<ChildrenStored, StoreError> {
        self.write(|tx| {
            let mut done = ChildrenStored::default();
            let (entity, catalog) = (batch.entity, Catalog::default());
            let (version, now) = (state::next_version(tx)?, instant::text(batch.now));
            let mut storing = Storing::new(tx, entity.table, &catalog)?;
            let mut came = vec![false; batch.asked.len()];
            for page in &batch.pages {
                let stamp = Stamp { now: &now, version, observed: page.observed };
                for (place, record) in &page.rows {
                    came[*place] = true;
                    let stored = storing.stored(record, &page.text)?;
                    let sighting = Sighting {
                        hash: record.hash,
                        changed: record.changed,
                        observed: page.observed,
                    };
                    let fate = match stored {
                        Some((stored, false)) => fate(Some(stored), sighting, Some(batch.now)),
                        _ => Fate::Store,
                    };
                    if fate == Fate::Store {
                        storing.row(record, &page.text, stamp, stored.is_some())?;
                        done.written += 1;
                    }
                    unmark(tx, entity, batch.asked[*place].id)?;
                    quarantine::forget_one(tx, entity, batch.asked[*place].id)?;
                }
                state::raise(tx, Key::Observed, page.observed)?;
            }
            done.quarantined = quarantine::put_named(tx, batch)?;
            for (owed, _) in batch.asked.iter().zip(came).filter(|(_, came)| !came) {
                not_shown(tx, entity, *owed, batch.now)?;
            }
            if done.written > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(done)
        })
    }

    /// Makes candidates of all live rows of `entity`: where only some rows of a listing are mirrored, asking for those by
    /// their ids is the walk over everything. `checkpoint` is that walk's.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn suspect_all(
        &mut self,
        entity: &Entity,
        checkpoint: &Checkpoint,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let version = state::next_version(tx)?;
            presence::suspect_all(tx, entity, now, version)?;
            checkpoint::save(tx, &presence::place(entity), checkpoint)?;
            Ok(state::raise(tx, Key::Version, version)?)
        })
    }
}

/// Lets a row wait that was asked for and did not come.
fn not_shown(
    tx: &Transaction<'_>,
    entity: &Entity,
    owed: Owed,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let before: Option<String> = tx
        .prepare_cached("SELECT why FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .query_row(params![entity.name, owed.id], |row| row.get(0))
        .optional()?;
    let again = before.as_deref() == Some(due::NOT_SHOWN);
    let why = "it is not shown: deleted, or hidden from this token's user";
    due::postpone(tx, entity.name, owed, why, if again { LATER } else { SOON }, now)?;
    // Those that wait for days are asked for together: a hundred cost what one does.
    tx.prepare_cached(
        "UPDATE sync_due SET why = ?3, not_before = CASE WHEN ?4 THEN substr(not_before, 1, 10) || 'T00:00:00Z'
         ELSE not_before END WHERE kind = ?1 AND id = ?2",
    )?
    .execute(params![entity.name, owed.id, due::NOT_SHOWN, again])?;
    Ok(())
}

/// Lets the rows wait that `which` names, and that the source does not show any more: they are asked for now and then.
pub(super) fn bury(
    tx: &Transaction<'_>,
    entity: &Entity,
    which: &str,
    [kind, why]: [&str; 2],
    now: Timestamp,
    version: u64,
) -> rusqlite::Result<()> {
    let later = now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap_or(now);
    tx.execute(
        &format!(
            "INSERT INTO sync_due (kind, id, why, since, attempts, not_before, generation)
             SELECT ?3, id, ?4, ?5, 1, ?6, ?7 FROM ({which}) WHERE true ON CONFLICT DO NOTHING"
        ),
        params![
            kind,
            why,
            entity.name,
            due::NOT_SHOWN,
            instant::text(now),
            instant::text(later),
            version.cast_signed()
        ],
    )?;
    Ok(())
}

/// Returns whether `record` is mirrored: `stored` already, named by a deal, or of an entity of which every row is. Its
/// mark is taken off, as it is going to be stored.
pub(super) fn is_mirrored(
    tx: &Transaction<'_>,
    batch: &Batch,
    record: &Record,
    stored: bool,
) -> rusqlite::Result<bool> {
    let (Some(_), Some(id)) = (batch.entity.named, record.values[0].int()) else { return Ok(true) };
    if batch.restricted && !stored && !is_marked(tx, batch.entity, id)? {
        return Ok(false);
    }
    unmark(tx, batch.entity, id)?;
    Ok(true)
}

/// Takes the mark of a row off that is stored.
fn unmark(tx: &Transaction<'_>, entity: &Entity, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .execute(params![entity.name, id])?;
    Ok(())
}

/// Returns whether some deal names the row `id` of `entity`.
fn is_marked(tx: &Transaction<'_>, entity: &Entity, id: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .exists(params![entity.name, id])
}
