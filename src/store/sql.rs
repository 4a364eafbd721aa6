//! Statements, built from declarations.

use std::fmt::Write as _;

use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::entity::{Catalog, CustomTable, List, Table, Value};

/// A value together with the page its text stands in.
pub(super) struct Bound<'a>(pub(super) &'a Value, pub(super) &'a str);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            text => ValueRef::Text(text.text(self.1).unwrap_or_default().as_bytes()),
        }))
    }
}

/// Quotes a name for use in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads what is stored of a row: hash, request number, change time, whether it has a tombstone.
pub(super) fn sighting(table: &Table) -> String {
    let changed = table.changed.unwrap_or("NULL");
    let (name, key) = (table.name, table.key());
    match table.raw {
        Some(raw) => format!(
            "SELECT coalesce(r.hash, 0), coalesce(r.observed, 0), t.{changed}, t._missing_since IS NOT NULL
             FROM {name} t LEFT JOIN {raw} r ON r.deal_id = t.{key} WHERE t.{key} = ?1"
        ),
        None => format!("SELECT _hash, 0, {changed}, _missing_since IS NOT NULL FROM {name} WHERE {key} = ?1"),
    }
}

/// Inserts or updates a row: its columns, then `_synced_at`, then `_version`, or `_hash` and `_extra` where there is no
/// side table. A tombstone is taken off.
pub(super) fn upsert(table: &Table) -> String {
    let mut names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    names.push("_synced_at");
    names.extend(if table.raw.is_some() { &["_version"][..] } else { &["_hash", "_extra"] });
    let absent = if table.raw.is_some() { "" } else { ", _absent = 0" };
    format!("{}, _missing_since = NULL{absent}", insert_or_update(table.name, &names))
}

/// Inserts or updates a row of the columns `names`, of which the first is the key.
fn insert_or_update(table: &str, names: &[impl AsRef<str>]) -> String {
    let columns: Vec<String> = names.iter().map(|name| quoted(name.as_ref())).collect();
    let mut sql = format!("INSERT INTO {table} ({}) VALUES (", columns.join(", "));
    for number in 1..=names.len() {
        let _ = write!(sql, "{}?{number}", if number == 1 { "" } else { ", " });
    }
    let sets: Vec<String> =
        columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let _ = write!(sql, ") ON CONFLICT ({}) DO ", columns[0]);
    sql.push_str(&if sets.is_empty() {
        "NOTHING".to_owned()
    } else {
        format!("UPDATE SET {}", sets.join(", "))
    });
    sql
}

/// Inserts or updates the exact text of a row.
pub(super) fn raw_upsert(raw: &str) -> String {
    insert_or_update(raw, &["deal_id", "hash", "observed", "json"])
}

/// Inserts or updates a row's custom-field columns.
pub(super) fn custom_upsert(custom: &CustomTable, catalog: &Catalog) -> String {
    let names: Vec<&str> = std::iter::once(custom.parent)
        .chain(catalog.columns().iter().map(String::as_str))
        .collect();
    insert_or_update(custom.table, &names)
}

/// Removes the elements of a row's list.
pub(super) fn list_clear(table: &str, parent: &str) -> String {
    format!("DELETE FROM {table} WHERE {parent} = ?1")
}

/// Adds one element of a row's list.
pub(super) fn list_insert(list: &List) -> String {
    let names: Vec<String> = list.columns.iter().map(|column| quoted(column.column.name)).collect();
    let places: Vec<String> = (2..names.len() + 2).map(|number| format!("?{number}")).collect();
    // The same element twice in a list is one row.
    format!(
        "INSERT OR IGNORE INTO {} ({}, {}) VALUES (?1, {})",
        list.table,
        list.parent,
        names.join(", "),
        places.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity;

    #[test]
    fn statements_follow_the_declaration() {
        let fields = entity::find("deal_fields").unwrap().table;
        insta::assert_snapshot!(
            [sighting(fields), upsert(fields), list_insert(&fields.lists[0]), raw_upsert("deal_raw")].join("\n"),
            @r#"
        SELECT _hash, 0, NULL, _missing_since IS NOT NULL FROM deal_fields WHERE field_code = ?1
        INSERT INTO deal_fields ("field_code", "field_name", "description", "field_type", "is_custom_field", "is_optional_response_field", "is_writable", "subfields", "ui_visibility", "important_fields", "required_fields", "_synced_at", "_hash", "_extra") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT ("field_code") DO UPDATE SET "field_name" = excluded."field_name", "description" = excluded."description", "field_type" = excluded."field_type", "is_custom_field" = excluded."is_custom_field", "is_optional_response_field" = excluded."is_optional_response_field", "is_writable" = excluded."is_writable", "subfields" = excluded."subfields", "ui_visibility" = excluded."ui_visibility", "important_fields" = excluded."important_fields", "required_fields" = excluded."required_fields", "_synced_at" = excluded."_synced_at", "_hash" = excluded."_hash", "_extra" = excluded."_extra", _missing_since = NULL, _absent = 0
        INSERT OR IGNORE INTO deal_field_options (field_code, "option_id", "label", "color", "add_time", "update_time") VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        INSERT INTO deal_raw ("deal_id", "hash", "observed", "json") VALUES (?1, ?2, ?3, ?4) ON CONFLICT ("deal_id") DO UPDATE SET "hash" = excluded."hash", "observed" = excluded."observed", "json" = excluded."json"
        "#
        );
    }
}
