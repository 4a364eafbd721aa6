//! Where a value came from.

use std::{fmt, path::PathBuf};

/// Where a value came from. Displayed, it begins an error message: `FILE:LINE:COLUMN`, `environment variable NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A place in the configuration file.
    File(Place),
    /// Nobody said anything.
    Default,
}

/// A place in a file. Displayed as `FILE:LINE:COLUMN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Place {
    /// Finds the line and column of the byte `offset` of `text`; an offset beyond it is its end.
    pub(super) fn new(path: PathBuf, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            path,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Source {
    /// Returns the words of `config show`: `from file F, line 3`, `from environment NAME`, `default`.
    pub fn provenance(&self) -> String {
        match self {
            Self::Flag(name) => format!("from flag {name}"),
            Self::Environment(name) => format!("from environment {name}"),
            Self::File(place) => format!("from file {}, line {}", place.path.display(), place.line),
            Self::Default => "default".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(place) => place.fmt(f),
            Self::Default => f.write_str("the default"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}
