//! What is to happen, as the environment says.

use std::env;

/// What happens at the chosen step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill-before`: the process dies, and the step is not done.
    KillBefore,
    /// `kill-after`: the step is done, and the process dies.
    KillAfter,
    /// `torn`: the first half of a write is done, cut at 512 bytes, and the process dies; another step is not done.
    Torn,
    /// `power`: the process dies, and of the writes that were not synced some, cut at 512 bytes, never reached the disk.
    Power,
    /// `full`: a write or a new file finds no space (ENOSPC).
    Full,
    /// `sync-error`: a sync fails (EIO).
    SyncError,
    /// `write-error`: a write fails (EIO).
    WriteError,
    /// `read-error`: a read fails (EIO). Reads are no steps: it is those after the chosen one.
    ReadError,
}

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Write,
    Sync,
    Cut,
    Remove,
    Rename,
    Read,
}

/// What is to happen, and when.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) part: String,
    pub(crate) fault: Option<Fault>,
    pub(crate) at: u64,
    /// Calls it still happens to.
    pub(crate) times: u64,
    pub(crate) seed: u64,
    pub(crate) steps: Option<String>,
}

impl Plan {
    /// Reads the environment; `None` where nothing is meant.
    pub(crate) fn read() -> Option<Self> {
        let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
        let part = env::var("FAILING_DISK_MATCH").ok().filter(|part| !part.is_empty())?;
        let fault = env::var("FAILING_DISK_FAULT").ok().and_then(|name| match name.as_str() {
            "kill-before" => Some(Fault::KillBefore),
            "kill-after" => Some(Fault::KillAfter),
            "torn" => Some(Fault::Torn),
            "power" => Some(Fault::Power),
            "full" => Some(Fault::Full),
            "sync-error" => Some(Fault::SyncError),
            "write-error" => Some(Fault::WriteError),
            "read-error" => Some(Fault::ReadError),
            _ => None,
        });
        Some(Self {
            part,
            fault,
            at: number("FAILING_DISK_AT").unwrap_or(1),
            times: match number("FAILING_DISK_TIMES") {
                Some(0) => u64::MAX,
                times => times.unwrap_or(1),
            },
            seed: number("FAILING_DISK_SEED").unwrap_or(0),
            steps: env::var("FAILING_DISK_STEPS").ok(),
        })
    }

    /// Returns whether the file at `path` is meant.
    pub(crate) fn is_meant(&self, path: &str) -> bool {
        path.contains(&self.part)
    }

    /// Returns what happens to step `number`, of a kind, if anything does.
    pub(crate) fn strikes(&mut self, number: u64, kind: Kind) -> Option<Fault> {
        let fault = self.fault?;
        let meant = match fault {
            Fault::KillBefore | Fault::KillAfter | Fault::Torn | Fault::Power => kind != Kind::Read,
            Fault::Full => matches!(kind, Kind::Create | Kind::Write),
            Fault::SyncError => kind == Kind::Sync,
            Fault::WriteError => kind == Kind::Write,
            Fault::ReadError => kind == Kind::Read,
        };
        if !meant || number < self.at || self.times == 0 {
            return None;
        }
        self.times -= 1;
        Some(fault)
    }
}
