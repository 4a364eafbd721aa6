//! What hangs on deals against what is stored, of all deals or of some.

use std::sync::Arc;

use super::{Comparing, Fault, LOOKS, Outcome, Wanted, ask_store};
use crate::{
    entity::{Entity, Scope},
    store::{ChildBatch, Owed, Store},
    sync::{
        EntityReport, Event,
        group::{self, Piece},
        judge,
    },
};

/// Of how many deals the sets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Of some that are drawn.
    Sample,
    /// Of all that are live.
    All,
}

/// How many deals are drawn where a hundred are asked for at a time, and where each costs a request.
const SAMPLE: [u64; 2] = [500, 25];

/// Pages that a group of a hundred deals may well take.
const MOST_PAGES: u64 = 3;

impl Share {
    /// Returns of how many of `live` deals the sets of `entity` are read.
    pub fn of(self, entity: &Entity, live: u64) -> u64 {
        match self {
            Self::All => live,
            Self::Sample => live.min(SAMPLE[usize::from(entity.is_trickle())]),
        }
    }
}

/// Returns what it costs at most to read the sets of `entity` of so many deals.
pub(super) fn price(entity: &Entity, deals: u64) -> u64 {
    let requests = match entity.child().map(|child| child.scope) {
        Some(Scope::ParentGroup { size, .. }) => deals.div_ceil(size as u64) * MOST_PAGES,
        _ => deals,
    };
    requests * entity.endpoint.cost
}

impl Comparing<'_> {
    /// Compares the sets that hang on deals, of the mirrored ones among `wanted`.
    pub(super) async fn compare_children(
        &mut self,
        share: Share,
        wanted: &[Wanted],
    ) -> Result<(), Fault> {
        let rules = Arc::clone(&self.engine.settings.children);
        let taken = |entity: &Entity| wanted.iter().any(|one| one.entity == entity);
        for rule in rules.iter().filter(|rule| taken(rule.entity)) {
            let skipped = self.report.entities.iter().any(|done| {
                done.entity == rule.entity.name
                    && matches!(done.outcome, Outcome::Skipped | Outcome::Failed)
            });
            if skipped {
                self.left_out.push(format!("{}: it could not be read", rule.entity.name));
                continue;
            }
            if !self.compare_sets(rule.entity, share).await? {
                return Ok(());
            }
        }
        self.compared.push(match share {
            Share::Sample => "children (sample)",
            Share::All => "children",
        });
        Ok(())
    }

    /// Compares the sets of one entity; returns whether the next one is worth a question.
    async fn compare_sets(&mut self, entity: &'static Entity, share: Share) -> Result<bool, Fault> {
        let Some(scope) = entity.child().map(|child| child.scope) else { return Ok(true) };
        let deals = ask_store(self.engine, move |store: &mut Store| {
            let all = store.settled(entity, None)?.len() as u64;
            store.settled(entity, Some(share.of(entity, all)))
        })
        .await?;
        let size = match scope {
            Scope::ParentGroup { size, .. } => size,
            Scope::EachParent => 1,
        };
        self.engine.observer.notice(&Event::Began {
            entity,
            resumed: false,
            first: false,
            expected: Some(deals.len() as u64),
        });
        let mut report = EntityReport::new(entity);
        for group in deals.chunks(size) {
            if self.engine.stop.is_cancelled() {
                return Ok(false);
            }
            match self.compare_group(entity, scope, group).await {
                Ok(()) => {}
                Err(Fault::Api(error)) if !judge::ends_run(&error) => {
                    self.left_out.push(format!("{}: {error}", entity.name));
                    break;
                }
                Err(fault) => return Err(fault),
            }
            report.seen += group.len() as u64;
            let (spent, took) = (self.engine.client.spent(), std::time::Duration::ZERO);
            self.engine.observer.notice(&Event::Stored { entity, so_far: &report, spent, took });
        }
        self.rows += report.seen;
        self.engine.observer.notice(&Event::Ended { report: &report });
        Ok(true)
    }

    /// Compares the sets of some deals; what differs is looked at again after a sync, deal by deal or together.
    async fn compare_group(
        &mut self,
        entity: &'static Entity,
        scope: Scope,
        deals: &[i64],
    ) -> Result<(), Fault> {
        let mut left = deals.to_vec();
        for look in 0..=LOOKS {
            let asked = left.iter().map(|id| Owed { id: *id, generation: 0, changed: None });
            let piece = Piece::new(asked.collect()).at_once();
            let pages = group::fetch(&self.engine.client, entity, scope, &piece).await?;
            let (pages, _) = group::read(entity, scope, &piece, &pages)?;
            let (rules, now) =
                (Arc::clone(&self.engine.settings.children), self.engine.server_now());
            let batch = ChildBatch { entity, asked: piece.deals, pages, rules, now };
            let found = ask_store(self.engine, move |store| store.compare_children(&batch)).await?;
            if found.is_empty() {
                return Ok(());
            }
            if look == LOOKS {
                self.note(found);
                return Ok(());
            }
            left = found.iter().filter_map(|one| one.id.parse().ok()).collect();
            if !self.sync_lists().await {
                self.left_out
                    .push(format!("{}: what differed could not be looked at again", entity.name));
                return Ok(());
            }
        }
        Ok(())
    }
}
