//! The text of `deals_wide`: one column per custom field, under its human name.
//!
//! Names of options, people and stages are looked up by scalar subqueries: SQLite joins 64 tables at most, and a query
//! that selects a few columns pays for those only.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{fields::Field, names::Taken};
use crate::store::sql::quoted;

/// Most columns of the view. SQLite returns 2,000; a reader's own query gets the rest.
const MOST_COLUMNS: usize = 1_800;

/// Greatest length of the statement: what SQLite's documentation names as its limit in bytes.
const MOST_BYTES: usize = 1_000_000;

/// What follows the columns of `deals`.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("owner", "(SELECT name FROM users WHERE id = d.owner_id)"),
    ("creator", "(SELECT name FROM users WHERE id = d.creator_user_id)"),
    ("person", "(SELECT name FROM persons WHERE id = d.person_id)"),
    ("organization", "(SELECT name FROM organizations WHERE id = d.org_id)"),
    ("pipeline", "(SELECT name FROM pipelines WHERE id = d.pipeline_id)"),
    ("stage", "(SELECT name FROM stages WHERE id = d.stage_id)"),
    (
        "labels",
        "(SELECT group_concat(coalesce(o.label, l.label_id), ', ') FROM deal_labels l LEFT JOIN deal_field_options o \
         ON o.field_code = 'label_ids' AND o.option_id = l.label_id WHERE l.deal_id = d.id)",
    ),
];

const HEAD: &str = "CREATE VIEW deals_wide AS
  -- One row per row of `deals`, deleted ones too: its columns; the names of what it points to; then every custom field
  -- under its human name, with option ids replaced by labels and user, person and organization ids by names (an id that
  -- nobody describes any more is shown as text). An amount has `<name> currency` beside it, a range `<name> until`, an
  -- address its parts. deal_fields says which field a column shows (_view_name), deal_field_names what it was called.
  SELECT\n";

/// The view as it should be.
#[derive(Debug)]
pub(super) struct Wide {
    /// The statement that makes it.
    pub(super) sql: String,
    /// Codes of live custom fields for which there was no room.
    pub(super) left_out: Vec<String>,
}

/// The tables that the view is made of, as they are.
#[derive(Debug)]
pub(super) struct Columns {
    deals: Vec<String>,
    custom: BTreeSet<String>,
}

impl Columns {
    /// Reads which columns there are.
    pub(super) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let mut columns = conn.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let mut of = |table: &str| {
            columns.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()
        };
        Ok(Self { deals: of("deals")?, custom: of("deal_custom_fields")?.into_iter().collect() })
    }

    /// Returns the same with the columns of `fields`, as if they were there.
    pub(super) fn with(mut self, fields: &[Field]) -> Self {
        for field in fields {
            let column = field.column.clone().unwrap_or_default();
            self.custom.extend(field.members().map(|member| format!("{column}_{member}")));
            self.custom.insert(column);
        }
        self
    }

    /// Returns the names that the view has of its own.
    pub(super) fn builtin(&self) -> Taken {
        let mut taken = Taken::default();
        let neighbours = NEIGHBOURS.iter().map(|(name, _)| *name);
        for name in self.deals.iter().map(String::as_str).chain(neighbours) {
            taken.take(name);
        }
        taken
    }

    /// Returns the column that holds `field`'s own values, if it is there to be shown.
    pub(super) fn shown<'f>(&self, field: &'f Field) -> Option<&'f str> {
        // A name that SQL text cannot hold.
        let spoiled = field.code.contains('\0');
        field.column.as_deref().filter(|column| !spoiled && self.custom.contains(*column))
    }
}

/// Writes the view of `fields`, which have their names.
pub(super) fn write(columns: &Columns, fields: &[Field]) -> Wide {
    let mut lines: Vec<String> =
        columns.deals.iter().map(|name| format!("d.{}", quoted(name))).collect();
    lines.extend(NEIGHBOURS.iter().map(|(name, sql)| format!("{sql} AS {}", quoted(name))));
    let mut bytes: usize = HEAD.len() + lines.iter().map(|line| line.len() + 8).sum::<usize>();
    let mut left_out = Vec::new();
    for field in fields.iter().filter(|field| field.live) {
        let shown = field_lines(columns, field);
        let more: usize = shown.iter().map(|line| line.len() + 8).sum();
        if shown.is_empty() || lines.len() + shown.len() > MOST_COLUMNS || bytes + more > MOST_BYTES
        {
            left_out.push(field.code.clone());
            continue;
        }
        bytes += more;
        lines.extend(shown);
    }
    let sql = format!(
        "{HEAD}    {}\n  FROM deals d LEFT JOIN deal_custom_fields c ON c.deal_id = d.id",
        lines.join(",\n    ")
    );
    Wide { sql, left_out }
}

/// Returns the columns of `field`, each with its name; none if it cannot be shown.
fn field_lines(columns: &Columns, field: &Field) -> Vec<String> {
    let (Some(column), Some(name)) = (columns.shown(field), &field.view_name) else {
        return Vec::new();
    };
    let own = format!("c.{}", quoted(column));
    let mut lines = vec![format!("{} AS {}", shown_as(field, &own), quoted(name))];
    for member in field.members() {
        let column = format!("{column}_{member}");
        if let Some(name) = field.parts.get(member).filter(|_| columns.custom.contains(&column)) {
            lines.push(format!("c.{} AS {}", quoted(&column), quoted(name)));
        }
    }
    lines
}

/// Returns how the value in the column `own` of a field is shown.
fn shown_as(field: &Field, own: &str) -> String {
    let named = |name: &str, table: &str| {
        format!(
            "coalesce((SELECT x.{name} FROM {table} x WHERE x.id = {own}), CAST({own} AS TEXT))"
        )
    };
    let code = literal(&field.code);
    match field.field_type.as_str() {
        "enum" => format!(
            "coalesce((SELECT x.label FROM deal_field_options x WHERE x.field_code = {code} AND x.option_id = {own}), \
             CAST({own} AS TEXT))"
        ),
        // Text that is no JSON would end the reader's whole query with an error.
        "set" => format!(
            "CASE WHEN {own} IS NULL THEN NULL WHEN json_valid({own}) THEN (SELECT group_concat(coalesce(x.label, \
             j.value), ', ') FROM json_each({own}) j LEFT JOIN deal_field_options x ON x.field_code = {code} AND \
             x.option_id = j.value) ELSE {own} END"
        ),
        "user" => named("name", "users"),
        "people" => named("name", "persons"),
        "org" => named("name", "organizations"),
        "stage" => named("name", "stages"),
        "deal" => named("title", "deals"),
        _ => own.to_owned(),
    }
}

/// Quotes `text` as a value in SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
