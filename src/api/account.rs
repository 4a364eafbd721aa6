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

use super::budget::Amount;
use crate::{
    endpoint::Endpoint,
    seams::{Ledger, LedgerError, Standing, Usage},
};

/// The most cost that is reserved in advance. It bounds what a killed process loses of the day's budget.
const RESERVATION: u64 = 100;

/// Requests sent and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) requests: u64,
    pub(crate) cost: u64,
}

/// By hour and endpoint's path: requests, and what they cost.
type Used = BTreeMap<(Timestamp, &'static str), (u64, Amount)>;

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
    /// What the ledger knows of how things stand.
    standing: Standing,
    writing: Option<Writing>,
}

struct Writing {
    write: Write,
    /// What it writes down, to be kept where it fails.
    used: Used,
    reserve: u64,
    standing: Standing,
}

impl Account {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger,
            reserved: 0,
            in_flight: 0,
            used: Used::new(),
            total: Total::default(),
            standing: Standing::default(),
            writing: None,
        }
    }

    /// Takes note of how things stand in the ledger.
    pub(crate) fn open(&mut self, standing: Standing) {
        self.standing = standing;
    }

    /// Draws `cost` from the open reservation, or begins to open another one and to write down how things stand.
    pub(crate) fn draw(&mut self, cost: u64, standing: Standing) -> Result<Draw, LedgerError> {
        if let Some(write) = self.finish()? {
            return Ok(Draw::Wait(write));
        }
        if self.in_flight + cost_of(&self.used) + cost <= self.reserved {
            self.in_flight += cost;
            return Ok(Draw::Done);
        }
        Ok(Draw::Wait(self.write(self.in_flight + cost.max(RESERVATION), standing)))
    }

    /// Begins to write everything down and to give back what is left; `None` when there is nothing more to do.
    pub(crate) fn give_back(&mut self, standing: Standing) -> Result<Option<Write>, LedgerError> {
        if let Some(write) = self.finish()? {
            return Ok(Some(write));
        }
        let settled =
            self.used.is_empty() && self.reserved == self.in_flight && self.standing == standing;
        Ok(if settled { None } else { Some(self.write(self.in_flight, standing)) })
    }

    /// Notes that a request to `endpoint` was answered, or may have been, within `hour`.
    pub(crate) fn spent(&mut self, endpoint: &'static Endpoint, amount: Amount, hour: Timestamp) {
        self.in_flight -= amount.cost;
        add(&mut self.used, (hour, endpoint.path), (1, amount));
        self.total.requests += 1;
        self.total.cost += amount.cost;
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
        let Some(Writing { used, reserve, standing, .. }) = self.writing.take() else {
            return Ok(None);
        };
        match result {
            Ok(()) => (self.reserved, self.standing) = (reserve, standing),
            // The ledger did not move, so neither do we: it is written down by the next attempt.
            Err(error) => {
                used.into_iter().for_each(|(key, more)| add(&mut self.used, key, more));
                return Err(error);
            }
        }
        Ok(None)
    }

    fn write(&mut self, reserve: u64, standing: Standing) -> Write {
        let used = std::mem::take(&mut self.used);
        let lines = used
            .iter()
            .map(|(&(hour, endpoint), &(requests, Amount { cost, trickle }))| Usage {
                hour,
                endpoint,
                requests,
                cost,
                trickle,
            })
            .collect();
        let ledger = Arc::clone(&self.ledger);
        let write = async move { ledger.settle(lines, reserve, standing).await }.boxed().shared();
        self.writing = Some(Writing { write: write.clone(), used, reserve, standing });
        write
    }
}

fn add(used: &mut Used, key: (Timestamp, &'static str), (requests, amount): (u64, Amount)) {
    let sum = used.entry(key).or_default();
    sum.0 += requests;
    sum.1.add(amount);
}

fn cost_of(used: &Used) -> u64 {
    used.values().map(|(_, amount)| amount.cost).sum()
}
