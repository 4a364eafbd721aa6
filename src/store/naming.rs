//! Which rows deals name that are not stored: found by looking through the deals that changed since the last time.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    due::LIVE,
    sql::quoted,
    state::{self, Key},
};
use crate::entity::{self, Entity, Named, Naming, instant};

/// What is mirrored of an entity: rows that deals name.
pub(super) const DEALS: &str = "deals";
/// All rows.
pub(super) const ALL: &str = "all";

/// What was looked through for names so far.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The greatest `_version` of deals.
    pub(super) version: i64,
    /// When sets of children were last looked at.
    pub(super) at: String,
}

impl Looked {
    /// Returns how far the deals were looked through; `None` if nothing was stored since.
    pub(super) fn due(conn: &Connection, entity: &Entity) -> rusqlite::Result<Option<Self>> {
        let [at_version, at_time] = seen_keys(entity);
        let version: i64 = get(conn, &at_version)?.and_then(|text| text.parse().ok()).unwrap_or(-1);
        let at = get(conn, &at_time)?.unwrap_or_default();
        let newest = state::get::<i64>(conn, Key::Version)?.unwrap_or(0);
        let mut sets = false;
        for naming in entity.named.map_or(&[][..], |named| named.by) {
            if let Naming::Child { table, .. } = naming {
                sets |= conn
                    .prepare_cached(
                        "SELECT 1 FROM sync_children WHERE child = ?1 AND stored_at > ?2",
                    )?
                    .exists([table, at.as_str()])?;
            }
        }
        Ok((newest > version || sets).then_some(Self { version, at }))
    }
}

pub(super) fn seen_keys(entity: &Entity) -> [String; 2] {
    [format!("named_version_{}", entity.name), format!("named_at_{}", entity.name)]
}

pub(super) fn get(conn: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM sync_state WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

pub(super) fn set(tx: &Transaction<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute("INSERT OR REPLACE INTO sync_state VALUES (?1, ?2)", [key, value])?;
    Ok(())
}

pub(super) fn scope_of(conn: &Connection, entity: &Entity) -> rusqlite::Result<Option<String>> {
    get(conn, &format!("scope_{}", entity.name))
}

/// Returns the statement that finds the ids of rows of `entity` that deals name and that are not stored: in deals whose
/// `_version` is greater than `?1`, and in sets of children stored since `?2`.
pub(super) fn missing(
    conn: &Connection,
    entity: &Entity,
    named: &Named,
) -> rusqlite::Result<String> {
    let mut sources = Vec::new();
    for naming in named.by {
        match naming {
            Naming::Parent { column } => sources.push(format!(
                "SELECT d.{column} AS id FROM deals d WHERE d._version > ?1 AND {LIVE}"
            )),
            Naming::Custom { field_type } => {
                for column in custom_columns(conn, field_type)? {
                    sources.push(format!(
                        "SELECT c.{} FROM deals d JOIN deal_custom_fields c ON c.deal_id = d.id
                         WHERE d._version > ?1 AND {LIVE}",
                        quoted(&column)
                    ));
                }
            }
            Naming::Child { table, column } => sources.push(format!(
                "SELECT c.{column} FROM sync_children s JOIN {table} c ON c.deal_id = s.deal_id
                 WHERE s.child = '{table}' AND s.stored_at > ?2"
            )),
        }
    }
    Ok(format!(
        "SELECT DISTINCT n.id FROM ({}) n WHERE n.id IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM {} t WHERE t.{} = n.id AND t._missing_since IS NULL)",
        sources.join(" UNION ALL "),
        entity.table.name,
        entity.table.key()
    ))
}

/// Returns the columns of deals' custom fields of a type.
fn custom_columns(conn: &Connection, field_type: &str) -> rusqlite::Result<Vec<String>> {
    let describing =
        entity::ENTITIES.iter().find_map(|entity| entity.table.custom).map(|custom| custom.fields);
    let Some(fields) = describing else { return Ok(Vec::new()) };
    conn.prepare(&format!(
        "SELECT _column FROM {fields} WHERE _column IS NOT NULL AND _column_type = ?1 ORDER BY rowid"
    ))?
    .query_map([field_type], |row| row.get(0))?
    .collect()
}

/// Returns how many rows of `entity` that deals name a run would ask for at `now`.
pub(super) fn named_now(
    conn: &Connection,
    entity: &Entity,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let Some(named) = entity.named else { return Ok(0) };
    // Under another scope nothing was looked through yet.
    let looked = match scope_of(conn, entity)?.as_deref() {
        Some(DEALS) => Looked::due(conn, entity)?,
        _ => Some(Looked { version: -1, at: String::new() }),
    };
    let found = match &looked {
        Some(_) => format!("SELECT id FROM ({})", missing(conn, entity, named)?),
        None => "SELECT NULL AS id WHERE ?1 + ?2 IS NULL AND false".to_owned(),
    };
    let looked = looked.unwrap_or_default();
    let count: i64 = conn.query_row(
        &format!(
            "SELECT count(*) FROM (SELECT id FROM sync_due WHERE kind = ?3 AND (not_before IS NULL OR not_before <= ?4)
             UNION SELECT id FROM ({found}) WHERE id NOT IN (SELECT id FROM sync_due WHERE kind = ?3))"
        ),
        params![looked.version, looked.at, entity.name, instant::text(now)],
        |row| row.get(0),
    )?;
    Ok(count.cast_unsigned())
}
