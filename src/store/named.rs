//! Rows that are mirrored because deals name them: which of them are owed, and storing them.
//!
//! A mark (`sync_due`, of the entity's own kind) says that some deal names a row that is not here. Marks are found by
//! looking through the deals that changed since the last time: their `_version` tells, so nothing is looked at twice and
//! a crash forgets none. A row that is stored, by whatever way it came, takes its mark off.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    ChildBatch, ChildrenStored, Fate, Sighting, Store, StoreError, checkpoint,
    due::{self, LIVE},
    fate, presence, quarantine,
    rows::{Stamp, Storing},
    sql::quoted,
    state::{self, Key},
};
use crate::{
    entity::{self, Catalog, Entity, Named, Naming, instant},
    progress::Checkpoint,
};

/// How long after a row was not shown it is asked for again at the earliest; it is deleted, or hidden from the token.
const WAIT: Duration = Duration::from_secs(24 * 3_600);

/// How far back sets of children are looked at again: they carry the source's time, which runs beside ours.
const SLACK: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// What was mirrored of an entity when it was last taken up: rows that deals name.
const DEALS: &str = "deals";
/// All rows.
const ALL: &str = "all";

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
                let why = "it is not shown: deleted, or hidden from this token's user";
                due::postpone(tx, entity.name, *owed, why, WAIT, batch.now)?;
                tx.prepare_cached("UPDATE sync_due SET why = ?3 WHERE kind = ?1 AND id = ?2")?
                    .execute(params![entity.name, owed.id, due::NOT_SHOWN])?;
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

/// What was looked through for names so far.
#[derive(Debug, Default)]
struct Looked {
    /// The greatest `_version` of deals.
    version: i64,
    /// When sets of children were last looked at.
    at: String,
}

impl Looked {
    /// Returns how far the deals were looked through; `None` if nothing was stored since.
    fn due(conn: &Connection, entity: &Entity) -> rusqlite::Result<Option<Self>> {
        let [at_version, at_time] = seen_keys(entity);
        let version: i64 = get(conn, &at_version)?.and_then(|text| text.parse().ok()).unwrap_or(-1);
        let at = get(conn, &at_time)?.unwrap_or_default();
        let newest = state::get::<i64>(conn, Key::Version)?.unwrap_or(0);
        let sets = conn
            .prepare_cached("SELECT 1 FROM sync_children WHERE stored_at > ?1")?
            .exists([&at])?;
        Ok((newest > version || sets).then_some(Self { version, at }))
    }
}

fn seen_keys(entity: &Entity) -> [String; 2] {
    [format!("named_version_{}", entity.name), format!("named_at_{}", entity.name)]
}

fn get(conn: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM sync_state WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

fn set(tx: &Transaction<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO sync_state VALUES (?1, ?2)", [key, value])?;
    Ok(())
}

fn scope_of(conn: &Connection, entity: &Entity) -> rusqlite::Result<Option<String>> {
    get(conn, &format!("scope_{}", entity.name))
}

/// Returns the statement that finds the ids of rows of `entity` that deals name and that are not stored: in deals whose
/// `_version` is greater than `?1`, and in sets of children stored since `?2`.
fn missing(conn: &Connection, entity: &Entity, named: &Named) -> rusqlite::Result<String> {
    let mut sources = Vec::new();
    for naming in named.by {
        match naming {
            Naming::Parent { column } => sources.push(format!(
                "SELECT d.{column} AS id FROM deals d WHERE d._version > ?1 AND {LIVE}"
            )),
            Naming::Custom { field_type } => {
                for column in custom_columns(conn, field_type)? {
                    sources.push(format!(
                        "SELECT c.{} FROM deals d JOIN deal_custom_fields c ON c.deal_id = d.id
                         WHERE d._version > ?1 AND {LIVE}",
                        quoted(&column)
                    ));
                }
            }
            Naming::Child { table, column } => sources.push(format!(
                "SELECT c.{column} FROM sync_children s JOIN {table} c ON c.deal_id = s.deal_id
                 WHERE s.child = '{table}' AND s.stored_at > ?2"
            )),
        }
    }
    Ok(format!(
        "SELECT DISTINCT n.id FROM ({}) n WHERE n.id IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM {} t WHERE t.{} = n.id AND t._missing_since IS NULL)",
        sources.join(" UNION ALL "),
        entity.table.name,
        entity.table.key()
    ))
}

/// Returns the columns of deals' custom fields of a type.
fn custom_columns(conn: &Connection, field_type: &str) -> rusqlite::Result<Vec<String>> {
    let describing =
        entity::ENTITIES.iter().find_map(|entity| entity.table.custom).map(|custom| custom.fields);
    let Some(fields) = describing else { return Ok(Vec::new()) };
    conn.prepare(&format!(
        "SELECT _column FROM {fields} WHERE _column IS NOT NULL AND _column_type = ?1 ORDER BY rowid"
    ))?
    .query_map([field_type], |row| row.get(0))?
    .collect()
}

/// Takes the mark of a row off that is stored.
pub(super) fn unmark(tx: &Transaction<'_>, entity: &Entity, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .execute(params![entity.name, id])?;
    Ok(())
}

/// Returns whether some deal names the row `id` of `entity`.
pub(super) fn is_marked(tx: &Transaction<'_>, entity: &Entity, id: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT 1 FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .exists(params![entity.name, id])
}

/// Returns how many rows of `entity` that deals name a run would ask for at `now`.
pub(super) fn named_now(
    conn: &Connection,
    entity: &Entity,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let Some(named) = entity.named else { return Ok(0) };
    // Under another scope nothing was looked through yet.
    let looked = match scope_of(conn, entity)?.as_deref() {
        Some(DEALS) => Looked::due(conn, entity)?,
        _ => Some(Looked { version: -1, at: String::new() }),
    };
    let found = match &looked {
        Some(_) => format!("SELECT id FROM ({})", missing(conn, entity, named)?),
        None => "SELECT NULL AS id WHERE ?1 + ?2 IS NULL AND false".to_owned(),
    };
    let looked = looked.unwrap_or_default();
    let count: i64 = conn.query_row(
        &format!(
            "SELECT count(*) FROM (SELECT id FROM sync_due WHERE kind = ?3 AND (not_before IS NULL OR not_before <= ?4)
             UNION SELECT id FROM ({found}) WHERE id NOT IN (SELECT id FROM sync_due WHERE kind = ?3))"
        ),
        params![looked.version, looked.at, entity.name, instant::text(now)],
        |row| row.get(0),
    )?;
    Ok(count.cast_unsigned())
}
