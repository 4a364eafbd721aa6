//! How far a listing is mirrored.

use std::fmt;

use jiff::Timestamp;

/// The source's opaque place in a listing: the first row of the next page.
///
/// It can be refused at any time, so it is never the only way back to a place. What it looks like inside is the
/// source's own affair; nothing here reads it.
///
/// Source: API reference, "Pagination": "a marker (an opaque string value) representing the first item on the next page".
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps what the source called `next_cursor`, or what was stored of it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, to be sent back or stored as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The beginning only: cursors are long, and two of one listing differ early enough to be told apart.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.0.chars().take(12).collect();
        write!(f, "Cursor({start:?}, {} bytes)", self.0.len())
    }
}

/// A closed stretch of a list's change times that a first pass is still to read, beside others of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it begins; `None` for the oldest one, which also holds rows that name no instant.
    pub since: Option<Timestamp>,
    /// Where it ends, exclusive.
    pub until: Timestamp,
    /// Greatest change time in it that is wholly stored.
    pub mark: Option<Timestamp>,
}

impl Window {
    /// Returns where reading it goes on.
    pub(crate) fn from(&self) -> Option<Timestamp> {
        self.since.max(self.mark)
    }
}

/// The durable place in one list, saved in the transaction that stores the rows it covers. While several windows are read
/// side by side it is that of the open one, which comes last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Lower end of the window being read; `None` for the first pass, which also sees rows that name no instant.
    pub since: Option<Timestamp>,
    /// Upper end, exclusive; `None` for the open window.
    pub until: Option<Timestamp>,
    /// The place in the pass under way; `None` between passes, and before a pass stored its first page.
    pub cursor: Option<Cursor>,
    /// Greatest change time wholly stored. It comes from rows, never from a clock.
    pub mark: Option<Timestamp>,
    /// When the pass under way (or the last one) began, by the server's clock.
    pub began_at: Option<Timestamp>,
    /// When the last complete pass began, by the server's clock.
    pub complete_began_at: Option<Timestamp>,
    /// When a pass was last complete, by the server's clock.
    pub completed_at: Option<Timestamp>,
    /// Nothing older is mirrored.
    pub floor: Option<Timestamp>,
    /// For a walk by id: the greatest id it met.
    pub after_id: Option<i64>,
    /// Closed windows that are to be read before the open one; 0 unless a first pass is read in several.
    pub windows: u64,
}

impl Checkpoint {
    /// Returns whether a pass is under way, to be gone on with where it was left.
    pub fn is_amid(&self) -> bool {
        self.cursor.is_some() || self.windows > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_prints_short() {
        let cursor = Cursor::new("eyJmaWVsZCI6ImlkIiwiZmllbGRWYWx1ZSI6NywiaWQiOjd9");
        assert_eq!(format!("{cursor:?}"), r#"Cursor("eyJmaWVsZCI6", 48 bytes)"#);
    }
}
