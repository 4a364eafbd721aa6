//! Rows on stdout, in the format that was asked for.

use std::{
    io::{self, BufWriter, IsTerminal as _, Stdout, Write as _},
    ops::ControlFlow,
    sync::Arc,
};

use pipedrive_mirror::{
    query::{Csv, Json, MOST, Page, Shape, markdown},
    store::{Cell, Rows},
};

use super::{
    super::print,
    patience::{Patience, Patiently},
};
use crate::cli::Format;

type Out = BufWriter<Patiently<Stdout>>;

/// Takes rows and writes them. CSV and JSON are written row by row and carry each value as it is; on a terminal what
/// could move its cursor is shown escaped.
pub(super) struct Output {
    kind: Kind,
    on_terminal: bool,
}

enum Kind {
    Table(Page, Out),
    Markdown(Page, Out),
    Csv(Box<Csv<Out>>),
    Json(Json<Out>),
}

impl Output {
    pub(super) fn new(format: Format, spreadsheet: bool, patience: &Arc<Patience>) -> Self {
        let to = Patiently { to: io::stdout(), patience: Arc::clone(patience) };
        let out = BufWriter::with_capacity(64 << 10, to);
        let kind = match format {
            Format::Table => Kind::Table(Page::default(), out),
            Format::Markdown => Kind::Markdown(Page::default(), out),
            Format::Csv => Kind::Csv(Box::new(Csv::new(out, spreadsheet))),
            Format::Json => Kind::Json(Json::new(out, Shape::Array)),
            Format::Ndjson => Kind::Json(Json::new(out, Shape::Lines)),
        };
        Self { kind, on_terminal: io::stdout().is_terminal() }
    }

    /// Writes what is still in hand.
    pub(super) fn finish(self) -> io::Result<()> {
        let (page, text, mut out) = match self.kind {
            Kind::Csv(csv) => return csv.finish(),
            Kind::Json(json) => return json.finish(),
            Kind::Table(page, out) => {
                let text = table(&page);
                (page, text, out)
            }
            Kind::Markdown(page, out) => {
                let text = markdown(&page);
                (page, text, out)
            }
        };
        out.write_all(text.as_bytes())?;
        out.flush()?;
        if page.cut {
            print::aside(&format!(
                "Only the first {} rows are shown; --format csv, json or ndjson have all.\n",
                print::count(MOST as u64)
            ))?;
        }
        Ok(())
    }

    fn rows(&mut self) -> &mut dyn Rows {
        match &mut self.kind {
            Kind::Table(page, _) | Kind::Markdown(page, _) => page,
            Kind::Csv(csv) => &mut **csv,
            Kind::Json(json) => json,
        }
    }
}

impl Rows for Output {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        if self.on_terminal && !matches!(self.kind, Kind::Json(_)) {
            let names: Vec<String> =
                names.iter().map(|name| print::escaped(name).into_owned()).collect();
            return self.rows().columns(&names);
        }
        self.rows().columns(names)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>> {
        // JSON escapes by itself, and a table is always for eyes.
        if self.on_terminal && matches!(self.kind, Kind::Csv(_) | Kind::Markdown(..)) {
            let shown: Vec<Cell<'_>> = cells
                .iter()
                .map(|cell| match cell {
                    Cell::Text(text) => Cell::Text(print::escaped(text).into_owned().into()),
                    other => other.clone(),
                })
                .collect();
            return self.rows().row(&shown);
        }
        self.rows().row(cells)
    }
}

/// Lays the rows out for eyes: one line each, numbers flush right.
fn table(page: &Page) -> String {
    let one_line = |text: &String| text.replace('\r', "").replace('\n', "\\n");
    let names: Vec<String> =
        page.names.iter().map(|name| print::escaped(&one_line(name)).into_owned()).collect();
    let head: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = page.rows.iter().map(|row| row.iter().map(one_line).collect()).collect();
    print::table(&head, rows, &page.numbers())
}
