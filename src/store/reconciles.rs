//! Where the walks over everything stand, and how many rows there are to be compared with the source's own total.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{
    Store, StoreError, checkpoint, presence,
    quarantine::sharing,
    state::{self, Key},
};
use crate::{
    entity::{self, Entity, instant},
    progress::Checkpoint,
};

/// How old a reconcile may be that is gone on with.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long after a count that failed it is tried again.
const RECOUNT: SignedDuration = SignedDuration::from_hours(24);

/// What is noted of a count that came out even.
const EQUAL: &str = "equal";

/// What is noted of a count that could not be had; the time follows.
const TRIED: &str = "tried at ";

impl Store {
    /// Notes that a reconcile of `entities` is under way. One that was begun before goes on, unless that was so long ago
    /// that what it walked over proves nothing any more.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_reconcile(
        &mut self,
        entities: &[&'static Entity],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let began = state::get::<Timestamp>(&self.conn, Key::ReconcileBegan)?;
        let goes_on = began.is_some_and(|began| now.duration_since(began) < STALE);
        self.write(|tx| {
            if !goes_on {
                for entity in entities.iter().flat_map(|entity| sharing(entity.table)) {
                    let swept = checkpoint::load(tx, &presence::place(entity))?;
                    let Some(swept) = swept else { continue };
                    let anew = Checkpoint { cursor: None, complete_began_at: None, ..swept };
                    checkpoint::save(tx, &presence::place(entity), &anew)?;
                }
                state::set(tx, Key::ReconcileBegan, now)?;
            }
            Ok(state::set(tx, Key::ReconcileTouched, now)?)
        })
    }

    /// Returns when the reconcile that is under way was last gone on with.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn reconcile_touched(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(state::get(&self.conn, Key::ReconcileTouched)?)
    }

    /// Notes that the reconcile under way walked over `walked` and is over; `settled`: nothing of it waits for a person.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn end_reconcile(
        &mut self,
        walked: &[&'static Entity],
        settled: bool,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            state::clear(tx, Key::ReconcileBegan)?;
            state::clear(tx, Key::ReconcileTouched)?;
            // What was counted before may have been healed by it.
            if state::get::<String>(tx, Key::Counted)?.is_some_and(|counted| counted != EQUAL) {
                state::clear(tx, Key::Counted)?;
            }
            // What moves deals without a trace owes a walk over all of them.
            let mut deals = entity::ENTITIES.iter().copied().filter(|entity| entity.has_floor());
            let all = deals.all(|entity| {
                walked.contains(&entity)
                    || !matches!(checkpoint::load(tx, entity.name), Ok(Some(_)))
            });
            if all && settled {
                state::clear(tx, Key::ReconcileOwed)?;
            }
            Ok(())
        })
    }

    /// Notes why a reconcile is owed. One that is under way began too early to count.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owe_reconcile(&mut self, why: &str) -> Result<(), StoreError> {
        if self.owed_reconcile()?.is_some() {
            return Ok(());
        }
        self.write(|tx| {
            state::clear(tx, Key::ReconcileBegan)?;
            state::clear(tx, Key::ReconcileTouched)?;
            Ok(state::set(tx, Key::ReconcileOwed, why)?)
        })
    }

    /// Returns why a reconcile is owed, if one is.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owed_reconcile(&self) -> Result<Option<String>, StoreError> {
        Ok(state::get(&self.conn, Key::ReconcileOwed)?)
    }

    /// Returns whether the mirror was counted against the source since its first complete pass, or could not be a short
    /// while before `now`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn is_counted(&self, now: Timestamp) -> Result<bool, StoreError> {
        let Some(counted) = state::get::<String>(&self.conn, Key::Counted)? else {
            return Ok(false);
        };
        let tried = counted.strip_prefix(TRIED).and_then(instant::parse);
        Ok(tried.is_none_or(|tried| now.duration_since(tried) < RECOUNT))
    }

    /// Notes how the count came out: the source's number and ours, where they differ.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_counted(&mut self, difference: Option<(u64, u64)>) -> Result<(), StoreError> {
        let text = difference.map_or_else(
            || EQUAL.to_owned(),
            |(source, mirror)| format!("source {source}, mirror {mirror}"),
        );
        self.write(|tx| Ok(state::set(tx, Key::Counted, text)?))
    }

    /// Notes that the mirror could not be counted at `now`: it is tried again a day later.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_uncountable(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let text = format!("{TRIED}{}", instant::text(now));
        self.write(|tx| Ok(state::set(tx, Key::Counted, text)?))
    }

    /// Returns how many rows of `entity`'s list are live, those included that are in quarantine only.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn countable(&self, entity: &Entity) -> Result<u64, StoreError> {
        let (table, key) = (entity.table.name, entity.table.key());
        let sql = format!(
            "SELECT count(DISTINCT key) FROM sync_quarantine q WHERE entity = ?1 AND NOT EXISTS
             (SELECT 1 FROM {table} WHERE {key} = CAST(q.key AS INTEGER))"
        );
        let unread: i64 = self.conn.query_row(&sql, [entity.name], |row| row.get(0))?;
        Ok(self.listed(entity)? + unread.cast_unsigned())
    }

    /// Returns how many live rows of `entity`'s list are stored.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn listed(&self, entity: &Entity) -> Result<u64, StoreError> {
        Ok(listed(&self.conn, entity)?)
    }

    /// Returns how many rows of the table of `entity` are live.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn live_rows(&self, entity: &Entity) -> Result<u64, StoreError> {
        let deleted = entity.table.deleted.unwrap_or("0");
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {deleted} = 0 AND _missing_since IS NULL",
            entity.table.name
        );
        let rows: i64 = self.conn.query_row(&sql, [], |row| row.get(0))?;
        Ok(rows.cast_unsigned())
    }
}

/// Returns how many live rows of `entity`'s list are stored.
pub(super) fn listed(conn: &Connection, entity: &Entity) -> rusqlite::Result<u64> {
    let Some(listed) = entity.listed_rows() else { return Ok(0) };
    let deleted = entity.table.deleted.unwrap_or("0");
    let sql = format!(
        "SELECT count(*) FROM {} WHERE {listed} AND {deleted} = 0 AND _missing_since IS NULL",
        entity.table.name
    );
    let rows: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
    Ok(rows.cast_unsigned())
}
