//! `sync_certificates`: what was compared, when, at which cost, and what came of it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    entity::{self, instant},
    store::{Reader, Store, StoreError},
};

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// When it began, by the source's clock.
    pub began_at: String,
    /// When it ended.
    pub ended_at: String,
    /// What was compared, in words separated by commas: `totals`, `inside`, `ids`, `rows`, `children`.
    pub compared: String,
    /// Requests sent.
    pub requests: u64,
    /// What they cost.
    pub cost: u64,
    /// Rows of the source that were looked at.
    pub rows: u64,
    /// How many differences there are.
    pub differences: u64,
    /// `equal`, `different`, or `incomplete` where something could not be compared.
    pub result: String,
    /// [`Digest`] of the mirror as it was compared.
    pub digest: String,
}

impl Certificate {
    /// Says in words what it came to.
    pub fn sentence(&self) -> String {
        let found = match self.differences {
            0 => self.result.clone(),
            count => format!("{}, in {count} places", self.result),
        };
        format!(
            "{found}; {} were compared at {}, at a cost of {}",
            self.compared, self.ended_at, self.cost
        )
    }
}

/// How much there is to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Live deals that are not archived.
    pub live: u64,
    /// Live deals that are.
    pub archived: u64,
    /// Pipelines.
    pub pipelines: u64,
}

/// A hash over the exact texts of all live deals and over the sets that hang on them: two mirrors of one source that
/// stand at the same point have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(pub String);

impl Store {
    /// Writes `certificate` down.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn certify(&mut self, certificate: &Certificate) -> Result<(), StoreError> {
        self.write(|tx| {
            let Certificate { began_at, ended_at, compared, .. } = certificate;
            tx.execute(
                "INSERT INTO sync_certificates
                   (began_at, ended_at, compared, requests, cost, rows, differences, result, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    began_at,
                    ended_at,
                    compared,
                    certificate.requests.cast_signed(),
                    certificate.cost.cast_signed(),
                    certificate.rows.cast_signed(),
                    certificate.differences.cast_signed(),
                    certificate.result,
                    certificate.digest
                ],
            )?;
            Ok(())
        })
    }

    /// Returns how much there is to be compared.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        sizes(&self.conn)
    }

    /// Returns when the mirror was last compared with the source, or first looked at as a whole; `None` before that.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn last_compared(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT ended_at FROM sync_certificates ORDER BY id DESC LIMIT 1";
        let text: Option<String> = self.conn.query_row(sql, [], |row| row.get(0)).optional()?;
        if let Some(at) = text.as_deref().and_then(instant::parse) {
            return Ok(Some(at));
        }
        let mut looked = None;
        for list in entity::ENTITIES.iter().filter(|list| list.has_floor()) {
            looked = looked.max(self.sweep(list)?.and_then(|swept| swept.completed_at));
        }
        Ok(looked)
    }

    /// Returns the digest of what is stored now.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn digest(&self) -> Result<Digest, StoreError> {
        let mut hasher = Sha256::new();
        for sql in [
            "SELECT r.deal_id, r.hash, 0 FROM deal_raw r JOIN deals d ON d.id = r.deal_id
             WHERE d.is_deleted = 0 AND d._missing_since IS NULL ORDER BY 1",
            "SELECT c.deal_id, c.hash, c.rows FROM sync_children c JOIN deals d ON d.id = c.deal_id
             WHERE d.is_deleted = 0 AND d._missing_since IS NULL ORDER BY c.child, 1",
        ] {
            let mut statement = self.conn.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for at in 0..3 {
                    hasher.update(row.get::<_, i64>(at)?.to_le_bytes());
                }
            }
        }
        let text = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Digest(text))
    }
}

impl Reader {
    /// Returns how much there is to be compared.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        sizes(&self.conn)
    }

    /// Returns the certificate written last.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn certificate(&self) -> Result<Option<Certificate>, StoreError> {
        let sql =
            "SELECT began_at, ended_at, compared, requests, cost, rows, differences, result, digest
             FROM sync_certificates ORDER BY id DESC LIMIT 1";
        Ok(self.conn.query_row(sql, [], of_row).optional()?)
    }
}

fn sizes(conn: &Connection) -> Result<Sizes, StoreError> {
    let sql =
        "SELECT count(*) FILTER (WHERE is_archived = 0), count(*) FILTER (WHERE is_archived = 1),
           (SELECT count(*) FROM pipelines WHERE _missing_since IS NULL)
         FROM deals WHERE is_deleted = 0 AND _missing_since IS NULL";
    let number =
        |row: &Row<'_>, at| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)?.cast_unsigned());
    Ok(conn.query_row(sql, [], |row| {
        Ok(Sizes { live: number(row, 0)?, archived: number(row, 1)?, pipelines: number(row, 2)? })
    })?)
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Certificate> {
    let number = |at: usize| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(at)?.cast_unsigned());
    Ok(Certificate {
        began_at: row.get(0)?,
        ended_at: row.get(1)?,
        compared: row.get(2)?,
        requests: number(3)?,
        cost: number(4)?,
        rows: number(5)?,
        differences: number(6)?,
        result: row.get(7)?,
        digest: row.get(8)?,
    })
}
