//! Questions to the mirror, copies of it and its schema, as they are typed.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{PermissionsExt as _, symlink},
    time::{Duration, Instant},
};

use common::tcp::{House, Said};
use pipedrive_mirror::store::{Lock, Store};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

/// A house with a small mirror in it.
fn house() -> House {
    let house = House::empty();
    let lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    drop(Store::open(lock, 0o600).unwrap());
    house.database().execute_batch(include_str!("query/rows.sql")).unwrap();
    house
}

#[track_caller]
fn answer(house: &House, args: &[&str]) -> String {
    let said = house.run(&[&["query"], args].concat());
    assert_eq!(said.code, 0, "{said:?}");
    said.out
}

/// What the file holds, byte by byte.
fn bytes(house: &House) -> Vec<u8> {
    fs::read(house.path("pipedrive.db")).unwrap()
}

// What is refused.

#[rstest]
#[case::delete("DELETE FROM deals", "DELETE from deals")]
#[case::insert("INSERT INTO deals (id) VALUES (9)", "INSERT into deals")]
#[case::update("UPDATE deals SET title = 'x'", "UPDATE of deals")]
#[case::with("WITH gone AS (SELECT 1) DELETE FROM deals", "DELETE from deals")]
#[case::returning("DELETE FROM deals RETURNING *", "DELETE from deals")]
#[case::explained("EXPLAIN DELETE FROM deals", "DELETE from deals")]
#[case::attach("ATTACH 'other.db' AS other", "another file")]
#[case::detach("DETACH main", "DETACH")]
#[case::vacuum("VACUUM", "refuses")]
#[case::vacuum_into("VACUUM INTO 'other.db'", "refuses")]
#[case::schema("PRAGMA writable_schema = 1", "writable_schema")]
#[case::journal("PRAGMA journal_mode = DELETE", "journal_mode")]
#[case::journal_call("PRAGMA journal_mode(DELETE)", "journal_mode")]
#[case::not_only("PRAGMA query_only = 0", "query_only")]
#[case::version("PRAGMA user_version = 99", "user_version")]
#[case::checkpoint("PRAGMA wal_checkpoint(TRUNCATE)", "wal_checkpoint")]
#[case::extension("SELECT load_extension('x.so')", "load_extension")]
#[case::temporary("CREATE TEMP TABLE x (y)", "schema")]
#[case::temporary_view("CREATE TEMP VIEW x AS SELECT 1", "schema")]
#[case::table("CREATE TABLE x (y)", "schema")]
#[case::search("INSERT INTO deals_search (deals_search) VALUES ('delete-all')", "deals_search")]
#[case::begin("BEGIN EXCLUSIVE", "transaction")]
#[case::savepoint("SAVEPOINT x", "transaction")]
#[case::reindex("REINDEX", "REINDEX")]
#[case::analyze("ANALYZE", "refuses")]
#[case::drop("DROP VIEW deal_overview", "refuses")]
#[case::alter("ALTER TABLE deals RENAME TO x", "refuses")]
fn what_is_more_than_reading_is_refused(#[case] sql: &str, #[case] word: &str) {
    let house = house();
    let before = bytes(&house);
    let said = house.run(&["query", sql]);
    said.fails(2, &["only reads", word]);
    assert_eq!(said.out, "");
    assert_eq!(bytes(&house), before);
    assert!(!house.path("other.db").exists());
}

#[rstest]
#[case("SELECT 1; SELECT 2")]
#[case("SELECT 1; DELETE FROM deals")]
#[case("SELECT 1; nonsense")]
#[case("SELECT 1;; ;SELECT 2")]
fn one_statement_at_a_time(#[case] sql: &str) {
    house().run(&["query", sql]).fails(2, &["one statement at a time"]);
}

#[test]
fn a_semicolon_and_comments_behind_a_statement_are_none() {
    let house = house();
    for sql in ["SELECT 1 AS x;", "SELECT 1 AS x; -- ;\n", ";; /* a; */ SELECT 1 AS x ;; /* b"] {
        assert_eq!(answer(&house, &[sql, "--format", "csv"]), "x\r\n1\r\n");
    }
    for nothing in ["", "  ", "/* SELECT 1 */", ";"] {
        house.run(&["query", nothing]).fails(2, &["no SQL"]);
    }
}

#[test]
fn reading_about_the_schema_is_reading() {
    let house = house();
    let sql = "SELECT name FROM pragma_table_info('deal_labels')";
    assert_eq!(answer(&house, &[sql, "--format", "csv"]), "name\r\ndeal_id\r\nlabel_id\r\n");
    assert!(answer(&house, &["PRAGMA table_info(deals)"]).contains("title"));
    assert!(answer(&house, &["EXPLAIN QUERY PLAN SELECT * FROM deals"]).contains("SCAN deals"));
    assert!(answer(&house, &["PRAGMA quick_check"]).contains("ok"));
}

#[test]
fn a_query_without_end_is_stopped() {
    let house = house();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let began = Instant::now();
    house.run(&["query", endless, "--timeout", "200ms"]).fails(1, &["200ms", "--timeout"]);
    assert!(began.elapsed() < Duration::from_secs(20));
    // Without limit it goes on until a signal comes.
    let mut child = house.spawn(&["query", endless, "--timeout", "0"]);
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let house = house();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    for format in ["csv", "ndjson", "json"] {
        let mut child = house.spawn(&["query", endless, "--format", format]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        drop(lines);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{format}");
    }
}

// What is wrong with the SQL.

#[rstest]
#[case("SELECT *\nFORM deals", &["syntax error", "line 2, column 1", "FORM deals\n  ^"])]
#[case("SELECT * FROM dealz", &["no such table: dealz", "`deals`"])]
#[case("SELECT titel FROM deals", &["no such column: titel", "`title`", "column 8"])]
#[case("SELECT json_extract('{', '$')", &["malformed JSON"])]
#[case("stael", &["`stael`", "`stale`", "--list"])]
#[case("SELECT zeroblob(1000000000)", &["too big"])]
fn bad_sql_is_told_in_sqlites_words_with_the_place(#[case] sql: &str, #[case] words: &[&str]) {
    house().run(&["query", sql]).fails(2, words);
}

// How rows look.

const ROWS: &str =
    "SELECT id, title, value, lost_reason, x'00ff' AS raw, id FROM deals WHERE id IN (2, 3)";

#[test]
fn every_format_carries_the_rows() {
    let house = house();
    let table = answer(&house, &["SELECT id, title, value, lost_reason FROM deals WHERE id < 4"]);
    assert_eq!(
        table,
        "  id  title                   value  lost_reason\n   1  Acme                    100.0\n   2  =HYPERLINK(\"http://x\")  250.5\n   3  Globex, \"Inc\"            -5.0\n"
    );
    assert_eq!(
        answer(&house, &[ROWS, "--format", "csv"]),
        "id,title,value,lost_reason,raw,id\r\n2,\"=HYPERLINK(\"\"http://x\"\")\",250.5,,00ff,2\r\n3,\"Globex, \"\"Inc\"\"\",-5.0,,00ff,3\r\n"
    );
    let rows: Json = serde_json::from_str(&answer(&house, &[ROWS, "--format", "json"])).unwrap();
    assert_eq!(
        rows[1],
        json!({"id": 3, "title": "Globex, \"Inc\"", "value": -5.0, "lost_reason": null, "raw": "00ff", "id_2": 3})
    );
    let lines = answer(&house, &[ROWS, "--format", "ndjson"]);
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Json::from(lines), rows);
    assert_eq!(
        answer(&house, &["SELECT 1 AS n, 'a|b' AS \"x\ny\"", "--format", "markdown"]),
        "|   n | x<br>y |\n| --: | ------ |\n|   1 | a\\|b   |\n"
    );
}

#[test]
fn numbers_without_an_end_are_told_as_such() {
    let house = house();
    let told = answer(&house, &["SELECT 9e999 AS x, -9e999 AS y", "--format", "ndjson"]);
    assert_eq!(told, "{\"x\":9e999,\"y\":-9e999}\n");
}

#[test]
fn no_rows_are_an_answer() {
    let house = house();
    let none = "SELECT id FROM deals WHERE 0";
    for (format, out) in [("csv", "id\r\n"), ("json", "[]\n"), ("ndjson", ""), ("table", "  id\n")]
    {
        assert_eq!(answer(&house, &[none, "--format", format]), out, "{format}");
    }
}

#[test]
fn a_spreadsheet_gets_no_formula_and_its_numbers() {
    let house = house();
    let sql = "SELECT title, value, '+49 1' AS \"=x\", char(9) || 'y' AS tab, 'a=b' AS plain FROM deals WHERE id IN (2, 3)";
    assert_eq!(
        answer(&house, &[sql, "--spreadsheet"]),
        "\"title\",\"value\",\"'=x\",\"tab\",\"plain\"\r\n\
         \"'=HYPERLINK(\"\"http://x\"\")\",250.5,\"'+49 1\",\"'\ty\",\"a=b\"\r\n\
         \"Globex, \"\"Inc\"\"\",-5.0,\"'+49 1\",\"'\ty\",\"a=b\"\r\n"
    );
    let wide = answer(&house, &["SELECT '＝1' AS x, 'a;=1' AS y", "--spreadsheet"]);
    assert_eq!(wide, "\"x\",\"y\"\r\n\"'＝1\",\"a;=1\"\r\n");
    house.run(&["query", sql, "--spreadsheet", "--format", "json"]).fails(2, &["--spreadsheet"]);
}

#[test]
fn what_could_move_the_cursor_is_escaped_in_a_table_and_carried_elsewhere() {
    let house = house();
    let sql = "SELECT 'a' || char(27, 10) || char(8238) AS x";
    assert_eq!(answer(&house, &[sql]), "  x\n  a\\u{1b}\\n\\u{202e}\n");
    assert_eq!(answer(&house, &[sql, "--format", "csv"]), "x\r\n\"a\u{1b}\n\u{202e}\"\r\n");
    let rows = answer(&house, &[sql, "--format", "json"]);
    assert!(!rows.contains(['\u{1b}', '\u{202e}']), "{rows:?}");
    let rows: Json = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows[0]["x"], "a\u{1b}\n\u{202e}");
}

#[test]
fn a_table_has_an_end_and_says_so() {
    let house = house();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10001) SELECT i FROM n";
    let said = house.run(&["query", many]);
    assert_eq!((said.code, said.out.lines().count()), (0, 10_001));
    assert!(said.err.contains("first 10,000 rows"), "{}", said.err);
    assert_eq!(answer(&house, &[many, "--format", "ndjson"]).lines().count(), 10_001);
}

// Parameters.

#[test]
fn parameters_are_bound_as_what_they_look_like() {
    let house = house();
    let sql = "SELECT typeof(:a) AS a, typeof(@b) AS b, typeof($c) AS c, :a = @a AS same";
    let out = answer(
        &house,
        &[sql, "--param", "a=5", "--param", ":b=1.5", "--param", "c=007", "--format", "csv"],
    );
    assert_eq!(out, "a,b,c,same\r\ninteger,real,text,1\r\n");
    let hostile = "x' OR '1'='1";
    let sql = "SELECT count(*) AS n FROM deals WHERE title = :title";
    let param = format!("title={hostile}");
    assert_eq!(answer(&house, &[sql, "--param", &param, "--format", "csv"]), "n\r\n0\r\n");
    house.run(&["query", sql]).fails(2, &["`title`", "--param title="]);
    house
        .run(&["query", sql, "--param", "titel=x", "--param", "title=y"])
        .fails(2, &["`titel`", "`title`"]);
    house.run(&["query", "SELECT ?", "--param", "a=1"]).fails(2, &[":name"]);
    house.run(&["query", "SELECT 1", "--param", "a=1"]).fails(2, &["`a`", "none"]);
    house.run(&["query", "SELECT 1", "--param", "a"]).fails(2, &["name=value"]);
    house.run(&["query", sql, "--param", "title=x", "--param", "title=y"]).fails(2, &["twice"]);
}

#[test]
fn a_file_may_have_a_head_with_defaults() {
    let house = house();
    house.write(
        "mine.sql",
        "\u{feff}-- Mine.\n-- :least 200 — at least\nSELECT id FROM deals WHERE value > :least;\n",
    );
    assert_eq!(answer(&house, &["--file", "mine.sql", "--format", "csv"]), "id\r\n2\r\n");
    let out = answer(&house, &["--file", "mine.sql", "--param", "least=90", "--format", "csv"]);
    assert_eq!(out, "id\r\n1\r\n2\r\n");
    house.run(&["query", "--file", "none.sql"]).fails(2, &["none.sql"]);
    house.run(&["query", "--file", "-"]).fails(2, &["no SQL"]);
}

// Ready questions.

fn named(house: &House, args: &[&str]) -> Vec<Json> {
    let out = answer(house, &[args, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn each_ready_question_has_its_answer() {
    let house = house();
    let board = named(&house, &["pipeline"]);
    assert_eq!(
        board[0],
        json!({"pipeline": "Sales", "stage": "Lead", "currency": "EUR", "deals": 1, "value": 100.0, "weighted_value": 50.0})
    );
    assert_eq!(board.len(), 3);
    let ids =
        |rows: Vec<Json>| rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(named(&house, &["stale"])), [3, 2, 1], "rotten first");
    assert_eq!(
        ids(named(&house, &["stale", "--param", "days=20", "--param", "owner=user 7"])),
        [2, 1]
    );
    let forecast = named(&house, &["forecast"]);
    assert_eq!(
        forecast[0],
        json!({"month": "2030-05", "currency": "EUR", "deals": 2, "value": 350.5, "weighted_value": 250.4})
    );
    assert_eq!(forecast[1]["month"], "no date");
    assert_eq!(named(&house, &["leaderboard", "--param", "since=2035-01-01"]), [] as [Json; 0]);
    assert_eq!(
        named(&house, &["leaderboard", "--param", "since=2025"]),
        [json!({"currency": "EUR", "owner": "user 7", "deals": 1, "value": 10.0, "average": 10.0})]
    );
    let lost = named(&house, &["lost-reasons", "--param", "since=2025-01-01"]);
    assert_eq!(
        (lost.len(), &lost[0]["reason"], &lost[0]["deals"]),
        (1, &json!("price"), &json!(1))
    );
    let aging = named(&house, &["aging"]);
    assert_eq!(
        (&aging[0]["31-90"], &aging[1]["31-90"], &aging[1]["91+"]),
        (&json!(1), &json!(2), &json!(0))
    );
    assert_eq!(ids(named(&house, &["search", "--param", "term=acme"])), [1]);
    assert_eq!(ids(named(&house, &["search", "--param", "term=glob inc"])), [3]);
    for odd in ["C++", "o'neil", "a@b.com", "foo-bar", "\"half", "AND", "100%", "x:y", "*"] {
        assert_eq!(ids(named(&house, &["search", "--param", &format!("term={odd}")])), [0; 0]);
    }
    house.run(&["query", "search"]).fails(2, &["`term`"]);
    for name in ["leaderboard", "lost-reasons"] {
        answer(&house, &[name]);
    }
}

#[test]
fn ready_questions_are_listed_and_shown() {
    // Neither needs a database.
    let house = House::empty();
    let list = answer(&house, &["--list"]);
    for name in ["pipeline", "stale", "forecast", "leaderboard", "lost-reasons", "aging", "search"]
    {
        assert!(list.contains(name), "{list}");
        let shown = answer(&house, &[name, "--show"]);
        assert_eq!(
            shown,
            fs::read_to_string(format!("{}/queries/{name}.sql", env!("CARGO_MANIFEST_DIR")))
                .unwrap()
        );
    }
    assert!(list.contains("days=30") && list.contains("term=(required)"), "{list}");
    assert_eq!(named(&house, &["--list"]).len(), 7);
}

// Copies.

fn copied(said: &Said) -> Json {
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_snapshot_is_one_state_in_one_file_while_somebody_writes() {
    let house = house();
    let writer = house.database();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM deals").unwrap();
    let said = copied(&house.run(&["snapshot", "copy.db", "--json"]));
    writer.execute_batch("ROLLBACK").unwrap();
    let path = house.path("copy.db");
    let metadata = path.metadata().unwrap();
    assert_eq!(
        (said["file"].as_str(), said["bytes"].as_u64()),
        (path.to_str(), Some(metadata.len()))
    );
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    // It opens where nothing may be written beside it.
    let copy = Connection::open(format!("file:{}?immutable=1", path.display())).unwrap();
    let count: i64 = copy.query_row("SELECT count(*) FROM deals", [], |row| row.get(0)).unwrap();
    let journal: String = copy.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!((count, journal.as_str()), (5, "delete"));
    let mut names: Vec<String> = fs::read_dir(house.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("pipedrive.db"))
        .collect();
    names.sort();
    assert_eq!(names, ["copy.db"]);
    let house_of_copy = House::empty();
    fs::copy(&path, house_of_copy.path("pipedrive.db")).unwrap();
    assert_eq!(house_of_copy.run(&["status"]).code, 0);
}

#[test]
fn a_snapshot_replaces_nothing_unasked_and_never_its_source() {
    let house = house();
    house.write("there.db", "mine");
    house.run(&["snapshot", "there.db"]).fails(2, &["there.db", "--force"]);
    assert_eq!(fs::read_to_string(house.path("there.db")).unwrap(), "mine");
    assert_eq!(house.run(&["snapshot", "there.db", "--force"]).code, 0);
    assert_eq!(fs::read(house.path("there.db")).unwrap()[..15], *b"SQLite format 3");
    symlink(house.path("pipedrive.db"), house.path("link.db")).unwrap();
    fs::hard_link(house.path("pipedrive.db"), house.path("hard.db")).unwrap();
    for own in [
        "pipedrive.db",
        "./pipedrive.db",
        "link.db",
        "hard.db",
        "pipedrive.db-wal",
        "pipedrive.db.lock",
    ] {
        house.run(&["snapshot", own, "--force"]).fails(2, &["itself"]);
    }
    house.write("old.db-wal", "");
    house.run(&["snapshot", "old.db"]).fails(2, &["old.db-wal"]);
    fs::create_dir(house.path("folder")).unwrap();
    for (target, word) in [
        ("no/such.db", "directory is not there"),
        ("folder", "is a directory"),
        ("..", "no file name"),
    ] {
        house.run(&["snapshot", target, "--force"]).fails(2, &[word]);
    }
    assert_eq!(house.number("SELECT count(*) FROM deals"), 5);
}

#[test]
fn a_snapshot_of_a_damaged_database_is_none() {
    let house = house();
    let many = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
        INSERT INTO deals (id, title, _synced_at, _version) SELECT i, hex(randomblob(100)), '', 1 FROM n;
        PRAGMA wal_checkpoint(TRUNCATE)";
    house.database().execute_batch(many).unwrap();
    let path = house.path("pipedrive.db");
    let mut file = fs::read(&path).unwrap();
    // Far behind the schema: among the deals.
    let middle = file.len() / 2;
    file[middle..middle + 40_000].fill(0x55);
    fs::write(&path, file).unwrap();
    house.run(&["snapshot", "copy.db"]).fails(8, &["damaged"]);
    assert!(!house.path("copy.db").exists());
}

// The schema.

#[test]
fn the_schema_is_told_in_four_forms() {
    let house = house();
    let schema = |format: &str| {
        let said = house.run(&["schema", "--format", format]);
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    };
    assert!(schema("sql").contains("CREATE TABLE deals ("));
    assert_eq!(schema("sql"), house.run(&["schema"]).out);
    let words = schema("markdown");
    for line in [
        "### deals",
        "| **id** | INTEGER |  |",
        "| owner_id | INTEGER | → users.id |",
        "| probability | REAL | percent |",
        "Ways through which deals go, each a row of stages.",
        "### deal_overview",
        "One row per live deal (",
    ] {
        assert!(words.contains(line), "{line:?} is not in {words}");
    }
    assert!(!words.contains("deals_search_data"));
    let diagram = schema("mermaid");
    for line in [
        "erDiagram",
        "    users |o--o{ deals : owner_id",
        "    deals |o--o| deal_custom_fields : deal_id",
        "    pipelines |o--o{ stages : pipeline_id",
        "        INTEGER id PK",
    ] {
        assert!(diagram.lines().any(|known| known == line), "{line:?} is not in {diagram}");
    }
    let metadata: Json = serde_json::from_str(&schema("datasette")).unwrap();
    let tables = &metadata["databases"]["pipedrive"]["tables"];
    assert_eq!(tables["deals"]["label_column"], "title");
    assert_eq!(tables["deals"]["sort_desc"], "update_time");
    assert_eq!(tables["deals"]["units"]["probability"], "percent");
    assert_eq!(tables["deals"]["columns"]["owner_id"], "users.id");
    assert_eq!(tables["deal_overview"]["facets"][1], "pipeline");
    assert_eq!(tables["deal_overview"]["fts_table"], "deals_search");
    assert_eq!(tables["deals_stale"]["sort_desc"], "days_since_change");
    let described = tables["deal_overview"]["description"].as_str().unwrap();
    assert!(described.starts_with("One row per live deal ("), "{described}");
}
