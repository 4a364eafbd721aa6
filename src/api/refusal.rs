//! From an answer that is no success to the error it means: status, headers and body together.

use std::time::Duration;

use http::header;
use reqwest::Url;
use serde::Deserialize;

use super::{
    error::{ApiError, Reason},
    headers::Headers,
};
use crate::{endpoint::Endpoint, id::ApiToken, seams::Response};

/// The shortest wait after a burst 429: the window itself.
///
/// Source: rate-limiting guide: a rolling window of 2 s.
const BURST_WAIT: Duration = Duration::from_secs(2);

/// How much of the source's own words goes into a message, in characters.
const MAX_WORDS: usize = 200;

/// What an answer is judged against.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: &'static Endpoint,
    /// Whether the request named a place in a listing.
    pub(crate) carried_cursor: bool,
    /// Cut out of the source's words.
    pub(crate) token: &'a ApiToken,
}

impl Asked<'_> {
    /// Returns the error that `answer`, whose status is no success, means.
    pub(crate) fn refusal(self, answer: &Response, headers: &Headers) -> ApiError {
        let path = self.endpoint.path;
        let message = self.words(answer.body());
        let status = answer.status().as_u16();
        match status {
            300..=399 => ApiError::Redirected { status, to: target(answer) },
            400 if self.carried_cursor => ApiError::StaleCursor { path, message },
            401 => ApiError::Unauthorized,
            // A plan that lacks installments is believed to answer so (API.md 4.7: candidates).
            402 if self.endpoint.gated => ApiError::PlanLacks { path, status, message },
            403 if self.endpoint.gated && is_json(answer) => {
                ApiError::PlanLacks { path, status, message }
            }
            402 => ApiError::AccountClosed { message },
            403 if is_json(answer) => ApiError::Forbidden { path, message },
            403 => ApiError::Blocked { until: None },
            404 => ApiError::NotFound { path, message },
            408 | 500.. => {
                let after = headers.retry_after.unwrap_or_default();
                ApiError::Transient { reason: Reason::Status { status, message }, after }
            }
            410 => ApiError::Gone { path, message },
            415 => ApiError::PlanLacks { path, status, message },
            429 => self.too_many(headers),
            _ => ApiError::BadRequest { path, status, message },
        }
    }

    /// Tells the two limits apart.
    ///
    /// Source: the rule was learnt from the field (wavyx/pdcli, singer-io/tap-pipedrive); the body of a 429 is not
    /// documented. A 429 that names neither limit counts as the daily one.
    fn too_many(self, headers: &Headers) -> ApiError {
        let is_burst = match (headers.daily_remaining, headers.burst_remaining) {
            (Some(left), _) => left >= self.endpoint.cost,
            (None, burst) => burst == Some(0),
        };
        if !is_burst {
            return ApiError::BudgetExhausted { until: None };
        }
        let asked = headers.burst_reset.max(headers.retry_after).unwrap_or_default();
        ApiError::RateLimited { after: asked.max(BURST_WAIT) }
    }

    /// Returns the source's own words about a failure, fit for a message; empty where there are none.
    pub(crate) fn words(self, body: &[u8]) -> String {
        #[derive(Deserialize)]
        struct Failure {
            error: Option<serde_json::Value>,
            message: Option<serde_json::Value>,
        }
        let Ok(Failure { error, message }) = serde_json::from_slice(body) else {
            return String::new();
        };
        let text = error
            .as_ref()
            .and_then(|text| text.as_str())
            .or(message.as_ref().and_then(|text| text.as_str()));
        clean(&self.token.redact(text.unwrap_or_default()))
    }
}

/// Drops control characters, which could forge log lines, and cuts what is too long.
fn clean(text: &str) -> String {
    let mut letters =
        text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = letters.by_ref().take(MAX_WORDS).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// Whether the body is a JSON object, as everything is that the API itself says; the CDN speaks HTML or plain text.
fn is_json(answer: &Response) -> bool {
    answer.body().trim_ascii_start().starts_with(b"{")
}

/// Returns scheme and host of a redirect; its path may hold anything.
fn target(answer: &Response) -> String {
    let location = answer
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match Url::parse(location) {
        Ok(url) => clean(&url.origin().ascii_serialization()),
        Err(_) => "another page of the same host".to_owned(),
    }
}
