//! Proof: what is stored compared with the source, page by page, and with itself.
//!
//! Nothing here changes a mirrored row but [`Store::mend`], and that only what costs nothing to make good; what has to be
//! asked for again is marked as owed, so that the next `sync` reads it.

mod again;
mod certificate;
mod compare;
mod inside;
mod mend;
mod sets;
mod totals;

use std::fmt;

use serde::Serialize;

pub use self::{
    again::Rederived,
    certificate::{Certificate, Digest, Sizes},
    compare::{Looked, Seen},
    inside::MARK,
    mend::Mended,
    totals::{Group, Sum},
};

/// Something that is not as it should be, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// Which entity.
    pub entity: &'static str,
    /// The row's id as text; in a difference of totals the group, of a mark `mark`.
    pub id: String,
    /// What became of it.
    pub fate: Found,
    /// What shows it.
    pub evidence: String,
    /// Whether what is stored tells by itself how it should be, as the row's exact text does: then nobody has to be asked.
    #[serde(skip)]
    pub own: bool,
}

/// What became of a row that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The source shows it, the mirror does not.
    Missing,
    /// The mirror shows what never came from the source.
    Extra,
    /// The source has changed it later than the mirror knows.
    Older,
    /// The mirror claims a later change than the source.
    Newer,
    /// Both are of the same time, and differ.
    Differs,
    /// One of them says that it is deleted.
    Deleted,
    /// The mirror shows it, the source does not any more.
    Gone,
    /// One of them says that it is archived.
    Archived,
    /// What hangs on it is not what the source, or the row itself, says.
    Children,
}

impl Found {
    /// Returns the name that stands in JSON and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Differs => "differs",
            Self::Deleted => "deleted",
            Self::Gone => "gone",
            Self::Archived => "archived",
            Self::Children => "children",
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
