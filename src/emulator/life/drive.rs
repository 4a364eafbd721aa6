//! Life by the emulator's clock, while requests are answered.

use std::{convert::Infallible, time::Duration};

use super::{super::Emulator, Life};

/// How far behind its time an act may come. What is later, after the machine slept, does not happen at all: a company
/// does not do a night's work in a second.
const LAG: Duration = Duration::from_secs(1);

impl Emulator {
    /// Lets the world go on for as long as the future is kept. A request waits for one act at most.
    pub async fn live(&self, mut life: Life) -> Infallible {
        let mut due = self.clock.elapsed();
        loop {
            let now = self.clock.elapsed();
            due = (due + life.gap()).max(now.saturating_sub(LAG));
            match due.saturating_sub(now) {
                // Those who wait have their turn between two acts.
                Duration::ZERO => tokio::task::yield_now().await,
                wait => self.clock.sleep(wait).await,
            }
            life.step(&mut self.world());
        }
    }
}
