//! Whether it is a deal that cannot be read, or the source that is in trouble. Pure.

use super::{fetch::Patience, group::Piece};
use crate::{api::ApiError, entity::Scope};

/// Groups in a row that failed as a whole, none of their parts having come: then it is not a deal.
const GROUPS: u32 = 3;

/// Parts of groups in a row. A culprit among a hundred makes eight, from the whole group down to itself; neighbours of it
/// one or two more each.
const PARTS: u32 = 20;

/// Single deals in a row.
const DEALS: u32 = 5;

/// As many, where each is not found.
const HIDDEN: u32 = 25;

/// What failed since something came.
#[derive(Debug)]
pub(super) struct Trouble {
    scope: Scope,
    /// Whether anything came in this run.
    pub(super) succeeded: bool,
    /// Requests for pieces that failed since then.
    pub(super) since_success: u32,
    /// Of those, whole groups.
    groups: u32,
    /// What the source did last.
    pub(super) last: String,
}

impl Trouble {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, succeeded: false, since_success: 0, groups: 0, last: String::new() }
    }

    /// Something came.
    pub(super) fn over(&mut self) {
        (self.succeeded, self.since_success, self.groups) = (true, 0, 0);
    }

    /// `piece` failed.
    pub(super) fn met(&mut self, piece: &Piece, error: &ApiError) {
        self.since_success += 1;
        self.groups += u32::from(piece.patience == Patience::Full);
        self.last = error.to_string();
    }

    /// Returns whether asking on is in vain.
    pub(super) fn is_the_source(&self, hidden: bool) -> bool {
        match (self.scope, hidden) {
            (Scope::ParentGroup { .. }, _) => self.groups >= GROUPS || self.since_success >= PARTS,
            (Scope::EachParent, false) => self.since_success >= DEALS,
            (Scope::EachParent, true) => self.since_success >= HIDDEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::ParentGroup { param: "ids", size: 100, member: "id", either_form: false }
    }

    /// Walks down to each of `culprits` among a hundred deals as the fan-out does; returns whether it got through.
    fn gets_through(culprits: &[usize]) -> bool {
        let error = ApiError::NotFound { path: "/", message: String::new() };
        let mut trouble = Trouble::new(scope());
        let mut queue = vec![(0..100_usize, Patience::Full)];
        while let Some((deals, patience)) = queue.pop() {
            if !culprits.iter().any(|culprit| deals.contains(culprit)) {
                trouble.over();
                continue;
            }
            let mut piece = Piece::new(Vec::new());
            piece.patience = patience;
            trouble.met(&piece, &error);
            if trouble.is_the_source(false) {
                return false;
            }
            if deals.len() > 1 {
                let middle = deals.start + deals.len() / 2;
                queue.push((deals.start..middle, Patience::Little));
                queue.push((middle..deals.end, Patience::Little));
            }
        }
        true
    }

    #[test]
    fn a_few_culprits_are_found_wherever_they_are() {
        for first in 0..100 {
            assert!(gets_through(&[first]));
            let spread: Vec<usize> = (0..8).map(|n| (first + n * 13) % 100).collect();
            assert!(gets_through(&spread), "{spread:?}");
            let neighbours: Vec<usize> = (0..4).map(|n| (first + n) % 100).collect();
            assert!(gets_through(&neighbours), "{neighbours:?}");
        }
        assert!(!gets_through(&(0..100).collect::<Vec<_>>()));
    }
}
