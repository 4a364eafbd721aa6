//! Where a pass begins. Pure: from what is stored to the first request.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::progress::Checkpoint;

/// Rows behind the mark that ride along in a page that is paid for anyway. The page holds 500; the rest is room for what
/// is new. They heal rows that became visible late, and counters that moved without a change time.
pub(crate) const RIDERS: u32 = 200;

/// How far back riders are looked for.
const RIDE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What decides how far before the mark a pass begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookback {
    /// `sync.overlap`: always read again.
    pub(crate) overlap: Duration,
    /// When the row changed before which there are [`RIDERS`] rows up to the mark; `None` if there are not so many.
    pub(crate) crowd: Option<Timestamp>,
}

/// Returns the place at which a pass goes on (a cursor is kept) or begins.
pub(crate) fn plan(stored: Option<Checkpoint>, look: Lookback) -> Checkpoint {
    let Some(stored) = stored else { return Checkpoint::default() };
    if stored.is_amid() {
        return stored;
    }
    let since = stored.mark.map_or(stored.floor, |mark| Some(since(mark, look, stored.floor)));
    Checkpoint { since, began_at: None, ..stored }
}

/// Returns the instant from which rows are read again when everything up to `mark` is stored.
pub(crate) fn since(mark: Timestamp, look: Lookback, floor: Option<Timestamp>) -> Timestamp {
    let second = Duration::from_secs(1);
    let owed = back(mark, SignedDuration::try_from(look.overlap.max(second)).unwrap_or(RIDE));
    let oldest = back(mark, RIDE);
    // The crowd's own second may hold any number of rows, so it is left out: what rides along must be free.
    let free = look.crowd.map_or(oldest, |crowd| oldest.max(crowd + second));
    let since = owed.min(free);
    floor.map_or(since, |floor| since.max(floor))
}

fn back(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::progress::Cursor;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const OVERLAP: Duration = Duration::from_secs(60);

    fn stored() -> Checkpoint {
        Checkpoint { mark: Some(at("2026-02-03T16:40:21Z")), ..Checkpoint::default() }
    }

    #[test]
    fn the_first_pass_has_no_lower_end_so_that_rows_without_a_change_time_are_seen() {
        let look = Lookback { overlap: OVERLAP, crowd: None };
        assert_eq!(plan(None, look), Checkpoint::default());
        let floor = Some(at("2026-01-01T00:00:00Z"));
        let begun = Checkpoint { since: floor, floor, ..Checkpoint::default() };
        assert_eq!(plan(Some(begun.clone()), look), begun);
    }

    #[test]
    fn a_pass_that_was_cut_short_goes_on_at_its_cursor() {
        let cut = Checkpoint { cursor: Some(Cursor::new("x")), ..stored() };
        assert_eq!(plan(Some(cut.clone()), Lookback { overlap: OVERLAP, crowd: None }), cut);
    }

    #[test]
    fn the_overlap_is_always_read_again_and_more_where_that_is_free() {
        let since_with = |crowd: Option<&str>| {
            plan(Some(stored()), Lookback { overlap: OVERLAP, crowd: crowd.map(at) })
                .since
                .unwrap()
                .to_string()
        };
        assert_eq!(since_with(Some("2026-02-03T16:40:20Z")), "2026-02-03T16:39:21Z");
        assert_eq!(since_with(Some("2026-02-01T00:00:00Z")), "2026-02-01T00:00:01Z");
        assert_eq!(since_with(Some("2025-02-01T00:00:00Z")), "2026-01-04T16:40:21Z");
        assert_eq!(since_with(None), "2026-01-04T16:40:21Z");
    }

    proptest! {
        #[test]
        fn a_pass_begins_at_least_the_overlap_before_the_mark_and_never_before_the_floor(
            mark in 0..4_000_000_000i64,
            crowd in proptest::option::of(0..4_000_000_000i64),
            floor in proptest::option::of(0..4_000_000_000i64),
            overlap in 0..1_000_000u64,
        ) {
            let second = |at| Timestamp::from_second(at).unwrap();
            let crowd = crowd.map(|at| second(at.min(mark)));
            let look = Lookback { overlap: Duration::from_secs(overlap), crowd };
            let since = since(second(mark), look, floor.map(second));
            let owed = second(mark - overlap.max(1).cast_signed());
            match floor.map(second) {
                Some(floor) => prop_assert!(since >= floor && since <= owed.max(floor)),
                None => prop_assert!(since <= owed),
            }
        }
    }
}
