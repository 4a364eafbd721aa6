//! `sync_runs`: what each run did.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{
    Store, StoreError,
    state::{self, Key},
};
use crate::entity::{Entity, instant};

/// How long a run is remembered. A daemon writes about a thousand rows a day.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many rows are forgotten at once.
const AT_ONCE: i64 = 100;

/// A row of `sync_runs` that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRow(i64);

/// What an entity's part of a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// The outcome's name.
    pub outcome: &'static str,
    /// Requests sent.
    pub requests: u64,
    /// What they cost.
    pub cost: u64,
    /// Rows that came.
    pub seen: u64,
    /// Rows stored because they were new or different.
    pub written: u64,
    /// Of those, rows that are deleted at the source.
    pub deleted: u64,
    /// What went wrong.
    pub error: Option<String>,
}

impl Store {
    /// Returns a number for a new run at `now`, and forgets a few of the runs that are older than 90 days.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn next_run(&mut self, now: Timestamp) -> Result<i64, StoreError> {
        let before = instant::text(now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN));
        // Rows are numbered in the order of time, so the oldest ones tell whether there is anything to forget.
        let old: Option<i64> = self.conn.query_row(
            "SELECT max(id) FROM (SELECT id, started_at FROM sync_runs ORDER BY id LIMIT ?1) WHERE started_at < ?2",
            params![AT_ONCE, before],
            |row| row.get(0),
        )?;
        if let Some(old) = old {
            self.write(|tx| Ok(tx.execute("DELETE FROM sync_runs WHERE id <= ?1", [old])?))?;
        }
        Ok(self
            .conn
            .query_row("SELECT coalesce(max(run), 0) + 1 FROM sync_runs", [], |row| row.get(0))?)
    }

    /// Notes that `entity`'s part of a run began.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_run(
        &mut self,
        run: i64,
        mode: &'static str,
        entity: &Entity,
        now: Timestamp,
    ) -> Result<RunRow, StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO sync_runs (run, mode, entity, started_at) VALUES (?1, ?2, ?3, ?4)",
                params![run, mode, entity.name, instant::text(now)],
            )?;
            Ok(RunRow(tx.last_insert_rowid()))
        })
    }

    /// Notes how it ended.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn end_run(
        &mut self,
        row: RunRow,
        totals: &RunTotals,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE sync_runs SET ended_at = ?2, outcome = ?3, requests = ?4, cost = ?5, seen = ?6, written = ?7,
                 deleted = ?8, error = ?9 WHERE id = ?1",
                params![
                    row.0,
                    instant::text(now),
                    totals.outcome,
                    totals.requests.cast_signed(),
                    totals.cost.cast_signed(),
                    totals.seen.cast_signed(),
                    totals.written.cast_signed(),
                    totals.deleted.cast_signed(),
                    totals.error
                ],
            )?;
            Ok(())
        })
    }

    /// Returns the first number for requests of this process: greater than any that brought a stored row.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn next_observed(&self) -> Result<u64, StoreError> {
        Ok(state::get::<u64>(&self.conn, Key::Observed)?.unwrap_or(0) + 1)
    }

    /// Returns the codes of custom fields that the source did not describe when last asked.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn asked_fields(&self) -> Result<Vec<String>, StoreError> {
        let text = state::get::<String>(&self.conn, Key::AskedFields)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Remembers the codes of custom fields that the source did not describe.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn save_asked_fields(&mut self, codes: &[String]) -> Result<(), StoreError> {
        let text = serde_json::Value::from(codes).to_string();
        self.write(|tx| Ok(state::set(tx, Key::AskedFields, text)?))
    }
}
