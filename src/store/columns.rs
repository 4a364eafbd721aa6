//! The columns of custom fields: one (or several) per field, made when the field is first described, never dropped.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, limits::Limit, params};

use super::{Store, StoreError, sql::quoted};
use crate::entity::{self, Catalog, CustomField, CustomTable, Kind, Table};

impl Store {
    /// Returns the custom fields of `table` that have columns.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn catalog(&self, table: &Table) -> Result<Catalog, StoreError> {
        match table.custom {
            Some(custom) => Ok(load(&self.conn, custom)?),
            None => Ok(Catalog::default()),
        }
    }
}

/// Reads the catalog, in the order in which the source listed the fields: that is the order of a deal's members too.
pub(super) fn load(conn: &Connection, custom: &CustomTable) -> rusqlite::Result<Catalog> {
    let mut rows = conn.prepare(&format!(
        "SELECT field_code, _column_type, _column FROM {} WHERE _column IS NOT NULL ORDER BY rowid",
        custom.fields
    ))?;
    let fields = rows.query_map([], |row| {
        let (field_type, column): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(CustomField { code: row.get(0)?, columns: names(&column, &field_type), field_type })
    })?;
    Ok(Catalog::new(fields.collect::<rusqlite::Result<_>>()?))
}

/// Returns the places, among the catalog's columns, of those that rows stored earlier are owed.
pub(super) fn owed_places(
    conn: &Connection,
    custom: &CustomTable,
    catalog: &Catalog,
) -> rusqlite::Result<Vec<usize>> {
    let mut rows = conn.prepare(&format!(
        "SELECT _column, _column_type FROM {} WHERE _filled IS NOT NULL",
        custom.fields
    ))?;
    let fields =
        rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut owed = BTreeSet::new();
    for field in fields {
        let (column, field_type) = field?;
        owed.extend(names(&column, &field_type));
    }
    let places = catalog.columns().iter().enumerate().filter(|(_, column)| owed.contains(*column));
    Ok(places.map(|(at, _)| at).collect())
}

/// Returns the column names of a field whose own column is `column`.
fn names(column: &str, field_type: &str) -> Vec<String> {
    let name = |part: &entity::Part| {
        part.member.map_or_else(|| column.to_owned(), |member| format!("{column}_{member}"))
    };
    entity::parts(field_type).iter().map(name).collect()
}

/// Gives every described field that lacks them its columns, and a field whose type changed new ones; returns whether
/// anything changed.
///
/// The old columns of a field whose type changed keep their values under `<name>__<old type>`.
///
/// # Errors
///
/// SQLite's; nothing is changed then.
pub(super) fn reshape(tx: &Transaction<'_>, custom: &CustomTable) -> Result<bool, StoreError> {
    let owed = owed(tx, custom)?;
    if owed.is_empty() {
        return Ok(false);
    }
    let mut shape = Shape::read(tx, custom)?;
    // Without rows there is nothing to fill, and one statement makes all columns at once.
    let empty = !exists(tx, &format!("SELECT 1 FROM {}", custom.table))?;
    for field in owed {
        if let (Some(column), Some(old_type)) = (&field.column, &field.column_type)
            && shape.has_room(&field.field_type)
        {
            shape.set_aside(column, old_type)?;
        }
        let Some(column) = shape.add(&field.code, &field.field_type)? else {
            tracing::warn!(
                field = field.code,
                "A custom field has no column: the database's limit is reached; its values are kept in the raw text"
            );
            continue;
        };
        tx.execute(
            &format!(
                "UPDATE {} SET _column = ?2, _column_type = ?3, _filled = ?4 WHERE field_code = ?1",
                custom.fields
            ),
            params![field.code, column, field.field_type, if empty { None } else { Some(0) }],
        )?;
    }
    shape.finish()?;
    Ok(true)
}

fn exists(conn: &Connection, sql: &str) -> rusqlite::Result<bool> {
    conn.prepare(sql)?.exists([])
}

struct Owed {
    code: String,
    field_type: String,
    column: Option<String>,
    column_type: Option<String>,
}

fn owed(conn: &Connection, custom: &CustomTable) -> rusqlite::Result<Vec<Owed>> {
    let mut rows = conn.prepare(&format!(
        "SELECT field_code, coalesce(field_type, ''), _column, _column_type FROM {}
         WHERE is_custom_field = 1 AND _missing_since IS NULL AND _column_type IS NOT coalesce(field_type, '')
         ORDER BY rowid",
        custom.fields
    ))?;
    let owed = rows.query_map([], |row| {
        Ok(Owed {
            code: row.get(0)?,
            field_type: row.get(1)?,
            column: row.get(2)?,
            column_type: row.get(3)?,
        })
    })?;
    owed.collect()
}

/// The table being changed: which names are taken, and how many columns there may be.
struct Shape<'t> {
    tx: &'t Transaction<'t>,
    table: &'static str,
    parent: &'static str,
    /// Names as SQLite compares them: without regard to the case of ASCII letters.
    taken: BTreeSet<String>,
    room: usize,
    /// Columns to be made, with their types.
    made: Vec<String>,
}

impl<'t> Shape<'t> {
    fn read(tx: &'t Transaction<'_>, custom: &CustomTable) -> rusqlite::Result<Self> {
        let mut columns = tx.prepare("SELECT name FROM pragma_table_info(?1)")?;
        let taken = columns
            .query_map([custom.table], |row| row.get::<_, String>(0))?
            .map(|name| name.map(|name| name.to_ascii_lowercase()))
            .collect::<rusqlite::Result<BTreeSet<_>>>()?;
        let limit = usize::try_from(tx.limit(Limit::SQLITE_LIMIT_COLUMN)?).unwrap_or(2_000);
        Ok(Self {
            tx,
            table: custom.table,
            parent: custom.parent,
            room: limit.saturating_sub(taken.len()),
            taken,
            made: Vec::new(),
        })
    }

    fn has_room(&self, field_type: &str) -> bool {
        entity::parts(field_type).len() <= self.room
    }

    /// Chooses names for the columns of a field; returns its own column's, or `None` if there is no room.
    fn add(&mut self, code: &str, field_type: &str) -> rusqlite::Result<Option<String>> {
        let parts = entity::parts(field_type);
        if !self.has_room(field_type) {
            return Ok(None);
        }
        let clean: String = code.chars().filter(|c| !c.is_control()).take(100).collect();
        let base = if clean.is_empty() { "field".to_owned() } else { clean };
        let column = self.free(&base, |name| names(name, field_type));
        for (name, part) in names(&column, field_type).into_iter().zip(parts) {
            self.made.push(format!("{} {}", quoted(&name), sql_type(part.kind)));
            self.taken.insert(name.to_ascii_lowercase());
        }
        self.room -= parts.len();
        Ok(Some(column))
    }

    /// Returns `base`, or `base_2`, `base_3`, …: the first whose `names` are all free.
    fn free(&self, base: &str, names: impl Fn(&str) -> Vec<String>) -> String {
        (1..)
            .map(|number| if number == 1 { base.to_owned() } else { format!("{base}_{number}") })
            .find(|name| {
                names(name).iter().all(|name| !self.taken.contains(&name.to_ascii_lowercase()))
            })
            .expect("some number is free")
    }

    /// Renames the columns of a field whose type was `old_type`; their values stay.
    fn set_aside(&mut self, column: &str, old_type: &str) -> rusqlite::Result<()> {
        for name in names(column, old_type) {
            let aside = self.free(&format!("{name}__{old_type}"), |name| vec![name.to_owned()]);
            // SQLite reads every view before it renames, and gives up at one that has an error. Ours have none; one that
            // somebody else made may name a column that is gone: `writable_schema` lets SQLite pass over it.
            let renamed = self.tx.execute_batch(&format!(
                "PRAGMA writable_schema = ON; ALTER TABLE {} RENAME COLUMN {} TO {}",
                self.table,
                quoted(&name),
                quoted(&aside)
            ));
            self.tx.execute_batch("PRAGMA writable_schema = OFF")?;
            renamed?;
            self.taken.remove(&name.to_ascii_lowercase());
            self.taken.insert(aside.to_ascii_lowercase());
        }
        Ok(())
    }

    fn finish(self) -> rusqlite::Result<()> {
        let untouched = self.taken.len() == self.made.len() + 1
            && !exists(self.tx, &format!("SELECT 1 FROM {}", self.table))?;
        if untouched {
            return self.tx.execute_batch(&format!(
                "DROP TABLE {table};
                 CREATE TABLE {table} (
                   -- One typed column per custom field, named by its field_code; deal_fields says which is which.
                   {parent} INTEGER PRIMARY KEY,\n  {columns}\n) STRICT",
                table = self.table,
                parent = self.parent,
                columns = self.made.join(",\n  ")
            ));
        }
        for column in &self.made {
            self.tx.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {column}", self.table))?;
        }
        Ok(())
    }
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int | Kind::Bool | Kind::Flag | Kind::Reference => "INTEGER",
        Kind::Real => "REAL",
        Kind::Text | Kind::Instant | Kind::Date | Kind::Json => "TEXT",
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
