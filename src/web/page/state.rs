//! The mirror's state in one sentence, and what the daemon is doing.

use maud::{Markup, html};

use super::words::{count, figure, short_time, time};
use crate::{daemon::Phase, status::Reason, web::look::Look};

/// The state of the mirror.
pub(super) struct State {
    /// What it looks like: `good`, `busy`, `warn` or `bad`.
    pub(super) class: &'static str,
    /// It in a word or two.
    pub(super) word: &'static str,
    /// What that means.
    pub(super) sentence: Markup,
}

/// Returns the state: what is worst about it.
pub(super) fn of(look: &Look) -> State {
    let refused = |reason| matches!(reason, Reason::TokenRefused | Reason::AddressBlocked);
    if look.live.trouble.is_some() || look.status.attention().iter().any(|one| refused(one.reason))
    {
        let sentence = html! { "something keeps it from being brought up to date." };
        return State { class: "bad", word: "In trouble:", sentence };
    }
    if is_first_backfill(look) {
        let live = look.status.deals.live;
        let sentence =
            html! { (figure("backfilled", "", live, count(live))) " deals are here so far." };
        return State { class: "busy", word: "The first backfill is under way:", sentence };
    }
    if look.late.is_empty() {
        let sentence = html! { "everything is as new as its schedule promises." };
        return State { class: "good", word: "Fresh:", sentence };
    }
    let names: Vec<&str> = look.late.iter().map(|late| late.entity).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let sentence = html! { (names.join(", ").replace('_', " ")) " " (verb) " older than may be." };
    State { class: "warn", word: "Late:", sentence }
}

/// Returns whether a list of deals was never complete.
fn is_first_backfill(look: &Look) -> bool {
    let scheduled = |name| look.terms.schedules.iter().any(|(one, _)| *one == name);
    look.status
        .entities
        .iter()
        .filter(|one| one.entity.has_floor() && scheduled(one.entity.name))
        .any(|one| one.lag_s.is_none() && !one.is_excluded())
}

/// Says what the daemon is doing now.
pub(super) fn doing(look: &Look) -> Markup {
    html! {
        @match look.live.phase {
            Phase::Starting => { "The daemon is starting." },
            Phase::Idle { next: Some(next) } => { "The daemon waits for the next tick, at " (time(next)) "." },
            Phase::Idle { next: None } => { "The daemon waits, and nothing is scheduled." },
            Phase::Running { since } => { "A run is under way since " (time(since)) "." },
            Phase::Waiting { until } => { "The daemon waits and tries again at " (time(until)) "." },
            Phase::Stopping => { "The daemon is stopping." },
        }
        @for (entity, until) in &look.live.waiting {
            " " (entity.replace('_', " ")) " failed and is asked for again at " (short_time(*until, look.own_now)) "."
        }
    }
}
