//! What rings when an entity may be due.
//!
//! The scheduler only rings: whether there is work is found out by whoever is woken, from what is stored and the time. So
//! it may ring twice or in vain, and when it does not ring at all (a machine that was asleep, a clock that was set back)
//! a heartbeat finds the work a little later.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{Phase, Pulse};
use crate::schedule::Schedule;

/// Wakes the loop. However often it rings during a run, it wakes it once.
#[derive(Debug)]
pub struct Bell {
    rung: Notify,
    pulse: Arc<Pulse>,
}

impl Bell {
    /// Makes a bell that counts in `pulse` how often it rang during a run.
    pub fn new(pulse: Arc<Pulse>) -> Self {
        Self { rung: Notify::new(), pulse }
    }

    /// Rings.
    pub fn ring(&self) {
        self.pulse.change(|live| {
            live.folded += u64::from(matches!(live.phase, Phase::Running { .. }));
        });
        self.rung.notify_one();
    }

    /// Waits until it rings, or returns at once if it rang since the last time.
    ///
    /// # Cancel safety
    ///
    /// A ring that comes while nobody waits is kept.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }
}

/// The scheduler could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler cannot be started: {0}")]
pub struct BellError(#[from] JobSchedulerError);

/// Rings a bell at every tick, until it is dropped.
pub struct Ringer(JobScheduler);

impl Ringer {
    /// Rings `bell` at the ticks of `schedules`, each of them once.
    ///
    /// # Errors
    ///
    /// The scheduler's.
    pub async fn start<'s>(
        schedules: impl IntoIterator<Item = &'s Schedule>,
        bell: &Arc<Bell>,
    ) -> Result<Self, BellError> {
        let scheduler = JobScheduler::new().await?;
        let mut ticks: Vec<&str> = schedules.into_iter().map(Schedule::six_fields).collect();
        ticks.sort_unstable();
        ticks.dedup();
        for six in ticks {
            let bell = Arc::clone(bell);
            // A panic in here would silence the scheduler for good, so there is nothing in here that could.
            scheduler.add(Job::new(six, move |_, _| bell.ring())?).await?;
        }
        scheduler.start().await?;
        Ok(Self(scheduler))
    }

    /// Falls silent.
    pub async fn stop(mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::debug!("The scheduler did not stop in good order: {error}");
        }
    }
}
