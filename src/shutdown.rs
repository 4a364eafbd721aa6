//! Signals: the first asks for an end in good order, the second ends at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use pipedrive_mirror::exit::Exit;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long the page in hand is waited for: it takes longer only behind a stranger's lock on the database.
const DEADLINE: Duration = Duration::from_secs(20);

/// Remembers which signal came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown {
    pub(crate) token: CancellationToken,
    came: Arc<AtomicU8>,
}

/// Lets SIGINT and SIGTERM end the process at once with their exit codes, for as long as the answer is kept: for
/// commands that only read, and so leave nothing half done.
///
/// # Errors
///
/// The system takes no handler.
pub(crate) fn end_at_once() -> std::io::Result<tokio::runtime::Runtime> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let context = runtime.enter();
    for (kind, exit) in
        [(SignalKind::interrupt(), Exit::Interrupted), (SignalKind::terminate(), Exit::Terminated)]
    {
        let mut signals = signal(kind)?;
        runtime.spawn(async move {
            signals.recv().await;
            std::process::exit(exit.code().into());
        });
    }
    drop(context);
    Ok(runtime)
}

impl Shutdown {
    /// Listens for SIGINT and SIGTERM. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system takes no handler.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let shutdown = Self::default();
        for (kind, exit) in [
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
        ] {
            let (mut signals, shutdown) = (signal(kind)?, shutdown.clone());
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    shutdown.received(exit);
                }
            });
        }
        Ok(shutdown)
    }

    fn received(&self, exit: Exit) {
        if self.came.compare_exchange(0, exit.code(), Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            // What is committed is committed; SQLite undoes the rest when the file is next opened.
            std::process::exit(exit.code().into());
        }
        warn!("Stopping after the page in hand; a second signal stops at once");
        self.token.cancel();
        let code = exit.code();
        // A thread of its own: whatever hangs must not keep it from ending the process.
        std::thread::spawn(move || {
            std::thread::sleep(DEADLINE);
            tracing::error!(
                "The page in hand could not be stored in time, and is left; the next run asks for it again"
            );
            std::process::exit(code.into());
        });
    }

    /// Returns the exit code of the signal that came, if one did.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.came.load(Ordering::Relaxed) {
            code if code == Exit::Interrupted.code() => Some(Exit::Interrupted),
            code if code == Exit::Terminated.code() => Some(Exit::Terminated),
            _ => None,
        }
    }
}
