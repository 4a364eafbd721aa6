//! What one transaction stores, and what it says afterwards.

use std::{collections::BTreeSet, fmt, sync::Arc};

use jiff::Timestamp;

use super::{ChildRule, quarantine::key_text};
use crate::{
    entity::{Catalog, Decoded, Entity},
    progress::{Checkpoint, Window},
};

/// One page: its rows, and the checkpoint they earn.
pub struct Batch {
    /// Which list it is a page of.
    pub entity: &'static Entity,
    /// The text that the rows' values stand in.
    pub page: Arc<str>,
    /// What the rows became.
    pub decoded: Decoded,
    /// The custom fields by which they were decoded.
    pub catalog: Arc<Catalog>,
    /// Number of the request that brought the page, taken when it was sent.
    pub observed: u64,
    /// The server's clock when it answered, if it said so.
    pub server_now: Option<Timestamp>,
    /// The time to write beside the rows.
    pub now: Timestamp,
    /// How far the list is mirrored once these rows are stored.
    pub checkpoint: Checkpoint,
    /// What the page was asked for.
    pub purpose: Purpose,
    /// What hangs on these rows and is mirrored.
    pub children: Arc<[ChildRule]>,
    /// Whether only those rows are mirrored that are stored already, or that deals name.
    pub restricted: bool,
    /// For the last page of a list that is read whole: every key that was read.
    pub reading: Option<Reading>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Batch({}, {} rows, {:?})",
            self.entity.name,
            self.decoded.records.len(),
            self.checkpoint
        )
    }
}

/// What a page was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A pass over what changed.
    #[default]
    Pass,
    /// A walk by id over everything; the checkpoint is that walk's own. Rows of the list with a key after the first of
    /// these and up to the second (`None`: without end), which the page lacks, become candidates.
    Sweep {
        /// The greatest key of the pages before.
        after: Option<i64>,
        /// The greatest key of this page, unless it is the last one.
        to: Option<i64>,
    },
    /// One of several windows that are read side by side; the checkpoint tells of the pass they belong to.
    Window {
        /// Which, and how far it is read once these rows are stored.
        window: Window,
        /// Whether that is all of it.
        read: bool,
    },
    /// A second look at rows by their ids: what comes replaces what is stored, whatever the change times say. It leaves
    /// the checkpoint alone.
    Confirm,
}

/// The keys that a complete reading of a list met.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reading {
    keys: BTreeSet<String>,
    /// Rows came whose key could not be read: any row may be among them.
    unnamed: bool,
}

impl Reading {
    /// Adds the rows of a page; those that could not be read were there all the same.
    pub fn note(&mut self, page: &str, decoded: &Decoded) {
        self.keys.extend(decoded.records.iter().map(|record| key_text(&record.values[0], page)));
        for row in &decoded.unreadable {
            self.unnamed |= row.key.is_empty();
            self.keys.insert(row.key.clone());
        }
    }

    /// Takes note that what was not shown may be there all the same: somebody else may see it.
    pub fn proves_no_absence(&mut self) {
        self.unnamed = true;
    }

    /// Returns whether `key` is known not to be among the rows. An empty list proves nothing: a fault is likelier.
    pub(super) fn lacks(&self, key: &str) -> bool {
        !self.unnamed && !self.keys.is_empty() && !self.keys.contains(key)
    }
}

/// What storing a batch did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Rows stored because they were new or different.
    pub written: u64,
    /// Rows that were stored already as they came.
    pub unchanged: u64,
    /// Rows older than what is stored.
    pub older: u64,
    /// Of the written ones, those that are deleted at the source.
    pub deleted: u64,
    /// Rows put into quarantine.
    pub quarantined: u64,
    /// Rows that are stored and that the page should have held but lacks.
    pub candidates: u64,
    /// Whether the columns of custom fields changed, so that the catalog must be read again.
    pub reshaped: bool,
}
