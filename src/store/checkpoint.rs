//! `sync_checkpoints`: load and save progress.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{
    Store, StoreError, due,
    state::{self, Key},
};
use crate::{
    entity::{Entity, instant},
    progress::{Checkpoint, Cursor},
};

impl Store {
    /// Returns how far `entity` is mirrored; `None` if it never was begun.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn checkpoint(&self, entity: &Entity) -> Result<Option<Checkpoint>, StoreError> {
        Ok(load(&self.conn, entity.name)?)
    }

    /// Saves progress that came without rows: a pass that began anew.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn save_checkpoint(
        &mut self,
        entity: &Entity,
        checkpoint: &Checkpoint,
    ) -> Result<(), StoreError> {
        self.write(|tx| Ok(save(tx, entity.name, checkpoint)?))
    }

    /// Notes what a backfill of `entities` was asked for: to begin anew (their rows stay, and what is
    /// stored of the children `anew` is owed again), and from which instant on.
    ///
    /// Both are remembered before anything is read, so that a run that dies at once leaves no list behind that another
    /// run would begin elsewhere.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_backfill(
        &mut self,
        entities: &[&Entity],
        floor: Option<Timestamp>,
        restart: bool,
        anew: &[&Entity],
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            for child in anew {
                due::owe_anew(tx, child.name)?;
            }
            for entity in entities {
                if restart {
                    state::clear(tx, Key::Counted)?;
                    tx.execute("DELETE FROM sync_checkpoints WHERE entity = ?1", [entity.name])?;
                }
                if floor.is_some() && entity.has_floor() && load(tx, entity.name)?.is_none() {
                    let begun = Checkpoint { since: floor, floor, ..Checkpoint::default() };
                    save(tx, entity.name, &begun)?;
                }
            }
            Ok(())
        })
    }

    /// Returns how many rows of `entity`'s list are stored; `None` for an entity that is read whole.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn list_size(&self, entity: &Entity) -> Result<Option<u64>, StoreError> {
        let Some(listed) = entity.listed_rows() else { return Ok(None) };
        let sql = format!("SELECT count(*) FROM {} WHERE {listed}", entity.table.name);
        let rows: i64 = self.conn.query_row(&sql, [], |row| row.get(0))?;
        Ok(Some(rows.cast_unsigned()))
    }

    /// Returns the instant after which at most `rows` rows of `entity`'s list were changed, up to `mark`; `None` if the
    /// list holds no more than that.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn looked_back(
        &self,
        entity: &Entity,
        mark: Timestamp,
        rows: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        Ok(looked_back(&self.conn, entity, mark, rows)?)
    }
}

/// Returns the instant after which at most `rows` rows of `entity`'s list were changed, up to `mark`.
pub(super) fn looked_back(
    conn: &Connection,
    entity: &Entity,
    mark: Timestamp,
    rows: u32,
) -> rusqlite::Result<Option<Timestamp>> {
    let (Some(listed), Some(changed)) = (entity.listed_rows(), entity.table.changed) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT {changed} FROM {} WHERE {listed} AND {changed} <= ?1 ORDER BY {changed} DESC LIMIT 1 OFFSET ?2",
        entity.table.name
    );
    let found: Option<String> = conn
        .prepare_cached(&sql)?
        .query_row(params![instant::text(mark), rows], |row| row.get(0))
        .optional()?;
    Ok(found.and_then(|text| instant::parse(&text)))
}

/// Reads the checkpoint of `entity`: of several windows, that of the open one.
pub(super) fn load(conn: &Connection, entity: &str) -> rusqlite::Result<Option<Checkpoint>> {
    conn.prepare_cached(
        "SELECT since, until, cursor, mark, began_at, complete_began_at, completed_at, floor, after_id,
         count(until) OVER () FROM sync_checkpoints WHERE entity = ?1 ORDER BY since DESC LIMIT 1",
    )?
    .query_row([entity], read)
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    let at = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<String>>(column)?.as_deref().and_then(instant::parse))
    };
    Ok(Checkpoint {
        since: at(0)?,
        until: at(1)?,
        cursor: row.get::<_, Option<String>>(2)?.map(Cursor::new),
        mark: at(3)?,
        began_at: at(4)?,
        complete_began_at: at(5)?,
        completed_at: at(6)?,
        floor: at(7)?,
        after_id: row.get(8)?,
        windows: row.get::<_, i64>(9)?.cast_unsigned(),
    })
}

/// Saves the checkpoint of `entity` in place of whatever was there before.
pub(super) fn save(
    tx: &Transaction<'_>,
    entity: &str,
    checkpoint: &Checkpoint,
) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_checkpoints WHERE entity = ?1")?.execute([entity])?;
    insert(tx, entity, checkpoint)
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    entity: &str,
    checkpoint: &Checkpoint,
) -> rusqlite::Result<()> {
    let text = |at: Option<Timestamp>| at.map(instant::text);
    tx.prepare_cached(
        "INSERT INTO sync_checkpoints VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entity,
        text(checkpoint.since).unwrap_or_default(),
        text(checkpoint.until),
        checkpoint.cursor.as_ref().map(Cursor::as_str),
        text(checkpoint.mark),
        text(checkpoint.began_at),
        text(checkpoint.complete_began_at),
        text(checkpoint.completed_at),
        text(checkpoint.floor),
        checkpoint.after_id,
    ])?;
    Ok(())
}
