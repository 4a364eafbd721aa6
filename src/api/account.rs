//! What was spent: cost is booked durably before a request leaves, in reservations.
//!
//! At every moment the open reservation covers all cost that left and is not yet written down:
//! `reserved >= in_flight + used`. A process that dies has therefore booked too much, never too little.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use jiff::Timestamp;

use crate::{
    endpoint::Endpoint,
    seams::{Ledger, LedgerError, Usage},
};

/// The most cost that is reserved in advance. It bounds what a killed process loses of the day's budget.
const RESERVATION: u64 = 100;

/// Requests sent and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) requests: u64,
    pub(crate) cost: u64,
}

/// By hour and endpoint's path.
type Used = BTreeMap<(Timestamp, &'static str), Total>;

/// A write to the ledger. Whoever waits for it drives it, so that it is finished by others where its first waiter goes
/// away.
pub(crate) type Write = Shared<BoxFuture<'static, Result<(), LedgerError>>>;

/// What is to be done before a request may leave.
pub(crate) enum Draw {
    /// Its cost is drawn.
    Done,
    /// A write has to be waited for; then ask again.
    Wait(Write),
}

pub(crate) struct Account {
    ledger: Arc<dyn Ledger>,
    /// What the ledger knows to be open.
    reserved: u64,
    /// Drawn, and not answered.
    in_flight: u64,
    /// Answered, and not written down.
    used: Used,
    total: Total,
    writing: Option<Writing>,
}

struct Writing {
    write: Write,
    /// What it writes down, to be kept where it fails.
    used: Used,
    reserve: u64,
}

impl Account {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        let total = Total::default();
        Self { ledger, reserved: 0, in_flight: 0, used: Used::new(), total, writing: None }
    }

    /// Draws `cost` from the open reservation, or begins to open another one.
    pub(crate) fn draw(&mut self, cost: u64) -> Result<Draw, LedgerError> {
        if let Some(write) = self.finish()? {
            return Ok(Draw::Wait(write));
        }
        if self.in_flight + cost_of(&self.used) + cost <= self.reserved {
            self.in_flight += cost;
            return Ok(Draw::Done);
        }
        Ok(Draw::Wait(self.write(self.in_flight + cost.max(RESERVATION))))
    }

    /// Begins to write everything down and to give back what is left; `None` when there is nothing more to do.
    pub(crate) fn give_back(&mut self) -> Result<Option<Write>, LedgerError> {
        if let Some(write) = self.finish()? {
            return Ok(Some(write));
        }
        let settled = self.used.is_empty() && self.reserved == self.in_flight;
        Ok(if settled { None } else { Some(self.write(self.in_flight)) })
    }

    /// Notes that a request to `endpoint` was answered, or may have been, within `hour`.
    pub(crate) fn spent(&mut self, endpoint: &'static Endpoint, hour: Timestamp) {
        self.in_flight -= endpoint.cost;
        let one = Total { requests: 1, cost: endpoint.cost };
        self.used.entry((hour, endpoint.path)).or_default().add(one);
        self.total.add(one);
    }

    /// Notes that a drawn request never left.
    pub(crate) fn unsent(&mut self, endpoint: &'static Endpoint) {
        self.in_flight -= endpoint.cost;
    }

    pub(crate) fn total(&self) -> Total {
        self.total
    }

    /// Takes in the result of a write that has ended; returns the write where it still runs.
    fn finish(&mut self) -> Result<Option<Write>, LedgerError> {
        let Some(Writing { write, .. }) = &self.writing else { return Ok(None) };
        let Some(result) = write.peek().cloned() else { return Ok(Some(write.clone())) };
        let Some(Writing { used, reserve, .. }) = self.writing.take() else { return Ok(None) };
        match result {
            Ok(()) => self.reserved = reserve,
            // The ledger did not move, so neither do we: it is written down by the next attempt.
            Err(error) => {
                for (key, total) in used {
                    self.used.entry(key).or_default().add(total);
                }
                return Err(error);
            }
        }
        Ok(None)
    }

    fn write(&mut self, reserve: u64) -> Write {
        let used = std::mem::take(&mut self.used);
        let lines = used
            .iter()
            .map(|(&(hour, endpoint), total)| Usage {
                hour,
                endpoint,
                requests: total.requests,
                cost: total.cost,
            })
            .collect();
        let ledger = Arc::clone(&self.ledger);
        let write = async move { ledger.settle(lines, reserve).await }.boxed().shared();
        self.writing = Some(Writing { write: write.clone(), used, reserve });
        write
    }
}

impl Total {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.cost += other.cost;
    }
}

fn cost_of(used: &Used) -> u64 {
    used.values().map(|total| total.cost).sum()
}
