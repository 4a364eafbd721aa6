//! The pipelines, as their screen shows them: what stands in each stage.

use maud::{Markup, html};

use super::words::{amount, count, figure, name, shortened};
use crate::{store::BoardRow, web::look::BOARD_ROWS};

/// Shows what stands where. Amounts of two currencies are never added up.
pub(super) fn section(board: &[BoardRow]) -> Markup {
    let shown = &board[..board.len().min(BOARD_ROWS as usize)];
    html! {
        section class="wide" aria-labelledby="board" {
            h2 id="board" { "Pipelines" }
            @if shown.is_empty() { p class="quiet" { "No pipeline is mirrored yet." } }
            div class="boards" {
                @for pipeline in shown.chunk_by(|a, b| a.pipeline_id == b.pipeline_id) { (table(pipeline)) }
            }
            @if shown.len() < board.len() {
                p class="quiet" { "There are more stages than can be shown; the view " code { "pipeline_board" } " has all of them." }
            }
        }
    }
}

fn table(rows: &[BoardRow]) -> Markup {
    let highest = rows.iter().map(|row| row.count).max().unwrap_or(0);
    html! {
        table class="board" {
            caption { (called(rows[0].pipeline.as_deref())) }
            thead { tr {
                th scope="col" { "Stage" }
                th scope="col" { "Open deals" }
                th scope="col" class="right" { "Worth" }
            } }
            @for stage in rows.chunk_by(|a, b| a.stage_id == b.stage_id) {
                tbody {
                    @for (place, row) in stage.iter().enumerate() {
                        tr {
                            @if place == 0 {
                                th scope="rowgroup" rowspan=(stage.len()) { (called(row.stage.as_deref())) }
                            }
                            (cells(row, highest))
                        }
                    }
                }
            }
        }
    }
}

fn cells(row: &BoardRow, highest: u64) -> Markup {
    let currency = row.currency.as_deref().map(shortened);
    let of = match &row.currency {
        Some(currency) => format!("{} {}", row.stage_id, shortened(currency)),
        None => row.stage_id.to_string(),
    };
    let permille = (u128::from(row.count) * 1_000).checked_div(u128::from(highest)).unwrap_or(0);
    let words = format!("{} open deals", count(row.count));
    html! {
        td class="bar" {
            svg width="100%" height="12" role="img" aria-label=(words) {
                rect class="track" width="100%" height="12" rx="3" {}
                rect class="level" width={ (permille / 10) "." (permille % 10) "%" } height="12" rx="3" {}
            }
            (figure("board-count", &of, row.count, count(row.count)))
        }
        td class="right" {
            (figure("board-value", &of, row.value, amount(row.value)))
            @if let Some(currency) = &currency { " " span class="unit" { (name(currency)) } }
        }
    }
}

fn called(text: Option<&str>) -> Markup {
    match text {
        Some(text) if !text.trim().is_empty() => name(text),
        _ => html! { "without a name" },
    }
}
