//! What must hold at every moment, not only at the end.

use std::collections::{BTreeMap, BTreeSet};

use pipedrive_mirror::{
    emulator::{Edit, Emulator},
    seams::Request,
};
use rusqlite::Connection;

use crate::common::{Sim, attached, marks};

/// How many transactions pass between two looks at what hangs on deals, which takes long.
const NOW_AND_THEN: usize = 5;

/// Deals: when each last changed, and whether it has a tombstone.
type Deals = BTreeMap<i64, (Option<String>, bool)>;

/// Looks at a mirror from beside it.
pub(crate) struct Watch {
    emulator: Emulator,
    mirror: Connection,
    /// Whether every edit moves a change time and lists show it, so that what is behind can be told.
    sees_all: bool,
    /// Whether lists show every edit at once.
    at_once: bool,
    /// Whether rows are asked for whenever their deal changes.
    children: bool,
    /// The deals as they were when last looked at.
    known: Deals,
    /// How much of the world's history lies before this run.
    edits_before: usize,
    looks: usize,
    /// Changes whenever somebody else wrote.
    version: i64,
}

impl Watch {
    /// Watches the mirror of `sim`, which is there already.
    pub(crate) fn new(sim: &Sim, sees_all: bool, at_once: bool, children: bool) -> Self {
        let mirror = sim.connection();
        mirror.set_prepared_statement_cache_capacity(32);
        Self {
            emulator: sim.emulator.clone(),
            mirror,
            sees_all,
            at_once,
            children,
            known: BTreeMap::new(),
            edits_before: 0,
            looks: 0,
            version: 0,
        }
    }

    /// A run is about to begin.
    pub(crate) fn begin_run(&mut self) {
        self.edits_before = self.emulator.world().history().len();
    }

    /// Looks after a job of the writer.
    ///
    /// # Panics
    ///
    /// If something holds no longer.
    pub(crate) fn look(&mut self) {
        // Most jobs only read.
        let version = self
            .mirror
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .unwrap();
        if std::mem::replace(&mut self.version, version) == version {
            return;
        }
        self.looks += 1;
        let now = self.deals();
        self.assert_nothing_went_back(&now);
        self.assert_no_living_deal_was_buried(&now);
        if self.sees_all && self.at_once {
            self.assert_no_mark_is_ahead(&now);
        }
        self.known = now;
        self.assert_booked();
        if self.children && self.looks.is_multiple_of(NOW_AND_THEN) {
            self.assert_stale_rows_are_owed();
        }
    }

    fn deals(&self) -> Deals {
        let sql = "SELECT id, update_time, _missing_since IS NOT NULL FROM deals";
        let mut query = self.mirror.prepare_cached(sql).unwrap();
        let rows =
            query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn assert_nothing_went_back(&self, now: &Deals) {
        for (id, (before, _)) in &self.known {
            let Some((after, _)) = now.get(id) else { panic!("deal {id} is no longer there") };
            // What was stored from the future protects nothing.
            let future = before.as_deref().is_some_and(|before| before > "2090");
            assert!(future || before <= after, "deal {id} went back from {before:?} to {after:?}");
        }
    }

    /// A deal that was brought back after the mirror was told that it is gone is let off.
    fn assert_no_living_deal_was_buried(&self, now: &Deals) {
        let buried = |id: &i64| !self.known.get(id).is_some_and(|(_, missing)| *missing);
        let world = self.emulator.world();
        for id in now.iter().filter(|(id, (_, missing))| *missing && buried(id)).map(|(id, _)| *id)
        {
            let id = u32::try_from(id).unwrap();
            let lives = world.deal(id).is_some_and(|deal| deal.deleted.is_none());
            let edits = &world.history()[self.edits_before..];
            let returned = edits.iter().any(|(_, edit)| *edit == Edit::RestoreDeal(id));
            assert!(!lives || returned, "deal {id} lives and has a tombstone");
        }
    }

    /// Everything is over.
    pub(crate) fn end(&self) {
        assert_eq!(self.emulator.refused().burst, 0, "requests over the burst limit");
        self.assert_booked();
    }

    /// What was spent was booked before.
    pub(crate) fn assert_booked(&self) {
        let booked: i64 = self
            .mirror
            .prepare_cached(
                "SELECT (SELECT coalesce(sum(cost), 0) FROM sync_api_usage)
                 + coalesce((SELECT CAST(value AS INTEGER) FROM sync_state WHERE key = 'reservation'), 0)",
            )
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .unwrap_or(0);
        let spent = self.emulator.spent();
        assert!(booked.cast_unsigned() >= spent, "{spent} is spent, and {booked} is booked");
    }

    /// A set of rows that differs belongs to a deal that is behind itself, or is owed.
    fn assert_stale_rows_are_owed(&self) {
        let owed: BTreeSet<String> = {
            let sql = "SELECT kind || ': deal ' || id FROM sync_due";
            let mut query = self.mirror.prepare_cached(sql).unwrap();
            let rows = query.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let settled: String = self
            .mirror
            .prepare_cached(
                "SELECT iif(count(until) > 0, '', coalesce(min(mark), '')) FROM sync_checkpoints
                 WHERE entity IN ('deals', 'deals_archived')",
            )
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .unwrap();
        for what in attached::differences(&self.mirror, &self.emulator, &[]) {
            let mut words = what.split([' ', ',']);
            let (table, id) = (words.next().unwrap(), words.nth(1).unwrap());
            let set = format!("{table} deal {id}");
            let up_to_date = id.parse().is_ok_and(|id| self.is_up_to_date(id, &settled));
            assert!(!up_to_date || owed.contains(&set), "{what}, and that is not owed");
        }
    }

    /// Returns whether a deal is stored as it is, and not about to be read again: what changed twice in one second may have
    /// been read in between.
    fn is_up_to_date(&self, id: u32, settled: &str) -> bool {
        let world = self.emulator.world();
        let now = world.deal(id).unwrap().update_time;
        let known = self.known.get(&id.into()).and_then(|(changed, _)| changed.as_deref());
        let now = now.map(|now| now.to_string());
        now.as_ref().is_some_and(|now| now.as_str() < settled) && now.as_deref() == known
    }

    /// Looks at a request that is about to be sent: none before it was one too many, and a pass begins only behind what is
    /// stored.
    pub(crate) fn sees(&self, request: &Request) {
        assert_eq!(self.emulator.refused().burst, 0, "requests over the burst limit");
        let archived = match request.uri().path() {
            "/api/v2/deals" => false,
            "/api/v2/deals/archived" => true,
            _ => return,
        };
        let query = request.uri().query().unwrap_or_default();
        let value = |name: &str| {
            query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let begins = value("cursor").is_none()
            && value("sort_by") == Some("update_time")
            && value("sort_direction") == Some("asc");
        // What a closed window begins behind is what its checkpoint says.
        let open = value("updated_until").is_none();
        if let (true, true, true, Some(since)) =
            (self.sees_all, begins, open, value("updated_since"))
        {
            let before = [(String::new(), since.replace("%3A", ":"))];
            self.assert_stored(&before, archived, &self.deals());
        }
    }

    /// What the checkpoints say is wholly stored: what is edited later changes later.
    fn assert_no_mark_is_ahead(&self, stored: &Deals) {
        for (list, archived) in [("deals", false), ("deals_archived", true)] {
            let read = marks::stored_stretches(&self.mirror, list);
            self.assert_stored(&read, archived, stored);
        }
    }

    /// Everything that changed within one of these stretches is stored.
    fn assert_stored(&self, read: &[(String, String)], archived: bool, stored: &Deals) {
        let world = self.emulator.world();
        let ids: Vec<u32> =
            if archived { world.archived_ids().collect() } else { world.live_ids().collect() };
        for id in ids {
            let Some(changed) = world.deal(id).unwrap().update_time else { continue };
            let changed = changed.to_string();
            let known = stored.get(&id.into()).and_then(|(changed, _)| changed.as_deref());
            let stretch = read.iter().find(|(from, to)| *from <= changed && changed < *to);
            assert!(
                stretch.is_none() || known.is_some_and(|known| known >= changed.as_str()),
                "deal {id} of {changed} is stored as of {known:?}, and everything in {stretch:?} should be"
            );
        }
    }
}
