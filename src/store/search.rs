//! `deals_search`: the full text of deals, kept in the transaction that stores what it is made of.

use rusqlite::{CachedStatement, Transaction, params};

use super::{columns, sql::quoted};
use crate::entity::{self, Catalog, Record, Searched, Table};

/// Keeps the full text of deals up to date with the rows of one table.
pub(super) enum Indexing<'t> {
    /// Deals themselves.
    Deals(CachedStatement<'t>),
    /// Rows whose name is part of the text of deals.
    Names {
        tx: &'t Transaction<'t>,
        /// The name that is stored.
        stored: CachedStatement<'t>,
        /// The column of `deals` that names the row.
        by: &'static str,
        /// Made when the first name moved.
        deals: Option<CachedStatement<'t>>,
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
            Some(Searched::Deal) => {
                Some(Self::Deals(tx.prepare_cached(&put(catalog, "d.id = ?1"))?))
            }
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
        let mut rows = stored.query([id])?;
        Ok(Some(match rows.next()? {
            Some(row) => row.get(0)?,
            None => None,
        }))
    }

    /// Brings the text up to date after `record` was stored.
    pub(super) fn after(&mut self, record: &Record, before: Before) -> rusqlite::Result<()> {
        let Some(id) = record.values[0].int() else { return Ok(()) };
        match self {
            Self::Deals(put) => put.execute([id]).map(drop),
            Self::Names { tx, stored, by, deals } => {
                let now: Option<String> = stored.query_row([id], |row| row.get(0))?;
                if before == Some(now) {
                    return Ok(());
                }
                let deals = match deals {
                    Some(deals) => deals,
                    None => {
                        let catalog = of_deals(tx)?;
                        deals.insert(tx.prepare_cached(&put(&catalog, &format!("d.{by} = ?1")))?)
                    }
                };
                deals.execute(params![id]).map(drop)
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

/// Returns the statement that puts the text of the deals `which` in place of what is there. Text that did not move is not
/// written: an index of words is dear to change.
fn put(catalog: &Catalog, which: &str) -> String {
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
        "INSERT OR REPLACE INTO deals_search (rowid, title, person, organization, custom, lost_reason)
         SELECT n.* FROM (
           SELECT d.id AS id, d.title AS title, (SELECT p.name FROM persons p WHERE p.id = d.person_id) AS person,
             (SELECT o.name FROM organizations o WHERE o.id = d.org_id) AS organization, {custom} AS custom,
             d.lost_reason AS lost_reason
           FROM deals d WHERE {which}) n
         LEFT JOIN deals_search s ON s.rowid = n.id
         WHERE s.rowid IS NULL OR s.title IS NOT n.title OR s.person IS NOT n.person
           OR s.organization IS NOT n.organization OR s.custom IS NOT n.custom OR s.lost_reason IS NOT n.lost_reason"
    )
}
