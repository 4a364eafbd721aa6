//! Who counts the requests.

use crate::endpoint::Endpoint;

/// Is told of every request that left. It must not block.
pub trait Meter: Send + Sync {
    /// Takes note of a request to `endpoint`; `status` is that of the answer, `None` where none came whole.
    fn answered(&self, endpoint: &'static Endpoint, status: Option<u16>);

    /// Takes note that a call to `endpoint` is going to be sent again.
    fn retried(&self, endpoint: &'static Endpoint);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn answered(&self, _endpoint: &'static Endpoint, _status: Option<u16>) {}

    fn retried(&self, _endpoint: &'static Endpoint) {}
}
