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
mod flight;
mod forecast;
mod gap;
mod group;
mod judge;
mod learn;
mod newest;
mod observer;
mod pace;
mod plan;
mod reconcile;
mod recover;
mod report;
mod salvage;
mod sound;
mod spread;
mod standing;
mod steps;
mod total;
mod trouble;
mod verify;
mod walk;

pub use account::{ask, ask_once};
pub use ending::{of_api, of_fault, of_store};
pub use engine::{Ceiling, Engine, Mode, Reconciling, Settings, Take, Wanted};
pub use forecast::{EntityPrice, Forecast, Price};
pub use observer::{Event, Observer, Unobserved};
pub use pace::{Day, Pace, Tick, Upkeep};
pub use reconcile::accepting;
pub use report::{EntityReport, Fault, Outcome, Report};
pub use standing::{ChildStanding, ListStanding, Pass, Refusal, Standing};
pub use total::ask_total;
pub use verify::{Proof, Share, Verified};
