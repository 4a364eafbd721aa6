//! The daily budget: what of it is ours, what of that is left, and when it goes on.
//!
//! When the source refills the company's budget is not documented (midnight "at server's timezone"). Until that hour is
//! known, our share holds over every 24 hours, which is safe whatever the hour. What was spent is known by the hour, so
//! an hour counts until it lies more than 24 hours back as a whole. A refill that the headers showed twice at the same
//! hour is believed; from then on the share holds from that hour to the next day's.
//!
//! Pure: it neither writes nor reads a clock. Instants are the source's.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{call::Priority, error::ApiError, headers::Headers};
use crate::{
    endpoint::{DEALS, Endpoint, USERS_ME},
    seams::{SpentHour, Standing},
};

/// What a company has at least; what holds until it is configured or an answer tells.
///
/// Source: rate-limiting guide: 30,000 per seat on the smallest plan.
pub(crate) const LEAST: u64 = 30_000;

const HOUR: i64 = 3_600;

/// How long what the source said was left is taken for true: others spend, too.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// How long after the hour of a refill the new day begins for us: two clocks, and a refill that takes its time.
const LATE: i64 = 60;

/// How many hours are kept.
const MOST_HOURS: usize = 60;

/// A smaller rise of what is left is no refill: answers overtake each other.
const RISE: u64 = 1_000;

/// What is to be left to the company's other programs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reserve {
    /// This part of the daily budget, 0 to 1.
    Part(f64),
    /// This much cost.
    Cost(u64),
}

/// Returns the cost that has to be there before a request to `endpoint` is worth sending: asking whose account it is
/// without a page to follow would spend the last of a share on nothing, run after run.
pub(crate) fn worth(endpoint: &Endpoint) -> u64 {
    if *endpoint == USERS_ME { USERS_ME.cost + DEALS.cost } else { endpoint.cost }
}

/// How much may be spent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The company's daily budget, as a person says. Where the source says less, that holds.
    pub(crate) daily_budget: Option<u64>,
    /// The part of it that is ours.
    pub(crate) share: f64,
    pub(crate) reserve: Reserve,
    /// The part of our share that requests which may wait can have.
    pub(crate) trickle_share: f64,
}

/// Cost, and how much of it could have waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) cost: u64,
    pub(crate) trickle: u64,
}

impl Amount {
    pub(crate) fn of(cost: u64, priority: Priority) -> Self {
        Self { cost, trickle: if priority == Priority::Trickle { cost } else { 0 } }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.cost += other.cost;
        self.trickle += other.trickle;
    }

    fn take(&mut self, other: Self) {
        self.cost -= other.cost;
        self.trickle -= other.trickle;
    }
}

#[derive(Debug)]
pub(crate) struct Budget {
    rules: Rules,
    /// What was answered, by the number of its hour since 1970.
    hours: BTreeMap<i64, Amount>,
    /// Admitted, and not answered.
    flying: Amount,
    /// Cost admitted since the source said what is left, which that figure may not know of.
    since_left: u64,
    limit: Option<u64>,
    left: Option<(u64, Timestamp)>,
    reset: Option<(Timestamp, u32)>,
}

impl Budget {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            hours: BTreeMap::new(),
            flying: Amount::default(),
            since_left: 0,
            limit: None,
            left: None,
            reset: None,
        }
    }

    /// Takes in what earlier processes spent and learnt.
    pub(crate) fn open(&mut self, spent: &[SpentHour], standing: &Standing) {
        for &SpentHour { hour, cost, trickle } in spent {
            self.hours.entry(number(hour)).or_default().add(Amount { cost, trickle });
        }
        self.limit = standing.daily_limit;
        self.left = standing.daily_left;
        self.reset = standing.reset;
    }

    /// Writes what it learnt into `standing`.
    pub(crate) fn save(&self, standing: &mut Standing) {
        standing.daily_limit = self.limit;
        standing.daily_left = self.left;
        standing.reset = self.reset;
    }

    /// Says whether `more` may be spent `now` besides all that was admitted so far.
    ///
    /// # Errors
    ///
    /// [`ApiError::TrickleSpent`] for a request that may wait, else [`ApiError::ShareSpent`] or
    /// [`ApiError::ReserveReached`].
    pub(crate) fn admit(
        &self,
        more: Amount,
        priority: Priority,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if priority == Priority::Trickle {
            return match self.trickle_resumes(more, now).max(self.reserve_resumes(more, now)) {
                Some(until) => Err(ApiError::TrickleSpent { until }),
                None => Ok(()),
            };
        }
        let share = self.share();
        if let Some(until) = self.resumes(share, more.cost, |spent| spent.cost, now) {
            return Err(ApiError::ShareSpent { share, until });
        }
        match (self.reserve_resumes(more, now), self.left) {
            (Some(until), Some((left, _))) => Err(ApiError::ReserveReached { left, until }),
            _ => Ok(()),
        }
    }

    /// Counts a request that was admitted.
    pub(crate) fn begin(&mut self, amount: Amount) {
        self.flying.add(amount);
        self.since_left += amount.cost;
    }

    /// Counts a request as spent within the hour that begins at `hour`.
    pub(crate) fn spent(&mut self, amount: Amount, hour: Timestamp) {
        self.flying.take(amount);
        self.hours.entry(number(hour)).or_default().add(amount);
        // Nothing counts that is more than 25 hours old.
        while self.hours.len() > MOST_HOURS {
            self.hours.pop_first();
        }
    }

    /// Forgets a request that never left.
    pub(crate) fn unsent(&mut self, amount: Amount) {
        self.flying.take(amount);
        self.since_left = self.since_left.saturating_sub(amount.cost);
    }

    /// Takes in what the answer to a request of `cost`, not yet counted as spent, says; it was given at `at`.
    pub(crate) fn learn(&mut self, headers: &Headers, cost: u64, at: Timestamp) {
        let limit = headers.daily_limit.filter(|&limit| limit > 0).or(self.limit);
        if let Some(left) = headers.daily_remaining {
            if let (Some(limit), Some(before)) = (limit.filter(|_| limit == self.limit), self.left)
            {
                self.notice_reset(limit, before, (left, at));
            }
            self.left = Some((left, at));
            self.since_left = self.flying.cost.saturating_sub(cost);
        }
        self.limit = limit;
    }

    /// Returns the company's daily budget, as far as it is known.
    pub(crate) fn total(&self) -> u64 {
        match (self.rules.daily_budget, self.limit) {
            (Some(configured), Some(learned)) => configured.min(learned),
            (Some(total), None) | (None, Some(total)) => total,
            (None, None) => LEAST,
        }
    }

    /// Returns what we may spend of it.
    pub(crate) fn share(&self) -> u64 {
        part(self.total(), self.rules.share)
    }

    /// Returns what requests that may wait can have of the share.
    pub(crate) fn trickle_share(&self) -> u64 {
        part(self.share(), self.rules.trickle_share)
    }

    /// Returns what must be left to the company.
    pub(crate) fn reserve(&self) -> u64 {
        match self.rules.reserve {
            Reserve::Part(share) => (self.total() as f64 * share).ceil() as u64,
            Reserve::Cost(cost) => cost,
        }
    }

    /// Returns what was spent of the share, what is under way included.
    pub(crate) fn counted(&self, now: Timestamp) -> Amount {
        let mut sum = self.flying;
        self.hours.range(self.first(now)..).for_each(|(_, spent)| sum.add(*spent));
        sum
    }

    /// Returns when the company's budget is refilled next, if that is known.
    pub(crate) fn next_reset(&self, now: Timestamp) -> Option<Timestamp> {
        let (seen, _) = self.believed_reset()?;
        let day = 24 * HOUR;
        let since = now.as_second() - LATE - seen.as_second();
        Timestamp::from_second(seen.as_second() + (since.div_euclid(day) + 1) * day + LATE).ok()
    }

    fn believed_reset(&self) -> Option<(Timestamp, u32)> {
        self.reset.filter(|(_, times)| *times >= 2)
    }

    /// Returns the first hour that counts against the share.
    fn first(&self, now: Timestamp) -> i64 {
        match self.next_reset(now) {
            // The refill before it; `LATE` moves nothing into another hour.
            Some(reset) => number(reset) - 24,
            None => number(now) - 24,
        }
    }

    /// Returns when `more` fits below `limit`; `None` if it does now.
    fn resumes(
        &self,
        limit: u64,
        more: u64,
        what: impl Fn(Amount) -> u64,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut sum = what(self.counted(now)) + more;
        if sum <= limit {
            return None;
        }
        if let Some(reset) = self.next_reset(now) {
            return Some(reset);
        }
        for (&hour, &spent) in self.hours.range(self.first(now)..) {
            sum -= what(spent);
            if sum <= limit {
                return Some(end_of_count(hour));
            }
        }
        // What is under way is the rest of it, or not even one request fits.
        Some(end_of_count(number(now)))
    }

    /// The same for a request that may wait. The last quarter of the share is not for those: polls that come every few
    /// minutes have to find something left whenever the trickle had its part.
    fn trickle_resumes(&self, more: Amount, now: Timestamp) -> Option<Timestamp> {
        let share = self.share();
        self.resumes(self.trickle_share(), more.cost, |spent| spent.trickle, now).max(self.resumes(
            share - share / 4,
            more.cost,
            |spent| spent.cost,
            now,
        ))
    }

    /// Returns until when `more` would take what is known to be left to the company below the reserve; `None` if it does
    /// not. After that time nothing is known and the next request asks.
    fn reserve_resumes(&self, more: Amount, now: Timestamp) -> Option<Timestamp> {
        let (left, at) = self.left?;
        let stale = at.checked_add(FRESH).unwrap_or(at);
        let until = self.next_reset(at).map_or(stale, |reset| reset.min(stale));
        let enough = left >= (self.since_left + more.cost).saturating_add(self.reserve());
        (!enough && now < until).then_some(until)
    }

    /// Returns when the company's budget, of which nothing is left `now`, will have been refilled for sure; `hint` is
    /// what the source says itself.
    pub(crate) fn exhausted(&mut self, hint: Option<SignedDuration>, now: Timestamp) -> Timestamp {
        let too_soon = |reset: &Timestamp| reset.as_second() - now.as_second() > 23 * HOUR;
        if self.next_reset(now).filter(too_soon).is_some() {
            // It should have been refilled just now, and was not: that hour is not to be trusted any more.
            self.reset = None;
        }
        let day = SignedDuration::from_hours(24);
        let whole = Timestamp::from_second(now.as_second() + 1).unwrap_or(now);
        let hinted = hint.unwrap_or(day).clamp(SignedDuration::ZERO, day);
        self.next_reset(now).unwrap_or_else(|| whole.checked_add(hinted).unwrap_or(whole))
    }

    /// Compares what was left before with what is left after.
    fn notice_reset(&mut self, limit: u64, before: (u64, Timestamp), after: (u64, Timestamp)) {
        let used = |left: u64| limit.saturating_sub(left);
        let is_reset =
            used(after.0) + RISE <= used(before.0) && used(after.0) <= used(before.0) / 2;
        if !is_reset {
            return;
        }
        let hour = floor(after.1);
        let seen = (after.1.duration_since(before.1) <= FRESH).then_some((hour, 1));
        self.reset = match self.reset {
            Some((last, times)) if times >= 2 => {
                // The moment it was expected at, if it lies between the two answers.
                let days = (after.1.as_second() - last.as_second()).div_euclid(24 * HOUR);
                let expected = Timestamp::from_second(last.as_second() + days * 24 * HOUR);
                // A refill is at a full hour, unless both answers are of one hour (some zones are half an hour off).
                let from = if hour > before.1 { before.1 } else { floor(before.1) };
                let expected = expected.ok().filter(|expected| *expected >= from);
                expected.map(|at| (at, times.saturating_add(1))).or(seen)
            }
            Some((last, times)) if seen.is_some() => {
                let apart = hour.as_second() - last.as_second();
                let again = apart > 0 && apart % (24 * HOUR) == 0;
                Some((hour, if again { times + 1 } else { 1 }))
            }
            other => seen.or(other),
        };
    }
}

/// Returns a part of a whole, rounded down.
fn part(whole: u64, share: f64) -> u64 {
    // A budget is far below 2^53, and the product is not negative.
    (whole as f64 * share) as u64
}

fn number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(HOUR)
}

/// Returns the beginning of the hour that `at` is in.
pub(crate) fn floor(at: Timestamp) -> Timestamp {
    Timestamp::from_second(number(at) * HOUR).unwrap_or(at)
}

/// Returns when an hour lies more than 24 hours back as a whole.
fn end_of_count(hour: i64) -> Timestamp {
    Timestamp::from_second((hour + 25) * HOUR).unwrap_or(Timestamp::MAX)
}
