//! What happens during a run, for progress bars and logs.

use std::time::Duration;

use super::EntityReport;
use crate::{api::Spent, entity::Entity};

/// Something happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An entity is taken up.
    Began {
        /// Which.
        entity: &'static Entity,
        /// Whether an earlier pass is gone on with.
        resumed: bool,
        /// Whether it was never complete.
        first: bool,
        /// How many rows will come, where that is known.
        expected: Option<u64>,
    },
    /// A page was stored.
    Stored {
        /// Of which entity.
        entity: &'static Entity,
        /// What was done for it so far.
        so_far: &'a EntityReport,
        /// What the run spent so far.
        spent: Spent,
        /// How long the transaction took, waiting for the one before it included.
        took: Duration,
    },
    /// An entity is done with.
    Ended {
        /// What was done for it.
        report: &'a EntityReport,
    },
    /// Stored rows are written anew from their raw text.
    Renewed {
        /// How many, so far.
        rows: u64,
    },
}

/// Is told what happens. It must not block.
pub trait Observer: Send + Sync {
    /// Takes note of `event`.
    fn notice(&self, event: &Event<'_>);
}

/// Takes no note of anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn notice(&self, _event: &Event<'_>) {}
}
