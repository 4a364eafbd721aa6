//! The mirror's own figures, to be held against the source's totals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;

use crate::{
    entity::instant,
    store::{Store, StoreError},
};

/// Which deals a total is about: live ones that are not archived, of one status or one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// Those of a status.
    Status(&'static str),
    /// Those of a pipeline.
    Pipeline(i64),
}

/// Deals of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// What they are worth together.
    pub value: f64,
}

/// The condition on a deal: ?1 is the status, ?2 the pipeline, of which one is NULL.
const WHICH: &str = "is_deleted = 0 AND is_archived = 0 AND _missing_since IS NULL
     AND (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR pipeline_id = ?2)";

impl Store {
    /// Returns the sums over `group`, by currency.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn sums(&self, group: &Group) -> Result<BTreeMap<String, Sum>, StoreError> {
        let sql = format!(
            "SELECT coalesce(currency, ''), count(*), total(value) FROM deals WHERE {WHICH} GROUP BY 1"
        );
        let (status, pipeline) = group.parameters();
        let mut rows = self.conn.prepare_cached(&sql)?;
        let sums = rows.query_map(params![status, pipeline], |row| {
            let count = row.get::<_, i64>(1)?.cast_unsigned();
            Ok((row.get(0)?, Sum { count, value: row.get(2)? }))
        })?;
        Ok(sums.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns whether a deal changed at `since` or later: then two totals of different moments may well differ.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn moved_since(&self, since: Timestamp) -> Result<bool, StoreError> {
        let mut moved = self.conn.prepare_cached("SELECT 1 FROM deals WHERE update_time >= ?1")?;
        Ok(moved.exists([instant::text(since)])?)
    }

    /// Returns the pipelines that the source still has.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn pipelines(&self) -> Result<Vec<i64>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT id FROM pipelines WHERE is_deleted IS NOT 1 AND _missing_since IS NULL ORDER BY id",
        )?;
        let ids = rows.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}

impl Group {
    fn parameters(&self) -> (Option<&'static str>, Option<i64>) {
        match self {
            Self::Status(status) => (Some(status), None),
            Self::Pipeline(id) => (None, Some(*id)),
        }
    }

    /// Returns the name and the value of the parameter by which the source is asked.
    pub fn parameter(&self) -> (&'static str, String) {
        match self {
            Self::Status(status) => ("status", (*status).to_owned()),
            Self::Pipeline(id) => ("pipeline_id", id.to_string()),
        }
    }
}
