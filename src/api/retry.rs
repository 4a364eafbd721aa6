//! Waiting and asking again: how often, and how late.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::error::{ApiError, Reason, Verdict};
use crate::seams::TransportError;

/// Upper bound of the first random wait; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);

/// Upper bound of any random wait.
const MOST: Duration = Duration::from_secs(60);

/// The longest time that one call is waited for, all its waits together. What takes longer is the next run's.
const ALTOGETHER: Duration = Duration::from_secs(600);

/// Decides about all requests of a client. The waits are random over their whole range ("full jitter"), so that several
/// requests that failed together do not come back together, and reproducible by their seed.
pub(crate) struct Retry {
    attempts: u32,
    random: Mutex<fastrand::Rng>,
}

/// Where one call stands.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: u32,
    met_stale: bool,
    waited: Duration,
}

impl Retry {
    /// `attempts` is how often a call may be sent in all, at least once.
    pub(crate) fn new(attempts: u32, seed: u64) -> Self {
        Self { attempts, random: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    /// Returns how long to wait before asking again; `None` when the error has to be passed on.
    pub(crate) fn wait(&self, so_far: &mut Attempts, error: &ApiError) -> Option<Duration> {
        let Verdict::Retry { after } = error.verdict() else { return None };
        // The other side closes kept connections whenever it likes; that says nothing about its health.
        if is_stale(error) && !so_far.met_stale {
            so_far.met_stale = true;
            return Some(Duration::ZERO);
        }
        so_far.failed += 1;
        if so_far.failed >= self.attempts {
            return None;
        }
        let ceiling = FIRST.saturating_mul(1 << (so_far.failed - 1).min(16)).min(MOST);
        let jitter = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        let wait = after.saturating_add(ceiling.mul_f64(jitter));
        so_far.waited = so_far.waited.saturating_add(wait);
        (so_far.waited <= ALTOGETHER).then_some(wait)
    }
}

fn is_stale(error: &ApiError) -> bool {
    matches!(error, ApiError::Transient { reason: Reason::Transport(TransportError::Stale), .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient(after_s: u64) -> ApiError {
        let after = Duration::from_secs(after_s);
        ApiError::Transient { reason: Reason::NullBody, after }
    }

    fn stale() -> ApiError {
        ApiError::of_transport(TransportError::Stale, "/")
    }

    fn waits(retry: &Retry, error: &ApiError) -> Vec<Duration> {
        let mut attempts = Attempts::default();
        std::iter::from_fn(|| retry.wait(&mut attempts, error)).collect()
    }

    #[test]
    fn a_call_is_sent_as_often_as_configured_and_at_least_once() {
        assert_eq!(waits(&Retry::new(5, 1), &transient(0)).len(), 4);
        assert_eq!(waits(&Retry::new(1, 1), &transient(0)).len(), 0);
        assert_eq!(waits(&Retry::new(0, 1), &transient(0)).len(), 0);
    }

    #[test]
    fn waits_are_spread_below_a_ceiling_that_doubles_up_to_a_minute() {
        for seed in 0..200 {
            for (index, wait) in waits(&Retry::new(12, seed), &transient(0)).into_iter().enumerate()
            {
                assert!(
                    wait <= Duration::from_secs(1 << index.min(6)).min(Duration::from_secs(60))
                );
            }
        }
        let longest =
            (0..200).flat_map(|seed| waits(&Retry::new(12, seed), &transient(0))).max().unwrap();
        assert!(longest > Duration::from_secs(55), "{longest:?}");
    }

    #[test]
    fn the_wait_the_source_asks_for_is_never_undercut() {
        assert!(
            waits(&Retry::new(50, 1), &transient(7))
                .iter()
                .all(|wait| *wait >= Duration::from_secs(7))
        );
    }

    #[test]
    fn the_waits_of_one_call_end_after_ten_minutes_however_often_it_may_be_sent() {
        for after_s in [0, 7, 300] {
            let total: Duration = waits(&Retry::new(2_000, 1), &transient(after_s)).iter().sum();
            assert!(total <= Duration::from_secs(600) && total > Duration::from_secs(230));
        }
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let waits = |seed| waits(&Retry::new(10, seed), &transient(0));
        assert_eq!(waits(3), waits(3));
        assert_ne!(waits(3), waits(4));
    }

    #[test]
    fn a_stale_connection_is_replaced_at_once_and_only_the_first_is_free() {
        let retry = Retry::new(2, 1);
        let mut attempts = Attempts::default();
        assert_eq!(retry.wait(&mut attempts, &stale()), Some(Duration::ZERO));
        assert!(retry.wait(&mut attempts, &stale()).is_some());
        assert_eq!(retry.wait(&mut attempts, &stale()), None);
    }

    #[test]
    fn what_asking_again_cannot_help_is_passed_on() {
        for error in [
            ApiError::Unauthorized,
            ApiError::BudgetExhausted { until: None },
            ApiError::Blocked { until: None },
        ] {
            assert_eq!(waits(&Retry::new(5, 1), &error), []);
        }
    }
}
