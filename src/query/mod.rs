//! Around questions: answers that have a name, rows as CSV, JSON or Markdown, and the schema told in other ways.
//!
//! The questions themselves are asked by [`Inquiry`](crate::store::Inquiry), row by row; a format here takes the rows.

mod answers;
mod comments;
mod delimited;
mod dictionary;
mod header;
mod json;
mod markdown;
mod metadata;
mod relations;

pub use answers::{ANSWERS, Answer};
pub use delimited::Csv;
pub use dictionary::dictionary;
pub use header::{Header, Parameter, header};
pub use json::{Json, Shape};
pub use markdown::{MOST, Page, markdown};
pub use metadata::metadata;
pub use relations::diagram;

use crate::store::Cell;

/// Returns `cell` as text; of NULL nothing.
pub fn text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => real(*number),
        Cell::Text(text) => text.clone().into_owned(),
        Cell::Blob(bytes) => hexadecimal(bytes),
    }
}

/// Writes a number so that it reads as one with a fraction, and back as the same one.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf".to_owned() } else { "-Inf".to_owned() };
    }
    serde_json::Number::from_f64(number).map_or_else(String::new, |number| number.to_string())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
