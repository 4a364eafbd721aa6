//! Limits: the daily budget, the burst window and the block that follows when refusals are ignored.
//!
//! Source: the rate limiting page. The answers to a refusal are not documented; their bodies are likely ones.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::{
    answer::{self, set_number},
    switches::Switches,
};
use crate::seams::Response;

/// The burst limit counts over this time.
const WINDOW: Duration = Duration::from_secs(2);
/// How long an address stays blocked. Upstream only says that it may last.
const BLOCK: Duration = Duration::from_secs(600);

/// What was refused, for tests that assert good manners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Requests over the burst limit.
    pub burst: u64,
    /// Requests that the day's budget did not cover.
    pub daily: u64,
    /// Requests sent on the same day after one that the budget did not cover.
    pub after_daily: u64,
    /// Requests answered by the block.
    pub blocked: u64,
}

/// The account of what was sent and spent.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The day of the budget, counted from 1970, once a request was seen.
    day: Option<i64>,
    spent: u64,
    /// Whether the last request was one that the budget did not cover.
    exhausted: bool,
    /// When the requests of the last two seconds came, by token.
    windows: BTreeMap<String, VecDeque<Duration>>,
    refusals: u32,
    blocked_until: Option<Duration>,
    pub(super) refused: Refused,
}

/// The moment of a request, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) elapsed: Duration,
}

impl Limits {
    /// Begins a new day when its hour has come. A clock that was set back begins none.
    pub(super) fn turn(&mut self, now: Timestamp, switches: &Switches) {
        let day = (now.as_second() - i64::from(switches.reset_hour) * 3_600).div_euclid(86_400);
        if self.day.is_none_or(|current| day > current) {
            self.day = Some(day);
            (self.spent, self.exhausted) = (0, false);
        }
    }

    /// Takes `cost` from today's budget, whether or not it is covered.
    pub(super) fn spend(&mut self, cost: u64) {
        self.spent = self.spent.saturating_add(cost);
    }

    /// Gives back what a failed request had taken.
    pub(super) fn give_back(&mut self, cost: u64) {
        self.spent = self.spent.saturating_sub(cost);
    }

    /// Lets a request of `cost` in and charges it, or returns the answer that refuses it; then nothing is charged.
    pub(super) fn refusal(
        &mut self,
        token: &str,
        cost: u64,
        at: Moment,
        switches: &Switches,
    ) -> Option<Response> {
        if self.blocked_until.is_some_and(|until| at.elapsed < until) {
            self.refused.blocked += 1;
            return Some(blocked());
        }
        if self.exhausted {
            self.refused.after_daily += 1;
        }
        let window = self.windows.entry(token.to_owned()).or_default();
        while window.front().is_some_and(|sent| at.elapsed.saturating_sub(*sent) >= WINDOW) {
            window.pop_front();
        }
        if switches.burst.is_some_and(|burst| window.len() >= burst as usize) {
            self.refused.burst += 1;
            return Some(self.refuse(at, switches));
        }
        window.push_back(at.elapsed);
        if self.spent.saturating_add(cost) > switches.daily_budget {
            self.refused.daily += 1;
            self.exhausted = true;
            // What was left is forfeited, so that the headers say 0 and a cheaper request does not slip through.
            self.spent = self.spent.max(switches.daily_budget);
            return Some(self.refuse(at, switches));
        }
        self.exhausted = false;
        self.refusals = 0;
        self.spend(cost);
        None
    }

    /// Answers 429 and counts how often that happened in a row.
    fn refuse(&mut self, at: Moment, switches: &Switches) -> Response {
        self.refusals += 1;
        if switches.block_after.is_some_and(|most| self.refusals > most) {
            self.blocked_until = Some(at.elapsed + BLOCK);
            self.refusals = 0;
        }
        answer::error(StatusCode::TOO_MANY_REQUESTS, "Rate limit has been exceeded")
    }

    /// Sets the headers that tell what is left.
    pub(super) fn head(
        &self,
        headers: &mut HeaderMap,
        token: Option<&str>,
        at: Moment,
        switches: &Switches,
    ) {
        if let Some(burst) = switches.burst.filter(|_| switches.rate_headers) {
            let window = token.and_then(|token| self.windows.get(token));
            let sent = window.map_or(0, VecDeque::len) as u64;
            let oldest = window.and_then(VecDeque::front).map_or(at.elapsed, |sent| *sent);
            let left = (oldest + WINDOW).saturating_sub(at.elapsed);
            set_number(headers, "x-ratelimit-limit", burst.into());
            set_number(headers, "x-ratelimit-remaining", u64::from(burst).saturating_sub(sent));
            // Whole seconds until the window has room again, 1 or 2.
            set_number(
                headers,
                "x-ratelimit-reset",
                (left.as_millis().div_ceil(1_000) as u64).clamp(1, 2),
            );
        }
        if switches.daily_headers {
            let remaining = switches.daily_budget.saturating_sub(self.spent);
            set_number(headers, "x-daily-ratelimit-token-limit", switches.daily_budget);
            set_number(headers, "x-daily-ratelimit-token-remaining", remaining);
        }
    }
}

/// The page of the proxy that blocks an address. Source: rate limiting page: "This error is produced by Cloudflare".
pub(super) fn blocked() -> Response {
    answer::html(StatusCode::FORBIDDEN, "Access denied | This error is produced by Cloudflare")
}
