//! The runs of the last day, a lane for each entity.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::words::{count, figure, moment, short_time, time};
use crate::{
    entity::{ENTITIES, instant},
    store::RunsAt,
    web::look::{Look, yesterday},
};

/// With more marks than this, those of half an hour become one.
const MARKS: usize = 400;

const MINUTE: i64 = 60;
const HALF_HOUR: i64 = 1_800;
const DAY: f64 = 86_400.0;

/// How a run can end, the worst first: the names of its outcomes, and how it is called and drawn.
const KINDS: [(&[&str], &str, &str); 4] = [
    (&["failed", "partial", "needs_person"], "failed", "M-4-4 4 4M4-4-4 4"),
    (&["budget", "stopped", "skipped"], "stopped", "M-2.5-5h5v10h-5z"),
    (&[""], "under way, or cut off", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0"),
    (&["complete"], "complete", "M0-6V6"),
];

/// What one mark stands for: how many runs of each kind.
type Mark = [u64; KINDS.len()];

/// Shows what ran.
pub(super) fn section(look: &Look, runs: &[RunsAt]) -> Markup {
    let since = yesterday(look.own_now);
    let exact = lanes(runs, MINUTE);
    let many = exact.values().map(BTreeMap::len).sum::<usize>() > MARKS;
    let (lanes, width) = if many { (lanes(runs, HALF_HOUR), HALF_HOUR) } else { (exact, MINUTE) };
    html! {
        section class="wide" aria-labelledby="runs" {
            h2 id="runs" { "Runs of the last day" }
            (legend())
            table class="lanes" {
                caption {
                    "From " (moment("runs-since", since)) " to " (time(look.own_now)) ", "
                    (if many { "a mark for each half hour, drawn as its worst." } else { "a mark for each minute with a run." })
                }
                thead { tr {
                    th scope="col" { "Entity" }
                    th scope="col" { (axis(since, look.own_now)) }
                    th scope="col" class="right" { "Runs" }
                } }
                tbody {
                    @for entity in ENTITIES {
                        @if let Some(lane) = lanes.get(entity.name) { (row(entity.name, lane, since, width)) }
                    }
                }
            }
            @if lanes.is_empty() { p class="quiet" { "Nothing ran." } }
        }
    }
}

/// Sorts the runs into lanes and, in each, into slots of `width` seconds.
fn lanes(runs: &[RunsAt], width: i64) -> BTreeMap<&str, BTreeMap<i64, Mark>> {
    let mut lanes: BTreeMap<&str, BTreeMap<i64, Mark>> = BTreeMap::new();
    for run in runs {
        let slot = run.minute.as_second().div_euclid(width) * width;
        let outcome = run.outcome.as_deref().unwrap_or_default();
        let kind = KINDS.iter().position(|(outcomes, ..)| outcomes.contains(&outcome)).unwrap_or(0);
        lanes.entry(&run.entity).or_default().entry(slot).or_default()[kind] += run.count;
    }
    lanes
}

fn row(entity: &str, lane: &BTreeMap<i64, Mark>, since: Timestamp, width: i64) -> Markup {
    let mut all = Mark::default();
    for mark in lane.values() {
        all.iter_mut().zip(mark).for_each(|(sum, number)| *sum += number);
    }
    let total: u64 = all.iter().sum();
    let name = entity.replace('_', " ");
    html! {
        tr {
            th scope="row" { (name) }
            td {
                svg width="100%" height="20" role="img" aria-label={ (name) ": " (in_words(&all)) } {
                    line class="floor" x1="0" y1="10" x2="100%" y2="10" {}
                    @for (slot, mark) in lane { (drawn(entity, *slot, mark, since, width)) }
                }
            }
            td class="right" { (figure("runs-24h", entity, total, count(total))) }
        }
    }
}

fn drawn(entity: &str, slot: i64, mark: &Mark, since: Timestamp, width: i64) -> Markup {
    // A slot may begin a little before the day does.
    let x = ((slot - since.as_second()) as f64 / DAY).clamp(0.0, 1.0) * 98.0 + 1.0;
    let worst = mark.iter().position(|number| *number > 0).unwrap_or(0);
    let at = Timestamp::from_second(slot).unwrap_or(since);
    let count: u64 = mark.iter().sum();
    html! {
        svg class={ "k" (worst) } x={ (format!("{x:.2}")) "%" } y="10" data-metric="runs-at"
            data-of={ (entity) " " (instant::text(at)) " " (width) } data-value=(count) {
            title { (at.strftime("%H:%M")) ": " (in_words(mark)) }
            path d=(KINDS[worst].2) {}
        }
    }
}

fn in_words(mark: &Mark) -> String {
    let told = KINDS.iter().zip(mark).filter(|(_, number)| **number > 0);
    told.map(|((_, name, _), number)| format!("{} {name}", count(*number)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Tells the time at both ends of the lanes and in their middle.
fn axis(since: Timestamp, now: Timestamp) -> Markup {
    let middle = since.checked_add(now.duration_since(since) / 2).unwrap_or(now);
    html! { div class="axis" { @for at in [since, middle, now] { (short_time(at, at)) } } }
}

fn legend() -> Markup {
    html! {
        ul class="legend" {
            @for (place, (_, name, path)) in KINDS.iter().enumerate().rev() {
                li {
                    svg class={ "k" (place) } width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true" { path d=(path) {} }
                    " " (name)
                }
            }
        }
    }
}
