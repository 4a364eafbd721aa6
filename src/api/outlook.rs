//! What may still be spent, and what waits: the gate's view without a gate, for whoever only looks.

use jiff::Timestamp;

use super::{
    budget::{self, Amount, Budget},
    call::Priority,
    client::Options,
    error::ApiError,
    latch::Latch,
};
use crate::{endpoint::USERS_ME, seams::Books};

/// What a request that may wait costs.
///
/// Source: the `x-token-cost` of each endpoint that answers for one deal (followers, discounts, participants).
const TRICKLE_COST: u64 = 10;

/// How the daily budget stands. All amounts are costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The company's daily budget, as far as it is known.
    pub budget: u64,
    /// What is ours of it.
    pub share: u64,
    /// What counts against the share now.
    pub counted: u64,
    /// What is left of the share.
    pub left: u64,
    /// What must be left to the company's other programs.
    pub reserve: u64,
    /// What requests that may wait can have of the share.
    pub trickle_share: u64,
    /// What they had of it.
    pub trickle_counted: u64,
    /// What waits.
    pub postponed: Vec<Postponed>,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// `all`: every request; `trickle`: those for rows that can only be asked for deal by deal.
    pub what: &'static str,
    /// Until when.
    pub until: Timestamp,
    /// Why, as a sentence that also says until when.
    pub why: String,
}

impl Outlook {
    /// Works out what a gate with these `options` and `books` would let through at `now`, by the source's clock.
    pub fn new(options: &Options, books: &Books, now: Timestamp) -> Self {
        let (mut budget, mut latch) = (Budget::new(options.rules()), Latch::default());
        budget.open(&books.spent, &books.standing);
        latch.open(&books.standing);
        let ask = |cost, priority| {
            let amount = Amount::of(cost, priority);
            latch.check(priority, now).and_then(|()| budget.admit(amount, priority, now)).err()
        };
        let postponed = |what, error: ApiError| {
            Some(Postponed { what, until: error.resumes()?, why: error.to_string() })
        };
        let all = ask(budget::worth(&USERS_ME), Priority::Fresh);
        let trickle = || ask(TRICKLE_COST, Priority::Trickle);
        let waits = match all {
            Some(error) => postponed("all", error),
            None => trickle().and_then(|error| postponed("trickle", error)),
        };
        let counted = budget.counted(now);
        Self {
            budget: budget.total(),
            share: budget.share(),
            counted: counted.cost,
            left: budget.share().saturating_sub(counted.cost),
            reserve: budget.reserve(),
            trickle_share: budget.trickle_share(),
            trickle_counted: counted.trickle,
            postponed: waits.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seams::{SpentHour, Standing};

    fn outlook(cost: u64, trickle: u64, standing: Standing) -> Outlook {
        let now: Timestamp = "2026-02-03T16:40:21Z".parse().unwrap();
        let hour = "2026-02-03T09:00:00Z".parse().unwrap();
        let books = Books { spent: vec![SpentHour { hour, cost, trickle }], standing };
        Outlook::new(&Options::default(), &books, now)
    }

    #[test]
    fn what_is_left_is_the_share_without_what_was_spent_and_nothing_waits() {
        let seen = outlook(1_000, 200, Standing::default());
        assert_eq!((seen.budget, seen.share, seen.left), (30_000, 15_000, 14_000));
        assert_eq!((seen.reserve, seen.trickle_share, seen.trickle_counted), (3_000, 3_750, 200));
        assert_eq!(seen.postponed, []);
    }

    #[test]
    fn what_waits_is_told_with_the_reason() {
        let later = "2026-02-03T17:00:00Z".parse().unwrap();
        let spent = Standing { spent_until: Some(later), ..Standing::default() };
        let blocked = Standing {
            blocked_until: Some((later, std::time::Duration::from_secs(1_800))),
            ..spent
        };
        let left = ("2026-02-03T16:30:00Z".parse().unwrap(), 2_000);
        let reserve = Standing { daily_left: Some((left.1, left.0)), ..Standing::default() };
        let lines = [
            outlook(14_985, 0, Standing::default()),
            outlook(14_995, 0, Standing::default()),
            outlook(3_745, 3_745, Standing::default()),
            outlook(0, 0, spent),
            outlook(0, 0, blocked),
            outlook(0, 0, reserve),
        ]
        .map(|seen| {
            let waits = &seen.postponed[0];
            format!("{} until {}: {}", waits.what, waits.until, waits.why)
        });
        insta::assert_snapshot!(lines.join("\n"), @"
        trickle until 2026-02-04T10:00:00Z: its part of the daily share is spent (`fanout.daily_share`), so it is postponed; it goes on at 2026-02-04T10:00:00Z
        all until 2026-02-04T10:00:00Z: the mirror's share of the daily API budget, 15000, is spent (`limits.daily_share`); it goes on at 2026-02-04T10:00:00Z
        trickle until 2026-02-04T10:00:00Z: its part of the daily share is spent (`fanout.daily_share`), so it is postponed; it goes on at 2026-02-04T10:00:00Z
        all until 2026-02-03T17:00:00Z: the company's daily API budget is spent; it goes on at 2026-02-03T17:00:00Z
        all until 2026-02-03T17:00:00Z: the source's CDN blocks our requests (403, not from the API); it goes on at 2026-02-03T17:00:00Z; let everything else that uses the API rest as well, and look for a program that goes on after 429
        all until 2026-02-03T17:30:00Z: only 2000 of the company's daily API budget is left, which is for its other programs (`limits.reserve`); it goes on at 2026-02-03T17:30:00Z
        ");
    }
}
