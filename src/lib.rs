//! Keeps a company's Pipedrive deals, and all that hangs on them, in a SQLite database.

pub mod api;
pub mod clock;
pub mod endpoint;
pub mod entity;
pub mod id;
pub mod progress;
pub mod seams;
pub mod store;
