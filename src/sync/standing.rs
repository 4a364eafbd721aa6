//! How things stand before a run: what decides its price, read from the store without a request.

use jiff::{SignedDuration, Timestamp};

use super::{
    Mode, Settings, Take, Wanted,
    fanout::REFUSED,
    forecast,
    plan::{self, Lookback},
    reconcile::{ABSENCE, AGAIN},
};
use crate::{
    endpoint::DEALS,
    entity::{ENTITIES, Entity, Evidence, Scope},
    progress::Checkpoint,
    store::{OwedNow, Policy, Reader, StoreError, Stretch},
};

/// Everything that decides the price of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// How many live deals there are that are not archived; `None` where the source has to be asked.
    pub live: Option<u64>,
    /// The lists that are wanted.
    pub lists: Vec<ListStanding>,
    /// What hangs on deals and is wanted.
    pub children: Vec<ChildStanding>,
    /// Whether the live deals are going to be counted against the source's own total.
    pub count: bool,
    /// What is wanted, in the order of the run.
    pub order: Vec<&'static Entity>,
}

/// How one list stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ListStanding {
    /// Which.
    pub entity: &'static Entity,
    /// Rows stored that the source still shows.
    pub stored: u64,
    /// The pass that the run makes.
    pub pass: Pass,
    /// Windows of it that are still to be read where it may be read in several; 0 if none was begun.
    pub windows: Option<u64>,
    /// Rows that a walk by id is going to meet; `None` where none is due.
    pub sweep: Option<u64>,
    /// Rows that a walk did not meet, or that are all there is to it, and that were not asked for yet.
    pub candidates: u64,
    /// Rows that deals name and that are asked for by their ids; `None` where all rows are mirrored.
    pub named: Option<u64>,
}

/// The pass that a run makes of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// None: it is not due.
    None,
    /// One that brings so many rows, as the mirror itself knows.
    Known {
        /// How many.
        rows: u64,
        /// Whether it goes on where an earlier run left it.
        resumed: bool,
    },
    /// The first, so that nobody knows how many rows it brings.
    First {
        /// Whether it goes on where an earlier run left it.
        resumed: bool,
        /// Whether it leaves out what is older than some instant.
        floor: bool,
    },
}

/// How one child entity stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildStanding {
    /// Which.
    pub entity: &'static Entity,
    /// What is owed of it.
    pub owed: OwedNow,
    /// Whether the source refuses it.
    pub refusal: Refusal,
    /// Deals of which it may be owed once something else was read.
    pub may_follow: u64,
}

/// Whether the source refuses a child entity for all deals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not as far as is known.
    None,
    /// It did a short while ago, and is not asked.
    Lasts,
    /// It did, and one request finds out whether it still does.
    MayBeOver,
}

impl Standing {
    /// Returns how things stand where there is no mirror yet; `live` is the source's own count of live deals.
    pub fn without_mirror(
        settings: &Settings,
        mode: &Mode,
        wanted: &[Wanted],
        live: Option<u64>,
    ) -> Self {
        let floor = matches!(mode, Mode::Backfill { since: Some(_), .. });
        let order: Vec<&'static Entity> = wanted.iter().map(|wanted| wanted.entity).collect();
        let list = |entity: &'static Entity| {
            let restricted = settings.restricted.contains(&entity);
            ListStanding {
                entity,
                stored: 0,
                pass: if restricted {
                    Pass::None
                } else {
                    Pass::First { resumed: false, floor: floor && entity.has_floor() }
                },
                windows: (!restricted).then(|| may_spread(settings, entity)).flatten(),
                sweep: None,
                candidates: 0,
                named: restricted.then_some(0),
            }
        };
        let child = |entity| ChildStanding {
            entity,
            owed: OwedNow::default(),
            refusal: Refusal::None,
            may_follow: 0,
        };
        let entities = || order.iter().copied();
        Self {
            live,
            lists: entities().filter(|entity| entity.child().is_none()).map(list).collect(),
            children: entities().filter(|entity| entity.child().is_some()).map(child).collect(),
            count: !floor && entities().any(|entity| *entity.endpoint == DEALS),
            order,
        }
    }

    /// Reads how things stand at `now`, by the source's clock.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn read(
        reader: &Reader,
        settings: &Settings,
        mode: &Mode,
        wanted: &[Wanted],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let reading = Reading { reader, settings, mode, now };
        let order: Vec<&'static Entity> = wanted.iter().map(|wanted| wanted.entity).collect();
        let deals = ENTITIES.iter().copied().find(|entity| *entity.endpoint == DEALS);
        let live = match deals {
            Some(deals) if reading.is_known(deals)? => Some(reader.live(deals)?),
            _ => reader.live_total()?,
        };
        let (mut lists, mut children) = (Vec::new(), Vec::new());
        for wanted in wanted {
            if wanted.entity.child().is_some() {
                children.push(reading.child(wanted)?);
            } else {
                lists.push(reading.list(wanted)?);
            }
        }
        reading.sweeps(&mut lists, wanted)?;
        Ok(Self { live, lists, children, count: reading.count(&order)?, order })
    }

    /// Returns whether the source has to be asked how many live deals it has before a price can be told.
    pub fn needs_total(&self) -> bool {
        let first = |list: &ListStanding| {
            list.entity.has_floor() && matches!(list.pass, Pass::First { .. })
        };
        self.live.is_none() && self.lists.iter().any(first)
    }
}

/// Returns 0 if a first pass of `entity` may be read in several windows.
fn may_spread(settings: &Settings, entity: &Entity) -> Option<u64> {
    (settings.in_flight > 1 && entity.has_windows()).then_some(0)
}

struct Reading<'r> {
    reader: &'r Reader,
    settings: &'r Settings,
    mode: &'r Mode,
    now: Timestamp,
}

impl Reading<'_> {
    fn restarts(&self) -> bool {
        matches!(self.mode, Mode::Backfill { restart: true, .. })
    }

    /// Returns the instant before which the run leaves out what `stored` does not reach.
    fn floor(&self, entity: &Entity, stored: Option<&Checkpoint>) -> Option<Timestamp> {
        if !entity.has_floor() {
            return None;
        }
        match (self.mode, stored) {
            (Mode::Backfill { since, restart: true }, _) => *since,
            (Mode::Backfill { since, .. }, None) => *since,
            (_, stored) => stored.and_then(|stored| stored.floor),
        }
    }

    fn checkpoint(&self, entity: &Entity) -> Result<Option<Checkpoint>, StoreError> {
        Ok(self.reader.progress(entity.name)?.checkpoint)
    }

    /// Returns whether the mirror holds all that the run is going to walk, so that its rows tell how many there are.
    fn is_known(&self, entity: &Entity) -> Result<bool, StoreError> {
        let stored = self.checkpoint(entity)?;
        let complete = stored.as_ref().is_some_and(|stored| stored.complete_began_at.is_some());
        // A restart forgets how far the list came, but not that it was looked at as a whole.
        let whole = complete || self.reader.sweep(entity)?.is_some();
        let before = stored.as_ref().and_then(|stored| stored.floor);
        let reaches = match (before, self.floor(entity, stored.as_ref())) {
            (None, _) => true,
            (Some(before), Some(floor)) => before <= floor,
            (Some(_), None) => false,
        };
        Ok(whole && reaches)
    }

    fn list(&self, wanted: &Wanted) -> Result<ListStanding, StoreError> {
        let entity = wanted.entity;
        let stored = self.reader.shown(entity, Stretch::default(), self.now)?;
        let (pass, named) = if self.is_restricted(entity) {
            let owed = self.reader.named_now(entity, self.now)?;
            // What is stored is asked for once more where the place in the listing is lost.
            let stored_at = self.checkpoint(entity)?.filter(|_| !self.restarts());
            let again = if stored_at.is_none() { self.reader.present(entity)? } else { 0 };
            let complete = stored_at.is_some_and(|at| at.complete_began_at.is_some());
            let pass = if complete { self.pass(wanted, stored)? } else { Pass::None };
            (pass, Some(owed + again))
        } else {
            (self.pass(wanted, stored)?, None)
        };
        let windows = self.windows(entity)?;
        Ok(ListStanding { entity, stored, pass, windows, sweep: None, candidates: 0, named })
    }

    /// Returns how many windows are left of a first pass that may be read in several.
    fn windows(&self, entity: &'static Entity) -> Result<Option<u64>, StoreError> {
        let at = self.checkpoint(entity)?.filter(|_| !self.restarts()).unwrap_or_default();
        Ok(match at.windows {
            0 if at.complete_began_at.is_some() => None,
            0 => may_spread(self.settings, entity),
            windows => Some(windows),
        })
    }

    fn is_restricted(&self, entity: &'static Entity) -> bool {
        self.settings.restricted.contains(&entity)
    }

    fn pass(&self, wanted: &Wanted, stored: u64) -> Result<Pass, StoreError> {
        let entity = wanted.entity;
        let checkpoint = self.checkpoint(entity)?;
        if !self.is_due(wanted, checkpoint.as_ref()) {
            return Ok(Pass::None);
        }
        let at = checkpoint.as_ref().filter(|_| !self.restarts());
        let resumed = entity.is_list() && at.is_some_and(Checkpoint::is_amid);
        let floor = self.floor(entity, checkpoint.as_ref());
        if !entity.is_list() {
            let known = checkpoint.is_some_and(|stored| stored.complete_began_at.is_some());
            return Ok(if known || (self.restarts() && stored > 0) {
                Pass::Known { rows: stored, resumed }
            } else {
                Pass::First { resumed, floor: false }
            });
        }
        if !self.is_known(entity)? {
            return Ok(Pass::First { resumed, floor: floor.is_some() });
        }
        if at.is_some_and(|at| at.windows > 0) {
            let rows = self.reader.shown_in_windows(entity, self.now)?;
            return Ok(Pass::Known { rows, resumed });
        }
        let changed = match at.and_then(|at| at.mark) {
            None => floor,
            // What lies behind the place is stored, up to the mark.
            Some(mark) if resumed => mark.checked_add(SignedDuration::from_secs(1)).ok(),
            Some(mark) => {
                let crowd = if self.is_restricted(entity) {
                    Some(mark)
                } else {
                    self.reader.looked_back(entity, mark, plan::RIDERS)?
                };
                Some(plan::since(mark, Lookback { overlap: self.settings.overlap, crowd }, floor))
            }
        };
        let rows = self.reader.shown(entity, Stretch { changed, after: None }, self.now)?;
        Ok(Pass::Known { rows, resumed })
    }

    fn is_due(&self, wanted: &Wanted, stored: Option<&Checkpoint>) -> bool {
        if let Some(taken) = wanted.taken(self.mode) {
            return taken;
        }
        let last = stored.and_then(|stored| stored.completed_at);
        wanted.schedule.as_ref().is_some_and(|schedule| schedule.due(last, self.now))
    }

    fn count(&self, order: &[&'static Entity]) -> Result<bool, StoreError> {
        let Some(deals) = order.iter().find(|entity| *entity.endpoint == DEALS) else {
            return Ok(false);
        };
        let floor = self.floor(deals, self.checkpoint(deals)?.as_ref());
        let counted = self.reader.reconciles()?.counted.is_some();
        Ok(floor.is_none() && (self.restarts() || !counted))
    }

    /// Adds what a walk by id costs, where one is due; and what it costs to ask for what a comparison found to differ.
    fn sweeps(&self, lists: &mut [ListStanding], wanted: &[Wanted]) -> Result<(), StoreError> {
        if wanted.iter().any(|wanted| wanted.take == Take::Named)
            || !self.reconcile_is_due(lists)?
        {
            // Nor are those asked for while a reconcile is under way that is not gone on with now.
            let under_way = self.reader.reconciles()?.under_way.is_some();
            for list in lists.iter_mut().filter(|list| list.entity.is_list() && !under_way) {
                list.candidates = self.reader.verified(list.entity)?;
            }
            return Ok(());
        }
        let goes_on = self.reader.reconciles()?.under_way.is_some();
        for list in lists.iter_mut().filter(|list| list.entity.is_list()) {
            let swept = self.reader.sweep(list.entity)?.filter(|_| goes_on).unwrap_or_default();
            let resumed = swept.cursor.is_some();
            if self.is_restricted(list.entity) && swept.complete_began_at.is_none() {
                list.candidates = self.reader.live(list.entity)?;
                continue;
            }
            if resumed || swept.complete_began_at.is_none() {
                let changed = self.floor(list.entity, self.checkpoint(list.entity)?.as_ref());
                let after = swept.after_id.filter(|_| resumed);
                let rest = Stretch { changed, after };
                list.sweep = Some(self.reader.shown(list.entity, rest, self.now)?);
            }
            if goes_on {
                list.candidates = self.reader.candidates(list.entity)?;
            }
        }
        Ok(())
    }

    fn reconcile_is_due(&self, lists: &[ListStanding]) -> Result<bool, StoreError> {
        let reconciles = self.reader.reconciles()?;
        if let Some(since) = reconciles.under_way {
            return Ok(self.now.duration_since(since) >= AGAIN);
        }
        if reconciles.owed.is_some() {
            return Ok(true);
        }
        for list in lists.iter().filter(|list| list.entity.is_list()) {
            let stored = self.checkpoint(list.entity)?.and_then(|stored| stored.complete_began_at);
            // A restart forgets when the last pass was, before anybody looks.
            let absent = list.entity.has_floor()
                && stored.is_some_and(|last| self.now.duration_since(last) > ABSENCE);
            let swept = self.reader.sweep(list.entity)?;
            let schedule = &self.settings.reconcile.schedule;
            if (absent && !self.restarts())
                || swept.is_some_and(|swept| schedule.due(swept.completed_at, self.now))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn child(&self, wanted: &Wanted) -> Result<ChildStanding, StoreError> {
        let entity = wanted.entity;
        let anew = self.restarts() && wanted.is_read_anew();
        let rule = self.settings.children.iter().find(|rule| rule.entity == entity);
        let owed = match rule {
            Some(rule) => self.reader.owed_now(*rule, self.now, self.old(), anew)?,
            None => OwedNow::default(),
        };
        let progress = self.reader.progress(entity.name)?;
        let waits = progress.held.is_some_and(|held| held.until > self.now);
        let since = progress.refused_since;
        let refusal = match since.map(|since| self.now.duration_since(since)) {
            _ if waits => Refusal::Lasts,
            None => Refusal::None,
            Some(ago) if ago < REFUSED => Refusal::Lasts,
            Some(_) => Refusal::MayBeOver,
        };
        let evidence = entity.child().map(|child| child.evidence);
        let follows = evidence.is_some_and(forecast::follows_lines)
            && rule.is_some_and(|rule| rule.policy == Policy::Counter);
        let may_follow = if follows { self.lines_to_come(entity)? } else { 0 };
        Ok(ChildStanding { entity, owed, refusal, may_follow })
    }

    /// Returns the instant before which a set that was stored is old.
    fn old(&self) -> Timestamp {
        self.now.checked_sub(self.settings.refresh_after).unwrap_or(Timestamp::MIN)
    }

    /// Returns how many deals are owed the lines that tell whether `entity` is owed, and not `entity` already.
    fn lines_to_come(&self, entity: &Entity) -> Result<u64, StoreError> {
        let by_lines = self.settings.children.iter().find(|rule| {
            rule.entity.child().is_some_and(|child| {
                matches!(child.scope, Scope::ParentGroup { .. })
                    && matches!(child.evidence, Evidence::Count(_))
            })
        });
        let Some(rule) = by_lines else { return Ok(0) };
        let lines = self.reader.owed_now(*rule, self.now, self.old(), false)?.deals;
        Ok(lines.saturating_sub(self.reader.owed_both(rule.entity, entity)?))
    }
}
