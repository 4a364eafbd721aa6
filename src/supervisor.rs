//! systemd, or whoever else reads what is written to `NOTIFY_SOCKET`; where nobody does, nothing is written.

use std::sync::{Mutex, PoisonError};

use pipedrive_mirror::daemon::Supervisor;
use sd_notify::{NotifyState, notify};
use tracing::debug;

/// Tells systemd how the daemon is.
pub(crate) struct Systemd {
    /// Whether it wants to know that the daemon is alive.
    watches: bool,
    /// What it was last told.
    said: Mutex<String>,
}

impl Systemd {
    pub(crate) fn new() -> Self {
        Self { watches: sd_notify::watchdog_enabled().is_some(), said: Mutex::default() }
    }

    /// The database is open, and the page is shown.
    pub(crate) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// The configuration is being read again; [`Self::ready`] says when that is done.
    pub(crate) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => debug!("The supervisor is not told of a reload: {error}"),
        }
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

impl Supervisor for Systemd {
    fn alive(&self) {
        if self.watches {
            tell(&[NotifyState::Watchdog]);
        }
    }

    fn doing(&self, words: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if *said != words {
            words.clone_into(&mut said);
            tell(&[NotifyState::Status(words)]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = notify(state) {
        debug!("The supervisor cannot be told: {error}");
    }
}
