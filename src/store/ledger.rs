//! `sync_api_usage`: what was spent, booked before it is spent.

use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::{
    Store, StoreError, Writer,
    state::{self, Key},
};
use crate::{
    entity::instant,
    seams::{Ledger, LedgerError, Usage},
};

/// Under which name the rest of a reservation is booked that a crash left open.
const UNCLEAN: &str = "(unclean stop)";

impl Store {
    /// Writes down what was `used` and leaves a reservation of `reserve` open.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn settle(&mut self, used: &[Usage], reserve: u64) -> Result<(), StoreError> {
        // Synced to the disk, not only handed to the system: what is spent must not be forgotten with the power. Once per
        // reservation this costs little.
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        let settled = self.write(|tx| {
            for usage in used {
                book(tx, usage.hour, usage.endpoint, usage.requests, usage.cost)?;
            }
            Ok(state::set(tx, Key::Reservation, reserve)?)
        });
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        settled
    }

    /// Books what a process that died may have spent: the reservation it left open, whole.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn recover_reservation(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let open = state::get::<u64>(&self.conn, Key::Reservation)?.unwrap_or(0);
        if open > 0 {
            self.write(|tx| {
                book(tx, now, UNCLEAN, 0, open)?;
                Ok(state::set(tx, Key::Reservation, 0)?)
            })?;
        }
        Ok(open)
    }
}

fn book(
    tx: &Transaction<'_>,
    at: Timestamp,
    endpoint: &str,
    requests: u64,
    cost: u64,
) -> rusqlite::Result<()> {
    let hour = Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).unwrap_or(at);
    tx.prepare_cached(
        "INSERT INTO sync_api_usage VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
         SET requests = requests + excluded.requests, cost = cost + excluded.cost",
    )?
    .execute(params![
        instant::text(hour),
        endpoint,
        requests.cast_signed(),
        cost.cast_signed()
    ])?;
    Ok(())
}

/// The ledger in the database.
#[derive(Debug, Clone)]
pub struct StoreLedger(pub Writer);

impl Ledger for StoreLedger {
    fn settle(&self, used: Vec<Usage>, reserve: u64) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move {
            let settled = self.0.run(move |store| store.settle(&used, reserve)).await;
            settled.map_err(|error| LedgerError(error.to_string()))
        }
        .boxed()
    }
}

/// A ledger for commands that have no database: it forgets everything with the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryLedger;

impl Ledger for MemoryLedger {
    fn settle(&self, _used: Vec<Usage>, _reserve: u64) -> BoxFuture<'_, Result<(), LedgerError>> {
        async { Ok(()) }.boxed()
    }
}
