//! A machine's clock that may be wrong.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{clock::VirtualClock, seams::Clock};

/// Shows another time than the world's, and sleeps by the world's.
#[derive(Clone)]
pub struct Skewed {
    true_clock: VirtualClock,
    ahead: Arc<Mutex<SignedDuration>>,
}

impl Skewed {
    pub fn new(true_clock: VirtualClock) -> Self {
        Self { true_clock, ahead: Arc::default() }
    }

    /// Sets it so far ahead of the right time.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        *self.ahead.lock().unwrap() = ahead;
    }
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.true_clock.now() + *self.ahead.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.true_clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.true_clock.sleep(duration)
    }
}
