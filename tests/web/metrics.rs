//! The metrics can be read, and say what happened and what the database says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::http::Method;
use pipedrive_mirror::{
    api::Meter as _,
    endpoint,
    entity::{self, ENTITIES},
    sync::{Event, Observer as _},
    web::{Metrics, router},
};

use crate::{ask, expected::number, filled, site};

/// Reads the text form, line by line; fails on what is no part of it.
fn read(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with its mark");
    let mut families = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in body.lines() {
        if let Some(described) = line.strip_prefix("# ") {
            let words: Vec<&str> = described.splitn(3, ' ').collect();
            assert!(["HELP", "TYPE", "UNIT"].contains(&words[0]) && words.len() == 3, "{line}");
            families.insert(words[1].to_owned(), words[2].to_owned());
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (bare, labels) = name.split_once('{').unwrap_or((name, "}"));
        assert!(bare.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
        assert!(families.keys().any(|family| bare.starts_with(family.as_str())), "{line}");
        let labels = labels.strip_suffix('}').unwrap();
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once("=\"").unwrap();
            assert!(key.chars().all(|c| c.is_ascii_lowercase()), "{line}");
            assert!(!value.trim_end_matches('"').contains('"'), "{line}");
        }
        let twice = samples.insert(name.to_owned(), value.parse().unwrap());
        assert_eq!(twice, None, "{name} is there once");
    }
    samples
}

#[test]
fn what_happened_is_counted() {
    let sim = filled();
    let metrics = Arc::new(Metrics::default());
    metrics.answered(&endpoint::DEALS, Some(200));
    metrics.answered(&endpoint::DEALS, Some(200));
    metrics.answered(&endpoint::USERS, None);
    metrics.retried(&endpoint::USERS);
    let report = sim.sync().entities.into_iter().find(|one| one.entity == "deals").unwrap();
    let took = Duration::from_millis(3);
    let spent = pipedrive_mirror::api::Spent::default();
    let deals = entity::find("deals").unwrap();
    metrics.notice(&Event::Stored { entity: deals, so_far: &report, spent, took });
    let report = pipedrive_mirror::sync::EntityReport { written: 41, ..report };
    metrics.notice(&Event::Ended { report: &report });
    let text = ask(&router(site(&sim, &metrics)), Method::GET, "/metrics").body;
    let found = read(&text);
    for (name, value) in [
        (r#"requests_total{endpoint="/api/v2/deals",status="200"}"#, 2.0),
        (r#"requests_total{endpoint="/v1/users",status="none"}"#, 1.0),
        (r#"cost_total{endpoint="/api/v2/deals",status="200"}"#, 20.0),
        (r#"cost_total{endpoint="/v1/users",status="none"}"#, 20.0),
        (r#"retries_total{endpoint="/v1/users"}"#, 1.0),
        (r#"rows_written_total{entity="deals"}"#, 41.0),
        (r#"entity_runs_total{entity="deals",outcome="complete"}"#, 1.0),
        ("page_commit_seconds_count", 1.0),
        ("page_commit_seconds_sum", 0.003),
        (r#"page_commit_seconds_bucket{le="0.0025"}"#, 0.0),
        (r#"page_commit_seconds_bucket{le="0.005"}"#, 1.0),
        ("ticks_folded_total", 0.0),
        ("trouble", 0.0),
        ("ready", 1.0),
    ] {
        assert_eq!(found.get(&format!("pipedrive_mirror_{name}")), Some(&value), "{name}\n{text}");
    }
}

#[test]
fn the_gauges_are_what_the_database_says() {
    let sim = filled();
    sim.advance(77);
    let conn = sim.connection();
    conn.execute_batch(
        "INSERT INTO sync_due (kind, id, why, since, generation)
           SELECT 'deal_followers', id, 'changed', '2026-03-02T12:00:00Z', 1 FROM deals LIMIT 5",
    )
    .unwrap();
    let text = ask(&router(site(&sim, &Arc::default())), Method::GET, "/metrics").body;
    let found = read(&text);
    let of = |name: &str, entity: &str| {
        found.get(&format!("pipedrive_mirror_{name}{{entity=\"{entity}\"}}")).copied()
    };
    for entity in ENTITIES {
        let place = "FROM sync_checkpoints WHERE until IS NULL AND entity = ?1";
        let at = |column: &str| {
            let sql = format!("SELECT coalesce(max(strftime('%s', {column})), 0) + 0 {place}");
            Some(number(&conn, &sql, [entity.name])).filter(|at| *at > 0)
        };
        let now = 1_772_445_600 + 3_600; // 2026-03-02T11:00:00Z
        assert!(at("completed_at").is_none_or(|at| at >= now), "{}", entity.name);
        let success = at("completed_at").map(|at| at as f64);
        assert_eq!(of("entity_last_success_timestamp_seconds", entity.name), success, "{text}");
        assert_eq!(
            of("entity_lag_seconds", entity.name).is_some(),
            success.is_some(),
            "{}",
            entity.name
        );
        let owed = number(&conn, "SELECT count(*) FROM sync_due WHERE kind = ?1", [entity.name]);
        let told = entity.owed_by().map(|_| owed as f64);
        assert_eq!(of("owed", entity.name), told, "{}", entity.name);
    }
}

#[test]
fn what_is_left_and_who_is_needed_is_told() {
    let sim = filled();
    let conn = sim.connection();
    let refused = "INSERT INTO sync_state VALUES ('token_refused_since', '2026-03-02T11:00:00Z')";
    conn.execute_batch(refused).unwrap();
    let text = ask(&router(site(&sim, &Arc::default())), Method::GET, "/metrics").body;
    let found = read(&text);
    for (reason, needed) in
        [("token_refused", 1.0), ("address_blocked", 0.0), ("large_wal", 0.0), ("reconcile", 0.0)]
    {
        let name = format!("pipedrive_mirror_needs_person{{reason=\"{reason}\"}}");
        assert_eq!(found.get(&name), Some(&needed), "{text}");
    }
    let share = number(
        &conn,
        "SELECT coalesce(max(value + 0), 30000) / 2 FROM sync_state WHERE key = 'daily_limit'",
        [],
    );
    let cost = number(&conn, "SELECT sum(cost) FROM sync_api_usage", []);
    let reserved = number(
        &conn,
        "SELECT coalesce(max(value), 0) + 0 FROM sync_state WHERE key = 'reservation'",
        [],
    );
    assert_eq!(found["pipedrive_mirror_share"], share as f64);
    assert_eq!(found["pipedrive_mirror_share_left"], (share - cost - reserved) as f64);
    let left = number(&conn, "SELECT value + 0 FROM sync_state WHERE key = 'daily_left'", []);
    assert_eq!(found["pipedrive_mirror_company_budget_left"], left as f64);
    assert!(found.contains_key("pipedrive_mirror_wal_bytes"));
    let build = found.keys().find(|name| name.starts_with("pipedrive_mirror_build_info{")).unwrap();
    assert!(
        ["version=", "sqlite=\"3.", "schema="].iter().all(|part| build.contains(part)),
        "{build}"
    );
    if cfg!(target_os = "linux") {
        assert!(found["process_resident_memory_bytes"] > 1e6 && found["process_open_fds"] > 2.0);
    }
}
