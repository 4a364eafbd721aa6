//! What needs a person, in words.

use maud::{Markup, html};

use super::words::{cleaned, count, figure, shape, time};
use crate::web::look::Look;

/// Outcomes after which nothing is to be done.
const HARMLESS: [&str; 4] = ["complete", "stopped", "skipped", "budget"];

/// Says what needs a person. What the source answered is not shown: it could name a customer.
pub(super) fn section(look: &Look) -> Markup {
    let told = told(look);
    html! {
        section class="wide" aria-labelledby="attention" {
            h2 id="attention" { "What needs a person" }
            @if told.is_empty() {
                p class="quiet" { (shape("good")) " Nothing." }
            } @else {
                ul class="attention" { @for one in &told { li { (one) } } }
            }
        }
    }
}

fn told(look: &Look) -> Vec<Markup> {
    let mut told: Vec<Markup> = look
        .status
        .attention()
        .iter()
        .map(|one| html! { (shape("bad")) span data-reason=(one.reason.name()) { (sentence(&one.text)) } })
        .collect();
    if let Some(trouble) = &look.live.trouble {
        told.push(html! {
            (shape("bad"))
            span { "Since " (time(trouble.since)) " nothing can be mirrored. It may pass by itself; " (ask()) }
        });
    }
    for one in &look.status.entities {
        let name = one.entity.name.replace('_', " ");
        let outcome = one.progress.last_run.as_ref().and_then(|run| run.outcome.as_deref());
        if outcome.is_some_and(|outcome| !HARMLESS.contains(&outcome)) {
            told.push(
                html! { (shape("warn")) span { "The last run of " (name) " failed: " (ask()) } },
            );
        }
        let quarantined = one.progress.quarantined;
        if quarantined > 0 {
            told.push(html! {
                (shape("warn"))
                span {
                    "Rows of " (name) " that could not be read: "
                    (figure("quarantined", one.entity.name, quarantined, count(quarantined)))
                    ". They are kept in the table " code { "sync_quarantine" } ", with the reason."
                }
            });
        }
    }
    told
}

fn ask() -> Markup {
    html! { code { "pipedrive-mirror status" } " says what it is." }
}

/// Makes a sentence of an English fragment.
fn sentence(text: &str) -> String {
    let text = cleaned(text);
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
