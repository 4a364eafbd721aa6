//! Sets that hang on deals, as the source shows them, against what is stored.

use rusqlite::{OptionalExtension as _, params};

use super::{Difference, Found};
use crate::{
    entity::{Entity, Evidence, Record, Table},
    store::{
        ChildBatch, Store, StoreError,
        children::{Set, hash, sets},
        due::LIVE,
        sql::{Bound, quoted},
    },
};

impl Store {
    /// Returns the live deals of which the mirror claims to know what hangs on them, and owes nothing; `most` of them
    /// are drawn, or all.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn settled(&self, child: &Entity, most: Option<u64>) -> Result<Vec<i64>, StoreError> {
        let counted = matches!(child.child().map(|child| child.evidence), Some(Evidence::Count(_)));
        let sql = format!(
            "SELECT d.id FROM deals d WHERE {LIVE}
             AND (?2 OR EXISTS (SELECT 1 FROM sync_children c WHERE c.child = ?1 AND c.deal_id = d.id))
             AND NOT EXISTS (SELECT 1 FROM sync_due s WHERE s.kind = ?1 AND s.id = d.id)
             ORDER BY random() LIMIT ?3"
        );
        let most = most.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX));
        let mut rows = self.conn.prepare_cached(&sql)?;
        let ids = rows.query_map(params![child.name, counted, most], |row| row.get(0))?;
        let mut ids = ids.collect::<rusqlite::Result<Vec<i64>>>()?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Compares the sets of `batch`, read to the last page, with what is stored. A deal that is owed its set, or that went,
    /// is none.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn compare_children(&self, batch: &ChildBatch) -> Result<Vec<Difference>, StoreError> {
        let (name, mut differences) = (batch.entity.name, Vec::new());
        let mut settled = self.conn.prepare_cached(&format!(
            "SELECT 1 FROM deals d WHERE d.id = ?2 AND {LIVE}
             AND NOT EXISTS (SELECT 1 FROM sync_due s WHERE s.kind = ?1 AND s.id = d.id)"
        ))?;
        for (owed, set) in batch.asked.iter().zip(sets(batch)) {
            if !settled.exists(params![name, owed.id])? {
                continue;
            }
            if let Some(evidence) = self.unlike(batch.entity, owed.id, &set)? {
                differences.push(Difference {
                    entity: name,
                    id: owed.id.to_string(),
                    fate: Found::Children,
                    evidence,
                    own: false,
                });
            }
        }
        Ok(differences)
    }

    fn unlike(&self, child: &Entity, id: i64, set: &Set<'_>) -> rusqlite::Result<Option<String>> {
        let stored: Option<i64> = self
            .conn
            .prepare_cached("SELECT hash FROM sync_children WHERE child = ?1 AND deal_id = ?2")?
            .query_row(params![child.name, id], |row| row.get(0))
            .optional()?;
        let table = child.table;
        let held: i64 = self
            .conn
            .prepare_cached(&format!("SELECT count(*) FROM {} WHERE deal_id = ?1", table.name))?
            .query_row([id], |row| row.get(0))?;
        let came = i64::try_from(set.rows.len()).unwrap_or(i64::MAX);
        if held != came {
            return Ok(Some(format!("{came} at the source, {held} here")));
        }
        for (record, page) in set.rows.values() {
            if !self.holds(table, id, record, page)? {
                return Ok(Some("a row is not as the source shows it".to_owned()));
            }
        }
        Ok(match stored {
            None if came == 0 => None,
            Some(stored) if stored == hash(set) => None,
            _ => Some("the exact texts were others".to_owned()),
        })
    }

    /// Returns whether the row is stored as it came.
    fn holds(&self, table: &Table, id: i64, record: &Record, page: &str) -> rusqlite::Result<bool> {
        let own: Vec<usize> =
            (0..table.columns.len()).filter(|at| table.columns[*at].name != "deal_id").collect();
        let are: Vec<String> = own
            .iter()
            .zip(2..)
            .map(|(at, number)| format!("{} IS ?{number}", quoted(table.columns[*at].name)))
            .collect();
        let sql =
            format!("SELECT 1 FROM {} WHERE deal_id = ?1 AND {}", table.name, are.join(" AND "));
        let mut found = self.conn.prepare_cached(&sql)?;
        found.raw_bind_parameter(1, id)?;
        for (number, at) in (2..).zip(&own) {
            found.raw_bind_parameter(number, Bound(&record.values[*at], page))?;
        }
        Ok(found.raw_query().next()?.is_some())
    }
}
