//! What was asked: the log of requests.

use http::Method;
use jiff::Timestamp;

use super::{Answer, query::Query};
use crate::seams::{Request, TransportError};

/// A request that was answered, or that was meant not to be.
#[derive(Debug, Clone)]
pub struct Logged {
    /// When it came.
    pub time: Timestamp,
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// Its parameters, decoded, in the order they were sent; without the token.
    pub query: Vec<(String, String)>,
    /// What became of it.
    pub outcome: Outcome,
    /// What it cost.
    pub cost: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered with this status.
    Status(u16),
    /// No whole answer arrived.
    Failed(TransportError),
}

impl Logged {
    pub(super) fn new(
        request: &Request,
        path: String,
        query: &Query,
        answer: &Answer,
        cost: u64,
        time: Timestamp,
    ) -> Self {
        let outcome = match answer {
            Ok(response) => Outcome::Status(response.status().as_u16()),
            Err(error) => Outcome::Failed(error.clone()),
        };
        Self {
            time,
            method: request.method().clone(),
            path,
            query: query.pairs().to_vec(),
            outcome,
            cost,
        }
    }

    /// Returns a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
