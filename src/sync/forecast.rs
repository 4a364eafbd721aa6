//! What a run is going to cost, worked out before it begins. Pure: from how things stand to a price.
//!
//! Where the mirror was filled once, its own rows tell and the price is exact, as long as the source did not change much
//! meanwhile. Before that it is a range, whose ends rest on the constants below.

use super::{
    spread,
    standing::{ChildStanding, ListStanding, Pass, Refusal, Standing},
};
use crate::{
    endpoint::{DEALS, DEALS_ARCHIVED, DEALS_SUMMARY, Paging, USERS_ME},
    entity::{Entity, Evidence, Scope},
};

/// Custom fields are columns, and SQLite has room for 2,000 of them: pages of fields, at most.
const MOST_FIELD_PAGES: u64 = 4;

/// Pages of a group of deals that was not read yet, at most: 1,500 lines of a hundred deals.
const MOST_GROUP_PAGES: u64 = 3;

/// Candidates asked for at a time, as a reconcile does it.
pub(super) const AT_A_TIME: u64 = 99;

/// Rows that deals name, asked for at a time.
const AT_ONCE: u64 = 100;

/// Organizations or persons that a deal names at most, on average: its own, and those in custom fields.
const MOST_NAMED_PER_DEAL: u64 = 2;

/// Rows of a listing that is read whole for the first time, for each live deal, at most.
const MOST_ROWS_PER_DEAL: u64 = 10;

/// From so much to so much: requests, and their cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// Requests, at least.
    pub requests: u64,
    /// Requests, at most.
    pub requests_max: u64,
    /// Cost of the daily budget, at least.
    pub cost: u64,
    /// Cost of the daily budget, at most.
    pub cost_max: u64,
}

impl Price {
    /// Returns the price of `least` to `most` requests that cost `each`.
    fn range(least: u64, most: u64, each: u64) -> Self {
        Self { requests: least, requests_max: most, cost: least * each, cost_max: most * each }
    }

    fn exactly(requests: u64, each: u64) -> Self {
        Self::range(requests, requests, each)
    }

    /// Returns both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            requests_max: self.requests_max + other.requests_max,
            cost: self.cost + other.cost,
            cost_max: self.cost_max + other.cost_max,
        }
    }

    /// Returns whether it is a range rather than a figure.
    pub fn is_estimate(&self) -> bool {
        self.cost != self.cost_max
    }
}

/// What one entity is going to cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntityPrice {
    /// Which.
    pub entity: &'static Entity,
    /// Rows of its list, or deals that are owed, where that is known.
    pub rows: Option<u64>,
    /// The price.
    pub price: Price,
}

/// What a run is going to cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Asking whose token it is.
    pub account: Price,
    /// Every entity, in the order in which a run takes them up.
    pub entities: Vec<EntityPrice>,
}

impl Forecast {
    /// Works out the price of a run that finds things as they stand.
    pub fn new(standing: &Standing) -> Self {
        let live = standing.live.unwrap_or(0);
        let ahead = standing.lists.iter().map(|list| deals_ahead(list, live)).sum();
        let lists = standing.lists.iter().map(|list| EntityPrice {
            entity: list.entity,
            rows: known_rows(list, standing),
            price: list_price(list, standing),
        });
        let children = standing.children.iter().map(|child| EntityPrice {
            entity: child.entity,
            rows: (ahead == 0).then_some(child.owed.deals),
            price: child_price(child, ahead),
        });
        let mut entities: Vec<EntityPrice> = lists.chain(children).collect();
        entities.sort_by_key(|one| place(standing, one.entity));
        Self { account: Price::exactly(1, USERS_ME.cost), entities }
    }

    /// Returns the price of the whole run.
    pub fn total(&self) -> Price {
        self.entities.iter().fold(self.account, |sum, one| sum.and(one.price))
    }

    /// Returns the price of everything but what may take days.
    pub fn fresh(&self) -> Price {
        let fresh = self.entities.iter().filter(|one| !one.entity.is_trickle());
        fresh.fold(self.account, |sum, one| sum.and(one.price))
    }
}

fn place(standing: &Standing, entity: &Entity) -> Option<usize> {
    standing.order.iter().position(|other| *other == entity)
}

/// Returns how many requests bring `rows` rows: an empty list is asked for, too.
pub(super) fn pages(rows: u64, entity: &Entity) -> u64 {
    if entity.endpoint.paging == Paging::None {
        return 1;
    }
    rows.div_ceil(entity.endpoint.page_limit as u64).max(1)
}

/// Returns how many deals of a list that is read for the first time lie ahead, at most.
fn deals_ahead(list: &ListStanding, live: u64) -> u64 {
    match list.pass {
        Pass::First { .. } if is_live(list) => live.saturating_sub(list.stored),
        Pass::First { .. } if list.entity.has_floor() => most_rows(list, live),
        _ => 0,
    }
}

fn is_live(list: &ListStanding) -> bool {
    *list.entity.endpoint == DEALS
}

/// Returns how many rows a first pass may bring: of live deals also those that were deleted within 30 days, up to half as
/// many and 500; of archived deals, which nothing but reading them counts, up to three times the live ones and 500.
fn most_rows(list: &ListStanding, live: u64) -> u64 {
    let most = if is_live(list) { live + live / 2 } else { 3 * live };
    (most + 500).saturating_sub(list.stored)
}

fn known_rows(list: &ListStanding, standing: &Standing) -> Option<u64> {
    match list.pass {
        Pass::First { .. } if is_live(list) => standing.live,
        Pass::First { .. } => None,
        Pass::None | Pass::Known { .. } => Some(list.stored),
    }
}

fn list_price(list: &ListStanding, standing: &Standing) -> Price {
    let (entity, live) = (list.entity, standing.live.unwrap_or(0));
    let ahead: u64 = standing.lists.iter().map(|list| deals_ahead(list, live)).sum();
    let cost = entity.endpoint.cost;
    // A pass that goes on where it was left is followed by one that begins now.
    let pass = match list.pass {
        Pass::None => Price::default(),
        Pass::Known { rows, resumed } => {
            let least = pages(rows, entity) + u64::from(resumed);
            // Rows that no deal names show up among those that changed, too.
            let most = if list.named.is_some() { 2 * least } else { least };
            Price::range(least, most, cost)
        }
        Pass::First { .. } if entity.endpoint.paging == Paging::None => Price::exactly(1, cost),
        Pass::First { .. } if !entity.is_list() => Price::range(1, MOST_FIELD_PAGES, cost),
        Pass::First { .. } if !entity.has_floor() => {
            Price::range(1, pages(MOST_ROWS_PER_DEAL * (live + 500), entity), cost)
        }
        Pass::First { resumed, floor } => {
            let least = if is_live(list) && !floor { live.saturating_sub(list.stored) } else { 0 };
            let more = u64::from(resumed);
            Price::range(
                pages(least, entity) + more,
                pages(most_rows(list, live), entity) + more,
                cost,
            )
        }
    };
    let count = u64::from(standing.count && is_live(list));
    let walk = list.sweep.map_or(0, |rows| pages(rows, entity));
    let named = list.named.map_or_else(Price::default, |named| {
        let most = named + MOST_NAMED_PER_DEAL * ahead;
        Price::range(named.div_ceil(AT_ONCE), most.div_ceil(AT_ONCE), cost)
    });
    in_windows(pass, list)
        .and(Price::exactly(count, DEALS_SUMMARY.cost))
        .and(Price::exactly(walk, cost))
        .and(confirm_price(list))
        .and(named)
}

/// Returns what `pass` costs if it is read in several windows, of which each may end with a page that is all but empty.
fn in_windows(pass: Price, list: &ListStanding) -> Price {
    let Some(left) = list.windows.filter(|_| pass.requests_max > 1) else { return pass };
    let (least, most) = (pass.requests.max(left), pass.requests_max + left);
    Price::range(least, most + spread::most_more(most), list.entity.endpoint.cost)
}

/// Returns what it costs to ask for the candidates of a list by their ids.
fn confirm_price(list: &ListStanding) -> Price {
    let (groups, cost) = (list.candidates.div_ceil(AT_A_TIME), list.entity.endpoint.cost);
    if list.entity.has_floor() {
        // In the live list, the archived one if any is left, and the live one again.
        return Price {
            requests: groups,
            requests_max: 3 * groups,
            cost: groups * DEALS.cost,
            cost_max: 4 * groups * DEALS.cost,
        };
    }
    // Twice where one is absent; and a row that is there, where no walk met one.
    match groups {
        0 => Price::default(),
        _ => Price::range(groups + u64::from(list.named.is_some()), 2 * groups + 1, cost),
    }
}

/// Returns what it costs at most to ask for `deals` by their ids, and for the rows beside them that are known to be there.
pub(super) fn asked_by_id(deals: u64) -> u64 {
    let groups = deals.div_ceil(AT_A_TIME);
    if groups == 0 { 0 } else { 4 * groups * DEALS.cost + DEALS.cost + DEALS_ARCHIVED.cost }
}

/// Returns what the children of the deals that are owed cost, and of as many as `ahead` that are not read yet.
fn child_price(child: &ChildStanding, ahead: u64) -> Price {
    let cost = child.entity.endpoint.cost;
    let owed = child.owed;
    let (least, most) = match child.entity.child().map(|child| child.scope) {
        Some(Scope::ParentGroup { size, .. }) => {
            let all = owed.groups + owed.more_pages;
            let new = ahead.div_ceil(size as u64) * MOST_GROUP_PAGES;
            // Deals that come between those that are owed change who is asked for together.
            (if ahead > 0 { owed.groups } else { all }, all + new)
        }
        _ => (owed.deals, owed.deals + child.may_follow + ahead),
    };
    match child.refusal {
        Refusal::Lasts => Price::default(),
        // One request finds out.
        Refusal::MayBeOver => Price::range(least.min(1), most, cost),
        Refusal::None => Price::range(least, most, cost),
    }
}

/// Returns whether what hangs on deals by `evidence` may be owed once their lines are read.
pub(super) fn follows_lines(evidence: Evidence) -> bool {
    evidence == Evidence::ValueGap
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entity::find, store::OwedNow};

    fn list(name: &str, stored: u64, pass: Pass) -> ListStanding {
        ListStanding {
            entity: find(name).unwrap(),
            stored,
            pass,
            windows: None,
            sweep: None,
            candidates: 0,
            named: None,
        }
    }

    fn child(name: &str, deals: u64) -> ChildStanding {
        let owed = OwedNow { deals, groups: deals.div_ceil(100), ..OwedNow::default() };
        ChildStanding { entity: find(name).unwrap(), owed, refusal: Refusal::None, may_follow: 0 }
    }

    fn standing(
        live: u64,
        lists: Vec<ListStanding>,
        children: Vec<ChildStanding>,
        count: bool,
    ) -> Standing {
        let order = crate::entity::ENTITIES.to_vec();
        Standing { live: Some(live), lists, children, count, order }
    }

    fn lines(forecast: &Forecast) -> String {
        let mut lines: Vec<String> = forecast
            .entities
            .iter()
            .map(|one| {
                let Price { requests, cost, cost_max, .. } = one.price;
                format!("{} {requests} {cost}..{cost_max} {:?}", one.entity.name, one.rows)
            })
            .collect();
        let total = forecast.total();
        lines.push(format!("total {} {}..{}", total.requests, total.cost, total.cost_max));
        lines.join("\n")
    }

    #[test]
    fn a_mirror_that_is_up_to_date_costs_32() {
        let quiet = Pass::Known { rows: 200, resumed: false };
        let lists = vec![
            list("deals", 90_000, quiet),
            list("deals_archived", 7, quiet),
            list("deal_fields", 80, Pass::None),
        ];
        let forecast = Forecast::new(&standing(90_000, lists, vec![], false));
        insta::assert_snapshot!(lines(&forecast), @"
        deal_fields 0 0..0 Some(80)
        deals 1 10..10 Some(90000)
        deals_archived 1 20..20 Some(7)
        total 3 32..32
        ");
    }

    #[test]
    fn before_the_first_pass_the_price_is_a_range_that_begins_with_the_live_deals() {
        let first = Pass::First { resumed: false, floor: false };
        let lists = ["deal_fields", "deals", "deals_archived"].map(|name| list(name, 0, first));
        let children = vec![child("deal_products", 0), child("deal_followers", 0)];
        let forecast = Forecast::new(&standing(100_000, lists.to_vec(), children, true));
        insta::assert_snapshot!(lines(&forecast), @"
        deal_fields 1 10..40 None
        deals 201 2040..3050 Some(100000)
        deal_products 0 0..120150 None
        deals_archived 1 20..12020 None
        deal_followers 0 0..4005000 None
        total 204 2072..4140262
        ");
    }

    #[test]
    fn a_pass_that_goes_on_costs_what_is_left_and_a_page_that_begins_now() {
        let left = Pass::Known { rows: 1_001, resumed: true };
        let forecast =
            Forecast::new(&standing(9_000, vec![list("deals", 9_000, left)], vec![], true));
        assert_eq!(
            forecast.total(),
            Price::exactly(4, 10).and(Price::exactly(1, 40)).and(Price::exactly(1, 2))
        );
        let first = Pass::First { resumed: true, floor: false };
        let forecast =
            Forecast::new(&standing(9_000, vec![list("deals", 8_000, first)], vec![], false));
        assert_eq!((forecast.total().cost, forecast.total().cost_max), (2 + 30, 2 + 130));
    }

    #[test]
    fn what_is_owed_is_asked_for_by_the_hundred_or_deal_by_deal() {
        let mut products = child("deal_products", 301);
        products.owed.more_pages = 2;
        let mut discounts = child("deal_discounts", 5);
        discounts.may_follow = 301;
        let mut installments = child("deal_installments", 301);
        installments.refusal = Refusal::Lasts;
        let mut followers = child("deal_followers", 7);
        followers.refusal = Refusal::MayBeOver;
        let children = vec![products, installments, discounts, followers];
        let forecast = Forecast::new(&standing(0, vec![], children, false));
        insta::assert_snapshot!(lines(&forecast), @"
        deal_products 6 60..60 Some(301)
        deal_installments 0 0..0 Some(301)
        deal_discounts 5 50..3060 Some(5)
        deal_followers 1 10..70 Some(7)
        total 13 122..3192
        ");
    }

    #[test]
    fn a_walk_by_id_costs_its_pages_and_its_candidates() {
        let walked = ListStanding {
            sweep: Some(1_000),
            candidates: 100,
            ..list("deals", 1_000, Pass::Known { rows: 3, resumed: false })
        };
        let total = Forecast::new(&standing(1_000, vec![walked], vec![], false)).total();
        assert_eq!((total.cost, total.cost_max), (2 + 10 + 20 + 20, 2 + 10 + 20 + 80));
    }
}
