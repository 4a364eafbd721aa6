//! The custom fields as the views show them, and the names they are given.
//!
//! A name once assigned stays: when another field takes the same name, when the field vanishes and returns, at a
//! restart. Only a rename at the source, or a column of our own that is newer than the name, assigns another one.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};

use super::names::{Taken, base};
use crate::entity;

/// A custom field that has, or had, a place in the views.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// The key of its values.
    pub(super) code: String,
    /// As the source writes it.
    pub(super) name: Option<String>,
    /// The type that its columns were made for.
    pub(super) field_type: String,
    /// Its own column in `deal_custom_fields`; `None` if there was no room.
    pub(super) column: Option<String>,
    /// Whether the source describes it at present.
    pub(super) live: bool,
    /// Its own column in the view.
    pub(super) view_name: Option<String>,
    /// Its further columns in the view, by the member of the API's object.
    pub(super) parts: BTreeMap<String, String>,
    /// The names it was last seen with: the source's and the view's.
    known_as: Option<(Option<String>, Option<String>)>,
}

impl Field {
    /// Returns the members that have a column of their own in the view.
    ///
    /// A time zone has an id and a name that say the same: the view shows the name.
    pub(super) fn members(&self) -> impl Iterator<Item = &'static str> {
        entity::parts(&self.field_type)
            .iter()
            .filter_map(|part| part.member)
            .filter(|member| *member != "timezone_id")
    }

    /// Returns a field of each type that the views know how to show.
    pub(super) fn examples() -> Vec<Self> {
        let types = "int enum set user people org stage deal boolean double date varchar monetary daterange time \
                     timerange address";
        let mut examples: Vec<Self> = types.split(' ').map(Self::example).collect();
        name_all(&mut examples, &Taken::default());
        examples
    }

    fn example(field_type: &str) -> Self {
        Self {
            code: field_type.to_owned(),
            name: None,
            field_type: field_type.to_owned(),
            column: Some(field_type.to_owned()),
            live: true,
            view_name: None,
            parts: BTreeMap::new(),
            known_as: None,
        }
    }

    fn base(&self) -> String {
        base(self.name.as_deref(), &self.code)
    }

    fn was_renamed(&self) -> bool {
        let known = self.known_as.as_ref().map(|(name, _)| base(name.as_deref(), &self.code));
        known.is_some_and(|known| known != self.base())
    }
}

/// Reads the custom fields, in the order in which they were first seen.
pub(super) fn read(conn: &Connection) -> rusqlite::Result<Vec<Field>> {
    let mut parts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut rows = conn.prepare("SELECT field_code, member, view_name FROM sync_view_names")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        parts.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
    }
    let mut rows = conn.prepare(
        "SELECT f.field_code, f.field_name, coalesce(f._column_type, ''), f._column,
           f.is_custom_field IS 1 AND f._missing_since IS NULL, f._view_name,
           n.seen_from IS NOT NULL, n.name, n.view_name
         FROM deal_fields f LEFT JOIN deal_field_names n ON n.field_code = f.field_code AND n.seen_until IS NULL
         WHERE f.is_custom_field = 1 OR f._view_name IS NOT NULL ORDER BY f.rowid",
    )?;
    let fields = rows.query_map([], |row| {
        let code: String = row.get(0)?;
        let known_as = if row.get(6)? { Some((row.get(7)?, row.get(8)?)) } else { None };
        Ok(Field {
            name: row.get(1)?,
            field_type: row.get(2)?,
            column: row.get(3)?,
            live: row.get(4)?,
            view_name: row.get(5)?,
            parts: parts.remove(&code).unwrap_or_default(),
            known_as,
            code,
        })
    })?;
    fields.collect()
}

/// Gives the live fields their names; names in `builtin` are ours. Returns whether anything was written.
pub(super) fn assign(
    tx: &Transaction<'_>,
    fields: &mut [Field],
    builtin: &Taken,
    now: &str,
) -> rusqlite::Result<bool> {
    let before = fields.to_vec();
    name_all(fields, builtin);
    let mut written = false;
    for (field, before) in fields.iter_mut().zip(&before) {
        written |= save(tx, field, before, now)?;
    }
    Ok(written)
}

/// Chooses the names that are missing, or that a rename has made wrong.
fn name_all(fields: &mut [Field], builtin: &Taken) {
    let mut taken = builtin.clone();
    for field in fields.iter_mut() {
        // A column of ours that this version added has the right of way.
        let displaced = field.view_name.as_deref().is_some_and(|name| builtin.has(name));
        if field.live && (displaced || field.was_renamed()) {
            field.view_name = None;
            field.parts.clear();
        }
        field.parts.retain(|_, name| !builtin.has(name));
        for name in field.view_name.iter().chain(field.parts.values()) {
            taken.take(name);
        }
    }
    let wanting = |field: &&mut Field| field.live && field.column.is_some();
    // The fields themselves come first: what a person named wins over what is derived from it.
    for field in fields.iter_mut().filter(wanting).filter(|field| field.view_name.is_none()) {
        field.view_name = Some(taken.choose(&field.base(), ""));
    }
    for field in fields.iter_mut().filter(wanting) {
        let own = field.view_name.clone().unwrap_or_default();
        for member in field.members().collect::<Vec<_>>() {
            field
                .parts
                .entry(member.to_owned())
                .or_insert_with(|| taken.choose(&own, &format!(" {member}")));
        }
    }
}

/// Writes what differs of the names of `field`; returns whether anything did.
fn save(
    tx: &Transaction<'_>,
    field: &mut Field,
    before: &Field,
    now: &str,
) -> rusqlite::Result<bool> {
    let mut written = false;
    if field.view_name != before.view_name {
        tx.prepare_cached("UPDATE deal_fields SET _view_name = ?2 WHERE field_code = ?1")?
            .execute(params![field.code, field.view_name])?;
        written = true;
    }
    if field.parts != before.parts {
        tx.prepare_cached("DELETE FROM sync_view_names WHERE field_code = ?1")?
            .execute([&field.code])?;
        let mut insert = tx.prepare_cached("INSERT INTO sync_view_names VALUES (?1, ?2, ?3)")?;
        for (member, name) in &field.parts {
            insert.execute(params![field.code, member, name])?;
        }
        written = true;
    }
    let known_as = Some((field.name.clone(), field.view_name.clone()));
    if field.live && field.view_name.is_some() && field.known_as != known_as {
        tx.prepare_cached(
            "UPDATE deal_field_names SET seen_until = ?2 WHERE field_code = ?1 AND seen_until IS NULL",
        )?
        .execute([&field.code, now])?;
        tx.prepare_cached("INSERT INTO deal_field_names VALUES (?1, ?2, ?3, ?4, NULL)")?
            .execute(params![field.code, field.name, field.view_name, now])?;
        field.known_as = known_as;
        written = true;
    }
    Ok(written)
}
