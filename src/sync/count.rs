//! A backfill is complete when it was counted: a listing that was silently cut short looks like success.

use tracing::warn;

use super::{Fault, Outcome, judge, steps::Steps, total::total_of, walk::Ended};
use crate::{api::Call, endpoint, entity::Entity};

impl Steps<'_> {
    /// Counts the live deals against the source's own total, once, after the first complete pass; returns whether the run
    /// may go on.
    pub(super) async fn count(&mut self, lists: &[&'static Entity]) -> Result<bool, Fault> {
        let live = lists.iter().copied().find(|list| *list.endpoint == endpoint::DEALS);
        let Some(list) = live.filter(|list| self.outcome(list) == Some(Outcome::Complete)) else {
            return Ok(true);
        };
        let now = self.engine.server_now();
        let (counted, stored) = self
            .engine
            .writer
            .run(move |store| Ok((store.is_counted(now)?, store.checkpoint(list)?)))
            .await?;
        if counted || stored.is_none_or(|stored| stored.floor.is_some()) {
            return Ok(true);
        }
        let Some(mut difference) = self.difference(list).await? else { return Ok(true) };
        if difference.is_some() {
            // Deals came and went while the first pass was under way: a second look at both.
            if !self.read_list(list).await? {
                return Ok(false);
            }
            let Some(second) = self.difference(list).await? else { return Ok(true) };
            difference = second;
        }
        if let Some((source, mirror)) = difference {
            warn!(
                "The source counts {source} live deals, the mirror holds {mirror}; everything is walked by id"
            );
            let go_on = self.reconcile(lists).await?;
            if !go_on || self.outcome(list) != Some(Outcome::Complete) {
                self.engine.writer.run(move |store| store.set_uncountable(now)).await?;
                return Ok(go_on);
            }
            let mirror = self.engine.writer.run(move |store| store.countable(list)).await?;
            difference = (mirror != source).then_some((source, mirror));
        }
        if let Some((source, mirror)) = difference {
            self.report.notes.push(format!(
                "the source counts {source} live deals, the mirror holds {mirror}, and a walk over all of them found no more; \
                 deals that this token's user may not see are the likely reason"
            ));
        }
        self.engine.writer.run(move |store| store.set_counted(difference)).await?;
        Ok(true)
    }

    /// Asks for the source's total; returns it and the mirror's where they differ. `None` where it could not be had.
    async fn difference(
        &mut self,
        list: &'static Entity,
    ) -> Result<Option<Option<(u64, u64)>>, Fault> {
        let part = self.begin("count", list).await?;
        let stop = self.engine.stop.clone();
        let call = Call::new(&endpoint::DEALS_SUMMARY);
        let asked = stop.run_until_cancelled(self.engine.client.get(&call)).await;
        let mut report = super::EntityReport::new(list);
        let (total, ended) = match asked.map(|asked| asked.and_then(|answer| total_of(&answer))) {
            None => (None, Ok(Ended::Stopped)),
            Some(Ok(total)) => (Some(total), Ok(Ended::Complete)),
            Some(Err(error)) if judge::ends_run(&error) => (None, Err(Fault::Api(error))),
            Some(Err(error)) => {
                // The deals are there; only the proof is not. It is not asked for every five minutes.
                let now = self.engine.server_now();
                self.engine.writer.run(move |store| store.set_uncountable(now)).await?;
                self.report.notes.push(format!("the mirror could not be counted: {error}"));
                (None, Ok(Ended::Complete))
            }
        };
        report.outcome = Outcome::Complete;
        self.end(part, ended, report, Vec::new()).await?;
        let Some(source) = total else { return Ok(None) };
        let mirror = self.engine.writer.run(move |store| store.countable(list)).await?;
        Ok(Some((source != mirror).then_some((source, mirror))))
    }
}
