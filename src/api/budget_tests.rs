//! What of the day's budget is admitted, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    budget::{Amount, Budget, Reserve, Rules, floor},
    call::Priority::{self, Fresh, Trickle},
    error::ApiError,
    headers::Headers,
};
use crate::seams::Standing;

fn rules() -> Rules {
    Rules { daily_budget: Some(1_000), share: 0.5, reserve: Reserve::Cost(0), trickle_share: 0.25 }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Spends `cost` at `now` if that is admitted.
fn spend(
    budget: &mut Budget,
    cost: u64,
    priority: Priority,
    now: Timestamp,
) -> Result<(), ApiError> {
    let amount = Amount::of(cost, priority);
    budget.admit(amount, priority, now)?;
    budget.begin(amount);
    budget.spent(amount, floor(now));
    Ok(())
}

/// An answer that says what is left.
fn said(budget: &mut Budget, left: u64, limit: u64, now: Timestamp) {
    let headers =
        Headers { daily_limit: Some(limit), daily_remaining: Some(left), ..Headers::default() };
    budget.learn(&headers, 0, now);
}

fn until(refused: Result<(), ApiError>) -> Timestamp {
    match refused {
        Err(
            ApiError::ShareSpent { until, .. }
            | ApiError::TrickleSpent { until }
            | ApiError::ReserveReached { until, .. },
        ) => until,
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// Over any 24 hours, to the token; and who was refused and comes back when it was told to is admitted, if nobody else
    /// came in between.
    #[test]
    fn no_24_hours_cost_more_than_the_share_and_what_waits_no_more_than_its_part(
        requests in prop::collection::vec((0..7_200_i64, 1..60_u64, any::<bool>()), 1..300),
        restart in 0..300_usize,
    ) {
        let mut budget = Budget::new(rules());
        let mut now = at("2026-02-03T16:40:21Z");
        let mut sent: Vec<(Timestamp, Amount)> = Vec::new();
        for (index, &(later, cost, waits)) in requests.iter().enumerate() {
            now += SignedDuration::from_secs(later);
            if index == restart {
                // Another process knows no more than the hours.
                let mut hours = BTreeMap::new();
                for (when, amount) in &sent {
                    hours.entry(floor(*when)).or_insert(Amount::default()).add(*amount);
                }
                let books: Vec<_> = hours.into_iter().map(|(hour, Amount { cost, trickle })| {
                    crate::seams::SpentHour { hour, cost, trickle }
                }).collect();
                budget = Budget::new(rules());
                budget.open(&books, &Standing::default());
            }
            let priority = if waits { Trickle } else { Fresh };
            match spend(&mut budget, cost, priority, now) {
                Ok(()) => sent.push((now, Amount::of(cost, priority))),
                refused => {
                    let until = until(refused);
                    prop_assert!(until > now && until.duration_since(now).as_hours() <= 25);
                    prop_assert!(budget.admit(Amount::of(cost, priority), priority, until).is_ok());
                }
            }
        }
        for (first, _) in &sent {
            let end = *first + SignedDuration::from_hours(24);
            let mut sum = Amount::default();
            sent.iter().filter(|(when, _)| (*first..end).contains(when)).for_each(|(_, one)| sum.add(*one));
            prop_assert!(sum.cost <= 500 && sum.trickle <= 125, "{sum:?}");
        }
    }
}

#[test]
fn the_budget_is_what_was_configured_unless_the_source_says_less() {
    let mut budget = Budget::new(Rules { daily_budget: None, ..rules() });
    assert_eq!(budget.share(), 15_000);
    said(&mut budget, 1_000_000, 1_170_000, at("2026-02-03T16:40:21Z"));
    assert_eq!((budget.share(), budget.trickle_share()), (585_000, 146_250));
    let mut configured = Budget::new(rules());
    said(&mut configured, 1_000_000, 1_170_000, at("2026-02-03T16:40:21Z"));
    assert_eq!(configured.share(), 500);
    said(&mut configured, 100, 600, at("2026-02-03T16:40:21Z"));
    assert_eq!(configured.share(), 300);
}

#[test]
fn what_is_under_way_counts_against_share_and_reserve() {
    let now = at("2026-02-03T16:40:21Z");
    let mut budget = Budget::new(Rules { reserve: Reserve::Part(0.9), ..rules() });
    said(&mut budget, 950, 1_000, now);
    let ten = Amount::of(10, Fresh);
    for _ in 0..5 {
        budget.admit(ten, Fresh, now).unwrap();
        budget.begin(ten);
    }
    let refused = budget.admit(ten, Fresh, now);
    assert!(matches!(refused, Err(ApiError::ReserveReached { left: 950, .. })), "{refused:?}");
    assert_eq!(until(refused), at("2026-02-03T17:40:21Z"));
    // One that never left makes room for another; what is an hour old is no longer known.
    budget.unsent(ten);
    budget.admit(ten, Fresh, now).unwrap();
    budget.begin(ten);
    budget.admit(ten, Fresh, now + SignedDuration::from_hours(1)).unwrap();
    // An answer that knew of one of the five leaves four that it may not have known of.
    budget.learn(
        &Headers { daily_remaining: Some(945), ..Headers::default() },
        10,
        now + SignedDuration::from_mins(1),
    );
    assert!(budget.admit(Amount::of(5, Fresh), Fresh, now).is_ok());
    assert!(budget.admit(Amount::of(6, Fresh), Fresh, now).is_err());
}

#[test]
fn what_waits_leaves_the_last_quarter_of_the_share_alone() {
    let now = at("2026-02-03T16:40:21Z");
    let mut budget = Budget::new(rules());
    spend(&mut budget, 370, Fresh, now).unwrap();
    spend(&mut budget, 5, Trickle, now).unwrap();
    let refused = spend(&mut budget, 1, Trickle, now);
    assert!(matches!(refused, Err(ApiError::TrickleSpent { .. })), "{refused:?}");
    spend(&mut budget, 125, Fresh, now).unwrap();
    let refused = spend(&mut budget, 1, Fresh, now);
    assert!(matches!(refused, Err(ApiError::ShareSpent { share: 500, .. })), "{refused:?}");
}

/// A source whose budget of 100,000 is refilled at these moments, told at `before` and `after` each.
fn refilled(moments: &[(&str, &str)]) -> Budget {
    let mut budget = Budget::new(Rules { daily_budget: None, ..rules() });
    for (before, after) in moments {
        said(&mut budget, 40_000, 100_000, at(before));
        said(&mut budget, 99_990, 100_000, at(after));
    }
    budget
}

const TWICE: [(&str, &str); 2] = [
    ("2026-02-03T22:58:00Z", "2026-02-03T23:03:00Z"),
    ("2026-02-04T22:57:00Z", "2026-02-04T23:02:00Z"),
];

fn next(budget: &Budget) -> Option<String> {
    budget.next_reset(at("2026-02-05T10:00:00Z")).map(|reset| reset.to_string())
}

#[test]
fn a_refill_seen_twice_at_the_same_hour_is_believed_and_the_share_then_holds_from_it() {
    assert_eq!(next(&refilled(&TWICE[..1])), None);
    let mut budget = refilled(&TWICE);
    assert_eq!(next(&budget).as_deref(), Some("2026-02-05T23:01:00Z"));
    spend(&mut budget, 50_000, Fresh, at("2026-02-05T22:50:00Z")).unwrap();
    // A minute is left to the two clocks.
    for (now, admitted) in [
        ("2026-02-05T22:59:59Z", false),
        ("2026-02-05T23:00:59Z", false),
        ("2026-02-05T23:01:00Z", true),
    ] {
        let said = budget.admit(Amount::of(50_000, Fresh), Fresh, at(now));
        assert_eq!(said.is_ok(), admitted, "{now}");
        if let Err(refused) = said {
            assert_eq!(until(Err(refused)), at("2026-02-05T23:01:00Z"));
        }
    }
    spend(&mut budget, 50_000, Fresh, at("2026-02-05T23:01:00Z")).unwrap();
    assert!(spend(&mut budget, 1, Fresh, at("2026-02-06T22:00:00Z")).is_err());
}

#[test]
fn what_is_no_refill_at_a_known_hour_teaches_nothing() {
    // Too far apart to say when it was.
    let wide = ("2026-02-03T20:00:00Z", "2026-02-03T23:03:00Z");
    assert_eq!(next(&refilled(&[wide, TWICE[1]])), None);
    // Another hour.
    let other = ("2026-02-03T21:58:00Z", "2026-02-03T22:03:00Z");
    assert_eq!(next(&refilled(&[other, TWICE[1]])), None);
    // An answer that overtook another one.
    let mut budget = refilled(&TWICE[..1]);
    said(&mut budget, 40_000, 100_000, at("2026-02-04T22:58:00Z"));
    said(&mut budget, 40_080, 100_000, at("2026-02-04T23:03:00Z"));
    assert_eq!(next(&budget), None);
    // More seats, not another day.
    let mut budget = refilled(&TWICE[..1]);
    said(&mut budget, 40_000, 100_000, at("2026-02-04T22:58:00Z"));
    said(&mut budget, 140_000, 200_000, at("2026-02-04T23:03:00Z"));
    assert_eq!(next(&budget), None);
}

#[test]
fn a_believed_hour_is_kept_while_it_fits_and_dropped_when_it_does_not() {
    // Seen from afar, and fitting.
    let wide = ("2026-02-05T10:00:00Z", "2026-02-06T08:00:00Z");
    let budget = refilled(&[TWICE[0], TWICE[1], wide]);
    let next = |budget: &Budget| {
        budget.next_reset(at("2026-02-07T10:00:00Z")).map(|reset| reset.to_string())
    };
    assert_eq!(next(&budget).as_deref(), Some("2026-02-07T23:01:00Z"));
    // The clocks went back.
    let later = ("2026-02-05T23:58:00Z", "2026-02-06T00:03:00Z");
    assert_eq!(next(&refilled(&[TWICE[0], TWICE[1], later])), None);
    // Exhausted although it should have been refilled a quarter of an hour ago.
    let mut budget = refilled(&TWICE);
    let now = at("2026-02-05T23:15:00Z");
    assert_eq!(budget.exhausted(None, now), at("2026-02-06T23:15:01Z"));
    assert_eq!(next(&budget), None);
}

#[test]
fn a_spent_budget_is_waited_for_until_it_is_refilled_for_sure() {
    let now = at("2026-02-05T10:00:00.5Z");
    let wait = |budget: &mut Budget, hint: Option<i64>| {
        budget.exhausted(hint.map(SignedDuration::from_secs), now).to_string()
    };
    let mut unknown = Budget::new(rules());
    assert_eq!(wait(&mut unknown, None), "2026-02-06T10:00:01Z");
    assert_eq!(wait(&mut unknown, Some(7_200)), "2026-02-05T12:00:01Z");
    assert_eq!(wait(&mut unknown, Some(1 << 40)), "2026-02-06T10:00:01Z");
    assert_eq!(wait(&mut refilled(&TWICE), Some(7_200)), "2026-02-05T23:01:00Z");
}
