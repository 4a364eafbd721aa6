//! Rows that are held until all are known, as a table whose widths depend on all of them must be; and such a table as
//! Markdown.

use std::{io, ops::ControlFlow};

use super::text;
use crate::store::{Cell, Rows};

/// Rows that are held at most.
pub const MOST: usize = 10_000;

/// Rows in hand.
#[derive(Debug, Default)]
pub struct Page {
    /// The names of the columns.
    pub names: Vec<String>,
    /// The rows; a NULL is empty.
    pub rows: Vec<Vec<String>>,
    /// Whether there were more rows than are held.
    pub cut: bool,
    /// Whether a column holds something that is no number.
    worded: Vec<bool>,
}

impl Page {
    /// Returns the columns that hold nothing but numbers.
    pub fn numbers(&self) -> Vec<usize> {
        (0..self.names.len())
            .filter(|&at| !self.rows.is_empty() && self.worded.get(at) == Some(&false))
            .collect()
    }
}

impl Rows for Page {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.names = names.to_vec();
        self.worded = vec![false; names.len()];
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>> {
        if self.rows.len() == MOST {
            self.cut = true;
            return Ok(ControlFlow::Break(()));
        }
        for (worded, cell) in self.worded.iter_mut().zip(cells) {
            *worded |= matches!(cell, Cell::Text(_) | Cell::Blob(_));
        }
        self.rows.push(cells.iter().map(text).collect());
        Ok(ControlFlow::Continue(()))
    }
}

/// Returns the rows of `page` as a table in Markdown.
pub fn markdown(page: &Page) -> String {
    let numbers = page.numbers();
    let head: Vec<String> = page.names.iter().map(|name| escaped(name)).collect();
    let rows: Vec<Vec<String>> =
        page.rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
    let wide = |text: &String| text.chars().count();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| {
            rows.iter().map(|row| wide(&row[at])).chain([wide(&head[at]), 3]).max().unwrap_or(3)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(at, (cell, &width))| {
            if numbers.contains(&at) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.iter().enumerate().map(|(at, &width)| {
        if numbers.contains(&at) {
            format!("{}:", "-".repeat(width - 1))
        } else {
            "-".repeat(width)
        }
    });
    let mut table = line(&head);
    table.push_str(&format!("| {} |\n", rule.collect::<Vec<_>>().join(" | ")));
    rows.iter().for_each(|row| table.push_str(&line(row)));
    table
}

/// Writes `text` so that Markdown shows it as it is, in one cell.
pub(super) fn escaped(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '[' | ']' | '|' => told.extend(['\\', c]),
            '<' => told.push_str("&lt;"),
            '&' => told.push_str("&amp;"),
            '\n' => told.push_str("<br>"),
            '\r' => {}
            c => told.push(c),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_table_or_become_a_link_is_escaped() {
        assert_eq!(
            escaped("a|b\nc\\|<script>[x](y)*&"),
            "a\\|b<br>c\\\\\\|&lt;script>\\[x\\](y)\\*&amp;"
        );
    }
}
