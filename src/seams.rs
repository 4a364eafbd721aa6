//! The seams: where the program meets a network, a clock and its own account of what it spent.
//!
//! Nothing in `sync`, `api` and `store` opens a socket, reads a clock or sleeps but through these traits, so that the
//! whole program can be run in virtual time on one thread. The fourth seam, a writer that can be stepped in the calling
//! thread, is [`crate::store::Writer`].
//!
//! What crosses the first seam is plain: a method, a path with its query, headers and bytes. The emulator implements
//! [`Transport`] without sharing any other type with the mirror, so that a misreading of the API on one side shows.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// A request whose URI is only a path and its query (`/api/v2/deals?limit=500`); the transport knows the host.
pub type Request = http::Request<Bytes>;

/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// Carries one request to the source and brings its answer back.
pub trait Transport: Send + Sync {
    /// Sends `request` and returns the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// Whatever kept an answer from arriving whole.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request; the source may have answered (and charged) it all the same.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// Why no whole answer arrived. The texts never hold a URL, so no secret can stray into a log with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The host's name does not resolve.
    #[error("the host name {host} does not resolve")]
    Resolve {
        /// The name as it was configured.
        host: String,
    },
    /// Nobody accepted the connection.
    #[error("no connection to {host}: {reason}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library said.
        reason: String,
    },
    /// A connection kept open from an earlier request was closed by the other side before it answered this one.
    #[error("a kept connection was closed by the other side")]
    Stale,
    /// The connection broke, or the body ended early.
    #[error("the answer broke off: {reason}")]
    Interrupted {
        /// What the HTTP library said.
        reason: String,
    },
    /// Nothing arrived in time.
    #[error("no answer within {}", human(*.after))]
    Timeout {
        /// The time that was granted.
        after: Duration,
    },
    /// The body is larger than the ceiling; reading it was given up.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The ceiling in bytes.
        limit: usize,
    },
}

/// Formats a duration for a sentence: whole seconds, or milliseconds below two seconds.
fn human(duration: Duration) -> String {
    if duration < Duration::from_secs(2) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}

/// Time, as the program sees it.
pub trait Clock: Send + Sync {
    /// Returns the wall-clock time, which may jump in either direction.
    fn now(&self) -> Timestamp;

    /// Returns the time since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait and has no other effect.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// What was spent on one endpoint within one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The beginning of the UTC hour, by the server's `Date`.
    pub hour: Timestamp,
    /// The endpoint's path as the API reference writes it (`/api/v2/deals/{id}`).
    pub endpoint: &'static str,
    /// How many requests were sent.
    pub requests: u64,
    /// What they cost against the daily budget.
    pub cost: u64,
    /// How much of that cost could have waited.
    pub trickle: u64,
}

/// What was spent within one hour, on all endpoints together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentHour {
    /// The beginning of the UTC hour, by the server's `Date`.
    pub hour: Timestamp,
    /// What it cost against the daily budget.
    pub cost: u64,
    /// How much of that cost could have waited.
    pub trickle: u64,
}

/// What is known of the source's limits and must not be forgotten when the process ends. Instants are the source's, as
/// far as they are known, but for [`Standing::last_sent`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the last request left, by our own clock.
    pub last_sent: Option<Timestamp>,
    /// Requests per 2 s that the source allows this token.
    pub burst_limit: Option<u32>,
    /// A longer window for the burst limit than the usual one, and until when it holds.
    pub wide_window: Option<(Duration, Timestamp)>,
    /// Cost that the company may spend a day.
    pub daily_limit: Option<u64>,
    /// What was left of it, and when that was said.
    pub daily_left: Option<(u64, Timestamp)>,
    /// When the daily budget was last seen to be refilled, and how many times in a row at that hour of the day.
    pub reset: Option<(Timestamp, u32)>,
    /// Nothing is sent before: the company's daily budget was spent.
    pub spent_until: Option<Timestamp>,
    /// Nothing is sent before: the CDN blocked us; and how long that pause is in all.
    pub blocked_until: Option<(Timestamp, Duration)>,
    /// How far the source's clock is ahead of ours, in seconds.
    pub clock_offset_s: Option<i64>,
}

/// What earlier processes left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// What was spent in each of the last hours, two days of them at least.
    pub spent: Vec<SpentHour>,
    /// What they learnt.
    pub standing: Standing,
}

/// The durable account of what was spent.
///
/// Cost is booked before it is spent, in reservations: a reservation is written first, requests draw on it, and what
/// they used is written down when the next one is opened. A process that dies therefore may have booked too much (what
/// was left of its reservation), never too little.
pub trait Ledger: Send + Sync {
    /// Returns what earlier processes left behind. A reservation that one of them left open counts as spent `now`, and
    /// its last request as just sent.
    ///
    /// # Errors
    ///
    /// The reason why it could not be read, as a sentence; then nothing may be spent.
    fn open(&self, now: Timestamp) -> BoxFuture<'_, Result<Books, LedgerError>>;

    /// Writes down what was `used` and how things stand, and leaves a reservation of `reserve` open in place of the one
    /// before: all of it at once.
    ///
    /// # Errors
    ///
    /// The reason why it could not be made durable, as a sentence; then nothing may be spent.
    fn settle(
        &self,
        used: Vec<Usage>,
        reserve: u64,
        standing: Standing,
    ) -> BoxFuture<'_, Result<(), LedgerError>>;
}

/// The account could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cost of a request could not be booked: {0}")]
pub struct LedgerError(pub String);
