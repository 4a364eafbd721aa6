//! The gate before the emulator's strict limits: nothing over them, nothing wasted, and what was refused is remembered.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake},
    time::Duration,
};

use common::{BACKFILL, Sim, drive};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    api::{ApiError, Call, Client, Options, Reserve},
    clock::VirtualClock,
    emulator::{
        self, Emulator, Fault, FaultRule, Outcome as Answered, Switches, TOKEN, Told, World,
    },
    endpoint::{DEALS, USERS_ME},
    id::ApiToken,
    seams::Clock as _,
    store::{MemoryLedger, StoreLedger, Writer},
    sync::{Fault as RunFault, Mode, Outcome, Report},
};

/// A source without a mirror.
fn source(switches: Switches) -> (VirtualClock, Emulator) {
    let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    let clock = VirtualClock::new(now);
    let world = World::generate(&emulator::Options { deals: 40, seed: 1, now });
    let emulator = Emulator::new(world, switches, Arc::new(clock.clone()));
    (clock, emulator)
}

fn client(clock: &VirtualClock, emulator: &Emulator, options: &Options) -> Client {
    let token = ApiToken::new(TOKEN).unwrap();
    let (transport, clock) = (Arc::new(emulator.clone()), Arc::new(clock.clone()));
    Client::new(transport, clock, Arc::new(MemoryLedger), token, options)
}

/// Lets one request meet `fault`, after `skip` others.
fn meet(emulator: &Emulator, skip: u32, fault: Fault) {
    emulator.fault(FaultRule { path: None, skip, times: 1, fault });
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs `future`, which may hold several tasks, and moves the clock when all of them wait for it.
fn run<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Arc::clone(&flag).into();
    let mut future = pin!(future);
    loop {
        flag.0.store(false, Ordering::SeqCst);
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        if !flag.0.load(Ordering::SeqCst) {
            assert!(clock.advance_to_next(), "everybody waits and nobody sleeps");
        }
    }
}

#[test]
fn eight_tasks_use_nearly_the_whole_burst_limit_and_never_more_whatever_the_plan() {
    const SECONDS: u64 = 60;
    for limit in [20, 40, 100, 120] {
        for rate_headers in [true, false] {
            let latency = Duration::from_millis(50);
            let burst = Some(limit);
            let (clock, emulator) =
                source(Switches { burst, latency, rate_headers, ..Switches::default() });
            let client = client(&clock, &emulator, &Options::default());
            let end = clock.elapsed() + Duration::from_secs(SECONDS);
            run(
                &clock,
                join_all((0..8).map(|_| async {
                    while clock.elapsed() < end {
                        client.get(&Call::new(&DEALS)).await.unwrap();
                    }
                })),
            );
            assert_eq!(emulator.refused(), emulator::Refused::default(), "limit {limit}");
            // Nobody says more, so the least of all plans is what can be used.
            let known = if rate_headers { limit } else { 20 };
            let used = emulator.log().len() as f64 / (SECONDS as f64 / 2.0 * f64::from(known));
            assert!((0.93..=1.01).contains(&used), "limit {limit}: {used}");
        }
    }
}

#[test]
fn the_burst_window_is_kept_across_runs_and_a_crash() {
    let sim =
        Sim::with(300, 4, Switches { burst: Some(20), page_rows: Some(10), ..Switches::default() });
    for transactions in (1..60).step_by(7).chain([usize::MAX; 3]) {
        sim.run_for(&BACKFILL, transactions);
        assert_eq!(sim.emulator.refused().burst, 0, "after {transactions} transactions");
    }
    sim.assert_equal();
}

#[test]
fn a_window_that_others_fill_as_well_is_widened_for_a_day() {
    let (clock, emulator) = source(Switches { burst: Some(20), ..Switches::default() });
    let client = client(&clock, &emulator, &Options::default());
    let call = Call::new(&USERS_ME);
    let took = |requests: usize| {
        let before = clock.elapsed();
        run(&clock, async {
            for _ in 0..requests {
                client.get(&call).await.unwrap();
            }
        });
        clock.elapsed() - before
    };
    took(1);
    clock.advance(Duration::from_secs(10));
    assert_eq!(took(21), Duration::from_millis(2_100));
    meet(&emulator, 0, Fault::TooMany(Told::Burst));
    took(1);
    clock.advance(Duration::from_secs(10));
    assert_eq!(took(21), Duration::from_millis(2_600));
    clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(took(21), Duration::from_millis(2_100));
}

/// What was spent within any 24 hours, at most.
fn most_in_24_hours(emulator: &Emulator) -> u64 {
    let log = emulator.log();
    let day = SignedDuration::from_hours(24);
    let from = |first: Timestamp| {
        let within = log.iter().filter(|one| (first..first + day).contains(&one.time));
        within.map(|one| one.cost).sum()
    };
    log.iter().map(|one| from(one.time)).max().unwrap_or(0)
}

/// When a run that was refused says that it goes on.
fn until(report: &Report) -> Timestamp {
    let Some(RunFault::Api(error)) = &report.fault else { panic!("{report:?}") };
    error.resumes().unwrap()
}

/// Some 40 requests.
fn paged(switches: Switches) -> Sim {
    Sim::with(300, 5, Switches { page_rows: Some(10), ..switches })
}

#[test]
fn with_a_share_of_two_fifths_three_days_complete_the_mirror_whatever_the_hour_of_the_refill() {
    let long = |switches| Sim::with(6_000, 5, Switches { page_rows: Some(75), ..switches });
    let whole = long(Switches::default()).backfill().cost;
    let share = whole * 2 / 5;
    // The first run is at 11:00.
    for (reset_hour, headers) in [(0, true), (11, true), (12, false), (13, true), (23, false)] {
        let mut sim = long(Switches {
            reset_hour,
            rate_headers: headers,
            daily_headers: headers,
            ..Switches::default()
        });
        sim.options =
            Options { daily_budget: Some(whole), daily_share: 0.4, ..sim.options.clone() };
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            let report = sim.backfill();
            outcomes.push(report.outcome());
            if report.outcome() == Outcome::Budget {
                assert!((share - 19..=share).contains(&report.cost), "{}/{share}", report.cost);
                assert!(sim.text("SELECT max(cursor) FROM sync_checkpoints").is_some());
                let within = sim.now()..=sim.now() + SignedDuration::from_hours(25);
                assert!(within.contains(&until(&report)), "{report:?}");
            }
            sim.advance(25 * 3_600);
        }
        assert_eq!(outcomes, [Outcome::Budget, Outcome::Budget, Outcome::Complete]);
        assert!(most_in_24_hours(&sim.emulator) <= share);
        assert_eq!(sim.emulator.refused(), emulator::Refused::default());
        // What the source purged within these days stays in the mirror.
        let mut differences = common::truth::differences(&sim.connection(), &sim.emulator);
        differences.retain(|line| !line.ends_with("is not in the source"));
        assert_eq!(differences, [""; 0]);
    }
}

#[test]
fn runs_every_half_hour_for_days_stay_within_the_share_to_the_token_and_use_it_up() {
    let mut sim = paged(Switches::default());
    sim.options = Options { daily_budget: Some(1_000), daily_share: 0.3, ..sim.options.clone() };
    let mut sent_while_spent = 0;
    let mut resumes = Timestamp::MIN;
    let mut complete = 0;
    for _ in 0..4 * 48 {
        let before = sim.emulator.log().len();
        let now = sim.now();
        let report = sim.backfill();
        if now < resumes && report.outcome() == Outcome::Budget {
            sent_while_spent += sim.emulator.log().len() - before;
        }
        if report.outcome() == Outcome::Budget && report.requests == 0 {
            resumes = until(&report);
        }
        complete += u32::from(report.outcome() == Outcome::Complete);
        sim.advance(1_800);
    }
    assert!(complete > 0);
    assert_eq!(sent_while_spent, 0);
    let most = most_in_24_hours(&sim.emulator);
    assert!((281..=300).contains(&most), "{most} of 300");
}

#[test]
fn processes_that_die_at_any_moment_stay_within_share_and_burst_too() {
    let mut sim = paged(Switches { burst: Some(20), ..Switches::default() });
    sim.options = Options { daily_budget: Some(1_500), daily_share: 0.4, ..sim.options.clone() };
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..120 {
        let mode = if random.bool() { BACKFILL } else { Mode::Sync };
        sim.run_for(&mode, random.usize(1..80));
        sim.advance(random.u64(0..5_400) * u64::from(random.u8(0..3)));
    }
    let most = most_in_24_hours(&sim.emulator);
    assert!((300..=600).contains(&most), "{most} of 600");
    assert_eq!(sim.emulator.refused(), emulator::Refused::default());
}

#[test]
fn nothing_is_sent_after_a_daily_429_until_the_budget_is_refilled() {
    for (reset_hour, headers) in [(0, true), (11, true), (12, false), (23, false)] {
        let switches = Switches {
            reset_hour,
            rate_headers: headers,
            daily_headers: headers,
            daily_budget: 1_000,
            ..Switches::default()
        };
        let sim = paged(switches);
        // What others spend while nobody tells us.
        let (emulator, mut asked) = (sim.emulator.clone(), 0);
        sim.meddle(move |_| {
            asked += 1;
            if asked == 12 {
                emulator.spend_elsewhere(2_000);
            }
        });
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Budget, "{report:?}");
        assert_eq!(sim.emulator.refused().daily, 1);
        let resumes = until(&report);
        sim.leave_alone();
        while sim.now() < resumes {
            let report = sim.sync();
            assert_eq!((report.outcome(), report.requests), (Outcome::Budget, 0), "{report:?}");
            assert_eq!(until(&report), resumes);
            sim.advance(3_600);
        }
        assert_eq!(sim.backfill().outcome(), Outcome::Complete);
        assert_eq!((sim.emulator.refused().daily, sim.emulator.refused().after_daily), (1, 0));
        sim.assert_equal();
    }
}

#[test]
fn what_is_left_to_the_company_never_falls_below_the_reserve() {
    for reserve in [Reserve::Part(0.9), Reserve::Cost(900)] {
        let mut sim = paged(Switches { daily_budget: 1_000, ..Switches::default() });
        sim.options = Options { reserve, ..sim.options.clone() };
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Budget, "{report:?}");
        assert!((80..=100).contains(&report.cost), "{}", report.cost);
        // Until somebody may know better nobody is asked; then it costs one small question.
        assert!((0..5).map(|_| sim.sync().cost).sum::<u64>() + report.cost <= 100);
        assert_eq!(sim.sync().requests, 0);
        sim.advance(3_700);
        let report = sim.sync();
        assert!(report.requests <= 1 && report.outcome() == Outcome::Budget, "{report:?}");
        sim.advance(24 * 3_600);
        assert!(sim.sync().cost > 50);
    }
}

#[test]
fn a_block_by_the_cdn_is_waited_out_across_restarts_and_longer_each_time() {
    let sim = paged(Switches::default());
    let mut pauses = Vec::new();
    for _ in 0..3 {
        meet(&sim.emulator, 4, Fault::Html403);
        let report = sim.backfill();
        let resumes = until(&report);
        pauses.push(resumes.duration_since(sim.now()).as_mins());
        sim.emulator.reset_log();
        while sim.now() < resumes {
            let report = sim.sync();
            assert_eq!((report.outcome(), report.requests), (Outcome::Failed, 0), "{report:?}");
            assert_eq!(until(&report), resumes);
            sim.advance(600);
        }
        assert!(sim.emulator.log().is_empty());
    }
    assert_eq!(pauses, [30, 60, 120]);
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
}

#[test]
fn of_eight_under_way_none_leaves_after_an_answer_that_ends_it_all() {
    let unauthorized = Fault::Status { code: 401, headers: Vec::new(), body: String::new() };
    let faults =
        [unauthorized, Fault::Html403, Fault::TooMany(Told::Daily), Fault::TooMany(Told::Nothing)];
    for fault in faults {
        let latency = Duration::from_millis(50);
        let (clock, emulator) = source(Switches { latency, ..Switches::default() });
        let client = client(&clock, &emulator, &Options::default());
        // One of the second round meets it; the seven that left with it come back well.
        meet(&emulator, 11, fault.clone());
        run(
            &clock,
            join_all(
                (0..24).map(|_| async { while client.get(&Call::new(&DEALS)).await.is_ok() {} }),
            ),
        );
        let log = emulator.log();
        let refused = log.iter().find(|one| one.outcome != Answered::Status(200)).unwrap();
        let after = SignedDuration::try_from(latency).unwrap();
        let last = log.iter().map(|one| one.time).max().unwrap();
        assert!(last <= refused.time + after, "{fault:?}");
        assert!(log.len() <= 24, "{fault:?}: {}", log.len());
        clock.advance(Duration::from_secs(60));
        run(&clock, client.get(&Call::new(&DEALS))).unwrap_err();
        assert_eq!(emulator.log().len(), log.len());
    }
}

#[test]
fn what_may_wait_has_its_own_part_of_the_share_and_keeps_it_across_a_restart() {
    let sim = Sim::new(20, 1);
    let options = Options {
        daily_budget: Some(1_000),
        daily_share: 0.4,
        trickle_share: 0.25,
        ..Options::default()
    };
    let run = |fresh: usize, trickle: usize| {
        let (writer, mut work) = Writer::stepped(sim.store());
        let ledger = Arc::new(StoreLedger(writer.clone()));
        let (transport, clock) = (Arc::new(sim.emulator.clone()), Arc::new(sim.clock.clone()));
        let client = Client::new(transport, clock, ledger, ApiToken::new(TOKEN).unwrap(), &options);
        let call = Call::new(&DEALS);
        let work = drive(
            &sim.clock,
            &mut work,
            async {
                let mut told = BTreeMap::new();
                for priority in [vec![call.clone().trickle(); trickle], vec![call; fresh]].concat()
                {
                    let said = match client.get(&priority).await {
                        Ok(_) => "answered",
                        Err(ApiError::TrickleSpent { .. }) => "postponed",
                        Err(ApiError::ShareSpent { .. }) => "spent",
                        Err(other) => panic!("{other}"),
                    };
                    *told.entry((format!("{:?}", priority.priority), said)).or_insert(0) += 1;
                }
                client.close().await.unwrap();
                told.into_iter().map(|((who, said), times)| format!("{who} {said}: {times}"))
            },
            usize::MAX,
        );
        work.unwrap().collect::<Vec<_>>().join(", ")
    };
    // A quarter of 400 is 100: ten requests.
    assert_eq!(run(0, 12), "Trickle answered: 10, Trickle postponed: 2");
    assert_eq!(run(5, 1), "Fresh answered: 5, Trickle postponed: 1");
    sim.advance(25 * 3_600);
    // The last quarter of the share is for what does not wait: 290 + 10 of 400.
    assert_eq!(run(29, 0), "Fresh answered: 29");
    assert_eq!(
        run(11, 3),
        "Fresh answered: 10, Fresh spent: 1, Trickle answered: 1, Trickle postponed: 2"
    );
    assert_eq!(sim.number("SELECT sum(trickle) FROM sync_api_usage"), 110);
}
