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

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) token: &'a str,
    /// Whether it is a search, which has a burst limit of its own.
    pub(super) searches: bool,
}

/// When the requests of the last two seconds came.
#[derive(Debug, Default)]
struct Window(VecDeque<Duration>);

impl Window {
    /// Forgets what is older, and returns whether there is room for another request.
    fn has_room(&mut self, most: Option<u32>, now: Duration) -> bool {
        while self.0.front().is_some_and(|sent| now.saturating_sub(*sent) >= WINDOW) {
            self.0.pop_front();
        }
        most.is_none_or(|most| self.left(most) > 0)
    }

    fn left(&self, most: u32) -> u64 {
        u64::from(most).saturating_sub(self.0.len() as u64)
    }

    /// Returns the whole seconds until there is room again, 1 or 2.
    fn reset(&self, now: Duration) -> u64 {
        let oldest = self.0.front().map_or(now, |sent| *sent);
        let wait = (oldest + WINDOW).saturating_sub(now);
        (wait.as_millis().div_ceil(1_000) as u64).clamp(1, 2)
    }
}

/// The windows of a token.
///
/// Whether a search also counts as any other request is unknown; it does here, as a client must assume.
#[derive(Debug, Default)]
struct Windows {
    all: Window,
    searches: Window,
}

impl Windows {
    const EMPTY: &Self = &Self { all: Window(VecDeque::new()), searches: Window(VecDeque::new()) };

    /// Lets a request in if there is room for it; one that is refused does not count.
    fn admit(&mut self, searches: bool, now: Duration, switches: &Switches) -> bool {
        let room = self.all.has_room(switches.burst, now)
            && (!searches || self.searches.has_room(switches.search_burst, now));
        if room {
            self.all.0.push_back(now);
        }
        if room && searches {
            self.searches.0.push_back(now);
        }
        room
    }

    /// Returns the limit that leaves the least room for a request, if it has any.
    fn tightest(&self, searches: bool, switches: &Switches) -> Option<(u32, &Window)> {
        let all = switches.burst.map(|most| (most, &self.all));
        let of_searches = switches.search_burst.filter(|_| searches);
        let of_searches = of_searches.map(|most| (most, &self.searches));
        all.into_iter().chain(of_searches).min_by_key(|(most, window)| window.left(*most))
    }
}

/// What was refused, for tests that assert good manners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Requests over a burst limit.
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
    /// By token.
    windows: BTreeMap<String, Windows>,
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
        caller: Caller<'_>,
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
        let windows = self.windows.entry(caller.token.to_owned()).or_default();
        if !windows.admit(caller.searches, at.elapsed, switches) {
            self.refused.burst += 1;
            return Some(self.refuse(at, switches));
        }
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
        caller: Option<Caller<'_>>,
        at: Moment,
        switches: &Switches,
    ) {
        let windows = caller.and_then(|caller| self.windows.get(caller.token));
        let searches = caller.is_some_and(|caller| caller.searches);
        let tightest = windows.unwrap_or(Windows::EMPTY).tightest(searches, switches);
        if let Some((most, window)) = tightest.filter(|_| switches.rate_headers) {
            set_number(headers, "x-ratelimit-limit", most.into());
            set_number(headers, "x-ratelimit-remaining", window.left(most));
            set_number(headers, "x-ratelimit-reset", window.reset(at.elapsed));
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
