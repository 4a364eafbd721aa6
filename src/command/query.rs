//! `query`: SQL of one's own, or an answer that has a name.

mod output;
mod patience;

use std::{collections::BTreeMap, io::Read as _, ops::ControlFlow, path::Path, sync::Arc};

use pipedrive_mirror::{
    config::{Overrides, nearest},
    exit::Exit,
    query::{ANSWERS, Answer, header},
    store::{Cell, Given, Inquiry, QueryError, Rows},
    sync::of_store,
};

use self::{output::Output, patience::Patience};
use super::{Failure, load, print};
use crate::{
    cli::{Format, Query},
    shutdown,
};

/// Words that are SQL all by themselves, or nearly so: SQLite knows best what is wrong with them.
const KEYWORDS: &[&str] = &[
    "analyze", "begin", "commit", "end", "explain", "pragma", "reindex", "rollback", "select",
    "vacuum", "values", "with",
];

pub(crate) fn query(overrides: &Overrides, args: Query) -> Result<Exit, Failure> {
    let format = format(&args)?;
    let patience = Arc::new(Patience::new(args.timeout));
    if args.list {
        let mut output = Output::new(format, args.spreadsheet, &patience);
        return ended(list(&mut output).and_then(|()| output.finish()));
    }
    let sql = sql(&args)?;
    if args.show {
        print::text(&sql)?;
        return Ok(Exit::Complete);
    }
    let given = given(args.param)?;
    let config = load(overrides)?;
    let _signals = shutdown::end_at_once()?;
    let asked = Arc::clone(&patience);
    let inquiry = Inquiry::open(&config.database, move || asked.is_over())?;
    let mut output = Output::new(format, args.spreadsheet, &patience);
    match inquiry.ask(&sql, &given, &header(&sql).defaults(), &mut output) {
        Ok(()) => ended(output.finish()),
        Err(QueryError::Output(error)) => ended(Err(error)),
        Err(error) => Err(explained(error, &inquiry, &patience)),
    }
}

fn format(args: &Query) -> Result<Format, Failure> {
    match (args.format, args.spreadsheet) {
        (None, true) => Ok(Format::Csv),
        (Some(format), true) if format != Format::Csv => {
            Err(usage("--spreadsheet is for CSV; leave --format out, or say --format csv"))
        }
        (format, _) => Ok(format.unwrap_or(Format::Table)),
    }
}

/// A reader that went away (`| head`) is no failure.
fn ended(output: std::io::Result<()>) -> Result<Exit, Failure> {
    match output {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Complete),
    }
}

/// Returns the SQL that is meant.
fn sql(args: &Query) -> Result<String, Failure> {
    if let Some(file) = &args.file {
        return read(file);
    }
    let typed = args.sql.clone().unwrap_or_default();
    let word = typed.trim();
    let is_name = !word.is_empty()
        && word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        && !KEYWORDS.contains(&word.to_lowercase().as_str());
    if !is_name {
        return if args.show {
            Err(usage("--show prints a ready question; `query --list` names them"))
        } else {
            Ok(typed)
        };
    }
    match Answer::find(word) {
        Some(answer) => Ok(answer.sql.to_owned()),
        None => {
            let meant = nearest(word, ANSWERS.iter().map(|answer| answer.name));
            let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            Err(usage(format!(
                "there is no ready question `{word}`{meant} `query --list` shows them all; SQL begins with SELECT"
            )))
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut sql = String::new();
    let result = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut sql)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut sql))
    };
    result.map_err(|error| usage(format!("{} cannot be read: {error}", file.display())))?;
    // Some editors begin a file with it.
    Ok(sql.strip_prefix('\u{feff}').map_or(sql.clone(), str::to_owned))
}

fn given(params: Vec<(String, String)>) -> Result<BTreeMap<String, Given>, Failure> {
    let mut given = BTreeMap::new();
    for (name, value) in params {
        if given.insert(name.clone(), Given::read(&value)).is_some() {
            return Err(usage(format!("--param {name} is given twice")));
        }
    }
    Ok(given)
}

fn list(rows: &mut dyn Rows) -> std::io::Result<()> {
    rows.columns(&["name", "answers", "parameters"].map(str::to_owned))?;
    for answer in ANSWERS {
        let header = answer.header();
        let parameters: Vec<String> = header
            .parameters
            .iter()
            .map(|one| format!("{}={}: {}", one.name, one.default, one.meaning))
            .collect();
        let cells = [answer.name, &header.description, &parameters.join("; ")];
        if let ControlFlow::Break(()) = rows.row(&cells.map(|text| Cell::Text(text.into())))? {
            break;
        }
    }
    Ok(())
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, message)
}

/// Says what went wrong, where in the SQL, and what may have been meant.
fn explained(error: QueryError, inquiry: &Inquiry, patience: &Patience) -> Failure {
    let mut words = error.to_string();
    match error {
        QueryError::Store(error) => return Failure::new(of_store(&error), words),
        QueryError::Stopped => {
            return Failure::new(
                Exit::Failed,
                format!(
                    "the query took longer than {:?} and was stopped; ask for less, or give it more time: --timeout 5m",
                    patience.limit()
                ),
            );
        }
        QueryError::Sql { message, place } => {
            // Its own words of what it knows would only hide what is wrong.
            patience.forget();
            if let Some(name) = meant(&message, inquiry) {
                words.push_str(&format!("; did you mean `{name}`?"));
            }
            if let Some(place) = place {
                let (line, column) = (place.line, place.column);
                words.push_str(&format!(" (line {line}, column {column})\n"));
                // Wide lines would not stand above their mark.
                if place.text.chars().count() <= 120 && !place.text.contains('\t') {
                    let mark = " ".repeat(column - 1);
                    words.push_str(&format!("  {}\n  {mark}^", place.text));
                }
            }
        }
        QueryError::Unknown { name, known } => {
            if let Some(meant) = nearest(&name, known.iter().map(String::as_str)) {
                words.push_str(&format!("; did you mean `{meant}`?"));
            }
        }
        _ => {}
    }
    usage(words.trim_end().to_owned())
}

/// Returns the table or column that may have been meant by one that is not there.
fn meant(message: &str, inquiry: &Inquiry) -> Option<String> {
    let (tables, columns) = inquiry.names().ok()?;
    let (name, known) = match message.strip_prefix("no such table: ") {
        Some(name) => (name, tables),
        None => (message.strip_prefix("no such column: ")?, columns),
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}
