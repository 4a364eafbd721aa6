//! A month that nobody looks at.
//!
//! A living world, edited all day, and everything that can go wrong: an outage of two days, answers that break off, one
//! list that fails for hours, a budget that somebody else spends, a block, a token that is rotated, a day of sleep, clocks
//! that are set wrong, and a budget day that begins at another hour after each change to daylight saving time.

use std::{cell::RefCell, time::Duration};

use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    api::Reserve,
    daemon::Ended,
    emulator::{Fault, FaultRule, TOKEN},
    entity::{Entity, find},
    schedule::Schedule,
    seams::Clock as _,
    store::Policy,
};
use rusqlite::Connection;

use super::{
    common::{Sim, attached, reference, truth},
    keeping::Keeping,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// When live deals are due.
const DEALS: &str = "0 */15 * * * *";

/// How long the daemon may take to notice that trouble is over: a probe comes once a minute.
const NOTICED: i64 = 90;

/// The longest rest of a list that failed by itself.
const REST: i64 = 30 * 60;

/// A time in which something was wrong, by the world's clock.
struct Wrong {
    from: Timestamp,
    to: Timestamp,
    /// Which list it is about; `None`: everything.
    list: Option<&'static str>,
}

/// What goes on in the world, and what was seen of the mirror.
struct Story<'s> {
    sim: &'s Sim,
    keeping: &'s Keeping,
    began: Timestamp,
    rng: RefCell<fastrand::Rng>,
    wrong: RefCell<Vec<Wrong>>,
    mirror: Connection,
    scheduled: Vec<(&'static Entity, Schedule)>,
    worst: RefCell<Vec<(i64, i64, String)>>,
}

#[test]
fn a_month_of_everything_ends_equal_fresh_and_under_the_share() {
    let mut sim = Sim::new(60, 3).and_children(Policy::Changed).and_reference().in_memory();
    // The limits of the smallest plan with one seat, and the defaults of the configuration.
    (sim.options.daily_share, sim.options.reserve) = (0.5, Reserve::Part(0.1));
    sim.emulator.switch(|switches| {
        switches.daily_budget = 30_000;
        switches.burst = Some(20);
        switches.reset_hour = 5;
        switches.bumps.children = true;
    });
    let keeping = Keeping::of(&sim);
    // A third as often as usual, so that a month passes within a minute.
    *keeping.schedules.lock().unwrap() = Some(vec![("deals", DEALS)]);
    drop(sim.store());
    let story = Story {
        sim: &sim,
        keeping: &keeping,
        began: sim.now(),
        rng: RefCell::new(fastrand::Rng::with_seed(11)),
        wrong: RefCell::default(),
        mirror: sim.connection(),
        scheduled: scheduled(),
        worst: RefCell::default(),
    };
    let ended = keeping.keep(&sim, story.tell());
    assert!(matches!(ended, Ended::Stopped), "{ended:?}");
    story.assert_equal();
    story.assert_under_the_share();
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE _missing_since IS NOT NULL"), 0);
    let refused = "SELECT count(*) FROM sync_state WHERE key = 'token_refused_since'";
    assert_eq!(sim.number(refused), 0);
}

/// Returns what is looked at, and when it is due.
fn scheduled() -> Vec<(&'static Entity, Schedule)> {
    let text = |entity: &'static Entity| {
        let text = if entity.name == "deals" { DEALS } else { entity.schedule? };
        Some((entity, Schedule::parse(text).unwrap()))
    };
    ["deals", "deals_archived", "deal_fields", "pipelines", "users", "products", "persons"]
        .into_iter()
        .filter_map(|name| text(find(name)?))
        .collect()
}

impl Story<'_> {
    /// Everything that happens, in order. The month begins on 2 March.
    async fn tell(&self) {
        self.live(4 * DAY).await;
        self.daylight(4);
        self.live(DAY + 3 * HOUR).await;
        self.outage(2 * DAY).await;
        self.live(2 * DAY).await;
        self.rotate_token(5 * HOUR).await;
        self.live(DAY).await;
        self.list_fails("/api/v2/deals/archived", "deals_archived", 3 * HOUR).await;
        self.live(DAY + 11 * HOUR).await;
        self.broken(Fault::Reset, 40 * MINUTE).await;
        self.live(HOUR).await;
        self.broken(Fault::InvalidJson, 20 * MINUTE).await;
        self.live(DAY).await;
        self.others_spend().await;
        self.live(2 * DAY).await;
        self.sleep(DAY).await;
        self.live(DAY).await;
        self.clock_is_wrong(SignedDuration::from_hours(-26), 2 * HOUR).await;
        self.clock_is_wrong(SignedDuration::from_hours(49), 2 * HOUR).await;
        self.live(DAY).await;
        self.block().await;
        self.live(6 * DAY).await;
        self.daylight(5);
        self.live(3 * DAY).await;
        // Nothing moves any more; the daily lists and the weekly walk come round once.
        self.watch(2 * DAY).await;
    }

    /// People work: an edit every hour or so.
    async fn live(&self, seconds: u64) {
        let end = self.sim.clock.elapsed() + Duration::from_secs(seconds);
        while self.sim.clock.elapsed() < end {
            let wait = self.rng.borrow_mut().u64(5 * MINUTE..2 * HOUR);
            self.watch(wait).await;
            let (emulator, mut rng) = (&self.sim.emulator, self.rng.borrow_mut());
            match rng.u8(..10) {
                0..5 => drop(emulator.world().random_edit(&mut rng)),
                5..9 => drop(emulator.world().random_child_edit(&mut rng)),
                _ => reference::random_edit(emulator, &mut rng),
            }
        }
    }

    /// Time passes, and now and then somebody looks how fresh the mirror is.
    async fn watch(&self, seconds: u64) {
        let end = self.sim.clock.elapsed() + Duration::from_secs(seconds);
        while self.sim.clock.elapsed() < end {
            let rest = end.saturating_sub(self.sim.clock.elapsed());
            self.sim.clock.sleep(rest.min(Duration::from_secs(7 * MINUTE))).await;
            self.look();
        }
    }

    /// Fails if any list is older than its schedule, what was wrong meanwhile, and the time to notice allow.
    fn look(&self) {
        let now = self.sim.now();
        if now.duration_since(self.began) < SignedDuration::from_mins(10) {
            return;
        }
        for (entity, schedule) in &self.scheduled {
            let began: Option<String> = self
                .mirror
                .prepare_cached(
                    "SELECT min(complete_began_at) FROM sync_checkpoints WHERE entity = ?1",
                )
                .unwrap()
                .query_row([entity.name], |row| row.get(0))
                .unwrap();
            let Some(began) = began else { panic!("{} was never complete at {now}", entity.name) };
            let began: Timestamp = began.parse().unwrap();
            // The source's clock is known to the second, so a pass may seem to have begun just before its tick.
            let tick = schedule.next_after(began + Duration::from_secs(2)).unwrap();
            let wrong = self.wrong_between(entity, began, now);
            let allowed = tick.duration_since(began).as_secs() + wrong + NOTICED;
            let age = now.duration_since(began).as_secs();
            let live = self.keeping.pulse.look();
            assert!(
                age <= allowed,
                "{} is {age} s old at {now}, more than {allowed} s: {live:?}",
                entity.name
            );
            self.worst.borrow_mut().push((age - allowed, age, entity.name.to_owned()));
        }
    }

    /// Returns for how many seconds between two moments something was wrong that `entity` suffers from.
    fn wrong_between(&self, entity: &Entity, from: Timestamp, to: Timestamp) -> i64 {
        let about = |wrong: &&Wrong| wrong.list.is_none_or(|list| list == entity.name);
        let wrong = self.wrong.borrow();
        wrong
            .iter()
            .filter(about)
            .map(|wrong| {
                let lasted = wrong.to.min(to).duration_since(wrong.from.max(from)).as_secs().max(0);
                // What failed by itself rests as long as it failed, and half an hour at most.
                let rest = if wrong.list.is_some() { lasted.min(REST) } else { 0 };
                lasted + rest
            })
            .sum()
    }

    /// Notes that something goes wrong for so long; `list` alone, or everything.
    fn goes_wrong(&self, seconds: u64, list: Option<&'static str>) {
        let from = self.sim.now();
        let to = from + Duration::from_secs(seconds);
        self.wrong.borrow_mut().push(Wrong { from, to, list });
    }

    async fn outage(&self, seconds: u64) {
        let down = Fault::Status { code: 503, headers: Vec::new(), body: String::new() };
        self.broken(down, seconds).await;
    }

    async fn broken(&self, fault: Fault, seconds: u64) {
        self.goes_wrong(seconds, None);
        self.sim.emulator.fault(FaultRule { path: None, skip: 0, times: u32::MAX, fault });
        self.watch(seconds).await;
        self.sim.emulator.clear_faults();
    }

    async fn list_fails(&self, path: &str, list: &'static str, seconds: u64) {
        self.goes_wrong(seconds, Some(list));
        let fault = Fault::Status { code: 500, headers: Vec::new(), body: String::new() };
        let path = Some(path.to_owned());
        self.sim.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault });
        self.watch(seconds).await;
        self.sim.emulator.clear_faults();
    }

    /// The old token is worth nothing at once; a person puts the new one into its file later.
    async fn rotate_token(&self, seconds: u64) {
        self.goes_wrong(seconds, None);
        let new = TOKEN.replace('0', "9");
        self.sim.emulator.set_tokens([new.clone()]);
        self.watch(seconds).await;
        *self.keeping.token.lock().unwrap() = new;
    }

    /// Another program spends what the company has for the day.
    async fn others_spend(&self) {
        let hour =
            i64::from(5 - self.sim.now().as_second().div_euclid(3_600).rem_euclid(24) as i32);
        let until_reset = u64::try_from((hour - 1).rem_euclid(24)).unwrap() * HOUR + HOUR;
        self.goes_wrong(until_reset, None);
        self.sim.emulator.spend_elsewhere(28_500);
        self.watch(until_reset).await;
    }

    /// The CDN blocks the address; the pause is half an hour.
    async fn block(&self) {
        self.goes_wrong(30 * MINUTE, None);
        self.sim.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: Fault::Html403 });
        self.watch(30 * MINUTE).await;
    }

    /// The machine sleeps: the wall clock goes on, the other one does not.
    async fn sleep(&self, seconds: u64) {
        self.goes_wrong(seconds, None);
        self.sim.clock.set_wall(self.sim.now() + Duration::from_secs(seconds));
        self.watch(HOUR).await;
    }

    /// The machine's clock is wrong for a while, and then right again.
    async fn clock_is_wrong(&self, ahead: SignedDuration, seconds: u64) {
        self.keeping.clock.set_ahead(ahead);
        self.live(seconds).await;
        self.keeping.clock.set_ahead(SignedDuration::ZERO);
    }

    /// The budget day begins at another hour.
    fn daylight(&self, hour: u8) {
        self.sim.emulator.switch(|switches| switches.reset_hour = hour);
    }

    fn assert_equal(&self) {
        let mut differences = truth::differences(&self.mirror, &self.sim.emulator);
        differences.extend(attached::differences(&self.mirror, &self.sim.emulator, &[]));
        differences.extend(reference::differences(&self.mirror, &self.sim.emulator, false));
        // What was deleted long ago is purged meanwhile. The mirror keeps it, marked as deleted; and lines that name a
        // product that is purged lose it, which no list and no counter shows.
        let deleted = |what: &str| {
            let (table, id) = what.split_once(": ").unwrap();
            let sql = format!("SELECT is_deleted FROM {table} WHERE id = {id}");
            self.mirror.query_row(&sql, [], |row| row.get::<_, bool>(0)).unwrap()
        };
        let purged = |what: &String| match what.strip_suffix(" is not in the source") {
            Some(what) => deleted(what),
            None => what.starts_with("deal_products") && what.ends_with("not null"),
        };
        differences.retain(|what| !purged(what));
        assert!(differences.is_empty(), "the mirror differs:\n{}", differences.join("\n"));
    }

    /// Fails unless within every day, whenever it begins, no more than the share was spent.
    fn assert_under_the_share(&self) {
        let log = self.sim.emulator.log();
        let mut first = 0;
        let mut within = 0;
        for (place, last) in log.iter().enumerate() {
            within += last.cost;
            while last.time.duration_since(log[first].time) >= SignedDuration::from_hours(24) {
                within -= log[first].cost;
                first += 1;
            }
            assert!(within <= 15_000, "{within} within the day before {} ({place})", last.time);
        }
        assert!(self.sim.emulator.refused().after_daily == 0);
    }
}
