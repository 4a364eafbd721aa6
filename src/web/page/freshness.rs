//! How fresh every list is, and what is owed of what hangs on deals.

use jiff::Timestamp;
use maud::{Markup, html};

use super::words::{age, count, figure, shape, short_time};
use crate::{schedule::Schedule, status::EntityStatus, web::look::Look};

/// Shows how fresh everything is.
pub(super) fn section(look: &Look) -> Markup {
    html! {
        section aria-labelledby="freshness" {
            h2 id="freshness" { "Freshness" }
            table class="freshness" {
                caption { "Every list that has a schedule: how old it is, and when it is read again." }
                thead { tr {
                    th scope="col" { "List" }
                    th scope="col" { "State" }
                    th scope="col" class="right" { "Age" }
                    th scope="col" class="right" { "Due, UTC" }
                } }
                tbody {
                    @for (name, schedule) in &look.terms.schedules {
                        @if let Some(one) = look.status.entities.iter().find(|one| one.entity.name == *name) {
                            (row(look, one, schedule))
                        }
                    }
                }
            }
        }
    }
}

fn row(look: &Look, one: &EntityStatus, schedule: &Schedule) -> Markup {
    let name = one.entity.name;
    let late = look.late.iter().any(|late| late.entity == name);
    let (class, word) = match one.lag_s {
        _ if one.is_excluded() => ("busy", "not included"),
        None => ("busy", "never complete"),
        Some(_) if late => ("warn", "late"),
        Some(_) => ("good", "fresh"),
    };
    html! {
        tr {
            th scope="row" { (name.replace('_', " ")) }
            td class=(class) data-state=(name) { (shape(class)) " " (word) }
            td class="right" {
                @match one.lag_s { Some(lag) => (figure("lag", name, lag, age(lag))), None => "–" }
            }
            td class="right" { (due(one, schedule, look.now)) }
        }
    }
}

/// Says when a list is read again.
fn due(one: &EntityStatus, schedule: &Schedule, now: Timestamp) -> Markup {
    let last = one.progress.checkpoint.as_ref().and_then(|checkpoint| checkpoint.complete_began_at);
    if schedule.due(last, now) {
        return html! { "now" };
    }
    match schedule.next_after(last.map_or(now, |last| last.max(now))) {
        Some(tick) => short_time(tick, now),
        None => html! { "–" },
    }
}

/// Shows what is owed of what is asked for deal by deal, or by its id.
pub(super) fn owed(look: &Look) -> Markup {
    let owed: Vec<&EntityStatus> =
        look.status.entities.iter().filter(|one| one.entity.owed_by().is_some()).collect();
    html! {
        section aria-labelledby="owed" {
        h2 id="owed" { "Owed" }
        table {
            caption { "What hangs on deals, or is named by them, and has yet to be asked for." }
            thead { tr {
                th scope="col" { "What" }
                th scope="col" class="right" { "Owed" }
                th scope="col" class="right" { "Of it failing" }
            } }
            tbody {
                @for one in owed {
                    @let (name, owing) = (one.entity.name, &one.progress.owing);
                    tr {
                        th scope="row" { (name.replace('_', " ")) }
                        td class="right" { (figure("owed", name, owing.count, count(owing.count))) }
                        td class="right" { (figure("owed-failing", name, owing.failing, count(owing.failing))) }
                    }
                }
            }
        }
        }
    }
}
