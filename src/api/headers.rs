//! What the answer's headers say about limits and time. Every one of them may be absent.

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};

/// The longest wait a header can ask for; what is beyond it is taken for a mistake of whoever wrote it.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// A shorter wait is not about the day.
const LEAST_REFILL: Duration = Duration::from_secs(600);

/// A window of 2 s cannot take longer than this to pass; a larger figure is an epoch or milliseconds.
const MAX_RESET: Duration = Duration::from_secs(60);

/// The headers that matter, read once.
///
/// Source: rate-limiting guide for `x-ratelimit-*`; the daily pair and `retry-after` are undocumented and were seen live
/// (and seen missing: ewah PR 280).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    /// Requests per window of 2 s.
    pub(crate) burst_limit: Option<u32>,
    /// Requests left in the window.
    pub(crate) burst_remaining: Option<u64>,
    /// Until the window has passed.
    pub(crate) burst_reset: Option<Duration>,
    /// The company's cost for a day.
    pub(crate) daily_limit: Option<u64>,
    /// What is left of it.
    pub(crate) daily_remaining: Option<u64>,
    /// How long the source asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// How long the source asks to wait where that is hours: what a spent day may be answered with. Small figures were
    /// seen there and mean nothing.
    ///
    /// Source: wavyx/pdcli, on `retry-after` of a 429.
    pub(crate) refilled_in: Option<SignedDuration>,
    /// The source's clock.
    pub(crate) date: Option<Timestamp>,
}

impl Headers {
    /// Reads `headers`; what cannot be read counts as absent.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let text =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let count = |name: &str| text(name).and_then(count);
        let date = text(header::DATE.as_str()).and_then(instant);
        Self {
            burst_limit: count("x-ratelimit-limit")
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|&limit| limit > 0),
            burst_remaining: count("x-ratelimit-remaining"),
            burst_reset: text("x-ratelimit-reset")
                .and_then(seconds)
                .filter(|&reset| reset <= MAX_RESET),
            daily_limit: count("x-daily-ratelimit-token-limit"),
            daily_remaining: count("x-daily-ratelimit-token-remaining"),
            retry_after: text(header::RETRY_AFTER.as_str())
                .and_then(|text| retry_after(text, date))
                .map(|wait| wait.min(MAX_WAIT)),
            refilled_in: text(header::RETRY_AFTER.as_str())
                .and_then(|text| retry_after(text, date))
                .filter(|wait| *wait >= LEAST_REFILL)
                .and_then(|wait| SignedDuration::try_from(wait).ok()),
            date,
        }
    }
}

/// A number of things; one below zero (an overdrawn budget) is none left.
fn count(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().map(|count| u64::try_from(count).unwrap_or(0))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

fn instant(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().and_then(|time| Timestamp::try_from(time).ok())
}

/// Seconds, or a date, which is measured against the answer's own date: our clock may be wrong.
fn retry_after(text: &str, date: Option<Timestamp>) -> Option<Duration> {
    let wait = match instant(text) {
        Some(until) => Duration::try_from(until.duration_since(date?)).unwrap_or_default(),
        None => seconds(text)?,
    };
    Some(wait)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use rstest::rstest;

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Headers {
        let pairs = pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Headers::read(&pairs.collect())
    }

    #[test]
    fn without_headers_nothing_is_known() {
        assert_eq!(read(&[]), Headers::default());
    }

    #[test]
    fn limits_are_read_and_nonsense_counts_as_absent() {
        let headers = read(&[
            ("x-ratelimit-limit", "40"),
            ("x-ratelimit-remaining", "39"),
            ("x-ratelimit-reset", "1764000000"),
            ("x-daily-ratelimit-token-limit", "lots"),
            ("x-daily-ratelimit-token-remaining", "-12"),
            ("date", "Tue, 03 Feb 2026 16:40:21 GMT"),
        ]);
        assert_eq!(
            (headers.burst_limit, headers.burst_remaining, headers.burst_reset),
            (Some(40), Some(39), None)
        );
        assert_eq!((headers.daily_limit, headers.daily_remaining), (None, Some(0)));
        assert_eq!(headers.date, Some("2026-02-03T16:40:21Z".parse().unwrap()));
        assert_eq!(read(&[("x-ratelimit-limit", "0")]).burst_limit, None);
    }

    #[rstest]
    #[case::seconds("7", Some(7))]
    #[case::absurd("86400", Some(300))]
    #[case::negative("-1", None)]
    #[case::endless("inf", None)]
    #[case::date("Tue, 03 Feb 2026 16:40:26 GMT", Some(5))]
    #[case::past("Tue, 03 Feb 2026 16:40:00 GMT", Some(0))]
    #[case::absurd_date("Fri, 01 Jan 2100 00:00:00 GMT", Some(300))]
    #[case::text("soon", None)]
    fn retry_after_has_two_forms_and_a_ceiling(
        #[case] text: &'static str,
        #[case] wait_s: Option<u64>,
    ) {
        let headers = read(&[("retry-after", text), ("date", "Tue, 03 Feb 2026 16:40:21 GMT")]);
        assert_eq!(headers.retry_after, wait_s.map(Duration::from_secs));
    }

    #[test]
    fn a_date_to_wait_for_means_nothing_without_the_date_of_the_answer() {
        assert_eq!(read(&[("retry-after", "Tue, 03 Feb 2026 16:40:26 GMT")]).retry_after, None);
    }
}
