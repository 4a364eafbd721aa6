//! What goes wrong, one thing at a time.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{
    api::Options,
    daemon::{Ended, Phase},
    emulator::{Fault as Wrong, FaultRule, Logged, TOKEN, Told},
    entity::find,
    schedule::Schedule,
    seams::Clock as _,
    status::{Reason, Status, late},
    store::{Policy, Reader, StoreError},
    sync::Fault,
};

use super::{common::Sim, keeping::Keeping};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A mirror that was filled, so that nothing is owed, and the daemon's other half.
fn filled(deals: u32) -> (Sim, Keeping) {
    let sim = Sim::new(deals, 5).and_children(Policy::Counter).and_reference();
    sim.backfill();
    sim.emulator.reset_log();
    let keeping = Keeping::of(&sim);
    (sim, keeping)
}

async fn pass(sim: &Sim, seconds: u64) {
    sim.clock.sleep(Duration::from_secs(seconds)).await;
}

fn asked<'l>(log: &'l [Logged], path: &'l str) -> impl Iterator<Item = &'l Logged> {
    log.iter().filter(move |asked| asked.path == path)
}

/// Lets everything, or what is at `path`, answer with `code` from now on.
fn fails(sim: &Sim, path: Option<&str>, code: u16) {
    let fault = Wrong::Status { code, headers: Vec::new(), body: String::new() };
    let path = path.map(str::to_owned);
    sim.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault });
}

fn reasons(sim: &Sim) -> Vec<Reason> {
    let path = sim.database();
    let reader = Reader::open_current(&path).unwrap();
    let status = Status::read(&reader, &path, &Options::default(), sim.now()).unwrap();
    status.attention().iter().map(|one| one.reason).collect()
}

fn stopped(ended: &Ended) {
    assert!(matches!(ended, Ended::Stopped), "{ended:?}");
}

#[test]
fn a_day_without_changes_costs_its_schedules_and_one_question() {
    let (sim, keeping) = filled(80);
    // The backfill was an hour before midnight; what is daily was read then.
    stopped(&keeping.keep(&sim, pass(&sim, DAY)));
    let log = sim.emulator.log();
    assert_eq!(asked(&log, "/api/v2/deals").count(), 288);
    assert_eq!(asked(&log, "/api/v2/deals/archived").count(), 24);
    assert_eq!(asked(&log, "/v1/users/me").count(), 1);
    assert_eq!(sim.emulator.spent(), 288 * 10 + 24 * 20 + 90 + 2);
}

#[test]
fn every_deal_is_compared_whenever_the_daily_cost_pays_for_it_and_healed() {
    let mut sim = Sim::new(80, 5).and_children(Policy::Counter).and_reference();
    sim.verify_daily_cost = 100;
    sim.reconcile_at = Some(Schedule::parse("0 0 3 1 1 *").unwrap());
    sim.backfill();
    let keeping = Keeping::of(&sim);
    // Nothing that the source shows tells of it.
    let oldest = "UPDATE deals SET value = value + 1 WHERE id =
                  (SELECT id FROM deals WHERE is_archived = 0 ORDER BY update_time LIMIT 1)";
    assert_eq!(sim.connection().execute(oldest, []).unwrap(), 1);
    // Seven totals at 40 and a page of each list: 310, so the fourth day and the seventh.
    let life = async {
        pass(&sim, 3 * DAY).await;
        assert_eq!(sim.number("SELECT count(*) FROM sync_certificates"), 0);
        pass(&sim, 5 * DAY).await;
    };
    stopped(&keeping.keep(&sim, life));
    let results = "SELECT group_concat(result || ' ' || differences, ', ') FROM sync_certificates";
    assert_eq!(sim.text(results).unwrap(), "different 1, equal 0");
    sim.assert_equal();
}

#[test]
fn a_late_start_catches_up_at_once_with_one_run() {
    let (sim, keeping) = filled(80);
    sim.advance(3 * DAY);
    let began = sim.now();
    stopped(&keeping.keep(&sim, pass(&sim, 30)));
    let log = sim.emulator.log();
    assert_eq!(asked(&log, "/api/v2/deals").count(), 1);
    assert_eq!(asked(&log, "/api/v2/pipelines").count(), 1);
    assert!(
        log.iter().all(|asked| asked.time.duration_since(began) < SignedDuration::from_secs(10))
    );
}

#[test]
fn a_list_that_fails_rests_by_itself_and_holds_up_no_other() {
    let (sim, keeping) = filled(80);
    let life = async {
        fails(&sim, Some("/api/v2/deals/archived"), 500);
        pass(&sim, 6 * HOUR).await;
        let waiting = keeping.pulse.look().waiting;
        assert_eq!(waiting.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["deals_archived"]);
        assert_eq!(keeping.pulse.look().trouble, None);
        sim.emulator.clear_faults();
        pass(&sim, 31 * MINUTE).await;
        assert_eq!(keeping.pulse.look().waiting, []);
    };
    stopped(&keeping.keep(&sim, life));
    let log = sim.emulator.log();
    assert_eq!(asked(&log, "/api/v2/deals").count(), 6 * 12 + 6);
    // Attempts after 0, 1, 3, 7, 15, 31, 61 minutes and then every half hour, at up to five requests each.
    let tries = asked(&log, "/api/v2/deals/archived").count();
    assert!((12..=17 * 5 + 1).contains(&tries), "{tries}");
    sim.assert_equal();
}

#[test]
fn a_refused_token_is_tried_ever_more_rarely_and_a_new_one_taken_within_seconds() {
    let (sim, keeping) = filled(80);
    let new = TOKEN.replace('0', "9");
    let life = async {
        sim.emulator.set_tokens([new.clone()]);
        pass(&sim, 2 * HOUR).await;
        assert_eq!(reasons(&sim), [Reason::TokenRefused]);
        assert!(keeping.pulse.look().trouble.unwrap().text.contains("401"));
        let tries = asked(&sim.emulator.log(), "/v1/users/me").count();
        assert!((8..=12).contains(&tries), "{tries} within two hours");
        *keeping.token.lock().unwrap() = new.clone();
        pass(&sim, 20).await;
        assert_eq!(keeping.pulse.look().trouble, None);
        assert_eq!(reasons(&sim), []);
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn an_outage_is_probed_once_a_minute_by_the_cheapest_question() {
    let (sim, keeping) = filled(80);
    let life = async {
        pass(&sim, 10 * MINUTE).await;
        fails(&sim, None, 503);
        pass(&sim, 10 * MINUTE).await;
        sim.emulator.reset_log();
        pass(&sim, HOUR).await;
        let log = sim.emulator.log();
        assert!(log.iter().all(|asked| asked.path == "/v1/users/me"));
        assert!((55..=61).contains(&log.len()), "{}", log.len());
        sim.emulator.clear_faults();
        pass(&sim, 62).await;
        assert_eq!(keeping.pulse.look().trouble, None);
        let began: Timestamp = sim
            .text("SELECT complete_began_at FROM sync_checkpoints WHERE entity = 'deals'")
            .unwrap()
            .parse()
            .unwrap();
        assert!(sim.now().duration_since(began).as_secs() <= 62);
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_blocked_address_waits_and_needs_a_person() {
    let (sim, keeping) = filled(80);
    let life = async {
        sim.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: Wrong::Html403 });
        pass(&sim, 6 * MINUTE).await;
        assert_eq!(reasons(&sim), [Reason::AddressBlocked]);
        assert!(matches!(keeping.pulse.look().phase, Phase::Waiting { .. }));
        let log = sim.emulator.log();
        pass(&sim, 20 * MINUTE).await;
        assert_eq!(sim.emulator.log().len(), log.len(), "nothing is sent meanwhile");
        pass(&sim, 10 * MINUTE).await;
        assert_eq!((reasons(&sim), keeping.pulse.look().trouble), (vec![], None));
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_database_that_is_replaced_ends_it_though_nothing_is_written() {
    let (sim, keeping) = filled(80);
    let life = async {
        pass(&sim, 90).await;
        move_away(&sim.database());
        pass(&sim, 20).await;
        panic!("it goes on with a file that nobody sees");
    };
    let ended = keeping.keep(&sim, life);
    assert!(matches!(ended, Ended::Fault(Fault::Store(StoreError::Replaced(_)))), "{ended:?}");
}

fn move_away(path: &Path) {
    std::fs::rename(path, path.with_extension("old")).unwrap();
}

#[test]
fn another_company_ends_it_at_the_beginning_and_is_waited_out_later() {
    let (sim, keeping) = filled(80);
    let life = async {
        pass(&sim, 6 * MINUTE).await;
        sim.emulator.switch(|switches| switches.company_id = Some(4_711));
        // Once a day it is asked whose token it is.
        pass(&sim, DAY + HOUR).await;
        let trouble = keeping.pulse.look().trouble.unwrap();
        assert!(trouble.text.contains("4711"), "{}", trouble.text);
    };
    stopped(&keeping.keep(&sim, life));

    let (sim, keeping) = filled(80);
    sim.emulator.switch(|switches| switches.company_id = Some(4_711));
    let ended = keeping.keep(&sim, pass(&sim, DAY));
    assert!(matches!(ended, Ended::Fault(Fault::OtherCompany { .. })), "{ended:?}");
}

#[test]
fn what_is_read_deal_by_deal_does_not_delay_the_lists() {
    let mut sim = Sim::new(900, 6).and_children(Policy::All);
    // Slow enough that the trickle takes far longer than the time between two ticks.
    sim.options.requests_per_2s = Some(4);
    sim.emulator.switch(|switches| switches.daily_budget = 1_000_000);
    let keeping = Keeping::of(&sim);
    let life = async {
        pass(&sim, 10 * MINUTE).await;
        sim.emulator.reset_log();
        pass(&sim, 30 * MINUTE).await;
        let log = sim.emulator.log();
        let late: Vec<i64> =
            asked(&log, "/api/v2/deals").map(|asked| asked.time.as_second() % 300).collect();
        assert_eq!(late.len(), 6, "{late:?}");
        assert!(late.iter().all(|late| *late <= 8), "{late:?}");
        let lists = ["/api/v2/deals", "/api/v2/deals/archived"];
        let rest = log.iter().filter(|asked| !lists.contains(&asked.path.as_str())).count();
        assert!(rest > 1_000, "the time between is used: {rest}");
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn new_orders_are_taken_in_the_middle_of_a_run_which_goes_on() {
    let mut sim = Sim::new(2_000, 7).and_children(Policy::All);
    sim.options.requests_per_2s = Some(2);
    let keeping = Keeping::of(&sim);
    let life = async {
        pass(&sim, 40).await;
        assert!(matches!(keeping.pulse.look().phase, Phase::Running { .. }));
        *keeping.schedules.lock().unwrap() = Some(vec![("deals", "0 0 0 * * *")]);
        pass(&sim, 2 * HOUR).await;
        sim.emulator.reset_log();
        pass(&sim, 3 * HOUR).await;
        assert_eq!(asked(&sim.emulator.log(), "/api/v2/deals").count(), 0, "it is daily now");
    };
    stopped(&keeping.keep(&sim, life));
    assert_eq!(sim.number("SELECT count(*) FROM deals"), 2_000);
}

#[test]
fn it_shows_that_it_is_alive_whatever_it_waits_for() {
    let (sim, keeping) = filled(80);
    let life = async {
        for wait in [HOUR, 2 * HOUR] {
            let before = keeping.beats.count();
            pass(&sim, wait).await;
            let beats = keeping.beats.count() - before;
            assert!(beats >= wait / 15, "{beats} within {wait} s");
            assert!(keeping.pulse.look().is_alive(sim.clock.elapsed()));
            // From now on nothing is answered at all.
            sim.emulator.fault(FaultRule {
                path: None,
                skip: 0,
                times: u32::MAX,
                fault: Wrong::Hang,
            });
        }
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_bell_that_rings_in_vain_costs_nothing_and_one_that_rings_during_a_run_is_counted() {
    let (sim, keeping) = filled(80);
    let life = async {
        pass(&sim, MINUTE).await;
        sim.emulator.reset_log();
        for _ in 0..100 {
            keeping.bell.ring();
            pass(&sim, 1).await;
        }
        assert_eq!(sim.emulator.log().len(), 0);
        assert_eq!(keeping.pulse.look().folded, 0);
        sim.emulator.fault(FaultRule {
            path: None,
            skip: 0,
            times: 1,
            fault: Wrong::SlowBody(Duration::from_secs(60)),
        });
        pass(&sim, 3 * MINUTE).await;
        keeping.bell.ring();
        keeping.bell.ring();
        assert_eq!(keeping.pulse.look().folded, 2);
        pass(&sim, 2 * MINUTE).await;
        assert_eq!(asked(&sim.emulator.log(), "/api/v2/deals").count(), 1);
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_list_that_the_plan_excludes_is_asked_for_rarely_and_makes_nothing_stale() {
    let (sim, keeping) = filled(80);
    let life = async {
        fails(&sim, Some("/api/v2/deals/archived"), 403);
        pass(&sim, 3 * DAY).await;
        let tries = asked(&sim.emulator.log(), "/api/v2/deals/archived").count();
        assert!((8..=16).contains(&tries), "{tries} within three days");
        let path = sim.database();
        let reader = Reader::open_current(&path).unwrap();
        let status = Status::read(&reader, &path, &Options::default(), sim.now()).unwrap();
        let schedules: Vec<_> = ["deals", "deals_archived"]
            .map(|name| (name, Schedule::parse(find(name).unwrap().schedule.unwrap()).unwrap()))
            .into();
        assert_eq!(late(&status, &schedules, Duration::from_secs(30 * MINUTE), sim.now()), []);
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_machine_that_sleeps_through_a_budget_pause_goes_on_when_it_wakes() {
    let (sim, keeping) = filled(80);
    let life = async {
        let spent = Wrong::TooMany(Told::Daily);
        sim.emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: spent });
        pass(&sim, 6 * MINUTE).await;
        assert!(matches!(keeping.pulse.look().phase, Phase::Waiting { .. }));
        sim.clock.set_wall(sim.now() + Duration::from_secs(2 * DAY));
        pass(&sim, MINUTE).await;
        assert_eq!(keeping.pulse.look().trouble, None);
    };
    stopped(&keeping.keep(&sim, life));
}

#[test]
fn a_log_that_a_reader_keeps_from_being_emptied_needs_a_person() {
    let (sim, _) = filled(20);
    let reader = Reader::open_current(&sim.database()).unwrap();
    let beside = sim.database().with_file_name("other.db");
    let wal = std::fs::File::create(sim.database().with_file_name("other.db-wal")).unwrap();
    for (mib, found) in [(512, vec![]), (513, vec![Reason::LargeWal])] {
        wal.set_len(mib << 20).unwrap();
        let status = Status::read(&reader, &beside, &Options::default(), sim.now()).unwrap();
        let reasons: Vec<Reason> = status.attention().iter().map(|one| one.reason).collect();
        assert_eq!(reasons, found);
    }
}

#[test]
fn a_token_that_is_taken_again_is_refused_no_more_whatever_comes_next() {
    let (sim, keeping) = filled(80);
    let new = TOKEN.replace('0', "9");
    let life = async {
        sim.emulator.set_tokens([new.clone()]);
        pass(&sim, 10 * MINUTE).await;
        let spent = Wrong::TooMany(Told::Daily);
        let path = Some("/api/v2/deals".to_owned());
        sim.emulator.fault(FaultRule { path, skip: 0, times: 1, fault: spent });
        *keeping.token.lock().unwrap() = new.clone();
        pass(&sim, MINUTE).await;
        assert!(keeping.pulse.look().trouble.unwrap().text.contains("budget"));
        assert_eq!(reasons(&sim), []);
    };
    stopped(&keeping.keep(&sim, life));
}
