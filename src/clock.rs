//! The two clocks: the machine's, and one that a test moves.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};

use crate::seams::Clock;

/// The machine's clock; sleeping needs a tokio runtime.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting [`Clock::elapsed`] from now.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// A clock that stands still until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    elapsed: Duration,
    next_id: u64,
    /// Who sleeps until when; the number keeps two sleepers with one deadline apart.
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

impl VirtualClock {
    /// Returns a clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            elapsed: Duration::ZERO,
            next_id: 0,
            sleepers: BTreeMap::new(),
        })))
    }

    /// Moves the time on by `duration` and wakes whoever slept until then.
    pub fn advance(&self, duration: Duration) {
        let woken = {
            let mut state = self.state();
            state.now += SignedDuration::try_from(duration)
                .expect("a test moves the clock by less than 292 years");
            state.elapsed += duration;
            let later = (state.elapsed, u64::MAX);
            let asleep = state.sleepers.split_off(&later);
            std::mem::replace(&mut state.sleepers, asleep)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Moves the time to the earliest moment somebody sleeps until; returns whether anybody did.
    pub fn advance_to_next(&self) -> bool {
        let next = self.state().sleepers.keys().next().copied();
        let Some((deadline, _)) = next else { return false };
        let elapsed = self.elapsed();
        self.advance(deadline.saturating_sub(elapsed));
        true
    }

    /// Sets the wall clock, as a person or a time server does; nobody wakes by it.
    pub fn set_wall(&self, now: Timestamp) {
        self.state().now = now;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let (deadline, id) = {
            let mut state = self.state();
            state.next_id += 1;
            (state.elapsed.saturating_add(duration), state.next_id)
        };
        let sleeper = Sleeper { clock, key: (deadline, id) };
        poll_fn(move |context| {
            let mut state = sleeper.clock.state();
            if state.elapsed >= deadline {
                return Poll::Ready(());
            }
            state.sleepers.insert(sleeper.key, context.waker().clone());
            Poll::Pending
        })
        .boxed()
    }
}

/// Takes itself off the list when its future is dropped, so that an abandoned wait moves no clock.
struct Sleeper {
    clock: VirtualClock,
    key: (Duration, u64),
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> VirtualClock {
        VirtualClock::new("2026-02-03T16:40:21Z".parse().unwrap())
    }

    #[test]
    fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = clock();
        let mut sleep = clock.sleep(Duration::from_secs(2));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_millis(1_999));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(sleep.now_or_never().is_some());
        assert_eq!(clock.now(), "2026-02-03T16:40:23Z".parse().unwrap());
    }

    #[test]
    fn the_clock_moves_to_the_earliest_sleeper_that_still_waits() {
        let clock = clock();
        let mut early = clock.sleep(Duration::from_secs(1));
        let mut late = clock.sleep(Duration::from_secs(5));
        assert!(early.as_mut().now_or_never().is_none());
        assert!(late.as_mut().now_or_never().is_none());
        drop(early);
        assert!(clock.advance_to_next());
        assert_eq!(clock.elapsed(), Duration::from_secs(5));
        assert!(late.now_or_never().is_some());
        assert!(!clock.advance_to_next());
    }

    #[test]
    fn a_jump_of_the_wall_clock_moves_no_deadline() {
        let clock = clock();
        clock.set_wall("2030-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }
}
