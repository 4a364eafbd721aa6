//! What to do about differences: made good at once where that costs nothing, else owed, so that the next `sync` asks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Difference, Found, again::kept_as_text, inside::MARK as A_MARK};
use crate::{
    entity::{self, Entity, Table, hash, instant},
    store::{
        Store, StoreError, checkpoint, columns, due,
        presence::{self, VERIFIED},
        renew::{decode_one, raw_after},
        rows::{Stamp, Storing},
        state::{self, Key},
    },
};

/// What was done about differences.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Mended {
    /// Made good at once, from what is stored.
    pub at_once: u64,
    /// Rows that the next `sync` asks for, and sets of children, by entity.
    pub owed: BTreeMap<&'static str, u64>,
    /// What only a person can make good: a file that is damaged, totals whose rows are not known.
    pub left: u64,
}

impl Store {
    /// Makes good what can be made good from what is stored, and marks the rest of `differences` as owed. What is wrong is
    /// not believed to be unchanged any more when it comes again.
    ///
    /// # Errors
    ///
    /// SQLite's; then nothing is changed.
    pub fn mend(
        &mut self,
        differences: &[Difference],
        now: Timestamp,
    ) -> Result<Mended, StoreError> {
        self.write(|tx| {
            let version = state::next_version(tx)?;
            let mut mending = Mending { tx, now, version, mended: Mended::default() };
            for difference in differences {
                mending.one(difference)?;
            }
            state::raise(tx, Key::Version, version)?;
            Ok(mending.mended)
        })
    }
}

struct Mending<'t> {
    tx: &'t Transaction<'t>,
    now: Timestamp,
    version: u64,
    mended: Mended,
}

impl Mending<'_> {
    fn one(&mut self, difference: &Difference) -> Result<(), StoreError> {
        let (entity, id) = (entity::find(difference.entity), difference.id.parse::<i64>());
        match (entity, id) {
            (Some(list), Err(_)) if difference.id == A_MARK => self.mark(list),
            (Some(child), Ok(id)) if child.child().is_some() => self.set(child, id),
            (Some(list), Ok(id)) if list.table.raw.is_some() => self.row(list, id, difference),
            _ => {
                self.mended.left += 1;
                Ok(())
            }
        }
    }

    /// Lets the next pass begin where the last one did.
    fn mark(&mut self, list: &'static Entity) -> Result<(), StoreError> {
        if let Some(mut at) = checkpoint::load(self.tx, list.name)? {
            at.mark = at.complete_began_at;
            checkpoint::save(self.tx, list.name, &at)?;
        }
        self.mended.at_once += 1;
        Ok(())
    }

    /// Lets a set be read again, and replaced whatever is known of it. What hangs on nothing is removed.
    fn set(&mut self, child: &'static Entity, id: i64) -> Result<(), StoreError> {
        let (name, table) = (child.name, child.table.name);
        let is_there = self.tx.prepare_cached("SELECT 1 FROM deals WHERE id = ?1")?.exists([id])?;
        if !is_there {
            self.tx.execute(&format!("DELETE FROM {table} WHERE deal_id = ?1"), [id])?;
            self.tx.execute(
                "DELETE FROM sync_children WHERE child = ?1 AND deal_id = ?2",
                params![name, id],
            )?;
            self.mended.at_once += 1;
            return Ok(());
        }
        self.forget(name, id)?;
        self.owe(name, name, id)
    }

    fn row(
        &mut self,
        list: &'static Entity,
        id: i64,
        difference: &Difference,
    ) -> Result<(), StoreError> {
        let is_extra = difference.fate == Found::Extra;
        let done = match is_extra {
            true => self.remove(list.table, id, difference.own)?,
            false => difference.own && self.restore(id)?,
        };
        if done {
            self.mended.at_once += 1;
            return Ok(());
        }
        let table = list.table;
        if let Some(raw) = table.raw {
            let sql = format!("UPDATE {raw} SET hash = 0 WHERE deal_id = ?1");
            self.tx.prepare_cached(&sql)?.execute([id])?;
        }
        if let (Found::Newer, Some(changed)) = (difference.fate, table.changed) {
            // It would protect what is stored; without a time it counts as the oldest.
            let sql =
                format!("UPDATE {} SET {changed} = NULL WHERE {} = ?1", table.name, table.key());
            self.tx.prepare_cached(&sql)?.execute([id])?;
        }
        self.owe(list.name, &presence::kind(list), id)?;
        if difference.fate == Found::Missing {
            self.sets_of(table, id)?;
        }
        Ok(())
    }

    /// Lets whatever hung on a row that comes back be read again: it may have gone with it.
    fn sets_of(&mut self, table: &'static Table, id: i64) -> Result<(), StoreError> {
        for &child in entity::ENTITIES {
            let (name, held) = (child.name, child.table.name);
            if child.child().is_none_or(|child| child.parent != table.name) {
                continue;
            }
            let known = format!(
                "SELECT 1 FROM sync_children WHERE child = ?1 AND deal_id = ?2
                 UNION ALL SELECT 1 FROM {held} WHERE deal_id = ?2"
            );
            if self.tx.prepare_cached(&known)?.exists(params![name, id])? {
                self.forget(name, id)?;
                self.owe(name, name, id)?;
            }
        }
        Ok(())
    }

    /// Lets a set be replaced by whatever comes: none has so many rows.
    fn forget(&self, child: &str, id: i64) -> rusqlite::Result<()> {
        self.tx.execute(
            "INSERT INTO sync_children VALUES (?1, ?2, ?3, NULL, -1, 0)
             ON CONFLICT DO UPDATE SET counter = NULL, rows = -1, hash = 0",
            params![child, id, instant::text(self.now)],
        )?;
        Ok(())
    }

    /// Removes what never came from the source, where that is `known` or nothing but parts of a row is there; returns
    /// whether it did.
    fn remove(&self, table: &Table, id: i64, known: bool) -> Result<bool, StoreError> {
        let (name, key) = (table.name, table.key());
        let raw = table.raw.map(|raw| (raw, "deal_id"));
        let is_in = |(table, key): (&str, &str)| {
            self.tx.prepare(&format!("SELECT 1 FROM {table} WHERE {key} = ?1"))?.exists([id])
        };
        if raw.map(is_in).transpose()? == Some(true) || (!known && is_in((name, key))?) {
            return Ok(false);
        }
        let mut parts = vec![(name, key)];
        parts.extend(table.lists.iter().map(|list| (list.table, list.parent)));
        if let Some(custom) = table.custom {
            parts.extend([(custom.table, custom.parent), (custom.options, custom.parent)]);
        }
        parts.extend(table.searched.map(|_| ("deals_search", "rowid")));
        for (part, key) in parts {
            self.tx.execute(&format!("DELETE FROM {part} WHERE {key} = ?1"), [id])?;
        }
        Ok(true)
    }

    fn owe(&mut self, entity: &'static str, kind: &str, id: i64) -> Result<(), StoreError> {
        self.tx.prepare_cached(due::MARK)?.execute(params![
            kind,
            id,
            VERIFIED,
            instant::text(self.now),
            self.version.cast_signed()
        ])?;
        *self.mended.owed.entry(entity).or_default() += 1;
        Ok(())
    }

    /// Stores a row anew from its exact text; returns whether that made it good: the text is as it came, and what is stored
    /// was not.
    fn restore(&self, id: i64) -> Result<bool, StoreError> {
        let Some(entity) = kept_as_text() else { return Ok(false) };
        let (Some(raw), Some(custom)) = (entity.table.raw, entity.table.custom) else {
            return Ok(false);
        };
        let known: Option<i64> = self
            .tx
            .prepare_cached(&format!("SELECT hash FROM {raw} WHERE deal_id = ?1"))?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let text = raw_after(self.tx, raw, id.saturating_sub(1))?;
        let Some((_, observed, text)) = text.into_iter().find(|(found, ..)| *found == id) else {
            return Ok(false);
        };
        let catalog = columns::load(self.tx, custom)?;
        let Some(record) = decode_one(entity, &catalog, &text) else { return Ok(false) };
        if known != Some(hash(&text)) || record.values[0].int() != Some(id) {
            return Ok(false);
        }
        let now = instant::text(self.now);
        let stamp = Stamp { now: &now, version: self.version, observed };
        Storing::new(self.tx, entity.table, &catalog)?.row(&record, &text, stamp, true)?;
        Ok(true)
    }
}
