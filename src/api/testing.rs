//! What the tests of this module share: a source that answers by script, a ledger that remembers, and a way to let
//! virtual time pass.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;

use crate::{
    clock::VirtualClock,
    id::ApiToken,
    seams::{
        Books, Clock as _, Ledger, LedgerError, Request, Response, SpentHour, Standing, Transport,
        TransportError, Usage,
    },
};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const DATE: &str = "Tue, 03 Feb 2026 16:40:21 GMT";

pub(crate) fn token() -> ApiToken {
    ApiToken::new(SECRET).unwrap()
}

pub(crate) fn clock() -> VirtualClock {
    VirtualClock::new("2026-02-03T16:40:21Z".parse().unwrap())
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs `future` to its end and moves the clock whenever it only waits for it.
pub(crate) fn drive<F: Future>(clock: &VirtualClock, future: F) -> F::Output {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Arc::clone(&flag).into();
    let mut future = pin!(future);
    loop {
        flag.0.store(false, Ordering::SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        if !flag.0.load(Ordering::SeqCst) {
            assert!(clock.advance_to_next(), "nobody sleeps, and nothing moves");
        }
    }
}

/// Builds an answer; `headers` are pairs in one line each (`name: value`).
pub(crate) fn answer(status: u16, headers: &[&str], body: &str) -> Response {
    let mut builder = http::Response::builder().status(status);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        builder = builder.header(name, value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

pub(crate) type Step = Result<Response, TransportError>;

/// Answers by script, in order; when the script has ended it repeats the last step.
pub(crate) struct Script {
    steps: Mutex<VecDeque<Step>>,
    pub(crate) seen: Mutex<Vec<Request>>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), seen: Mutex::default() })
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Step> {
        self.seen.lock().unwrap().push(request);
        let mut steps = self.steps.lock().unwrap();
        let step = if steps.len() > 1 { steps.pop_front() } else { steps.front().cloned() };
        async move { step.unwrap() }.boxed()
    }
}

/// Keeps what was settled; a write takes `delay` and fails while `failing`.
pub(crate) struct Book {
    clock: VirtualClock,
    pub(crate) delay: Duration,
    pub(crate) failing: AtomicBool,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Entries {
    pub(crate) used: Vec<Usage>,
    pub(crate) reserves: Vec<u64>,
    pub(crate) standing: Standing,
}

impl Entries {
    pub(crate) fn cost(&self) -> u64 {
        self.used.iter().map(|usage| usage.cost).sum()
    }

    /// What counts as spent if the process died now.
    pub(crate) fn booked(&self) -> u64 {
        self.cost() + self.reserves.last().copied().unwrap_or_default()
    }
}

impl Book {
    pub(crate) fn new(clock: &VirtualClock, delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            delay,
            failing: AtomicBool::new(false),
            entries: Mutex::default(),
        })
    }

    pub(crate) fn entries(&self) -> Entries {
        self.entries.lock().unwrap().clone()
    }
}

impl Ledger for Book {
    fn open(&self, _: Timestamp) -> BoxFuture<'_, Result<Books, LedgerError>> {
        async move {
            if self.failing.load(Ordering::SeqCst) {
                return Err(LedgerError("disk full".to_owned()));
            }
            let entries = self.entries();
            let hour = |usage: &Usage| SpentHour {
                hour: usage.hour,
                cost: usage.cost,
                trickle: usage.trickle,
            };
            Ok(Books { spent: entries.used.iter().map(hour).collect(), standing: entries.standing })
        }
        .boxed()
    }

    fn settle(
        &self,
        used: Vec<Usage>,
        reserve: u64,
        standing: Standing,
    ) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move {
            self.clock.sleep(self.delay).await;
            if self.failing.load(Ordering::SeqCst) {
                return Err(LedgerError("disk full".to_owned()));
            }
            let mut entries = self.entries.lock().unwrap();
            entries.used.extend(used);
            entries.reserves.push(reserve);
            entries.standing = standing;
            Ok(())
        }
        .boxed()
    }
}
