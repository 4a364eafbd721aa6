//! The order in which a list shows its deals.

use std::{collections::BTreeSet, ops::Bound};

use super::{Id, deal::Deal, second::Second};

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortBy {
    Id,
    UpdateTime,
    AddTime,
}

impl SortBy {
    pub(super) const ALL: [Self; 3] = [Self::Id, Self::UpdateTime, Self::AddTime];

    /// Returns the name the API uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::UpdateTime => "update_time",
            Self::AddTime => "add_time",
        }
    }

    /// Returns where `deal` stands in this order: by its time, then by its id; without a time it comes first.
    pub(super) fn key(self, deal: &Deal) -> Key {
        let time = match self {
            Self::Id => None,
            Self::UpdateTime => deal.update_time,
            Self::AddTime => Some(deal.add_time),
        };
        (time, deal.id)
    }
}

/// A place in an order.
pub(super) type Key = (Option<Second>, Id);

/// A stretch of an order.
pub(super) type Range = (Bound<Key>, Bound<Key>);

/// One list in its three orders, so that a page costs what it holds and not what the list holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Index([BTreeSet<Key>; 3]);

impl Index {
    /// Sorts `deals` anew.
    pub(super) fn of<'a>(deals: impl Iterator<Item = &'a Deal> + Clone) -> Self {
        Self(SortBy::ALL.map(|by| deals.clone().map(|deal| by.key(deal)).collect()))
    }

    pub(super) fn insert(&mut self, deal: &Deal) {
        for (by, order) in SortBy::ALL.into_iter().zip(&mut self.0) {
            order.insert(by.key(deal));
        }
    }

    pub(super) fn remove(&mut self, deal: &Deal) {
        for (by, order) in SortBy::ALL.into_iter().zip(&mut self.0) {
            order.remove(&by.key(deal));
        }
    }

    /// Walks a stretch of one order; an empty or inverted stretch holds nothing.
    pub(super) fn range(&self, by: SortBy, range: Range) -> impl DoubleEndedIterator<Item = Id> {
        let order = &self.0[by as usize];
        let stretch = (!inverted(&range)).then(|| order.range(range));
        stretch.into_iter().flatten().map(|(_, id)| *id)
    }
}

/// Returns whether `range` ends before it begins, which a `BTreeSet` does not take.
fn inverted((low, high): &Range) -> bool {
    match (low, high) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Included(high) | Bound::Excluded(high),
        ) => low >= high,
    }
}
