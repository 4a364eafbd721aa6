//! What went wrong, and what to do about it.
//!
//! A variant says what happened; [`ApiError::verdict`] alone turns it into a decision. A status can mean several things,
//! so the variant is chosen from status, headers and body together (`refusal.rs`).

use std::time::Duration;

use jiff::Timestamp;

use crate::seams::{LedgerError, TransportError};

/// Why a request brought no usable answer. Texts of the source are cut short and free of the token and of control
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No connection came about, so nothing was asked and nothing was charged.
    #[error("the source cannot be reached: {0}; check the network and `pipedrive.base_url`")]
    Unreachable(TransportError),
    /// Something that passes by itself.
    #[error("the source is in trouble: {reason}; this passes by itself, try again later")]
    Transient {
        /// What it was.
        reason: Reason,
        /// How long the source asks to wait; zero where it does not say.
        after: Duration,
    },
    /// Too many requests within 2 s.
    #[error(
        "the source asks for fewer requests per 2 s; lower `limits.requests_per_2s` if other programs use the same token"
    )]
    RateLimited {
        /// How long nothing may be sent.
        after: Duration,
    },
    /// The company's budget for the day is spent. So is every 429 that does not say which limit it means: a wrong guess
    /// this way costs hours, the other way it costs the whole company its access.
    #[error("the company's daily API budget is spent; it goes on {}", when(.until))]
    BudgetExhausted {
        /// Nothing is sent before; the gate sets it.
        until: Option<Timestamp>,
    },
    /// The part of the company's budget that is ours is spent. Nothing was sent.
    #[error(
        "the mirror's share of the daily API budget, {share}, is spent (`limits.daily_share`); it goes on {}",
        when(&Some(*.until))
    )]
    ShareSpent {
        /// Our share, in cost.
        share: u64,
        /// When this request would fit into it again.
        until: Timestamp,
    },
    /// What is left to the company is for its other programs. Nothing was sent.
    #[error(
        "only {left} of the company's daily API budget is left, which is for its other programs (`limits.reserve`); it \
         goes on {}",
        when(&Some(*.until))
    )]
    ReserveReached {
        /// What was left when the source last said so.
        left: u64,
        /// When the source is asked again.
        until: Timestamp,
    },
    /// What may wait has to: its part of our share is spent, or the rest is needed by what does not wait. Nothing was
    /// sent, and nothing else is affected.
    #[error(
        "its part of the daily share is spent (`fanout.daily_share`), so it is postponed; it goes on {}",
        when(&Some(*.until))
    )]
    TrickleSpent {
        /// When this request would fit again.
        until: Timestamp,
    },
    /// The CDN in front of the source refuses this address or token.
    #[error(
        "the source's CDN blocks our requests (403, not from the API); it goes on {}; let everything else that uses the \
         API rest as well, and look for a program that goes on after 429",
        when(.until)
    )]
    Blocked {
        /// Nothing is sent before; the gate sets it.
        until: Option<Timestamp>,
    },
    /// The token is wrong or was replaced.
    #[error(
        "the API token was refused (401); copy the current one from Pipedrive under Personal preferences > API"
    )]
    Unauthorized,
    /// The company's account is not open. Some endpoints may say this for a plan that lacks a feature, too; no case is
    /// known among ours.
    #[error("the company's Pipedrive account is not open (402{}); its administrator has to look at the billing", said(.message))]
    AccountClosed {
        /// What the source said.
        message: String,
    },
    /// The token may not read this. A plan that lacks the feature can look the same.
    #[error("the token may not read {path} (403{}); use one with wider permissions or disable the entity", said(.message))]
    Forbidden {
        /// The endpoint.
        path: &'static str,
        /// What the source said.
        message: String,
    },
    /// The company's plan does not have this feature.
    #[error("the company's plan does not include {path} ({status}{}); disable the entity", said(.message))]
    PlanLacks {
        /// The endpoint.
        path: &'static str,
        /// 402, 403 or 415.
        status: u16,
        /// What the source said.
        message: String,
    },
    /// Nothing is there: never was, purged, or hidden from this token.
    #[error("nothing is found at {path} (404{})", said(.message))]
    NotFound {
        /// The endpoint.
        path: &'static str,
        /// What the source said.
        message: String,
    },
    /// The API dropped this endpoint.
    #[error("the source no longer offers {path} (410{}); a newer version of this program may know what replaced it", said(.message))]
    Gone {
        /// The endpoint.
        path: &'static str,
        /// What the source said.
        message: String,
    },
    /// The source does not understand the request.
    #[error("the source did not accept a request to {path} ({status}{}); please report this", said(.message))]
    BadRequest {
        /// The endpoint.
        path: &'static str,
        /// 400, 405, 422 or another one below 500.
        status: u16,
        /// What the source said.
        message: String,
    },
    /// The source refused a request that carried a cursor: take the cursor for stale.
    #[error("the source refused the place in the listing of {path}{}; the listing has to be begun again", said(.message))]
    StaleCursor {
        /// The endpoint.
        path: &'static str,
        /// What the source said.
        message: String,
    },
    /// The source points elsewhere. Nothing is followed: the token would be sent along.
    #[error(
        "the source redirects to {to} ({status}), which is not followed so that nobody else gets the token; set \
         `pipedrive.base_url` to the company's own address"
    )]
    Redirected {
        /// 3xx.
        status: u16,
        /// Scheme and host of the target.
        to: String,
    },
    /// The answer is not what the API promises.
    #[error("the answer of {path} is not what the API promises: {what}")]
    Malformed {
        /// The endpoint.
        path: &'static str,
        /// What is wrong with it; never a part of the answer's rows.
        what: String,
    },
    /// The answer is larger than we are willing to hold.
    #[error("the answer of {path} is larger than {limit} bytes")]
    TooLarge {
        /// The endpoint.
        path: &'static str,
        /// The ceiling in bytes.
        limit: usize,
    },
    /// The next page begins where the last one began: the listing would never end.
    #[error("the listing of {path} does not advance: the source handed out the same place again")]
    RepeatedCursor {
        /// The endpoint.
        path: &'static str,
    },
    /// The cost could not be booked, so nothing was sent.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What passes by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A status of 500 and above, or 408.
    #[error("it answered {status}{}", said(.message))]
    Status {
        /// The status.
        status: u16,
        /// What the source said.
        message: String,
    },
    /// No whole answer arrived.
    #[error(transparent)]
    Transport(TransportError),
    /// A success with nothing in it.
    ///
    /// Source: singer-io/tap-pipedrive, which retries a body of `null` under status 200.
    #[error("it answered with an empty body")]
    NullBody,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ask again; wait at least `after`. The client did so already, as often as it may: here it says that the next run
    /// can do better.
    Retry {
        /// The shortest wait.
        after: Duration,
    },
    /// Stop calling until there is budget again, which the error says when; the checkpoint stands.
    StopForDay,
    /// Leave this entity for another day, which the error says when; nothing else is affected, and nothing is wrong.
    Postpone,
    /// Stop calling for a while; nothing is lost, the checkpoint stands.
    Pause {
        /// Until when, as far as the gate has set it.
        until: Option<Timestamp>,
    },
    /// Leave this entity out of the run and say so in the report.
    SkipEntity,
    /// The parent went away meanwhile; go on with the next one.
    SkipParent,
    /// Ask for the same place with half the `limit`, down to 1; then the entity fails there.
    Shrink,
    /// The cursor leads nowhere: begin the listing again at the stored mark.
    RestartWalk,
    /// End the run; no later request can do better.
    Abort,
}

impl ApiError {
    /// Decides what to do; nobody else does.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable(TransportError::Tls { .. }) => Verdict::Abort,
            Self::Unreachable(_) => Verdict::Retry { after: Duration::ZERO },
            Self::Transient { after, .. } | Self::RateLimited { after } => {
                Verdict::Retry { after: *after }
            }
            Self::BudgetExhausted { .. }
            | Self::ShareSpent { .. }
            | Self::ReserveReached { .. } => Verdict::StopForDay,
            Self::TrickleSpent { .. } => Verdict::Postpone,
            Self::Blocked { until } => Verdict::Pause { until: *until },
            Self::Unauthorized
            | Self::AccountClosed { .. }
            | Self::Redirected { .. }
            | Self::Ledger(_) => Verdict::Abort,
            // What is asked for by id may have gone since; what is asked for as a whole was never there.
            Self::NotFound { path, .. } if path.contains("{id}") => Verdict::SkipParent,
            Self::NotFound { .. } | Self::Gone { .. } => Verdict::SkipEntity,
            Self::Forbidden { .. } | Self::PlanLacks { .. } | Self::BadRequest { .. } => {
                Verdict::SkipEntity
            }
            // One row may be what breaks the answer; a smaller page finds out which.
            Self::Malformed { .. } | Self::TooLarge { .. } => Verdict::Shrink,
            Self::StaleCursor { .. } | Self::RepeatedCursor { .. } => Verdict::RestartWalk,
        }
    }

    /// Returns when a request that was kept here, or all of them, may go on; `None` where time does not help or the gate
    /// has not said yet.
    pub fn resumes(&self) -> Option<Timestamp> {
        match self {
            Self::BudgetExhausted { until } | Self::Blocked { until } => *until,
            Self::ShareSpent { until, .. }
            | Self::ReserveReached { until, .. }
            | Self::TrickleSpent { until } => Some(*until),
            _ => None,
        }
    }

    /// Returns whether there is no budget left for now, be it the company's or our part of it.
    pub fn is_budget(&self) -> bool {
        self.verdict() == Verdict::StopForDay
    }

    /// Sorts what the transport reports about a request to `path`.
    pub(crate) fn of_transport(error: TransportError, path: &'static str) -> Self {
        match error {
            TransportError::Resolve { .. }
            | TransportError::Connect { .. }
            | TransportError::Tls { .. } => Self::Unreachable(error),
            TransportError::TooLarge { limit } => Self::TooLarge { path, limit },
            TransportError::Stale
            | TransportError::Interrupted { .. }
            | TransportError::Timeout { .. } => {
                Self::Transient { reason: Reason::Transport(error), after: Duration::ZERO }
            }
        }
    }
}

/// Formats an instant for the end of "it goes on".
fn when(until: &Option<Timestamp>) -> String {
    until.map_or_else(|| "later".to_owned(), |until| format!("at {until}"))
}

/// Formats the source's own words as the end of a bracket.
fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
