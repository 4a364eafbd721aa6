//! What SQL of others may do: read, and nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{
    Connection,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};

/// Pragmas that only answer when no value is given.
const ANSWERING: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "encoding",
    "foreign_key_check",
    "freelist_count",
    "function_list",
    "integrity_check",
    "journal_mode",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "quick_check",
    "schema_version",
    "table_list",
    "user_version",
];

/// Pragmas whose value says what the question is about.
const ABOUT: &[&str] = &[
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Text and blobs longer than this are not made: more than any deal, far less than the memory of a machine.
const LONGEST: i32 = 256 << 20;

/// Remembers what was refused last.
#[derive(Debug, Clone, Default)]
pub(super) struct Refused(Arc<Mutex<Option<String>>>);

impl Refused {
    /// Returns what was refused since the last call.
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, what: String) {
        // What is refused first is what was typed; what follows is how SQLite goes about it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }
}

/// Makes `conn` one that can only read its own file.
///
/// Three walls, each of which would do for most: the file is open read-only, SQLite refuses writes (`query_only`,
/// defensive mode, no second file), and every action of a statement is authorized before it is compiled.
///
/// # Errors
///
/// SQLite's.
pub(super) fn restrict(conn: &mut Connection) -> rusqlite::Result<Refused> {
    conn.execute_batch("PRAGMA query_only = ON")?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    let refused = Refused::default();
    let noted = refused.clone();
    conn.authorizer(Some(move |context: AuthContext<'_>| match refusal(context.action) {
        None => Authorization::Allow,
        Some(what) => {
            noted.note(what);
            Authorization::Deny
        }
    }))?;
    Ok(refused)
}

/// Returns what `action` is called if it is more than reading.
fn refusal(action: AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => None,
        AuthAction::Function { function_name } => function_name
            .eq_ignore_ascii_case("load_extension")
            .then(|| "load_extension".to_owned()),
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let name = pragma_name.to_ascii_lowercase();
            let known = if pragma_value.is_some() { ABOUT } else { ANSWERING };
            let value = pragma_value.map_or_else(String::new, |value| format!(" = {value}"));
            (!known.contains(&name.as_str())).then(|| format!("PRAGMA {name}{value}"))
        }
        AuthAction::Insert { table_name } => Some(change("INSERT into", table_name)),
        AuthAction::Update { table_name, .. } => Some(change("UPDATE of", table_name)),
        AuthAction::Delete { table_name } => Some(change("DELETE from", table_name)),
        AuthAction::Attach { .. } => Some("opening another file (ATTACH, VACUUM)".to_owned()),
        AuthAction::Detach { .. } => Some("DETACH".to_owned()),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            Some("a transaction (each query sees one state of the database anyway)".to_owned())
        }
        AuthAction::Reindex { .. } => Some("REINDEX".to_owned()),
        AuthAction::Analyze { .. } => Some("ANALYZE".to_owned()),
        _ => Some("changing the schema".to_owned()),
    }
}

fn change(verb: &str, table: &str) -> String {
    if table.starts_with("sqlite_") {
        "changing the schema".to_owned()
    } else {
        format!("{verb} {table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pragma_may_answer_but_set_nothing() {
        let pragma =
            |pragma_name, pragma_value| refusal(AuthAction::Pragma { pragma_name, pragma_value });
        assert_eq!(pragma("TABLE_INFO", Some("deals")), None);
        assert_eq!(pragma("journal_mode", None), None);
        assert_eq!(pragma("user_version", None), None);
        for (name, value) in [
            ("journal_mode", Some("DELETE")),
            ("user_version", Some("7")),
            ("writable_schema", Some("1")),
            ("writable_schema", None),
            ("query_only", Some("0")),
            ("wal_checkpoint", None),
            ("optimize", None),
            ("incremental_vacuum", None),
            ("temp_store_directory", Some("/tmp")),
        ] {
            assert!(pragma(name, value).unwrap().contains(name), "{name}");
        }
    }

    #[test]
    fn what_no_version_knows_yet_is_refused() {
        assert!(refusal(AuthAction::Unknown { code: 99, arg1: None, arg2: None }).is_some());
        assert_eq!(refusal(AuthAction::Function { function_name: "lower" }), None);
    }
}
