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
}

/// The durable account of what was spent.
///
/// Cost is booked before it is spent, in reservations: a reservation is written first, requests draw on it, and what
/// they used is written down when the next one is opened. A process that dies therefore may have booked too much (what
/// was left of its reservation), never too little.
pub trait Ledger: Send + Sync {
    /// Writes down what was `used` and leaves a reservation of `reserve` open in place of the one before, both at once.
    ///
    /// # Errors
    ///
    /// The reason why it could not be made durable, as a sentence; then nothing may be spent.
    fn settle(&self, used: Vec<Usage>, reserve: u64) -> BoxFuture<'_, Result<(), LedgerError>>;
}

/// The account could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cost of a request could not be booked: {0}")]
pub struct LedgerError(pub String);
