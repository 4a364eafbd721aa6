//! What was spent of the daily budget, and what is left.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use maud::{Markup, html};

use super::words::{count, figure, short_time};
use crate::{
    store::SpentDay,
    web::look::{DAYS, Look, first_day},
};

/// How high the highest bar is.
const HEIGHT: u64 = 72;

/// Shows what was spent.
pub(super) fn section(look: &Look, days: &[SpentDay]) -> Markup {
    let (outlook, cost) = (&look.status.outlook, look.status.cost());
    html! {
        section aria-labelledby="budget" {
            h2 id="budget" { "API budget" }
            (gauge(outlook.counted, outlook.share))
            dl class="facts" {
                (fact("spent in the last day", figure("cost-24h", "", cost, count(cost))))
                (fact("counts against the mirror’s share", figure("share-counted", "", outlook.counted, count(outlook.counted))))
                (fact("left of the share", figure("share-left", "", outlook.left, count(outlook.left))))
                (fact("the share, a day", figure("share", "", outlook.share, count(outlook.share))))
                @match look.status.left {
                    Some(left) => (fact("left to the whole company", figure("company-left", "", left, count(left)))),
                    None => (fact("left to the whole company", html! { "not known" })),
                }
            }
            @for postponed in &outlook.postponed {
                p class="warn" {
                    (if postponed.what == "all" { "Everything" } else { "What is asked deal by deal" })
                    " is postponed until " (short_time(postponed.until, look.now)) " UTC: its part of the budget is spent."
                }
            }
            (month(look, days))
        }
    }
}

fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Draws how much of the share is spent.
fn gauge(spent: u64, share: u64) -> Markup {
    let permille =
        (u128::from(spent) * 1_000).checked_div(u128::from(share)).unwrap_or(1_000).min(1_000);
    let class = match permille {
        ..700 => "good",
        700..950 => "warn",
        _ => "bad",
    };
    let words = format!("{} of {} are spent", count(spent), count(share));
    html! {
        svg class={ "gauge " (class) } width="100%" height="14" role="img" aria-label=(words) {
            title { (words) }
            rect class="track" width="100%" height="14" rx="7" {}
            rect class="level" width={ (permille / 10) "." (permille % 10) "%" } height="14" rx="7" {}
        }
    }
}

/// Draws what was spent on each of the last days, those without a request included.
fn month(look: &Look, days: &[SpentDay]) -> Markup {
    let spent: BTreeMap<&str, u64> = days.iter().map(|day| (day.day.as_str(), day.cost)).collect();
    let first = first_day(look.now);
    let days: Vec<(String, u64)> = (0..DAYS)
        .filter_map(|day| first.checked_add((24 * day).hours()).ok())
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .map(|day| {
            let cost = spent.get(day.as_str()).copied().unwrap_or(0);
            (day, cost)
        })
        .collect();
    let highest = days.iter().map(|(_, cost)| *cost).max().unwrap_or(0);
    let words =
        format!("what was spent on each of the last {DAYS} days, at most {} a day", count(highest));
    html! {
        figure {
            figcaption {
                "Spent by UTC day; the highest bar is " (figure("cost-day-highest", "", highest, count(highest))) "."
            }
            svg class="month" width="100%" height=(HEIGHT + 1) role="img" aria-label=(words) {
                @for (place, (day, cost)) in days.iter().enumerate() { (bar(place, day, *cost, highest)) }
            }
            @if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
                div class="axis" { time datetime=(first) { (first) } time datetime=(last) { (last) } }
            }
        }
    }
}

fn bar(place: usize, day: &str, cost: u64, highest: u64) -> Markup {
    let height = match highest {
        0 => 0,
        highest => (u128::from(cost) * u128::from(HEIGHT)).div_ceil(u128::from(highest)),
    };
    // A day without a request is a line on the floor.
    let height = height.max(1) as u64;
    let x = place as f64 * 100.0 / f64::from(DAYS);
    html! {
        g class=[(cost == 0).then_some("none")] data-metric="cost-day" data-of=(day) data-value=(cost) {
            title { (day) ": " (count(cost)) }
            rect x={ (format!("{x:.2}")) "%" } y=(HEIGHT + 1 - height) width="2.6%" height=(height) {}
        }
    }
}
