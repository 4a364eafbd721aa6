//! Rows as CSV (RFC 4180): lines end with CRLF, what needs quotes has them, NULL is empty.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use super::text;
use crate::store::{Cell, Rows};

/// Writes CSV.
pub struct Csv<W: Write> {
    lines: csv::Writer<W>,
    defused: bool,
}

impl<W: Write> Csv<W> {
    /// Writes to `out`. With `defused`, text that a spreadsheet would take for a formula begins with an apostrophe;
    /// numbers are left alone.
    pub fn new(out: W, defused: bool) -> Self {
        // A spreadsheet may take another character than a comma for the end of a cell.
        let quotes = if defused { csv::QuoteStyle::NonNumeric } else { csv::QuoteStyle::Necessary };
        let lines = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(quotes)
            .from_writer(out);
        Self { lines, defused }
    }

    /// Writes what is still in hand.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.lines.flush()
    }

    fn defuse(&self, text: String) -> String {
        // Spreadsheets take the wide forms of East Asian type for the narrow ones.
        let formula =
            text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        if self.defused && formula { format!("'{text}") } else { text }
    }
}

impl<W: Write> Rows for Csv<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        let names: Vec<String> = names.iter().map(|name| self.defuse(name.clone())).collect();
        self.lines.write_record(names).map_err(output)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>> {
        for cell in cells {
            let written = match cell {
                Cell::Text(text) if self.defused => {
                    self.lines.write_field(self.defuse(text.clone().into_owned()))
                }
                Cell::Text(text) => self.lines.write_field(text.as_bytes()),
                other => self.lines.write_field(text(other)),
            };
            written.map_err(output)?;
        }
        self.lines.write_record(None::<&[u8]>).map_err(output)?;
        Ok(ControlFlow::Continue(()))
    }
}

fn output(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
