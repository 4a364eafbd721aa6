//! What a run does, one step after the other.
//!
//! The order is that of freshness: the fields, which name the columns of what follows, then live deals, what hangs on
//! them, archived deals, and last what may take days.

use super::{
    EntityReport, Event, Fault, Mode, Outcome, Report, Take, Wanted,
    engine::Engine,
    fanout::{Extent, Fanout},
    judge::{judge, log},
    walk::{Ended, Walk},
};
use crate::{
    api::Spent,
    entity::{self, Entity},
    progress::Checkpoint,
    store::{RunRow, RunTotals, Store, StoreError},
};

/// The steps of one run.
pub(super) struct Steps<'r> {
    pub(super) engine: &'r Engine,
    pub(super) mode: &'r Mode,
    run: i64,
    pub(super) report: &'r mut Report,
    /// Whether deals are among what is walked by id.
    pub(super) walks_deals: bool,
    /// Whether a person named what to take up: then nothing waits that failed a short while ago.
    forced: bool,
    /// What an earlier run began to ask for by the ids that deals name, and did not get to the end of.
    resumed: Vec<&'static Entity>,
}

/// A part of a run that was begun: one entity's, for one reason.
pub(super) struct Part {
    entity: &'static Entity,
    row: RunRow,
    before: Spent,
}

impl<'r> Steps<'r> {
    pub(super) fn new(
        engine: &'r Engine,
        mode: &'r Mode,
        run: i64,
        report: &'r mut Report,
    ) -> Self {
        Self { engine, mode, run, report, walks_deals: false, forced: false, resumed: Vec::new() }
    }

    /// Does everything that is wanted and due, as far as the source, the budget and `stop` allow.
    ///
    /// # Errors
    ///
    /// What ends the run.
    pub(super) async fn carry_out(mut self, wanted: &[Wanted]) -> Result<(), Fault> {
        self.forced = wanted.iter().any(|wanted| wanted.take == Take::Named);
        let entities = || wanted.iter().map(|wanted| wanted.entity);
        let mut lists: Vec<_> = entities().filter(|entity| entity.is_list()).collect();
        let (trickle, bulk): (Vec<_>, Vec<_>) = entities()
            .filter(|entity| entity.owed_by().is_some())
            .partition(|entity| entity.is_trickle());
        let all = match self.mode {
            Mode::Reconcile { .. } => true,
            _ => {
                self.note_absence(&lists).await?;
                // What people look at first is fresh first: a walk over everything may take days.
                if !self.read_lists(wanted).await?
                    || !self.read_all_owed(&bulk).await?
                    || !self.read_resumed().await?
                    || !self.count(&lists).await?
                {
                    return Ok(());
                }
                self.keep_sound(&mut lists);
                !self.forced && self.reconcile_is_due(&lists).await?
            }
        };
        let go_on =
            if all { self.reconcile(&lists).await? } else { self.read_verified(&lists).await? };
        if !go_on {
            return Ok(());
        }
        if self.read_all_owed(&bulk).await? && self.read_all_owed(&trickle).await? {
            // Participants name persons.
            let named: Vec<_> = bulk.into_iter().filter(|entity| entity.named.is_some()).collect();
            self.read_all_owed(&named).await?;
        }
        self.note_absences(&lists).await
    }

    /// Reads whatever is owed of `entities`; returns whether the run may go on.
    async fn read_all_owed(&mut self, entities: &[&'static Entity]) -> Result<bool, Fault> {
        for entity in entities {
            if !self.read_owed(entity, Extent::All).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads every list that is due, and between them what hangs on the deals that came, as far as that does not cost
    /// more than it would in the end; returns whether the run may go on.
    async fn read_lists(&mut self, wanted: &[Wanted]) -> Result<bool, Fault> {
        for (place, wanted_now) in wanted.iter().enumerate() {
            let entity = wanted_now.entity;
            let is_read = entity.child().is_none()
                && self.is_due(wanted_now).await?
                && !self.begin_named(entity).await?;
            if is_read && !self.read_list(entity).await? {
                return Ok(false);
            }
            let parent = entity.owed_by();
            let more = wanted[place..].iter().any(|later| Some(later.entity.table.name) == parent);
            let early = more && !entity.is_trickle();
            if early && !self.read_owed(entity, Extent::FullGroups).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn is_due(&self, wanted: &Wanted) -> Result<bool, StoreError> {
        if let Some(taken) = wanted.taken(self.mode) {
            return Ok(taken);
        }
        let Some(schedule) = &wanted.schedule else { return Ok(false) };
        let entity = wanted.entity;
        let last = self
            .engine
            .writer
            .run(move |store| store.checkpoint(entity))
            .await?
            .and_then(|stored| stored.completed_at);
        Ok(schedule.due(last, self.engine.server_now()))
    }

    /// Begins to mirror those rows of `entity` that deals name: they are asked for by their ids, and what changes from now
    /// on shows in its listing. Returns whether there is nothing else to be read of it now.
    async fn begin_named(&mut self, entity: &'static Entity) -> Result<bool, Fault> {
        let Some(now) = self.engine.client.facts().date else { return Ok(false) };
        if !self.engine.is_restricted(entity) {
            return Ok(false);
        }
        let stored = self.engine.writer.run(move |store| store.checkpoint(entity)).await?;
        if let Some(stored) = stored {
            // Until all that is named was asked for once, there is nothing to be kept up to date.
            let unfinished = stored.complete_began_at.is_none() && !stored.is_amid();
            if unfinished {
                self.resumed.push(entity);
            }
            return Ok(unfinished);
        }
        // Nothing that is stored will be older than now: the source's clock is as good as a row's change time.
        let begun = Checkpoint { mark: Some(now), began_at: Some(now), ..Checkpoint::default() };
        self.engine.writer.run(move |store| store.begin_named(entity, &begun, now)).await?;
        Ok(true)
    }

    /// Reads what changed of rows that deals name since an earlier run began to ask for them: what that one stored before it
    /// died may have changed before this one began, and would not be looked at until its schedule is due.
    async fn read_resumed(&mut self) -> Result<bool, Fault> {
        for entity in std::mem::take(&mut self.resumed) {
            let stored = self.engine.writer.run(move |store| store.checkpoint(entity)).await?;
            let begun = stored.is_some_and(|stored| stored.complete_began_at.is_some());
            if begun && !self.read_list(entity).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes that all rows of `entity` that deals name were asked for once.
    async fn end_named(&self, entity: &'static Entity) -> Result<(), Fault> {
        let stored = self.engine.writer.run(move |store| store.checkpoint(entity)).await?;
        let Some(begun) = stored.filter(|stored| stored.complete_began_at.is_none()) else {
            return Ok(());
        };
        let done = Checkpoint {
            complete_began_at: begun.began_at,
            completed_at: Some(self.engine.server_now()),
            ..begun
        };
        self.engine.writer.run(move |store| store.save_checkpoint(entity, &done)).await?;
        self.note_first_look(entity).await
    }

    /// Mirrors one list; returns whether the run may go on.
    pub(super) async fn read_list(&mut self, entity: &'static Entity) -> Result<bool, Fault> {
        let part = self.begin(self.mode.name(), entity).await?;
        let start = self.engine.start(entity).await?;
        let mut walk = Walk::new(self.engine, entity, start);
        let ended = walk.run().await;
        let (report, others) = (walk.report, walk.others);
        let go_on = self.end(part, ended, report, others).await?;
        self.engine.note_fields(entity, self.outcome(entity).unwrap_or(Outcome::Failed));
        if entity.is_list() && self.outcome(entity) == Some(Outcome::Complete) {
            self.note_first_look(entity).await?;
        }
        Ok(go_on)
    }

    /// Reads what is owed of one entity; returns whether the run may go on.
    async fn read_owed(&mut self, entity: &'static Entity, extent: Extent) -> Result<bool, Fault> {
        if entity.named.is_some() && self.outcome(entity) == Some(Outcome::Failed) {
            // It was asked for in vain a moment ago.
            return Ok(true);
        }
        let began_at = self.engine.server_now();
        let Some(mut fanout) = Fanout::new(self.engine, entity) else { return Ok(true) };
        fanout.enrol().await?;
        let group = fanout.group_size();
        let look = move |store: &mut Store| {
            let most = u32::try_from(group).unwrap_or(u32::MAX);
            Ok((store.owing(entity)?, store.owed(entity, began_at, most)?.len()))
        };
        let (owing, now) = self.engine.writer.run(look).await?;
        if owing.count == owing.parked && now == 0 {
            self.note_fresh(entity, began_at).await?;
            return Ok(true);
        }
        if (extent == Extent::FullGroups && now < group) || self.engine.is_put_off(entity) {
            return Ok(true);
        }
        let part = self.begin(self.mode.name(), entity).await?;
        let ended = fanout.run(extent, self.forced).await;
        let left = self.engine.writer.run(move |store| store.owing(entity)).await?;
        if left.count == left.parked {
            self.note_fresh(entity, began_at).await?;
        }
        self.end(part, ended, fanout.report, Vec::new()).await
    }

    /// Notes that nothing is owed of `entity` that can be had: that is what being up to date means for what hangs on
    /// deals. Where no list of its parents was ever read, or it is not mirrored, it means nothing.
    async fn note_fresh(
        &self,
        entity: &'static Entity,
        began_at: jiff::Timestamp,
    ) -> Result<(), Fault> {
        if entity.named.is_some() {
            return self.end_named(entity).await;
        }
        let rules = &self.engine.settings.children;
        let parent = entity.child().map(|child| child.parent);
        if !rules.iter().any(|rule| rule.entity == entity) || !self.was_read(parent).await? {
            return Ok(());
        }
        let fresh = Checkpoint {
            began_at: Some(began_at),
            complete_began_at: Some(began_at),
            completed_at: Some(self.engine.server_now()),
            ..Checkpoint::default()
        };
        self.engine.writer.run(move |store| store.save_checkpoint(entity, &fresh)).await?;
        Ok(())
    }

    /// Returns whether a list of `table` was ever read whole.
    async fn was_read(&self, table: Option<&'static str>) -> Result<bool, Fault> {
        for &list in entity::ENTITIES {
            if list.has_floor()
                && Some(list.table.name) == table
                && let Some(stored) = self.engine.writer.run(|store| store.checkpoint(list)).await?
                && stored.complete_began_at.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins a part of the run; what it costs and does is written down by [`Self::end`].
    pub(super) async fn begin(
        &self,
        mode: &'static str,
        entity: &'static Entity,
    ) -> Result<Part, Fault> {
        let (run, now) = (self.run, self.engine.clock.now());
        let row =
            self.engine.writer.run(move |store| store.begin_run(run, mode, entity, now)).await?;
        Ok(Part { entity, row, before: self.engine.client.spent() })
    }

    /// Writes down how `part` ended; returns whether the run may go on. `others` are reports of what was read in between.
    ///
    /// # Errors
    ///
    /// What ends the run.
    pub(super) async fn end(
        &mut self,
        part: Part,
        ended: Result<Ended, Fault>,
        done: EntityReport,
        others: Vec<EntityReport>,
    ) -> Result<bool, Fault> {
        Ok(self.end_with(part, ended, done, others).await?.0)
    }

    /// As [`Self::end`], and returns how it ended besides.
    pub(super) async fn end_with(
        &mut self,
        part: Part,
        ended: Result<Ended, Fault>,
        mut done: EntityReport,
        others: Vec<EntityReport>,
    ) -> Result<(bool, Outcome), Fault> {
        let after = self.engine.client.spent();
        done.requests = after.requests - part.before.requests;
        done.cost = after.cost - part.before.cost;
        let fault = judge(ended, &mut done);
        for other in others {
            done.requests -= other.requests;
            done.cost -= other.cost;
            self.report.push(other);
        }
        let totals = RunTotals {
            outcome: done.outcome.name(),
            requests: done.requests,
            cost: done.cost,
            seen: done.seen,
            written: done.written,
            deleted: done.deleted,
            error: done.error.clone(),
        };
        log(part.entity, &done);
        self.engine.observer.notice(&Event::Ended { report: &done });
        self.report.stopped |= done.outcome == Outcome::Stopped;
        // After a trickle there are only others, of which each says for itself how much is owed.
        let go_on = match done.outcome {
            Outcome::Stopped => false,
            Outcome::Budget => done.trickle,
            _ => true,
        };
        let how = done.outcome;
        self.report.push(done);
        if let Some(fault @ Fault::Store(_)) = fault {
            return Err(fault);
        }
        let (row, now) = (part.row, self.engine.clock.now());
        self.engine.writer.run(move |store| store.end_run(row, &totals, now)).await?;
        fault.map_or(Ok((go_on, how)), Err)
    }

    /// Returns how this run's part of `entity` ended, if it was taken up.
    pub(super) fn outcome(&self, entity: &Entity) -> Option<Outcome> {
        let report = self.report.entities.iter().find(|report| report.entity == entity.name);
        report.map(|report| report.outcome)
    }
}
