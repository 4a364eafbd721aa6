//! Every row of the lists of deals against what is stored.

use std::collections::BTreeSet;

use super::{Comparing, Fault, LOOKS, ask_store};
use crate::{
    api::{Call, Page, Verdict},
    entity::{self, Decoded, Entity, Table},
    progress::{Checkpoint, Cursor},
    store::{Difference, Looked, Seen},
    sync::{
        EntityReport, Event,
        fetch::{self, PageSize, Patience},
        walk::{Leg, Walk},
    },
};

/// Rows that are asked for by their ids at a time.
///
/// Source: API reference, "Get all deals": `ids`, "up to 100".
const AT_A_TIME: usize = 100;

/// How often a walk begins anew whose cursor is refused.
const RESTARTS: u32 = 3;

impl Comparing<'_> {
    /// Compares every row of the lists of deals, and looks at what differs again.
    pub(super) async fn compare_rows(&mut self) -> Result<(), Fault> {
        let lists = self.read_lists();
        let Some(table) = lists.first().map(|list| list.table) else { return Ok(()) };
        let mut suspects = BTreeSet::new();
        for list in lists {
            match self.walk(list).await? {
                Some(found) => suspects.extend(found),
                None => return Ok(()),
            }
        }
        let mut differences = Vec::new();
        for _ in 0..LOOKS {
            if suspects.is_empty() {
                break;
            }
            if !self.sync_lists().await {
                self.left_out.push("rows: what differed could not be looked at again".to_owned());
                return Ok(());
            }
            differences = self.look_again(table, &suspects).await?;
            suspects = differences.iter().filter_map(|one| one.id.parse().ok()).collect();
        }
        if !suspects.is_empty() {
            self.note(differences);
        }
        self.drop_followers(table.name);
        self.compared.push(if self.proof.rows { "rows" } else { "ids" });
        Ok(())
    }

    /// Walks `list` by id; returns the ids of what differs, or `None` if the walk was told to stop.
    async fn walk(&mut self, list: &'static Entity) -> Result<Option<BTreeSet<i64>>, Fault> {
        let (stored, expected) = ask_store(self.engine, move |store| {
            Ok((store.checkpoint(list)?, store.list_size(list)?))
        })
        .await?;
        let floor = stored.and_then(|stored| stored.floor);
        let at = Checkpoint { floor, ..Checkpoint::default() };
        let mut walk = Walk::by_id(self.engine, list, at);
        let expected_rows = expected.filter(|rows| *rows > 0);
        self.engine.observer.notice(&Event::Began {
            entity: list,
            resumed: false,
            first: false,
            expected: expected_rows,
        });
        let (mut suspects, mut after, mut restarts) = (BTreeSet::new(), None, 0);
        loop {
            let stop = self.engine.stop.clone();
            let Some(fetched) = stop.run_until_cancelled(walk.fetch(Patience::Full)).await else {
                return Ok(None);
            };
            let page = match fetched.and_then(|page| walk.check_place(&page).map(|()| page)) {
                Ok(page) => page,
                Err(error) if error.verdict() == Verdict::RestartWalk && restarts < RESTARTS => {
                    walk.turn(Leg::ById);
                    (after, restarts) = (None, restarts + 1);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let decoded = walk.decode(&page).await?;
            walk.check(&page, &decoded)?;
            walk.cursor.clone_from(&page.next);
            let last = walk.cursor.is_none();
            let to = after.max(last_id(&decoded));
            walk.report.seen += page.rows.len() as u64;
            walk.report.pages += 1;
            let is_empty = last && walk.report.seen == 0;
            if let Some(rows) = expected_rows.filter(|_| is_empty) {
                return Err(Fault::EmptyList { path: list.endpoint.path, rows });
            }
            let found = self.compare_page(list, page, decoded, floor, after, to.filter(|_| !last));
            suspects.extend(found.await?);
            self.notice(list, &walk.report);
            after = to;
            if last {
                self.rows += walk.report.seen;
                self.engine.observer.notice(&Event::Ended { report: &walk.report });
                return Ok(Some(suspects));
            }
        }
    }

    fn notice(&self, list: &'static Entity, so_far: &EntityReport) {
        let spent = self.engine.client.spent();
        let took = std::time::Duration::ZERO;
        self.engine.observer.notice(&Event::Stored { entity: list, so_far, spent, took });
    }

    async fn compare_page(
        &self,
        entity: &'static Entity,
        page: Page,
        decoded: Decoded,
        floor: Option<jiff::Timestamp>,
        after: Option<i64>,
        to: Option<i64>,
    ) -> Result<Vec<i64>, Fault> {
        let looked = Looked { entity, page: page.body, decoded, rows: self.proof.rows, floor };
        let found = ask_store(self.engine, move |store| store.compare(&looked, after, to)).await?;
        Ok(found.into_iter().filter_map(|one| one.id.parse().ok()).collect())
    }

    /// Asks for `ids` in every list of `table`, and compares what comes; a row that moved since the last sync is none.
    async fn look_again(
        &mut self,
        table: &'static Table,
        ids: &BTreeSet<i64>,
    ) -> Result<Vec<Difference>, Fault> {
        let (all, rows, since) =
            (ids.iter().copied().collect::<Vec<_>>(), self.proof.rows, self.synced);
        let mut differences = Vec::new();
        for ids in all.chunks(AT_A_TIME) {
            let mut seen = Seen::default();
            let lists = entity::ENTITIES.iter().copied().filter(|one| one.is_list());
            for list in lists.filter(|list| list.table.name == table.name) {
                self.ask(list, ids, &mut seen).await?;
            }
            let ids = ids.to_vec();
            differences.extend(
                ask_store(self.engine, move |store| {
                    store.compare_asked(table, &ids, &seen, rows, since)
                })
                .await?,
            );
        }
        Ok(differences)
    }

    /// Asks one list for `ids`.
    async fn ask(&self, list: &'static Entity, ids: &[i64], seen: &mut Seen) -> Result<(), Fault> {
        let mut walk = Walk::by_id(self.engine, list, Checkpoint::default());
        let asked: Vec<String> = ids.iter().map(i64::to_string).collect();
        let mut call = Call::new(list.endpoint);
        call.query.extend(list.query.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let call = call.param("ids", asked.join(","));
        let mut size = PageSize::new(list.endpoint.page_limit);
        let mut cursor = None::<Cursor>;
        loop {
            let page =
                fetch::page(&self.engine.client, &call, cursor.as_ref(), &mut size, Patience::Full)
                    .await?;
            let decoded = walk.decode(&page).await?;
            walk.check_place(&page)?;
            cursor.clone_from(&page.next);
            seen.note(page.body, decoded);
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}

/// Returns the greatest id of a page, of rows that cannot be read too.
fn last_id(decoded: &Decoded) -> Option<i64> {
    let read = decoded.records.iter().filter_map(|record| record.values[0].int());
    read.chain(decoded.unreadable.iter().filter_map(|row| row.key.parse().ok())).max()
}
