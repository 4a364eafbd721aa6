//! A page of the source, or one row of it, against what is stored.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rusqlite::{CachedStatement, OptionalExtension as _, Row, ToSql as _, types::ToSqlOutput};

use super::{Difference, Found};
use crate::{
    entity::{Decoded, Entity, Record, Table, instant},
    store::{
        Store, StoreError,
        sql::{Bound, quoted},
    },
};

/// A page that is compared with what is stored.
#[derive(Debug)]
pub struct Looked {
    /// Which list it is a page of.
    pub entity: &'static Entity,
    /// The text that the rows' values stand in.
    pub page: Arc<str>,
    /// What the rows became.
    pub decoded: Decoded,
    /// Whether every column is compared, or what tells versions apart only.
    pub rows: bool,
    /// What is older is not mirrored.
    pub floor: Option<Timestamp>,
}

/// What the source showed when it was asked for rows by their ids.
#[derive(Debug, Default)]
pub struct Seen(Vec<(Arc<str>, Decoded)>);

impl Seen {
    /// Adds an answer.
    pub fn note(&mut self, page: Arc<str>, decoded: Decoded) {
        self.0.push((page, decoded));
    }

    /// Returns the row `id` as it came last.
    fn row(&self, id: i64) -> Option<(&Record, &str)> {
        self.0.iter().rev().find_map(|(page, decoded)| {
            let row = decoded.records.iter().find(|row| row.values[0].int() == Some(id))?;
            Some((row, &**page))
        })
    }

    /// Returns whether a row with this id came and could not be read: it is in quarantine.
    fn is_unreadable(&self, id: i64) -> bool {
        let key = id.to_string();
        self.0.iter().any(|(_, decoded)| decoded.unreadable.iter().any(|row| row.key == key))
    }
}

impl Store {
    /// Compares the rows of `looked`, and those that are stored with keys after `after` and up to `to` (`None`: without
    /// end) and that the page lacks. What differs may have moved between two requests: it is worth a second look.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn compare(
        &self,
        looked: &Looked,
        after: Option<i64>,
        to: Option<i64>,
    ) -> Result<Vec<Difference>, StoreError> {
        let table = looked.entity.table;
        let mut stored = Stored::new(self, table)?;
        let mut differences = Vec::new();
        let mut seen = BTreeSet::new();
        for record in &looked.decoded.records {
            let Some(id) = record.values[0].int() else { continue };
            seen.insert(id);
            differences.extend(stored.judge(id, Some((record, &looked.page)), looked.rows)?);
        }
        let unreadable =
            looked.decoded.unreadable.iter().filter_map(|row| row.key.parse::<i64>().ok());
        seen.extend(unreadable);
        for id in self.listed_between(looked, after, to)? {
            if !seen.contains(&id) {
                differences.extend(stored.judge(id, None, looked.rows)?);
            }
        }
        Ok(differences)
    }

    /// Compares the rows `ids` of `table` with what the source showed when it was asked for them. What changed there at
    /// `since` or later is left out: the mirror cannot know it yet.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn compare_asked(
        &self,
        table: &'static Table,
        ids: &[i64],
        seen: &Seen,
        rows: bool,
        since: Timestamp,
    ) -> Result<Vec<Difference>, StoreError> {
        let mut stored = Stored::new(self, table)?;
        let mut differences = Vec::new();
        for &id in ids.iter().filter(|id| !seen.is_unreadable(**id)) {
            let came = seen.row(id);
            let moved = came.and_then(|(record, _)| record.changed).is_some_and(|at| at >= since);
            if !moved {
                differences.extend(stored.judge(id, came, rows)?);
            }
        }
        Ok(differences)
    }

    /// Returns the keys of live rows of the list after `after` and up to `to`.
    fn listed_between(
        &self,
        looked: &Looked,
        after: Option<i64>,
        to: Option<i64>,
    ) -> Result<Vec<i64>, StoreError> {
        let table = looked.entity.table;
        let Some(listed) = looked.entity.listed_rows() else { return Ok(Vec::new()) };
        let (key, changed) = (table.key(), table.changed.unwrap_or("NULL"));
        let deleted = table.deleted.unwrap_or("0");
        let sql = format!(
            "SELECT {key} FROM {} WHERE {key} > ?1 AND {key} <= ?2 AND {listed} AND {deleted} = 0
             AND _missing_since IS NULL AND (?3 IS NULL OR {changed} >= ?3) ORDER BY {key}",
            table.name
        );
        let floor = looked.floor.map(instant::text);
        let between = (after.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), floor);
        let mut rows = self.conn.prepare_cached(&sql)?;
        let ids = rows.query_map(between, |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}

/// What is stored of the rows of one table.
struct Stored<'s> {
    table: &'static Table,
    row: CachedStatement<'s>,
    deleted: Option<usize>,
    archived: Option<usize>,
    changed: Option<usize>,
}

impl<'s> Stored<'s> {
    fn new(store: &'s Store, table: &'static Table) -> rusqlite::Result<Self> {
        let columns: Vec<String> =
            table.columns.iter().map(|column| format!("t.{}", quoted(column.name))).collect();
        let (name, key) = (table.name, table.key());
        let text = match table.raw {
            Some(raw) => format!(
                "t._missing_since IS NOT NULL, r.hash, r.json FROM {name} t LEFT JOIN {raw} r ON r.deal_id = t.{key}"
            ),
            None => format!("t._missing_since IS NOT NULL, t._hash, NULL FROM {name} t"),
        };
        let sql = format!("SELECT {}, {text} WHERE t.{key} = ?1", columns.join(", "));
        Ok(Self {
            table,
            row: store.conn.prepare_cached(&sql)?,
            deleted: table.deleted.and_then(|column| table.position(column)),
            archived: table.position("is_archived"),
            changed: table.changed.and_then(|column| table.position(column)),
        })
    }

    /// Returns in what the stored row `id` differs from what `came`.
    fn judge(
        &mut self,
        id: i64,
        came: Option<(&Record, &str)>,
        rows: bool,
    ) -> rusqlite::Result<Option<Difference>> {
        let (table, places) = (self.table, (self.deleted, self.archived, self.changed));
        let difference = |own: bool, found: Option<(Found, String)>| {
            found.map(|(fate, evidence)| Difference {
                entity: table.name,
                id: id.to_string(),
                fate,
                evidence,
                own,
            })
        };
        let found = self
            .row
            .query_row([id], |row| match came {
                Some((record, page)) => {
                    let found = unlike(table, places, row, record, page, rows)?;
                    Ok((has_text(table, row, record, page)?, found))
                }
                None => {
                    let found = absent(table, row)?;
                    // What never came from the source need not be asked for.
                    Ok((matches!(found, Some((Found::Extra, _))), found))
                }
            })
            .optional()?;
        Ok(match (found, came) {
            (Some((own, found)), _) => difference(own, found),
            (None, Some(_)) => {
                difference(false, Some((Found::Missing, "the source shows it".to_owned())))
            }
            (None, None) => None,
        })
    }
}

/// Judges a stored row that the source does not show.
fn absent(table: &Table, row: &Row<'_>) -> rusqlite::Result<Option<(Found, String)>> {
    let end = table.columns.len();
    let deleted = table.deleted.and_then(|column| table.position(column));
    let dead = match deleted {
        Some(at) => row.get::<_, Option<i64>>(at)? == Some(1),
        None => false,
    };
    if dead || row.get::<_, bool>(end)? {
        return Ok(None);
    }
    Ok(Some(match table.raw.is_some() && row.get::<_, Option<i64>>(end + 1)?.is_none() {
        true => (Found::Extra, "the source does not show it, and it never came from there".into()),
        false => (Found::Gone, "the source does not show it".into()),
    }))
}

type Places = (Option<usize>, Option<usize>, Option<usize>);

/// Judges a stored row against what came of it.
fn unlike(
    table: &Table,
    (deleted, archived, changed): Places,
    row: &Row<'_>,
    record: &Record,
    page: &str,
    rows: bool,
) -> rusqlite::Result<Option<(Found, String)>> {
    let end = table.columns.len();
    if row.get::<_, bool>(end)? {
        return Ok(Some((Found::Missing, "it counts as gone, and the source shows it".into())));
    }
    let mut differing = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let tells = rows
            || [deleted, archived, changed].contains(&Some(at))
            || column.name.ends_with("_count");
        if tells && !same(row, at, &Bound(&record.values[at], page))? {
            differing.push(at);
        }
    }
    let both = |at: usize| -> rusqlite::Result<String> {
        let came = shown(&Bound(&record.values[at], page))?;
        let stored = row.get_ref(at)?;
        Ok(format!("{} {came} at the source, {} here", table.columns[at].name, words(stored)))
    };
    for (place, fate) in [(deleted, Found::Deleted), (archived, Found::Archived)] {
        if let Some(at) = place.filter(|at| differing.contains(at)) {
            return Ok(Some((fate, both(at)?)));
        }
    }
    if let Some(at) = changed.filter(|at| differing.contains(at)) {
        let stored = row.get::<_, Option<String>>(at)?.and_then(|text| text.parse().ok());
        let fate = if stored > record.changed { Found::Newer } else { Found::Older };
        return Ok(Some((fate, both(at)?)));
    }
    if let Some(&at) = differing.first() {
        let names: Vec<&str> = differing[1..].iter().map(|at| table.columns[*at].name).collect();
        let more = if names.is_empty() { String::new() } else { format!("; {}", names.join(", ")) };
        return Ok(Some((Found::Differs, format!("{}{more}", both(at)?))));
    }
    if rows && !has_text(table, row, record, page)? {
        return Ok(Some((Found::Differs, "its exact text".into())));
    }
    Ok(None)
}

/// Returns whether the exact text that is stored is the one that came.
fn has_text(table: &Table, row: &Row<'_>, record: &Record, page: &str) -> rusqlite::Result<bool> {
    let end = table.columns.len();
    let text: Option<&str> = row.get_ref(end + 2)?.as_str_or_null()?;
    let same_text = table.raw.is_none() || text == Some(&page[record.raw.clone()]);
    Ok(same_text && row.get::<_, Option<i64>>(end + 1)? == Some(record.hash))
}

fn same(row: &Row<'_>, at: usize, came: &Bound<'_>) -> rusqlite::Result<bool> {
    let ToSqlOutput::Borrowed(came) = came.to_sql()? else { return Ok(false) };
    Ok(row.get_ref(at)? == came)
}

fn shown(came: &Bound<'_>) -> rusqlite::Result<String> {
    Ok(match came.to_sql()? {
        ToSqlOutput::Borrowed(value) => words(value),
        _ => String::new(),
    })
}

/// Returns a value in words, short enough for a line.
fn words(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            let text = String::from_utf8_lossy(text);
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("'{short}{more}'")
        }
    }
}
