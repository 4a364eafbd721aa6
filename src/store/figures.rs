//! Figures for whoever looks at the mirror from outside: what ran, what was spent, and how the pipelines stand. Nothing
//! here names a customer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;

use super::{Reader, StoreError};
use crate::entity::instant;

/// How many steps of SQLite's machine lie between two looks at whether to go on: well below a millisecond.
const STEPS: i32 = 10_000;

/// How many runs of one entity began within the same minute and ended the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsAt {
    /// Of which entity.
    pub entity: String,
    /// The beginning of the minute.
    pub minute: Timestamp,
    /// How they ended; `None` while they run, or if the process died.
    pub outcome: Option<String>,
    /// How many.
    pub count: u64,
}

/// What was spent on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentDay {
    /// The UTC day, `YYYY-MM-DD`.
    pub day: String,
    /// What it cost.
    pub cost: u64,
}

/// What stands in one stage, in one currency.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRow {
    /// The id of the pipeline, if the stage names one.
    pub pipeline_id: Option<i64>,
    /// Its name.
    pub pipeline: Option<String>,
    /// The id of the stage.
    pub stage_id: i64,
    /// Its name.
    pub stage: Option<String>,
    /// The currency; `None` where no deal stands there, or some that have none.
    pub currency: Option<String>,
    /// How many open live deals.
    pub count: u64,
    /// What they are worth together.
    pub value: f64,
}

impl Reader {
    /// Sees from now on one state of the database, whatever is written meanwhile. Until the reader is dropped, the log
    /// cannot be written back.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn hold_still(&self) -> Result<(), StoreError> {
        Ok(self.connection().execute_batch("BEGIN")?)
    }

    /// Breaks off, with SQLite's error, whatever is asked once `over` says so.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn break_off_when(
        &mut self,
        over: impl FnMut() -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        Ok(self.conn.progress_handler(STEPS, Some(over))?)
    }

    /// Returns what began at `since` or later, by entity, minute and outcome.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn runs_since(&self, since: Timestamp) -> Result<Vec<RunsAt>, StoreError> {
        // Read from the end: rows are numbered as they begin, and years of them may lie before.
        let mut statement = self
            .connection()
            .prepare_cached("SELECT entity, started_at, outcome FROM sync_runs ORDER BY id DESC")?;
        let since = instant::text(since);
        let mut counted = BTreeMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let started: String = row.get(1)?;
            if started < since {
                break;
            }
            if let Some(minute) = instant::parse(&started).and_then(minute) {
                let entity: String = row.get(0)?;
                let outcome: Option<String> = row.get(2)?;
                *counted.entry((entity, minute, outcome)).or_default() += 1;
            }
        }
        let runs = counted.into_iter();
        Ok(runs
            .map(|((entity, minute, outcome), count)| RunsAt { entity, minute, outcome, count })
            .collect())
    }

    /// Returns what was spent on each UTC day from the one of `since` on, oldest first. A day without a request is not
    /// there.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn spent_by_day(&self, since: Timestamp) -> Result<Vec<SpentDay>, StoreError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT substr(hour, 1, 10) AS day, sum(cost) FROM sync_api_usage WHERE hour >= substr(?1, 1, 10)
             GROUP BY day ORDER BY day",
        )?;
        let days = statement.query_map([instant::text(since)], |row| {
            Ok(SpentDay { day: row.get(0)?, cost: row.get::<_, i64>(1)?.cast_unsigned() })
        })?;
        Ok(days.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns how the pipelines stand, as their screen shows them, at most `limit` rows of it.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn board(&self, limit: u32) -> Result<Vec<BoardRow>, StoreError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT pipeline_id, pipeline, stage_id, stage, currency, count, value FROM pipeline_board LIMIT ?1",
        )?;
        let rows = statement.query_map(params![limit], |row| {
            Ok(BoardRow {
                pipeline_id: row.get(0)?,
                pipeline: row.get(1)?,
                stage_id: row.get(2)?,
                stage: row.get(3)?,
                currency: row.get(4)?,
                count: row.get::<_, i64>(5)?.cast_unsigned(),
                value: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Returns the beginning of the minute that `at` is in.
fn minute(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).ok()
}
