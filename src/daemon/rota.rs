//! What is due, what waits, and until when. Pure.
//!
//! Ticks are moments of the wall clock, which may jump; waits are lengths of time, counted by the clock that never goes
//! back. A tick only makes a list due: how many of them were missed does not matter, one run makes up for all.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::schedule::Schedule;

/// How long after the first failure in a row a list is asked for again; twice as long after each further one.
const FIRST: Duration = Duration::from_secs(60);

/// How long at most. A list that cannot be read costs up to five requests each time.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// The same for a list that the plan or the permissions exclude.
const LONGEST_EXCLUDED: Duration = Duration::from_secs(12 * 3_600);

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// The wall clock.
    pub(super) now: Timestamp,
    /// The one that never goes back.
    pub(super) elapsed: Duration,
}

/// How one list's part of a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// It is up to date.
    Well,
    /// It was not reached, or stopped in good order: nothing speaks against going on at once.
    Unreached,
    /// It failed.
    Badly,
    /// The plan or the permissions exclude it.
    Excluded,
}

/// One list that has a schedule.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) entity: &'static str,
    pub(super) schedule: Schedule,
    /// When the last pass began that was completed, by the wall clock.
    last: Option<Timestamp>,
    /// The first tick after it.
    tick: Option<Timestamp>,
    /// How often in a row it failed.
    failures: u32,
    /// Not before, by the clock that never goes back.
    rests_until: Duration,
}

impl Post {
    /// `last` is when the last complete pass began.
    pub(super) fn new(entity: &'static str, schedule: Schedule, last: Option<Timestamp>) -> Self {
        let tick = last.and_then(|last| schedule.next_after(last));
        Self { entity, schedule, last, tick, failures: 0, rests_until: Duration::ZERO }
    }

    /// Returns whether a run should read it now.
    pub(super) fn is_due(&self, at: Moment) -> bool {
        self.rests_until <= at.elapsed && self.is_called(at.now)
    }

    /// Returns what [`Schedule::due`] does, without looking for the tick each time.
    fn is_called(&self, now: Timestamp) -> bool {
        self.tick.is_none_or(|tick| tick <= now) || self.schedule.is_ahead(self.last, now)
    }

    /// Returns how long it is until it may be due.
    pub(super) fn waits(&self, at: Moment) -> Option<Duration> {
        let rest = self.rests_until.saturating_sub(at.elapsed);
        let tick = if self.is_called(at.now) { Duration::ZERO } else { until(self.tick?, at.now) };
        Some(rest.max(tick))
    }

    /// Returns how long it is left alone since it failed; `None` where it is not.
    pub(super) fn rests(&self, at: Moment) -> Option<Duration> {
        (self.failures > 0).then(|| self.rests_until.saturating_sub(at.elapsed))
    }

    /// Notes how a run that began at `began` dealt with it.
    pub(super) fn note(&mut self, went: Went, began: Moment, at: Moment) {
        let longest = match went {
            Went::Well => {
                *self = Self::new(self.entity, self.schedule.clone(), Some(began.now));
                return;
            }
            Went::Unreached => return,
            Went::Badly => LONGEST,
            Went::Excluded => LONGEST_EXCLUDED,
        };
        self.rests_until = at.elapsed + doubled(FIRST, self.failures).min(longest);
        self.failures = self.failures.saturating_add(1);
    }
}

/// A wait that grows while the same trouble lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    times: u32,
}

impl Backoff {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, times: 0 }
    }

    /// Returns how long to wait this time.
    pub(super) fn next(&mut self) -> Duration {
        let wait = doubled(self.first, self.times).min(self.longest);
        self.times = self.times.saturating_add(1);
        wait
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
}

/// Returns how long it is from `now` until `then`; nothing where that is past.
pub(super) fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

/// Returns the moment that lies `wait` after `now`.
pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: &str, elapsed_s: u64) -> Moment {
        Moment { now: now.parse().unwrap(), elapsed: Duration::from_secs(elapsed_s) }
    }

    fn post(last: Option<&str>) -> Post {
        let schedule = Schedule::parse("0 */5 * * * *").unwrap();
        Post::new("deals", schedule, last.map(|text| text.parse().unwrap()))
    }

    #[test]
    fn what_was_never_read_and_what_missed_its_ticks_is_due_at_once() {
        let now = at("2026-03-02T10:02:00Z", 0);
        assert!(post(None).is_due(now));
        assert!(post(Some("2026-02-01T10:00:00Z")).is_due(now));
        let fresh = post(Some("2026-03-02T10:00:00Z"));
        assert!(!fresh.is_due(now));
        assert_eq!(fresh.waits(now), Some(Duration::from_secs(180)));
    }

    #[test]
    fn ticks_that_were_missed_are_one_run() {
        let mut post = post(Some("2026-03-02T10:00:00Z"));
        let began = at("2026-03-02T11:00:00Z", 0);
        assert!(post.is_due(began));
        post.note(Went::Well, began, at("2026-03-02T11:00:02Z", 2));
        assert!(!post.is_due(at("2026-03-02T11:04:59Z", 299)));
    }

    #[test]
    fn a_tick_during_a_run_makes_one_more() {
        let mut post = post(None);
        let (began, ended) = (at("2026-03-02T10:04:00Z", 0), at("2026-03-02T10:21:00Z", 1_020));
        post.note(Went::Well, began, ended);
        assert!(post.is_due(ended));
    }

    #[test]
    fn a_clock_that_is_set_back_or_forward_delays_nothing() {
        let mut post = post(None);
        let now = at("2026-03-02T10:00:00Z", 0);
        post.note(Went::Well, now, now);
        assert!(post.is_due(at("2026-03-01T10:00:10Z", 10)), "set back by a day");
        assert!(post.is_due(at("2026-03-09T10:00:10Z", 10)), "set forward by a week");
    }

    #[test]
    fn a_list_that_fails_rests_ever_longer_by_a_clock_that_does_not_jump() {
        let mut post = post(None);
        let mut waits = Vec::new();
        let mut elapsed = 0;
        for _ in 0..8 {
            let now = at("2026-03-02T10:00:00Z", elapsed);
            assert!(post.is_due(now));
            post.note(Went::Badly, now, now);
            let wait = post.rests(now).unwrap().as_secs();
            // Whatever the wall clock says meanwhile.
            assert!(!post.is_due(at("2026-03-09T10:00:00Z", elapsed + wait - 1)));
            waits.push(wait / 60);
            elapsed += wait;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        let now = at("2026-03-02T10:00:00Z", elapsed);
        post.note(Went::Well, now, now);
        assert_eq!(post.rests(now), None);
    }

    #[test]
    fn what_the_plan_excludes_is_asked_for_twice_a_day_in_the_end() {
        let mut post = post(None);
        let now = at("2026-03-02T10:00:00Z", 0);
        for _ in 0..20 {
            post.note(Went::Excluded, now, now);
        }
        assert_eq!(post.rests(now), Some(Duration::from_secs(12 * 3_600)));
    }

    #[test]
    fn a_wait_grows_to_its_ceiling_and_never_beyond() {
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));
        let waits: Vec<u64> = (0..40).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(waits[..6], [5, 10, 20, 40, 60, 60]);
        assert_eq!(waits[39], 60);
    }
}
