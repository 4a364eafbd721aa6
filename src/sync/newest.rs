//! Looking at the newest page of a list before the rest of it is read.

use jiff::Timestamp;
use tracing::debug;

use super::{
    Fault,
    fetch::Patience,
    gap, judge,
    walk::{Leg, Walk},
};
use crate::{
    api::{ApiError, Page, Verdict},
    store::Purpose,
};

/// What the newest page told.
pub(super) struct End {
    /// The oldest change time on it; `None` if nothing older is there.
    pub(super) oldest: Option<Timestamp>,
    /// Rows a second on it.
    pub(super) density: Option<f64>,
    /// How many of its rows were changed in its oldest second.
    pub(super) in_oldest: usize,
}

impl Walk<'_> {
    /// Reads the newest page, and with it the rows that name no change time if the source sorts them last; returns `None`
    /// if that cannot be had, or cannot be of a list that is read up to `place` and goes on there.
    ///
    /// # Errors
    ///
    /// What ends the pass; every page stored before it stays.
    pub(super) async fn look_at_the_end(&mut self, place: Timestamp) -> Result<Option<End>, Fault> {
        let mut walk = Self::new(self.engine, self.entity, self.at.clone());
        walk.turn(Leg::Backwards { down_to: self.at.floor });
        let stop = self.engine.stop.clone();
        loop {
            let fetched = stop.run_until_cancelled(walk.fetch(Patience::Little)).await;
            let page = match fetched {
                None => return Ok(None),
                Some(Ok(page)) => page,
                Some(Err(error)) if ends_all(&error) => return Err(Fault::Api(error)),
                Some(Err(error)) => {
                    let name = self.entity.name;
                    debug!(entity.name = name, "The newest page cannot be had: {error}");
                    return Ok(None);
                }
            };
            let next = page.next.clone();
            self.lend(&mut walk);
            let times = walk.keep_end(page).await;
            self.lend(&mut walk);
            let Some(times) = times? else { return Ok(None) };
            let undated = times.last().is_none_or(Option::is_none);
            let times: Vec<Timestamp> = times.into_iter().flatten().collect();
            let end = |oldest: Option<Timestamp>| End {
                oldest,
                density: gap::density(times.iter().copied()),
                in_oldest: times.iter().filter(|at| Some(**at) == oldest).count(),
            };
            return Ok(match (next, times.last()) {
                (Some(next), _) if undated => {
                    walk.cursor = Some(next);
                    continue;
                }
                (Some(_), Some(&oldest)) => Some(end(Some(oldest))),
                (None, Some(&oldest)) if oldest <= place => Some(end(None)),
                _ => None,
            });
        }
    }

    /// Stores a page of the newest rows; returns their change times, or `None` if it cannot be what was asked for.
    async fn keep_end(&mut self, page: Page) -> Result<Option<Vec<Option<Timestamp>>>, Fault> {
        let decoded = self.decode(&page).await?;
        let times: Vec<_> = decoded.records.iter().map(|record| record.changed).collect();
        let sorted = times.iter().flatten().is_sorted_by(|newer, older| newer >= older);
        let sound = self.check(&page, &decoded).and_then(|()| self.check_place(&page));
        if let Err(error) = sound {
            debug!(entity.name = self.entity.name, "The newest page tells nothing: {error}");
            return Ok(None);
        }
        self.store(page, decoded, Purpose::Pass, None).await?;
        Ok(sorted.then_some(times))
    }

    /// Gives `other` the report of the pass, or takes it back.
    pub(super) fn lend(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.report, &mut other.report);
        std::mem::swap(&mut self.others, &mut other.others);
    }
}

/// Returns whether nothing else of this list can be had after `error` either.
fn ends_all(error: &ApiError) -> bool {
    judge::ends_run(error) || error.verdict() == Verdict::Postpone
}
