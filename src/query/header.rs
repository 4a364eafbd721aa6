//! The comment at the head of a query: what it answers, and which parameters it takes.
//!
//! ```sql
//! -- Open deals nobody touched for a while, rotten ones first.
//! -- :days 30 — for how many days at least
//! -- :since (start of this year) — from this date on
//! ```
//!
//! A default in parentheses is told in words: the parameter is NULL, and the SQL knows what that means; `(required)` is
//! none at all. Any query may have such a head, also one that somebody wrote to a file.

use std::collections::BTreeMap;

use crate::store::Given;

/// What the head of a query says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The first line: what it answers.
    pub description: String,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without `:`.
    pub name: String,
    /// What holds where none is given, as it stands there.
    pub default: String,
    /// What it means.
    pub meaning: String,
}

impl Parameter {
    /// Returns whether a value must be given.
    pub fn is_required(&self) -> bool {
        self.default == "(required)"
    }

    /// Returns the value that holds where none is given.
    pub fn value(&self) -> Option<Given> {
        match self.default.as_str() {
            _ if self.is_required() => None,
            words if words.starts_with('(') && words.ends_with(')') => Some(Given::Null),
            text => Some(Given::read(text)),
        }
    }
}

impl Header {
    /// Returns what holds where nothing is given.
    pub fn defaults(&self) -> BTreeMap<String, Given> {
        let value = |one: &Parameter| Some((one.name.clone(), one.value()?));
        self.parameters.iter().filter_map(value).collect()
    }
}

/// Reads the head of `sql`: the comment lines before anything else.
pub fn header(sql: &str) -> Header {
    let mut header = Header::default();
    let lines = sql.trim_start_matches('\u{feff}').lines().map(str::trim);
    for line in lines.skip_while(|line| line.is_empty()).map_while(|line| line.strip_prefix("--")) {
        match parameter(line.trim()) {
            Some(parameter) => header.parameters.push(parameter),
            None if header.description.is_empty() => {
                line.trim().clone_into(&mut header.description)
            }
            None => {}
        }
    }
    header
}

/// Reads `:name default — meaning`.
fn parameter(line: &str) -> Option<Parameter> {
    let (name, rest) = line.strip_prefix(':')?.split_once(' ')?;
    let (default, meaning) = rest.split_once(" — ")?;
    let is_word = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    is_word(name).then(|| Parameter {
        name: name.to_owned(),
        default: default.trim().to_owned(),
        meaning: meaning.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_what_is_answered_and_what_may_be_asked() {
        let found = header(
            "\n-- What it is.\n-- :days 30 — how long\n-- more\n-- :since (this year) — from then on\n-- :term (required) — what\n\
             SELECT 1;\n-- :no 1 — too late",
        );
        assert_eq!(found.description, "What it is.");
        let names: Vec<&str> = found.parameters.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["days", "since", "term"]);
        let defaults = found.defaults();
        assert_eq!(defaults["days"], Given::Integer(30));
        assert_eq!(defaults["since"], Given::Null);
        assert!(!defaults.contains_key("term"));
    }

    #[test]
    fn sql_without_a_head_has_none() {
        for sql in ["SELECT 1", "", "/* a */ SELECT 1"] {
            assert_eq!(header(sql), Header::default());
        }
        assert!(header("-- :a b\n-- : x — y\n-- :a-b 1 — c").parameters.is_empty());
    }
}
