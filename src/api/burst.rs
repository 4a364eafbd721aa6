//! The burst limit: never more than so many requests in any window.
//!
//! A log of send instants, not a token bucket: a bucket of N refilled by N per window lets almost 2 N through in one
//! window that begins in the right place. The log gives exactly N.

use std::{collections::VecDeque, time::Duration};

/// A little over the source's 2 s: requests may travel at different speeds.
///
/// Source: rate-limiting guide: a rolling window of 2 s.
pub(crate) const WINDOW: Duration = Duration::from_millis(2_100);

/// By how much the window grows when the source counts more in it than we sent: others use the same token, or the two
/// windows differ.
const WIDER: Duration = Duration::from_millis(500);

/// The widest window.
const WIDEST: Duration = Duration::from_millis(3 * 2_100);

/// The plan with the least; what holds until an answer tells more.
///
/// Source: rate-limiting guide: 20 requests per 2 s on Lite.
pub(crate) const LEAST: u32 = 20;

/// Instants are those of [`Clock::elapsed`](crate::seams::Clock::elapsed).
#[derive(Debug)]
pub(crate) struct Burst {
    configured: Option<u32>,
    learned: Option<u32>,
    window: Duration,
    /// When requests left within the last window, oldest first.
    sent: VecDeque<Duration>,
    /// Nothing leaves before.
    held_until: Duration,
}

impl Burst {
    pub(crate) fn new(configured: Option<u32>) -> Self {
        Self {
            configured,
            learned: None,
            window: WINDOW,
            sent: VecDeque::new(),
            held_until: Duration::ZERO,
        }
    }

    /// Returns how many requests a window may hold: what was configured, but no more than the source allows.
    pub(crate) fn limit(&self) -> usize {
        let limit = match (self.configured, self.learned) {
            (Some(configured), Some(learned)) => configured.min(learned),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => LEAST,
        };
        usize::try_from(limit.max(1)).unwrap_or(usize::MAX)
    }

    /// Takes the limit that an answer names.
    pub(crate) fn learn(&mut self, limit: u32) {
        self.learned = Some(limit);
    }

    /// Returns the limit that answers named.
    pub(crate) fn learned(&self) -> Option<u32> {
        self.learned
    }

    /// Returns over which time requests are counted.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// Counts requests over `window`, which is never shorter than usual.
    pub(crate) fn set_window(&mut self, window: Duration) {
        self.window = window.clamp(WINDOW, WIDEST);
    }

    /// Counts requests over a longer time from now on.
    pub(crate) fn widen(&mut self) {
        self.set_window(self.window + WIDER);
    }

    /// Returns whether nothing is let through at `now`.
    pub(crate) fn is_held(&self, now: Duration) -> bool {
        now < self.held_until
    }

    /// Lets nothing through before `until`.
    pub(crate) fn hold(&mut self, until: Duration) {
        self.held_until = self.held_until.max(until);
    }

    /// Notes a request as sent `now`, or says how long to wait before asking again.
    pub(crate) fn try_send(&mut self, now: Duration) -> Result<(), Duration> {
        if now < self.held_until {
            return Err(self.held_until - now);
        }
        while self.sent.front().is_some_and(|&sent| sent + self.window <= now) {
            self.sent.pop_front();
        }
        match self.sent.len().checked_sub(self.limit()) {
            None => {
                self.sent.push_back(now);
                Ok(())
            }
            // So many must have left the window that one more fits.
            Some(excess) => Err(self.sent[excess] + self.window - now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_plans_holds_until_the_limit_is_known() {
        let mut burst = Burst::new(None);
        assert_eq!(burst.limit(), 20);
        burst.learn(40);
        assert_eq!(burst.limit(), 40);
    }

    #[test]
    fn what_was_configured_holds_unless_the_source_allows_less() {
        let mut burst = Burst::new(Some(30));
        burst.learn(40);
        assert_eq!(burst.limit(), 30);
        burst.learn(20);
        assert_eq!(burst.limit(), 20);
    }

    #[test]
    fn a_limit_that_shrinks_counts_what_left_before() {
        let mut burst = Burst::new(None);
        let at = Duration::from_millis;
        for sent in [0, 100, 200, 300] {
            burst.try_send(at(sent)).unwrap();
        }
        burst.learn(2);
        // Two of the four may still be in the window; the third oldest has to leave it.
        assert_eq!(burst.try_send(at(400)), Err(at(200 + 2_100 - 400)));
        assert_eq!(burst.try_send(at(2_300)), Ok(()));
    }

    #[test]
    fn a_window_grows_by_half_a_second_a_time_up_to_three_times_its_length() {
        let mut burst = Burst::new(Some(1));
        burst.widen();
        burst.try_send(Duration::ZERO).unwrap();
        let wait = Duration::from_millis(2_600);
        assert_eq!(burst.try_send(Duration::ZERO), Err(wait));
        assert_eq!(burst.try_send(wait), Ok(()));
        (0..20).for_each(|_| burst.widen());
        assert_eq!(burst.window(), WIDEST);
        burst.set_window(Duration::ZERO);
        assert_eq!(burst.window(), WINDOW);
    }

    #[test]
    fn nothing_leaves_while_it_is_held() {
        let mut burst = Burst::new(None);
        burst.hold(Duration::from_secs(5));
        burst.hold(Duration::from_secs(3));
        assert_eq!(burst.try_send(Duration::from_secs(1)), Err(Duration::from_secs(4)));
        assert_eq!(burst.try_send(Duration::from_secs(5)), Ok(()));
    }
}
