//! The file: which one, whether it may be used, and what it says.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    ConfigError, Inputs,
    key::{API_TOKEN, CONFIG_ENV},
    nearest,
    raw::Raw,
    source::{Place, Source},
    token::looks_like_a_token,
    trust,
};

/// The file that is read where it lies in the working directory and no other is named.
pub const DEFAULT_FILE: &str = "pipedrive-mirror.toml";

/// Far more than any configuration; a device or a database named by mistake ends here.
const MOST_BYTES: u64 = 1 << 20;

/// What a file says, by whole key. Without `Debug`: it may hold the token.
pub(super) struct FileLayer {
    pub(super) path: PathBuf,
    pub(super) values: BTreeMap<String, (Raw, Place)>,
}

/// Finds, checks and reads the file; `None` where none is named and none lies in the working directory.
pub(super) fn load(
    inputs: &Inputs<'_>,
    names: &[String],
) -> Result<Option<FileLayer>, ConfigError> {
    let Some(path) = find(inputs)? else { return Ok(None) };
    let (text, stat) = read(&path.path, path.found_here)?;
    let layer = FileLayer { values: parse(&path.path, &text, names)?, path: path.path };
    if layer.values.contains_key(API_TOKEN.name) {
        trust::holds_token(&layer.path, stat)?;
    }
    Ok(Some(layer))
}

struct Found {
    path: PathBuf,
    /// Nobody named it.
    found_here: bool,
}

fn find(inputs: &Inputs<'_>) -> Result<Option<Found>, ConfigError> {
    if let Some(path) = &inputs.overrides.config {
        return Ok(Some(Found { path: inputs.working_dir.join(path), found_here: false }));
    }
    if let Some(path) = (inputs.env)(CONFIG_ENV) {
        if path.is_empty() {
            return Err(ConfigError::Empty { origin: Source::Environment(CONFIG_ENV) });
        }
        return Ok(Some(Found { path: inputs.working_dir.join(path), found_here: false }));
    }
    let path = inputs.working_dir.join(DEFAULT_FILE);
    match fs::symlink_metadata(&path) {
        // Asked before it is opened: opening a stranger's named pipe would wait for ever.
        Ok(metadata) => trust::found_here(&path, trust::Stat::from(&metadata), trust::me())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ConfigError::unreadable(&path, &error)),
    }
    Ok(Some(Found { path, found_here: true }))
}

/// Reads the file; its owner and permissions are those of what was read, whatever the path names by now.
fn read(path: &Path, found_here: bool) -> Result<(String, trust::Stat), ConfigError> {
    let unreadable = |error: io::Error| ConfigError::unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let stat = trust::Stat::from(&file.metadata().map_err(unreadable)?);
    if found_here {
        trust::found_here(path, stat, trust::me())?;
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let refused =
        |reason: &str| ConfigError::Unreadable { path: path.to_owned(), reason: reason.to_owned() };
    if bytes.len() as u64 > MOST_BYTES {
        return Err(refused("it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text"))?;
    Ok((text, stat))
}

/// Takes the text apart into known keys.
///
/// # Errors
///
/// Of several faults the one nearest to the beginning.
pub(super) fn parse(
    path: &Path,
    text: &str,
    names: &[String],
) -> Result<BTreeMap<String, (Raw, Place)>, ConfigError> {
    let place = |offset: usize| Place::new(path.to_owned(), text, offset);
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        reason: syntax(text, &error),
    })?;
    let mut walk = Walk { place: &place, names, values: BTreeMap::new(), faults: Vec::new() };
    walk.table("", document.get_ref());
    match walk.faults.into_iter().min_by_key(|(offset, _)| *offset) {
        Some((_, fault)) => Err(fault),
        None => Ok(walk.values),
    }
}

/// Returns the parser's own words, and a remedy where a text without its quotes is the likely cause.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let reason = error.message().trim_end_matches(", expected nothing");
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    match before.rsplit('\n').next() {
        Some(line) if line.contains('=') => {
            format!("{reason}; text stands in quotes, \"like this\"")
        }
        _ => reason.to_owned(),
    }
}

struct Walk<'a> {
    place: &'a dyn Fn(usize) -> Place,
    names: &'a [String],
    values: BTreeMap<String, (Raw, Place)>,
    faults: Vec<(usize, ConfigError)>,
}

impl Walk<'_> {
    /// Walks one table; `prefix` is its whole name with a dot after it, empty for the document.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table.iter() {
            let (name, offset) = (format!("{prefix}{}", key.get_ref()), key.span().start);
            // A quoted key may hold dots; it is no path.
            let known = !key.get_ref().contains('.');
            let inside = format!("{name}.");
            if known && self.names.contains(&name) {
                let place = (self.place)(value.span().start);
                self.values.insert(name, (Raw::from_toml(value.get_ref()), place));
            } else if known && self.names.iter().any(|other| other.starts_with(&inside)) {
                match value.get_ref() {
                    DeValue::Table(table) => self.table(&inside, table),
                    other => self
                        .faults
                        .push((offset, self.no_table(&name, &Raw::from_toml(other), offset))),
                }
            } else {
                let hint = hint(prefix, key.get_ref(), self.names);
                // A token on a line of its own, with an equals sign after it, is a key.
                let key = if looks_like_a_token(key.get_ref()) {
                    "[REDACTED]".to_owned()
                } else {
                    name.escape_debug().to_string()
                };
                let fault = ConfigError::UnknownKey { place: (self.place)(offset), key, hint };
                self.faults.push((offset, fault));
            }
        }
    }

    /// What was found is told by its type alone: `pipedrive = "0123…"` may well be a token.
    fn no_table(&self, name: &str, found: &Raw, offset: usize) -> ConfigError {
        ConfigError::Invalid {
            origin: Source::File((self.place)(offset)),
            key: name.to_owned(),
            allowed: format!("a table, `[{name}]`"),
            found: found.kind().to_owned(),
        }
    }
}

/// Returns the nearest of `names` for an unknown `key` in the table `prefix`, as a remedy.
fn hint(prefix: &str, key: &str, names: &[String]) -> String {
    let mut siblings: Vec<&str> =
        names.iter().filter_map(|name| name.strip_prefix(prefix)?.split('.').next()).collect();
    siblings.dedup();
    if prefix.is_empty() && names.iter().any(|name| name == key) {
        return "write it without the quotes".to_owned();
    }
    // The right key in the wrong table comes first: no slip of the finger is as likely.
    let elsewhere = names.iter().find(|name| name.rsplit('.').next() == Some(key));
    if let Some(whole) = elsewhere.filter(|_| !prefix.starts_with("entities.")) {
        return format!("did you mean `{whole}`?");
    }
    match nearest(key, siblings.iter().copied()) {
        Some(sibling) => format!("did you mean `{prefix}{sibling}`?"),
        None => match nearest(&format!("{prefix}{key}"), names.iter().map(String::as_str)) {
            Some(whole) => format!("did you mean `{whole}`?"),
            None => format!("known here: {}", siblings.join(", ")),
        },
    }
}
