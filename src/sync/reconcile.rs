//! Everything by id: what differs is repaired, and what is gone is found.
//!
//! An absence is never believed at once. The walk makes candidates of the rows it did not meet; each is asked for by its
//! id, in the live list, the archived one and the live one again, beside a row that is known to be there; and more
//! absences than a ceiling allows change nothing until a person said so.

use jiff::SignedDuration;
use tracing::warn;

use super::{
    EntityReport, Fault, Mode, Outcome,
    confirm::Confirming,
    engine::Ceiling,
    steps::Steps,
    walk::{Ended, Walk},
};
use crate::{
    entity::{self, Entity},
    progress::Checkpoint,
    store::Store,
};

/// Without a complete pass for so long, a list may have dropped deletions: it shows them for 30 days only.
///
/// Source: API reference, "Get all deals": `status=deleted` lists deals deleted within the last 30 days.
pub(super) const ABSENCE: SignedDuration = SignedDuration::from_hours(28 * 24);

/// How soon a reconcile that was cut short is gone on with by itself: a source in trouble is not asked every five minutes.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// The least ceiling of tombstones: a small account's twentieth is nothing.
const LEAST_CEILING: u64 = 25;

/// The part of the live rows that may be gone without a person being asked.
const PART: f64 = 0.05;

impl Steps<'_> {
    /// Leaves out the lists of tables of which a list failed in this run: what the passes could not read is not to be had
    /// by another way.
    pub(super) fn keep_sound(&self, lists: &mut Vec<&'static Entity>) {
        let failed: Vec<&str> = lists
            .iter()
            .filter(|list| self.outcome(list).is_some_and(|how| !is_done(how)))
            .map(|list| list.table.name)
            .collect();
        lists.retain(|list| !failed.contains(&list.table.name));
    }

    /// Remembers, before any pass, that a list of deals went without one for too long.
    pub(super) async fn note_absence(&self, lists: &[&'static Entity]) -> Result<(), Fault> {
        let now = self.engine.server_now();
        for &list in lists.iter().filter(|list| list.has_floor()) {
            let stored = self.engine.writer.run(move |store| store.checkpoint(list)).await?;
            let last = stored.and_then(|stored| stored.complete_began_at);
            if last.is_some_and(|last| now.duration_since(last) > ABSENCE) {
                let why = format!("no complete pass of {} for 28 days", list.name);
                self.engine.writer.run(move |store| store.owe_reconcile(&why)).await?;
            }
        }
        Ok(())
    }

    /// Notes that `list` was looked at as a whole for the first time, from which the schedule of reconciles counts.
    pub(super) async fn note_first_look(&self, list: &'static Entity) -> Result<(), Fault> {
        let now = self.engine.server_now();
        let note = move |store: &mut Store| match store.sweep(list)? {
            Some(_) => Ok(()),
            None => {
                let looked = Checkpoint { completed_at: Some(now), ..Checkpoint::default() };
                store.begin_sweep(list, &looked)
            }
        };
        Ok(self.engine.writer.run(note).await?)
    }

    /// Returns whether everything is to be walked by id in this run.
    pub(super) async fn reconcile_is_due(&self, lists: &[&'static Entity]) -> Result<bool, Fault> {
        // What the token may not read is left out.
        if !lists.iter().any(|list| self.outcome(list) == Some(Outcome::Complete)) {
            return Ok(false);
        }
        let now = self.engine.server_now();
        let (touched, owed) = self
            .engine
            .writer
            .run(|store| Ok((store.reconcile_touched()?, store.owed_reconcile()?)))
            .await?;
        if let Some(touched) = touched {
            return Ok(now.duration_since(touched) >= AGAIN);
        }
        if let Some(why) = &owed {
            warn!("Everything is walked by id: {why}");
            return Ok(true);
        }
        let schedule = &self.engine.settings.reconcile.schedule;
        for &list in lists {
            let swept = self.engine.writer.run(move |store| store.sweep(list)).await?;
            if swept.is_some_and(|swept| schedule.due(swept.completed_at, now)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Walks every one of `lists` by id and settles what was not met; returns whether the run may go on.
    pub(super) async fn reconcile(&mut self, lists: &[&'static Entity]) -> Result<bool, Fault> {
        let (asked, now) = (lists.to_vec(), self.engine.server_now());
        self.engine.writer.run(move |store| store.begin_reconcile(&asked, now)).await?;
        self.walks_deals = lists.iter().any(|list| list.has_floor());
        let mut lists = lists.to_vec();
        lists.sort_by_key(|list| table_place(list));
        let (mut walked, mut cleared, mut done) = (Vec::new(), true, true);
        for table in lists.chunk_by(|one, next| one.table.name == next.table.name) {
            let Some(of_table) = self.walk_table(table, &mut done).await? else {
                return Ok(false);
            };
            let how = self.settle(&of_table).await?;
            match how {
                Outcome::Complete | Outcome::Skipped => {}
                Outcome::NeedsPerson => cleared = false,
                Outcome::Stopped | Outcome::Budget => return Ok(false),
                // The walk is done; what is left is asked for later.
                _ => done = false,
            }
            walked.extend(of_table);
        }
        if !done {
            return Ok(true);
        }
        let (rules, now) = (self.engine.settings.children.clone(), self.engine.server_now());
        let end = move |store: &mut Store| {
            store.mark_differing(&rules, now)?;
            store.end_reconcile(&walked, cleared)
        };
        self.engine.writer.run(end).await?;
        Ok(true)
    }

    /// Asks for what a comparison found to differ, unless a reconcile is under way, which meets it anyway; returns whether the
    /// run may go on.
    pub(super) async fn read_verified(&mut self, lists: &[&'static Entity]) -> Result<bool, Fault> {
        let asked = lists.to_vec();
        let any = move |store: &mut Store| {
            Ok(store.reconcile_touched()?.is_none() && store.has_verified(&asked)?)
        };
        if !self.engine.writer.run(any).await? {
            return Ok(true);
        }
        let mut lists = lists.to_vec();
        lists.sort_by_key(|list| table_place(list));
        for table in lists.chunk_by(|one, next| one.table.name == next.table.name) {
            let how = self.settle(table).await?;
            if matches!(how, Outcome::Stopped | Outcome::Budget) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Walks the lists of one table by id; returns those that were read, none if one of them could not be (then this is not
    /// `done`), or `None` if the run may not go on.
    async fn walk_table(
        &mut self,
        table: &[&'static Entity],
        done: &mut bool,
    ) -> Result<Option<Vec<&'static Entity>>, Fault> {
        let mut walked = Vec::new();
        for &list in table {
            let (go_on, how) = self.walk_by_id(list).await?;
            if !go_on {
                return Ok(None);
            }
            if !is_done(how) {
                *done = false;
                return Ok(Some(Vec::new()));
            }
            // What the token may not read says nothing about what is in it.
            walked.extend((how == Outcome::Complete).then_some(list));
        }
        Ok(Some(walked))
    }

    /// Walks one list, unless this reconcile did so in an earlier run; returns whether the run may go on, and how the walk
    /// ended.
    async fn walk_by_id(&mut self, list: &'static Entity) -> Result<(bool, Outcome), Fault> {
        let (stored, pass) = self
            .engine
            .writer
            .run(move |store| Ok((store.sweep(list)?, store.checkpoint(list)?)))
            .await?;
        let floor = pass.and_then(|pass| pass.floor);
        let at = Checkpoint { floor, ..stored.unwrap_or_default() };
        let resumed = at.cursor.is_some();
        if !resumed && at.complete_began_at.is_some() {
            return Ok((true, Outcome::Complete));
        }
        if self.engine.is_restricted(list) {
            let now = self.engine.server_now();
            let done = Checkpoint {
                began_at: Some(now),
                complete_began_at: Some(now),
                completed_at: Some(now),
                ..Checkpoint::default()
            };
            self.engine.writer.run(move |store| store.suspect_all(list, &done, now)).await?;
            return Ok((true, Outcome::Complete));
        }
        let part = self.begin("reconcile", list).await?;
        let mut walk = Walk::by_id(self.engine, list, at);
        if !resumed {
            walk.begin_sweep().await?;
        }
        let ended = walk.run().await;
        let (report, others) = (walk.report, walk.others);
        self.end_with(part, ended, report, others).await
    }

    /// Asks for the candidates of `lists`, and sets the tombstones of those that are gone; returns how that ended.
    async fn settle(&mut self, lists: &[&'static Entity]) -> Result<Outcome, Fault> {
        let Some(&first) = lists.first() else { return Ok(Outcome::Complete) };
        let asked = lists.to_vec();
        let any = move |store: &mut Store| {
            Ok(!store.candidates(&asked, 1)?.is_empty() || store.confirmed_absences(&asked)? > 0)
        };
        if !self.engine.writer.run(any).await? {
            return Ok(Outcome::Complete);
        }
        let part = self.begin("reconcile", first).await?;
        let accepts = self.accepted(first).is_some();
        let mut confirming = Confirming::new(self.engine, lists.to_vec(), accepts);
        let ended = confirming.run().await;
        let (mut report, others) = (confirming.report(first), confirming.others());
        if matches!(ended, Ok(Ended::Complete)) {
            self.bury(lists, &mut report).await?;
        }
        Ok(self.end_with(part, ended, report, others).await?.1)
    }

    /// Tells of absences that wait for a person, whatever this run was for.
    pub(super) async fn note_absences(&mut self, lists: &[&'static Entity]) -> Result<(), Fault> {
        let touched = self.engine.writer.run(|store| store.reconcile_touched()).await?;
        let told = self.report.entities.iter().any(|done| done.outcome == Outcome::NeedsPerson);
        if touched.is_some() || told {
            return Ok(());
        }
        let mut lists = lists.to_vec();
        lists.sort_by_key(|list| table_place(list));
        for table in lists.chunk_by(|one, next| one.table.name == next.table.name) {
            let (asked, what) = (table.to_vec(), table[0].table.name);
            let gone =
                self.engine.writer.run(move |store| store.confirmed_absences(&asked)).await?;
            if gone > 0 {
                self.report.notes.push(format!(
                    "a reconcile found {gone} {what} gone from the source, which waits for a person: `{}` takes them",
                    accepting(what, gone)
                ));
            }
        }
        Ok(())
    }

    /// Sets the tombstones of confirmed absences, if they are few enough.
    async fn bury(
        &mut self,
        lists: &[&'static Entity],
        report: &mut EntityReport,
    ) -> Result<(), Fault> {
        let Some(&first) = lists.first() else { return Ok(()) };
        let (asked, now) = (lists.to_vec(), self.engine.server_now());
        let (gone, live) = self
            .engine
            .writer
            .run(move |store| Ok((store.confirmed_absences(&asked)?, store.live_rows(first)?)))
            .await?;
        if gone == 0 {
            return Ok(());
        }
        let what = first.table.name;
        let needs = |why: String| (Outcome::NeedsPerson, Some(why));
        if !self.engine.is_same_user() {
            (report.outcome, report.error) = needs(format!(
                "{gone} {what} are not shown to this token's user, who is not the one the mirror was filled by; nothing was \
                 changed. If this user sees everything, run `reconcile --accept-user`"
            ));
            return Ok(());
        }
        let ceiling = self.ceiling(first, live);
        if gone > ceiling {
            (report.outcome, report.error) = needs(format!(
                "{gone} {what} are gone from the source, more than the {ceiling} that count as usual; nothing was changed. \
                 If that is right, run `{}`",
                accepting(what, gone)
            ));
            return Ok(());
        }
        let asked = lists.to_vec();
        report.deleted += self.engine.writer.run(move |store| store.bury(&asked, now)).await?;
        warn!("{gone} {what} are gone from the source and have a tombstone now");
        Ok(())
    }

    /// Returns how many rows of `list` a person said are gone. Where deals are walked, that was said of them.
    fn accepted(&self, list: &Entity) -> Option<u64> {
        let Mode::Reconcile { accept_missing, .. } = self.mode else { return None };
        accept_missing.filter(|_| list.has_floor() || !self.walks_deals)
    }

    fn ceiling(&self, list: &Entity, live: u64) -> u64 {
        if let Some(accepted) = self.accepted(list) {
            return accepted;
        }
        match self.engine.settings.reconcile.max_missing {
            Some(Ceiling::Rows(rows)) => rows,
            Some(Ceiling::Part(part)) => part_of(live, part),
            None => part_of(live, PART).max(LEAST_CEILING),
        }
    }
}

/// Returns the place of a list's table among all: lists of one table belong together.
fn table_place(list: &Entity) -> Option<usize> {
    entity::ENTITIES.iter().position(|entity| entity.table.name == list.table.name)
}

/// Returns the command by which a person accepts that `gone` rows of `table` are gone.
pub fn accepting(table: &str, gone: u64) -> String {
    let lists: Vec<&Entity> = entity::ENTITIES
        .iter()
        .copied()
        .filter(|list| list.is_list() && list.table.name == table)
        .collect();
    if lists.iter().all(|list| list.has_floor()) {
        return format!("reconcile --accept-missing {gone}");
    }
    let names: Vec<&str> = lists.iter().map(|list| list.name).collect();
    format!("reconcile --entities {} --accept-missing {gone}", names.join(","))
}

/// Returns whether a list that ended so is as far read as it can be.
fn is_done(how: Outcome) -> bool {
    matches!(how, Outcome::Complete | Outcome::Skipped)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a ceiling of rows is not exact to more than 15 digits, and a part is never negative"
)]
fn part_of(rows: u64, part: f64) -> u64 {
    (rows as f64 * part) as u64
}
