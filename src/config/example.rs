//! The example file, and writing it down.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::{ConfigError, error::reason};

/// Every key with its meaning, unit, default and environment variable; as it is, it changes nothing.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Writes [`EXAMPLE`] to a new file that only its owner can read.
///
/// # Errors
///
/// Something of that name exists already (also a link that leads nowhere), or the file cannot be written.
pub fn write_example(path: &Path) -> Result<(), ConfigError> {
    let unwritable = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => ConfigError::Exists { path: path.to_owned() },
        _ => ConfigError::Unwritable { path: path.to_owned(), reason: reason(error) },
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unwritable(&error))?;
    file.write_all(EXAMPLE.as_bytes()).map_err(|error| {
        // Half an example would be in the way of the next try; the first error is the one to hear about.
        let _ = fs::remove_file(path);
        unwritable(&error)
    })
}
