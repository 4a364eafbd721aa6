//! The token: given in words or in a file.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::{
    ConfigError,
    error::{CHECK_PATH, reason},
    key::{API_TOKEN, API_TOKEN_FILE},
    layers::{Layers, PRECEDENCE, invalid},
    raw::Raw,
    show::Shown,
    source::Source,
    trust, value,
    warning::Warning,
};
use crate::id::ApiToken;

/// Far more than a token and the remarks somebody may have put beside it.
const MOST_BYTES: u64 = 64 * 1024;

/// The token, or why there is none.
pub(super) struct Resolved {
    pub(super) token: Result<ApiToken, ConfigError>,
    pub(super) warning: Option<Warning>,
}

/// Finds the token: the highest layer that gives one, in words or as a file, holds.
///
/// # Errors
///
/// A layer gives both, or what it gives in words is no token. A file that cannot be used is in the result.
pub(super) fn resolve(
    layers: &mut Layers<'_>,
    working_dir: &Path,
) -> Result<Resolved, ConfigError> {
    for layer in PRECEDENCE {
        match (layers.at(layer, &API_TOKEN)?, layers.at(layer, &API_TOKEN_FILE)?) {
            (None, None) => {}
            (Some((_, first)), Some((_, second))) => {
                return Err(ConfigError::TwoTokens { first, second });
            }
            (Some((raw, origin)), None) => return in_words(layers, &raw, origin),
            (None, Some((raw, origin))) => return in_file(layers, working_dir, &raw, origin),
        }
    }
    layers.record(&API_TOKEN, Shown::Unset(API_TOKEN.unset), Source::Default);
    layers.record(&API_TOKEN_FILE, Shown::Unset(API_TOKEN_FILE.unset), Source::Default);
    Ok(Resolved { token: Err(ConfigError::NoToken), warning: None })
}

fn in_words(layers: &mut Layers<'_>, raw: &Raw, origin: Source) -> Result<Resolved, ConfigError> {
    // Empty text is left to the token's own words, which say where to find one.
    let text = raw.text().ok_or_else(|| {
        let refused = value::Refused { allowed: "text in quotes".to_owned(), why: None };
        invalid(&API_TOKEN, raw, &origin, refused)
    })?;
    let token = ApiToken::new(text)
        .map_err(|error| ConfigError::Token { origin: origin.clone(), error })?;
    layers.record(&API_TOKEN, Shown::Hidden, origin);
    layers.record(&API_TOKEN_FILE, Shown::Unset(API_TOKEN_FILE.unset), Source::Default);
    Ok(Resolved { token: Ok(token), warning: None })
}

fn in_file(
    layers: &mut Layers<'_>,
    working_dir: &Path,
    raw: &Raw,
    origin: Source,
) -> Result<Resolved, ConfigError> {
    let stray = |text: &str| looks_like_a_token(text) && !working_dir.join(text).exists();
    if raw.text().is_some_and(stray) {
        let remedy = "set PIPEDRIVE_API_TOKEN, or pipedrive.api_token, to it".to_owned();
        return Err(ConfigError::TokenAsPath { origin, remedy });
    }
    let path =
        value::path(raw).map_err(|refused| invalid(&API_TOKEN_FILE, raw, &origin, refused))?;
    layers.record(&API_TOKEN, Shown::Unset(API_TOKEN.unset), Source::Default);
    layers.record(&API_TOKEN_FILE, Shown::Value(raw.to_toml()), origin.clone());
    let path = working_dir.join(path);
    let refused = |problem: String| ConfigError::TokenFile {
        origin: origin.clone(),
        path: path.clone(),
        problem,
    };
    Ok(match read(&path) {
        Err(problem) => Resolved { token: Err(refused(problem)), warning: None },
        Ok((text, open)) => Resolved {
            token: ApiToken::new(&text).map_err(|error| refused(format!("is of no use: {error}"))),
            // Not refused: container runtimes mount their secrets like this, inside a container of one user.
            warning: open.then(|| Warning::OpenTokenFile(path.clone())),
        },
    })
}

/// Reads the file and tells whether others may, too.
fn read(path: &Path) -> Result<(String, bool), String> {
    let unreadable = |error: io::Error| format!("cannot be read: {}; {CHECK_PATH}", reason(&error));
    let file = File::open(path).map_err(unreadable)?;
    let open = trust::others_read(trust::Stat::from(&file.metadata().map_err(unreadable)?));
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err("is larger than 64 KiB; it should hold the token and nothing else".to_owned());
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| "is not text; it should hold the token and nothing else")?;
    Ok((text, open))
}

/// Tells a token from a path, a key or a value: long, and letters and digits only.
pub(super) fn looks_like_a_token(text: &str) -> bool {
    const SHORTEST: usize = 32;
    text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
