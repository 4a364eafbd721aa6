//! The views: what a person queries.
//!
//! Views evolve with the program, not with the schema's number: at open, those whose text is another one are made anew
//! ([`ensure`]). Two of them depend on what the company's custom fields are called and are written anew in the
//! transaction that changes the fields ([`refresh`]). A reader never meets a missing view, and one that SQLite refuses
//! never replaces one that works.
//!
//! Names are looked up by subqueries rather than joins: what a query does not select costs nothing, as SQLite drops
//! subqueries that nobody asks for but keeps joins where there is a GROUP BY.

mod fields;
mod names;
mod timeline;
mod wide;

use fields::Field;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use sha2::{Digest as _, Sha256};

use super::{
    StoreError,
    state::{self, Key},
};

/// The views whose text never changes while the program runs.
const STATIC: &[(&str, &str)] = &[
    ("deal_overview", include_str!("../../../schema/views/deal_overview.sql")),
    ("deal_summary", include_str!("../../../schema/views/deal_summary.sql")),
    ("pipeline_board", include_str!("../../../schema/views/pipeline_board.sql")),
    ("deals_stale", include_str!("../../../schema/views/deals_stale.sql")),
    ("deal_products_report", include_str!("../../../schema/views/deal_products_report.sql")),
    ("sync_freshness", include_str!("../../../schema/views/sync_freshness.sql")),
];

const WIDE: &str = "deals_wide";
const TIMELINE: &str = "deal_timeline";

/// Makes the views that are missing or that another version of the program made.
///
/// # Errors
///
/// SQLite's; the views are then as they were.
pub(super) fn ensure(conn: &mut Connection) -> Result<(), StoreError> {
    let wanted = checksum(conn)?;
    if state::get::<String>(conn, Key::Views)?.as_ref() == Some(&wanted) && all_there(conn)? {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (name, sql) in STATIC {
        put(&tx, name, sql.trim_end())?;
    }
    // What is stored was known when it was stored; there is no other clock here.
    let known: Option<String> =
        tx.query_row("SELECT max(_synced_at) FROM deal_fields", [], |row| row.get(0))?;
    refresh(&tx, &known.unwrap_or_default())?;
    state::set(&tx, Key::Views, &wanted)?;
    Ok(tx.commit()?)
}

/// Names the custom fields and makes the views that show them anew, if anything about the fields changed; returns
/// whether anything was written. `now` is when the change was seen.
///
/// # Errors
///
/// SQLite's. That it refuses a view is none: the view then stays as it was.
pub(super) fn refresh(tx: &Transaction<'_>, now: &str) -> Result<bool, StoreError> {
    let columns = wide::Columns::read(tx)?;
    let mut fields = fields::read(tx)?;
    let mut changed = fields::assign(tx, &mut fields, &columns.builtin(), now)?;
    let wide = wide::write(&columns, &fields);
    if put(tx, WIDE, &wide.sql)? {
        changed = true;
        if !wide.left_out.is_empty() {
            tracing::warn!(
                fields = wide.left_out.len(),
                "{} custom fields have no column in the view deals_wide: it is full",
                wide.left_out.len()
            );
        }
    }
    Ok(changed | put(tx, TIMELINE, &timeline::write(&columns, &fields))?)
}

/// Returns the codes of live custom fields that `deals_wide` has no room for.
///
/// # Errors
///
/// SQLite's.
pub(super) fn left_out(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    Ok(wide::write(&wide::Columns::read(conn)?, &fields::read(conn)?).left_out)
}

/// Makes the view `name` anew if its text is not `sql`; returns whether it was made.
///
/// A view that SQLite cannot read is not kept: the old one is, and a warning is logged.
fn put(tx: &Transaction<'_>, name: &str, sql: &str) -> rusqlite::Result<bool> {
    let stored: Option<String> = tx
        .prepare_cached("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if stored.as_deref() == Some(sql) {
        return Ok(false);
    }
    tx.execute_batch("SAVEPOINT view")?;
    let made = tx
        .execute_batch(&format!("DROP VIEW IF EXISTS {name}; {sql}"))
        .and_then(|()| tx.prepare(&format!("SELECT * FROM {name} LIMIT 0")).map(drop));
    if let Err(error) = &made {
        tracing::warn!(%error, view = name, "The view {name} could not be made; it stays as it was");
        tx.execute_batch("ROLLBACK TO view")?;
    }
    tx.execute_batch("RELEASE view")?;
    Ok(made.is_ok())
}

fn all_there(conn: &Connection) -> rusqlite::Result<bool> {
    let mut view = conn.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1")?;
    for name in STATIC.iter().map(|(name, _)| *name).chain([WIDE, TIMELINE]) {
        if !view.exists([name])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the checksum of what this program writes: the static texts, and the others for an example of each type of
/// field.
fn checksum(conn: &Connection) -> rusqlite::Result<String> {
    let examples = Field::examples();
    let columns = wide::Columns::read(conn)?.with(&examples);
    let mut digest = Sha256::new();
    for (_, sql) in STATIC {
        digest.update(sql);
    }
    digest.update(wide::write(&columns, &examples).sql);
    digest.update(timeline::write(&columns, &examples));
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
