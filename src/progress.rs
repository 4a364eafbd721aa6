//! How far a list is mirrored.

use std::fmt;

use jiff::Timestamp;

/// The API's opaque place in a listing. It can go stale, so it is never the only way to resume.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(pub String);

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.0.chars().take(12).collect();
        write!(f, "Cursor({short}…)")
    }
}

/// The durable place in one window of one list, saved in the transaction that stores the rows it covers.
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
}
