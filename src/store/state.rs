//! `sync_state`: single values that survive a restart.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// The keys in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Greatest request number that brought a stored row.
    Observed,
    /// Number of the last transaction that changed a row.
    Version,
    /// Cost booked and not yet known to be spent.
    Reservation,
    /// The server's clock minus ours, in seconds, as last seen.
    ClockOffset,
    /// What was left of the company's daily budget, as the source last said.
    DailyLeft,
    /// When it said so.
    DailyLeftAt,
    /// The company's daily budget, as the source said.
    DailyLimit,
    /// Requests per 2 s that the source allows.
    BurstLimit,
    /// A window of the burst limit longer than usual, in milliseconds.
    WideWindow,
    /// Until when it holds.
    WideUntil,
    /// When the last request left, by our clock.
    LastSent,
    /// When the daily budget was last seen to be refilled.
    ResetAt,
    /// How many times in a row it was seen at that hour of the day.
    ResetTimes,
    /// Nothing is sent before, since the daily budget was spent.
    SpentUntil,
    /// Nothing is sent before, since the CDN blocked us.
    BlockedUntil,
    /// How long that pause is in all, in seconds.
    BlockedFor,
    /// Number of the decoder that all rows were stored by.
    Decoder,
    /// While rows are stored anew from their raw text: the last deal done.
    Renewed,
    /// Codes of custom fields that hold values but that the source did not describe when asked, as a JSON list.
    AskedFields,
    /// When the reconcile under way was begun, by the source's clock.
    ReconcileBegan,
    /// When it was last gone on with.
    ReconcileTouched,
    /// Why everything has to be walked by id before the increments are trusted again.
    ReconcileOwed,
    /// How the count after the first complete pass came out: `equal`, or the source's number and ours.
    Counted,
    /// How many live deals the source counted before the first pass.
    LiveTotal,
    /// Since when the source refuses the token.
    TokenRefused,
    /// Checksum of the views that this version of the program writes.
    Views,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Version => "version",
            Self::Reservation => "reservation",
            Self::ClockOffset => "clock_offset_s",
            Self::DailyLeft => "daily_left",
            Self::DailyLeftAt => "daily_left_at",
            Self::DailyLimit => "daily_limit",
            Self::BurstLimit => "burst_limit",
            Self::WideWindow => "burst_window_ms",
            Self::WideUntil => "burst_window_until",
            Self::LastSent => "last_sent_at",
            Self::ResetAt => "reset_seen_at",
            Self::ResetTimes => "reset_seen_times",
            Self::SpentUntil => "spent_until",
            Self::BlockedUntil => "blocked_until",
            Self::BlockedFor => "blocked_for_s",
            Self::Decoder => "decoder",
            Self::Renewed => "renewed",
            Self::AskedFields => "asked_fields",
            Self::ReconcileBegan => "reconcile_began",
            Self::ReconcileTouched => "reconcile_touched",
            Self::ReconcileOwed => "reconcile_owed",
            Self::Counted => "counted",
            Self::LiveTotal => "live_total",
            Self::TokenRefused => "token_refused_since",
            Self::Views => "views",
        }
    }
}

/// Returns the value under `key`; a value that cannot be read counts as none.
pub(super) fn get<T: FromStr>(conn: &Connection, key: Key) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = conn
        .prepare_cached("SELECT value FROM sync_state WHERE key = ?1")?
        .query_row([key.name()], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Puts `value` under `key`.
pub(super) fn set(tx: &Transaction<'_>, key: Key, value: impl ToString) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO sync_state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?
        .execute(params![key.name(), value.to_string()])?;
    Ok(())
}

/// Removes what is under `key`.
pub(super) fn clear(tx: &Transaction<'_>, key: Key) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM sync_state WHERE key = ?1")?.execute([key.name()])?;
    Ok(())
}

/// Puts `value` under `key`; `None` removes what is there.
pub(super) fn put(
    tx: &Transaction<'_>,
    key: Key,
    value: Option<impl ToString>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => set(tx, key, value),
        None => clear(tx, key),
    }
}

/// Puts `value` under `key` unless a greater one is there.
pub(super) fn raise(tx: &Transaction<'_>, key: Key, value: u64) -> rusqlite::Result<()> {
    if get::<u64>(tx, key)?.is_none_or(|stored| stored < value) {
        set(tx, key, value)?;
    }
    Ok(())
}

/// Returns the number of a transaction that is going to change rows.
pub(super) fn next_version(conn: &Connection) -> rusqlite::Result<u64> {
    Ok(get::<u64>(conn, Key::Version)?.unwrap_or(0) + 1)
}
