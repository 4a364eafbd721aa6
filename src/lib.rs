//! Keeps a company's Pipedrive deals, and all that hangs on them, in a SQLite database.

pub mod clock;
pub mod emulator;
pub mod endpoint;
pub mod id;
pub mod seams;
