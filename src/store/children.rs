//! Storing what hangs on deals: per deal the whole set, in the transaction that takes its due mark off.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};
use xxhash_rust::xxh3::Xxh3;

use super::{
    ChildRule, Owed, Policy, Store, StoreError, due, marking,
    quarantine::{self, key_text},
    sql::{Bound, quoted},
    state::{self, Key},
};
use crate::entity::{Child, Entity, Evidence, Record, Table, instant};

/// How often a set is read again because its deal's counter contradicts it.
const ATTEMPTS: u32 = 3;

/// How long after the first of them the second one is made at the earliest.
const SOON: Duration = Duration::from_secs(60);

/// The children of some deals, read to the last page.
#[derive(Debug)]
pub struct ChildBatch {
    /// Which children.
    pub entity: &'static Entity,
    /// The deals that were asked for, with their marks as they were before the first request.
    pub asked: Vec<Owed>,
    /// The pages that came.
    pub pages: Vec<ChildPage>,
    /// The children that are mirrored.
    pub rules: Arc<[ChildRule]>,
    /// The time to write beside the rows.
    pub now: Timestamp,
}

/// One page of children.
#[derive(Debug)]
pub struct ChildPage {
    /// The text that the rows' values stand in.
    pub text: Arc<str>,
    /// Place of the deal in [`ChildBatch::asked`], and the row.
    pub rows: Vec<(usize, Record)>,
    /// Rows that could not be read.
    pub unreadable: Vec<UnreadableChild>,
    /// Number of the request that brought it.
    pub observed: u64,
}

/// A row of a set that could not be read.
#[derive(Debug)]
pub struct UnreadableChild {
    /// Place of the deal in [`ChildBatch::asked`].
    pub deal: usize,
    /// The row's key as text, if at least that could be read, else empty.
    pub key: String,
    /// Where its exact text stands in the page.
    pub raw: Range<usize>,
    /// Why it could not be read.
    pub reason: String,
}

/// What storing a batch of children did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ChildrenStored {
    /// Rows of sets that were different.
    pub written: u64,
    /// Deals whose set contradicts what the deal itself says.
    pub contradicted: u64,
    /// Rows that could not be read.
    pub quarantined: u64,
}

/// One deal's rows, by key: the same row on two pages, which an edit between them can cause, is one row.
#[derive(Debug, Default)]
pub(super) struct Set<'b> {
    pub(super) rows: BTreeMap<String, (&'b Record, &'b str)>,
    unreadable: Vec<(&'b UnreadableChild, &'b ChildPage)>,
}

impl Store {
    /// Stores the sets of `batch` and takes their marks off, as far as no newer mark came meanwhile.
    ///
    /// # Errors
    ///
    /// SQLite's; then nothing of the batch is stored.
    pub fn commit_children(&mut self, batch: &ChildBatch) -> Result<ChildrenStored, StoreError> {
        self.write(|tx| {
            let Some(child) = batch.entity.child() else { return Ok(ChildrenStored::default()) };
            for page in &batch.pages {
                state::raise(tx, Key::Observed, page.observed)?;
            }
            let mut storing = Sets { tx, batch, child, done: ChildrenStored::default() };
            for (owed, set) in batch.asked.iter().zip(&sets(batch)) {
                storing.put(*owed, set)?;
            }
            Ok(storing.done)
        })
    }
}

/// Returns the sets of `batch`, in the order of the deals that were asked for.
pub(super) fn sets(batch: &ChildBatch) -> Vec<Set<'_>> {
    let mut sets: Vec<Set<'_>> = batch.asked.iter().map(|_| Set::default()).collect();
    for page in &batch.pages {
        for (deal, record) in &page.rows {
            let key = key_text(&record.values[0], &page.text);
            sets[*deal].rows.insert(key, (record, &page.text));
        }
        for row in &page.unreadable {
            sets[row.deal].unreadable.push((row, page));
        }
    }
    sets
}

/// What the deal itself says, as it is stored now.
struct Deal {
    gone: bool,
    archived: bool,
    /// How many children it has, by its own counter.
    count: Option<i64>,
    /// Whether a counter of it proves that it has none.
    childless: bool,
}

struct Sets<'t> {
    tx: &'t Transaction<'t>,
    batch: &'t ChildBatch,
    child: &'static Child,
    done: ChildrenStored,
}

impl Sets<'_> {
    fn put(&mut self, owed: Owed, set: &Set<'_>) -> rusqlite::Result<()> {
        let name = self.batch.entity.name;
        let Some(deal) = self.deal(owed.id)?.filter(|deal| !deal.gone) else {
            // It went while it was asked for: its children stay as they last were.
            self.tx
                .prepare_cached("DELETE FROM sync_due WHERE kind = ?1 AND id = ?2")?
                .execute(params![name, owed.id])?;
            return Ok(());
        };
        let came = (set.rows.len() + set.unreadable.len()).try_into().unwrap_or(i64::MAX);
        let contradiction = deal.count.filter(|counter| *counter != came);
        // An empty answer may as well mean that the source does not answer for this deal, be it archived or hidden by
        // now. Where no counter tells, the lines do: theirs agree, or their mark is still there.
        let doubted = came == 0
            && match deal.count {
                Some(counter) => counter != 0,
                None if marking::counts_lines(self.child) => deal.archived,
                None if self.lines_are_owed(owed.id)? => true,
                None if !deal.archived || deal.childless => false,
                // A value that is the sum of the lines has nothing taken off.
                None => self.child.evidence != Evidence::ValueGap || self.gap(owed.id)? != Some(0),
            };
        let stored = self.stored(owed.id)?;
        let keeps = doubted && stored.is_some_and(|(rows, _)| rows > 0);
        if !keeps {
            self.replace(owed.id, set, stored, deal.count)?;
            self.judge_gap(owed.id)?;
        }
        match contradiction.or(keeps.then_some(0)) {
            Some(counter) => self.contradicted(owed, came, counter, keeps),
            None => {
                self.tx
                    .prepare_cached(
                        "DELETE FROM sync_due WHERE kind = ?1 AND id = ?2 AND generation = ?3",
                    )?
                    .execute(params![name, owed.id, owed.generation.cast_signed()])?;
                Ok(())
            }
        }
    }

    fn deal(&self, id: i64) -> rusqlite::Result<Option<Deal>> {
        let count = match self.child.evidence {
            Evidence::Count(count) => count,
            Evidence::ValueGap | Evidence::None => "NULL",
        };
        self.tx
            .prepare_cached(&format!(
                "SELECT is_deleted = 1 OR _missing_since IS NOT NULL, is_archived, {count}, coalesce({zero} = 0, 0)
                 FROM deals WHERE id = ?1",
                zero = self.child.zero
            ))?
            .query_row([id], |row| {
                Ok(Deal {
                    gone: row.get(0)?,
                    archived: row.get(1)?,
                    count: row.get(2)?,
                    childless: row.get(3)?,
                })
            })
            .optional()
    }

    /// Returns whether the product lines of a deal are owed, which are asked for before anything else.
    fn lines_are_owed(&self, id: i64) -> rusqlite::Result<bool> {
        for rule in self.batch.rules.iter() {
            let counts = rule.entity.child().is_some_and(marking::counts_lines);
            let owed = counts
                && self
                    .tx
                    .prepare_cached("SELECT 1 FROM sync_due WHERE kind = ?1 AND id = ?2")?
                    .exists(params![rule.entity.name, id])?;
            if owed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns how many rows are stored of a set, and their hash.
    fn stored(&self, id: i64) -> rusqlite::Result<Option<(i64, i64)>> {
        self.tx
            .prepare_cached(
                "SELECT rows, hash FROM sync_children WHERE child = ?1 AND deal_id = ?2",
            )?
            .query_row(params![self.batch.entity.name, id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    /// Puts `set` in the place of what is stored; a set that did not change is not rewritten.
    fn replace(
        &mut self,
        id: i64,
        set: &Set<'_>,
        stored: Option<(i64, i64)>,
        count: Option<i64>,
    ) -> rusqlite::Result<()> {
        let (entity, table) = (self.batch.entity, self.batch.entity.table);
        let (rows, hash) = (set.rows.len().try_into().unwrap_or(i64::MAX), hash(set));
        let counter = match self.child.evidence {
            Evidence::ValueGap => self.gap(id)?,
            Evidence::Count(_) | Evidence::None => count,
        };
        self.tx
            .prepare_cached("INSERT OR REPLACE INTO sync_children VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![
                entity.name,
                id,
                instant::text(self.batch.now),
                counter,
                rows,
                hash
            ])?;
        self.done.quarantined += set.unreadable.len() as u64;
        quarantine::replace_children(self.tx, entity, id, self.batch.now, &set.unreadable)?;
        if stored.map_or(rows == 0, |stored| stored == (rows, hash)) {
            return Ok(());
        }
        self.done.written += set.rows.len() as u64;
        self.tx
            .prepare_cached(&format!("DELETE FROM {} WHERE deal_id = ?1", table.name))?
            .execute([id])?;
        insert(self.tx, table, id, set)
    }

    /// A set contradicts its deal's counter: it is read again a few times, and reported after that.
    fn contradicted(
        &mut self,
        owed: Owed,
        came: i64,
        counter: i64,
        kept: bool,
    ) -> rusqlite::Result<()> {
        let name = self.batch.entity.name;
        self.done.contradicted += 1;
        let error = match (kept, counter) {
            (true, 0) => {
                "the answer was empty, which nothing confirms; what was stored is kept".to_owned()
            }
            (true, _) => {
                format!("the deal counts {counter}, the answer was empty; what was stored is kept")
            }
            (false, _) => format!("the deal counts {counter}, the answer held {came}"),
        };
        due::postpone(self.tx, name, owed, &error, SOON, self.batch.now)?;
        self.tx
            .prepare_cached(
                "UPDATE sync_due SET not_before = ?4 WHERE kind = ?1 AND id = ?2 AND attempts >= ?3",
            )?
            .execute(params![name, owed.id, ATTEMPTS, due::PARKED])?;
        Ok(())
    }

    /// Looks for evidence of discounts when the lines of a deal were stored: where the gap between its value and its
    /// enabled lines is not what it was when the discounts were last read, some came, changed or went.
    fn judge_gap(&self, id: i64) -> rusqlite::Result<()> {
        if !marking::counts_lines(self.child) {
            return Ok(());
        }
        let by_gap = self.batch.rules.iter().filter(|rule| {
            rule.policy == Policy::Counter
                && rule.entity.child().is_some_and(|child| child.evidence == Evidence::ValueGap)
        });
        for rule in by_gap {
            let known: Option<Option<i64>> = self
                .tx
                .prepare_cached(
                    "SELECT counter FROM sync_children WHERE child = ?1 AND deal_id = ?2",
                )?
                .query_row(params![rule.entity.name, id], |row| row.get(0))
                .optional()?;
            let gap = self.gap(id)?;
            let known = match known {
                Some(known) => known,
                // A percentage of nothing is nothing: no gap can be seen where there is none to be.
                None if self.lines_come_to(id)? == 0.0 => None,
                None => Some(0),
            };
            if gap.is_some() && gap == known {
                continue;
            }
            let (version, now) = (state::next_version(self.tx)?, instant::text(self.batch.now));
            self.tx.prepare_cached(due::MARK)?.execute(params![
                rule.entity.name,
                id,
                "value and lines",
                now,
                version.cast_signed()
            ])?;
            state::raise(self.tx, Key::Version, version)?;
        }
        Ok(())
    }

    /// Returns what the enabled lines of a deal add up to.
    fn lines_come_to(&self, id: i64) -> rusqlite::Result<f64> {
        self.tx
            .prepare_cached(
                "SELECT total(sum) FROM deal_products WHERE deal_id = ?1 AND is_enabled IS NOT 0",
            )?
            .query_row([id], |row| row.get(0))
    }

    /// Returns by how many hundredths a deal's value is less than its enabled lines; `None` where it has no value.
    fn gap(&self, id: i64) -> rusqlite::Result<Option<i64>> {
        let gap: Option<f64> = self
            .tx
            .prepare_cached(
                "SELECT round(100 * (total(p.sum) - d.value)) FROM deals d
                 LEFT JOIN deal_products p ON p.deal_id = d.id AND p.is_enabled IS NOT 0
                 WHERE d.id = ?1 GROUP BY d.id",
            )?
            .query_row([id], |row| row.get(0))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, which tells two gaps apart as well"
        )]
        Ok(gap.map(|hundredths| hundredths as i64))
    }
}

/// Returns a hash of all rows; the order in which they came is the source's own affair.
pub(super) fn hash(set: &Set<'_>) -> i64 {
    let mut hasher = Xxh3::new();
    for (record, _) in set.rows.values() {
        hasher.update(&record.hash.to_le_bytes());
    }
    hasher.digest().cast_signed()
}

fn insert(tx: &Transaction<'_>, table: &Table, id: i64, set: &Set<'_>) -> rusqlite::Result<()> {
    // The deal is the one that was asked for, whatever the row says.
    let own: Vec<usize> =
        (0..table.columns.len()).filter(|at| table.columns[*at].name != "deal_id").collect();
    let mut names = vec!["deal_id".to_owned()];
    names.extend(own.iter().map(|at| quoted(table.columns[*at].name)));
    names.extend(table.extra.then(|| "_extra".to_owned()));
    let places: Vec<String> = (1..=names.len()).map(|number| format!("?{number}")).collect();
    let (names, places) = (names.join(", "), places.join(", "));
    let mut insert =
        tx.prepare_cached(&format!("INSERT INTO {} ({names}) VALUES ({places})", table.name))?;
    for (record, page) in set.rows.values() {
        insert.raw_bind_parameter(1, id)?;
        for (number, at) in (2..).zip(&own) {
            insert.raw_bind_parameter(number, Bound(&record.values[*at], page))?;
        }
        if table.extra {
            insert.raw_bind_parameter(own.len() + 2, record.extra.as_deref())?;
        }
        insert.raw_execute()?;
    }
    Ok(())
}
