//! The least that storing can cost: the same rows by prepared `INSERT`s into the same tables, one transaction a page,
//! and no look at what is there, no checkpoint, no bookkeeping.

use std::path::Path;

use pipedrive_mirror::{
    entity::{Catalog, Record, Value},
    store::Batch,
};
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params, types::ValueRef};

use crate::pages::deals;

/// Opens `path` with the pragmas of the mirror's own writing connection.
pub(crate) fn connect(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("a database");
    conn.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = OFF; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
    )
    .expect("pragmas");
    conn
}

/// Inserts the rows of `batch`.
pub(crate) fn insert(conn: &mut Connection, batch: &Batch) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statements = Statements::new(&tx, &batch.catalog)?;
        for record in &batch.decoded.records {
            statements.insert(record, batch)?;
        }
    }
    tx.commit()
}

struct Statements<'c> {
    deal: CachedStatement<'c>,
    raw: CachedStatement<'c>,
    custom: CachedStatement<'c>,
    option: CachedStatement<'c>,
    label: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    fn new(conn: &'c Connection, catalog: &Catalog) -> rusqlite::Result<Self> {
        let mut columns: Vec<&str> =
            deals().table.columns.iter().map(|column| column.name).collect();
        columns.extend(["_synced_at", "_version"]);
        let mut fields = vec!["deal_id"];
        fields.extend(catalog.columns().iter().map(String::as_str));
        Ok(Self {
            deal: conn.prepare_cached(&insert_into("deals", &columns))?,
            raw: conn.prepare_cached(&insert_into(
                "deal_raw",
                &["deal_id", "hash", "observed", "json"],
            ))?,
            custom: conn.prepare_cached(&insert_into("deal_custom_fields", &fields))?,
            option: conn
                .prepare_cached("INSERT INTO deal_custom_field_options VALUES (?1, ?2, ?3)")?,
            label: conn.prepare_cached("INSERT INTO deal_labels VALUES (?1, ?2)")?,
        })
    }

    fn insert(&mut self, record: &Record, batch: &Batch) -> rusqlite::Result<()> {
        let page: &str = &batch.page;
        let id = record.values[0].int().expect("a deal has an id");
        for (number, value) in (1..).zip(&record.values) {
            bind(&mut self.deal, number, value, page)?;
        }
        self.deal.raw_bind_parameter(record.values.len() + 1, "2026-03-02T10:00:00Z")?;
        self.deal.raw_bind_parameter(record.values.len() + 2, 1)?;
        self.deal.raw_execute()?;
        let observed = batch.observed.cast_signed();
        self.raw.execute(params![id, record.hash, observed, &page[record.raw.clone()]])?;
        let custom = record.custom.as_ref().expect("deals have custom fields");
        self.custom.raw_bind_parameter(1, id)?;
        for (number, value) in (2..).zip(&custom.values) {
            bind(&mut self.custom, number, value, page)?;
        }
        self.custom.raw_execute()?;
        for (field, option) in &custom.options {
            self.option.execute(params![id, batch.catalog.code(*field), option])?;
        }
        for label in &record.lists[0] {
            self.label.execute(params![id, label[0].int()])?;
        }
        Ok(())
    }
}

fn bind(
    statement: &mut CachedStatement<'_>,
    number: usize,
    value: &Value,
    page: &str,
) -> rusqlite::Result<()> {
    let value = match value {
        Value::Null => ValueRef::Null,
        Value::Int(number) => ValueRef::Integer(*number),
        Value::Real(number) => ValueRef::Real(*number),
        text => ValueRef::Text(text.text(page).unwrap_or_default().as_bytes()),
    };
    statement.raw_bind_parameter(number, rusqlite::types::ToSqlOutput::Borrowed(value))
}

fn insert_into(table: &str, columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let places: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "))
}
