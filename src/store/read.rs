//! A connection that only reads: for `status`, `query`, `snapshot` and `schema`, beside whoever writes.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    Account, Hold, Owing, StoreError, canonical, checkpoint, connect, due, holds, migrate,
    presence,
    state::{self, Key},
    unusable, views,
};
use crate::{
    entity::{self, instant},
    progress::Checkpoint,
    seams::Books,
};

/// A read-only view of the database.
#[derive(Debug)]
pub struct Reader {
    pub(super) conn: Connection,
}

/// Where one entity stands.
#[derive(Debug, Clone)]
pub struct EntityProgress {
    /// How far it is mirrored; `None` if it never was begun.
    pub checkpoint: Option<Checkpoint>,
    /// The last run that took it up.
    pub last_run: Option<LastRun>,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// What is owed of it; of a list nothing ever is.
    pub owing: Owing,
    /// Since when the source refuses it whatever the deal, as a plan does that lacks it.
    pub refused_since: Option<Timestamp>,
    /// What it waits for, if it failed as a whole.
    pub held: Option<Hold>,
}

/// The last run of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// When it began.
    pub started_at: String,
    /// How it ended; `None` while it runs or if the process died.
    pub outcome: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
}

/// What was spent on one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The endpoint.
    pub endpoint: String,
    /// Requests sent.
    pub requests: u64,
    /// What they cost.
    pub cost: u64,
}

/// Where the walks over everything by id stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciles {
    /// When one was last complete.
    pub last: Option<Timestamp>,
    /// When the one under way was last gone on with.
    pub under_way: Option<Timestamp>,
    /// Why one is owed, whatever the schedule says.
    pub owed: Option<String>,
    /// How the count after the first complete pass came out: `equal`, or both numbers.
    pub counted: Option<String>,
    /// Tables with rows that are known to be gone from the source and wait for a person, and how many.
    pub absent: Vec<(&'static str, u64)>,
}

impl Reader {
    /// Opens the database at `path`.
    ///
    /// # Errors
    ///
    /// There is none, it is not ours, or a newer version wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path: PathBuf = canonical(path)?;
        if !path.exists() {
            return Err(StoreError::Absent(path));
        }
        let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        conn.busy_timeout(std::time::Duration::from_secs(5))?;
        match migrate::look(&conn).map_err(|error| unusable(&path, error))? {
            migrate::Found::Ours(found) if found > migrate::KNOWN => {
                Err(StoreError::Newer { path, found, known: migrate::KNOWN })
            }
            migrate::Found::Ours(_) => Ok(Self { conn }),
            migrate::Found::Empty => Err(StoreError::Absent(path)),
            migrate::Found::Foreign => Err(StoreError::Foreign(path)),
        }
    }

    /// Opens `path` for reading as [`Self::open`] does, if its schema is the one of this program.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`], or an earlier version wrote it: whoever writes next brings it up to date.
    pub fn open_current(path: &Path) -> Result<Self, StoreError> {
        let reader = Self::open(path)?;
        let found: u32 = reader.conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found < migrate::KNOWN {
            return Err(StoreError::Older { path: path.to_owned() });
        }
        Ok(reader)
    }

    /// Returns what is wrong with the file's pages, as SQLite says it; `None` where nothing is. It reads the whole file.
    ///
    /// # Errors
    ///
    /// SQLite's, but for those that say what is wrong with the file.
    pub fn damage(&self) -> Result<Option<String>, StoreError> {
        match self.conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
            Ok(said) if said == "ok" => Ok(None),
            Ok(said) => Ok(Some(said.replace('\n', ": "))),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                    Ok(Some(error.to_string()))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Returns the connection, for questions of one's own.
    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    /// Gives up the connection to whoever asks on it from now on.
    pub(super) fn into_connection(self) -> Connection {
        self.conn
    }

    /// Returns the SQL of every table, index and view, with its comments.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn schema(&self) -> Result<String, StoreError> {
        let mut rows = self.conn.prepare(
            "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
             AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
             ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END, rowid",
        )?;
        let statements: Vec<String> =
            rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(statements.join("\n\n"))
    }

    /// Returns whose mirror this is.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn account(&self) -> Result<Option<Account>, StoreError> {
        super::account::load(&self.conn)
    }

    /// Returns where the entity called `name` stands.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn progress(&self, name: &str) -> Result<EntityProgress, StoreError> {
        let last_run = self
            .conn
            .prepare_cached("SELECT started_at, outcome, error FROM sync_runs WHERE entity = ?1 ORDER BY id DESC LIMIT 1")?
            .query_map([name], |row| {
                Ok(LastRun { started_at: row.get(0)?, outcome: row.get(1)?, error: row.get(2)? })
            })?
            .next()
            .transpose()?;
        let quarantined: i64 = self.conn.query_row(
            "SELECT count(*) FROM sync_quarantine WHERE entity = ?1",
            [name],
            |row| row.get(0),
        )?;
        Ok(EntityProgress {
            checkpoint: checkpoint::load(&self.conn, name)?,
            last_run,
            quarantined: quarantined.cast_unsigned(),
            owing: due::owing(&self.conn, name)?,
            held: holds::held(&self.conn, name)?,
            refused_since: holds::refused_since(&self.conn, name)?,
        })
    }

    /// Returns what was spent since `since`, by endpoint; what an open reservation holds is under `(reserved)`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn spent_since(&self, since: Timestamp) -> Result<Vec<Spent>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT endpoint, sum(requests), sum(cost) FROM sync_api_usage WHERE hour >= ?1 GROUP BY endpoint
             ORDER BY sum(cost) DESC",
        )?;
        let mut spent: Vec<Spent> = rows
            .query_map([instant::text(hour(since))], |row| {
                Ok(Spent {
                    endpoint: row.get(0)?,
                    requests: row.get::<_, i64>(1)?.cast_unsigned(),
                    cost: row.get::<_, i64>(2)?.cast_unsigned(),
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        let reserved = state::get::<u64>(&self.conn, Key::Reservation)?.unwrap_or(0);
        if reserved > 0 {
            spent.push(Spent { endpoint: "(reserved)".to_owned(), requests: 0, cost: reserved });
        }
        Ok(spent)
    }

    /// Returns what was spent lately and what is known of the source's limits; what an open reservation holds counts as
    /// spent `now`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn books(&self, now: Timestamp) -> Result<Books, StoreError> {
        super::ledger::load(&self.conn, now)
    }

    /// Returns by how much the server's clock is ahead of ours, in seconds, as last seen.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn clock_offset(&self) -> Result<i64, StoreError> {
        Ok(state::get(&self.conn, Key::ClockOffset)?.unwrap_or(0))
    }

    /// Returns what is left of the company's daily budget at `now`, if the source said so within the last hour.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn budget_left(&self, now: Timestamp) -> Result<Option<u64>, StoreError> {
        let said = state::get::<Timestamp>(&self.conn, Key::DailyLeftAt)?;
        let fresh = said.is_some_and(|said| now.duration_since(said).as_hours() < 1);
        Ok(if fresh { state::get(&self.conn, Key::DailyLeft)? } else { None })
    }

    /// Returns where reconciles stand.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn reconciles(&self) -> Result<Reconciles, StoreError> {
        let mut last: Option<Timestamp> = None;
        for entity in entity::ENTITIES.iter().filter(|entity| entity.has_floor()) {
            let swept = checkpoint::load(&self.conn, &presence::place(entity))?;
            last = last.max(
                swept.filter(|swept| swept.began_at.is_some()).and_then(|swept| swept.completed_at),
            );
        }
        Ok(Reconciles {
            last,
            under_way: state::get(&self.conn, Key::ReconcileTouched)?,
            owed: state::get(&self.conn, Key::ReconcileOwed)?,
            counted: state::get(&self.conn, Key::Counted)?,
            absent: presence::confirmed(&self.conn)?,
        })
    }

    /// Returns the codes of custom fields that are described but have no column, for lack of room.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn fields_without_column(&self) -> Result<Vec<String>, StoreError> {
        let mut rows = self.conn.prepare(
            "SELECT field_code FROM deal_fields WHERE is_custom_field = 1 AND _column IS NULL AND _missing_since IS NULL",
        )?;
        Ok(rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the codes of live custom fields that the view `deals_wide` has no room for.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn fields_left_out(&self) -> Result<Vec<String>, StoreError> {
        Ok(views::left_out(&self.conn)?)
    }

    /// Returns the number that the query `sql` answers.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn count(&self, sql: &str) -> Result<u64, StoreError> {
        let count: i64 = self.conn.query_row(sql, [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }
}

/// Returns the beginning of the hour that `at` is in: what was spent is known by the hour.
fn hour(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).unwrap_or(at)
}
