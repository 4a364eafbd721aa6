//! What every figure has to be, asked of the database directly.

use pipedrive_mirror::seams::Clock as _;
use rusqlite::{Connection, Params};

use crate::{common::Sim, html::Figure};

const LIVE: &str = "is_deleted = 0 AND _missing_since IS NULL";

/// Returns what `figure` has to be, as text.
pub(crate) fn expected(sim: &Sim, figure: &Figure) -> String {
    let conn = sim.connection();
    let now = sim.clock.now().as_second();
    let as_of = now
        + number(
            &conn,
            "SELECT coalesce(max(value), 0) + 0 FROM sync_state WHERE key = 'clock_offset_s'",
            [],
        );
    let of = figure.of.as_str();
    let count = |condition: &str| {
        number(&conn, &format!("SELECT count(*) FROM deals WHERE {condition}"), [])
    };
    let number = match figure.metric.as_str() {
        "as-of" => return instant(&conn, as_of),
        "runs-since" => return instant(&conn, now - 86_400),
        "version" => return env!("CARGO_PKG_VERSION").to_owned(),
        "sqlite" => return text(&conn, "SELECT sqlite_version()", []),
        "schema" => number(&conn, "SELECT user_version FROM pragma_user_version", []),
        "wal-bytes" => wal(sim),
        "deals-live" | "backfilled" => count(LIVE),
        "deals-archived" => count(&format!("{LIVE} AND is_archived = 1")),
        "deals-deleted" => count("is_deleted = 1"),
        "deals-missing" => count("_missing_since IS NOT NULL"),
        "lag" => number(
            &conn,
            "SELECT ?2 - strftime('%s', complete_began_at) FROM sync_checkpoints WHERE entity = ?1 AND until IS NULL",
            (of, as_of),
        ),
        "owed" => number(
            &conn,
            "SELECT count(*) FROM sync_due WHERE kind = ?1 AND why <> 'not shown'",
            [of],
        ),
        "owed-failing" => number(
            &conn,
            "SELECT count(*) FROM sync_due WHERE kind = ?1 AND why <> 'not shown' AND attempts > 0",
            [of],
        ),
        "quarantined" => {
            number(&conn, "SELECT count(*) FROM sync_quarantine WHERE entity = ?1", [of])
        }
        "runs-24h" => number(
            &conn,
            "SELECT count(*) FROM sync_runs WHERE entity = ?1 AND started_at >= ?2",
            (of, instant(&conn, now - 86_400)),
        ),
        "runs-at" => runs_at(&conn, of, now),
        metric if metric.starts_with("board-") => return board(&conn, metric, of),
        metric => spent(&conn, metric, of, as_of),
    };
    number.to_string()
}

/// What is said of the budget: the share is half of it.
fn spent(conn: &Connection, metric: &str, of: &str, as_of: i64) -> i64 {
    let day = "SELECT coalesce(sum(cost), 0) FROM sync_api_usage WHERE hour >= strftime('%Y-%m-%dT%H:00:00Z', ?1 - 86400, 'unixepoch')";
    let counted = || {
        let reserved =
            "SELECT coalesce(max(value), 0) + 0 FROM sync_state WHERE key = 'reservation'";
        number(conn, day, [as_of]) + number(conn, reserved, [])
    };
    let share = || {
        let learnt =
            "SELECT coalesce(max(value + 0), 30000) / 2 FROM sync_state WHERE key = 'daily_limit'";
        number(conn, learnt, [])
    };
    match metric {
        "cost-24h" | "share-counted" => counted(),
        "share" => share(),
        "share-left" => share() - counted(),
        "company-left" => {
            number(conn, "SELECT value + 0 FROM sync_state WHERE key = 'daily_left'", [])
        }
        "cost-day" => number(
            conn,
            "SELECT coalesce(sum(cost), 0) FROM sync_api_usage_daily WHERE day = ?1",
            [of],
        ),
        "cost-day-highest" => number(
            conn,
            "SELECT coalesce(max(cost), 0) FROM (SELECT sum(cost) AS cost FROM sync_api_usage_daily
             WHERE day > date(?1 - 30 * 86400, 'unixepoch') GROUP BY day)",
            [as_of],
        ),
        other => panic!("nothing says what {other} has to be"),
    }
}

/// Runs of an entity that began within so many seconds of an instant.
fn runs_at(conn: &Connection, of: &str, now: i64) -> i64 {
    let parts: Vec<&str> = of.split(' ').collect();
    number(
        conn,
        "SELECT count(*) FROM sync_runs WHERE entity = ?1 AND started_at >= ?4
         AND strftime('%s', started_at) - strftime('%s', ?2) BETWEEN 0 AND ?3 - 1",
        (parts[0], parts[1], parts[2].parse::<i64>().unwrap(), instant(conn, now - 86_400)),
    )
}

/// Open deals of a stage, in a currency.
fn board(conn: &Connection, metric: &str, of: &str) -> String {
    let (stage, currency) =
        of.split_once(' ').map_or((of, None), |(stage, code)| (stage, Some(code)));
    let what = if metric == "board-count" { "count(*)" } else { "round(total(value), 2)" };
    let sql = format!(
        "SELECT {what} FROM deals WHERE stage_id = ?1 AND currency IS ?2 AND status = 'open' AND {LIVE} AND is_archived = 0"
    );
    let stage: i64 = stage.parse().unwrap();
    if metric == "board-count" {
        return number(conn, &sql, (stage, currency)).to_string();
    }
    let value: f64 = conn.query_row(&sql, (stage, currency), |row| row.get(0)).unwrap();
    value.to_string()
}

fn wal(sim: &Sim) -> i64 {
    let mut path = sim.database().into_os_string();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |file| file.len().cast_signed())
}

fn instant(conn: &Connection, second: i64) -> String {
    text(conn, "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?1, 'unixepoch')", [second])
}

pub(crate) fn number(conn: &Connection, sql: &str, params: impl Params) -> i64 {
    conn.query_row(sql, params, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn text(conn: &Connection, sql: &str, params: impl Params) -> String {
    conn.query_row(sql, params, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}
