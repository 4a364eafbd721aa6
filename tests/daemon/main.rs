//! The daemon in virtual time: what it does when nobody looks.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;
mod keeping;
mod month;
mod trouble;
