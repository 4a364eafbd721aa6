//! What goes wrong on the way costs its place and nothing else, and the next clean run makes the mirror equal the source.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::time::Duration;

use common::Sim;
use http::StatusCode;
use pipedrive_mirror::{
    emulator::{DealChange, Edit, Fault, FaultRule, Outcome as Answered, Switches, Told},
    seams::TransportError,
    store::Policy,
    sync::{Fault as RunFault, Outcome, Report},
};
use serde_json::{Map, Value as Json, json};

const FIELDS: &str = "/api/v2/dealFields";
const DEALS: &str = "/api/v2/deals";
const ARCHIVED: &str = "/api/v2/deals/archived";
const ME: &str = "/v1/users/me";

const HTML: &str = "<!DOCTYPE html><title>Down for maintenance</title>";
const FOR_EVER: u32 = u32::MAX;

/// 300 deals in pages of 40.
fn sim(seed: u64) -> Sim {
    let mut sim = Sim::with(300, seed, Switches { page_rows: Some(40), ..Switches::default() });
    sim.entities = vec!["deal_fields", "deals", "deals_archived"];
    sim
}

/// Lets `times` requests to exactly `path`, in which `{id}` stands for any one, meet `fault`, after `skip` of them.
fn fail(sim: &Sim, path: &'static str, skip: u32, times: u32, fault: Fault) {
    let (emulator, mut asked) = (sim.emulator.clone(), 0);
    sim.meddle(move |request| {
        emulator.clear_faults();
        let (head, tail) = path.split_once("{id}").unwrap_or((path, ""));
        let asked_for = request.uri().path();
        let id = asked_for.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        if id.is_none_or(|id| id.is_empty() == path.contains("{id}") || id.contains('/')) {
            return;
        }
        asked += 1;
        if asked > skip && asked - skip <= times {
            emulator.fault(FaultRule { path: None, skip: 0, times: 1, fault: fault.clone() });
        }
    });
}

fn heal(sim: &Sim) {
    sim.leave_alone();
    sim.emulator.clear_faults();
}

fn status(code: u16) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: String::new() }
}

fn outcomes(report: &Report) -> String {
    let entities: Vec<String> = report
        .entities
        .iter()
        .map(|entity| format!("{} {}", entity.entity, entity.outcome.name()))
        .collect();
    entities.join(", ")
}

/// Where faults are met: the path of each endpoint, and how many of its requests pass first.
const PLACES: [(&str, u32); 3] = [(FIELDS, 0), (DEALS, 1), (ARCHIVED, 0)];

/// Every status of the reference, both limits, the block page, and all that can happen to an answer on its way.
fn faults() -> Vec<(&'static str, Fault)> {
    let plain = [400, 401, 402, 403, 404, 405, 410, 415, 422, 500, 501, 502, 503, 524];
    let names = [
        "400", "401", "402", "403", "404", "405", "410", "415", "422", "500", "501", "502", "503",
        "524",
    ];
    let location = ("location".to_owned(), "https://elsewhere.invalid/login?x=1".to_owned());
    let moved = Fault::Status { code: 302, headers: vec![location], body: String::new() };
    let gateway = Fault::Status { code: 502, headers: Vec::new(), body: HTML.to_owned() };
    let mut faults: Vec<_> = names.into_iter().zip(plain.map(status)).collect();
    faults.extend([
        ("302", moved),
        ("403 html", Fault::Html403),
        ("429 burst", Fault::TooMany(Told::Burst)),
        ("429 daily", Fault::TooMany(Told::Daily)),
        ("429 bare", Fault::TooMany(Told::Nothing)),
        ("502 html", gateway),
        ("hang", Fault::Timeout),
        ("reset", Fault::Reset),
        ("reset in body", Fault::ShortBody),
        ("slow body", Fault::SlowBody(Duration::from_secs(60))),
        ("short body", Fault::InvalidJson),
        ("invalid json", Fault::RawBody("{\"success\":true,\"data\":[{]}".to_owned())),
        ("html", Fault::RawBody(HTML.to_owned())),
        ("null body", Fault::NullBody),
        ("success false", Fault::SuccessFalse200),
        ("data no list", Fault::DataWrongType),
        ("same cursor", Fault::RepeatCursor),
        ("too large", Fault::TooLargeOver(30)),
        ("row too large", Fault::TooLargeOver(0)),
    ]);
    faults
}

/// Tells how a backfill goes that meets `fault` so many times at each of [`PLACES`], and fails unless the next clean one
/// heals everything without losing what was stored.
fn lines(name: &str, times: u32, fault: &Fault) -> String {
    let mut told = String::new();
    for (path, skip) in PLACES {
        let sim = sim(3);
        fail(&sim, path, skip, times, fault.clone());
        let report = sim.backfill();
        let asked = sim.emulator.log().len();
        assert_eq!(report.requests, asked as u64, "{name}");
        let stored = sim.number("SELECT count(*) FROM deals");
        let list = path.rsplit('/').next().unwrap();
        told.push_str(&format!(
            "{name:<13} {list:<10} {:<8} {} {asked:>3} requests, {stored:>3} rows: {}\n",
            report.outcome().name(),
            report.exit(None).code(),
            outcomes(&report)
        ));
        heal(&sim);
        wait_out(&sim, &report);
        assert_eq!(sim.backfill().outcome(), Outcome::Complete, "{name} {path}");
        assert!(sim.number("SELECT count(*) FROM deals") >= stored);
        assert_same(&sim);
    }
    told
}

/// Lets the time pass that a refusal asked for, if it did.
fn wait_out(sim: &Sim, report: &Report) {
    if let Some(RunFault::Api(error)) = &report.fault
        && let Some(until) = error.resumes()
    {
        let wait = until.duration_since(sim.now()).as_secs().cast_unsigned();
        sim.advance(wait);
    }
}

/// Fails unless the mirror equals the source; what the source purged meanwhile stays in the mirror.
fn assert_same(sim: &Sim) {
    let mut differences = common::truth::differences(&sim.connection(), &sim.emulator);
    differences.retain(|line| !line.ends_with("is not in the source"));
    assert_eq!(differences, [""; 0]);
}

#[test]
fn what_happens_once_or_twice_costs_little_or_its_list() {
    let mut table: String = faults().iter().map(|(name, fault)| lines(name, 1, fault)).collect();
    for (name, times, fault) in [
        ("null twice", 2, Fault::NullBody),
        ("503 twice", 2, status(503)),
        ("503 thrice", 3, status(503)),
    ] {
        table.push_str(&lines(name, times, &fault));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn what_lasts_costs_its_list_only_or_ends_the_run_where_no_later_request_can_do_better() {
    let table: String = faults().iter().map(|(name, fault)| lines(name, FOR_EVER, fault)).collect();
    insta::assert_snapshot!(table);
}

/// Everything that hangs on deals, and the count at the end of a backfill.
const HANGING: [&str; 6] = [
    "/api/v2/deals/products",
    "/api/v2/deals/installments",
    "/api/v2/deals/{id}/discounts",
    "/api/v2/deals/{id}/followers",
    "/v1/deals/{id}/participants",
    "/v1/deals/summary",
];

/// Tells how a backfill goes that meets `fault` so many times at each of [`HANGING`], and fails unless everything is there
/// once the source is well again and the time has passed after which it is asked again.
fn hanging(name: &str, times: u32, fault: &Fault) -> String {
    let mut told = String::new();
    for path in HANGING {
        let switches = Switches { page_rows: Some(25), ..Switches::default() };
        let sim = Sim::with(60, 3, switches).and_children(Policy::Counter);
        fail(&sim, path, 0, times, fault.clone());
        let report = sim.backfill();
        assert_eq!(report.requests, sim.emulator.log().len() as u64, "{name}");
        let not_well: Vec<String> = report
            .entities
            .iter()
            .filter(|entity| entity.outcome != Outcome::Complete || entity.owed > Some(0))
            .map(|entity| {
                let owed = entity.owed.unwrap_or_default();
                format!("{} {} owes {owed}", entity.entity, entity.outcome.name())
            })
            .collect();
        told.push_str(&format!(
            "{name:<13} {:<12} {:<8} {} {:>3} requests: {}\n",
            path.rsplit('/').next().unwrap(),
            report.outcome().name(),
            report.exit(None).code(),
            report.requests,
            not_well.join(", ")
        ));
        heal(&sim);
        wait_out(&sim, &report);
        sim.advance(8 * 24 * 3_600);
        assert_eq!(sim.sync().outcome(), Outcome::Complete, "{name} {path}");
        assert_same(&sim);
        let differences = common::attached::differences(&sim.connection(), &sim.emulator, &[]);
        assert_eq!(differences, [""; 0], "{name} {path}");
        assert_eq!(sim.number("SELECT count(*) FROM sync_due"), 0, "{name} {path}");
    }
    told
}

#[test]
fn what_happens_once_to_what_hangs_on_deals_costs_little() {
    let table: String = faults().iter().map(|(name, fault)| hanging(name, 1, fault)).collect();
    insta::assert_snapshot!(table);
}

#[test]
fn what_lasts_costs_its_children_only_or_ends_the_run() {
    let table: String =
        faults().iter().map(|(name, fault)| hanging(name, FOR_EVER, fault)).collect();
    insta::assert_snapshot!(table);
}

#[test]
fn what_ends_a_run_is_told_with_the_remedy_or_the_time() {
    let table: String = faults()
        .iter()
        .filter_map(|(name, fault)| {
            let sim = sim(4);
            fail(&sim, DEALS, 2, FOR_EVER, fault.clone());
            Some(format!("{name}: {}\n", sim.backfill().fault?))
        })
        .collect();
    insta::assert_snapshot!(table);
}

#[test]
fn a_source_that_fails_at_the_first_question_costs_no_row() {
    let sim = sim(5);
    sim.backfill();
    fail(&sim, ME, 0, FOR_EVER, status(500));
    sim.emulator.reset_log();
    let report = sim.sync();
    assert_eq!((report.outcome(), sim.emulator.log().len()), (Outcome::Failed, 3), "{report:?}");
    heal(&sim);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim.assert_equal();
}

#[test]
fn too_many_requests_at_once_are_waited_out() {
    let sim = sim(6);
    let headers = vec![
        ("x-ratelimit-remaining".to_owned(), "0".to_owned()),
        ("x-ratelimit-reset".to_owned(), "2".to_owned()),
    ];
    fail(&sim, DEALS, 1, 2, Fault::Status { code: 429, headers, body: String::new() });
    let before = sim.now();
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert!(sim.now().duration_since(before).as_secs() >= 4);
    sim.assert_equal();
}

#[test]
fn a_spent_day_ends_the_run_and_the_next_day_goes_on_at_the_same_place() {
    let sim = sim(7);
    // The question whose account it is, two pages of fields, three of deals, and not enough for a fourth.
    sim.emulator.switch(|switches| switches.daily_budget = 2 + 2 * 10 + 3 * 10 + 9);
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Budget, "{report:?}");
    assert_eq!(outcomes(&report), "deal_fields complete, deals budget");
    // The answers told what is left, so that nobody had to refuse anything.
    let log = sim.emulator.log();
    assert!(log.iter().all(|asked| asked.outcome == Answered::Status(200)), "{log:?}");
    assert_eq!(sim.number("SELECT count(*) FROM deals"), 3 * 40);
    let place = sim.text("SELECT cursor FROM sync_checkpoints WHERE entity = 'deals'").unwrap();

    wait_out(&sim, &report);
    sim.emulator.switch(|switches| switches.daily_budget = 1_000);
    sim.emulator.reset_log();
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    let first = sim.emulator.log().into_iter().find(|asked| asked.path == DEALS).unwrap();
    assert_eq!(first.param("cursor"), Some(place.as_str()));
    assert_same(&sim);
}

#[test]
fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let sim = Sim::new(300, 8);
    fail(&sim, DEALS, 0, FOR_EVER, Fault::TooLargeOver(130));
    assert_eq!(sim.backfill().outcome(), Outcome::Complete);
    sim.assert_equal();
    let limits: Vec<String> = sim
        .emulator
        .log()
        .iter()
        .filter(|asked| asked.path == DEALS)
        .map(|asked| asked.param("limit").unwrap().to_owned())
        .collect();
    assert_eq!(limits[..3], ["500", "250", "125"], "{limits:?}");
    assert!(!limits.contains(&"1".to_owned()), "{limits:?}");
}

/// The live deal in the middle of the list by time, and when it changed.
fn in_the_middle(sim: &Sim) -> (u32, String) {
    let world = sim.emulator.world();
    let mut live: Vec<(String, u32)> = world
        .live_ids()
        .map(|id| (world.deal_json(id).unwrap()["update_time"].as_str().unwrap().to_owned(), id))
        .collect();
    live.sort();
    let (time, id) = live[live.len() / 2].clone();
    (id, time)
}

#[test]
fn a_row_too_large_even_alone_is_named_and_all_others_are_mirrored() {
    let sim = sim(9);
    let (id, time) = in_the_middle(&sim);
    let needle = format!("\"id\":{id},\"title\"");
    sim.distort(move |_, answer| match answer {
        Ok(response) if String::from_utf8_lossy(response.body()).contains(&needle) => {
            Err(TransportError::TooLarge { limit: 1 << 20 })
        }
        other => other,
    });
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Partial, "{report:?}");
    assert_eq!(outcomes(&report), "deal_fields complete, deals failed, deals_archived complete");
    let mark = sim.text("SELECT mark FROM sync_checkpoints WHERE entity = 'deals'").unwrap();
    assert!(mark <= time, "{mark} is past {time}");
    let error = report.entities[1].error.as_ref().unwrap();
    assert!(error.contains(&mark), "the place, {mark}, is not in {error}");
    let stored = sim.text("SELECT error FROM sync_runs WHERE entity = 'deals'").unwrap();
    assert_eq!(&stored, error);
    let differences = common::truth::differences(&sim.connection(), &sim.emulator);
    assert_eq!(differences, [format!("deal {id} is missing")]);

    // A newer change does not wait for it either.
    let other = sim.emulator.world().live_ids().find(|other| *other != id).unwrap();
    retitle(&sim, other, "while one is in the way");
    sim.advance(60);
    assert_eq!(sim.sync().outcome(), Outcome::Partial);
    let differences = common::truth::differences(&sim.connection(), &sim.emulator);
    assert_eq!(differences, [format!("deal {id} is missing")]);

    heal(&sim);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim.assert_equal();
}

fn retitle(sim: &Sim, id: u32, title: &str) {
    let edit = Edit::ChangeDeal(id, DealChange::Title(title.to_owned()));
    sim.emulator.world().apply(edit).unwrap();
}

/// Lets every list show `rows` with another text than the source's.
fn spoil(
    sim: &Sim,
    rows: Vec<u32>,
    spoilt: impl Fn(&Map<String, Json>) -> String + Send + 'static,
) {
    sim.distort(move |request, answer| {
        let mut response = answer?;
        if !request.uri().path().starts_with(DEALS) || response.status() != StatusCode::OK {
            return Ok(response);
        }
        let body: Json = serde_json::from_slice(response.body()).unwrap();
        let row = |deal: &Json| match deal {
            Json::Object(deal) if rows.iter().any(|id| deal["id"] == *id) => spoilt(deal),
            other => other.to_string(),
        };
        let data: Vec<String> = body["data"].as_array().unwrap().iter().map(row).collect();
        let (data, more) = (data.join(","), &body["additional_data"]);
        let text = format!("{{\"success\":true,\"data\":[{data}],\"additional_data\":{more}}}");
        *response.body_mut() = text.into();
        Ok(response)
    });
}

/// The deal with one member replaced by the JSON text `raw`.
fn with(deal: &Map<String, Json>, member: &str, raw: &str) -> String {
    let mut deal = deal.clone();
    deal.insert(member.to_owned(), json!("@@"));
    Json::Object(deal).to_string().replace("\"@@\"", raw)
}

/// Mirrors a world in which one deal is spoilt; returns it with the simulation.
fn mirror_spoilt(spoilt: impl Fn(&Map<String, Json>) -> String + Send + 'static) -> (Sim, u32) {
    let sim = sim(10);
    let (id, _) = in_the_middle(&sim);
    spoil(&sim, vec![id], spoilt);
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    let others = common::truth::differences(&sim.connection(), &sim.emulator);
    let of_it = [format!("deal {id} "), format!("deal {id}: ")];
    let of_others: Vec<&String> =
        others.iter().filter(|line| !of_it.iter().any(|it| line.starts_with(it))).collect();
    assert!(of_others.iter().all(|line| line.contains("9007199254740993")), "{of_others:?}");
    (sim, id)
}

fn quarantined(sim: &Sim) -> Vec<(String, String)> {
    let connection = sim.connection();
    let mut query = connection.prepare("SELECT key, reason FROM sync_quarantine").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_row_that_cannot_be_read_is_kept_with_the_reason_and_forgotten_when_a_good_one_comes() {
    for (member, raw) in [
        ("value", r#""abc""#),
        ("value", "{}"),
        ("owner_id", "[1]"),
        ("is_deleted", r#""perhaps""#),
        ("title", "{\"a\":1}"),
        ("label_ids", "7"),
        ("custom_fields", "[1]"),
        // What orders the rows cannot be guessed.
        ("update_time", r#""yesterday""#),
    ] {
        let (sim, id) = mirror_spoilt(move |deal| with(deal, member, raw));
        let kept = quarantined(&sim);
        assert_eq!(kept.len(), 1, "{member} {raw}: {kept:?}");
        let (key, reason) = &kept[0];
        assert_eq!(*key, id.to_string());
        assert!(reason.contains(member), "{member} {raw}: {reason}");
        heal(&sim);
        retitle(&sim, id, "readable again");
        sim.advance(60);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        assert_eq!(quarantined(&sim), []);
        sim.assert_equal();
    }
}

#[test]
fn a_row_that_is_no_deal_at_all_is_kept_too() {
    for raw in [
        "42",
        "\"nonsense\"",
        "[]",
        "null",
        "{}",
        "{\"title\":\"no id\"}",
        "{\"id\":\"x1\"}",
        "{\"id\":1.5}",
        "{\"id\":null}",
    ] {
        let (sim, _) = mirror_spoilt(move |_| raw.to_owned());
        let kept = quarantined(&sim);
        assert_eq!(kept.len(), 1, "{raw}: {kept:?}");
        assert_eq!((kept[0].0.as_str(), kept[0].1.is_empty()), ("", false), "{raw}");
        assert_eq!(sim.text("SELECT json FROM sync_quarantine").unwrap(), raw);
    }
}

#[test]
fn odd_values_cost_themselves_and_not_their_row() {
    let huge = "x".repeat(2_000_000);
    let huge = Box::leak(format!("\"{huge}\"").into_boxed_str());
    for (member, raw, stored) in [
        ("value", r#""12.5""#, "12.5"),
        ("title", r#""a\u0000b""#, "a\u{fffd}b"),
        ("title", r#""a\ud800b""#, "a\u{fffd}b"),
        ("title", huge as &str, huge.trim_matches('"')),
        ("expected_close_date", r#""0000-00-00""#, ""),
        ("stage_change_time", r#""2026-01-02 03:04:05""#, "2026-01-02T03:04:05Z"),
        ("person_id", "9007199254740993", "9007199254740993"),
    ] {
        let (sim, id) = mirror_spoilt(move |deal| with(deal, member, raw));
        assert_eq!(quarantined(&sim), [], "{member}");
        let text = format!("SELECT coalesce({member}, '') || '' FROM deals WHERE id = {id}");
        assert_eq!(sim.text(&text).as_deref(), Some(stored), "{member}");
        let kept = format!("SELECT json FROM deal_raw WHERE deal_id = {id}");
        assert!(sim.text(&kept).unwrap().contains(raw), "{member}: the original is lost");
        heal(&sim);
        retitle(&sim, id, "in order again");
        sim.advance(60);
        sim.sync();
        sim.assert_equal();
    }
}

#[test]
fn an_id_above_two_to_the_53_stays_exact() {
    let (sim, _) = mirror_spoilt(|deal| with(deal, "id", "9007199254740993"));
    assert_eq!(sim.number("SELECT id FROM deals WHERE id > 4000000000"), 9_007_199_254_740_993);
}

#[test]
fn a_page_most_of_which_cannot_be_read_fails_its_list_and_moves_no_mark() {
    let sim = sim(11);
    sim.backfill();
    let mark = || sim.text("SELECT mark FROM sync_checkpoints WHERE entity = 'deals'");
    let (before, rows) = (mark(), sim.number("SELECT count(*) FROM deals"));
    let changed: Vec<u32> = sim.emulator.world().live_ids().take(150).collect();
    for &id in &changed {
        retitle(&sim, id, "changed");
    }
    sim.advance(60);
    spoil(&sim, changed, |deal| with(deal, "value", "[]"));
    let report = sim.sync();
    assert_eq!(outcomes(&report), "deal_fields complete, deals failed, deals_archived complete");
    let error = report.entities[1].error.as_ref().unwrap();
    assert!(error.contains("cannot be read"), "{error}");
    assert_eq!((mark(), sim.number("SELECT count(*) FROM deals")), (before.clone(), rows));
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE title = 'changed'"), 0);
    heal(&sim);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    assert!(mark() > before);
    assert_eq!(sim.number("SELECT count(*) FROM deals WHERE title = 'changed'"), 150);
    sim.assert_equal();
}
