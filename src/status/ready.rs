//! Whether the mirror is as fresh as its schedules promise.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Status;
use crate::schedule::Schedule;

/// An entity that is older than it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Its name.
    pub entity: &'static str,
    /// How old it is, in seconds; `None`: it was never complete.
    pub lag_s: Option<i64>,
    /// How old it may be, in seconds.
    pub allowed_s: i64,
}

/// Returns which of the entities in `schedules` are older at `now` than `within`. What is read more rarely than that may be
/// so much older than the time between two of its ticks.
pub fn late(
    status: &Status,
    schedules: &[(&'static str, Schedule)],
    within: Duration,
    now: Timestamp,
) -> Vec<Late> {
    let within = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
    let mut late = Vec::new();
    for (name, schedule) in schedules {
        let Some(one) = status.entities.iter().find(|one| one.entity.name == *name) else {
            continue;
        };
        // What cannot be had makes nothing stale.
        if one.is_excluded() {
            continue;
        }
        let began = one.lag_s.and_then(|lag| now.checked_sub(SignedDuration::from_secs(lag)).ok());
        let allowed = match began {
            Some(began) => allowed(schedule, began, within),
            None => within,
        };
        if one.lag_s.is_none_or(|lag| lag > allowed.as_secs()) {
            late.push(Late { entity: name, lag_s: one.lag_s, allowed_s: allowed.as_secs() });
        }
    }
    late
}

/// Returns how old a pass may grow that began at `began`.
fn allowed(schedule: &Schedule, began: Timestamp, within: SignedDuration) -> SignedDuration {
    let next = schedule.next_after(began).map_or(within, |tick| tick.duration_since(began));
    if next <= within { within } else { next.saturating_add(within) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_read_more_rarely_may_be_older_by_as_much() {
        let within = SignedDuration::from_mins(30);
        let table = ["0 */5 * * * *", "0 0 * * * *", "0 0 0 * * *"].map(|text| {
            let schedule = Schedule::parse(text).unwrap();
            allowed(&schedule, at("2026-03-02T10:10:00Z"), within).as_mins()
        });
        assert_eq!(table, [30, 50 + 30, (13 * 60 + 50) + 30]);
    }
}
