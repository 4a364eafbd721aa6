//! Instants and dates in the one text form that sorts as time does.

use std::borrow::Cow;

use jiff::{Timestamp, civil};

/// Formats `at` as the database holds instants: RFC 3339 in UTC, whole seconds, `Z`.
pub fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Brings an instant of the API to the database's form; `None` if it is none.
///
/// v2 sends RFC 3339 with or without a fraction, v1 `YYYY-MM-DD HH:MM:SS` in UTC (API reference; "v2 migration guide").
pub fn normalize(text: &str) -> Option<Cow<'_, str>> {
    if is_canonical(text) {
        return Some(Cow::Borrowed(text));
    }
    parse(text).map(|at| Cow::Owned(self::text(at)))
}

/// Reads an instant in any of the API's forms, cut to the second.
pub fn parse(text: &str) -> Option<Timestamp> {
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => text
            .parse::<civil::DateTime>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp(),
    };
    // The database sorts instants as text, which holds for four-digit years.
    let at = Timestamp::from_second(at.as_nanosecond().div_euclid(1_000_000_000).try_into().ok()?)
        .ok()?;
    (text_year(at) >= 1).then_some(at)
}

fn text_year(at: Timestamp) -> i16 {
    jiff::tz::Offset::UTC.to_datetime(at).year()
}

/// Returns whether `text` already has the form `2026-02-03T16:40:21Z` and names a moment that exists.
fn is_canonical(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 20
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && bytes[19] == b'Z'
        && text.is_char_boundary(10)
        && is_date(&text[..10])
        && matches!(
            (two(bytes, 11), two(bytes, 14), two(bytes, 17)),
            (Some(0..=23), Some(0..=59), Some(0..=59))
        )
}

/// Returns whether `text` is a date `YYYY-MM-DD` that exists; the zero date `0000-00-00` does not.
pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(high), Some(low), Some(month), Some(day)) =
        (two(bytes, 0), two(bytes, 2), two(bytes, 5), two(bytes, 8))
    else {
        return false;
    };
    let year = i16::from(high) * 100 + i16::from(low);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    year > 0 && (1..=days).contains(&day)
}

fn two(bytes: &[u8], at: usize) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| (byte - b'0') as i8);
    Some(digit(bytes[at])? * 10 + digit(bytes[at + 1])?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_the_api_becomes_one() {
        for (given, expected) in [
            ("2026-02-03T16:40:21Z", Some("2026-02-03T16:40:21Z")),
            ("2026-02-03T16:40:21.999Z", Some("2026-02-03T16:40:21Z")),
            ("2026-02-03T18:40:21+02:00", Some("2026-02-03T16:40:21Z")),
            ("2026-02-03 16:40:21", Some("2026-02-03T16:40:21Z")),
            ("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59Z")),
            ("2026-02-30T00:00:00Z", None),
            ("0000-00-00 00:00:00", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(normalize(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn the_zero_date_is_none() {
        assert!(is_date("2024-02-29"));
        assert!(!is_date("2026-02-29"));
        assert!(!is_date("0000-00-00"));
        assert!(!is_date("2026-13-01"));
        assert!(!is_date("2026-1-01"));
    }

    proptest! {
        #[test]
        fn the_text_form_sorts_as_time_does(a in -60_000_000_000i64..250_000_000_000, b in -60_000_000_000i64..250_000_000_000) {
            let (a, b) = (Timestamp::from_second(a).unwrap(), Timestamp::from_second(b).unwrap());
            prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
            prop_assert_eq!(parse(&text(a)), Some(a));
            let same = text(a);
            prop_assert!(matches!(normalize(&same), Some(Cow::Borrowed(_))));
        }

        #[test]
        fn no_text_whatever_makes_it_panic(text in ".{0,30}") {
            let _ = normalize(&text);
            let _ = is_date(&text);
        }
    }
}
