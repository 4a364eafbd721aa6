//! Rows as JSON: one array of objects, or one object a line.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    ops::ControlFlow,
};

use super::hexadecimal;
use crate::store::{Cell, Rows};

/// How objects stand one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One array.
    Array,
    /// One a line (NDJSON).
    Lines,
}

/// Writes JSON. NULL is null, numbers are numbers, bytes are hexadecimal text.
pub struct Json<W: Write> {
    out: W,
    shape: Shape,
    /// The names as they are written, with quotes.
    names: Vec<String>,
    rows: u64,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W, shape: Shape) -> Self {
        Self { out, shape, names: Vec::new(), rows: 0 }
    }

    /// Writes the end.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        if self.shape == Shape::Array {
            self.out.write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()
    }
}

impl<W: Write> Rows for Json<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.names = distinct(names).iter().map(|name| quoted(name)).collect();
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>> {
        if self.shape == Shape::Array {
            self.out.write_all(if self.rows == 0 { b"[\n  " } else { b",\n  " })?;
        }
        self.rows += 1;
        for (at, (name, cell)) in self.names.iter().zip(cells).enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            write!(self.out, "{before}{name}:{}", value(cell))?;
        }
        self.out.write_all(if self.shape == Shape::Lines { b"}\n" } else { b"}" })?;
        Ok(ControlFlow::Continue(()))
    }
}

fn value(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        // JSON knows no infinity, but numbers that whoever reads them takes for it. SQLite has no NaN.
        Cell::Real(number) => serde_json::Number::from_f64(*number).map_or_else(
            || if *number < 0.0 { "-9e999" } else { "9e999" }.to_owned(),
            |number| number.to_string(),
        ),
        Cell::Text(text) => quoted(text),
        Cell::Blob(bytes) => quoted(&hexadecimal(bytes)),
    }
}

/// Writes `text` as a JSON string. What could move a cursor or turn the reading direction is written `\u…`, which is
/// the same value.
fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let risky = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !quoted.contains(risky) {
        return quoted;
    }
    let written = |c: char| {
        if risky(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    quoted.chars().map(written).collect()
}

/// Gives names that are there already a number: an object has each name once.
fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: BTreeSet<String> = names.iter().cloned().collect();
    let mut seen = BTreeSet::new();
    let mut told = Vec::new();
    for name in names {
        if seen.insert(name) {
            told.push(name.clone());
            continue;
        }
        let free =
            (2..).map(|number| format!("{name}_{number}")).find(|other| !taken.contains(other));
        let free = free.unwrap_or_default();
        taken.insert(free.clone());
        told.push(free);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_each_name_once() {
        let names = ["id", "id", "id_2", "id", "x"].map(str::to_owned);
        assert_eq!(distinct(&names), ["id", "id_3", "id_2", "id_4", "x"]);
    }

    #[test]
    fn what_could_move_a_cursor_is_written_as_a_number_and_means_the_same() {
        let text = "a\u{1b}[2J\u{202e}b\u{9b}\"é";
        let written = quoted(text);
        assert!(!written.chars().any(|c| c.is_control() || c == '\u{202e}'), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
