//! Custom fields that show up in deals before anybody described them.

use tracing::debug;

use super::{Event, Fault, Outcome, judge, walk::Walk};
use crate::{
    api::Page,
    entity::{self, Decoded, Entity},
};

impl Walk<'_> {
    /// Decodes `page`; where it holds values of custom fields nobody knows, those are asked for first, so that their
    /// columns are there before the page that needs them.
    pub(super) async fn decode(&mut self, page: &Page) -> Result<Decoded, Fault> {
        let catalog = self.engine.catalog();
        let decoded = entity::decode(self.entity, &catalog, &page.body, &page.rows);
        if decoded.unknown_fields.is_empty() || !self.learn_fields(&decoded).await? {
            return Ok(decoded);
        }
        Ok(entity::decode(self.entity, &self.engine.catalog(), &page.body, &page.rows))
    }

    /// Reads the description of fields again if `decoded` names some that were not asked for yet; returns whether it did.
    async fn learn_fields(&mut self, decoded: &Decoded) -> Result<bool, Fault> {
        let describing = self.entity.table.custom.and_then(entity::describing);
        let Some(describing) = describing.filter(|_| self.engine.may_ask_fields()) else {
            return Ok(false);
        };
        let mut asked = self.engine.writer.run(|store| store.asked_fields()).await?;
        if decoded.unknown_fields.iter().all(|code| asked.contains(code)) {
            return Ok(false);
        }
        let name = self.entity.name;
        debug!(entity.name = name, "Deals hold custom fields that are not described yet");
        let well = self.read_fields(describing).await?;
        self.engine.renew().await?;
        self.engine.reload_catalog().await?;
        if well {
            // What the source does not describe even now is not asked for again, page after page.
            asked.extend(decoded.unknown_fields.iter().cloned());
            self.engine.writer.run(move |store| store.save_asked_fields(&asked)).await?;
        }
        Ok(true)
    }

    /// Reads all fields, in the middle of this pass; returns whether that went well. Without their description values
    /// stay in the raw text, from where they are filled in later.
    async fn read_fields(&mut self, describing: &'static Entity) -> Result<bool, Fault> {
        let before = self.engine.client.spent();
        let start = self.engine.start(describing).await?;
        let mut walk = Walk::new(self.engine, describing, start);
        // On the heap: a walk that holds a walk has no size.
        let ended = Box::pin(walk.run()).await;
        let after = self.engine.client.spent();
        walk.report.requests = after.requests - before.requests;
        walk.report.cost = after.cost - before.cost;
        let fault = judge::judge(ended, &mut walk.report);
        self.engine.observer.notice(&Event::Ended { report: &walk.report });
        self.engine.note_fields(describing, walk.report.outcome);
        let well = walk.report.outcome == Outcome::Complete;
        self.others.push(walk.report);
        fault.map_or(Ok(well), Err)
    }
}
