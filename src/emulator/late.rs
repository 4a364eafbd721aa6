//! What is shown for a while after it changed.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::Id;

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
