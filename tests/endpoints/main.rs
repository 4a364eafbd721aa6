//! Do we ask as the API expects, and read what it says? Over real sockets on this machine, through the public API only.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod address;
mod answers;
mod broken;
mod official;
mod requests;
mod support;
