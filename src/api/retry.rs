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
        Some(after.saturating_add(ceiling.mul_f64(jitter)))
    }
}

fn is_stale(error: &ApiError) -> bool {
    matches!(error, ApiError::Transient { reason: Reason::Transport(TransportError::Stale), .. })
}
