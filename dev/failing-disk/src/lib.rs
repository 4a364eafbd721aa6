//! Kills a program at a chosen write to its files, or lets that write fail.
//!
//! For `LD_PRELOAD` on Linux: the functions of `calls` stand in the place of libc's. A call that changes a file whose
//! path holds `FAILING_DISK_MATCH` is a *step*; steps are counted from 1, and each is a line of the file
//! `FAILING_DISK_STEPS`, written before it happens. So one run tells how many steps there are and what they do, and the
//! next ones can fail at any of them. Everything else passes untouched.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `FAILING_DISK_MATCH` | a part of the paths that are meant; without it nothing is |
//! | `FAILING_DISK_STEPS` | the file that the steps are written to |
//! | `FAILING_DISK_FAULT` | what happens, see `Fault`; nothing without it |
//! | `FAILING_DISK_AT` | the step it happens at |
//! | `FAILING_DISK_TIMES` | how many calls it happens to, from that step on; 1 unless said otherwise, 0 for all |
//! | `FAILING_DISK_SEED` | which unsynced writes survive `power` |
//!
//! The real work is done by system calls rather than libc's functions, so that nothing here meets itself.

#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]

mod calls;
mod disk;
mod plan;
mod system;
mod unsynced;
