//! Power fails and disks break at any moment: the file is sound, and one clean run later the mirror equals the source.
//!
//! The program is the real one, in a process of its own, and so are its deaths. `dev/failing-disk` stands between it and
//! the C library, and kills it at a chosen change of a file or lets that fail. Every case that goes wrong says how to play
//! it again:
//!
//! - `KILL_CASE='sync 137 torn 7' cargo test --test kill` plays one case: what runs, the step, the fault, the seed;
//! - `KILL_CASES=60` plays as many of each kind;
//! - `KILL_SEED=7` draws others;
//! - `KILL_DEALS=50000` backfills that many, in whole pages.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "../common/mod.rs"]
mod common;

mod backfill;

// LD_PRELOAD is the dynamic linker's of glibc, and the system calls behind it are Linux'.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod bench;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod daemon;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod disk;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod errors;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod moments;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod snapshot;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod steps;

/// Returns the number in a variable of the environment.
fn number(name: &str) -> Option<u32> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
