//! `deals_search`: the full text of deals, kept in the transaction that stores what it is made of.

use rusqlite::{CachedStatement, OptionalExtension as _, Row, Transaction};

use super::{columns, sql::quoted};
use crate::entity::{self, Catalog, Record, Searched, Table};

/// Keeps the full text of deals up to date with the rows of one table.
pub(super) enum Indexing<'t> {
    /// Deals themselves.
    Deals(Words<'t>),
    /// Rows whose name is part of the text of deals.
    Names {
        tx: &'t Transaction<'t>,
        /// The name that is stored.
        stored: CachedStatement<'t>,
        /// The column of `deals` that names the row.
        by: &'static str,
        /// Made when the first name moved.
        deals: Option<Words<'t>>,
    },
}

/// The name that a row had before it was stored anew; `None` where no text depends on it.
pub(super) type Before = Option<Option<String>>;

impl<'t> Indexing<'t> {
    /// Prepares for `table`; `None` where no text is made of it.
    pub(super) fn new(
        tx: &'t Transaction<'_>,
        table: &Table,
        catalog: &Catalog,
    ) -> rusqlite::Result<Option<Self>> {
        Ok(match table.searched {
            None => None,
            Some(Searched::Deal) => Some(Self::Deals(Words::new(tx, catalog, "d.id = ?1")?)),
            Some(Searched::Name { by }) => Some(Self::Names {
                tx,
                stored: tx.prepare_cached(&format!(
                    "SELECT name FROM {} WHERE {} = ?1",
                    table.name,
                    table.key()
                ))?,
                by,
                deals: None,
            }),
        })
    }

    /// Returns the name that is stored of `record`, which is going to be replaced.
    pub(super) fn before(&mut self, record: &Record) -> rusqlite::Result<Before> {
        let (Self::Names { stored, .. }, Some(id)) = (self, record.values[0].int()) else {
            return Ok(None);
        };
        Ok(Some(stored.query_row([id], |row| row.get(0)).optional()?.flatten()))
    }

    /// Brings the text up to date after `record` was stored, in place of one that `existed` or anew.
    pub(super) fn after(
        &mut self,
        record: &Record,
        before: Before,
        existed: bool,
    ) -> rusqlite::Result<()> {
        let Some(id) = record.values[0].int() else { return Ok(()) };
        match self {
            Self::Deals(words) => words.put(id, existed),
            Self::Names { tx, stored, by, deals } => {
                let now: Option<String> = stored.query_row([id], |row| row.get(0))?;
                if before == Some(now) {
                    return Ok(());
                }
                let words = match deals {
                    Some(words) => words,
                    None => {
                        let which = format!("d.{by} = ?1");
                        deals.insert(Words::new(tx, &of_deals(tx)?, &which)?)
                    }
                };
                words.put(id, true)
            }
        }
    }
}

fn of_deals(tx: &Transaction<'_>) -> rusqlite::Result<Catalog> {
    let custom = entity::ENTITIES
        .iter()
        .find(|entity| entity.table.searched == Some(Searched::Deal))
        .and_then(|entity| entity.table.custom);
    custom.map_or_else(|| Ok(Catalog::default()), |custom| columns::load(tx, custom))
}

/// The columns of `deals_search`.
const COLUMNS: &str = "title, person, organization, custom, lost_reason";

/// What is to be found of a deal, in the order of [`COLUMNS`].
type Text = [Option<String>; 5];

/// The statements that write text.
///
/// What is written comes as values: a statement that selects what it inserts would have the index written out for every
/// single deal (SQLite opens a savepoint for it), which takes several times as long.
pub(super) struct Words<'t> {
    of_rows: CachedStatement<'t>,
    stored: CachedStatement<'t>,
    put: CachedStatement<'t>,
}

impl<'t> Words<'t> {
    /// Prepares for the deals `which`, a condition on `deals d` with one parameter.
    fn new(tx: &'t Transaction<'_>, catalog: &Catalog, which: &str) -> rusqlite::Result<Self> {
        Ok(Self {
            of_rows: tx.prepare_cached(&text_of(catalog, which))?,
            stored: tx
                .prepare_cached(&format!("SELECT {COLUMNS} FROM deals_search WHERE rowid = ?1"))?,
            put: tx.prepare_cached(&format!(
                "INSERT OR REPLACE INTO deals_search (rowid, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            ))?,
        })
    }

    /// Writes the text of the deals that the condition holds for with `key`. Text that is `stored` already and did not move
    /// is not written: an index of words is dear to change.
    fn put(&mut self, key: i64, stored: bool) -> rusqlite::Result<()> {
        let mut rows = self.of_rows.query([key])?;
        while let Some(row) = rows.next()? {
            let (id, now): (i64, Text) = (row.get(5)?, text(row)?);
            if stored && self.stored.query_row([id], text).optional()?.as_ref() == Some(&now) {
                continue;
            }
            let [title, person, organization, custom, lost_reason] = &now;
            self.put.execute((id, title, person, organization, custom, lost_reason))?;
        }
        Ok(())
    }
}

fn text(row: &Row<'_>) -> rusqlite::Result<Text> {
    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
}

/// Returns the statement that makes the text of the deals `which`, and their ids.
fn text_of(catalog: &Catalog, which: &str) -> String {
    let columns: Vec<String> =
        catalog.searched().map(|column| format!("c.{}", quoted(column))).collect();
    // A function takes a limited number of arguments.
    let parts: Vec<String> =
        columns.chunks(100).map(|chunk| format!("concat_ws(' ', {})", chunk.join(", "))).collect();
    let custom = match parts.as_slice() {
        [] => "NULL".to_owned(),
        parts => format!(
            "(SELECT nullif(concat_ws(' ', {}), '') FROM deal_custom_fields c WHERE c.deal_id = d.id)",
            parts.join(", ")
        ),
    };
    format!(
        "SELECT d.title, (SELECT p.name FROM persons p WHERE p.id = d.person_id),
           (SELECT o.name FROM organizations o WHERE o.id = d.org_id), {custom}, d.lost_reason, d.id
         FROM deals d WHERE {which}"
    )
}
