//! When an entity is due: a cron expression in UTC, and pure functions over it.
//!
//! The scheduler only rings. Whether there is work is decided here, from the last success and the time now, so that a
//! tick missed while the machine was off is caught up and a tick during a run is not run twice. The rules are those of
//! the scheduler (the same library with the same settings), or the two would disagree about when to ring.
//!
//! This module alone sees chrono, which the cron library speaks.

use std::fmt;

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, Timestamp};

/// A moment no schedule may depend on: where the search for a first tick begins when a schedule is checked.
const CHECK_FROM: i64 = 1_704_067_200; // 2024-01-01T00:00:00Z, a leap year

/// The fields, as people call them.
const FIELDS: [&str; 6] = ["second", "minute", "hour", "day of the month", "month", "weekday"];

/// A cron expression: `minute hour day-of-month month weekday`, or the same with seconds before it. Always UTC.
///
/// Where both the day of the month and the weekday are given, *both* must match (`0 0 13 * FRI` is Friday the 13th);
/// classic crontab takes either.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    text: String,
    six: String,
    cron: Cron,
}

impl Schedule {
    /// Reads an expression of five or six fields; with five the second is 0.
    ///
    /// # Errors
    ///
    /// It has another number of fields, a field is wrong, or no moment ever matches (30 February).
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let fields = text.split_whitespace().count();
        let six = match fields {
            5 => format!("0 {}", text.trim()),
            6 => text.trim().to_owned(),
            _ => return Err(ScheduleError::Fields { fields }),
        };
        let cron = cron(&six).map_err(|error| blame(&six, error))?;
        let schedule = Self { text: text.to_owned(), six, cron };
        match Timestamp::from_second(CHECK_FROM).ok().and_then(|from| schedule.next_after(from)) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never),
        }
    }

    /// Returns the expression with six fields, seconds first, as the scheduler takes it.
    pub fn six_fields(&self) -> &str {
        &self.six
    }

    /// Returns the first tick later than `now`; `None` only at the end of representable time.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        // Ticks are whole seconds, so a fraction of `now` changes nothing but would be carried into the answer.
        let now: DateTime<Utc> = DateTime::from_timestamp(floor_second(now), 0)?;
        let tick = self.cron.find_next_occurrence(&now, false).ok()?;
        Timestamp::from_second(tick.timestamp()).ok()
    }

    /// Tells whether a run is due at `now`, given the last one that succeeded.
    ///
    /// It is when none ever did, when a tick lies in (`last_success`, `now`], and when the last success lies in the
    /// future: then the clock was set back, and waiting for it to catch up could take for ever. By a minute it may lie
    /// there all the same: what is known of the source's clock is not exact.
    pub fn due(&self, last_success: Option<Timestamp>, now: Timestamp) -> bool {
        match last_success {
            None => true,
            Some(_) if self.is_ahead(last_success, now) => true,
            Some(last) => self.next_after(last).is_some_and(|tick| tick <= now),
        }
    }

    /// Tells whether the last success lies so far in the future that the clock must have been set back.
    pub fn is_ahead(&self, last_success: Option<Timestamp>, now: Timestamp) -> bool {
        last_success.is_some_and(|last| last.duration_since(now) > JITTER)
    }
}

/// How far ahead of now a success may seem to lie.
const JITTER: SignedDuration = SignedDuration::from_secs(60);

/// Parses as the scheduler does: seconds, and day of month and weekday together.
fn cron(six: &str) -> Result<Cron, CronError> {
    CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Disallowed)
        .dom_and_dow(true)
        .build()
        .parse(six)
}

/// Finds the field at fault, which the library does not name: the first that fails among stars.
fn blame(six: &str, error: CronError) -> ScheduleError {
    for (place, (field, name)) in six.split_whitespace().zip(FIELDS).enumerate() {
        let mut alone = ["*"; FIELDS.len()];
        alone[place] = field;
        if let Err(error) = cron(&alone.join(" ")) {
            return ScheduleError::Field {
                what: format!("the {name} {field:?}"),
                reason: reason(error),
            };
        }
    }
    ScheduleError::Field { what: format!("{six:?}"), reason: reason(error) }
}

/// Rounds down, also before 1970, where jiff's own seconds round towards zero.
fn floor_second(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// The library's own words, without the class of error before them and the full stop after.
fn reason(error: CronError) -> String {
    let text = match error {
        CronError::IllegalCharacters(_) => return "a character that cannot stand there".to_owned(),
        CronError::InvalidPattern(text) | CronError::ComponentError(text) => text,
        other => other.to_string(),
    };
    let mut letters = text.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

impl fmt::Display for Schedule {
    /// Writes the text as it was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no schedule. The messages read well after "is no schedule: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Neither five nor six fields.
    #[error("it has {fields} {}", if *fields == 1 { "field" } else { "fields" })]
    Fields {
        /// How many there are.
        fields: usize,
    },
    /// One field is not what a cron field can be.
    #[error("{what}: {reason}")]
    Field {
        /// The field's name and text.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Every field is right and no moment matches them all.
    #[error("no such moment ever comes")]
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(text: &str) -> Schedule {
        Schedule::parse(text).unwrap()
    }

    #[test]
    fn the_scheduler_takes_what_is_taken_here() {
        for text in ["*/5 * * * *", "0 */5 * * * *", "0 0 4 * * SUN", "30 15 10,22 1-7 */2 *"] {
            let schedule = Schedule::parse(text).unwrap();
            let job = tokio_cron_scheduler::Job::new(schedule.six_fields(), |_, _| ());
            assert!(job.is_ok(), "{text}: {:?}", job.err());
        }
    }

    #[test]
    fn five_fields_tick_at_second_zero_and_print_as_written() {
        let five = schedule("*/5 * * * *");
        assert_eq!(five.to_string(), "*/5 * * * *");
        assert_eq!(five.six_fields(), "0 */5 * * * *");
        assert_eq!(five.next_after(at("2026-02-03T10:02:30Z")), Some(at("2026-02-03T10:05:00Z")));
    }

    #[test]
    fn the_next_tick_is_strictly_later_and_in_whole_seconds() {
        let every = schedule("0 */5 * * * *");
        assert_eq!(every.next_after(at("2026-02-03T10:05:00Z")), Some(at("2026-02-03T10:10:00Z")));
        assert_eq!(
            every.next_after(at("2026-02-03T10:04:59.9Z")),
            Some(at("2026-02-03T10:05:00Z"))
        );
        assert_eq!(
            schedule("* * * * * *").next_after(at("1969-12-31T23:59:58.5Z")),
            Some(at("1969-12-31T23:59:59Z"))
        );
    }

    #[test]
    fn what_never_succeeded_is_due() {
        assert!(schedule("0 0 0 * * *").due(None, at("2026-02-03T10:00:00Z")));
    }

    #[test]
    fn a_tick_since_the_last_success_makes_it_due_and_the_tick_itself_counts() {
        let hourly = schedule("0 0 * * * *");
        let last = Some(at("2026-02-03T10:00:00Z"));
        assert!(!hourly.due(last, at("2026-02-03T10:59:59.999Z")));
        assert!(hourly.due(last, at("2026-02-03T11:00:00Z")));
        assert!(hourly.due(last, at("2026-03-01T00:30:00Z")), "missed while the machine was off");
    }

    #[test]
    fn a_last_success_in_the_future_is_due() {
        let daily = schedule("0 0 0 * * *");
        assert!(daily.due(Some(at("2031-01-01T00:00:00Z")), at("2026-02-03T10:00:00Z")));
    }

    #[test]
    fn day_of_month_and_weekday_must_both_match() {
        let friday = schedule("0 0 0 13 * FRI");
        assert_eq!(friday.next_after(at("2026-01-01T00:00:00Z")), Some(at("2026-02-13T00:00:00Z")));
        assert_eq!(friday.next_after(at("2026-03-14T00:00:00Z")), Some(at("2026-11-13T00:00:00Z")));
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let texts = [
            "",
            "@daily",
            "* * * *",
            "0 0 0 * * * 2027",
            "61 * * * * *",
            "x * * * *",
            "*/0 * * * *",
            "0 0 30 2 *",
        ];
        let table = texts
            .map(|text| format!("{text:?}: {}", Schedule::parse(text).unwrap_err()))
            .join("\n");
        insta::assert_snapshot!(table, @r#"
        "": it has 0 fields
        "@daily": it has 1 field
        "* * * *": it has 4 fields
        "0 0 0 * * * 2027": it has 7 fields
        "61 * * * * *": the second "61": number out of bounds
        "x * * * *": the minute "x": a character that cannot stand there
        "*/0 * * * *": the minute "*/0": step cannot be zero
        "0 0 30 2 *": no such moment ever comes
        "#);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9*/,#LW?+ A-Z-]{0,24}") {
            let _ = Schedule::parse(&text);
        }

        #[test]
        fn being_due_is_having_passed_the_next_tick(minute in 0i64..60, last in 0i64..4_000_000_000, wait in 0i64..100_000) {
            let schedule = schedule(&format!("{minute} * * * *"));
            let (last, now) = (Timestamp::from_second(last).unwrap(), Timestamp::from_second(last + wait).unwrap());
            let ticks = (last.as_second() + 1..=now.as_second()).any(|second| second % 3600 == minute * 60);
            proptest::prop_assert_eq!(schedule.due(Some(last), now), ticks);
        }
    }
}
