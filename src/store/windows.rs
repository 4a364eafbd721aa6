//! `sync_checkpoints`, while a first pass is read in several windows: a row for each that is still to be read, and one for
//! the open window that comes after them.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::{Batch, Store, StoreError, checkpoint};
use crate::{
    entity::{Entity, instant},
    progress::{Checkpoint, Window},
};

impl Store {
    /// Returns the windows of `entity` that are still to be read, oldest first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn windows(&self, entity: &Entity) -> Result<Vec<Window>, StoreError> {
        Ok(load(&self.conn, entity.name)?)
    }

    /// Lets `window` and the open window after it take the place of the pass that `checkpoint` speaks of. Without a window
    /// everything is read already.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_windows(
        &mut self,
        entity: &Entity,
        checkpoint: &Checkpoint,
        window: Option<Window>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let open = Checkpoint {
                since: window.map(|window| window.until),
                cursor: None,
                mark: None,
                ..checkpoint.clone()
            };
            checkpoint::save(tx, entity.name, &open)?;
            match window {
                Some(window) => Ok(save(tx, entity.name, window, &open)?),
                None => Ok(end(tx, entity, now)?),
            }
        })
    }

    /// Makes two windows of the one of `entity` that begins at `since`: the second one begins at `at`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn split_window(
        &mut self,
        entity: &Entity,
        since: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let since = since.map(instant::text).unwrap_or_default();
            tx.execute(
                "INSERT INTO sync_checkpoints (entity, since, until, began_at, floor)
                 SELECT entity, ?3, until, began_at, floor FROM sync_checkpoints WHERE entity = ?1 AND since = ?2",
                params![entity.name, since, instant::text(at)],
            )?;
            tx.execute(
                "UPDATE sync_checkpoints SET until = ?3 WHERE entity = ?1 AND since = ?2",
                params![entity.name, since, instant::text(at)],
            )?;
            Ok(())
        })
    }
}

pub(super) fn load(conn: &Connection, entity: &str) -> rusqlite::Result<Vec<Window>> {
    let mut rows = conn.prepare_cached(
        "SELECT since, until, mark FROM sync_checkpoints WHERE entity = ?1 AND until IS NOT NULL ORDER BY since",
    )?;
    let windows = rows.query_map([entity], |row| {
        let at = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
            Ok(row.get::<_, Option<String>>(column)?.as_deref().and_then(instant::parse))
        };
        Ok(Window { since: at(0)?, until: at(1)?.unwrap_or(Timestamp::MAX), mark: at(2)? })
    })?;
    windows.collect()
}

/// Notes how far `window` came with the rows of `batch`; one that was `read` whole goes, and with the last one the closed
/// windows are at their end.
pub(super) fn note(
    tx: &Transaction<'_>,
    batch: &Batch,
    window: Window,
    read: bool,
) -> rusqlite::Result<()> {
    let name = batch.entity.name;
    let since = window.since.map(instant::text).unwrap_or_default();
    tx.prepare_cached("DELETE FROM sync_checkpoints WHERE entity = ?1 AND since = ?2")?
        .execute([name, &since])?;
    if !read {
        return save(tx, name, window, &batch.checkpoint);
    }
    match load(tx, name)?.is_empty() {
        true => end(tx, batch.entity, batch.now),
        false => Ok(()),
    }
}

fn save(
    tx: &Transaction<'_>,
    entity: &str,
    window: Window,
    pass: &Checkpoint,
) -> rusqlite::Result<()> {
    let Window { since, until, mark } = window;
    let (began_at, floor) = (pass.began_at, pass.floor);
    let until = Some(until);
    let row = Checkpoint { since, until, mark, began_at, floor, ..Checkpoint::default() };
    checkpoint::insert(tx, entity, &row)
}

/// Notes that every closed window is read. The mark is the newest row that they brought, at most the beginning of the pass:
/// a list that shows changes late showed those after it to nobody.
fn end(tx: &Transaction<'_>, entity: &Entity, now: Timestamp) -> rusqlite::Result<()> {
    let Some(open) = checkpoint::load(tx, entity.name)? else { return Ok(()) };
    let began = open.began_at.unwrap_or(now);
    let done = Checkpoint {
        mark: checkpoint::looked_back(tx, entity, began, 0)?,
        complete_began_at: open.began_at,
        completed_at: Some(now),
        ..open
    };
    checkpoint::save(tx, entity.name, &done)
}
