//! One value of one row, as SQLite will hold it.

use std::ops::Range;

/// A value that borrows its text from the page it came in, so that decoding allocates nothing for most members.
///
/// The page travels with its rows; [`Value::text`] finds the characters again.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Absent or null.
    Null,
    /// Ids, counters, booleans (0 or 1).
    Int(i64),
    /// Amounts.
    Real(f64),
    /// Text that stands in the page as it is: from byte, to byte.
    Span(u32, u32),
    /// Text that had to be rewritten: escapes resolved, an instant normalised.
    Text(Box<str>),
}

impl Value {
    /// Returns the text of this value, if it is one.
    pub fn text<'a>(&'a self, page: &'a str) -> Option<&'a str> {
        match self {
            Self::Span(from, to) => page.get(*from as usize..*to as usize),
            Self::Text(text) => Some(text),
            Self::Null | Self::Int(_) | Self::Real(_) => None,
        }
    }

    /// Returns the number of this value, if it is an integer.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Where `part`, a piece of `page`, stands in it.
///
/// # Panics
///
/// If `part` is not a piece of `page`; decoders only hold borrowed pieces.
pub(crate) fn range_in(page: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize)
        .checked_sub(page.as_ptr() as usize)
        .filter(|start| start + part.len() <= page.len())
        .expect("decoded text is borrowed from its page");
    start..start + part.len()
}

/// Returns the value that names `part`, a piece of `page`.
pub(crate) fn span(page: &str, part: &str) -> Value {
    let range = range_in(page, part);
    match (u32::try_from(range.start), u32::try_from(range.end)) {
        (Ok(from), Ok(to)) => Value::Span(from, to),
        // Pages are kept far below 4 GiB by the transport's ceiling; this keeps the function total.
        _ => Value::Text(part.into()),
    }
}
