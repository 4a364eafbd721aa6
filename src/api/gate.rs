//! The gate in front of every request: no more at a time, per 2 s and in total than was allowed, and nothing that was not
//! booked first.
//!
//! What a request passes, in this order: a place among those in flight, its cost drawn from the open reservation, a slot
//! in the burst window. The slot comes last, so that what is noted as sent leaves at that very moment.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as Turn, Semaphore, SemaphorePermit};

use super::{
    account::{Account, Draw, Total},
    burst::Burst,
    headers::Headers,
};
use crate::{
    endpoint::Endpoint,
    seams::{Clock, Ledger, LedgerError},
};

/// What the answers told about the account so far; what no answer mentioned is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Requests per 2 s that the source allows this token.
    pub burst_limit: Option<u32>,
    /// Cost that the company may spend a day.
    pub daily_limit: Option<u64>,
    /// What is left of it.
    pub daily_remaining: Option<u64>,
    /// The source's clock at its latest answer, to the second.
    pub date: Option<Timestamp>,
    /// How far the source's clock was ahead of ours then (the answer's way included).
    pub clock_offset: Option<SignedDuration>,
}

pub(crate) struct Gate {
    clock: Arc<dyn Clock>,
    in_flight: Semaphore,
    /// Held by the one that waits for the next slot; the others queue behind it in order.
    turn: Turn<()>,
    state: Mutex<State>,
}

struct State {
    burst: Burst,
    account: Account,
    facts: Facts,
    /// Number of the request that `facts` come from: answers arrive in any order.
    observed: u64,
}

impl Gate {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Ledger>,
        requests_per_2s: Option<u32>,
        max_in_flight: usize,
    ) -> Self {
        let state = State {
            burst: Burst::new(requests_per_2s),
            account: Account::new(ledger),
            facts: Facts::default(),
            observed: 0,
        };
        let in_flight = Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        Self { clock, in_flight, turn: Turn::new(()), state: Mutex::new(state) }
    }

    /// Waits until a request to `endpoint` may leave; it then has to leave at once.
    ///
    /// # Errors
    ///
    /// The cost could not be booked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future costs nothing. A write to the ledger that was begun is finished by whoever comes next.
    pub(crate) async fn enter(
        &self,
        endpoint: &'static Endpoint,
    ) -> Result<Permit<'_>, LedgerError> {
        let place = self.in_flight.acquire().await.expect("the semaphore is never closed");
        loop {
            let draw = self.state().account.draw(endpoint.cost)?;
            match draw {
                Draw::Done => break,
                // Its result is read by the next draw.
                Draw::Wait(write) => _ = write.await,
            }
        }
        let mut permit = Permit { gate: self, endpoint, end: End::Unsent, _place: place };
        let _turn = self.turn.lock().await;
        loop {
            let wait = self.state().burst.try_send(self.clock.elapsed());
            match wait {
                Ok(()) => break,
                Err(wait) => self.clock.sleep(wait).await,
            }
        }
        permit.end = End::Sent;
        Ok(permit)
    }

    /// Takes in what an answer says about limits and time; `observed` is its request's number.
    pub(crate) fn learn(&self, headers: &Headers, observed: u64) {
        let now = self.clock.now();
        let mut state = self.state();
        if observed < state.observed {
            return;
        }
        state.observed = observed;
        if let Some(limit) = headers.burst_limit {
            state.burst.learn(limit);
        }
        let facts = &mut state.facts;
        facts.burst_limit = headers.burst_limit.or(facts.burst_limit);
        facts.daily_limit = headers.daily_limit.or(facts.daily_limit);
        facts.daily_remaining = headers.daily_remaining.or(facts.daily_remaining);
        if let Some(date) = headers.date {
            facts.date = Some(date);
            facts.clock_offset = Some(date.duration_since(now));
        }
    }

    /// Lets nothing leave for `duration`: after a burst 429 those already waiting would only earn another.
    pub(crate) fn hold(&self, duration: Duration) {
        let until = self.clock.elapsed().saturating_add(duration);
        self.state().burst.hold(until);
    }

    pub(crate) fn facts(&self) -> Facts {
        self.state().facts
    }

    pub(crate) fn total(&self) -> Total {
        self.state().account.total()
    }

    /// Writes down what was used and gives back what is left of the reservation. The gate stays usable.
    ///
    /// # Errors
    ///
    /// The ledger could not be written; what was used is kept for the next attempt.
    ///
    /// # Cancel safety
    ///
    /// A write that was begun is finished by whoever comes next.
    pub(crate) async fn close(&self) -> Result<(), LedgerError> {
        loop {
            let write = self.state().account.give_back()?;
            match write {
                Some(write) => _ = write.await,
                None => return Ok(()),
            }
        }
    }

    /// Returns the hour a request that ends now belongs to: by the source's clock, as far as it is known.
    fn hour(&self, date: Option<Timestamp>, facts: &Facts) -> Timestamp {
        let now = self.clock.now();
        let guess = now.checked_add(facts.clock_offset.unwrap_or_default()).unwrap_or(now);
        let second = date.unwrap_or(guess).as_second();
        Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(guess)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave for one request. Dropping it counts the request as answered (and charged) if it was sent at all: whoever gave up
/// waiting does not know better.
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
    endpoint: &'static Endpoint,
    end: End,
    _place: SemaphorePermit<'a>,
}

enum End {
    /// Never left: costs nothing.
    Unsent,
    /// Left, and no answer is known.
    Sent,
    /// Answered at this instant of the source's clock.
    Answered(Timestamp),
}

impl Permit<'_> {
    /// Notes when the source answered.
    pub(crate) fn answered(mut self, date: Option<Timestamp>) {
        if let Some(date) = date {
            self.end = End::Answered(date);
        }
    }

    /// Notes that no connection came about: the source cannot have charged what it never saw.
    pub(crate) fn unsent(mut self) {
        self.end = End::Unsent;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        let date = match self.end {
            End::Unsent => return state.account.unsent(self.endpoint),
            End::Sent => None,
            End::Answered(date) => Some(date),
        };
        let hour = self.gate.hour(date, &state.facts);
        state.account.spent(self.endpoint, hour);
    }
}
