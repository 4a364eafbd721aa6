//! The gate in front of every request: no more at a time, per 2 s, per day and in total than was allowed, and nothing that
//! was not booked first.
//!
//! What a request passes, in this order: a place among those in flight; the latch, which is shut once an answer made clear
//! that no later request can do better; our share of the day; its cost drawn from the open reservation; a slot in the
//! burst window. The slot comes last, so that what is noted as sent leaves at that very moment, and whatever was learnt
//! while a request waited for it is asked once more: of eight requests that queue, none leaves after the refusal of a
//! ninth.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as Turn, OnceCell, Semaphore, SemaphorePermit};
use tracing::warn;

use super::{
    account::{Account, Draw, Total, Write},
    budget::{self, Amount, Budget, Rules},
    burst::{Burst, WINDOW},
    call::Priority,
    error::ApiError,
    headers::Headers,
    latch::Latch,
};
use crate::{
    endpoint::Endpoint,
    seams::{Clock, Ledger, LedgerError, Standing},
};

/// How long a burst 429 makes the window longer.
const WIDE_FOR: SignedDuration = SignedDuration::from_hours(24);

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
    ledger: Arc<dyn Ledger>,
    /// Filled when the ledger was read.
    opened: OnceCell<()>,
    in_flight: Semaphore,
    /// Held by the one that waits for the next slot; the others queue behind it in order.
    turn: Turn<()>,
    state: Mutex<State>,
}

struct State {
    burst: Burst,
    /// Until when the window is longer than usual.
    wide_until: Option<Timestamp>,
    last_sent: Option<Timestamp>,
    latch: Latch,
    budget: Budget,
    account: Account,
    /// How far the source's clock is ahead of ours, as an earlier process saw it.
    former_offset_s: Option<i64>,
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
        rules: Rules,
    ) -> Self {
        let state = State {
            burst: Burst::new(requests_per_2s),
            wide_until: None,
            last_sent: None,
            latch: Latch::default(),
            budget: Budget::new(rules),
            account: Account::new(Arc::clone(&ledger)),
            former_offset_s: None,
            facts: Facts::default(),
            observed: 0,
        };
        let in_flight = Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        let (turn, state) = (Turn::new(()), Mutex::new(state));
        Self { clock, ledger, opened: OnceCell::new(), in_flight, turn, state }
    }

    /// Waits until a request to `endpoint` may leave; it then has to leave at once.
    ///
    /// # Errors
    ///
    /// It may not leave today, or not at all any more; or the cost could not be booked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future costs nothing. A write to the ledger that was begun is finished by whoever comes next.
    pub(crate) async fn enter(
        &self,
        endpoint: &'static Endpoint,
        priority: Priority,
    ) -> Result<Permit<'_>, ApiError> {
        let place = self.in_flight.acquire().await.expect("the semaphore is never closed");
        self.opened.get_or_try_init(|| self.open()).await?;
        let amount = Amount::of(endpoint.cost, priority);
        while let Some(write) = self.draw(endpoint, amount, priority)? {
            // Its result is read by the next draw.
            _ = write.await;
        }
        let mut permit = Permit { gate: self, endpoint, amount, end: End::Unsent, _place: place };
        let _turn = self.turn.lock().await;
        while let Some(wait) = self.try_send(priority)? {
            self.clock.sleep(wait).await;
        }
        permit.end = End::Sent;
        Ok(permit)
    }

    /// Takes in what earlier processes left behind.
    async fn open(&self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let books = self.ledger.open(now).await?;
        let standing = books.standing;
        let mut state = self.state();
        state.latch.open(&standing);
        state.budget.open(&books.spent, &standing);
        state.account.open(standing);
        state.last_sent = standing.last_sent;
        state.former_offset_s = standing.clock_offset_s;
        if let Some(limit) = standing.burst_limit {
            state.burst.learn(limit);
        }
        if let Some((window, until)) = standing.wide_window {
            state.burst.set_window(window);
            state.wide_until = Some(until);
        }
        // What the last process sent within the window is not known one by one: all of it may have left at its end. A
        // clock that was set back makes nobody wait for longer than that.
        if let Some(last) = standing.last_sent {
            let free = last.checked_add(state.burst.window()).unwrap_or(now);
            let wait = Duration::try_from(free.duration_since(now)).unwrap_or_default();
            let until = self.clock.elapsed() + wait.min(state.burst.window());
            state.burst.hold(until);
        }
        Ok(())
    }

    /// Draws the cost of one request, or returns what has to be waited for before that is tried again.
    fn draw(
        &self,
        endpoint: &Endpoint,
        amount: Amount,
        priority: Priority,
    ) -> Result<Option<Write>, ApiError> {
        let mut state = self.state();
        let now = self.source_now(&state);
        state.latch.check(priority, now)?;
        state.budget.admit(Amount::of(budget::worth(endpoint), priority), priority, now)?;
        let standing = state.standing();
        match state.account.draw(amount.cost, standing)? {
            Draw::Wait(write) => Ok(Some(write)),
            Draw::Done => {
                state.budget.begin(amount);
                Ok(None)
            }
        }
    }

    /// Notes a request as sent, or returns how long to wait before that is tried again.
    fn try_send(&self, priority: Priority) -> Result<Option<Duration>, ApiError> {
        let mut state = self.state();
        let now = self.source_now(&state);
        state.latch.check(priority, now)?;
        state.budget.admit(Amount::default(), priority, now)?;
        if state.wide_until.is_some_and(|until| until <= now) {
            state.wide_until = None;
            state.burst.set_window(WINDOW);
        }
        if let Err(wait) = state.burst.try_send(self.clock.elapsed()) {
            return Ok(Some(wait));
        }
        state.last_sent = Some(self.clock.now());
        Ok(None)
    }

    /// Takes in what the answer to a request of `cost` says about limits and time, before its permit is dropped;
    /// `observed` is its number.
    pub(crate) fn learn(&self, headers: &Headers, observed: u64, cost: u64) {
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
        let at = headers.date.unwrap_or_else(|| self.source_now(&state));
        state.budget.learn(headers, cost, at);
    }

    /// Draws the consequences of a refusal for all requests, those already waiting too; what must not be forgotten is
    /// written down at once. Returns the error with the time at which it goes on.
    ///
    /// # Cancel safety
    ///
    /// The consequences are drawn in any case; writing them down is finished by whoever comes next.
    pub(crate) async fn refused(
        &self,
        error: ApiError,
        headers: &Headers,
        priority: Priority,
    ) -> ApiError {
        let error = self.consequences(error, headers, priority);
        let lasting = matches!(
            error,
            ApiError::BudgetExhausted { .. }
                | ApiError::TrickleSpent { .. }
                | ApiError::Blocked { .. }
        );
        if lasting && let Err(unwritten) = self.write_down().await {
            warn!("What the source refused could not be written down yet: {unwritten}");
        }
        error
    }

    fn consequences(&self, error: ApiError, headers: &Headers, priority: Priority) -> ApiError {
        let elapsed = self.clock.elapsed();
        let mut state = self.state();
        let now = self.source_now(&state);
        match &error {
            ApiError::RateLimited { after } => {
                // Those that were under way together are refused together.
                if !state.burst.is_held(elapsed) {
                    state.burst.widen();
                    state.wide_until = now.checked_add(WIDE_FOR).ok();
                }
                state.burst.hold(elapsed.saturating_add(*after));
            }
            ApiError::BudgetExhausted { .. } => {
                let until = state.budget.exhausted(headers.refilled_in, now);
                state.latch.spent(until);
            }
            ApiError::Blocked { .. } => state.latch.blocked(now),
            other => {
                state.latch.dead(other);
                return error;
            }
        }
        state.latch.check(priority, now).err().unwrap_or(error)
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
        self.state().latch.revive();
        self.write_down().await
    }

    async fn write_down(&self) -> Result<(), LedgerError> {
        loop {
            let write = {
                let mut state = self.state();
                let standing = state.standing();
                state.account.give_back(standing)?
            };
            match write {
                Some(write) => _ = write.await,
                None => return Ok(()),
            }
        }
    }

    /// Returns the source's time, as far as it is known.
    fn source_now(&self, state: &State) -> Timestamp {
        let now = self.clock.now();
        let former = state.former_offset_s.map(SignedDuration::from_secs);
        let offset = state.facts.clock_offset.or(former).unwrap_or_default();
        now.checked_add(offset).unwrap_or(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns all that must not be forgotten.
    fn standing(&self) -> Standing {
        let offset_s = self.facts.clock_offset.map(|offset| offset.as_secs());
        let mut standing = Standing {
            last_sent: self.last_sent,
            burst_limit: self.burst.learned(),
            wide_window: self.wide_until.map(|until| (self.burst.window(), until)),
            clock_offset_s: offset_s.or(self.former_offset_s),
            ..Standing::default()
        };
        self.budget.save(&mut standing);
        self.latch.save(&mut standing);
        standing
    }
}

/// Leave for one request. Dropping it counts the request as answered (and charged) if it was sent at all: whoever gave up
/// waiting does not know better.
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
    endpoint: &'static Endpoint,
    amount: Amount,
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
        let at = match self.end {
            End::Unsent => {
                state.budget.unsent(self.amount);
                return state.account.unsent(self.endpoint);
            }
            End::Sent => self.gate.source_now(&state),
            End::Answered(date) => date,
        };
        let hour = budget::floor(at);
        state.budget.spent(self.amount, hour);
        state.account.spent(self.endpoint, self.amount, hour);
    }
}
