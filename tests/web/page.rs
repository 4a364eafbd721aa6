//! The page says what the database says, and nothing of a customer.

use std::collections::BTreeSet;

use pipedrive_mirror::entity::ENTITIES;

use crate::{
    DAY,
    common::Sim,
    expected::expected,
    filled, get,
    html::{Page, plain},
};

/// A mirror that has a past: runs and costs of several days, failures, and things owed.
pub(crate) fn lived() -> Sim {
    let sim = filled();
    for _ in 0..3 {
        sim.advance(3_700);
        sim.sync();
    }
    let conn = sim.connection();
    conn.execute_batch(
        "INSERT INTO sync_api_usage (hour, endpoint, requests, cost)
           VALUES ('2026-02-03T12:00:00Z', '/api/v2/deals', 7, 70), ('2026-01-31T12:00:00Z', '/api/v2/deals', 900, 9000),
             ('2026-02-20T00:00:00Z', '/api/v2/deals', 30, 300), ('2026-02-20T23:00:00Z', '/v1/users', 30, 600);
         INSERT INTO sync_due (kind, id, why, since, generation, attempts, error)
           SELECT 'deal_followers', id, 'changed', '2026-03-02T12:00:00Z', 1, id % 2, 'no such deal' FROM deals LIMIT 5;
         INSERT INTO sync_quarantine (entity, key, hash, json, reason, observed, first_seen, last_seen)
           VALUES ('deals', '4', 1, '{}', 'Ada Lovelace is no number', 1, '2026-03-02T12:00:00Z', '2026-03-02T12:00:00Z');
         INSERT INTO sync_runs (run, mode, entity, started_at, outcome, error)
           VALUES (90, 'sync', 'persons', '2026-03-02T14:00:59Z', 'failed', 'Ada Lovelace is unreadable'),
             (90, 'sync', 'deals', '2026-03-02T14:01:00Z', 'budget', NULL), (91, 'sync', 'deals', '2026-03-02T14:02:00Z', NULL, NULL);
         UPDATE deals SET currency = 'CZK' WHERE id % 7 = 0; UPDATE deals SET currency = NULL WHERE id % 11 = 0;",
    )
    .unwrap();
    sim
}

fn page(sim: &Sim) -> Page {
    Page::read(&get(sim, "/").body)
}

fn assert_true(sim: &Sim, page: &Page) {
    for figure in &page.figures {
        assert_eq!(figure.value, expected(sim, figure), "{figure:?}");
    }
}

#[test]
fn every_number_is_what_the_database_says() {
    let sim = lived();
    let page = page(&sim);
    assert_true(&sim, &page);
    let metrics: BTreeSet<&str> = page.figures.iter().map(|one| one.metric.as_str()).collect();
    assert_eq!(metrics.into_iter().collect::<Vec<_>>().join(" "), METRICS);
    let stray = page.plain.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()));
    assert_eq!(stray, None, "a number stands outside of what can be checked");
    let spent: Vec<i64> = page
        .figures
        .iter()
        .filter(|one| one.metric == "cost-day")
        .map(|one| one.value.parse().unwrap())
        .collect();
    assert_eq!((spent.len(), spent[0], spent[19]), (30, 0, 900), "days without a request count");
}

/// What the page of a mirror with a past shows.
const METRICS: &str = "as-of board-count board-value company-left cost-24h cost-day cost-day-highest deals-archived \
    deals-deleted deals-live deals-missing lag owed owed-failing quarantined runs-24h runs-at runs-since schema share \
    share-counted share-left sqlite version wal-bytes";

#[test]
fn a_mirror_that_was_never_filled_has_a_page_too() {
    let sim = Sim::new(3, 1);
    drop(sim.store());
    let page = page(&sim);
    assert_true(&sim, &page);
    assert!(page.plain.contains("The first backfill is under way:"));
    assert!(page.plain.contains("No pipeline is mirrored yet."));
}

#[test]
fn the_state_is_told_in_a_sentence() {
    let sim = filled();
    assert!(page(&sim).plain.contains("everything is as new as its schedule promises."));
    sim.advance(2 * 3_600);
    let late = page(&sim);
    assert!(
        late.plain.contains("Late:") && late.plain.contains("older than may be"),
        "{}",
        late.plain
    );
    let states: Vec<&str> = late
        .elements
        .iter()
        .filter_map(|(_, one)| one.get("data-state").map(|_| one["class"].as_str()))
        .collect();
    assert!(states.contains(&"warn") && states.contains(&"good"), "{states:?}");
}

#[test]
fn a_person_is_told_what_failed_but_not_in_the_words_of_the_source() {
    let sim = lived();
    let told = page(&sim).plain;
    assert!(told.contains("The last run of persons failed:"), "{told}");
    assert!(!told.contains("The last run of deals"), "a run that is under way failed not: {told}");
    sim.connection()
        .execute_batch(
            "INSERT INTO sync_state VALUES ('token_refused_since', '2026-03-02T14:03:00Z')",
        )
        .unwrap();
    let answer = get(&sim, "/").body;
    assert!(answer.contains("data-reason=\"token_refused\"") && answer.contains("In trouble:"));
}

#[test]
fn no_customer_is_named_anywhere() {
    let sim = lived();
    let conn = sim.connection();
    let mut names = BTreeSet::new();
    for (table, column) in [
        ("deals", "title"),
        ("deals", "lost_reason"),
        ("persons", "name"),
        ("person_emails", "value"),
        ("organizations", "name"),
        ("products", "name"),
        ("users", "name"),
        ("users", "email"),
    ] {
        let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE length({column}) > 3");
        let mut rows = conn.prepare(&sql).unwrap();
        let found = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.extend(found.map(Result::unwrap));
    }
    names.insert("Lovelace".to_owned());
    assert!(names.len() > 100, "the world has names: {}", names.len());
    for path in ["/", "/metrics", "/readyz", "/healthz"] {
        let body = plain(&get(&sim, path).body);
        for name in &names {
            assert!(!body.contains(name.as_str()), "{path} names {name}");
        }
    }
}

#[test]
fn a_hostile_pipeline_is_shown_as_text() {
    let sim = filled();
    let conn = sim.connection();
    let hostile = format!("<script>alert(1)</script>\u{202e}\" onload=\"x\n{}", "x".repeat(10_000));
    conn.execute("UPDATE pipelines SET name = ?1", [&hostile]).unwrap();
    conn.execute("UPDATE stages SET name = ?1", [&hostile]).unwrap();
    conn.execute("UPDATE deals SET currency = '<b>' || char(8238)", []).unwrap();
    let body = get(&sim, "/").body;
    let page = Page::read(&body);
    assert!(body.contains("&lt;script&gt;") && !body.contains('\u{202e}'));
    assert!(body.len() < 200_000, "{}", body.len());
    let known = ["script", "b", "img"]
        .map(|name| page.elements.iter().filter(|(one, _)| one == name).count());
    assert_eq!(known, [0, 0, 0]);
    assert!(
        page.elements
            .iter()
            .all(|(_, one)| !one.contains_key("onload") && !one.contains_key("style"))
    );
}

#[test]
fn very_many_runs_make_no_large_page() {
    let sim = filled();
    sim.advance(DAY);
    let conn = sim.connection();
    for entity in ENTITIES {
        conn.execute(
            "WITH RECURSIVE minutes (m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM minutes WHERE m < 1439)
             INSERT INTO sync_runs (run, mode, entity, started_at, outcome)
             SELECT 100 + m, 'sync', ?1, strftime('%Y-%m-%dT%H:%M:%SZ', '2026-03-02T11:00:30Z', m || ' minutes'),
               CASE m % 30 WHEN 7 THEN 'failed' ELSE 'complete' END FROM minutes",
            [entity.name],
        )
        .unwrap();
    }
    let body = get(&sim, "/").body;
    assert!(body.len() < 200_000, "{}", body.len());
    let page = Page::read(&body);
    assert_true(&sim, &page);
    let runs = |metric: &str| -> i64 {
        page.figures
            .iter()
            .filter(|one| one.metric == metric)
            .map(|one| one.value.parse::<i64>().unwrap())
            .sum()
    };
    assert!(runs("runs-24h") >= 1_439 * ENTITIES.len() as i64);
    assert_eq!(runs("runs-24h"), runs("runs-at"));
}
