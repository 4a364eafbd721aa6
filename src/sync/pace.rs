//! How long a price takes: by the burst limit, and by what may be spent a day. Pure.

use jiff::{SignedDuration, Timestamp};

use super::{
    Forecast, Settings, Standing, Wanted,
    forecast::{AT_A_TIME, Price, pages},
};
use crate::{
    api::{Options, Outlook},
    endpoint::DEALS,
    entity::Entity,
    schedule::Schedule,
    seams::Books,
};

/// The window in which requests are counted, in seconds: a little wider than the source's.
const WINDOW_S: f64 = 2.1;

/// Requests per 2 s that every plan allows.
///
/// Source: rate-limiting guide: 20 requests per 2 s on Lite.
const LEAST_BURST: u32 = 20;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const FOUR_WEEKS: SignedDuration = SignedDuration::from_hours(28 * 24);

/// What may be spent, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Cost that is ours a day.
    pub share: u64,
    /// What is left of it today.
    pub left: u64,
    /// What of it may go to what is asked deal by deal.
    pub trickle_share: u64,
    /// What is left of that today.
    pub trickle_left: u64,
    /// Requests within 2 s.
    pub requests_per_2s: u32,
}

/// On which day something is done: today is 1; `None`: never, as nothing may be spent on it.
pub type Day = Option<u64>;

impl Pace {
    /// Works out the pace of a gate with these `options` and `books` at `now`, by the source's clock.
    pub fn new(options: &Options, books: &Books, now: Timestamp) -> Self {
        let outlook = Outlook::new(options, books, now);
        let limit = match (options.requests_per_2s, books.standing.burst_limit) {
            (Some(configured), Some(learned)) => configured.min(learned),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => LEAST_BURST,
        };
        // The last quarter of the share is not for what may wait.
        let trickle_share = outlook.trickle_share.min(outlook.share - outlook.share / 4);
        Self {
            share: outlook.share,
            left: outlook.left,
            trickle_share,
            trickle_left: trickle_share.saturating_sub(outlook.trickle_counted).min(outlook.left),
            requests_per_2s: limit.max(1),
        }
    }

    /// Returns the least time that `requests` take under the burst limit, in seconds.
    pub fn seconds(&self, requests: u64) -> f64 {
        requests as f64 * WINDOW_S / f64::from(self.requests_per_2s)
    }

    /// Returns what part of a day's share `cost` is.
    pub fn part(&self, cost: u64) -> f64 {
        cost as f64 / self.share.max(1) as f64
    }

    /// Returns the day on which everything but the trickle is done, at least and at most.
    pub fn fresh_done(&self, forecast: &Forecast) -> [Day; 2] {
        let Price { cost, cost_max, .. } = forecast.fresh();
        [cost, cost_max].map(|cost| done(cost, self.left, self.share))
    }

    /// Returns the day on which each trickle of `forecast` is done, at least and at most, in the order of the run: one
    /// after the other, and after everything else.
    pub fn trickles_done(&self, forecast: &Forecast) -> Vec<(&'static Entity, [Day; 2])> {
        let [first, last] = self.fresh_done(forecast);
        let (mut sum, mut done_on) = (Price::default(), Vec::new());
        for one in forecast.entities.iter().filter(|one| one.entity.is_trickle()) {
            sum = sum.and(one.price);
            let days = [(sum.cost, first), (sum.cost_max, last)].map(|(cost, begins)| {
                // What else is done today leaves today's part of the trickle alone; later days are whole.
                let left = if begins == Some(1) { self.trickle_left } else { self.trickle_share };
                Some(begins? - 1 + done(cost, left, self.trickle_share)?)
            });
            done_on.push((one.entity, days));
        }
        done_on
    }

    /// Returns the day on which all of `forecast` is done, at least and at most.
    pub fn done(&self, forecast: &Forecast) -> [Day; 2] {
        let trickles = self.trickles_done(forecast);
        trickles.last().map_or_else(|| self.fresh_done(forecast), |(_, days)| *days)
    }
}

/// Returns the day on which `cost` is spent, when `left` may be spent today and `a_day` on every later one.
fn done(cost: u64, left: u64, a_day: u64) -> Day {
    match cost.checked_sub(left) {
        None | Some(0) => Some(1),
        Some(_) if a_day == 0 => None,
        Some(rest) => Some(1 + rest.div_ceil(a_day)),
    }
}

/// What a schedule costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    /// What is scheduled: an entity's name, or `reconcile`.
    pub what: &'static str,
    /// How often a day.
    pub runs: f64,
    /// Cost a day.
    pub cost: f64,
}

/// What the schedules in force cost a day, if nothing changes at the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Upkeep {
    /// Every schedule.
    pub ticks: Vec<Tick>,
}

impl Upkeep {
    /// Counts the ticks that come after `now`: of a day, and of four weeks where they are few.
    pub fn new(
        standing: &Standing,
        settings: &Settings,
        wanted: &[Wanted],
        now: Timestamp,
    ) -> Self {
        let mut ticks = Vec::new();
        for Wanted { entity, schedule, .. } in wanted {
            let Some(schedule) = schedule else { continue };
            // A list of changes is one page; what is read whole is as many as it has.
            let pages = if entity.is_list() { 1 } else { whole(standing, entity) };
            let runs = a_day(schedule, now);
            let cost = runs * (pages * entity.endpoint.cost) as f64;
            ticks.push(Tick { what: entity.name, runs, cost });
        }
        let lists = wanted.iter().map(|wanted| wanted.entity).filter(|entity| entity.is_list());
        let walk: u64 = lists.map(|list| walk(standing, settings, list)).sum();
        if walk > 0 {
            let runs = a_day(&settings.reconcile.schedule, now);
            ticks.push(Tick { what: "reconcile", runs, cost: runs * walk as f64 });
        }
        if let daily @ 1.. = settings.verify_daily_cost {
            // Once a day at most; what it comes to then is not more than what was saved for it.
            ticks.push(Tick { what: "verify", runs: 1.0, cost: daily as f64 });
        }
        Self { ticks }
    }

    /// Returns the cost of all a day.
    pub fn cost(&self) -> f64 {
        self.ticks.iter().map(|tick| tick.cost).sum()
    }
}

/// Returns what it costs to look at every row of a list.
fn walk(standing: &Standing, settings: &Settings, list: &'static Entity) -> u64 {
    let pages = match settings.restricted.contains(&list) {
        true => rows(standing, list).div_ceil(AT_A_TIME),
        false => whole(standing, list),
    };
    pages * list.endpoint.cost
}

fn rows(standing: &Standing, entity: &Entity) -> u64 {
    let stored = standing.lists.iter().find(|list| *list.entity == *entity);
    stored.map_or(0, |list| list.stored)
}

/// Returns how many pages a list has, as far as that is known.
fn whole(standing: &Standing, entity: &Entity) -> u64 {
    let stored = rows(standing, entity);
    let live = if *entity.endpoint == DEALS { standing.live.unwrap_or(0) } else { 0 };
    pages(stored.max(live), entity)
}

/// Returns how often a day `schedule` is due. Of one that is not due more than hourly four weeks tell, as not all of its
/// days need be the same.
fn a_day(schedule: &Schedule, now: Timestamp) -> f64 {
    match count(schedule, now, DAY) {
        0..=24 => count(schedule, now, FOUR_WEEKS) as f64 / 28.0,
        many => many as f64,
    }
}

fn count(schedule: &Schedule, now: Timestamp, within: SignedDuration) -> u64 {
    let end = now.checked_add(within).unwrap_or(Timestamp::MAX);
    let ticks = std::iter::successors(schedule.next_after(now), |tick| schedule.next_after(*tick));
    ticks.take_while(|tick| *tick <= end).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entity::find,
        sync::{EntityPrice, Take},
    };

    fn price(cost: u64, cost_max: u64) -> Price {
        Price { requests: cost / 10, requests_max: cost_max / 10, cost, cost_max }
    }

    fn forecast(parts: &[(&str, u64, u64)]) -> Forecast {
        let entities = parts.iter().map(|&(name, cost, cost_max)| EntityPrice {
            entity: find(name).unwrap(),
            rows: None,
            price: price(cost, cost_max),
        });
        Forecast { account: price(0, 0), entities: entities.collect() }
    }

    const PACE: Pace = Pace {
        share: 15_000,
        left: 10_000,
        trickle_share: 3_750,
        trickle_left: 1_000,
        requests_per_2s: 20,
    };

    #[test]
    fn what_does_not_fit_today_is_done_on_a_later_day() {
        let days = |cost| PACE.fresh_done(&forecast(&[("deals", 10, cost)]));
        assert_eq!(days(10_000), [Some(1), Some(1)]);
        assert_eq!(days(10_010), [Some(1), Some(2)]);
        assert_eq!(days(40_010), [Some(1), Some(4)]);
    }

    #[test]
    fn trickles_are_done_one_after_the_other_and_after_everything_else() {
        let parts = [
            ("deals", 10, 25_010),
            ("deal_discounts", 1_000, 3_750),
            ("deal_followers", 10, 3_750),
            ("deal_participants", 3_750, 10),
        ];
        let done = PACE.trickles_done(&forecast(&parts));
        let days: Vec<_> = done.iter().map(|(_, days)| *days).collect();
        assert_eq!(days, [[Some(1), Some(3)], [Some(2), Some(4)], [Some(3), Some(5)]]);
        let none = Pace { trickle_share: 0, trickle_left: 0, ..PACE };
        assert_eq!(none.done(&forecast(&parts)), [None, None]);
    }

    #[test]
    fn the_least_time_is_that_of_the_burst_limit() {
        assert_eq!(PACE.seconds(200), 21.0);
        assert_eq!(PACE.part(3_000), 0.2);
        let pace = Pace::new(&Options::default(), &Books::default(), Timestamp::UNIX_EPOCH);
        assert_eq!((pace.share, pace.trickle_left, pace.requests_per_2s), (15_000, 3_750, 20));
    }

    #[test]
    fn the_schedules_of_a_small_mirror_cost_what_they_say() {
        let wanted: Vec<Wanted> = ["deal_fields", "deals", "deals_archived", "deal_products"]
            .iter()
            .map(|name| {
                let entity = find(name).unwrap();
                let schedule = entity.schedule.map(|text| Schedule::parse(text).unwrap());
                Wanted { entity, schedule, take: Take::WhenDue }
            })
            .collect();
        let standing = Standing::without_mirror(
            &Settings::new(""),
            &super::super::Mode::Sync,
            &wanted,
            Some(2_500),
        );
        let upkeep = Upkeep::new(
            &standing,
            &Settings::new(""),
            &wanted,
            "2026-03-02T10:00:30Z".parse().unwrap(),
        );
        let lines: Vec<String> = upkeep
            .ticks
            .iter()
            .map(|tick| format!("{} {:.2} {:.1}", tick.what, tick.runs, tick.cost))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        deal_fields 1.00 10.0
        deals 288.00 2880.0
        deals_archived 24.00 480.0
        reconcile 0.14 10.0
        ");
        assert_eq!(upkeep.cost().round(), 3_380.0);
    }
}
