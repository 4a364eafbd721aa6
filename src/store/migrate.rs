//! Brings a database to the schema of this program: numbered files, each run once, in order, never edited afterwards.

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

/// The schema, one file per number, counted from 1. `user_version` is the number of the last one that ran.
const FILES: &[&str] = &[
    include_str!("../../schema/0001_init.sql"),
    include_str!("../../schema/0002_children.sql"),
    include_str!("../../schema/0003_budget.sql"),
    include_str!("../../schema/0004_reference.sql"),
    include_str!("../../schema/0005_views.sql"),
    include_str!("../../schema/0006_daemon.sql"),
    include_str!("../../schema/0007_raw.sql"),
    include_str!("../../schema/0008_certificates.sql"),
    include_str!("../../schema/0009_due.sql"),
];

/// Marks a file as ours (`PRAGMA application_id`): the letters `pdmi`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"pdmi");

/// The newest schema number this program knows.
pub const KNOWN: u32 = FILES.len() as u32;

/// What is in a file before it is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet.
    Empty,
    /// Ours, with this schema number.
    Ours(u32),
    /// Tables of some other program.
    Foreign,
}

/// Looks at what the file holds.
///
/// # Errors
///
/// The file is no database.
pub(super) fn look(conn: &Connection) -> rusqlite::Result<Found> {
    let number: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, objects) {
        (APPLICATION_ID, _) => Found::Ours(number),
        (_, 0) if number == 0 => Found::Empty,
        _ => Found::Foreign,
    })
}

/// Runs the files that the database, now at number `from`, lacks.
///
/// # Errors
///
/// SQLite's; the database is then as the last complete file left it.
pub(super) fn run(conn: &mut Connection, from: u32) -> rusqlite::Result<()> {
    for (number, sql) in (1..).zip(FILES).skip(from as usize) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS sync_migrations (
               -- Which schema files were run, with the SHA-256 of each.
               number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL
             ) STRICT;",
        )?;
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO sync_migrations VALUES (?1, ?2)", params![number, checksum(sql)])?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_database_gets_every_file_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Empty);
        run(&mut conn, 0).unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Ours(KNOWN));
        run(&mut conn, KNOWN).unwrap();
        let ran: u32 =
            conn.query_row("SELECT count(*) FROM sync_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(ran, KNOWN);
    }

    #[test]
    fn tables_of_another_program_are_recognised() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        assert_eq!(look(&conn).unwrap(), Found::Foreign);
    }
}
