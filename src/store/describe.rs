//! What is in the database, for whoever wants to be told: tables, views and their columns.

use super::{Reader, StoreError};

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub is_view: bool,
    /// The SQL that made it, with its comments.
    pub sql: String,
    /// Its columns, in order.
    pub columns: Vec<DescribedColumn>,
}

/// A column of a table or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedColumn {
    /// Its name.
    pub name: String,
    /// INTEGER, REAL, TEXT, BLOB or, of a computed column of a view, nothing.
    pub kind: String,
    /// Whether it is part of the primary key.
    pub is_key: bool,
}

impl Reader {
    /// Returns every table, then every view, in the order in which they were made. What an index for searching keeps
    /// for itself is left out.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn describe(&self) -> Result<Vec<Described>, StoreError> {
        let mut found = self.connection().prepare(
            "SELECT name, type = 'view', sql FROM sqlite_schema AS made
             WHERE type IN ('table', 'view') AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
             ORDER BY type = 'view', rowid",
        )?;
        let mut columns = self
            .connection()
            .prepare("SELECT name, type, pk > 0 FROM pragma_table_info(?1) ORDER BY cid")?;
        let mut described: Vec<Described> = found
            .query_map([], |row| {
                let (name, is_view, sql) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Described { name, is_view, sql, columns: Vec::new() })
            })?
            .collect::<rusqlite::Result<_>>()?;
        for one in &mut described {
            one.columns = columns
                .query_map([&one.name], |row| {
                    Ok(DescribedColumn {
                        name: row.get(0)?,
                        kind: row.get(1)?,
                        is_key: row.get(2)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
        }
        Ok(described)
    }
}
