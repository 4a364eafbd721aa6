//! What is stored against itself: whatever can be wrong without asking anybody.

use rusqlite::Connection;

use super::{Difference, Found, again::kept_as_text};
use crate::{
    entity::{self, Entity, Evidence, Table, instant},
    store::{ChildRule, Store, StoreError, checkpoint, due::LIVE, sql::quoted},
};

/// How many lines SQLite says at most of what is wrong with the file.
const LINES: u32 = 100;

/// The id of a mark in a difference.
pub const MARK: &str = "mark";

impl Store {
    /// Looks for everything that is wrong with what is stored, without asking the source: the file itself, views that do
    /// not compile, rows whose parent is not there, sets of children that are not as they were stored or that the deal's
    /// counter contradicts, and text that is not to be found.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn inside(&self, rules: &[ChildRule]) -> Result<Vec<Difference>, StoreError> {
        let conn = &self.conn;
        let mut differences = file(conn)?;
        differences.extend(views(conn)?);
        if let Some(list) = kept_as_text() {
            differences.extend(parts(conn, list.table)?);
        }
        let children = || entity::ENTITIES.iter().copied().filter(|one| one.child().is_some());
        for child in children() {
            let rule = rules.iter().find(|rule| rule.entity == child);
            differences.extend(sets(conn, child, rule.is_some())?);
        }
        Ok(differences)
    }

    /// Looks for marks ahead of their rows.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn marks(&self) -> Result<Vec<Difference>, StoreError> {
        let lists = entity::ENTITIES.iter().copied().filter(|list| list.is_list());
        let marks: rusqlite::Result<Vec<_>> = lists.map(|list| mark(&self.conn, list)).collect();
        Ok(marks?.into_iter().flatten().collect())
    }
}

fn file(conn: &Connection) -> rusqlite::Result<Vec<Difference>> {
    let mut check = conn.prepare(&format!("PRAGMA integrity_check({LINES})"))?;
    let said = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut differences = Vec::new();
    for line in said {
        let line = line?;
        if line != "ok" {
            differences.push(of("database", "integrity_check", Found::Differs, line));
        }
    }
    Ok(differences)
}

fn views(conn: &Connection) -> rusqlite::Result<Vec<Difference>> {
    let mut named = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'")?;
    let names = named.query_map([], |row| row.get::<_, String>(0))?;
    let mut differences = Vec::new();
    for name in names {
        let name = name?;
        let compiled = conn.prepare(&format!("SELECT * FROM {} LIMIT 0", quoted(&name))).map(drop);
        if let Err(error) = compiled {
            differences.push(of("database", &name, Found::Differs, error.to_string()));
        }
    }
    Ok(differences)
}

/// Looks for parts of rows of `table` that have no row, and for rows that lack a part.
fn parts(conn: &Connection, table: &'static Table) -> rusqlite::Result<Vec<Difference>> {
    let (Some(raw), Some(custom)) = (table.raw, table.custom) else { return Ok(Vec::new()) };
    let (name, key) = (table.name, table.key());
    let mut differences = Vec::new();
    let mut find = |sql: &str, fate, evidence: &str| -> rusqlite::Result<()> {
        let mut found = conn.prepare(sql)?;
        for id in found.query_map([], |row| row.get::<_, i64>(0))? {
            differences.push(of(name, &id?.to_string(), fate, evidence.to_owned()));
        }
        Ok(())
    };
    let no_row = format!("NOT EXISTS (SELECT 1 FROM {name} t WHERE t.{key} = p.deal_id)");
    find(
        &format!("SELECT deal_id FROM {raw} p WHERE {no_row}"),
        Found::Missing,
        "its exact text is there, the row is not",
    )?;
    find(
        &format!(
            "SELECT {key} FROM {name} t WHERE NOT EXISTS (SELECT 1 FROM {raw} p WHERE p.deal_id = t.{key})"
        ),
        Found::Extra,
        "it never came from the source: there is no exact text of it",
    )?;
    let lists = table.lists.iter().map(|list| list.table);
    for part in lists.chain([custom.table, custom.options]) {
        find(
            &format!(
                "SELECT DISTINCT deal_id FROM {part} p WHERE {no_row}
                 AND NOT EXISTS (SELECT 1 FROM {raw} r WHERE r.deal_id = p.deal_id)"
            ),
            Found::Extra,
            &format!("{part} holds rows of a deal that is not there"),
        )?;
    }
    // The index keeps a row of sizes for each row that can be found.
    find(
        &format!(
            "SELECT {key} FROM {name} t WHERE NOT EXISTS (SELECT 1 FROM deals_search_docsize s WHERE s.id = t.{key})
             AND EXISTS (SELECT 1 FROM {raw} r WHERE r.deal_id = t.{key})"
        ),
        Found::Differs,
        "the full text cannot find it",
    )?;
    find(
        &format!(
            "SELECT id FROM deals_search_docsize s WHERE NOT EXISTS (SELECT 1 FROM {name} t WHERE t.{key} = s.id)
             AND NOT EXISTS (SELECT 1 FROM {raw} r WHERE r.deal_id = s.id)"
        ),
        Found::Extra,
        "the full text finds a deal that is not there",
    )?;
    Ok(differences)
}

/// Looks for sets of `child` that are not as they were stored, that hang on nothing, or, where it is mirrored, that the
/// deal's counter contradicts without being owed.
fn sets(
    conn: &Connection,
    child: &'static Entity,
    mirrored: bool,
) -> rusqlite::Result<Vec<Difference>> {
    let (table, mut differences) = (child.table.name, Vec::new());
    let mut find = |sql: &str, fate, own| -> rusqlite::Result<()> {
        let mut found = conn.prepare(sql)?;
        let rows = found
            .query_map([child.name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (id, evidence) = row?;
            let difference = of(child.name, &id.to_string(), fate, evidence);
            differences.push(Difference { own, ..difference });
        }
        Ok(())
    };
    find(
        &format!(
            "SELECT deal_id, count(*) || ' of a deal that is not there' FROM {table} p
             WHERE ?1 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deals d WHERE d.id = p.deal_id)
             AND NOT EXISTS (SELECT 1 FROM deal_raw r WHERE r.deal_id = p.deal_id) GROUP BY deal_id"
        ),
        Found::Extra,
        false,
    )?;
    find(
        &format!(
            "SELECT deal_id, stored || ' were stored, ' || held || ' are there' FROM (
               SELECT c.deal_id, c.rows AS stored,
                 (SELECT count(*) FROM {table} p WHERE p.deal_id = c.deal_id) AS held
               FROM sync_children c WHERE c.child = ?1 AND EXISTS (SELECT 1 FROM deals d WHERE d.id = c.deal_id)
               UNION ALL
               SELECT p.deal_id, 0, count(*) FROM {table} p
               WHERE NOT EXISTS (SELECT 1 FROM sync_children c WHERE c.child = ?1 AND c.deal_id = p.deal_id)
               AND EXISTS (SELECT 1 FROM deals d WHERE d.id = p.deal_id)
               GROUP BY p.deal_id
             ) WHERE stored <> held"
        ),
        Found::Children,
        true,
    )?;
    if let (true, Some(Evidence::Count(count))) =
        (mirrored, child.child().map(|child| child.evidence))
    {
        find(
            &format!(
                "SELECT d.id, 'the deal counts ' || d.{count} || ', it counted ' || coalesce(c.counter, 0)
                   || ' when they were read'
                 FROM deals d LEFT JOIN sync_children c ON c.child = ?1 AND c.deal_id = d.id
                 WHERE {LIVE} AND d.{count} <> coalesce(c.counter, 0)
                 AND NOT EXISTS (SELECT 1 FROM sync_due s WHERE s.kind = ?1 AND s.id = d.id)
                 AND NOT EXISTS (SELECT 1 FROM sync_state s WHERE s.key = 'refused_' || ?1)"
            ),
            Found::Children,
            // The deal itself may be what is wrong.
            false,
        )?;
    }
    Ok(differences)
}

/// Looks whether the mark of `list` is ahead of the last pass: what changed up to it would never be asked for. A pass moves
/// it to its own beginning at most.
fn mark(conn: &Connection, list: &'static Entity) -> rusqlite::Result<Option<Difference>> {
    let Some(at) = checkpoint::load(conn, list.name)? else { return Ok(None) };
    let (Some(mark), began) = (at.mark, at.began_at.max(at.complete_began_at)) else {
        return Ok(None);
    };
    Ok(began.is_none_or(|began| mark > began).then(|| {
        let (mark, began) = (instant::text(mark), began.map(instant::text).unwrap_or_default());
        let evidence = format!("it is {mark}, ahead of the last pass, which began at {began}");
        of(list.name, MARK, Found::Newer, evidence)
    }))
}

fn of(entity: &'static str, id: &str, fate: Found, evidence: String) -> Difference {
    Difference { entity, id: id.to_owned(), fate, evidence, own: fate != Found::Extra }
}
