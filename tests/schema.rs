//! The schema and the declarations say the same, and every earlier schema is brought up to date with its rows.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use pipedrive_mirror::{
    entity::{ENTITIES, Kind},
    store::{Lock, SCHEMA, Store},
};
use rusqlite::{Connection, params_from_iter, types::Value};
use tempfile::TempDir;

/// The columns of every table and view, with their types.
type Shape = BTreeMap<String, BTreeMap<String, String>>;

fn migrated(path: &Path) -> Connection {
    drop(Store::open(Lock::acquire(path).unwrap(), 0o600).unwrap());
    Connection::open(path).unwrap()
}

fn fresh() -> (TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let conn = migrated(&folder.path().join("fresh.db"));
    (folder, conn)
}

fn names(conn: &Connection, types: &str) -> Vec<String> {
    // A table of words keeps itself in tables of its own.
    let sql = format!(
        "SELECT name FROM pragma_table_list WHERE type IN ({types}) AND name NOT LIKE 'sqlite_%' ORDER BY name"
    );
    conn.prepare(&sql)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn columns(conn: &Connection, table: &str) -> BTreeMap<String, String> {
    let mut rows = conn.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
    rows.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn shape(conn: &Connection) -> Shape {
    names(conn, "'table', 'view'")
        .into_iter()
        .map(|name| (name.clone(), columns(conn, &name)))
        .collect()
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int | Kind::Bool | Kind::Flag | Kind::Reference => "INTEGER",
        Kind::Real => "REAL",
        Kind::Text | Kind::Instant | Kind::Date | Kind::Json => "TEXT",
    }
}

/// Every column that the declarations write to: table, column, type.
fn declared() -> BTreeSet<(&'static str, &'static str, &'static str)> {
    let mut declared = BTreeSet::new();
    for entity in ENTITIES {
        let table = entity.table;
        declared.extend(
            table.columns.iter().map(|column| (table.name, column.name, sql_type(column.kind))),
        );
        if let Some(child) = entity.child() {
            // A set is replaced as a whole: its rows have no story of their own.
            assert_eq!(child.parent, "deals");
            declared.insert((table.name, "deal_id", "INTEGER"));
            declared.extend(table.extra.then_some((table.name, "_extra", "TEXT")));
            continue;
        }
        declared
            .extend([(table.name, "_synced_at", "TEXT"), (table.name, "_missing_since", "TEXT")]);
        match table.raw {
            Some(raw) => declared.extend([
                (table.name, "_version", "INTEGER"),
                (raw, "deal_id", "INTEGER"),
                (raw, "hash", "INTEGER"),
                (raw, "observed", "INTEGER"),
                (raw, "json", "TEXT"),
            ]),
            None => {
                declared.extend([(table.name, "_hash", "INTEGER"), (table.name, "_extra", "TEXT")])
            }
        }
        for list in table.lists {
            let key = sql_type(table.columns[0].kind);
            declared.insert((list.table, list.parent, key));
            let columns = list.columns.iter().map(|column| &column.column);
            declared.extend(columns.map(|column| (list.table, column.name, sql_type(column.kind))));
        }
        if let Some(custom) = table.custom {
            declared.extend([
                (custom.table, custom.parent, "INTEGER"),
                (custom.options, custom.parent, "INTEGER"),
                (custom.options, "field_code", "TEXT"),
                (custom.options, "option_id", "INTEGER"),
                (custom.fields, "_column", "TEXT"),
                (custom.fields, "_column_type", "TEXT"),
                (custom.fields, "_filled", "INTEGER"),
            ]);
        }
    }
    declared
}

#[test]
fn every_declared_column_is_in_a_fresh_database() {
    let (_folder, conn) = fresh();
    let shape = shape(&conn);
    for (table, column, sql_type) in declared() {
        let found = shape.get(table).and_then(|columns| columns.get(column)).map(String::as_str);
        assert_eq!(found, Some(sql_type), "{table}.{column}: is a migration missing?");
    }
}

#[test]
fn every_column_of_a_mirrored_table_is_declared_or_the_mirrors_own() {
    let (_folder, conn) = fresh();
    let declared = declared();
    for table in ENTITIES.iter().map(|entity| entity.table) {
        for name in columns(&conn, table.name).keys().filter(|name| !name.starts_with('_')) {
            assert!(
                declared.iter().any(|(place, column, _)| *place == table.name && column == name),
                "{}.{name} is in the schema, and nothing writes to it",
                table.name
            );
        }
    }
}

#[test]
fn every_table_and_view_says_what_it_is() {
    let (_folder, conn) = fresh();
    for name in names(&conn, "'table', 'view', 'virtual'") {
        let sql: String = conn
            .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [&name], |row| row.get(0))
            .unwrap();
        assert!(sql.contains("-- "), "{name} has no comment");
    }
}

/// The numbered files, in order; the first is number 1.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[test]
fn the_numbered_files_are_all_in_use() {
    let numbers: Vec<String> = files()
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy()[..4].to_owned())
        .collect();
    let expected: Vec<String> = (1..=SCHEMA).map(|number| format!("{number:04}")).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn every_earlier_schema_is_brought_up_to_date_with_a_row_in_every_table() {
    let (folder, conn) = fresh();
    let latest = shape(&conn);
    for number in 1..=SCHEMA {
        let path = folder.path().join(format!("from-{number}.db"));
        let filled = as_left_by(&path, number);
        let views =
            "CREATE VIEW mine AS SELECT json, title FROM deal_raw JOIN deals ON id = deal_id;
                     CREATE VIEW broken AS SELECT 1 FROM gone";
        Connection::open(&path).unwrap().execute_batch(views).unwrap();
        let conn = migrated(&path);
        conn.execute_batch("SELECT * FROM mine; DROP VIEW mine; DROP VIEW broken").unwrap();
        assert_eq!(shape(&conn), latest, "from schema {number}");
        for table in filled {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
            let kept: bool = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert!(kept, "the row of {table} was lost on the way from schema {number}");
        }
        let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok", "from schema {number}");
    }
}

/// Makes the database that a program with schema `number` left, with a row in each of its tables; returns their names.
fn as_left_by(path: &Path, number: u32) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(
        "CREATE TABLE sync_migrations (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT",
    )
    .unwrap();
    for file in &files()[..number as usize] {
        conn.execute_batch(&fs::read_to_string(file).unwrap()).unwrap();
    }
    conn.pragma_update(None, "application_id", i32::from_be_bytes(*b"pdmi")).unwrap();
    conn.pragma_update(None, "user_version", number).unwrap();
    let tables = names(&conn, "'table'");
    for table in &tables {
        let values: Vec<Value> =
            column_types(&conn, table).iter().map(|kind| some_value(kind)).collect();
        let places = vec!["?"; values.len()].join(", ");
        conn.execute(&format!("INSERT INTO {table} VALUES ({places})"), params_from_iter(values))
            .unwrap();
    }
    tables
}

/// The types of the columns in their order.
fn column_types(conn: &Connection, table: &str) -> Vec<String> {
    let mut rows = conn.prepare("SELECT type FROM pragma_table_info(?1) ORDER BY cid").unwrap();
    rows.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn some_value(sql_type: &str) -> Value {
    match sql_type {
        "INTEGER" => Value::Integer(1),
        "REAL" => Value::Real(1.5),
        _ => Value::Text("2026-02-03T16:40:21Z".to_owned()),
    }
}
