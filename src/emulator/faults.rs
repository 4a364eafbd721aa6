//! Faults: what goes wrong on request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value as Json, json};

use super::{answer, limits::blocked, query::Query};
use crate::seams::{Response, TransportError};

/// When something goes wrong, and what.
///
/// Rules are asked in the order they were given; the first whose path fits and that is not used up decides. A rule that
/// still skips counts the request and leaves it to the rules after it.
#[derive(Debug, Clone)]
pub struct FaultRule {
    /// The beginning of the paths it concerns; `None`: all. `/api/v2/deals` also begins `/api/v2/deals/archived`.
    pub path: Option<String>,
    /// How many of these requests pass first.
    pub skip: u32,
    /// How many then meet the fault.
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

/// What goes wrong. All but [`Fault::Html403`] and [`Fault::TooMany`] cost what the request would have cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another status, with headers of its own over the usual ones.
    Status {
        /// The status.
        code: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The body; empty: the general form of an error.
        body: String,
    },
    /// 429, whatever is left.
    TooMany(Told),
    /// The proxy blocks the address; the answer has no header that tells what is left.
    Html403,
    /// No answer comes; in process this is said at once. Over TCP the connection stays silent until it is closed.
    Timeout,
    /// No answer comes and nobody says so: [`crate::seams::Transport::send`] never returns. Over TCP as `Timeout`.
    Hang,
    /// The connection is cut before the answer; over TCP it is closed rather than reset.
    Reset,
    /// The connection is cut in the middle of the body.
    ShortBody,
    /// The whole answer arrives, but this much later; over TCP its head and the first half of its body come at once.
    SlowBody(Duration),
    /// The body ends in the middle of the JSON, though it arrived whole.
    InvalidJson,
    /// 200 with `null`.
    NullBody,
    /// 200 with `"success": false` and no data.
    SuccessFalse200,
    /// `data` is a string.
    DataWrongType,
    /// The cursor of the answer is the one of the request; a request without one does not use the rule up.
    RepeatCursor,
    /// A page of more than so many rows is larger than the transport takes; a smaller one does not use the rule up. Over
    /// TCP the connection is cut.
    TooLargeOver(u32),
    /// Another body, with the usual status and headers.
    RawBody(String),
}

/// What the headers of a 429 tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// That the window of 2 s is full.
    Burst,
    /// That nothing is left of the day's budget.
    Daily,
    /// Nothing: it has none of the headers that speak of limits.
    ///
    /// Source: seen in the field (ewah PR 280).
    Nothing,
}

/// The ceiling that [`Fault::TooLargeOver`] names.
const CEILING: usize = 64 * 1024 * 1024;
/// The time that [`Fault::Timeout`] says was granted.
const GRANTED: Duration = Duration::from_secs(30);

/// The rules that are not used up.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<FaultRule>);

impl Faults {
    pub(super) fn add(&mut self, rule: FaultRule) {
        self.0.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns what goes wrong with a request to `path`, and counts it.
    pub(super) fn take(&mut self, path: &str, query: &Query) -> Option<Fault> {
        let mut taken = None;
        for rule in &mut self.0 {
            let fits = rule.path.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()));
            if !fits || rule.times == 0 || !rule.fault.concerns(query) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else {
                rule.times -= 1;
                taken = Some(rule.fault.clone());
                break;
            }
        }
        self.0.retain(|rule| rule.times > 0);
        taken
    }
}

impl Fault {
    /// Returns whether a request can meet this fault at all; if not, it does not use the rule up.
    fn concerns(&self, query: &Query) -> bool {
        match self {
            Self::TooLargeOver(rows) => {
                query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100) > *rows
            }
            Self::RepeatCursor => query.get("cursor").is_some(),
            _ => true,
        }
    }

    /// Turns a good answer into what arrives of it.
    pub(super) fn distort(
        &self,
        good: Response,
        query: &Query,
    ) -> Result<Response, TransportError> {
        let with_body = |body: String| {
            let (parts, _) = good.clone().into_parts();
            Ok(Response::from_parts(parts, Bytes::from(body)))
        };
        match self {
            Self::Status { code, headers, body } => Ok(status(good, *code, headers, body)),
            Self::TooMany(told) => Ok(too_many(good, *told)),
            Self::Html403 => Ok(blocked()),
            Self::SlowBody(_) => Ok(good),
            Self::Timeout | Self::Hang => Err(TransportError::Timeout { after: GRANTED }),
            Self::Reset => {
                Err(TransportError::Interrupted { reason: "connection reset by peer".to_owned() })
            }
            Self::ShortBody => Err(TransportError::Interrupted {
                reason: "end of file before the end of the body".to_owned(),
            }),
            Self::InvalidJson => {
                let half =
                    String::from_utf8_lossy(&good.body()[..good.body().len() / 2]).into_owned();
                with_body(half)
            }
            Self::NullBody => with_body("null".to_owned()),
            Self::SuccessFalse200 => with_body(
                r#"{"success":false,"error":"Something went wrong","data":null}"#.to_owned(),
            ),
            Self::DataWrongType => {
                with_body(altered(&good, |body| body["data"] = json!("unavailable")))
            }
            Self::RepeatCursor => {
                let cursor = query.get("cursor").unwrap_or_default();
                with_body(altered(&good, |body| {
                    body["additional_data"] = json!({ "next_cursor": cursor })
                }))
            }
            Self::TooLargeOver(_) => Err(TransportError::TooLarge { limit: CEILING }),
            Self::RawBody(body) => with_body(body.clone()),
        }
    }

    /// Returns whether the request never reached what charges for it.
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Html403 | Self::TooMany(_))
    }

    /// Returns whether a write that meets this fault is not carried out; one that meets another is, and only its answer
    /// is spoiled.
    pub(super) fn stops_writes(&self) -> bool {
        matches!(self, Self::Status { .. }) || self.is_free()
    }

    /// Returns by how much the answer is late.
    pub(super) fn delay(&self) -> Duration {
        if let Self::SlowBody(delay) = self { *delay } else { Duration::ZERO }
    }
}

/// Puts another status and body in the place of an answer; its headers stay.
fn status(good: Response, code: u16, headers: &[(String, String)], body: &str) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (parts, _) = good.into_parts();
    let mut response = answer::error(code, code.canonical_reason().unwrap_or("Unknown error"));
    if !body.is_empty() {
        *response.body_mut() = Bytes::from(body.to_owned());
    }
    for (name, value) in &parts.headers {
        if !response.headers().contains_key(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    for (name, value) in headers {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The names of the headers that speak of limits begin with one of these.
const LIMITS: [&str; 3] = ["x-ratelimit-", "x-daily-", "retry-after"];

/// Puts a 429 in the place of an answer.
fn too_many(good: Response, told: Told) -> Response {
    let said = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let headers: Vec<_> = match told {
        Told::Burst => said(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2")]),
        Told::Daily => said(&[("x-daily-ratelimit-token-remaining", "0")]),
        Told::Nothing => Vec::new(),
    };
    let mut response = status(good, 429, &headers, "");
    if told == Told::Nothing {
        let names: Vec<HeaderName> = response.headers().keys().cloned().collect();
        for name in names.iter().filter(|name| LIMITS.iter().any(|l| name.as_str().starts_with(l)))
        {
            response.headers_mut().remove(name);
        }
    }
    response
}

/// Returns the body of an answer with a change; a body that is no object becomes one.
fn altered(good: &Response, change: impl FnOnce(&mut Json)) -> String {
    let mut body = serde_json::from_slice(good.body())
        .ok()
        .filter(Json::is_object)
        .unwrap_or_else(|| json!({}));
    change(&mut body);
    body.to_string()
}
