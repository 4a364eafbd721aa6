//! Finding a way on after an error.

use tracing::debug;

use super::{
    Fault, fetch,
    plan::{self, Lookback},
    walk::{Leg, Walk},
};
use crate::{
    api::{ApiError, Verdict},
    entity::instant,
    store::Reading,
};

impl Walk<'_> {
    /// Finds a way on after `error`, or passes it on.
    pub(super) async fn recover(&mut self, error: ApiError) -> Result<(), Fault> {
        match error.verdict() {
            Verdict::RestartWalk => self.restart(error).await,
            // Not even one row could be had: a place that cannot be read, or a source that is in trouble.
            Verdict::Shrink | Verdict::Retry { .. }
                if self.leg == Leg::ByTime && fetch::may_be_one_place(&error) =>
            {
                let place = self.place();
                let behind = self.read_behind().await?;
                Err(Fault::Stuck { place, behind, error })
            }
            _ => Err(Fault::Api(error)),
        }
    }

    /// Begins again at the stored mark after a refused cursor. What then does not get beyond one second reads that
    /// second by id, and what does not get through even so is a failure.
    async fn restart(&mut self, error: ApiError) -> Result<(), Fault> {
        let times = if self.refused.0 == self.at.mark { self.refused.1 + 1 } else { 1 };
        self.refused = (self.at.mark, times);
        debug!(entity.name = self.entity.name, times, "Beginning again at the mark: {error}");
        if self.leg == Leg::ById && times <= 3 {
            return self.begin_sweep().await;
        }
        let on = match (self.leg, self.at.mark, times) {
            (Leg::Whole, _, 1..=3) => {
                self.reading = Reading::default();
                Leg::Whole
            }
            (Leg::ByTime, Some(mark), 2) => Leg::Second(mark),
            (Leg::ByTime, _, 1) => Leg::ByTime,
            _ => return Err(Fault::Api(error)),
        };
        self.turn(on);
        if let (Leg::ByTime, Some(window)) = (on, self.window) {
            (self.at.since, self.at.until) = (window.from(), Some(window.until));
        } else if on == Leg::ByTime {
            let look = Lookback { overlap: self.engine.settings.overlap, crowd: self.at.mark };
            self.at.since = self
                .at
                .mark
                .map_or(self.at.since, |mark| Some(plan::since(mark, look, self.at.floor)));
            self.at.cursor = None;
            let (entity, at) = (self.entity, self.at.clone());
            self.engine.writer.run(move |store| store.save_checkpoint(entity, &at)).await?;
            self.read_undated_if_cut().await?;
        }
        Ok(())
    }

    /// A first pass that has to begin again at its mark no longer sees rows without a change time on its way.
    pub(super) async fn read_undated_if_cut(&mut self) -> Result<(), Fault> {
        let first = self.at.complete_began_at.is_none() && self.at.floor.is_none();
        if self.leg != Leg::ByTime || !first || self.at.since.is_none() {
            return Ok(());
        }
        self.read_undated().await?;
        self.turn(Leg::ByTime);
        Ok(())
    }

    /// Says where the walk is, for a person.
    fn place(&self) -> String {
        self.at.mark.or(self.window.and_then(|window| window.from())).map_or_else(
            || "at the beginning".to_owned(),
            |mark| format!("after {}", instant::text(mark)),
        )
    }
}
