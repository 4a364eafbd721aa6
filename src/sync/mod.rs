//! What next, in which order: the one layer that sees both the source and the store.
//!
//! Properties upheld here:
//! - backfill, `sync` and the daemon walk the same path: a backfill is a pass from the beginning of time;
//! - fetching may be abandoned at any moment, a page in hand is always stored;
//! - the mark comes from rows, is capped by the source's clock, and moves only with the rows it covers.

mod account;
mod confirm;
mod count;
mod ending;
mod engine;
mod fanout;
mod fetch;
mod group;
mod learn;
mod observer;
mod plan;
mod reconcile;
mod report;
mod salvage;
mod sound;
mod steps;
mod trouble;
mod walk;

pub use account::ask;
pub use ending::{of_api, of_store};
pub use engine::{Ceiling, Engine, Mode, Reconciling, Settings, Wanted};
pub use observer::{Event, Observer, Unobserved};
pub use report::{EntityReport, Fault, Outcome, Report};
