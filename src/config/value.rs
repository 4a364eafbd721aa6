//! What a value may be: from as written to as meant.

use std::{fmt, num::NonZeroU32, path::PathBuf, time::Duration};

use jiff::{Span, SpanRelativeTo};

use super::raw::Raw;
use crate::schedule::Schedule;

/// A value was refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// Completes "must be".
    pub(super) allowed: String,
    /// What exactly is wrong, where what was found does not show it.
    pub(super) why: Option<String>,
}

impl Refused {
    fn new(allowed: impl Into<String>) -> Self {
        Self { allowed: allowed.into(), why: None }
    }

    fn because(self, why: impl fmt::Display) -> Self {
        Self { why: Some(why.to_string()), ..self }
    }
}

/// Reads a text that says something.
pub(super) fn text(raw: &Raw) -> Result<String, Refused> {
    match raw.text().map(str::trim) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Refused::new("text in quotes that is not empty")),
    }
}

/// Reads the path of a file.
pub(super) fn path(raw: &Raw) -> Result<PathBuf, Refused> {
    let refused = || Refused::new("the path of a file");
    // A path of the command line need not be Unicode.
    let path = match raw {
        Raw::Outer(path) => PathBuf::from(path),
        other => {
            other.text().filter(|path| !path.is_empty()).map(PathBuf::from).ok_or_else(refused)?
        }
    };
    // A shell replaces it, though not in `--database=~/x`; here it would quietly become a directory of that name.
    if path.starts_with("~") {
        return Err(
            refused().because("`~` is a shell's word for the home directory; write the whole path")
        );
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(refused().because("it holds a NUL"));
    }
    Ok(path)
}

/// Reads a whole number from 1 to `most`.
pub(super) fn count(raw: &Raw, most: u32) -> Result<NonZeroU32, Refused> {
    raw.whole()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| *number <= most)
        .and_then(NonZeroU32::new)
        .ok_or_else(|| Refused::new(format!("a whole number from 1 to {most}")))
}

/// Reads true or false.
pub(super) fn truth(raw: &Raw) -> Result<bool, Refused> {
    raw.truth().ok_or_else(|| Refused::new("true or false"))
}

/// Reads a duration with its units, from `least` to `most`. A day has 24 hours.
pub(super) fn duration(raw: &Raw, least: Duration, most: Duration) -> Result<Duration, Refused> {
    let refused = || {
        Refused::new(format!(
            "a duration from {} to {} with its unit, such as \"90s\", \"5m\" or \"1h 30m\"",
            spoken(least),
            spoken(most)
        ))
    };
    let span: Span = raw.text().and_then(|text| text.trim().parse().ok()).ok_or_else(refused)?;
    let signed = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| refused().because("months and years differ in length; say it in days"))?;
    Duration::try_from(signed)
        .ok()
        .filter(|duration| (least..=most).contains(duration))
        .ok_or_else(refused)
}

fn spoken(duration: Duration) -> String {
    const DAY: u64 = 86_400;
    match duration.as_secs() {
        days if days >= DAY && days.is_multiple_of(DAY) => format!("{} days", days / DAY),
        seconds => format!("{seconds} s"),
    }
}

/// Reads a cron expression.
pub(super) fn schedule(raw: &Raw) -> Result<Schedule, Refused> {
    let refused = || {
        Refused::new(
            "a cron expression in UTC, such as \"0 */5 * * * *\" \
             (second, minute, hour, day of the month, month, weekday; the second may be left out)",
        )
    };
    let text = raw.text().ok_or_else(refused)?;
    Schedule::parse(text).map_err(|error| refused().because(error))
}

/// The permissions of a file that is created: the owner reads and writes, nobody executes, not all the world writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u32);

impl FileMode {
    /// Returns the permission bits, as `chmod` takes them.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl fmt::Display for FileMode {
    /// Writes four octal digits: `0600`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

/// Reads permissions: octal digits in quotes.
pub(super) fn mode(raw: &Raw) -> Result<FileMode, Refused> {
    let refused =
        || Refused::new("three or four octal digits in quotes, such as \"0600\" or \"0640\"");
    let digits = raw.text().map(str::trim).ok_or_else(refused)?;
    let octal =
        matches!(digits.len(), 3 | 4) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let bits = u32::from_str_radix(digits, 8).ok().filter(|_| octal).ok_or_else(refused)?;
    let why = if bits & 0o7000 != 0 {
        "set-uid, set-gid and sticky bits mean nothing for a database"
    } else if bits & 0o111 != 0 {
        "a database is not executed"
    } else if bits & 0o002 != 0 {
        "anyone on this machine could change the database"
    } else if bits & 0o600 != 0o600 {
        "the owner has to read and write the database"
    } else {
        return Ok(FileMode(bits));
    };
    Err(refused().because(why))
}
