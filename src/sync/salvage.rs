//! Reading what the way by time does not reach.

use tracing::warn;

use super::{
    Fault,
    fetch::{self, PageSize},
    walk::{Leg, Walk},
};
use crate::api::{ApiError, Page};

impl Walk<'_> {
    /// Reads newest first what lies behind a place that cannot be read, without moving the mark: fresh rows should not
    /// wait until that place is healed. It ends at that place, or where nothing is new any more.
    pub(super) async fn read_behind(&mut self) {
        self.turn(Leg::Backwards);
        if let Err(fault) = self.read_while(|_, changed| changed > 0).await {
            warn!(entity.name = self.entity.name, "Reading behind that place ended: {fault}");
        }
    }

    /// Reads the rows that name no change time, in case the source sorts them last: they are the first of the reverse
    /// order, and no pass with a lower end sees them.
    pub(super) async fn read_undated(&mut self) -> Result<(), Fault> {
        self.turn(Leg::Backwards);
        let mark = self.at.mark.take();
        let read = self.read_while(|undated, _| undated).await;
        self.at.mark = mark;
        read
    }

    /// Stores pages of the reverse order while `more` says so of the page just stored: whether its last row names no
    /// change time, and how many of its rows were new.
    async fn read_while(&mut self, more: impl Fn(bool, u64) -> bool) -> Result<(), Fault> {
        self.size = PageSize::new(self.entity.endpoint.page_limit);
        loop {
            let Some(fetched) =
                self.engine.stop.clone().run_until_cancelled(self.fetch_backwards()).await
            else {
                return Ok(());
            };
            let page = fetched?;
            let next = page.next.clone();
            let decoded = self.decode(&page).await?;
            let undated = decoded.records.last().is_some_and(|record| record.changed.is_none());
            let done = self.store(page, decoded, None).await?;
            if next.is_none() || !more(undated, done.written) {
                return Ok(());
            }
            self.cursor = next;
        }
    }

    async fn fetch_backwards(&mut self) -> Result<Page, ApiError> {
        let call = self.call();
        fetch::page(&self.engine.client, &call, self.cursor.as_ref(), &mut self.size).await
    }
}
