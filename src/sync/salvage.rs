//! Reading what the way by time does not reach.

use jiff::Timestamp;
use tracing::warn;

use super::{
    Fault,
    fetch::{PageSize, Patience},
    walk::{Leg, Walk},
};
use crate::store::Purpose;

impl Walk<'_> {
    /// Reads newest first what lies behind a place that cannot be read, without moving the mark: fresh rows should not
    /// wait until that place is healed. It ends at that place, or where nothing is new any more; returns whether it
    /// stored anything or got to its end.
    pub(super) async fn read_behind(&mut self) -> Result<bool, Fault> {
        let stored = self.report.pages;
        let read = match self.window {
            // What lies behind the window may be out of date, too: nothing reads it before all windows are read.
            Some(window) => {
                let rest = self.read_back(window.from(), Some(window.until)).await;
                let newest = self.read_back(Some(window.until), None).await;
                newest.and(rest)
            }
            None => self.read_back(self.at.mark.or(self.at.floor), self.at.until).await,
        };
        match read {
            Ok(()) => Ok(true),
            Err(Fault::Api(error)) => {
                warn!(entity.name = self.entity.name, "Reading behind that place ended: {error}");
                Ok(self.report.pages > stored)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Reads newest first what changed from one instant to another, as long as anything is new.
    async fn read_back(
        &mut self,
        down_to: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<(), Fault> {
        self.at.until = until;
        self.turn(Leg::Backwards { down_to });
        self.read_while(|_, changed| changed > 0).await
    }

    /// Reads the rows that name no change time, in case the source sorts them last: they are the first of the reverse
    /// order, and no pass with a lower end sees them.
    pub(super) async fn read_undated(&mut self) -> Result<(), Fault> {
        self.turn(Leg::Backwards { down_to: None });
        self.read_while(|undated, _| undated).await
    }

    /// Stores pages of the reverse order while `more` says so of the page just stored: whether its last row names no
    /// change time, and how many of its rows were new.
    async fn read_while(&mut self, more: impl Fn(bool, u64) -> bool) -> Result<(), Fault> {
        self.size = PageSize::new(self.entity.endpoint.page_limit);
        loop {
            let Some(fetched) =
                self.engine.stop.clone().run_until_cancelled(self.fetch(Patience::Little)).await
            else {
                return Ok(());
            };
            let page = fetched?;
            let next = page.next.clone();
            let decoded = self.decode(&page).await?;
            let undated = decoded.records.last().is_some_and(|record| record.changed.is_none());
            let purpose =
                self.window.map_or(Purpose::Pass, |window| Purpose::Window { window, read: false });
            let done = self.store(page, decoded, purpose, None).await?;
            if next.is_none() || !more(undated, done.written) {
                return Ok(());
            }
            self.cursor = next;
        }
    }
}
