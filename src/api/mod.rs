//! HTTP in: one request, one answer, within what the account allows.
//!
//! - Every request passes [`gate`] first, which keeps the burst limit and our share of the day, books the cost before it
//!   is spent, and lets nothing leave any more after an answer that no later request can do better than.
//! - [`client`] turns a [`Call`] into a request and checks the answer's envelope; `retry` decides how often and how
//!   late it asks again.
//! - [`error`] says what went wrong and, in one function, what to do about it.
//! - [`page`] finds the rows of a listing and the place where it goes on.
//! - [`http`] is the real [`Transport`](crate::seams::Transport); nothing else here knows a socket.

pub mod base_url;
pub mod call;
pub mod client;
pub mod error;
pub mod gate;
pub mod http;
pub mod page;

mod account;
mod answer;
mod budget;
#[cfg(test)]
mod budget_tests;
mod burst;
#[cfg(test)]
mod client_tests;
mod fault;
#[cfg(test)]
mod gate_tests;
mod headers;
mod latch;
mod meter;
mod outlook;
mod proxy;
mod refusal;
mod retry;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod verdict_table;

pub use answer::Answer;
pub use base_url::{BaseUrl, BaseUrlError};
pub use budget::Reserve;
pub use call::{Call, Priority};
pub use client::{Client, Options, Spent};
pub use error::{ApiError, Reason, Verdict};
pub use gate::Facts;
pub use http::{BuildError, HttpTransport, Timeouts};
pub use meter::{Meter, Unmetered};
pub use outlook::{Outlook, Postponed};
pub use page::Page;
pub use proxy::proxy;
