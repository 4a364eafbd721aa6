//! One entity, page by page.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tracing::debug;

use super::{
    EntityReport, Event, Fault,
    engine::Engine,
    fetch::{self, PageSize, Patience},
    gap,
};
use crate::{
    api::{ApiError, Call, Page, Verdict},
    entity::{Decoded, Entity, instant},
    progress::{Checkpoint, Cursor, Window},
    store::{Batch, Committed, Purpose, Reading},
};

/// How a walk ended in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The last page is stored.
    Complete,
    /// It was told to stop.
    Stopped,
}

/// The way through a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    /// Oldest change first, from the checkpoint's `since`.
    ByTime,
    /// One second only, by id: its rows are so many that the way by time does not get through it.
    Second(Timestamp),
    /// Newest change first, down to this instant, or to the very end.
    Backwards {
        /// Where it ends.
        down_to: Option<Timestamp>,
    },
    /// From the first row to the last, in the source's own order.
    Whole,
    /// Everything by id, to find what differs and what is gone. It keeps a place of its own.
    ById,
}

/// One pass of one entity.
pub(super) struct Walk<'e> {
    pub(super) engine: &'e Engine,
    pub(super) entity: &'static Entity,
    pub(super) at: Checkpoint,
    /// The window that it keeps to, of several that are read side by side.
    pub(super) window: Option<Window>,
    pub(super) leg: Leg,
    /// The place on this leg.
    pub(super) cursor: Option<Cursor>,
    pub(super) size: PageSize,
    pub(super) report: EntityReport,
    /// What had to be read in between.
    pub(super) others: Vec<EntityReport>,
    /// Hashes of the cursors of this leg: none may come twice.
    pub(super) met: HashSet<u64>,
    pub(super) empty_pages: u32,
    /// The latest change time on this leg.
    pub(super) last: Option<Timestamp>,
    /// Rows a second on the last page of this leg.
    pub(super) density: Option<f64>,
    /// How many of its rows lie beyond the end of the window.
    pub(super) beyond: usize,
    /// Whether it was tried to read the rest of this pass in several windows.
    pub(super) looked: bool,
    /// The mark at which a cursor was refused, and how often.
    pub(super) refused: (Option<Timestamp>, u32),
    pub(super) reading: Reading,
}

impl<'e> Walk<'e> {
    pub(super) fn new(engine: &'e Engine, entity: &'static Entity, at: Checkpoint) -> Self {
        let leg = if entity.is_list() { Leg::ByTime } else { Leg::Whole };
        Self {
            engine,
            entity,
            leg,
            cursor: at.cursor.clone(),
            at,
            window: None,
            size: PageSize::new(entity.endpoint.page_limit),
            report: EntityReport::new(entity),
            others: Vec::new(),
            met: HashSet::new(),
            empty_pages: 0,
            last: None,
            density: None,
            beyond: 0,
            looked: false,
            refused: (None, 0),
            reading: Reading::default(),
        }
    }

    /// Walks everything by id, from the place at which such a walk was left.
    pub(super) fn by_id(engine: &'e Engine, entity: &'static Entity, at: Checkpoint) -> Self {
        Self { leg: Leg::ById, ..Self::new(engine, entity, at) }
    }

    /// Walks until the last page is stored.
    ///
    /// # Errors
    ///
    /// What ends the pass; every page stored before it stays.
    pub(super) async fn run(&mut self) -> Result<Ended, Fault> {
        let (entity, mut resumed) = (self.entity, self.at.is_amid());
        let first = self.at.complete_began_at.is_none() && self.leg != Leg::ById;
        // Only a pass over everything that is stored already says beforehand how many rows it will bring.
        let expected = if (first || self.leg == Leg::ById) && !resumed {
            self.engine
                .writer
                .run(move |store| store.list_size(entity))
                .await?
                .filter(|rows| *rows > 0)
        } else {
            None
        };
        self.engine.observer.notice(&Event::Began { entity, resumed, first, expected });
        // Before the first request, so that lag is never understated.
        if self.at.began_at.is_none() {
            self.at.began_at = Some(self.engine.server_now());
        }
        if self.at.windows > 0 {
            if self.read_windows().await? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
            resumed = false;
        } else if self.cursor.is_none() {
            self.read_undated_if_cut().await?;
        }
        loop {
            // Fetching may be abandoned at any moment: nothing has been promised yet.
            let Some(fetched) =
                self.engine.stop.clone().run_until_cancelled(self.fetch(Patience::Full)).await
            else {
                return Ok(Ended::Stopped);
            };
            let page = match fetched {
                Ok(page) => page,
                Err(error) => {
                    self.recover(error).await?;
                    continue;
                }
            };
            // Storing is not raced against `stop`: a page in hand is always kept.
            match self.keep(page).await {
                // A place that was left lies where it was: what became visible behind it meanwhile is for a pass that
                // begins now. Without it, the run after an interruption would not be up to date.
                Ok(true) if resumed && self.leg != Leg::ById => {
                    resumed = false;
                    self.begin_anew().await?;
                }
                Ok(true) => return Ok(Ended::Complete),
                Ok(false) if self.may_spread() => match self.spread().await? {
                    Some(Ended::Stopped) => return Ok(Ended::Stopped),
                    Some(Ended::Complete) => resumed = false,
                    None => {}
                },
                Ok(false) => {}
                // A listing that goes round in a circle shows only when a place comes twice.
                Err(Fault::Api(error)) if error.verdict() == Verdict::RestartWalk => {
                    self.recover(error).await?;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Begins the next pass, a little before the mark.
    async fn begin_anew(&mut self) -> Result<(), Fault> {
        let at = self.engine.start(self.entity).await?;
        self.begin_at(at);
        Ok(())
    }

    /// Begins a pass at `at`.
    pub(super) fn begin_at(&mut self, at: Checkpoint) {
        self.at = at;
        self.at.began_at = Some(self.engine.server_now());
        self.turn(Leg::ByTime);
    }

    /// Asks for the page at this place of this leg.
    pub(super) async fn fetch(&mut self, patience: Patience) -> Result<Page, ApiError> {
        let call = self.call();
        fetch::page(&self.engine.client, &call, self.cursor.as_ref(), &mut self.size, patience)
            .await
    }

    fn call(&self) -> Call {
        let mut call = Call::new(self.entity.endpoint);
        call.query
            .extend(self.entity.query.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let (sort_by, direction, since, until) = match self.leg {
            Leg::Whole => return call,
            Leg::ByTime => ("update_time", "asc", self.at.since, self.at.until),
            Leg::Second(at) => ("id", "asc", Some(at), Some(next_second(at))),
            Leg::Backwards { down_to } => ("update_time", "desc", down_to, self.at.until),
            Leg::ById => ("id", "asc", self.at.floor, None),
        };
        call = call.param("sort_by", sort_by).param("sort_direction", direction);
        // Whole seconds: a fraction is refused (API.md 3.4, seen as `ERR_SCHEMA_VALIDATION_FAILED`).
        for (name, bound) in [("updated_since", since), ("updated_until", until)] {
            if let Some(bound) = bound {
                call = call.param(name, instant::text(bound));
            }
        }
        call
    }

    /// Begins the walk by id at the first row.
    pub(super) async fn begin_sweep(&mut self) -> Result<(), Fault> {
        self.turn(Leg::ById);
        self.at = Checkpoint {
            began_at: Some(self.engine.server_now()),
            cursor: None,
            after_id: None,
            ..self.at.clone()
        };
        let (entity, at) = (self.entity, self.at.clone());
        self.engine.writer.run(move |store| store.begin_sweep(entity, &at)).await?;
        Ok(())
    }

    /// Takes another way, from its beginning.
    pub(super) fn turn(&mut self, leg: Leg) {
        self.leg = leg;
        self.cursor = None;
        self.density = None;
        self.last = None;
        self.met.clear();
    }

    /// Stores `page`; returns whether it was the last of the pass.
    pub(super) async fn keep(&mut self, page: Page) -> Result<bool, Fault> {
        let (batch, last) = self.prepare(page).await?;
        self.commit(batch).await?;
        Ok(last)
    }

    /// Makes `page` ready to be stored by [`Self::commit`], and goes to the next page's place; returns whether it was the
    /// last of the pass.
    pub(super) async fn prepare(&mut self, page: Page) -> Result<(Batch, bool), Fault> {
        let decoded = self.decode(&page).await?;
        self.check(&page, &decoded)?;
        self.check_place(&page)?;
        let now = page.date.or(self.engine.client.facts().date);
        if self.leg == Leg::ByTime {
            self.advance_mark(&decoded, now);
        }
        let before = self.at.after_id;
        if self.leg == Leg::ById {
            self.at.after_id = before.max(last_id(&decoded));
        }
        let last = self.step(&page, now);
        let to = if last { None } else { self.at.after_id };
        let purpose = match (self.leg, self.window) {
            (_, Some(window)) => Purpose::Window { window, read: last },
            (Leg::ById, None) => Purpose::Sweep { after: before, to },
            _ => Purpose::Pass,
        };
        if self.leg == Leg::Whole {
            self.reading.note(&page.body, &decoded);
        }
        let mut reading =
            (last && self.leg == Leg::Whole).then(|| std::mem::take(&mut self.reading));
        if let Some(reading) = &mut reading
            && !self.engine.is_same_user()
        {
            reading.proves_no_absence();
        }
        Ok((self.batch(page, decoded, purpose, reading), last))
    }

    /// Goes to the next page's place; returns whether there is none.
    fn step(&mut self, page: &Page, now: Option<Timestamp>) -> bool {
        self.cursor.clone_from(&page.next);
        if let Some(window) = self.window
            && let Some(done) = self.step_in(window)
        {
            return done;
        }
        match (self.leg, &page.next) {
            (Leg::ByTime | Leg::ById, Some(next)) => self.at.cursor = Some(next.clone()),
            (Leg::ByTime | Leg::Whole | Leg::ById, None) => {
                self.at.cursor = None;
                self.at.complete_began_at = self.at.began_at;
                // Only when something is due hangs on this; without a `Date` our own clock has to do.
                self.at.completed_at = now.or_else(|| Some(self.engine.clock.now()));
                return true;
            }
            (Leg::Second(at), None) => {
                self.turn(Leg::ByTime);
                self.at.since = Some(next_second(at));
            }
            (_, Some(_)) | (Leg::Backwards { .. }, None) => {}
        }
        false
    }

    /// Notes how far `window` is read; returns whether that is all of it, or `None` where it goes on as without one.
    fn step_in(&mut self, window: Window) -> Option<bool> {
        self.window = Some(Window { mark: self.at.mark.or(window.mark), ..window });
        match (self.leg, &self.cursor) {
            (Leg::ByTime, next) => {
                // Rows may lie beyond its end: it ended elsewhere when this way was taken.
                Some(next.is_none() || self.last.is_some_and(|last| last >= window.until))
            }
            (Leg::Second(at), None) => (next_second(at) >= window.until).then_some(true),
            _ => None,
        }
    }

    /// Moves the mark to the latest row that the source's own clock has reached, at most to the beginning of the pass.
    fn advance_mark(&mut self, decoded: &Decoded, now: Option<Timestamp>) {
        let times = || decoded.records.iter().filter_map(|record| record.changed);
        self.report.from_future +=
            times().filter(|&at| now.is_some_and(|now| at > now)).count() as u64;
        let latest = times().filter(|&at| now.is_some_and(|now| at <= now)).max();
        // What changed after the pass began may have done so behind its place, in the very second that was being read.
        let surely =
            latest.map(|latest| self.at.began_at.map_or(latest, |began| latest.min(began)));
        self.at.mark = self.at.mark.max(surely);
        self.last = times().next_back().or(self.last);
        self.density = gap::density(times());
        let end = self.window.map(|window| window.until);
        self.beyond = times().filter(|at| end.is_some_and(|end| *at >= end)).count();
    }

    pub(super) async fn store(
        &mut self,
        page: Page,
        decoded: Decoded,
        purpose: Purpose,
        reading: Option<Reading>,
    ) -> Result<Committed, Fault> {
        let batch = self.batch(page, decoded, purpose, reading);
        self.commit(batch).await
    }

    fn batch(
        &mut self,
        page: Page,
        decoded: Decoded,
        purpose: Purpose,
        reading: Option<Reading>,
    ) -> Batch {
        let report = &mut self.report;
        report.pages += 1;
        report.seen += page.rows.len() as u64;
        report.misfits += decoded.misfits;
        Batch {
            entity: self.entity,
            decoded,
            catalog: self.engine.catalog(),
            observed: page.observed,
            server_now: page.date,
            now: page.date.unwrap_or_else(|| self.engine.server_now()),
            page: Arc::clone(&page.body),
            checkpoint: self.at.clone(),
            purpose,
            children: Arc::clone(&self.engine.settings.children),
            restricted: self.engine.is_restricted(self.entity),
            reading,
        }
    }

    /// Stores a page that was made ready.
    pub(super) async fn commit(&mut self, batch: Batch) -> Result<Committed, Fault> {
        let begun = self.engine.clock.elapsed();
        let done = self.engine.writer.run(move |store| store.commit(&batch)).await?;
        let took = self.engine.clock.elapsed().saturating_sub(begun);
        if done.reshaped {
            self.engine.renew().await?;
            self.engine.reload_catalog().await?;
        }
        debug!(
            entity.name = self.entity.name,
            page.index = self.report.pages,
            db.rows = done.written,
            "Stored a page: {} rows were new or different",
            done.written
        );
        let report = &mut self.report;
        report.written += done.written;
        report.deleted += done.deleted;
        report.quarantined += done.quarantined;
        let spent = self.engine.client.spent();
        self.engine.observer.notice(&Event::Stored {
            entity: self.entity,
            so_far: &self.report,
            spent,
            took,
        });
        Ok(done)
    }
}

/// Returns the greatest id of a page, of rows that cannot be read too.
fn last_id(decoded: &Decoded) -> Option<i64> {
    let read = decoded.records.iter().filter_map(|record| record.values[0].int());
    read.chain(decoded.unreadable.iter().filter_map(|row| row.key.parse().ok())).max()
}

pub(super) fn next_second(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}
