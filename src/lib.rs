//! Keeps a company's Pipedrive deals, and all that hangs on them, in a SQLite database.

pub mod clock;
pub mod config;
pub mod endpoint;
pub mod exit;
pub mod id;
pub mod schedule;
pub mod seams;
