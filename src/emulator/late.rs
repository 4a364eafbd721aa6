//! What is shown for a while after it changed.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Id,
    attached::{Attached, Counts},
    deal::Deal,
    switches::Counters,
    world::World,
};

/// Old values by deal, each with the moment until which it is shown.
#[derive(Debug, Clone)]
pub(super) struct Late<T>(BTreeMap<Id, VecDeque<(Timestamp, T)>>);

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Late<T> {
    /// Shows `old` until the given time, after what is shown until earlier.
    pub(super) fn add(&mut self, id: Id, until: Timestamp, old: T) {
        self.0.entry(id).or_default().push_back((until, old));
    }

    /// Returns what is still shown; `None`: what is there.
    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.0.get(&id)?.front().map(|(_, old)| old)
    }

    /// Shows what is there.
    pub(super) fn forget(&mut self, id: Id) {
        self.0.remove(&id);
    }

    /// Drops what is not shown any more.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        self.0.retain(|_, values| {
            while values.front().is_some_and(|(until, _)| *until <= now) {
                values.pop_front();
            }
            !values.is_empty()
        });
    }
}

impl World {
    /// Lets the counters of a deal, and the reads of what hangs on it, lag as the switches say.
    pub(super) fn lag(&mut self, id: Id, old: Option<&Deal>, new: Option<&Deal>) {
        let (Some(old), Some(new)) = (old, new) else {
            self.late_counts.forget(id);
            self.late_attached.forget(id);
            self.late_around.forget(id);
            return;
        };
        let now = self.now();
        let after =
            |delay: Duration| now + SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        let moved = old.counts() != new.counts();
        match self.switches().counters {
            Counters::Late(delay) if moved => {
                self.late_counts.add(id, after(delay), old.counts());
            }
            Counters::UntilBump if old.update_time != new.update_time => {
                self.late_counts.forget(id);
            }
            Counters::UntilBump if moved => {
                self.late_counts.add(id, Timestamp::MAX, old.counts());
            }
            _ => {}
        }
        let delay = self.switches().children_visible_after;
        if !delay.is_zero() && old.attached != new.attached {
            self.late_attached.add(id, after(delay), old.attached.clone());
        }
        if !delay.is_zero() && old.around != new.around {
            let around = self.around(old).into_owned();
            self.late_around.add(id, after(delay), around);
        }
    }

    /// Returns what the counters of a deal say.
    pub(super) fn shown_counts(&self, deal: &Deal) -> Counts {
        self.late_counts.get(deal.id).copied().unwrap_or_else(|| deal.counts())
    }

    /// Returns what the reads show of what hangs on a deal.
    pub(super) fn shown_attached<'a>(&'a self, deal: &'a Deal) -> &'a Attached {
        let late = self.late_attached.get(deal.id);
        Attached::or_nothing(late.unwrap_or(&deal.attached).as_deref())
    }
}
