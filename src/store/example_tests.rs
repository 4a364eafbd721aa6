//! The entity that docs/contributing.md adds is one: what the page shows compiles, and its rows are stored.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Batch, Committed, Lock, Purpose, Reading, Store};
use crate::{
    entity::{Catalog, EXAMPLE, decode},
    progress::Checkpoint,
};

const PAGE: &str = include_str!("../../docs/contributing.md");

/// Returns the first block of code in `language`.
fn block(language: &str) -> &'static str {
    let begin = format!("```{language}\n");
    let (_, code) = PAGE.split_once(&begin).unwrap();
    code.split_once("```").unwrap().0
}

#[test]
fn the_page_shows_the_declaration_that_compiles() {
    let shown = include_str!("../entity/example.rs");
    assert!(block("rust") == shown, "docs/contributing.md does not show src/entity/example.rs");
}

#[test]
fn the_page_names_the_endpoint_as_it_is_declared() {
    let declared = include_str!("../endpoint.rs");
    let (_, shown) = PAGE.split_once("pub static ACTIVITY_TYPES").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    assert!(declared.contains(&format!("pub static ACTIVITY_TYPES{shown}")));
}

#[test]
fn rows_are_stored_by_its_migration_and_a_row_that_two_readings_lack_gets_its_tombstone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store =
        Store::open(Lock::acquire(&folder.path().join("a.db")).unwrap(), 0o600).unwrap();
    store.conn.execute_batch(block("sql")).unwrap();

    let call = r#"{"id": 5, "name": "Call", "active_flag": true, "add_time": "2019-12-21 19:44:01", "color": "FFFFFF"}"#;
    let lunch = r#"{"id": 6, "name": "Lunch"}"#;
    assert_eq!(commit(&mut store, &[call, lunch]).written, 2);
    for _ in 0..2 {
        assert_eq!(commit(&mut store, &[call]).written, 0);
    }
    let rows = "SELECT group_concat(id || ' ' || name || ' ' || coalesce(add_time, '') || ' ' ||
                       coalesce(_extra, '') || ' ' || (_missing_since IS NOT NULL), x'0a') FROM activity_types";
    let rows: String = store.conn.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, "5 Call 2019-12-21T19:44:01Z {\"color\":\"FFFFFF\"} 0\n6 Lunch   1");
}

/// Stores a complete reading of `rows`.
fn commit(store: &mut Store, rows: &[&str]) -> Committed {
    let (mut page, mut places) = (String::new(), Vec::new());
    for row in rows {
        places.push(page.len()..page.len() + row.len());
        page.push_str(row);
    }
    let decoded = decode(EXAMPLE, &Catalog::default(), &page, &places);
    assert!(decoded.unreadable.is_empty(), "{:?}", decoded.unreadable);
    let mut reading = Reading::default();
    reading.note(&page, &decoded);
    let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    let batch = Batch {
        entity: EXAMPLE,
        page: page.into(),
        decoded,
        catalog: Arc::default(),
        observed: 1,
        server_now: Some(now),
        now,
        checkpoint: Checkpoint::default(),
        purpose: Purpose::Pass,
        children: Vec::new().into(),
        restricted: false,
        reading: Some(reading),
    };
    store.commit(&batch).unwrap()
}
