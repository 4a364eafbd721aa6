//! Which children a parent owes that is being stored, and the marks that say so.

use rusqlite::{CachedStatement, OptionalExtension as _, Transaction, params};

use super::{ChildRule, Policy, due::MARK, rows::Stamp, sql::Bound};
use crate::entity::{self, Child, Entity, Evidence, Record, Scope, Table};

/// What a stored parent was like before it is stored anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Before {
    deleted: bool,
    archived: bool,
    missing: bool,
    /// Whether what comes speaks of the same state of the children: change time, value and counters are the same.
    same: bool,
}

/// The statements that write marks, prepared once per transaction.
pub(super) struct Marking<'t> {
    rules: &'t [ChildRule],
    /// Everything that hangs on this table, mirrored or not.
    children: Vec<&'static Entity>,
    /// The columns whose change speaks of the children.
    watched: Vec<usize>,
    /// Whether the lines are mirrored that [`Evidence::ValueGap`] is measured by.
    lines: bool,
    stored: CachedStatement<'t>,
    mark: CachedStatement<'t>,
    unmark: CachedStatement<'t>,
    flags: CachedStatement<'t>,
}

impl<'t> Marking<'t> {
    /// Prepares for `table`; `None` where nothing hangs on it.
    pub(super) fn new(
        tx: &'t Transaction<'_>,
        table: &Table,
        rules: &'t [ChildRule],
    ) -> rusqlite::Result<Option<Self>> {
        let children: Vec<_> = entity::ENTITIES
            .iter()
            .copied()
            .filter(|entity| entity.child().is_some_and(|child| child.parent == table.name))
            .collect();
        if children.is_empty() {
            return Ok(None);
        }
        let watched = watched(table, &children);
        Ok(Some(Self {
            rules,
            lines: rules.iter().any(|rule| rule.entity.child().is_some_and(counts_lines)),
            stored: tx.prepare_cached(
                "SELECT counter, rows FROM sync_children WHERE child = ?1 AND deal_id = ?2",
            )?,
            mark: tx.prepare_cached(MARK)?,
            unmark: tx.prepare_cached("DELETE FROM sync_due WHERE kind = ?1 AND id = ?2")?,
            flags: tx.prepare_cached(&flags_sql(table, &watched))?,
            watched,
            children,
        }))
    }

    /// Returns what is stored of a parent that is going to be replaced.
    pub(super) fn before(
        &mut self,
        record: &Record,
        page: &str,
    ) -> rusqlite::Result<Option<Before>> {
        self.flags.raw_bind_parameter(1, Bound(&record.values[0], page))?;
        for (number, at) in (2..).zip(&self.watched) {
            self.flags.raw_bind_parameter(number, Bound(&record.values[*at], page))?;
        }
        let mut rows = self.flags.raw_query();
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Before {
            deleted: row.get(0)?,
            archived: row.get(1)?,
            missing: row.get(2)?,
            same: row.get(3)?,
        }))
    }

    /// Writes the marks of `record`, a parent that was just stored in place of `before`.
    pub(super) fn parent(
        &mut self,
        table: &Table,
        record: &Record,
        before: Option<Before>,
        stamp: Stamp<'_>,
    ) -> rusqlite::Result<()> {
        let parent = Parent { table, record };
        let Some(id) = parent.int(table.key()) else { return Ok(()) };
        if parent.int("is_deleted") == Some(1) {
            // Its children stay as they were; nobody asks for them again unless it comes back.
            for child in &self.children {
                self.unmark.execute(params![child.name, id])?;
            }
            return Ok(());
        }
        let archived = parent.int("is_archived") == Some(1);
        let came_back =
            before.is_some_and(|was| was.deleted || was.missing || was.archived != archived);
        if !came_back && before.is_some_and(|was| was.same) {
            return Ok(());
        }
        for rule in self.rules {
            let child = rule.entity.child().filter(|child| child.parent == table.name);
            let Some(child) = child else { continue };
            let stored = self
                .stored
                .query_row(params![rule.entity.name, id], |row| {
                    Ok(Stored { counter: row.get(0)?, rows: row.get(1)? })
                })
                .optional()?
                .unwrap_or_default();
            match owes(rule.policy, child, &parent, stored, came_back, self.lines) {
                Owes::Nothing => {}
                Owes::Settled => _ = self.unmark.execute(params![rule.entity.name, id])?,
                Owes::Children(why) => {
                    let version = stamp.version.cast_signed();
                    self.mark.execute(params![rule.entity.name, id, why, stamp.now, version])?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the columns of `table` that move when something that hangs on its rows may have: the change time, the value
/// that follows from the lines, and the counters. A deal that only has another next activity owes no products.
fn watched(table: &Table, children: &[&'static Entity]) -> Vec<usize> {
    let counters = children.iter().filter_map(|entity| entity.child()).flat_map(|child| {
        let count = match child.evidence {
            Evidence::Count(count) => Some(count),
            Evidence::ValueGap | Evidence::None => None,
        };
        [Some(child.zero), count].into_iter().flatten()
    });
    let names = table.changed.into_iter().chain(["value"]).chain(counters);
    let places: std::collections::BTreeSet<usize> =
        names.filter_map(|name| table.position(name)).collect();
    places.into_iter().collect()
}

/// Reads what a row was like, and whether the watched columns (bound from the second parameter on) are the same. Without
/// a change time nothing is known to be the same.
fn flags_sql(table: &Table, watched: &[usize]) -> String {
    let same: Vec<String> = (2..)
        .zip(watched)
        .map(|(number, at)| {
            let name = table.columns[*at].name;
            let operator = if Some(name) == table.changed { "=" } else { "IS" };
            format!("{name} {operator} ?{number}")
        })
        .collect();
    format!(
        "SELECT is_deleted, is_archived, _missing_since IS NOT NULL, coalesce({}, 0) FROM {} WHERE {} = ?1",
        same.join(" AND "),
        table.name,
        table.key()
    )
}

/// Returns whether these children are the lines that a deal's value follows from.
pub(super) fn counts_lines(child: &Child) -> bool {
    matches!(child.scope, Scope::ParentGroup { .. }) && matches!(child.evidence, Evidence::Count(_))
}

/// What is stored of a parent's children: nothing, where it never was asked about.
#[derive(Debug, Clone, Copy, Default)]
struct Stored {
    counter: Option<i64>,
    rows: i64,
}

struct Parent<'r> {
    table: &'r Table,
    record: &'r Record,
}

impl Parent<'_> {
    fn int(&self, column: &str) -> Option<i64> {
        self.table.position(column).and_then(|at| self.record.values[at].int())
    }
}

/// What a parent that was stored new or changed owes.
#[derive(Debug, PartialEq, Eq)]
enum Owes {
    /// Nothing more than before.
    Nothing,
    /// Nothing at all: the counter proves it.
    Settled,
    /// Its children, for this reason.
    Children(&'static str),
}

/// Decides what is the cheapest sound thing to do.
///
/// What a counter can and cannot prove:
/// - 0 proves that there are none; where none are stored either, nothing needs to be asked.
/// - One that moved proves that the set changed. It need not come with a change of the parent's `update_time`: it shows
///   in the rows that ride along with every pass, and in a reconcile, which see every counter of a page for the price of
///   the page.
/// - One that did not move proves nothing: one child may have gone and another come, or one may have been edited. If that
///   moved the parent's change time, the parent shows up as changed: children that are asked for by the hundred are
///   cheap enough to be read again then, and `changed` does so for the dear ones. If not, nothing in the API tells but
///   the children themselves (the followers' change log costs as much as the followers, per deal); they are read again
///   when their set is older than `fanout.refresh_after`.
///
/// Discounts have no counter. What they take off shows as the gap between the deal's value and its lines, so it takes
/// the place of a counter; it is known when the lines are stored (`children::judge_gap`).
fn owes(
    policy: Policy,
    child: &Child,
    parent: &Parent<'_>,
    stored: Stored,
    came_back: bool,
    lines: bool,
) -> Owes {
    let bulk = matches!(child.scope, Scope::ParentGroup { .. });
    if parent.int(child.zero) == Some(0) && stored.rows == 0 && (bulk || policy == Policy::Counter)
    {
        return Owes::Settled;
    }
    if came_back {
        return Owes::Children("moved");
    }
    let always = match policy {
        Policy::Changed | Policy::Open | Policy::All => true,
        Policy::Counter => bulk,
    };
    let owed = always
        || match child.evidence {
            Evidence::Count(count) => parent.int(count) != Some(stored.counter.unwrap_or(0)),
            // Without products there is no gap to be seen, and nothing to be taken off.
            Evidence::ValueGap => !lines || parent.int(child.zero) == Some(0),
            Evidence::None => true,
        };
    match owed {
        true if always => Owes::Children("changed"),
        true => Owes::Children("counter"),
        false => Owes::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Catalog, decode, find};

    fn judged(child: &str, policy: Policy, deal: &str, stored: (Option<i64>, i64)) -> String {
        let deals = find("deals").unwrap();
        let page = format!(r#"{{"id":1,"status":"open",{deal}}}"#);
        let row = std::iter::once(0..page.len()).collect::<Vec<_>>();
        let decoded = decode(deals, &Catalog::default(), &page, &row);
        let record = &decoded.records[0];
        let parent = Parent { table: deals.table, record };
        let stored = Stored { counter: stored.0, rows: stored.1 };
        let child = find(child).unwrap().child().unwrap();
        format!("{:?}", owes(policy, child, &parent, stored, false, true))
    }

    #[test]
    fn a_counter_settles_only_what_it_proves() {
        use Policy::{All, Changed, Counter, Open};
        let table = [
            ("deal_products", Counter, r#""products_count":0"#, (None, 0)),
            ("deal_products", Counter, r#""products_count":0"#, (Some(2), 2)),
            ("deal_products", Counter, r#""products_count":2"#, (Some(2), 2)),
            ("deal_products", Counter, r#""title":"no counters""#, (None, 0)),
            ("deal_installments", Counter, r#""products_count":0"#, (None, 0)),
            ("deal_installments", Counter, r#""products_count":1"#, (None, 0)),
            ("deal_followers", Counter, r#""followers_count":0"#, (None, 0)),
            ("deal_followers", Counter, r#""followers_count":3"#, (None, 0)),
            ("deal_followers", Counter, r#""followers_count":3"#, (Some(3), 3)),
            ("deal_followers", Counter, r#""followers_count":0"#, (Some(3), 3)),
            ("deal_followers", Changed, r#""followers_count":3"#, (Some(3), 3)),
            ("deal_followers", Changed, r#""followers_count":0"#, (None, 0)),
            ("deal_followers", Open, r#""followers_count":3"#, (Some(3), 3)),
            ("deal_followers", All, r#""followers_count":0"#, (None, 0)),
            ("deal_discounts", Counter, r#""products_count":0"#, (None, 0)),
            ("deal_discounts", Counter, r#""products_count":2"#, (None, 0)),
            ("deal_discounts", Counter, r#""products_count":0"#, (Some(100), 1)),
            ("deal_discounts", Changed, r#""products_count":2"#, (None, 0)),
        ]
        .map(|(child, policy, deal, stored)| {
            format!(
                "{child} {policy:?} {deal} {stored:?} => {}",
                judged(child, policy, deal, stored)
            )
        })
        .join("\n");
        insta::assert_snapshot!(table);
    }
}
