//! Results on stdout.

use std::{borrow::Cow, io::Write as _};

use comfy_table::{CellAlignment, Table, presets};

use super::Failure;

/// Writes `text` to stdout. A reader that went away (`| head`) is no failure.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes `text` to stderr, beside the results.
pub(crate) fn aside(text: &str) -> std::io::Result<()> {
    anstream::stderr().write_all(escaped(text).as_bytes())
}

/// Writes one JSON object to stdout.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    text(&format!("{value:#}\n"))
}

/// Lays out `rows` under `head`; the columns in `right` are set flush right.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| escaped(cell).into_owned()).collect::<Vec<_>>());
    }
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

/// Shows control and bidirectional characters of `text` escaped, so that data cannot move the cursor or turn the
/// reading direction of a terminal. Line breaks stay.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let risky = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.chars().any(risky) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .flat_map(|c| if risky(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] })
        .collect::<String>()
        .into()
}

/// Writes a number with thousands separated.
pub(crate) fn count(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_the_cursor_is_shown_escaped() {
        assert_eq!(escaped("a\u{1b}[2Jb\u{202e}c\nd é"), "a\\u{1b}[2Jb\\u{202e}c\nd é");
        assert!(matches!(escaped("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_table_is_indented_and_its_numbers_stand_flush_right() {
        let rows = vec![vec!["deals".into(), "5".into()], vec!["x".into(), "1,000".into()]];
        assert_eq!(
            table(&["entity", "rows"], rows, &[1]),
            "  entity   rows\n  deals       5\n  x       1,000\n"
        );
    }
}
