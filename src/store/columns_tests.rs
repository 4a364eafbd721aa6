use std::collections::BTreeSet;

use rusqlite::Connection;

use super::*;
use crate::{entity, store::migrate};

fn database() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::run(&mut conn, 0).unwrap();
    conn
}

fn custom() -> &'static CustomTable {
    entity::find("deals").unwrap().table.custom.unwrap()
}

fn describe(conn: &Connection, code: &str, field_type: &str) {
    conn.execute(
        "INSERT INTO deal_fields (field_code, field_type, is_custom_field, _hash, _synced_at)
         VALUES (?1, ?2, 1, 0, '') ON CONFLICT DO UPDATE SET field_type = excluded.field_type",
        [code, field_type],
    )
    .unwrap();
}

fn shape_anew(conn: &mut Connection) -> bool {
    let tx = conn.transaction().unwrap();
    let changed = reshape(&tx, custom()).unwrap();
    tx.commit().unwrap();
    changed
}

fn columns(conn: &Connection) -> Vec<String> {
    let mut names = conn
        .prepare("SELECT name || ' ' || type FROM pragma_table_info('deal_custom_fields')")
        .unwrap();
    names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn columns_known_at_first_are_made_with_the_table() {
    let mut conn = database();
    describe(&conn, "aa", "monetary");
    describe(&conn, "bb", "set");
    assert!(shape_anew(&mut conn));
    assert_eq!(columns(&conn), ["deal_id INTEGER", "aa REAL", "aa_currency TEXT", "bb TEXT"]);
    let sql: String = conn
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'deal_custom_fields'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(sql.contains("One typed column per custom field") && sql.ends_with("STRICT"), "{sql}");
    assert!(!shape_anew(&mut conn), "nothing is owed");
}

#[test]
fn a_code_that_meets_a_column_in_any_case_of_letters_gets_a_name_of_its_own() {
    let mut conn = database();
    for code in ["DEAL_ID", "price_currency", "price", "", "a\u{1}b", "quo\"ted", "Price", "field"]
    {
        describe(&conn, code, if code == "price" { "monetary" } else { "varchar" });
    }
    shape_anew(&mut conn);
    let mut rows =
        conn.prepare("SELECT field_code, _column FROM deal_fields ORDER BY rowid").unwrap();
    let named: Vec<(String, String)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let names: Vec<&str> = named.iter().map(|(_, column)| column.as_str()).collect();
    assert_eq!(
        names,
        ["DEAL_ID_2", "price_currency", "price_2", "field", "ab", "quo\"ted", "Price", "field_2"]
    );
    let folded: BTreeSet<String> = columns(&conn).iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), columns(&conn).len());
}

#[test]
fn a_field_whose_type_changed_keeps_its_old_values_beside_the_new_column() {
    let mut conn = database();
    describe(&conn, "k", "monetary");
    shape_anew(&mut conn);
    conn.execute("INSERT INTO deal_custom_fields VALUES (1, 5.5, 'EUR')", []).unwrap();
    describe(&conn, "k", "varchar");
    assert!(shape_anew(&mut conn));
    assert_eq!(
        columns(&conn),
        ["deal_id INTEGER", "k__monetary REAL", "k_currency__monetary TEXT", "k TEXT"]
    );
    let filled: i64 = conn
        .query_row("SELECT _filled FROM deal_fields WHERE field_code = 'k'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(filled, 0, "rows stored earlier are owed the new column");
    // And back again, twice: nothing is ever dropped.
    for field_type in ["monetary", "varchar"] {
        describe(&conn, "k", field_type);
        shape_anew(&mut conn);
    }
    let kept: f64 =
        conn.query_row("SELECT k__monetary FROM deal_custom_fields", [], |row| row.get(0)).unwrap();
    assert!((kept - 5.5).abs() < f64::EPSILON);
    assert_eq!(columns(&conn).len(), 7);
}

#[test]
fn fields_beyond_the_limit_of_columns_are_left_out_and_can_be_listed() {
    let mut conn = database();
    for number in 0..2_050 {
        describe(&conn, &format!("{number:040x}"), "varchar");
    }
    assert!(shape_anew(&mut conn));
    assert_eq!(columns(&conn).len(), 2_000);
    let without: i64 = conn
        .query_row("SELECT count(*) FROM deal_fields WHERE _column IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(without, 51);
    let catalog = load(&conn, custom()).unwrap();
    conn.prepare(&crate::store::sql::custom_upsert(custom(), &catalog)).unwrap();
}
