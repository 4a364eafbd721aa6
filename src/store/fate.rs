//! Whether a row that came may replace the row that is stored. Pure.

use jiff::Timestamp;

/// One sighting of a row: what it was like, and when it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Hash of its content.
    pub hash: i64,
    /// When the source last changed it; `None` counts as the oldest.
    pub changed: Option<Timestamp>,
    /// Number of the request that brought it, taken when the request was sent.
    pub observed: u64,
}

/// What becomes of a row that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is what is stored already.
    Unchanged,
    /// What is stored is newer.
    Older,
    /// It takes the place.
    Store,
}

/// Decides between the row that is `stored` and the one that `came`.
///
/// The greater change time wins. Several edits within one second share one change time (whole seconds; API reference),
/// so with equal times the sighting that was asked for later wins, whatever the order in which they arrive. A time after
/// `server_now`, the source's own clock, is no time at all: it protects nothing, and again the later sighting wins.
pub fn fate(stored: Option<Sighting>, came: Sighting, server_now: Option<Timestamp>) -> Fate {
    let Some(stored) = stored else { return Fate::Store };
    if stored.hash == came.hash {
        return Fate::Unchanged;
    }
    let from_future =
        |at: Option<Timestamp>| at.is_some() && server_now.is_some() && at > server_now;
    let by_time = if from_future(stored.changed) || from_future(came.changed) {
        std::cmp::Ordering::Equal
    } else {
        came.changed.cmp(&stored.changed)
    };
    if by_time.then(came.observed.cmp(&stored.observed)).is_lt() {
        Fate::Older
    } else {
        Fate::Store
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(at: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(at).unwrap())
    }

    #[test]
    fn a_row_from_the_future_protects_nothing() {
        let now = second(1_000);
        let future = Sighting { hash: 1, changed: second(9_999), observed: 5 };
        let present = Sighting { hash: 2, changed: second(900), observed: 6 };
        assert_eq!(fate(Some(future), present, now), Fate::Store);
        assert_eq!(fate(Some(present), Sighting { observed: 7, ..future }, now), Fate::Store);
        assert_eq!(fate(Some(present), Sighting { observed: 5, ..future }, now), Fate::Older);
    }

    #[test]
    fn a_row_without_a_change_time_is_the_oldest() {
        let dated = Sighting { hash: 1, changed: second(1), observed: 1 };
        let undated = Sighting { hash: 2, changed: None, observed: 9 };
        assert_eq!(fate(Some(dated), undated, None), Fate::Older);
        assert_eq!(fate(Some(undated), dated, None), Fate::Store);
        assert_eq!(
            fate(Some(undated), Sighting { hash: 3, observed: 10, ..undated }, None),
            Fate::Store
        );
    }

    /// A deal's life: each version changes at or after the one before, and is seen by one later request.
    fn life() -> impl Strategy<Value = Vec<Sighting>> {
        proptest::collection::vec((0..3i64, any::<bool>()), 1..12).prop_map(|steps| {
            let (mut at, mut dated) = (0, false);
            (1..)
                .zip(steps)
                .map(|(number, (seconds, undated))| {
                    at += seconds;
                    // Once dated, always dated.
                    dated |= !undated || at > 0;
                    let changed = if dated { second(at) } else { None };
                    Sighting { hash: number, changed, observed: number.cast_unsigned() }
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn whatever_the_order_of_arrival_the_last_version_stays(
            (versions, order) in life().prop_flat_map(|versions| {
                let order = proptest::collection::vec(0..versions.len(), 0..30);
                (Just(versions), order)
            })
        ) {
            // Every version arrives at least once, after any number of repeats in any order.
            let mut stored: Option<Sighting> = None;
            let all = order.into_iter().chain((0..versions.len()).rev());
            for arrived in all.map(|at| versions[at]) {
                if fate(stored, arrived, second(1_000)) == Fate::Store {
                    stored = Some(arrived);
                }
            }
            prop_assert_eq!(stored, versions.last().copied());
        }
    }
}
