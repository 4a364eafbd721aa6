//! One request, one answer.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use http::{Method, Uri, header};
use tracing::{debug, trace, warn};

use super::{
    answer::Answer,
    budget::{Reserve, Rules},
    call::Call,
    error::ApiError,
    gate::{Facts, Gate},
    headers::Headers,
    meter::{Meter, Unmetered},
    refusal::Asked,
    retry::{Attempts, Retry},
};
use crate::{
    id::ApiToken,
    seams::{Clock, Ledger, Request, Response, Transport},
};

/// The header that carries the token; never the query, which ends up in logs.
///
/// Source: authentication guide.
const TOKEN: &str = "x-api-token";

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Requests per 2 s; `None` learns it from the answers. What the answers say is never exceeded.
    pub requests_per_2s: Option<u32>,
    /// The company's daily budget, in cost; `None` learns it from the answers, and is 30,000 until then. Where the answers
    /// name a smaller one, that holds.
    pub daily_budget: Option<u64>,
    /// The part of it that may be spent within 24 hours, above 0 and up to 1.
    pub daily_share: f64,
    /// What must be left to the company's other programs, as far as the answers say what is left.
    pub reserve: Reserve,
    /// The part of our share that [`Priority::Trickle`](super::Priority::Trickle) can have, 0 to 1.
    pub trickle_share: f64,
    /// Requests under way at a time.
    pub max_in_flight: usize,
    /// How often one call is sent at most before its error is passed on, the first time included.
    pub attempts: u32,
    /// Makes the random part of the waits reproducible.
    pub jitter_seed: u64,
    /// Number of the first request: one more than the greatest that was ever stored.
    pub first_observed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            requests_per_2s: None,
            daily_budget: None,
            daily_share: 0.5,
            reserve: Reserve::Part(0.1),
            trickle_share: 0.25,
            max_in_flight: 8,
            attempts: 5,
            jitter_seed: 0,
            first_observed: 1,
        }
    }
}

impl Options {
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            daily_budget: self.daily_budget,
            share: self.daily_share,
            reserve: self.reserve,
            trickle_share: self.trickle_share,
        }
    }
}

/// What a client did since it was made. Requests that never left are not counted; those that are under way are not yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests sent.
    pub requests: u64,
    /// What they cost against the daily budget.
    pub cost: u64,
    /// How often a call was sent again.
    pub retries: u64,
}

/// Asks the source. It can be shared: requests of all tasks pass the same gate.
pub struct Client {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    token: ApiToken,
    gate: Gate,
    retry: Retry,
    next_observed: AtomicU64,
    retries: AtomicU64,
    meter: Arc<dyn Meter>,
}

impl Client {
    /// Makes a client; nothing is sent or booked yet.
    pub fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        ledger: Arc<dyn Ledger>,
        token: ApiToken,
        options: &Options,
    ) -> Self {
        let gate = Gate::new(
            Arc::clone(&clock),
            ledger,
            options.requests_per_2s,
            options.max_in_flight,
            options.rules(),
        );
        Self {
            transport,
            clock,
            token,
            gate,
            retry: Retry::new(options.attempts, options.jitter_seed),
            next_observed: AtomicU64::new(options.first_observed),
            retries: AtomicU64::new(0),
            meter: Arc::new(Unmetered),
        }
    }

    /// Lets `meter` count what this client does from now on.
    #[must_use]
    pub fn metered(self, meter: Arc<dyn Meter>) -> Self {
        Self { meter, ..self }
    }

    /// Sends `call` and returns the answer once its envelope says success. What passes by itself is waited out and asked
    /// for again, a few times; each time is charged.
    ///
    /// # Errors
    ///
    /// See [`ApiError`]; its verdict says what to do.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request. It stays booked if it had left.
    pub async fn get(&self, call: &Call) -> Result<Answer, ApiError> {
        let path = call.endpoint.path;
        let uri = uri(call)?;
        let mut attempts = Attempts::default();
        loop {
            let error = match self.attempt(call, &uri).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Whom we never reached is more likely misspelt than away for a moment.
            let never_reached =
                matches!(error, ApiError::Unreachable(_)) && self.facts().date.is_none();
            let wait = if never_reached { None } else { self.retry.wait(&mut attempts, &error) };
            let Some(wait) = wait else { return Err(error) };
            self.retries.fetch_add(1, Ordering::Relaxed);
            self.meter.retried(call.endpoint);
            if wait.is_zero() {
                debug!(endpoint = path, "Asking again: {error}");
            } else {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                warn!(endpoint = path, wait_ms, "Asking again in {wait_ms} ms: {error}");
                self.clock.sleep(wait).await;
            }
        }
    }

    /// Sends `call` a single time: for a question whose answer is not worth waiting for.
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::get`].
    pub async fn get_once(&self, call: &Call) -> Result<Answer, ApiError> {
        self.attempt(call, &uri(call)?).await
    }

    /// Returns what the answers told about the account so far.
    pub fn facts(&self) -> Facts {
        self.gate.facts()
    }

    /// Returns what was done so far.
    pub fn spent(&self) -> Spent {
        let total = self.gate.total();
        Spent {
            requests: total.requests,
            cost: total.cost,
            retries: self.retries.load(Ordering::Relaxed),
        }
    }

    /// Returns the number that the next request will have.
    pub fn next_observed(&self) -> u64 {
        self.next_observed.load(Ordering::Relaxed)
    }

    /// Writes down what was spent and gives back what is left of the reservation, at the end of a run. The client stays
    /// usable.
    ///
    /// # Errors
    ///
    /// [`ApiError::Ledger`]: it could not be written; it is kept for the next attempt.
    ///
    /// # Cancel safety
    ///
    /// A write that was begun is finished by the next request or the next close.
    pub async fn close(&self) -> Result<(), ApiError> {
        Ok(self.gate.close().await?)
    }

    async fn attempt(&self, call: &Call, uri: &Uri) -> Result<Answer, ApiError> {
        let endpoint = call.endpoint;
        let permit = self.gate.enter(endpoint, call.priority).await?;
        let observed = self.next_observed.fetch_add(1, Ordering::Relaxed);
        let sent = self.transport.send(self.request(uri)).await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let error = ApiError::of_transport(error, endpoint.path);
                if matches!(error, ApiError::Unreachable(_)) {
                    permit.unsent();
                } else {
                    self.meter.answered(endpoint, None);
                }
                return Err(error);
            }
        };
        self.meter.answered(endpoint, Some(response.status().as_u16()));
        let headers = Headers::read(response.headers());
        self.gate.learn(&headers, observed, endpoint.cost);
        permit.answered(headers.date);
        trace!(
            endpoint = endpoint.path,
            http.status = response.status().as_u16(),
            observed,
            "Answered"
        );
        match self.judge(call, &response, &headers, observed) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.gate.refused(error, &headers, call.priority).await),
        }
    }

    fn judge(
        &self,
        call: &Call,
        response: &Response,
        headers: &Headers,
        observed: u64,
    ) -> Result<Answer, ApiError> {
        let carried_cursor = call.cursor().is_some();
        let asked = Asked { endpoint: call.endpoint, carried_cursor, token: &self.token };
        if response.status().is_success() {
            Answer::read(asked, response.body(), headers.date, observed)
        } else {
            Err(asked.refusal(response, headers))
        }
    }

    fn request(&self, uri: &Uri) -> Request {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(TOKEN, self.token.header());
        headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        request
    }
}

fn uri(call: &Call) -> Result<Uri, ApiError> {
    // All else in it is ours and short.
    let message = || "longer than 64 kB".to_owned();
    call.uri().ok_or_else(|| ApiError::StaleCursor { path: call.endpoint.path, message: message() })
}
