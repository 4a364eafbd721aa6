//! What a comparison costs, and the one that a daemon makes now and then.

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::{Engine, Proof, Verified, Wanted, children};
use crate::{
    endpoint::{DEALS, DEALS_ARCHIVED, DEALS_SUMMARY},
    store::{ChildRule, Sizes},
};

/// What a daemon compares.
const ALL_ROWS: Proof =
    Proof { totals: true, deep: true, rows: true, children: None, repair: true };

/// How much time lies between two comparisons of a daemon at least, however cheap they are.
const LEAST: SignedDuration = SignedDuration::from_hours(24);

/// So many differences are named in the log; all of them are counted.
const NAMED: usize = 20;

/// The statuses that totals are asked for by.
const STATUSES: u64 = 3;

impl Proof {
    /// Returns what each part of the comparison costs at most where nothing differs, the `sync` before it apart.
    pub fn prices(&self, sizes: Sizes, rules: &[ChildRule]) -> Vec<(&'static str, u64)> {
        let mut prices = Vec::new();
        if self.totals {
            prices.push(("totals", (STATUSES + sizes.pipelines) * DEALS_SUMMARY.cost));
        }
        if self.deep {
            let lists = [(sizes.live, &DEALS), (sizes.archived, &DEALS_ARCHIVED)];
            let cost = |(rows, endpoint): (u64, &'static crate::endpoint::Endpoint)| {
                rows.div_ceil(endpoint.page_limit as u64).max(1) * endpoint.cost
            };
            prices.push(("deals", lists.map(cost).iter().sum()));
        }
        for rule in rules {
            let Some(share) = self.children else { break };
            let deals = share.of(rule.entity, sizes.live + sizes.archived);
            prices.push((rule.entity.name, children::price(rule.entity, deals)));
        }
        prices
    }
}

impl Engine {
    /// Compares every deal with the source, and makes good what differs, if the daily cost that may be spent on that has
    /// added up to the price since the last time. Returns what it came to, or `None` if it is not due.
    pub async fn verify_when_due(&self, wanted: &[Wanted]) -> Option<Verified> {
        match self.is_verify_due().await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                warn!("Whether a comparison is due could not be found out: {error}");
                return None;
            }
        }
        let verified = self.verify(ALL_ROWS, wanted).await;
        let count = verified.differences.len();
        for one in verified.differences.iter().take(NAMED) {
            warn!(
                entity.name = one.entity,
                "{} {} {}: {}", one.entity, one.id, one.fate, one.evidence
            );
        }
        match count {
            0 => info!(
                run.cost = verified.report.cost,
                "The mirror was compared with the source: no difference"
            ),
            _ => warn!(
                "The mirror differed from the source in {count} places; they are made good by the next run"
            ),
        }
        Some(verified)
    }

    async fn is_verify_due(&self) -> Result<bool, crate::store::StoreError> {
        let daily = self.settings.verify_daily_cost;
        if daily == 0 {
            return Ok(false);
        }
        let (last, sizes) =
            self.writer.run(|store| Ok((store.last_compared()?, store.sizes()?))).await?;
        let Some(last) = last else { return Ok(false) };
        Ok(is_due(last, self.server_now(), daily, ALL_ROWS.prices(sizes, &[])))
    }
}

fn is_due(last: Timestamp, now: Timestamp, daily: u64, prices: Vec<(&'static str, u64)>) -> bool {
    let (since, price) =
        (now.duration_since(last), prices.iter().map(|(_, cost)| cost).sum::<u64>());
    let saved = u128::from(daily) * u128::try_from(since.as_secs()).unwrap_or(0) / 86_400;
    since >= LEAST && saved >= u128::from(price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_when_the_daily_cost_has_added_up_to_its_price() {
        let sizes = Sizes { live: 100_000, archived: 4_000, pipelines: 4 };
        let prices = ALL_ROWS.prices(sizes, &[]);
        assert_eq!(prices, [("totals", 280), ("deals", 2_000 + 160)]);
        let last: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let due = |hours: i64, daily| {
            is_due(last, last + SignedDuration::from_hours(hours), daily, prices.clone())
        };
        // 2,440 at 500 a day are 4.88 days.
        assert_eq!([due(117, 500), due(118, 500)], [false, true]);
        assert_eq!([due(23, 1_000_000), due(24, 1_000_000)], [false, true]);
    }
}
