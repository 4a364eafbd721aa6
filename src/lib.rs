//! Keeps a company's Pipedrive deals, and all that hangs on them, in a SQLite database.

pub mod api;
pub mod clock;
pub mod config;
pub mod endpoint;
pub mod entity;
pub mod exit;
pub mod id;
pub mod progress;
pub mod schedule;
pub mod seams;
pub mod store;
pub mod sync;
