//! Numbers, times and names as people read them.

use std::fmt::Display;

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, Render, html};

use crate::entity::instant;

/// The most characters of a name that are shown.
const LONGEST: usize = 80;

/// Returns `number` with separators between thousands.
pub(in crate::web) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns an amount of money with separators, and with cents where it has some.
pub(super) fn amount(value: f64) -> String {
    let cents = (value.abs() * 100.0).round();
    // Beyond this a float holds no cents, nor does a mirror hold such deals.
    if !cents.is_finite() || cents >= 9e15 {
        return format!("{value:e}");
    }
    let sign = if value < 0.0 && cents > 0.0 { "−" } else { "" };
    let (whole, rest) = ((cents / 100.0).trunc() as u64, (cents % 100.0) as u64);
    if rest == 0 {
        format!("{sign}{}", count(whole))
    } else {
        format!("{sign}{}.{rest:02}", count(whole))
    }
}

/// Returns how long `seconds` are, as far as it matters to a person.
pub(in crate::web) fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        ..100 => format!("{seconds} s"),
        100..7_200 => format!("{minutes} min"),
        7_200..172_800 if minutes % 60 == 0 => format!("{hours} h"),
        7_200..172_800 => format!("{hours} h {} min", minutes % 60),
        _ if hours % 24 == 0 => format!("{days} days"),
        _ => format!("{days} days {} h", hours % 24),
    }
}

/// Returns how large a file of so many bytes is.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", count(bytes >> 20)),
    }
}

/// Returns `at` in full.
pub(super) fn time(at: Timestamp) -> Markup {
    let text = instant::text(at);
    html! { time datetime=(text) { (text) } }
}

/// Returns `at` in full, to be found by `metric`.
pub(super) fn moment(metric: &str, at: Timestamp) -> Markup {
    let text = instant::text(at);
    html! { time datetime=(text) data-metric=(metric) data-value=(text) { (text) } }
}

/// Returns `at` as short as it can be understood at `now`.
pub(super) fn short_time(at: Timestamp, now: Timestamp) -> Markup {
    let text = instant::text(at);
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let shown = if day(at) == day(now) { "%H:%M" } else { "%d %b %H:%M" };
    html! { time datetime=(text) title=(text) { (at.strftime(shown)) } }
}

/// Returns a number as `words`, to be found by `metric` and what it is of.
pub(super) fn figure(metric: &str, of: &str, value: impl Display, words: impl Render) -> Markup {
    let of = (!of.is_empty()).then_some(of);
    html! { span class="n" data-metric=(metric) data-of=[of] data-value=(value) { (words) } }
}

/// Returns a name as it can be shown among others: without what is no character of its own or turns the text around, and
/// not longer than a line.
pub(super) fn name(text: &str) -> Markup {
    html! { bdi { (shortened(text)) } }
}

/// Returns `text` without what is no character of its own or turns the text around, cut to the length of a line.
pub(super) fn shortened(text: &str) -> String {
    let cleaned = cleaned(&text.chars().take(LONGEST + 1).collect::<String>());
    if cleaned.chars().count() <= LONGEST {
        return cleaned;
    }
    let mut cut: String = cleaned.chars().take(LONGEST - 1).collect();
    cut.push('…');
    cut
}

/// Returns `text` with a mark in place of whatever is no character of its own or turns the text around.
pub(in crate::web) fn cleaned(text: &str) -> String {
    text.chars().map(|c| if is_visible(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Returns a small sign for a state, so that it is not told by its colour alone.
pub(super) fn shape(class: &str) -> Markup {
    let path = match class {
        "good" => "M1 6.5 4.5 10 11 2.5",
        "busy" => "M6 1a5 5 0 1 1-5 5",
        "warn" => "M6 1 11.5 11H.5zM6 4.5v3M6 9v.5",
        _ => "M2 2l8 8M10 2l-8 8",
    };
    html! { svg class={ "shape " (class) } width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" { path d=(path) {} } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let table = [0, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(table, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn an_amount_has_cents_where_it_has_some() {
        let table = [0.0, 0.004, 1.5, 1234.0, -12345.678, -0.001, 1e300].map(amount);
        assert_eq!(table, ["0", "0", "1.50", "1,234", "−12,345.68", "0", "1e300"]);
    }

    #[test]
    fn an_age_is_told_as_far_as_it_matters() {
        let table = [0, 99, 100, 7_199, 7_200, 8_000, 172_799, 172_800, 180_000].map(age);
        let told = [
            "0 s",
            "99 s",
            "1 min",
            "119 min",
            "2 h",
            "2 h 13 min",
            "47 h 59 min",
            "2 days",
            "2 days 2 h",
        ];
        assert_eq!(table, told);
    }

    #[test]
    fn a_name_is_shown_as_text_of_one_line() {
        let hostile = format!("<script>\u{202e}evil\n{}", "x".repeat(10_000));
        let shown = name(&hostile).into_string();
        assert!(shown.starts_with("<bdi>&lt;script&gt;\u{fffd}evil\u{fffd}xxx"), "{shown}");
        assert!(shown.ends_with("x…</bdi>") && shown.chars().count() < LONGEST + 30, "{shown}");
        assert_eq!(shortened(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
    }
}
