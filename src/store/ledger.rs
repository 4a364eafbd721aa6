//! `sync_api_usage`: what was spent, booked before it is spent; and what is known of the source's limits.

use std::time::Duration;

use futures_util::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};

use super::{
    Store, StoreError, Writer,
    state::{self, Key},
};
use crate::{
    entity::instant,
    seams::{Books, Ledger, LedgerError, SpentHour, Standing, Usage},
};

/// How far back the account is looked at: twice the longest time that anything counts.
const LOOK_BACK_S: i64 = 50 * 3_600;

/// Under which name the rest of a reservation is booked that a crash left open.
const UNCLEAN: &str = "(unclean stop)";

impl Store {
    /// Returns what was spent lately and what is known of the source's limits.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn books(&self, now: Timestamp) -> Result<Books, StoreError> {
        load(&self.conn, now)
    }

    /// Writes down what was `used` and how things stand, and leaves a reservation of `reserve` open.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn settle(
        &mut self,
        used: &[Usage],
        reserve: u64,
        standing: &Standing,
    ) -> Result<(), StoreError> {
        // Synced to the disk, not only handed to the system: what is spent must not be forgotten with the power. Once per
        // reservation this costs little.
        self.conn.pragma_update(None, "synchronous", "FULL")?;
        let settled = self.write(|tx| {
            for usage in used {
                let Usage { requests, cost, trickle, .. } = *usage;
                book(tx, usage.hour, usage.endpoint, [requests, cost, trickle])?;
            }
            save(tx, standing)?;
            Ok(state::set(tx, Key::Reservation, reserve)?)
        });
        self.conn.pragma_update(None, "synchronous", "NORMAL")?;
        settled
    }

    /// Books what a process that died may have spent: the reservation it left open, whole. When its last request left is
    /// not known, so it counts as sent just now.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn recover_reservation(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let open = state::get::<u64>(&self.conn, Key::Reservation)?.unwrap_or(0);
        if open > 0 {
            self.write(|tx| {
                // It may all have been what could wait.
                book(tx, now, UNCLEAN, [0, open, open])?;
                state::set(tx, Key::LastSent, now)?;
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
    amounts: [u64; 3],
) -> rusqlite::Result<()> {
    let [requests, cost, trickle] = amounts.map(u64::cast_signed);
    let hour = Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).unwrap_or(at);
    tx.prepare_cached(
        "INSERT INTO sync_api_usage (hour, endpoint, requests, cost, trickle) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, cost = cost + excluded.cost,
         trickle = trickle + excluded.trickle",
    )?
    .execute(params![instant::text(hour), endpoint, requests, cost, trickle])?;
    Ok(())
}

/// Reads what was spent lately and what is known of the source's limits. An open reservation counts as spent `now`.
pub(super) fn load(conn: &Connection, now: Timestamp) -> Result<Books, StoreError> {
    let since = Timestamp::from_second(now.as_second() - LOOK_BACK_S).unwrap_or(Timestamp::MIN);
    let mut rows = conn.prepare_cached(
        "SELECT hour, sum(cost), sum(trickle) FROM sync_api_usage WHERE hour >= ?1 GROUP BY hour",
    )?;
    let mut spent = Vec::new();
    let mut rows = rows.query([instant::text(since)])?;
    while let Some(row) = rows.next()? {
        let hour: String = row.get(0)?;
        // Only this program writes here; what it cannot read counts as spent just now.
        let hour = hour.parse().unwrap_or(now);
        let (cost, trickle) = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
        spent.push(SpentHour {
            hour,
            cost: cost.cast_unsigned(),
            trickle: trickle.cast_unsigned(),
        });
    }
    if let Some(cost @ 1..) = state::get::<u64>(conn, Key::Reservation)? {
        spent.push(SpentHour { hour: now, cost, trickle: cost });
    }
    Ok(Books { spent, standing: standing(conn)? })
}

fn standing(conn: &Connection) -> rusqlite::Result<Standing> {
    let millis = state::get(conn, Key::WideWindow)?.map(Duration::from_millis);
    let blocked = state::get(conn, Key::BlockedFor)?.map(Duration::from_secs);
    Ok(Standing {
        last_sent: state::get(conn, Key::LastSent)?,
        burst_limit: state::get(conn, Key::BurstLimit)?,
        wide_window: millis.zip(state::get(conn, Key::WideUntil)?),
        daily_limit: state::get(conn, Key::DailyLimit)?,
        daily_left: state::get(conn, Key::DailyLeft)?.zip(state::get(conn, Key::DailyLeftAt)?),
        reset: state::get(conn, Key::ResetAt)?.zip(state::get(conn, Key::ResetTimes)?),
        spent_until: state::get(conn, Key::SpentUntil)?,
        blocked_until: state::get(conn, Key::BlockedUntil)?.zip(blocked),
        clock_offset_s: state::get(conn, Key::ClockOffset)?,
    })
}

fn save(tx: &Transaction<'_>, standing: &Standing) -> rusqlite::Result<()> {
    let Standing { wide_window: wide, daily_left: left, reset, blocked_until: block, .. } =
        *standing;
    state::put(tx, Key::LastSent, standing.last_sent)?;
    state::put(tx, Key::BurstLimit, standing.burst_limit)?;
    state::put(tx, Key::WideWindow, wide.map(|(window, _)| window.as_millis()))?;
    state::put(tx, Key::WideUntil, wide.map(|(_, until)| until))?;
    state::put(tx, Key::DailyLimit, standing.daily_limit)?;
    state::put(tx, Key::DailyLeft, left.map(|(left, _)| left))?;
    state::put(tx, Key::DailyLeftAt, left.map(|(_, at)| at))?;
    state::put(tx, Key::ResetAt, reset.map(|(at, _)| at))?;
    state::put(tx, Key::ResetTimes, reset.map(|(_, times)| times))?;
    state::put(tx, Key::SpentUntil, standing.spent_until)?;
    state::put(tx, Key::BlockedUntil, block.map(|(until, _)| until))?;
    state::put(tx, Key::BlockedFor, block.map(|(_, pause)| pause.as_secs()))?;
    state::put(tx, Key::ClockOffset, standing.clock_offset_s)
}

/// The ledger in the database.
#[derive(Debug, Clone)]
pub struct StoreLedger(pub Writer);

impl Ledger for StoreLedger {
    fn open(&self, now: Timestamp) -> BoxFuture<'_, Result<Books, LedgerError>> {
        async move {
            let books = self.0.run(move |store| {
                store.recover_reservation(now)?;
                store.books(now)
            });
            books.await.map_err(|error| LedgerError(error.to_string()))
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
            let settled = self.0.run(move |store| store.settle(&used, reserve, &standing)).await;
            settled.map_err(|error| LedgerError(error.to_string()))
        }
        .boxed()
    }
}

/// A ledger for commands that have no database: it forgets everything with the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryLedger;

impl Ledger for MemoryLedger {
    fn open(&self, _: Timestamp) -> BoxFuture<'_, Result<Books, LedgerError>> {
        async { Ok(Books::default()) }.boxed()
    }

    fn settle(&self, _: Vec<Usage>, _: u64, _: Standing) -> BoxFuture<'_, Result<(), LedgerError>> {
        async { Ok(()) }.boxed()
    }
}
