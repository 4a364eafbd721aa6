//! Whatever is owed, group by group or deal by deal: what hangs on deals, and rows that deals name.
//!
//! Groups are asked for side by side, each to its last page, and each is stored in one transaction. A deal is in at most
//! one of them at a time. What cannot be had together is asked for in halves until the culprit is alone; that one waits,
//! and the others are up to date. What cannot be had at all waits as a whole, ever longer.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tracing::{debug, warn};

use super::{
    EntityReport, Event, Fault, Outcome,
    engine::Engine,
    flight::Flight,
    group::{self, Piece},
    judge,
    trouble::Trouble,
    walk::Ended,
};
use crate::{
    api::{ApiError, Page, Verdict},
    entity::{Entity, Scope, instant},
    store::{ChildBatch, Owed, Store},
};

/// Deals that are taken up at a time: bounds memory, whatever is owed.
const SLICE: u32 = 5_000;

/// Groups asked for side by side, at least.
const SIDE_BY_SIDE: usize = 4;

/// How long after a failure a deal is asked about again at the earliest.
const A_MINUTE: Duration = Duration::from_secs(60);

/// How long after it was not found: until then a reconcile may find that it is gone.
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// How long after its deal's change a child is read at the earliest, by the source's clock: a replica that lags would
/// settle the mark with the older set.
const BEHIND: SignedDuration = SignedDuration::from_secs(2);

/// How rarely a source that refused children for all deals (its plan lacks them) is asked again.
pub(super) const REFUSED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How much of what is owed is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Everything.
    All,
    /// Full groups only: more deals are going to be read in this run, and may fill up the last one for the same price.
    FullGroups,
}

/// Reads what is owed of one child entity.
pub(super) struct Fanout<'e> {
    engine: &'e Engine,
    entity: &'static Entity,
    scope: Scope,
    pub(super) report: EntityReport,
    queue: VecDeque<Piece>,
    trouble: Trouble,
    /// Whether ids are sent as repeated keys: the source took them so.
    repeat: bool,
    /// Whether nothing is known of how the source answers for this child: one piece at a time finds out.
    probing: bool,
    /// Whether the entity failed, or was refused, in an earlier run: the first success ends that.
    held: bool,
}

type Fetched = (Piece, Result<Vec<Page>, ApiError>);

impl<'e> Fanout<'e> {
    /// Prepares for `entity`; `None` if nothing of it is ever owed.
    pub(super) fn new(engine: &'e Engine, entity: &'static Entity) -> Option<Self> {
        let scope = match (entity.child(), entity.named) {
            (Some(child), _) => child.scope,
            (None, Some(named)) if engine.is_restricted(entity) => named.scope,
            (None, _) => return None,
        };
        Some(Self {
            engine,
            entity,
            scope,
            report: EntityReport::new(entity),
            queue: VecDeque::new(),
            trouble: Trouble::new(scope),
            repeat: false,
            probing: false,
            held: false,
        })
    }

    /// Reads until nothing is owed that can be asked for now; `forced`: even if it is to wait.
    ///
    /// # Errors
    ///
    /// What ends it; every set stored before it stays, every other one stays owed.
    pub(super) async fn run(&mut self, extent: Extent, forced: bool) -> Result<Ended, Fault> {
        let mut ended = self.read(extent, forced).await;
        let (entity, now) = (self.entity, self.engine.server_now());
        if let Err(Fault::Api(error)) = &ended
            && !judge::ends_run(error)
            && error.verdict() != Verdict::Postpone
        {
            let why = error.to_string();
            self.engine.writer.run(move |store| store.hold(entity, &why, now)).await?;
        }
        if ended.is_ok() && !self.trouble.succeeded && self.report.postponed > 0 {
            ended = Err(Fault::NoneToBeHad { why: self.trouble.last.clone() });
        }
        let owing = self.engine.writer.run(move |store| store.owing(entity)).await?;
        self.report.owed = Some(owing.count);
        ended
    }

    async fn read(&mut self, extent: Extent, forced: bool) -> Result<Ended, Fault> {
        let entity = self.entity;
        if self.is_refused().await? {
            self.report.outcome = Outcome::Skipped;
            return Ok(Ended::Complete);
        }
        let hold = self.engine.writer.run(move |store| store.held(entity)).await?;
        if let Some(hold) = hold {
            self.held = true;
            if !forced && self.engine.server_now() < hold.until {
                let again = instant::text(hold.until);
                return Err(Fault::Waits { failures: hold.failures, why: hold.why, again });
            }
        }
        let mut began = false;
        loop {
            let now = self.engine.server_now();
            let mut owed =
                self.engine.writer.run(move |store| store.owed(entity, now, SLICE)).await?;
            if extent == Extent::FullGroups {
                owed.truncate(owed.len() - owed.len() % self.group_size());
            }
            if owed.is_empty() {
                return Ok(Ended::Complete);
            }
            if !std::mem::replace(&mut began, true) {
                let event = Event::Began { entity, resumed: false, first: false, expected: None };
                self.engine.observer.notice(&event);
            }
            if self.slice(owed).await? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
            if self.engine.is_put_off(entity) {
                return Ok(Ended::Complete);
            }
        }
    }

    /// Returns how many deals one call may name.
    pub(super) fn group_size(&self) -> usize {
        match self.scope {
            Scope::ParentGroup { size, .. } => size,
            Scope::EachParent => 1,
        }
    }

    /// Returns whether the source refused these children for all deals a short while ago.
    async fn is_refused(&mut self) -> Result<bool, Fault> {
        let entity = self.entity;
        let (since, known) = self
            .engine
            .writer
            .run(move |store| Ok((store.refused_since(entity)?, store.has_sets(entity)?)))
            .await?;
        // Where a plan may lack it, the first question of all is asked alone.
        self.probing = since.is_some() || (entity.endpoint.gated && !known);
        self.held |= since.is_some();
        let Some(since) = since else { return Ok(false) };
        Ok(self.engine.server_now().duration_since(since) < REFUSED)
    }

    /// Marks what is owed without a deal having moved: the sets of a trickle that were read so long ago that an equal
    /// counter proves too little, and rows that deals name.
    pub(super) async fn enrol(&self) -> Result<(), Fault> {
        let (entity, now) = (self.entity, self.engine.server_now());
        if entity.named.is_some() {
            self.engine.writer.run(move |store| store.enrol_named(entity, now)).await?;
        }
        let before = now.checked_sub(self.engine.settings.refresh_after);
        if let (true, Ok(before)) = (entity.is_trickle(), before) {
            let mark = move |store: &mut Store| store.mark_oldest(entity, before, now);
            self.engine.writer.run(mark).await?;
        }
        Ok(())
    }

    /// Asks for the children of `owed`, all of them once.
    async fn slice(&mut self, owed: Vec<Owed>) -> Result<Ended, Fault> {
        let stop = self.engine.stop.clone();
        // Fetching may be abandoned at any moment: what was not stored stays owed.
        if stop.run_until_cancelled(self.let_settle(&owed)).await.is_none() {
            return Ok(Ended::Stopped);
        }
        let groups = owed.chunks(self.group_size());
        self.queue = groups.map(|group| Piece::new(group.to_vec())).collect();
        let most = self.engine.settings.in_flight.max(SIDE_BY_SIDE);
        let mut flight = Flight::new();
        loop {
            // In trouble one piece after the other, so that few are asked in vain.
            let alone = self.probing || self.trouble.since_success > 0;
            if self.engine.is_put_off(self.entity) {
                self.queue.clear();
            }
            while flight.has_room(if alone { 1 } else { most }) {
                let Some(piece) = self.queue.pop_front() else { break };
                flight.push(self.fetch(piece));
            }
            let Some(next) = stop.run_until_cancelled(flight.next()).await else {
                return Ok(Ended::Stopped);
            };
            let Some((piece, fetched)) = next else { return Ok(Ended::Complete) };
            flight.weigh(fetched.iter().flatten().map(|page| page.body.len()).sum());
            // Storing is not raced against `stop`: pages in hand are always kept.
            if let Err(fault) = flight.beside(self.take(piece, fetched)).await {
                self.land(flight).await?;
                return Err(fault);
            }
        }
    }

    /// Stores what is under way still when everything else is given up: it was paid for.
    async fn land(&mut self, mut flight: Flight<'e, Fetched>) -> Result<(), Fault> {
        let stop = self.engine.stop.clone();
        while let Some(Some((piece, fetched))) = stop.run_until_cancelled(flight.next()).await {
            if let Ok(pages) = fetched {
                // What is wrong with these pages does not matter any more.
                let came = flight.beside(self.came(piece, &pages)).await;
                if let Err(fault @ Fault::Store(_)) = came {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// Sleeps until the newest change of `owed` lies far enough behind.
    async fn let_settle(&self, owed: &[Owed]) {
        let now = self.engine.server_now();
        let newest = owed.iter().filter_map(|owed| owed.changed).filter(|at| *at <= now).max();
        let wait = newest.map(|newest| BEHIND - now.duration_since(newest));
        if let Some(wait) = wait.and_then(|wait| Duration::try_from(wait).ok()) {
            self.engine.clock.sleep(wait).await;
        }
    }

    fn fetch(&self, mut piece: Piece) -> BoxFuture<'e, Fetched> {
        let (engine, entity, scope) = (self.engine, self.entity, self.scope);
        piece.repeat |= self.repeat;
        Box::pin(async move {
            let fetched = group::fetch(&engine.client, entity, scope, &piece).await;
            (piece, fetched)
        })
    }

    async fn take(
        &mut self,
        piece: Piece,
        fetched: Result<Vec<Page>, ApiError>,
    ) -> Result<(), Fault> {
        match fetched {
            Ok(pages) => self.came(piece, &pages).await,
            Err(error) => self.failed(piece, error).await,
        }
    }

    /// Stores the sets of `piece`, which came whole.
    async fn came(&mut self, piece: Piece, pages: &[Page]) -> Result<(), Fault> {
        let entity = self.entity;
        self.report.pages += pages.len() as u64;
        let (read, misfits) = match group::read(entity, self.scope, &piece, pages) {
            Ok(read) => read,
            Err(error) => return self.failed(piece, error).await,
        };
        self.report.seen += pages.iter().map(|page| page.rows.len() as u64).sum::<u64>();
        self.report.misfits += misfits;
        let now = pages.iter().filter_map(|page| page.date).max();
        let batch = ChildBatch {
            entity,
            asked: piece.deals,
            pages: read,
            rules: Arc::clone(&self.engine.settings.children),
            now: now.unwrap_or_else(|| self.engine.server_now()),
        };
        self.trouble.over();
        (self.repeat, self.probing) = (piece.repeat, false);
        let commit = move |store: &mut Store| match entity.child() {
            Some(_) => store.commit_children(&batch),
            None => store.commit_named(&batch),
        };
        let begun = self.engine.clock.elapsed();
        let done = self.engine.writer.run(commit).await?;
        let took = self.engine.clock.elapsed().saturating_sub(begun);
        if std::mem::take(&mut self.held) {
            let release = move |store: &mut Store| {
                store.set_refused(entity, None)?;
                store.release(entity)
            };
            self.engine.writer.run(release).await?;
        }
        self.report.written += done.written;
        self.report.quarantined += done.quarantined;
        debug!(
            entity.name = entity.name,
            db.rows = done.written,
            "Stored sets: {} rows were new or different, {} sets contradict their deals",
            done.written,
            done.contradicted
        );
        let spent = self.engine.client.spent();
        self.engine.observer.notice(&Event::Stored { entity, so_far: &self.report, spent, took });
        Ok(())
    }

    /// Finds a way on after `error`, or passes it on.
    async fn failed(&mut self, mut piece: Piece, error: ApiError) -> Result<(), Fault> {
        let entity = self.entity;
        match &error {
            // 403 may as well be about one deal.
            ApiError::PlanLacks { status: 403, .. } if !self.probing => {}
            ApiError::PlanLacks { status: 403, .. } if piece.deals.len() > 1 => {
                let rest = piece.deals.split_off(1);
                self.queue.push_front(Piece::new(rest));
                self.queue.push_front(piece);
                return Ok(());
            }
            ApiError::PlanLacks { .. } => return self.refused(error).await,
            _ => {}
        }
        if judge::ends_run(&error) || error.verdict() == Verdict::Postpone {
            return Err(Fault::Api(error));
        }
        if matches!(error, ApiError::BadRequest { .. })
            && let Some(other) = piece.in_other_form(self.scope)
        {
            self.queue.push_front(other);
            return Ok(());
        }
        // A deal that is not found says little about the next one: a user who sees less sees many a deal no more.
        let hidden = error.verdict() == Verdict::SkipParent;
        self.trouble.met(&piece, &error);
        if self.trouble.is_the_source(hidden) {
            let forbidden =
                matches!(error, ApiError::Forbidden { .. } | ApiError::PlanLacks { .. });
            return match forbidden && !self.trouble.succeeded {
                true => self.refused(error).await,
                false => Err(Fault::Api(error)),
            };
        }
        if piece.deals.len() > 1 {
            debug!(entity.name = entity.name, "Asking for half as many deals at a time: {error}");
            for half in piece.halves() {
                self.queue.push_front(half);
            }
            return Ok(());
        }
        let now = self.engine.server_now();
        self.postpone(piece.deals, &error, if hidden { A_DAY } else { A_MINUTE }, now).await
    }

    /// Lets `deals`, which are the culprits, wait.
    async fn postpone(
        &mut self,
        deals: Vec<Owed>,
        error: &ApiError,
        least: Duration,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let (entity, reason) = (self.entity, error.to_string());
        for owed in deals {
            let (id, reason) = (owed.id, reason.clone());
            match entity.child() {
                Some(_) => {
                    warn!(entity.name = entity.name, "Of deal {id} they cannot be had: {reason}");
                }
                None => warn!(entity.name = entity.name, "{id} cannot be had: {reason}"),
            }
            let postpone =
                move |store: &mut Store| store.postpone(entity, owed, &reason, least, now);
            self.engine.writer.run(postpone).await?;
            self.report.postponed += 1;
        }
        Ok(())
    }

    /// The source refuses these children for all deals: it is asked again, but rarely.
    async fn refused(&mut self, error: ApiError) -> Result<(), Fault> {
        let (entity, now) = (self.entity, self.engine.server_now());
        self.engine.writer.run(move |store| store.set_refused(entity, Some(now))).await?;
        let again = now.checked_add(REFUSED).map(instant::text).unwrap_or_default();
        debug!(entity.name = entity.name, "Not asked for again before {again}");
        Err(Fault::Refused { error, again })
    }
}
