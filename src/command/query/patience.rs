//! How long a query may take.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The time that a query has. Waiting for whoever reads the rows, as a person does in a pager, does not count.
#[derive(Debug)]
pub(super) struct Patience {
    began: Instant,
    limit: Duration,
    waited_ns: AtomicU64,
    endless: AtomicBool,
}

impl Patience {
    /// `limit` from now on; 0 is for ever.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            began: Instant::now(),
            limit,
            waited_ns: AtomicU64::new(0),
            endless: AtomicBool::new(limit.is_zero()),
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Sets no limit any more.
    pub(super) fn forget(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        let waited = Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed));
        !self.endless.load(Ordering::Relaxed)
            && self.began.elapsed().saturating_sub(waited) > self.limit
    }

    fn waited(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.waited_ns.fetch_add(time, Ordering::Relaxed);
    }
}

/// Writes to `to`; the time that takes does not count.
pub(super) struct Patiently<W> {
    pub(super) to: W,
    pub(super) patience: Arc<Patience>,
}

impl<W: Write> Write for Patiently<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let began = Instant::now();
        let written = self.to.write(bytes);
        self.patience.waited(began.elapsed());
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        let began = Instant::now();
        let flushed = self.to.flush();
        self.patience.waited(began.elapsed());
        flushed
    }
}
