//! How much there is to do, counted from what is stored: what the price of a run is worked out from.
//!
//! Nothing here writes. What a run would mark as owed before its first request (`due`: a child that is mirrored for the
//! first time, a set that grew old) is counted as if it were marked already.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{
    ChildRule, Reader, Store, StoreError, checkpoint,
    due::{self, LIVE},
    naming, presence, reconciles,
    state::{self, Key},
    windows,
};
use crate::{
    entity::{Entity, Evidence, Scope, instant},
    progress::Checkpoint,
};

/// How long a list shows a deal that was deleted.
///
/// Source: API reference, "Get all deals": `status=deleted` lists deals deleted within the last 30 days.
const SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which rows of a list are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Only rows that changed at this instant or later.
    pub changed: Option<Timestamp>,
    /// Only rows whose id is greater.
    pub after: Option<i64>,
}

/// What is owed of one child entity and can be asked for now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwedNow {
    /// Deals.
    pub deals: u64,
    /// Calls that name them, as many to a call as it takes.
    pub groups: u64,
    /// Pages beyond the first of each group, as far as a counter tells.
    pub more_pages: u64,
}

impl Reader {
    /// Returns how many rows the source would show of `entity`'s listing at `now`, `from` a place on.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn shown(&self, entity: &Entity, from: Stretch, now: Timestamp) -> Result<u64, StoreError> {
        let table = entity.table;
        let deleted = match (table.deleted, table.changed) {
            (Some(deleted), Some(changed)) => format!("({deleted} = 0 OR {changed} > ?1)"),
            _ => "?1 IS NOT NULL".to_owned(),
        };
        let (changed, key) = (table.changed.unwrap_or("NULL"), table.key());
        let list = match entity.listed_rows() {
            Some(listed) => format!(
                "AND {listed} AND (?2 IS NULL OR {changed} >= ?2) AND (?3 IS NULL OR {key} > ?3)"
            ),
            None => "AND ?2 IS NULL AND ?3 IS NULL".to_owned(),
        };
        let sql = format!(
            "SELECT count(*) FROM {} WHERE _missing_since IS NULL AND {deleted} {list}",
            table.name
        );
        let oldest = instant::text(now.checked_sub(SHOWN).unwrap_or(Timestamp::MIN));
        let count: i64 = self.connection().query_row(
            &sql,
            params![oldest, from.changed.map(instant::text), from.after],
            |row| row.get(0),
        )?;
        Ok(count.cast_unsigned())
    }

    /// Returns how many rows the source would show at `now` in the windows of `entity`'s listing that are still to be read.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn shown_in_windows(&self, entity: &Entity, now: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        for window in windows::load(self.connection(), entity.name)? {
            let from = |changed| Stretch { changed, after: None };
            let (all, later) = (from(window.from()), from(Some(window.until)));
            rows += self.shown(entity, all, now)?.saturating_sub(self.shown(entity, later, now)?);
        }
        Ok(rows)
    }

    /// Returns how many rows of `entity`'s list are live.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn live(&self, entity: &Entity) -> Result<u64, StoreError> {
        Ok(reconciles::listed(self.connection(), entity)?)
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
        Ok(checkpoint::looked_back(self.connection(), entity, mark, rows)?)
    }

    /// Returns how far the walk of `entity` by id came; `None` if the list was never looked at as a whole.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn sweep(&self, entity: &Entity) -> Result<Option<Checkpoint>, StoreError> {
        Ok(checkpoint::load(self.connection(), &presence::place(entity))?)
    }

    /// Returns how many rows of `entity`'s list a walk did not meet and nobody asked for yet.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn candidates(&self, entity: &Entity) -> Result<u64, StoreError> {
        Ok(presence::unasked(self.connection(), entity)?)
    }

    /// Returns how many rows of `entity` a comparison found to differ and nobody asked for yet.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn verified(&self, entity: &Entity) -> Result<u64, StoreError> {
        Ok(presence::verified(self.connection(), entity)?)
    }

    /// Returns how many rows of the table of `entity` have no tombstone.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn present(&self, entity: &Entity) -> Result<u64, StoreError> {
        let sql =
            format!("SELECT count(*) FROM {} WHERE _missing_since IS NULL", entity.table.name);
        let rows: i64 = self.connection().query_row(&sql, [], |row| row.get(0))?;
        Ok(rows.cast_unsigned())
    }

    /// Returns how many rows of `entity` that deals name a run would ask for by their ids at `now`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn named_now(&self, entity: &Entity, now: Timestamp) -> Result<u64, StoreError> {
        Ok(naming::named_now(self.connection(), entity, now)?)
    }

    /// Returns how many live deals the source counted before the first pass, if it was asked.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn live_total(&self) -> Result<Option<u64>, StoreError> {
        Ok(state::get(self.connection(), Key::LiveTotal)?)
    }

    /// Returns what a run would find owed of `rule`'s children at `now` and could ask for; sets that were stored `before`
    /// are owed again where they are asked for deal by deal, and all of them where everything is read `anew`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owed_now(
        &self,
        rule: ChildRule,
        now: Timestamp,
        before: Timestamp,
        anew: bool,
    ) -> Result<OwedNow, StoreError> {
        let (entity, conn) = (rule.entity, self.connection());
        let Some(child) = entity.child() else { return Ok(OwedNow::default()) };
        let enrolment = due::enrolment(conn, rule, anew)?;
        let again = enrolment.as_ref().is_some_and(|enrolment| enrolment.again);
        let newly = enrolment.map(|enrolment| enrolment.which);
        let (lines, size) = match (child.evidence, child.scope) {
            (Evidence::Count(counter), Scope::ParentGroup { size, .. }) => {
                (format!("d.{counter}"), size)
            }
            (_, Scope::ParentGroup { size, .. }) => ("NULL".to_owned(), size),
            (_, Scope::EachParent) => ("NULL".to_owned(), 1),
        };
        let mut owed = grouped(conn, entity, &which(newly.as_deref(), &lines, anew), size, now)?;
        // What comes back after it was off is marked whole, however old.
        if entity.is_trickle() && !again {
            let old: i64 = conn.query_row(
                &format!(
                    "SELECT count(*) FROM sync_children c JOIN deals d ON d.id = c.deal_id
                     WHERE c.child = ?1 AND c.stored_at < ?2 AND {LIVE}
                     AND NOT EXISTS (SELECT 1 FROM sync_due s WHERE s.kind = ?1 AND s.id = c.deal_id)"
                ),
                [entity.name, instant::text(before).as_str()],
                |row| row.get(0),
            )?;
            let old = old.cast_unsigned().min(due::REFRESH);
            owed.deals += old;
            owed.groups += old;
        }
        Ok(owed)
    }

    /// Returns how many deals are marked for both `one` and `other`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owed_both(&self, one: &Entity, other: &Entity) -> Result<u64, StoreError> {
        let count: i64 = self.connection().query_row(
            "SELECT count(*) FROM sync_due a JOIN sync_due b ON b.kind = ?2 AND b.id = a.id WHERE a.kind = ?1",
            [one.name, other.name],
            |row| row.get(0),
        )?;
        Ok(count.cast_unsigned())
    }
}

impl Store {
    /// Notes how many live deals the source counted before the first pass, so that whoever goes on with it need not ask.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_live_total(&mut self, total: u64) -> Result<(), StoreError> {
        self.write(|tx| Ok(state::set(tx, Key::LiveTotal, total)?))
    }
}

/// Returns the query for the deals to be asked about, in the order in which a run takes them up. Where everything is read
/// `anew`, nothing waits.
fn which(newly: Option<&str>, lines: &str, anew: bool) -> String {
    let ready =
        if anew { "?2 IS NOT NULL" } else { "(s.not_before IS NULL OR s.not_before <= ?2)" };
    let from = match newly {
        None => format!("sync_due s JOIN deals d ON d.id = s.id WHERE s.kind = ?1 AND {ready}"),
        Some(owes) => format!(
            "deals d LEFT JOIN sync_due s ON s.kind = ?1 AND s.id = d.id
             WHERE CASE WHEN s.id IS NULL THEN {LIVE} AND {owes} ELSE {ready} END"
        ),
    };
    format!(
        "SELECT {lines} FROM {from} ORDER BY d.is_archived, d.status IS NOT 'open', d.update_time DESC, d.id"
    )
}

/// Puts what `sql` answers into groups of `size`, row by row: whatever is owed, it is never held.
fn grouped(
    conn: &Connection,
    entity: &Entity,
    sql: &str,
    size: usize,
    now: Timestamp,
) -> rusqlite::Result<OwedNow> {
    let (size, page) = (size as u64, entity.endpoint.page_limit as u64);
    let mut query = conn.prepare(sql)?;
    let mut rows = query.query([entity.name, instant::text(now).as_str()])?;
    let (mut owed, mut lines) = (OwedNow::default(), 0);
    while let Some(row) = rows.next()? {
        if owed.deals % size == 0 {
            owed.groups += 1;
            owed.more_pages += more(std::mem::take(&mut lines), page);
        }
        owed.deals += 1;
        lines += row.get::<_, Option<i64>>(0)?.unwrap_or(0).max(0).cast_unsigned();
    }
    owed.more_pages += more(lines, page);
    Ok(owed)
}

/// Returns how many pages `rows` need beyond the first.
fn more(rows: u64, page: u64) -> u64 {
    rows.div_ceil(page).saturating_sub(1)
}
