//! What the daemon is doing, for whoever looks at it from outside: the page, the metrics, the supervisor.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

/// A beat older than this means that the loop hangs: it beats every few seconds, whatever it waits for.
const HANGS: Duration = Duration::from_secs(120);

/// What the daemon is doing now.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<Live>);

/// A look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// What it is doing.
    pub phase: Phase,
    /// When its loop last came round, by the clock that never goes back; `None` before the first time.
    pub beat: Option<Duration>,
    /// What keeps everything from being mirrored; it passes by itself, or `status` says what a person can do.
    pub trouble: Option<Trouble>,
    /// Lists that failed, and when each is asked for again.
    pub waiting: Vec<(&'static str, Timestamp)>,
    /// How often the bell rang while a run was under way: such a tick is folded into the next run.
    pub folded: u64,
}

/// What the daemon is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun its first run.
    #[default]
    Starting,
    /// It waits for the next tick.
    Idle {
        /// When that is, as far as any comes.
        next: Option<Timestamp>,
    },
    /// A run is under way.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// The source, or the disk, is in trouble, or nothing may be spent.
    Waiting {
        /// When it tries again.
        until: Timestamp,
    },
    /// It was told to end.
    Stopping,
}

/// What keeps everything from being mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What it is, as a sentence with the remedy.
    pub text: String,
}

impl Phase {
    /// Says it in a few words.
    pub fn in_words(self) -> String {
        match self {
            Self::Starting => "starting".to_owned(),
            Self::Idle { next: Some(next) } => format!("up to date; next look at {next:.0}"),
            Self::Idle { next: None } => "up to date; nothing is scheduled".to_owned(),
            Self::Running { since } => format!("mirroring since {since:.0}"),
            Self::Waiting { until } => format!("in trouble; trying again at {until:.0}"),
            Self::Stopping => "stopping".to_owned(),
        }
    }
}

impl Pulse {
    /// Returns a look at it.
    pub fn look(&self) -> Live {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it.
    pub(super) fn change(&self, change: impl FnOnce(&mut Live)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Live {
    /// Returns whether the loop came round lately; `elapsed` is the time of the clock that never goes back.
    pub fn is_alive(&self, elapsed: Duration) -> bool {
        self.beat.is_none_or(|beat| elapsed.saturating_sub(beat) <= HANGS)
    }
}
