//! `sync_due`: what is owed.
//!
//! A mark is written in the transaction that stores a new or changed parent (`marking`), and taken off in the transaction
//! that stores that parent's whole set of children (`children`). A crash at any moment therefore forgets no child. A mark
//! carries the number of the transaction that wrote it last, its generation: whoever stores children takes the mark off
//! only if that is still the one it saw before its request was sent.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    Store, StoreError,
    state::{self, Key},
};
use crate::entity::{Child, Entity, Evidence, instant};

/// When the children of a parent are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Where a counter moved, or is above 0 and nothing is stored yet.
    Counter,
    /// Also whenever the parent is new or changed.
    Changed,
    /// Also for every open parent that was never asked about.
    Open,
    /// Also for every live parent that was never asked about.
    All,
}

impl Policy {
    /// Returns the name that stands in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Changed => "changed",
            Self::Open => "open",
            Self::All => "all",
        }
    }
}

/// A child entity that is mirrored, and when it is owed.
#[derive(Debug, Clone, Copy)]
pub struct ChildRule {
    /// Which.
    pub entity: &'static Entity,
    /// When.
    pub policy: Policy,
}

/// A parent whose children are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// The parent.
    pub id: i64,
    /// The generation of its mark.
    pub generation: u64,
    /// When the source last changed the parent.
    pub changed: Option<Timestamp>,
}

/// How much is owed of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owing {
    /// How many parents.
    pub count: u64,
    /// Since when the longest.
    pub since: Option<String>,
    /// How many of them failed at least once.
    pub failing: u64,
    /// How many of those wait for their parent's next change or a reconcile: three readings did not agree with it.
    pub parked: u64,
    /// Why one of those failed that is going to be tried next, and which it is.
    pub error: Option<(i64, String)>,
}

/// When an attempt is made that nobody expects to be made: what three readings could not settle is left to the parent's
/// next change.
pub(super) const PARKED: &str = "9999-12-31T00:00:00Z";

/// Why a row is marked that deals name and that the source does not show: it is asked for now and then, and nothing is
/// late for want of it.
pub(super) const NOT_SHOWN: &str = "not shown";

/// Writes a mark, or raises the generation of the one that is there: whoever is fetching now must not take it off.
pub(super) const MARK: &str = "INSERT INTO sync_due (kind, id, why, since, generation) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT DO UPDATE SET why = excluded.why, generation = excluded.generation, attempts = 0, not_before = NULL,
     error = NULL";

impl Store {
    /// Returns parents whose children of `kind` are owed at `now`, or rows of it that deals name; those that people look at
    /// first at first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owed(&self, kind: &Entity, now: Timestamp, most: u32) -> Result<Vec<Owed>, StoreError> {
        let mut rows = self.conn.prepare_cached(if kind.child().is_some() {
            "SELECT s.id, s.generation, d.update_time FROM sync_due s JOIN deals d ON d.id = s.id
             WHERE s.kind = ?1 AND (s.not_before IS NULL OR s.not_before <= ?2)
             ORDER BY d.is_archived, d.status IS NOT 'open', d.update_time DESC, s.id LIMIT ?3"
        } else {
            "SELECT id, generation, NULL FROM sync_due
             WHERE kind = ?1 AND (not_before IS NULL OR not_before <= ?2) ORDER BY id DESC LIMIT ?3"
        })?;
        let owed = rows.query_map(params![kind.name, instant::text(now), most], |row| {
            Ok(Owed {
                id: row.get(0)?,
                generation: row.get::<_, i64>(1)?.cast_unsigned(),
                changed: row.get::<_, Option<String>>(2)?.as_deref().and_then(instant::parse),
            })
        })?;
        Ok(owed.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns how many parents are owed children of `kind`, whether they can be asked about now or not.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn owing(&self, kind: &Entity) -> Result<Owing, StoreError> {
        Ok(owing(&self.conn, kind.name)?)
    }

    /// Notes that the children of `owed` could not be had; they are tried again after `least`, then ever more rarely.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn postpone(
        &mut self,
        kind: &Entity,
        owed: Owed,
        error: &str,
        least: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| Ok(postpone(tx, kind.name, owed, error, least, now)?))
    }

    /// Marks what `rule` owes and nobody marked yet: parents stored before this child was mirrored, or under another
    /// policy. Done once per policy.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn enrol(&mut self, rule: ChildRule, now: Timestamp) -> Result<(), StoreError> {
        let name = rule.entity.name;
        let Some(enrolment) = enrolment(&self.conn, rule, false)? else { return Ok(()) };
        self.write(|tx| {
            let version = state::next_version(tx)?;
            let marked = tx.execute(
                &format!(
                    "INSERT INTO sync_due (kind, id, why, since, generation) SELECT ?1, d.id, 'never read', ?2, ?3
                     FROM deals d WHERE {LIVE} AND {} ON CONFLICT DO NOTHING",
                    enrolment.which
                ),
                params![name, instant::text(now), version.cast_signed()],
            )?;
            if marked > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(set_policy(tx, name, rule.policy.name())?)
        })
    }

    /// Forgets what is owed of `entity`, which is no longer mirrored; what is stored of it stays as it is.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn strike(&mut self, entity: &Entity) -> Result<(), StoreError> {
        if policy(&self.conn, entity.name)?.is_none_or(|known| known == OFF) {
            return Ok(());
        }
        self.write(|tx| {
            tx.execute("DELETE FROM sync_due WHERE kind = ?1", [entity.name])?;
            Ok(set_policy(tx, entity.name, OFF)?)
        })
    }

    /// Marks the sets of `kind` that were stored before `before`, oldest first, as many as one run may.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn mark_oldest(
        &mut self,
        kind: &Entity,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (before, now) = (instant::text(before), instant::text(now));
        let any = self
            .conn
            .prepare_cached("SELECT 1 FROM sync_children WHERE child = ?1 AND stored_at < ?2")?
            .exists(params![kind.name, before])?;
        if !any {
            return Ok(());
        }
        self.write(|tx| {
            let version = state::next_version(tx)?;
            let marked = tx.execute(
                "INSERT INTO sync_due (kind, id, why, since, generation)
                 SELECT c.child, c.deal_id, 'refresh', ?4, ?5 FROM sync_children c JOIN deals d ON d.id = c.deal_id
                 WHERE c.child = ?1 AND c.stored_at < ?2 AND d.is_deleted = 0 AND d._missing_since IS NULL
                 ORDER BY c.stored_at LIMIT ?3 ON CONFLICT DO NOTHING",
                params![kind.name, before, REFRESH.cast_signed(), now, version.cast_signed()],
            )?;
            if marked > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(())
        })
    }

    /// Marks the parents whose stored set of children is not what their counter says: what a complete look at all parents
    /// is to settle. A mark that was given up on is tried once more.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn mark_differing(
        &mut self,
        rules: &[ChildRule],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let now = instant::text(now);
        self.write(|tx| {
            let (version, mut marked) = (state::next_version(tx)?, 0);
            for rule in rules {
                let Some(Child { evidence: Evidence::Count(count), .. }) = rule.entity.child()
                else {
                    continue;
                };
                marked += tx.execute(
                    &format!(
                        "INSERT INTO sync_due (kind, id, why, since, generation) SELECT ?1, d.id, 'counter', ?2, ?3
                         FROM deals d LEFT JOIN sync_children c ON c.child = ?1 AND c.deal_id = d.id
                         WHERE {LIVE} AND (d.{count} <> coalesce(c.counter, 0) OR d.{count} <> coalesce(c.rows, 0))
                         ON CONFLICT DO UPDATE SET not_before = NULL WHERE not_before >= '{PARKED}'"
                    ),
                    params![rule.entity.name, now, version.cast_signed()],
                )?;
            }
            if marked > 0 {
                state::raise(tx, Key::Version, version)?;
            }
            Ok(marked as u64)
        })
    }
}

pub(super) const LIVE: &str = "d.is_deleted = 0 AND d._missing_since IS NULL";

/// Whether the stored lines of a deal leave a gap to its value, or cannot show one.
const GAP: &str =
    "EXISTS (SELECT 1 FROM sync_children l WHERE l.child = 'deal_products' AND l.deal_id = d.id)
     AND (SELECT total(p.sum) = 0 OR d.value IS NULL OR round(100 * (total(p.sum) - d.value)) <> 0
          FROM deal_products p WHERE p.deal_id = d.id AND p.is_enabled IS NOT 0)";

/// The policy of what is not mirrored.
const OFF: &str = "off";

/// The policy of what is to be read anew whatever is stored of it.
const ANEW: &str = "anew";

/// Returns the policy that the marks of `child` follow; `None` if it never was mirrored.
fn policy(conn: &Connection, child: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM sync_state WHERE key = 'policy_' || ?1")?
        .query_row([child], |row| row.get(0))
        .optional()
}

/// Lets every policy count as new, so that parents without marks are found.
pub(super) fn forget_policies(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM sync_state WHERE key >= 'policy_' AND key < 'policy`' AND value <> ?1",
        [OFF],
    )?;
    Ok(())
}

fn set_policy(tx: &Transaction<'_>, child: &str, policy: &str) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO sync_state VALUES ('policy_' || ?1, ?2)", [child, policy])?;
    Ok(())
}

/// Which parents owe children under a policy that is new.
pub(super) struct Enrolment {
    /// The condition on live rows of `deals d`; `?1` is the child's name.
    pub(super) which: String,
    /// Whether it is mirrored again after it was off: then what is stored may be out of date.
    pub(super) again: bool,
}

/// Lets what is stored of `child` be owed again when it is next enrolled, and asks at once for what waits or was given up.
pub(super) fn owe_anew(tx: &Transaction<'_>, child: &str) -> rusqlite::Result<()> {
    tx.execute("UPDATE sync_due SET not_before = NULL WHERE kind = ?1", [child])?;
    // As if it had been off: what is stored may be out of date.
    match policy(tx, child)? {
        Some(_) => set_policy(tx, child, ANEW),
        None => Ok(()),
    }
}

/// Returns what enrolling by `rule` would mark, `anew` if everything is to be read again; `None` if its policy is the one
/// in force.
pub(super) fn enrolment(
    conn: &Connection,
    rule: ChildRule,
    anew: bool,
) -> rusqlite::Result<Option<Enrolment>> {
    let Some(child) = rule.entity.child() else { return Ok(None) };
    let known = policy(conn, rule.entity.name)?;
    let anew = known.is_some() && (anew || known.as_deref() == Some(ANEW));
    let again = anew || known.as_deref() == Some(OFF);
    if known.as_deref() == Some(rule.policy.name()) && !again {
        return Ok(None);
    }
    let mut has_some = format!("d.{} IS NOT 0", child.zero);
    if child.evidence == Evidence::ValueGap && rule.policy == Policy::Counter {
        // Where the lines are not stored yet, the gap is judged when they are.
        has_some = format!("{has_some} AND {GAP}");
    }
    let owes = match rule.policy {
        Policy::All => "1".to_owned(),
        // No counter tells whether there are any.
        _ if anew && child.evidence == Evidence::ValueGap => "1".to_owned(),
        Policy::Open => format!("(d.status = 'open' OR {has_some})"),
        Policy::Counter | Policy::Changed => has_some,
    };
    let stored = "EXISTS (SELECT 1 FROM sync_children c WHERE c.child = ?1 AND c.deal_id = d.id)";
    let which =
        if again { format!("({owes} OR {stored})") } else { format!("{owes} AND NOT {stored}") };
    Ok(Some(Enrolment { which, again }))
}

/// How many sets that grew old one run marks at most.
pub(super) const REFRESH: u64 = 10_000;

/// How long the longest wait is at least.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Counts attempts and sets the time before which nothing is tried: 1, 2, 4, … times `least`, at most a day or thirty
/// times `least`, whichever is more.
pub(super) fn postpone(
    tx: &Transaction<'_>,
    kind: &str,
    owed: Owed,
    error: &str,
    least: Duration,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let attempts: Option<u32> = tx
        .prepare_cached("SELECT attempts FROM sync_due WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind, owed.id], |row| row.get(0))
        .optional()?;
    let times = 1_u32.checked_shl(attempts.unwrap_or(0)).unwrap_or(u32::MAX);
    let wait = least.saturating_mul(times).min(LONGEST.max(30 * least));
    let not_before = now.saturating_add(wait).unwrap_or(now);
    tx.prepare_cached(
        "UPDATE sync_due SET attempts = attempts + 1, not_before = ?3, error = ?4
         WHERE kind = ?1 AND id = ?2 AND generation = ?5",
    )?
    .execute(params![
        kind,
        owed.id,
        instant::text(not_before),
        error,
        owed.generation.cast_signed()
    ])?;
    Ok(())
}

/// Returns how much is owed of `kind`.
pub(super) fn owing(conn: &Connection, kind: &str) -> rusqlite::Result<Owing> {
    let error = conn
        .prepare_cached(
            "SELECT id, error FROM sync_due WHERE kind = ?1 AND error IS NOT NULL AND why <> ?2
             ORDER BY not_before, id LIMIT 1",
        )?
        .query_row([kind, NOT_SHOWN], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    conn.prepare_cached(
        "SELECT count(*), min(since), coalesce(sum(attempts > 0), 0), coalesce(sum(not_before >= ?2), 0)
         FROM sync_due WHERE kind = ?1 AND why <> ?3",
    )?
    .query_row([kind, PARKED, NOT_SHOWN], |row| {
        Ok(Owing {
            count: row.get::<_, i64>(0)?.cast_unsigned(),
            since: row.get(1)?,
            failing: row.get::<_, i64>(2)?.cast_unsigned(),
            parked: row.get::<_, i64>(3)?.cast_unsigned(),
            error,
        })
    })
}
