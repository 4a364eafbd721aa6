//! The views that hold the figures of the API's own reports, against those reports.

use std::collections::BTreeMap;

use bytes::Bytes;
use pipedrive_mirror::emulator::TOKEN;
use serde_json::Value as Json;

use super::*;

/// Per currency: how many, what they are worth, and weighted.
type Figures = BTreeMap<String, (i64, f64, f64)>;

fn ask(sim: &Sim, path: &str) -> Json {
    let request = http::Request::get(path).header("x-api-token", TOKEN).body(Bytes::new()).unwrap();
    let response = sim.emulator.handle(request).unwrap();
    let body: Json = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(response.status(), 200, "{path}: {body}");
    body["data"].clone()
}

fn figures(sim: &Sim, sql: &str) -> Figures {
    let conn = sim.connection();
    let mut query = conn.prepare(sql).unwrap();
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn assert_same(found: &Figures, source: &Figures, what: &str) {
    assert_eq!(found.keys().collect::<Vec<_>>(), source.keys().collect::<Vec<_>>(), "{what}");
    for (currency, (count, value, weighted)) in found {
        let (counted, valued, weighed) = source[currency];
        assert_eq!(*count, counted, "{what}: {currency}");
        // The source adds up hundredths and rounds at the end.
        assert!((value - valued).abs() < 0.01, "{what}: {currency} {value} {valued}");
        assert!((weighted - weighed).abs() < 0.01, "{what}: {currency} {weighted} {weighed}");
    }
}

/// Returns a world with odd ones in it, mirrored.
fn mirrored(seed: u64) -> Sim {
    let sim = Sim::new(700, seed).and_reference();
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..200 {
        sim.advance(rng.u64(0..90_000));
        sim.emulator.world().random_edit(&mut rng);
    }
    let pipeline = sim.emulator.world().references(Reference::Pipelines).next().unwrap().0;
    let _ = sim.emulator.world().apply(Edit::EnableProbability(pipeline, seed.is_multiple_of(2)));
    sim.advance(3_600);
    complete(&sim.backfill());
    sim
}

/// Adds, each with a chance of a half, a parameter and the condition that it becomes.
fn some(
    rng: &mut fastrand::Rng,
    sim: &Sim,
    names: &[(&str, &str, &str)],
    query: &mut String,
    sql: &mut String,
) {
    for (parameter, column, values) in names {
        if rng.bool() {
            let conn = sim.connection();
            let mut all = conn.prepare(values).unwrap();
            let all: Vec<String> =
                all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let value = rng.choice(all).unwrap();
            query.push_str(&format!("&{parameter}={value}"));
            sql.push_str(&format!(" AND {column} = '{value}'"));
        }
    }
}

const USERS: &str = "SELECT DISTINCT CAST(owner_id AS TEXT) FROM deals";
const PIPELINES: &str = "SELECT DISTINCT CAST(pipeline_id AS TEXT) FROM deals";
const STAGES: &str = "SELECT DISTINCT CAST(stage_id AS TEXT) FROM deals";

#[test]
fn deal_summary_says_what_the_source_says() {
    for seed in 0..6 {
        let (sim, mut rng) = (mirrored(seed), fastrand::Rng::with_seed(seed));
        for _ in 0..25 {
            let (mut query, mut sql) = ("/v1/deals/summary?".to_owned(), "true".to_owned());
            if rng.bool() {
                let status = rng.choice(["open", "won", "lost"]).unwrap();
                query.push_str(&format!("status={status}"));
                sql.push_str(&format!(" AND status = '{status}'"));
            }
            let names = [
                ("user_id", "user_id", USERS),
                ("pipeline_id", "pipeline_id", PIPELINES),
                ("stage_id", "stage_id", STAGES),
            ];
            some(&mut rng, &sim, &names, &mut query, &mut sql);
            let said = ask(&sim, &query.replace("?&", "?"));
            let source: Figures = said["values_total"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(currency, total)| {
                    let weighted = &said["weighted_values_total"][currency]["value"];
                    let figures = (
                        total["count"].as_i64().unwrap(),
                        total["value"].as_f64().unwrap(),
                        weighted.as_f64().unwrap(),
                    );
                    (currency.clone(), figures)
                })
                .collect();
            let found = figures(
                &sim,
                &format!(
                    "SELECT currency, sum(count), sum(value), sum(weighted_value) FROM deal_summary
                     WHERE {sql} GROUP BY currency"
                ),
            );
            assert_same(&found, &source, &format!("seed {seed}: {query}"));
            let total: i64 = found.values().map(|(count, ..)| count).sum();
            assert_eq!(said["total_count"], total, "seed {seed}: {query}");
            sim.advance(3);
        }
    }
}

fn of_period(totals: &Json, part: &str) -> Figures {
    let (values, weighted) = match part {
        "" => ("values", "weighted_values"),
        _ => ("open_values", "weighted_open_values"),
    };
    let values = totals[values].as_object().unwrap();
    values
        .iter()
        .map(|(currency, value)| {
            let weighted = totals[weighted][currency].as_f64().unwrap();
            (currency.clone(), (0, value.as_f64().unwrap(), weighted))
        })
        .collect()
}

#[test]
fn deal_timeline_says_what_the_source_says() {
    for seed in 0..6 {
        let (sim, mut rng) = (mirrored(seed), fastrand::Rng::with_seed(seed));
        let custom: Vec<String> = {
            let conn = sim.connection();
            let mut dates = conn
                .prepare("SELECT field_code FROM deal_fields WHERE field_type = 'date' AND is_custom_field = 1")
                .unwrap();
            dates.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert!(!custom.is_empty());
        for _ in 0..25 {
            let own = ["add_time", "update_time", "won_time", "expected_close_date", "close_time"];
            let keys = own.iter().map(|key| (*key).to_owned()).chain(custom.iter().cloned());
            let key = rng.choice(keys.collect::<Vec<_>>()).unwrap();
            let interval = rng.choice(["day", "week", "month", "quarter"]).unwrap();
            let start = format!("2025-{:02}-{:02}", rng.u8(1..=12), rng.u8(1..=28));
            let amount = rng.u8(1..8);
            let mut query = format!(
                "/v1/deals/timeline?start_date={start}&interval={interval}&amount={amount}&field_key={key}&exclude_deals=1"
            );
            let mut sql = format!("field_key = '{key}'");
            let names = [("user_id", "user_id", USERS), ("pipeline_id", "pipeline_id", PIPELINES)];
            some(&mut rng, &sim, &names, &mut query, &mut sql);
            let said = ask(&sim, &query);
            let periods = said.as_array().unwrap();
            assert_eq!(periods.len(), usize::from(amount), "{query}");
            for period in periods {
                let day = |name: &str| period[name].as_str().unwrap()[..10].to_owned();
                let (from, to) = (day("period_start"), day("period_end"));
                let within = format!("{sql} AND day BETWEEN '{from}' AND '{to}'");
                compare_period(
                    &sim,
                    &within,
                    &period["totals"],
                    &format!("seed {seed}: {query} {from}"),
                );
            }
            sim.advance(3);
        }
    }
}

fn compare_period(sim: &Sim, within: &str, totals: &Json, what: &str) {
    for (part, condition) in [("", "true"), ("open", "status = 'open'")] {
        let found = figures(
            sim,
            &format!(
                "SELECT currency, 0, sum(value), sum(weighted_value) FROM deal_timeline
                 WHERE {within} AND {condition} GROUP BY currency"
            ),
        );
        assert_same(&found, &of_period(totals, part), &format!("{what} {part}"));
    }
    for (name, condition) in
        [("count", "true"), ("open_count", "status = 'open'"), ("won_count", "status = 'won'")]
    {
        let counted = sim.number(&format!(
            "SELECT coalesce(sum(count), 0) FROM deal_timeline WHERE {within} AND {condition}"
        ));
        assert_eq!(totals[name], counted, "{what} {name}");
    }
}
