//! SQL of others: one statement, read only, row by row.
//!
//! Properties upheld here:
//! - nothing that is asked can change the file or touch another one ([`guard`]);
//! - rows are handed on one by one, so memory does not grow with the answer;
//! - a question sees one state of the database and never blocks the writer.

use std::{borrow::Cow, collections::BTreeMap, io, ops::ControlFlow, path::Path};

use rusqlite::{
    Batch, Connection, ErrorCode, Statement, fallible_iterator::FallibleIterator as _,
    types::ValueRef,
};

use super::{Given, Reader, StoreError, guard};

/// How many steps of SQLite's machine lie between two looks at whether to go on: a step may make a text of many megabytes.
const STEPS: i32 = 100;

/// A connection for questions of others.
#[derive(Debug)]
pub struct Inquiry {
    conn: Connection,
    refused: guard::Refused,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; what is no UTF-8 in it is replaced.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Takes the rows of an answer.
pub trait Rows {
    /// Takes the names of the columns; called once, before the first row.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    fn columns(&mut self, names: &[String]) -> io::Result<()>;

    /// Takes one row; says whether there may be more.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<ControlFlow<()>>;
}

/// A place in SQL, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
    /// The whole line.
    pub text: String,
}

/// A question that was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing but blanks and comments.
    #[error("there is no SQL in it; write a statement such as SELECT count(*) FROM deals")]
    Empty,
    /// More than one statement.
    #[error("one statement at a time: there is another one behind the first `;`")]
    Several,
    /// It would do more than read.
    #[error("`query` only reads, and refuses {0}")]
    Refused(String),
    /// SQLite does not understand it, or fails while it answers.
    #[error("{message}")]
    Sql {
        /// SQLite's words.
        message: String,
        /// Where, if SQLite says so.
        place: Option<Place>,
    },
    /// A parameter without a name.
    #[error(
        "write the parameter as :name instead of ?, and give its value with --param name=value"
    )]
    Unnamed,
    /// A parameter without a value.
    #[error("the SQL has a parameter `{0}`; give its value with --param {0}=value")]
    Missing(String),
    /// A value without a parameter.
    #[error("the SQL has no parameter `{name}`; {}", known_parameters(.known))]
    Unknown {
        /// What was given.
        name: String,
        /// What the SQL has.
        known: Vec<String>,
    },
    /// It was told to stop.
    #[error("the query was stopped")]
    Stopped,
    /// The rows could not be handed on.
    #[error("{0}")]
    Output(#[from] io::Error),
}

fn known_parameters(known: &[String]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) }
}

impl Inquiry {
    /// Opens the database at `path` for questions. `stop` is asked all the while whether to give up.
    ///
    /// # Errors
    ///
    /// There is none, it is not ours, or a newer version wrote it.
    pub fn open(
        path: &Path,
        stop: impl FnMut() -> bool + Send + 'static,
    ) -> Result<Self, StoreError> {
        let mut conn = Reader::open(path)?.into_connection();
        let refused = guard::restrict(&mut conn)?;
        conn.progress_handler(STEPS, Some(stop))?;
        Ok(Self { conn, refused })
    }

    /// Hands the rows that `sql` answers to `rows`. `given` are the values of its parameters, by name without `:`;
    /// those in `defaults` hold where none was given, and may be more than the SQL has.
    ///
    /// # Errors
    ///
    /// See [`QueryError`]. Rows handed on before stay handed on.
    pub fn ask(
        &self,
        sql: &str,
        given: &BTreeMap<String, Given>,
        defaults: &BTreeMap<String, Given>,
        rows: &mut dyn Rows,
    ) -> Result<(), QueryError> {
        // Whatever was refused before was told then.
        self.refused.take();
        let mut statement = self.prepare(sql)?;
        bind(&mut statement, given, defaults).map_err(|error| self.explained(error, sql))?;
        self.hand_on(&mut statement, rows).map_err(|error| match error {
            Handing::Sqlite(error) => match self.explained(Binding::Sqlite(error), sql) {
                // What fails now fails in a row: there is no place in the SQL to point at.
                QueryError::Sql { message, .. } => QueryError::Sql { message, place: None },
                other => other,
            },
            Handing::Output(error) => error.into(),
        })
    }

    /// Returns the one statement in `sql`.
    fn prepare(&self, sql: &str) -> Result<Statement<'_>, QueryError> {
        // SQLite would take it for the end.
        if let Some(at) = sql.find('\0') {
            let message = "there is a NUL character in it".to_owned();
            return Err(QueryError::Sql { message, place: Some(place(sql, at)) });
        }
        let mut batch = Batch::new(&self.conn, sql);
        let statement =
            batch.next().map_err(|error| self.explained(Binding::Sqlite(error), sql))?;
        let statement = statement.ok_or(QueryError::Empty)?;
        // One that cannot be read or is refused is one, too.
        if !matches!(batch.next(), Ok(None)) {
            return Err(QueryError::Several);
        }
        if !statement.readonly() {
            return Err(QueryError::Refused("a statement that writes".to_owned()));
        }
        Ok(statement)
    }

    fn hand_on(&self, statement: &mut Statement<'_>, rows: &mut dyn Rows) -> Result<(), Handing> {
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        rows.columns(&names)?;
        let mut answer = statement.raw_query();
        while let Some(row) = answer.next()? {
            let cells: Vec<Cell<'_>> = (0..names.len())
                .map(|at| row.get_ref(at).map(cell))
                .collect::<rusqlite::Result<_>>()?;
            if rows.row(&cells)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the names of all tables and views, and those of their columns.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn names(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let read = |sql: &str| -> Result<Vec<String>, StoreError> {
            let mut rows = self.conn.prepare(sql)?;
            Ok(rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        };
        let tables = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
        let columns = format!(
            "SELECT DISTINCT info.name FROM ({tables}) AS owner JOIN pragma_table_info(owner.name) AS info"
        );
        Ok((read(tables)?, read(&columns)?))
    }

    fn explained(&self, error: Binding, sql: &str) -> QueryError {
        let error = match error {
            Binding::Sqlite(error) => error,
            Binding::Told(told) => return told,
        };
        if let Some(what) = self.refused.take() {
            return QueryError::Refused(what);
        }
        match error {
            rusqlite::Error::SqlInputError { msg, sql: part, offset, .. } => {
                let begins = sql.len().saturating_sub(part.len());
                let at = usize::try_from(offset).ok().map(|offset| place(sql, begins + offset));
                QueryError::Sql { message: msg, place: at }
            }
            error => match error.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => QueryError::Stopped,
                Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
                    QueryError::Refused("what would change something".to_owned())
                }
                Some(
                    ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::OutOfMemory,
                ) => StoreError::from(error).into(),
                _ => QueryError::Sql { message: words(error), place: None },
            },
        }
    }
}

/// Why rows could not be handed on.
enum Handing {
    Sqlite(rusqlite::Error),
    Output(io::Error),
}

impl From<rusqlite::Error> for Handing {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Handing {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Why parameters could not be bound.
enum Binding {
    Sqlite(rusqlite::Error),
    Told(QueryError),
}

fn bind(
    statement: &mut Statement<'_>,
    given: &BTreeMap<String, Given>,
    defaults: &BTreeMap<String, Given>,
) -> Result<(), Binding> {
    let mut known = Vec::new();
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).ok_or(Binding::Told(QueryError::Unnamed))?;
        // The first character is `:`, `@`, `$`, or the `?` of `?1`.
        let name = name.get(1..).unwrap_or_default().to_owned();
        let value = given.get(&name).or_else(|| defaults.get(&name));
        let value = value.ok_or_else(|| Binding::Told(QueryError::Missing(name.clone())))?.clone();
        statement.raw_bind_parameter(index, value).map_err(Binding::Sqlite)?;
        known.push(name);
    }
    match given.keys().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Binding::Told(QueryError::Unknown { name: name.clone(), known })),
    }
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// Returns the place of byte `at` in `sql`.
fn place(sql: &str, at: usize) -> Place {
    let before = sql.get(..at).unwrap_or(sql);
    let begins = before.rfind('\n').map_or(0, |end| end + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[begins..].chars().count() + 1,
        text: sql[begins..].lines().next().unwrap_or_default().to_owned(),
    }
}

/// Returns SQLite's own words.
fn words(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_and_lines() {
        let sql = "SELECT 'é',\n  'ü', x";
        let at = sql.find('x').unwrap();
        assert_eq!(place(sql, at), Place { line: 2, column: 8, text: "  'ü', x".to_owned() });
        assert_eq!(place("", 0), Place { line: 1, column: 1, text: String::new() });
    }
}
