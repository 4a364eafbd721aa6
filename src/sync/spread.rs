//! A first pass in several windows, side by side: one cursor is one request at a time, so a long listing that is read by
//! one is bound by latency rather than by what the source allows.
//!
//! Both ends of the list are looked at, and what lies between them is one closed window. A window that has much left is
//! split in the middle of its rows, as far as what was read of it and of its neighbours tells where that is, and as often
//! as the price allows. When all of them are read, a pass from before the first request on finds what moved meanwhile.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{
    Fault,
    fetch::Patience,
    flight::Flight,
    gap::Gap,
    plan::{self, Lookback},
    walk::{Ended, Leg, Walk, next_second},
};
use crate::{
    api::{ApiError, Page, Verdict},
    progress::{Checkpoint, Window},
    store::{Batch, Store},
};

/// A window is split if at least so many pages are left of it besides the one under way.
const WORTH_IT: f64 = 2.0;

/// What was read may mislead about the rest: of that counts so many times as much at most.
const GROWTH: f64 = 32.0;

/// Returns how many requests more than one walk over so many pages the windows may cost: 3 % of them, at least 4.
pub(super) fn most_more(pages: u64) -> u64 {
    (pages * 3 / 100).max(4)
}

impl<'e> Walk<'e> {
    /// Returns whether the rest of this pass is to be read in several windows; that is tried once.
    pub(super) fn may_spread(&mut self) -> bool {
        self.engine.settings.in_flight > 1
            && self.entity.has_windows()
            && self.leg == Leg::ByTime
            && self.at.complete_began_at.is_none()
            && self.at.mark.is_some()
            && !std::mem::replace(&mut self.looked, true)
    }

    /// Reads the rest of this pass in several windows and begins the next one; returns `None` if that cannot be done.
    ///
    /// # Errors
    ///
    /// What ends the pass; every page stored before it stays.
    pub(super) async fn spread(&mut self) -> Result<Option<Ended>, Fault> {
        // A row that names a later second may be one that changed behind its place: all of those are for the next pass.
        let (Some(place), Some(began)) = (self.last.max(self.at.mark), self.at.began_at) else {
            return Ok(None);
        };
        let page_rows = self.report.seen / self.report.pages.max(1);
        let Some(end) = self.look_at_the_end(place).await? else {
            return Ok(self.engine.stop.is_cancelled().then_some(Ended::Stopped));
        };
        let until = end.oldest.map(|oldest| next_second(oldest).min(whole_second(began)));
        let window = until.filter(|until| *until > place).map(|until| Window {
            since: self.at.floor,
            until,
            mark: self.at.mark,
        });
        let (entity, at, now) = (self.entity, self.at.clone(), self.engine.server_now());
        let begin = move |store: &mut Store| store.begin_windows(entity, &at, window, now);
        self.engine.writer.run(begin).await?;
        let mut spread = Spread { page_rows: page_rows as usize, ..Spread::default() };
        if let Some(window) = window {
            // Of the newest page that much lies in the window and is read again.
            spread.waste = end.in_oldest as f64 / spread.page_rows.max(1) as f64;
            // It goes on at its cursor, and so without an upper end: that is not what the cursor was given for.
            let mut oldest = self.in_window(window);
            (oldest.at.since, oldest.at.until) = (self.at.since, self.at.until);
            (oldest.cursor, oldest.last) = (self.cursor.take(), self.last);
            (oldest.met, oldest.density) = (std::mem::take(&mut self.met), self.density);
            spread.opens.extend(end.density.map(|density| (window.until, density)));
            spread.add(oldest);
        }
        self.finish(spread).await.map(Some)
    }

    /// Goes on with the windows that an earlier run left, and then begins the next pass.
    ///
    /// # Errors
    ///
    /// What ends the pass; every page stored before it stays.
    pub(super) async fn read_windows(&mut self) -> Result<Ended, Fault> {
        let entity = self.entity;
        let windows = self.engine.writer.run(move |store| store.windows(entity)).await?;
        let mut spread = Spread::default();
        for window in windows {
            spread.add(self.in_window(window));
        }
        self.finish(spread).await
    }

    async fn finish(&mut self, mut spread: Spread<'e>) -> Result<Ended, Fault> {
        let ended = spread.run(self).await?;
        if ended == Ended::Complete {
            self.begin_behind().await?;
        }
        Ok(ended)
    }

    /// Begins the next pass behind what the windows brought. Nothing rides along: it was read a moment ago.
    async fn begin_behind(&mut self) -> Result<(), Fault> {
        let (entity, overlap) = (self.entity, self.engine.settings.overlap);
        let stored = self.engine.writer.run(move |store| store.checkpoint(entity)).await?;
        let crowd = stored.as_ref().and_then(|stored| stored.mark);
        self.begin_at(plan::plan(stored, Lookback { overlap, crowd }));
        Ok(())
    }

    /// Returns a walk over the rest of `window`.
    fn in_window(&self, window: Window) -> Self {
        let at = Checkpoint {
            since: window.from(),
            until: Some(window.until),
            mark: window.mark,
            cursor: None,
            ..self.at.clone()
        };
        let mut walk = Self::new(self.engine, self.entity, at);
        walk.window = Some(window);
        walk
    }
}

/// What is left of a window.
struct Left {
    /// Up to where it was read; `None` if it is the oldest and nothing was.
    from: Option<Timestamp>,
    /// Where it ends, exclusive.
    until: Timestamp,
    /// Rows a second where it was read last.
    density: Option<f64>,
}

/// Windows that are read side by side.
#[derive(Default)]
struct Spread<'e> {
    /// What is left of each, by where it begins.
    left: BTreeMap<Option<Timestamp>, Left>,
    /// Those of which no page is under way.
    waiting: BTreeMap<Option<Timestamp>, Walk<'e>>,
    /// Rows a second where windows begin, and where the last one ends.
    opens: BTreeMap<Timestamp, f64>,
    /// How much of a page was asked for in vain, summed up over the windows that are read.
    waste: f64,
    /// How many rows a page holds.
    page_rows: usize,
    /// Why a window could not be read to its end.
    fault: Option<Fault>,
    /// A page that has yet to be stored.
    ready: Option<Batch>,
}

type Fetched<'e> = (Walk<'e>, Result<Page, ApiError>);

impl<'e> Spread<'e> {
    fn add(&mut self, walk: Walk<'e>) {
        let Some(window) = walk.window else { return };
        let (from, density) = (walk.last.max(window.from()), walk.density);
        self.left.insert(window.since, Left { from, until: window.until, density });
        self.waiting.insert(window.since, walk);
    }

    /// Reads every window to its end, newest first; what came is reported with `whole`.
    async fn run(&mut self, whole: &mut Walk<'e>) -> Result<Ended, Fault> {
        let (stop, most) = (whole.engine.stop.clone(), whole.engine.settings.in_flight.max(1));
        let mut flight = Flight::new();
        loop {
            // What is stored of a window says where it ends: none is split while a page of it waits.
            if self.ready.is_none() {
                self.split(whole).await?;
            }
            while flight.has_room(most) {
                let Some((_, walk)) = self.waiting.pop_last() else { break };
                flight.push(fetch(walk));
            }
            // The next page of its window is under way by now.
            if let Some(batch) = self.ready.take() {
                if let Err(fault) = flight.beside(whole.commit(batch)).await {
                    self.land(whole, flight).await?;
                    return Err(fault);
                }
                continue;
            }
            // Fetching may be abandoned at any moment: nothing has been promised yet.
            let Some(next) = stop.run_until_cancelled(flight.next()).await else {
                return Ok(Ended::Stopped);
            };
            let Some((walk, fetched)) = next else { break };
            flight.weigh(fetched.as_ref().map_or(0, |page| page.body.len()));
            // Storing is not raced against `stop`: a page in hand is always kept.
            match flight.beside(self.take(whole, walk, fetched)).await {
                Ok(()) => {}
                // One place that cannot be read keeps no other from being up to date; where nothing comes from two of them,
                // the source is in trouble.
                Err(fault @ Fault::Stuck { behind, .. }) if behind || self.fault.is_none() => {
                    self.fault.get_or_insert(fault);
                }
                Err(fault) => {
                    self.land(whole, flight).await?;
                    return Err(fault);
                }
            }
        }
        self.fault.take().map_or(Ok(Ended::Complete), Err)
    }

    /// Makes the page ready to be stored that came for `walk`, or finds a way on.
    async fn take(
        &mut self,
        whole: &mut Walk<'e>,
        mut walk: Walk<'e>,
        fetched: Result<Page, ApiError>,
    ) -> Result<(), Fault> {
        let Some(since) = walk.window.map(|window| window.since) else { return Ok(()) };
        let (first, came) = (walk.last.is_none(), fetched.is_ok());
        self.bound(&mut walk);
        let kept = match fetched {
            Ok(page) => self.prepare(whole, &mut walk, page).await,
            Err(error) => recover(whole, &mut walk, error).await,
        };
        let kept = match kept {
            Err(Fault::Api(error)) if error.verdict() == Verdict::RestartWalk && came => {
                recover(whole, &mut walk, error).await
            }
            kept => kept,
        };
        if kept.as_ref().is_ok_and(|read| !read) {
            if let (true, Some(at), Some(density)) = (first, since, walk.density) {
                self.opens.insert(at, density);
            }
            self.add(walk);
        } else {
            self.left.remove(&since);
        }
        kept.map(|_| ())
    }

    /// Tells `walk` where its window ends: it may have been split while a page was under way.
    fn bound(&self, walk: &mut Walk<'e>) {
        if let Some(window) = &mut walk.window
            && let Some(left) = self.left.get(&window.since)
        {
            window.until = left.until;
        }
    }

    /// Makes `page` ready to be stored; returns whether `walk` is at the end of its window.
    async fn prepare(
        &mut self,
        whole: &mut Walk<'e>,
        walk: &mut Walk<'e>,
        page: Page,
    ) -> Result<bool, Fault> {
        self.page_rows = self.page_rows.max(page.rows.len());
        let rows = page.rows.len();
        whole.lend(walk);
        let prepared = walk.prepare(page).await;
        whole.lend(walk);
        let (batch, last) = prepared?;
        self.ready = Some(batch);
        if last {
            let used = rows.saturating_sub(walk.beyond);
            self.waste += 1.0 - used as f64 / self.page_rows.max(1) as f64;
        }
        Ok(last)
    }

    /// Stores what is under way still when everything else is given up: it was paid for.
    async fn land(
        &mut self,
        whole: &mut Walk<'e>,
        mut flight: Flight<'e, Fetched<'e>>,
    ) -> Result<(), Fault> {
        let stop = whole.engine.stop.clone();
        while let Some(Some((mut walk, fetched))) = stop.run_until_cancelled(flight.next()).await {
            if let Ok(page) = fetched {
                self.bound(&mut walk);
                // What is wrong with this page does not matter any more.
                let prepared = flight.beside(self.prepare(whole, &mut walk, page)).await;
                let kept = match (prepared, self.ready.take()) {
                    (Ok(_), Some(batch)) => flight.beside(whole.commit(batch)).await.map(drop),
                    (prepared, _) => prepared.map(drop),
                };
                if let Err(fault @ Fault::Store(_)) = kept {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// Splits windows until there are as many as may be under way, as long as that is worth it.
    async fn split(&mut self, whole: &Walk<'e>) -> Result<(), Fault> {
        while self.left.len() < whole.engine.settings.in_flight
            && self.may_split(whole.report.pages)
            && let Some((since, at)) = self.heaviest()
        {
            let entity = whole.entity;
            whole.engine.writer.run(move |store| store.split_window(entity, since, at)).await?;
            let Some(left) = self.left.get_mut(&since) else { break };
            let until = std::mem::replace(&mut left.until, at);
            self.add(whole.in_window(Window { since: Some(at), until, mark: None }));
        }
        Ok(())
    }

    /// Returns whether there is room for one window more: each may end with a page that is all but in vain, and so may the
    /// pass that follows.
    fn may_split(&self, pages: u64) -> bool {
        let windows = self.left.len() + 1;
        self.waste + windows as f64 + 1.0 <= most_more(self.least_pages(pages)) as f64
    }

    /// Returns what lies ahead of each window that was begun, and where that one begins.
    fn gaps(&self) -> impl Iterator<Item = (Option<Timestamp>, Gap)> {
        self.left.iter().filter_map(|(since, left)| {
            let (from, to, far) = (left.from?, left.until, self.opens.get(&left.until).copied());
            (from < to).then_some((*since, Gap { from, to, near: left.density?, far }))
        })
    }

    /// Returns how many pages one walk over the list would take, rather too few, when `read` are read.
    fn least_pages(&self, read: u64) -> u64 {
        let rows: f64 = self.gaps().map(|(_, gap)| gap.least_rows()).sum();
        let pages = read as f64 + rows / self.page_rows.max(1) as f64;
        pages.min(GROWTH * read as f64) as u64
    }

    /// Returns the window of which most is left, and its middle, if it is worth it to split it.
    fn heaviest(&self) -> Option<(Option<Timestamp>, Timestamp)> {
        let page = self.page_rows.max(1) as f64;
        let (since, gap) =
            self.gaps().max_by(|(_, one), (_, other)| one.rows().total_cmp(&other.rows()))?;
        // The next page is under way, or asked for at once.
        let worth_it = gap.rows() >= (1.0 + WORTH_IT) * page;
        Some((since, gap.middle(page).filter(|_| worth_it)?))
    }
}

fn fetch(mut walk: Walk<'_>) -> BoxFuture<'_, Fetched<'_>> {
    Box::pin(async move {
        let fetched = walk.fetch(Patience::Full).await;
        (walk, fetched)
    })
}

/// Finds a way on for `walk` after `error`, or passes it on; what had to be read for that is reported with `whole`.
async fn recover<'e>(
    whole: &mut Walk<'e>,
    walk: &mut Walk<'e>,
    error: ApiError,
) -> Result<bool, Fault> {
    whole.lend(walk);
    let recovered = walk.recover(error).await;
    whole.lend(walk);
    recovered.map(|()| false)
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
