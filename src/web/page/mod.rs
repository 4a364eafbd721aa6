//! The page: how the mirror stands, at a glance.
//!
//! It is whole as it comes: no script, no picture, nothing from elsewhere, and one stylesheet within it, which the policy
//! it is sent with names by its hash. Charts are SVG whose marks are placed in percent of whatever width there is, so that
//! nothing is scaled and all text stays text. Every number carries `data-metric` (what it is), `data-of` (of what) and
//! `data-value` (the number itself), for tests and other programs.

mod attention;
mod board;
mod budget;
mod freshness;
mod runs;
mod state;
#[cfg(test)]
mod tests;
pub(super) mod words;

use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use words::{count, figure, moment};

use super::look::{Figures, Look};
use crate::store;

/// After how many seconds a browser asks for the page again.
const REFRESH: &str = "30";

const STYLE: &str = include_str!("style.css");

/// What a browser may do with what is sent: show it, with the one stylesheet.
pub(super) static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// Returns the page.
pub(super) fn page(look: &Look, figures: &Figures) -> Markup {
    let state = state::of(look);
    let body = html! {
        header {
            h1 { "Pipedrive mirror" }
            p class={ "state " (state.class) } { (words::shape(state.class)) strong { (state.word) } " " (state.sentence) }
            p class="now" { (state::doing(look)) " This is how it stood at " (moment("as-of", look.now)) "." }
        }
        main {
            (attention::section(look))
            div class="column" {
                (freshness::section(look))
                (deals(look))
            }
            div class="column" {
                (budget::section(look, &figures.days))
                (freshness::owed(look))
            }
            (runs::section(look, &figures.runs))
            (board::section(&figures.board))
        }
        footer {
            p {
                @match &look.status.certificate {
                    Some(certificate) => {
                        "Compared with the source: "
                        span data-metric="verified" data-value=(certificate.result) { (words::cleaned(&certificate.sentence())) }
                        "."
                    }
                    None => { "Never compared with the source: " code { "pipedrive-mirror verify" } " does that." }
                }
            }
            p {
                "The same for programs: " a href="/api/status" { "status as JSON" } ", " a href="/metrics" { "metrics" }
                ", " a href="/readyz" { "ready" } ", " a href="/healthz" { "alive" } "."
            }
            p {
                "pipedrive-mirror " span data-metric="version" data-value=(env!("CARGO_PKG_VERSION")) { (env!("CARGO_PKG_VERSION")) }
                ", SQLite " span data-metric="sqlite" data-value=(store::sqlite_version()) { (store::sqlite_version()) }
                ", schema " (figure("schema", "", store::SCHEMA, store::SCHEMA))
                ", write-ahead log " (figure("wal-bytes", "", look.status.wal_bytes, words::bytes(look.status.wal_bytes))) "."
            }
        }
    };
    document(state.word, &body)
}

/// Returns the page of a mirror that cannot be looked at; `why` is a sentence without a full stop.
pub(super) fn unseen(why: &str) -> Markup {
    let body = html! {
        header {
            h1 { "Pipedrive mirror" }
            p class="state bad" { (words::shape("bad")) strong { "Out of sight:" } " " (words::cleaned(why)) "." }
        }
    };
    document("Out of sight:", &body)
}

fn document(state: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                meta http-equiv="refresh" content=(REFRESH);
                title { (state.trim_end_matches(':')) " – Pipedrive mirror" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

fn deals(look: &Look) -> Markup {
    let deals = look.status.deals;
    html! {
        section aria-labelledby="deals" {
            h2 id="deals" { "Deals" }
            dl class="tiles" {
                @for (metric, name, number) in [
                    ("deals-live", "live", deals.live),
                    ("deals-archived", "of them archived", deals.archived),
                    ("deals-deleted", "deleted", deals.deleted),
                    ("deals-missing", "gone", deals.missing),
                ] {
                    div { dt { (name) } dd { (figure(metric, "", number, count(number))) } }
                }
            }
        }
    }
}
