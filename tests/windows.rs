//! A first pass in several windows, side by side: it brings what one walk brings, at hardly more requests and in less time.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{BACKFILL, Sim};
use pipedrive_mirror::{
    emulator::{Bumps, DealChange, Edit, Edited, FieldType, Switches, Value},
    seams::TransportError,
    sync::Outcome,
};
use rstest::rstest;
use serde_json::Value as Json;

/// A source whose pages hold `page_rows`, at the other end of a long wire.
fn far(page_rows: usize) -> Switches {
    Switches {
        page_rows: Some(page_rows),
        latency: Duration::from_millis(200),
        burst: Some(40),
        ..Switches::default()
    }
}

fn sim(deals: u32, seed: u64, switches: Switches, in_flight: usize) -> Sim {
    let mut sim = Sim::with(deals, seed, switches);
    sim.in_flight = in_flight;
    sim
}

/// Returns how many requests went to `path`, and how many seconds lie between the first and the last of them.
fn asked(sim: &Sim, path: &str) -> (u64, f64) {
    let log = sim.emulator.log();
    let times: Vec<_> = log.iter().filter(|one| one.path == path).map(|one| one.time).collect();
    let (first, last) = (times[0], times[times.len() - 1]);
    (times.len() as u64, last.duration_since(first).as_secs_f64())
}

const LISTS: [&str; 2] = ["/api/v2/deals", "/api/v2/deals/archived"];

fn windows(sim: &Sim) -> i64 {
    sim.number("SELECT count(*) FROM sync_checkpoints WHERE until IS NOT NULL")
}

#[test]
fn they_bring_everything_at_3_percent_or_4_requests_more_than_one_walk() {
    for (deals, page_rows, seed) in [(900, 500, 1), (1_500, 50, 2), (8_000, 20, 3), (6_000, 50, 4)]
    {
        let one = sim(deals, seed, far(page_rows), 1);
        one.backfill();
        for in_flight in [2, 8, 64] {
            let many = sim(deals, seed, far(page_rows), in_flight);
            let report = many.backfill();
            assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
            many.assert_equal();
            assert_eq!(windows(&many), 0);
            for list in LISTS {
                let ((pages, _), (requests, _)) = (asked(&one, list), asked(&many, list));
                let most = pages + (pages * 3 / 100).max(4);
                assert!(requests <= most, "{list} of {deals}, {in_flight}: {requests} for {pages}");
            }
        }
    }
}

#[test]
fn they_use_what_the_burst_limit_allows() {
    let one = sim(20_000, 5, far(50), 1);
    one.backfill();
    let many = sim(20_000, 5, far(50), 8);
    many.backfill();
    let ((pages, slow), (requests, fast)) = (asked(&one, LISTS[0]), asked(&many, LISTS[0]));
    assert!(slow > 0.19 * pages as f64, "one after the other: {pages} in {slow}");
    assert!(fast < 1.12 * requests as f64 / 20.0, "{requests} in {fast}");
}

#[test]
fn deals_that_change_while_they_are_read_are_all_there() {
    for seed in 0..6 {
        let sim = sim(1_200, seed, far(25), 6);
        let emulator = sim.emulator.clone();
        let mut rng = fastrand::Rng::with_seed(seed);
        sim.meddle(move |_| {
            let mut world = emulator.world();
            let ids: Vec<u32> = world.live_ids().collect();
            for _ in 0..3 {
                let id = ids[rng.usize(..ids.len())];
                let title = DealChange::Title(format!("Edited {}", rng.u32(..)));
                // One that was deleted a moment ago stays as it is.
                drop(world.apply(Edit::ChangeDeal(id, title)));
            }
            drop(world.apply(Edit::DeleteDeal(ids[rng.usize(..ids.len())])));
        });
        sim.backfill();
        sim.leave_alone();
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        sim.assert_equal();
    }
}

#[test]
fn a_second_in_which_many_deals_changed_is_read_whole() {
    let sim = sim(3_000, 7, far(50), 8);
    {
        let mut world = sim.emulator.world();
        let ids: Vec<u32> = world.live_ids().take(1_500).collect();
        for id in ids {
            world.apply(Edit::ChangeDeal(id, DealChange::Title("Imported".to_owned()))).unwrap();
        }
    }
    sim.advance(60);
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    sim.assert_equal();
}

#[test]
fn a_backfill_that_died_goes_on_with_another_number_of_windows() {
    for (seed, then) in [(1, 1), (2, 2), (3, 8), (4, 3), (5, 1)] {
        let mut many = sim(2_000, seed, far(25), 8);
        let whole = sim(2_000, seed, far(25), 1);
        whole.backfill();
        let fresh = asked(&whole, LISTS[0]).0;
        let died = many.run_for(&BACKFILL, 40);
        assert!(died.is_none());
        assert!(windows(&many) > 1, "it died amid {} windows", windows(&many));
        let before = asked(&many, LISTS[0]).0;
        many.in_flight = then;
        let report = many.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
        many.assert_equal();
        let after = asked(&many, LISTS[0]).0 - before;
        assert!(after + before <= fresh + 16, "{before} and {after}, where {fresh} are needed");
    }
}

#[rstest]
#[case::one(&[2])]
#[case::several(&[4, 2])]
fn a_place_that_cannot_be_read_keeps_nothing_else_from_being_there(#[case] parts: &[usize]) {
    let mut sim = sim(1_500, 9, far(25), 6);
    sim.entities = vec!["deals"];
    let mut live: Vec<(String, u32)> = {
        let world = sim.emulator.world();
        let time = |id| world.deal(id).unwrap().update_time.map(|at| at.to_string());
        world.live_ids().map(|id| (time(id).unwrap_or_default(), id)).collect()
    };
    live.sort();
    let bad: Vec<u32> = parts.iter().map(|part| live[live.len() / part].1).collect();
    let needles: Vec<String> = bad.iter().map(|id| format!("\"id\":{id},\"title\"")).collect();
    sim.distort(move |_, answer| match answer {
        Ok(response) => {
            let body = String::from_utf8_lossy(response.body());
            match needles.iter().any(|needle| body.contains(needle)) {
                true => Err(TransportError::TooLarge { limit: 1 << 20 }),
                false => Ok(response),
            }
        }
        error => error,
    });
    let ids: Vec<u32> = live.iter().map(|(_, id)| *id).filter(|id| !bad.contains(id)).collect();
    for round in 0..3 {
        let report = sim.backfill();
        let deals = report.entities.iter().find(|one| one.entity == "deals").unwrap();
        assert_eq!(deals.outcome, Outcome::Failed, "{report:?}");
        assert_eq!(windows(&sim), parts.len() as i64);
        for id in &ids {
            let sql = format!("SELECT count(*) FROM deals WHERE id = {id}");
            assert_eq!(sim.number(&sql), 1, "round {round}: deal {id}");
        }
        let title = sim.text(&format!("SELECT title FROM deals WHERE id = {}", ids[round]));
        assert!(round == 0 || title.as_deref() == Some("Newer"), "round {round}: {title:?}");
        let edit = Edit::ChangeDeal(ids[round + 1], DealChange::Title("Newer".to_owned()));
        sim.emulator.world().apply(edit).unwrap();
        sim.advance(300);
    }
    sim.leave_alone();
    sim.entities.clear();
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
}

/// Believed, it would end the listing where most of it was not read.
#[test]
fn a_newest_page_that_says_it_is_the_only_one_is_not_believed() {
    let sim = sim(900, 11, far(25), 6);
    sim.distort(|request, answer| {
        let newest_first = request.uri().query().is_some_and(|query| query.contains("desc"));
        answer.map(|response| {
            response.map(|body| if newest_first { without_cursor(&body) } else { body })
        })
    });
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
}

fn without_cursor(body: &[u8]) -> Bytes {
    let mut body: Json = serde_json::from_slice(body).unwrap();
    body["additional_data"]["next_cursor"] = Json::Null;
    body.to_string().into()
}

/// A field that shows up in an old deal is asked for while other windows wait for their turn to send.
#[test]
fn a_field_that_nobody_described_yet_is_learned_on_the_way() {
    for seed in 0..4 {
        let bumps = Bumps { change: false, ..Bumps::default() };
        let mut sim = sim(2_000, seed, Switches { bumps, burst: Some(4), ..far(25) }, 8);
        sim.entities = vec!["deal_fields", "deals", "deals_archived"];
        let emulator = sim.emulator.clone();
        let mut pages = 0;
        sim.meddle(move |request| {
            pages += u32::from(request.uri().path() == "/api/v2/deals");
            if pages != 12 {
                return;
            }
            let mut world = emulator.world();
            let ids: Vec<u32> = world.live_ids().step_by(9).collect();
            let edit = Edit::AddField {
                name: "Brand new".to_owned(),
                field_type: FieldType::Varchar,
                options: Vec::new(),
            };
            let Edited::Field(code) = world.apply(edit).unwrap() else { panic!("no field") };
            for id in ids {
                let value = Some(Value::Text("hello".into()));
                world.apply(Edit::ChangeDeal(id, DealChange::Custom(code.clone(), value))).unwrap();
            }
            pages += 1;
        });
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
        let named = "SELECT field_code FROM deal_fields WHERE field_name = 'Brand new'";
        let code = sim.text(named).unwrap();
        let filled = sim.number(&format!("SELECT count(\"{code}\") FROM deal_custom_fields"));
        assert!(filled > 0, "seed {seed}");
    }
}
