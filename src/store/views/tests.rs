use rusqlite::{Connection, params, types::Value};

use super::*;
use crate::{
    entity::{self, CustomTable},
    store::{columns, migrate},
};

/// A database with its views, as a program leaves it that was opened once.
pub(super) fn database() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate::run(&mut conn, 0).unwrap();
    ensure(&mut conn).unwrap();
    conn
}

pub(super) fn custom() -> &'static CustomTable {
    entity::find("deals").unwrap().table.custom.unwrap()
}

/// Stores a field as a reading of all fields does.
pub(super) fn describe(conn: &Connection, code: &str, name: &str, field_type: &str) {
    conn.execute(
        "INSERT INTO deal_fields (field_code, field_name, field_type, is_custom_field, _hash, _synced_at)
         VALUES (?1, ?2, ?3, 1, 0, '2026-01-01T00:00:00Z')
         ON CONFLICT DO UPDATE SET field_type = excluded.field_type, field_name = excluded.field_name,
           _missing_since = NULL",
        [code, name, field_type],
    )
    .unwrap();
}

pub(super) fn vanish(conn: &Connection, code: &str) {
    let sql =
        "UPDATE deal_fields SET _missing_since = '2026-01-05T00:00:00Z' WHERE field_code = ?1";
    conn.execute(sql, [code]).unwrap();
}

/// What follows a reading of all fields.
pub(super) fn renew(conn: &mut Connection, now: &str) -> bool {
    let tx = conn.transaction().unwrap();
    columns::reshape(&tx, custom()).unwrap();
    let changed = refresh(&tx, now).unwrap();
    tx.commit().unwrap();
    changed
}

pub(super) fn columns_of(conn: &Connection, view: &str) -> Vec<String> {
    let mut rows = conn.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
    rows.query_map([view], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The names of custom fields in the view.
fn custom_columns(conn: &Connection) -> Vec<String> {
    let columns = columns_of(conn, "deals_wide");
    let labels = columns.iter().position(|name| name == "labels").unwrap();
    columns[labels + 1..].to_vec()
}

pub(super) fn deal(conn: &Connection, id: i64, columns: &str, values: &str) {
    conn.execute_batch(&format!(
        "INSERT INTO deals (id, _synced_at, _version, {columns}) VALUES ({id}, '', 1, {values})"
    ))
    .unwrap();
}

/// The rows of a query as text, NULL as `-`.
pub(super) fn rows(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(sql).unwrap();
    let count = statement.column_count();
    let shown = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => text,
        Value::Blob(_) => "blob".to_owned(),
    };
    statement
        .query_map([], |row| {
            let row: Vec<String> =
                (0..count).map(|at| row.get(at).map(shown)).collect::<Result<_, _>>()?;
            Ok(row.join("|"))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

pub(super) const REFERENCE: &str = "
    INSERT INTO users (id, name, _hash, _synced_at) VALUES (1, 'Ann', 0, ''), (2, 'Bob', 0, '');
    INSERT INTO persons (id, name, _hash, _synced_at) VALUES (10, 'Cleo', 0, '');
    INSERT INTO organizations (id, name, _hash, _synced_at) VALUES (20, 'Acme', 0, '');
    INSERT INTO pipelines (id, name, order_nr, is_deal_probability_enabled, _hash, _synced_at)
      VALUES (1, 'Sales', 2, 1, 0, ''), (2, 'Renewals', 1, 0, 0, '');
    INSERT INTO stages
      (id, name, order_nr, pipeline_id, deal_probability, is_deal_rot_enabled, days_to_rotten, _hash, _synced_at)
      VALUES (1, 'Lead', 2, 1, 10, 1, 5, 0, ''), (2, 'Offer', 1, 1, 50, 0, 5, 0, ''),
        (3, 'Due', 1, 2, 40, 0, NULL, 0, '');
    INSERT INTO deal_field_options (field_code, option_id, label)
      VALUES ('label_ids', 1, 'hot'), ('label_ids', 2, 'cold'), ('e', 5, 'five'), ('s', 5, 'fünf'), ('s', 6, 'sechs');";

/// One deal with a value in a custom field of each type.
fn typed() -> Connection {
    let mut conn = database();
    conn.execute_batch(REFERENCE).unwrap();
    let types = [
        ("e", "Choice", "enum"),
        ("s", "Many", "set"),
        ("u", "Helper", "user"),
        ("p", "Contact", "people"),
        ("o", "Firm", "org"),
        ("st", "Step", "stage"),
        ("d", "Other", "deal"),
        ("m", "Budget", "monetary"),
        ("dr", "Term", "daterange"),
        ("tr", "Slot", "timerange"),
        ("t", "At", "time"),
        ("a", "Place", "address"),
        ("b", "Agreed", "boolean"),
        ("f", "Size", "double"),
        ("da", "Day", "date"),
        ("v", "Note", "varchar"),
    ];
    for (code, name, field_type) in types {
        describe(&conn, code, name, field_type);
    }
    assert!(renew(&mut conn, "2026-01-02T00:00:00Z"));
    conn
}

#[test]
fn every_type_of_field_is_shown_as_a_person_would_say_it() {
    let conn = typed();
    deal(
        &conn,
        1,
        "title, owner_id, creator_user_id, person_id, org_id, pipeline_id, stage_id",
        "'One', 1, 2, 10, 20, 1, 2",
    );
    deal(&conn, 2, "title, owner_id", "'Two', 99");
    deal(&conn, 3, "title, is_deleted", "'Gone', 1");
    conn.execute_batch(
        "INSERT INTO deal_labels VALUES (1, 1), (1, 2), (1, 3);
         INSERT INTO deal_custom_fields
           (deal_id, e, s, u, p, o, st, d, m, m_currency, dr, dr_until, tr, tr_until, tr_timezone_name, t,
            t_timezone_name, t_timezone_id, a, a_locality, b, f, da, v) VALUES
           (1, 5, '[6,5,7]', 1, 10, 20, 3, 2, 12.5, 'EUR', '2026-01-01', '2026-02-01', '09:00:00', '10:00:00', 'Europe/Oslo',
            '11:00:00', 'Europe/Rome', 7, 'High St 1', 'Bath', 1, 2.5, '2026-03-04', 'text'),
           (2, 6, '[]', 77, 77, 77, 77, 77, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
            NULL, NULL, 'x');",
    )
    .unwrap();
    insta::assert_snapshot!(
        custom_columns(&conn).join("|"),
        @"Choice|Many|Helper|Contact|Firm|Step|Other|Budget|Budget currency|Term|Term until|Slot|Slot until|Slot timezone_name|At|At timezone_name|Place|Place subpremise|Place street_number|Place route|Place sublocality|Place locality|Place admin_area_level_1|Place admin_area_level_2|Place country|Place postal_code|Place formatted_address|Agreed|Size|Day|Note"
    );
    let neighbours = "SELECT id, owner, creator, person, organization, pipeline, stage, labels
        FROM deals_wide ORDER BY id";
    assert_eq!(
        rows(&conn, neighbours),
        ["1|Ann|Bob|Cleo|Acme|Sales|Offer|hot, cold, 3", "2|-|-|-|-|-|-|-", "3|-|-|-|-|-|-|-"]
    );
    let shown = "SELECT id, Choice, Many, Helper, Contact, Firm, Step, Other, Budget, \"Budget currency\", Term,
        \"Term until\", Slot, \"Slot until\", \"Slot timezone_name\", At, \"At timezone_name\", Place, \"Place locality\",
        \"Place country\", Agreed, Size, Day, Note FROM deals_wide ORDER BY id";
    let nothing = |count| vec!["-"; count].join("|");
    assert_eq!(
        rows(&conn, shown),
        [
            "1|five|sechs, fünf, 7|Ann|Cleo|Acme|Due|Two|12.5|EUR|2026-01-01|2026-02-01|09:00:00|10:00:00|Europe/Oslo|\
             11:00:00|Europe/Rome|High St 1|Bath|-|1|2.5|2026-03-04|text"
                .to_owned(),
            format!("2|6|-|77|77|77|77|77|{}|0|-|-|x", nothing(12)),
            format!("3|{}", nothing(23)),
        ]
    );
}

#[test]
fn a_set_that_is_no_list_ends_no_query() {
    let conn = typed();
    for (id, text) in [(1, "\"5\""), (2, "5"), (3, "{\"a\":5}"), (4, "nonsense"), (5, "[null,[5]]")]
    {
        deal(&conn, id, "title", "''");
        conn.execute(
            "INSERT INTO deal_custom_fields (deal_id, s) VALUES (?1, ?2)",
            params![id, text],
        )
        .unwrap();
    }
    assert_eq!(
        rows(&conn, "SELECT Many FROM deals_wide ORDER BY id"),
        ["fünf", "fünf", "fünf", "nonsense", "[5]"]
    );
}

#[test]
fn equal_names_keep_their_numbers_whatever_comes_and_goes() {
    let mut conn = database();
    describe(&conn, "a", "Size", "double");
    describe(&conn, "b", "SIZE", "double");
    describe(&conn, "c", "Owner", "varchar");
    renew(&mut conn, "t1");
    assert_eq!(custom_columns(&conn), ["Size", "SIZE (2)", "Owner (2)"]);
    describe(&conn, "d", "size", "double");
    vanish(&conn, "a");
    renew(&mut conn, "t2");
    assert_eq!(custom_columns(&conn), ["SIZE (2)", "Owner (2)", "size (3)"]);
    describe(&conn, "a", "Size", "double");
    renew(&mut conn, "t3");
    assert_eq!(custom_columns(&conn), ["Size", "SIZE (2)", "Owner (2)", "size (3)"]);
    ensure(&mut conn).unwrap();
    assert!(!renew(&mut conn, "t4"), "nothing changed");
    assert_eq!(
        rows(&conn, "SELECT DISTINCT seen_from, seen_until FROM deal_field_names"),
        ["t1|-", "t2|-"]
    );
}

#[test]
fn a_renamed_field_gets_a_new_name_and_the_old_one_is_remembered() {
    let mut conn = database();
    describe(&conn, "a", "Budget", "monetary");
    describe(&conn, "b", "Cost", "double");
    renew(&mut conn, "t1");
    // They change names with each other, and one more is called like a part.
    describe(&conn, "a", "Cost", "monetary");
    describe(&conn, "b", "Budget", "double");
    describe(&conn, "c", "cost Currency", "double");
    renew(&mut conn, "t2");
    assert_eq!(custom_columns(&conn), ["Cost", "Cost currency (2)", "Budget", "cost Currency"]);
    assert_eq!(
        rows(&conn, "SELECT * FROM deal_field_names ORDER BY field_code, seen_from"),
        [
            "a|Budget|Budget|t1|t2",
            "a|Cost|Cost|t2|-",
            "b|Cost|Cost|t1|t2",
            "b|Budget|Budget|t2|-",
            "c|cost Currency|cost Currency|t2|-"
        ]
    );
}

#[test]
fn a_type_change_keeps_the_name_and_names_the_new_parts() {
    let mut conn = database();
    describe(&conn, "a", "Budget", "double");
    renew(&mut conn, "t1");
    describe(&conn, "a", "Budget", "monetary");
    assert!(renew(&mut conn, "t2"));
    assert_eq!(custom_columns(&conn), ["Budget", "Budget currency"]);
    describe(&conn, "a", "Budget", "enum");
    assert!(renew(&mut conn, "t3"));
    assert_eq!(custom_columns(&conn), ["Budget"]);
}

#[test]
fn fields_for_which_there_is_no_room_are_left_out_and_named() {
    let mut conn = database();
    for number in 0..2_100 {
        describe(&conn, &format!("{number:040x}"), &format!("Field {number}"), "set");
    }
    renew(&mut conn, "t1");
    let (shown, left) = (custom_columns(&conn).len(), left_out(&conn).unwrap());
    assert_eq!(shown + left.len(), 2_100);
    assert!(shown > 1_500 && columns_of(&conn, "deals_wide").len() <= 1_800, "{shown}");
    assert_eq!(left.last().unwrap(), &format!("{:040x}", 2_099));
    deal(&conn, 1, "title", "'x'");
    assert_eq!(rows(&conn, "SELECT count(*) FROM (SELECT * FROM deals_wide)"), ["1"]);
}

#[test]
fn a_view_that_cannot_be_made_leaves_the_old_one() {
    let mut conn = database();
    let tx = conn.transaction().unwrap();
    assert!(!put(&tx, WIDE, "CREATE VIEW deals_wide AS SELECT none FROM deals").unwrap());
    assert!(!put(&tx, WIDE, "CREATE VIEW deals_wide AS SELEKT").unwrap());
    tx.commit().unwrap();
    assert!(columns_of(&conn, "deals_wide").contains(&"labels".to_owned()));
}

#[test]
fn views_are_made_anew_only_when_they_differ() {
    let mut conn = database();
    let changes = conn.total_changes();
    ensure(&mut conn).unwrap();
    assert_eq!(conn.total_changes(), changes);
    conn.execute_batch(
        "DROP VIEW deals_stale; DROP VIEW deals_wide; CREATE VIEW deals_wide AS SELECT 1 AS one",
    )
    .unwrap();
    ensure(&mut conn).unwrap();
    assert!(
        columns_of(&conn, "deals_wide").len() > 50 && columns_of(&conn, "deals_stale").len() > 5
    );
}

#[test]
fn a_strangers_view_that_broke_stops_no_type_change() {
    let mut conn = database();
    describe(&conn, "a", "Budget", "monetary");
    renew(&mut conn, "t1");
    deal(&conn, 1, "title", "'x'");
    conn.execute_batch(
        "INSERT INTO deal_custom_fields VALUES (1, 5.5, 'EUR');
         CREATE VIEW theirs AS SELECT \"Budget currency\" FROM deals_wide;
         CREATE VIEW broken AS SELECT w.gone FROM deals_wide w;",
    )
    .unwrap();
    describe(&conn, "a", "Budget", "varchar");
    assert!(renew(&mut conn, "t2"));
    assert_eq!(rows(&conn, "SELECT Budget FROM deals_wide"), ["-"]);
    assert_eq!(rows(&conn, "SELECT a__monetary FROM deal_custom_fields"), ["5.5"]);
    // Their own view is theirs to mend; once the column is back, it is well again.
    describe(&conn, "a", "Budget", "monetary");
    assert!(renew(&mut conn, "t3"));
    assert_eq!(rows(&conn, "SELECT count(*) FROM theirs"), ["1"]);
}
