//! What the views and the full text cost, against the same asked by hand.

use std::time::Duration;

use rusqlite::{Connection, types::ValueRef};

use crate::{BATCHES, BENCH, pages::open, store_all, time};

const ROUNDS: usize = 9;

const BY_HAND: &str =
    "SELECT s.name, count(*), sum(d.value) FROM deals d LEFT JOIN stages s ON s.id = d.stage_id
    WHERE d.is_deleted = 0 AND d._missing_since IS NULL GROUP BY s.name";
const OVERVIEW: &str = "SELECT stage, count(*), sum(value) FROM deal_overview GROUP BY stage";
const BOTH_TABLES: &str =
    "SELECT * FROM deals d LEFT JOIN deal_custom_fields c ON c.deal_id = d.id";
const WIDE: &str = "SELECT * FROM deals_wide";
const SEARCH: &str =
    "SELECT rowid FROM deals_search WHERE deals_search MATCH 'renewal' ORDER BY rank LIMIT 20";

/// Takes the full text away, and leaves something in its place that takes words and forgets them.
const WITHOUT_SEARCH: &str = "DROP TABLE deals_search;
    CREATE VIEW deals_search AS SELECT 0 AS rowid, '' AS title, '' AS person, '' AS organization, '' AS custom,
      '' AS lost_reason WHERE false;
    CREATE TRIGGER forget INSTEAD OF INSERT ON deals_search BEGIN SELECT 1; END";

/// Measures them in turn, round after round, and prints ratios of medians.
#[expect(clippy::print_stdout, reason = "a bench prints what it measured")]
pub(crate) fn ratios() {
    let mut storing = Vec::new();
    let mut without = Vec::new();
    let mut asked: [Vec<Duration>; 5] = Default::default();
    for _ in 0..ROUNDS {
        let mut store = BENCH.fresh_store();
        storing.push(time(|| store_all(&mut store, &BATCHES)));
        let path = store.path().to_owned();
        drop(store);
        let conn = Connection::open(&path).expect("the database");
        for (times, sql) in asked.iter_mut().zip([BY_HAND, OVERVIEW, BOTH_TABLES, WIDE, SEARCH]) {
            read(&conn, sql);
            times.push(time(|| read(&conn, sql)));
        }
        drop(conn);
        let path = BENCH.fresh();
        Connection::open(&path)
            .and_then(|conn| conn.execute_batch(WITHOUT_SEARCH))
            .expect("the full text is taken away");
        let mut store = open(&path);
        without.push(time(|| store_all(&mut store, &BATCHES)));
    }
    let [by_hand, overview, both, wide, search] = asked.map(median);
    let (storing, without) = (median(storing), median(without));
    println!("\n{} deals", BENCH.rows());
    for (name, one, other) in [
        ("deal_overview by stage / joined by hand", overview, by_hand),
        ("deals_wide / deals and deal_custom_fields", wide, both),
        ("store / store without the full text", storing, without),
    ] {
        println!("{name:<44}{:>8.2}", one.as_secs_f64() / other.as_secs_f64());
    }
    println!("{:<44}{:>8.2} ms", "a search term", search.as_secs_f64() * 1e3);
}

/// Steps through all rows and fetches every value.
fn read(conn: &Connection, sql: &str) {
    let mut query = conn.prepare_cached(sql).expect("a query");
    let columns = query.column_count();
    let (mut rows, mut bytes) = (query.query([]).expect("rows"), 0);
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..columns {
            if let ValueRef::Text(text) = row.get_ref(column).expect("a value") {
                bytes += text.len();
            }
        }
    }
    std::hint::black_box(bytes);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
