//! What can be wrong with a configuration. Every message reads well after "error: " and ends with a remedy.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::source::{Place, Source};
use crate::id::TokenError;

/// Why there is no configuration. Ends the program with [`crate::exit::Exit::Usage`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The configuration file could not be read.
    #[error("the configuration {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is not safe to use as it lies there.
    #[error("{} {problem}; {remedy}", path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with its owner or permissions.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// The file is not TOML. The line itself is not quoted: it may be the one with the token.
    #[error("{place}: this is not TOML: {reason}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        reason: String,
    },
    /// A key or table that does not exist.
    #[error("{place}: there is no key `{key}`; {hint}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The whole key, `limits.max_inflight`.
        key: String,
        /// The nearest key that exists, or those that do.
        hint: String,
    },
    /// A value that the key cannot have.
    #[error("{origin}: {key} must be {allowed}, not {found}")]
    Invalid {
        /// Where the value came from.
        origin: Source,
        /// The whole key.
        key: String,
        /// What it may be.
        allowed: String,
        /// What it was, and what exactly is wrong with it where that does not show.
        found: String,
    },
    /// An environment variable or flag that is set to nothing.
    #[error("{origin} is set and empty; give it a value, or leave it out")]
    Empty {
        /// Which one.
        origin: Source,
    },
    /// A key that neither anyone set nor has a default.
    #[error("{key} is not set and has no default")]
    Unset {
        /// The whole key.
        key: String,
    },
    /// Two ways to hand over a token, side by side.
    #[error("{first} and {second} both give an API token; keep one of them")]
    TwoTokens {
        /// Where the token is.
        first: Source,
        /// Where the token file is named.
        second: Source,
    },
    /// What was given cannot be a token.
    #[error("{origin}: {error}")]
    Token {
        /// Where it came from.
        origin: Source,
        /// What is wrong with it.
        error: TokenError,
    },
    /// The token file could not be used.
    #[error("{origin}: the token file {} {problem}", path.display())]
    TokenFile {
        /// Where the file was named.
        origin: Source,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        problem: String,
    },
    /// A token stands where the path of a token file belongs. It is not quoted.
    #[error(
        "{origin}: this looks like an API token, and the path of a file that holds one belongs here; {remedy}"
    )]
    TokenAsPath {
        /// Where it was found.
        origin: Source,
        /// Where it belongs.
        remedy: String,
    },
    /// There is no token at all.
    #[error(
        "there is no API token; every Pipedrive user has one under Personal preferences > API\n\
         hand it over in the environment variable PIPEDRIVE_API_TOKEN, in a file that PIPEDRIVE_API_TOKEN_FILE or\n\
         pipedrive.api_token_file names, or as pipedrive.api_token in a configuration file that only you can read"
    )]
    NoToken,
    /// The example would overwrite something.
    #[error("{} exists already and is left as it is; name another file, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The example could not be written.
    #[error("{} cannot be written: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl ConfigError {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            reason: format!("{}; {CHECK_PATH}", reason(error)),
        }
    }
}

/// The remedy for a file that the system does not let us read.
pub(super) const CHECK_PATH: &str = "check the path, and that this user may read it";

/// Returns what the system said, without the number that says it again.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}
