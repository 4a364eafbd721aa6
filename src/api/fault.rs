//! From reqwest's errors to [`TransportError`]: by kind and cause, never by reqwest's own text, which holds the URL.

use std::{error::Error, io, time::Duration};

use super::base_url::BaseUrl;
use crate::seams::TransportError;

/// What is needed to name a fault.
pub(super) struct Scene<'a> {
    pub(super) base: &'a BaseUrl,
    pub(super) read_timeout: Duration,
    /// Whether a connection may have been kept from an earlier request.
    pub(super) may_be_kept: bool,
}

impl Scene<'_> {
    /// Sorts an error met before the answer's head was there.
    pub(super) fn before_head(&self, error: &reqwest::Error) -> TransportError {
        let reason = innermost(error);
        if error.is_dns() {
            return TransportError::Resolve { host: self.base.host().to_owned() };
        }
        if error.is_connect() {
            let host = format!("{}:{}", self.base.host(), self.base.port());
            let reason = if error.is_timeout() { "nobody answers".to_owned() } else { reason };
            let is_tls = self.base.is_https() && !error.is_timeout() && fails_in_tls(error);
            return match is_tls {
                true => TransportError::Tls { host, reason },
                false => TransportError::Connect { host, reason },
            };
        }
        if error.is_timeout() {
            return TransportError::Timeout { after: self.read_timeout };
        }
        if self.may_be_kept && was_closed(error) {
            return TransportError::Stale;
        }
        TransportError::Interrupted { reason }
    }

    /// Sorts an error met in the answer's body.
    pub(super) fn in_body(&self, error: &reqwest::Error) -> TransportError {
        if error.is_timeout() {
            return TransportError::Timeout { after: self.read_timeout };
        }
        TransportError::Interrupted { reason: innermost(error) }
    }
}

/// Walks from `error` to its first cause.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| cause(error))
}

/// An `io::Error` names the cause of what it wraps as its source, and not what it wraps; so that is looked at by hand.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Returns the text of the first cause. The error itself is left out: only reqwest's own text holds the URL.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    match causes(error).skip(1).last() {
        Some(cause) => cause.to_string(),
        None => "unknown cause".to_owned(),
    }
}

/// A fault of the handshake reaches us as an input error without a number of the system; a fault of TCP has one.
fn fails_in_tls(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| {
        cause.raw_os_error().is_none()
            && matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
    })
}

/// Whether the other side closed the connection instead of answering.
fn was_closed(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let by_kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(by_kind, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe))
            // hyper is no dependency of ours, so its kind is told by its text; a test holds it.
            || cause.to_string() == "connection closed before message completed"
    })
}
