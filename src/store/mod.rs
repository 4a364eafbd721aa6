//! SQLite out: one file, one connection that writes.
//!
//! Properties upheld here:
//! - no row is stored without the checkpoint that covers it: both are in one transaction ([`Store::commit`]);
//! - a row never goes back in time ([`fate`]);
//! - a row that did not change costs a look and no write;
//! - the file is its owner's alone, and one process at a time writes it ([`Lock`]).
//!
//! This layer makes no request and reads no clock; what time it is comes with the batch.

mod account;
mod batch;
mod checkpoint;
mod children;
mod columns;
mod describe;
mod due;
mod error;
#[cfg(test)]
mod example_tests;
mod fate;
mod figures;
mod file;
mod given;
mod guard;
mod holds;
mod ledger;
mod marking;
mod migrate;
mod named;
mod naming;
mod presence;
mod quarantine;
mod query;
mod read;
mod reconciles;
mod renew;
mod rows;
mod runs;
mod search;
mod sizes;
mod snapshot;
mod sql;
mod state;
mod verify;
mod views;
mod windows;
mod writer;

use std::{io::ErrorKind, path::Path};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig,
};

pub use account::Account;
pub use batch::{Batch, Committed, Purpose, Reading};
pub use children::{ChildBatch, ChildPage, ChildrenStored, UnreadableChild};
pub use describe::{Described, DescribedColumn};
pub use due::{ChildRule, Owed, Owing, Policy};
pub use error::StoreError;
pub use fate::{Fate, Sighting, fate};
pub use figures::{BoardRow, RunsAt, SpentDay};
pub use file::{DAEMON, Lock, can_write, canonical};
pub use given::Given;
pub use holds::Hold;
pub use ledger::{MemoryLedger, StoreLedger};
pub use migrate::KNOWN as SCHEMA;
pub use query::{Cell, Inquiry, Place, QueryError, Rows};
pub use read::{EntityProgress, LastRun, Reader, Reconciles, Spent};
pub use renew::Renewal;
pub use runs::{RunRow, RunTotals};
pub use sizes::{OwedNow, Stretch};
pub use snapshot::{Copied, SnapshotError, snapshot};
pub use verify::{
    Certificate, Difference, Digest, Found, Group, Looked, MARK, Mended, Rederived, Seen, Sizes,
    Sum,
};
pub use writer::{Writer, WriterLoop};

/// Returns the version of SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The database, open for writing by this process alone.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    opened: file::Identity,
    // Kept for its drop: the lock is given back after the connection is closed.
    lock: Lock,
}

impl Store {
    /// Opens the database that `lock` stands for, makes it if there is none, and brings its schema up to date.
    ///
    /// `mode` are the permission bits of a new file.
    ///
    /// # Errors
    ///
    /// The file cannot be used: see [`StoreError`]. Nothing is changed in a file that is not ours.
    pub fn open(lock: Lock, mode: u32) -> Result<Self, StoreError> {
        let path = lock.path().to_owned();
        file::create(&path, mode)?;
        let mut conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let number = match migrate::look(&conn).map_err(|error| unusable(&path, error))? {
            migrate::Found::Empty => 0,
            migrate::Found::Ours(found) if found > SCHEMA => {
                return Err(StoreError::Newer { path, found, known: SCHEMA });
            }
            migrate::Found::Ours(found) => found,
            migrate::Found::Foreign => return Err(StoreError::Foreign(path)),
        };
        tune(&conn)
            .and_then(|()| migrate::run(&mut conn, number))
            .map_err(|error| unusable(&path, error))?;
        views::ensure(&mut conn).map_err(|error| error.of(&path))?;
        let opened = file::identity(&path).ok_or_else(|| StoreError::Replaced(path))?;
        Ok(Self { conn, opened, lock })
    }

    /// Returns the canonical path of the database.
    pub fn path(&self) -> &Path {
        self.lock.path()
    }

    /// Makes sure that the file at the path is the one that was opened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Replaced`]: another one is there, or none.
    pub fn check_file(&self) -> Result<(), StoreError> {
        if file::identity(self.lock.path()) == Some(self.opened) {
            return Ok(());
        }
        Err(StoreError::Replaced(self.lock.path().to_owned()))
    }

    /// Runs `work` in one transaction.
    ///
    /// A stranger's lock is waited out (SQLite's busy timeout, again and again) before `work` begins.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.check_file()?;
        // 5 s each by the busy timeout: ten minutes, after which it is no longer somebody's slow query.
        const PATIENCE: u32 = 120;
        for attempt in 1.. {
            match self.conn.transaction_with_behavior(TransactionBehavior::Immediate) {
                Ok(tx) => {
                    let done = work(&tx)?;
                    tx.commit()?;
                    return Ok(done);
                }
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && attempt < PATIENCE =>
                {
                    tracing::warn!(
                        retry.attempt = attempt,
                        "Another program holds a write lock on the database; the page in hand waits for it"
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy)
    }

    /// Writes the log back into the database file and empties it, as far as readers allow.
    ///
    /// # Errors
    ///
    /// SQLite's. That a reader keeps the log is none.
    pub fn truncate_log(&mut self) -> Result<(), StoreError> {
        let busy: i64 =
            self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            tracing::debug!("A reader keeps the write-ahead log; it is emptied later");
        }
        Ok(())
    }
}

/// Opens `path`, which exists.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| unusable(path, error))?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Pragmas of the writing connection; the figures behind them are measured in `benches/`. The size of pages is that of a new
/// file: a deal's text of some 2.4 kB fits once into a page of 4 KiB and three times into one of 8.
fn tune(conn: &Connection) -> rusqlite::Result<()> {
    // Otherwise a statement whose plan might hang on a bound value is planned anew each time it runs, which took a quarter
    // of the time of a sync that finds nothing. Ours have one good plan each.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch(
        "PRAGMA busy_timeout = 5000;
         PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = OFF;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 8000;
         PRAGMA journal_size_limit = 67108864;",
    )
}

/// Says in our words why `path` could not be opened.
fn unusable(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Unusable { path: path.to_owned(), reason: error.to_string() }
        }
        Some(ErrorCode::CannotOpen) => file::unopened(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            file::fault("opened", path, ErrorKind::PermissionDenied.into())
        }
        _ => StoreError::from(error).of(path),
    }
}
