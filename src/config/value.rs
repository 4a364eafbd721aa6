//! What a value may be: from as written to as meant.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
    time::Duration,
};

use jiff::{Span, SpanRelativeTo};

use super::{
    RowScope,
    fanout::FanoutPolicy,
    limits::{Ceiling, Reserve},
    raw::Raw,
};
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
    pub(super) fn new(allowed: impl Into<String>) -> Self {
        Self { allowed: allowed.into(), why: None }
    }

    pub(super) fn because(self, why: impl fmt::Display) -> Self {
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

/// The largest budget that is believed: that of a hundred thousand seats on the largest plan is well below.
const MOST_COST: u64 = 1_000_000_000_000;

/// Reads a cost of at least 1.
pub(super) fn cost(raw: &Raw) -> Result<NonZeroU64, Refused> {
    whole(raw, MOST_COST)
        .and_then(NonZeroU64::new)
        .ok_or_else(|| Refused::new(format!("a whole number from 1 to {MOST_COST}")))
}

/// Reads a cost that may be 0.
pub(super) fn cost_or_none(raw: &Raw) -> Result<u64, Refused> {
    whole(raw, MOST_COST)
        .ok_or_else(|| Refused::new(format!("a whole number from 0 to {MOST_COST}")))
}

/// Reads a part of a whole, above 0 and up to 1.
pub(super) fn share(raw: &Raw) -> Result<f64, Refused> {
    raw.number()
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| Refused::new("a number above 0 and up to 1, such as 0.5"))
}

/// Reads a part of a whole from 0 to 1; 0 is none of it.
pub(super) fn share_or_none(raw: &Raw) -> Result<f64, Refused> {
    raw.number()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Refused::new("a number from 0 to 1, such as 0.25"))
}

/// Reads what is to be left of the budget.
pub(super) fn reserve(raw: &Raw) -> Result<Reserve, Refused> {
    let refused = || {
        Refused::new(format!(
            "a part of the budget such as \"10%\", or a whole number from 0 to {MOST_COST}"
        ))
    };
    percent(raw)
        .map(Reserve::Part)
        .or_else(|| whole(raw, MOST_COST).map(Reserve::Cost))
        .ok_or_else(refused)
}

/// Reads how many rows may be given up at once.
pub(super) fn ceiling(raw: &Raw) -> Result<Ceiling, Refused> {
    const MOST: u64 = 1_000_000_000;
    let refused = || {
        Refused::new(format!(
            "a part of the live rows such as \"5%\", or a whole number from 0 to {MOST}"
        ))
    };
    percent(raw)
        .map(Ceiling::Part)
        .or_else(|| whole(raw, MOST).map(Ceiling::Rows))
        .ok_or_else(refused)
}

/// Reads for which deals an endpoint that answers for one deal is asked.
pub(super) fn fanout(raw: &Raw) -> Result<FanoutPolicy, Refused> {
    let name = raw.text().map(str::trim);
    FanoutPolicy::ALL.into_iter().find(|policy| Some(policy.name()) == name).ok_or_else(|| {
        let names = FanoutPolicy::ALL.map(|policy| format!("\"{}\"", policy.name()));
        Refused::new(format!("one of {}", names.join(", ")))
    })
}

/// Returns the part that a text such as `10%` names, 0 to 1.
fn percent(raw: &Raw) -> Option<f64> {
    let number: f64 = raw.text()?.trim().strip_suffix('%')?.trim_end().parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number / 100.0)
}

fn whole(raw: &Raw, most: u64) -> Option<u64> {
    raw.whole().and_then(|number| u64::try_from(number).ok()).filter(|number| *number <= most)
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
        DAY => "1 day".to_owned(),
        days if days >= DAY && days.is_multiple_of(DAY) => format!("{} days", days / DAY),
        seconds => format!("{seconds} s"),
    }
}

/// Reads which rows are mirrored of what deals name.
pub(super) fn row_scope(raw: &Raw) -> Result<RowScope, Refused> {
    let refused = || Refused::new("\"deals\" (the rows that deals name) or \"all\"");
    let text = raw.text().ok_or_else(refused)?;
    RowScope::EVERY.into_iter().find(|scope| scope.name() == text.trim()).ok_or_else(refused)
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
