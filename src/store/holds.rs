//! What is not asked for, for a while: children that the source refuses, and those that keep failing.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Store, StoreError};
use crate::entity::{Entity, instant};

/// How long after the first failure in a row an entity is asked for again; twice as long after each further one.
const FIRST: SignedDuration = SignedDuration::from_mins(5);

/// How long at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// An entity that failed as a whole, and waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// How often in a row.
    pub failures: u32,
    /// When it is asked for again.
    pub until: Timestamp,
    /// What went wrong.
    pub why: String,
}

impl Store {
    /// Returns since when the source is known to refuse `kind` for every parent.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn refused_since(&self, kind: &Entity) -> Result<Option<Timestamp>, StoreError> {
        Ok(refused_since(&self.conn, kind.name)?)
    }

    /// Notes that the source refuses `kind` for every parent since `since`, or (`None`) that it does not.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_refused(
        &mut self,
        kind: &Entity,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.put(&format!("refused_{}", kind.name), since.map(instant::text))
    }

    /// Returns whether a set of `kind` was ever stored: then the source does not refuse it for every parent.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn has_sets(&self, kind: &Entity) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM sync_children WHERE child = ?1 LIMIT 1")?
            .exists([kind.name])?)
    }

    /// Returns what `kind` waits for.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn held(&self, kind: &Entity) -> Result<Option<Hold>, StoreError> {
        Ok(held(&self.conn, kind.name)?)
    }

    /// Notes that `kind` failed as a whole at `now`; returns until when it waits: ever longer.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn hold(
        &mut self,
        kind: &Entity,
        why: &str,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let failures = self.held(kind)?.map_or(0, |held| held.failures);
        let times = 1_i32.checked_shl(failures).unwrap_or(i32::MAX).max(1);
        let wait = FIRST.checked_mul(times).map_or(LONGEST, |wait| wait.min(LONGEST));
        let until = now.saturating_add(wait).unwrap_or(now);
        let text = format!("{}|{}|{why}", failures + 1, instant::text(until));
        self.put(&format!("failing_{}", kind.name), Some(text))?;
        Ok(until)
    }

    /// Notes that `kind` is well.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn release(&mut self, kind: &Entity) -> Result<(), StoreError> {
        self.put(&format!("failing_{}", kind.name), None)
    }

    fn put(&mut self, key: &str, value: Option<String>) -> Result<(), StoreError> {
        self.write(|tx| {
            match value {
                Some(value) => tx.execute(
                    "INSERT OR REPLACE INTO sync_state VALUES (?1, ?2)",
                    params![key, value],
                )?,
                None => tx.execute("DELETE FROM sync_state WHERE key = ?1", [key])?,
            };
            Ok(())
        })
    }
}

/// Returns since when the source is known to refuse `kind`.
pub(super) fn refused_since(conn: &Connection, kind: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(get(conn, &format!("refused_{kind}"))?.as_deref().and_then(instant::parse))
}

/// Returns what `kind` waits for; a value that cannot be read counts as none.
pub(super) fn held(conn: &Connection, kind: &str) -> rusqlite::Result<Option<Hold>> {
    let text = get(conn, &format!("failing_{kind}"))?;
    Ok(text.as_deref().and_then(|text| {
        let mut parts = text.splitn(3, '|');
        Some(Hold {
            failures: parts.next()?.parse().ok()?,
            until: instant::parse(parts.next()?)?,
            why: parts.next()?.to_owned(),
        })
    }))
}

fn get(conn: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM sync_state WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}
