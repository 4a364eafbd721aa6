//! A whole second of UTC, the grain of every time in the API.

use std::{fmt, num::NonZeroU32};

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Serialize, Serializer};

/// A whole second of UTC between 1970 and 2106, in four bytes even where it may be missing.
///
/// Source: API reference, deal object: times are RFC 3339 in UTC without a fraction (`2026-02-03T16:40:21Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Second(NonZeroU32);

impl Second {
    /// Returns the second that `time` falls in; times outside 1970..2106 become the nearest end.
    pub fn of(time: Timestamp) -> Self {
        let seconds = time.as_second().clamp(0, u32::MAX.into());
        Self::new(u32::try_from(seconds).expect("the number was just clamped"))
    }

    /// Reads a time in RFC 3339 or, as v1 and some members of v2 have it, `YYYY-MM-DD HH:MM:SS` in UTC.
    pub(super) fn read(text: &str) -> Option<Self> {
        let time = text.parse().or_else(|_| format!("{text}Z").parse());
        time.ok().map(Self::of)
    }

    fn new(seconds: u32) -> Self {
        Self(NonZeroU32::new(seconds).unwrap_or(NonZeroU32::MIN))
    }

    /// Returns the beginning of the second.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_second(self.0.get().into()).expect("every u32 is a second jiff knows")
    }

    /// Returns the moment `seconds` later.
    #[must_use]
    pub fn plus(self, seconds: u32) -> Self {
        Self::new(self.0.get().saturating_add(seconds))
    }

    /// Returns the moment `seconds` earlier.
    #[must_use]
    pub fn minus(self, seconds: u32) -> Self {
        Self::new(self.0.get().saturating_sub(seconds))
    }

    /// Returns how many seconds lie between `earlier` and this one; 0 when it is not earlier.
    pub fn since(self, earlier: Self) -> u32 {
        self.0.get().saturating_sub(earlier.0.get())
    }

    /// Returns the calendar day that a clock `offset_hours` east of UTC shows.
    pub fn date_at(self, offset_hours: i8) -> Date {
        let offset = Offset::from_hours(offset_hours).unwrap_or(Offset::UTC);
        offset.to_datetime(self.timestamp()).date()
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Serialize for Second {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The form v1 writes times in: `YYYY-MM-DD HH:MM:SS`, in UTC.
///
/// Source: API reference v1, every `add_time`.
pub(super) fn v1(second: Second) -> String {
    second.timestamp().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_written_without_a_fraction() {
        let time: Timestamp = "2026-02-03T16:40:21.987Z".parse().unwrap();
        assert_eq!(Second::of(time).to_string(), "2026-02-03T16:40:21Z");
        assert_eq!(v1(Second::of(time)), "2026-02-03 16:40:21");
    }

    #[test]
    fn a_local_date_follows_the_offset() {
        let time: Timestamp = "2026-02-03T23:30:00Z".parse().unwrap();
        assert_eq!(Second::of(time).date_at(2).to_string(), "2026-02-04");
    }
}
