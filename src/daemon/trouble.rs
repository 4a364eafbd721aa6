//! What a run that ended before its time means for the next one.

use std::time::Duration;

use jiff::Timestamp;

use super::rota::{Backoff, Moment, after, until};
use crate::{
    api::{ApiError, Verdict},
    sync::Fault,
};

/// How soon a source in trouble is asked whether it is well again. It costs 2 a time at most, as a run begins
/// with the question whose token it is.
const PROBE: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(60));

/// How soon is tried again what only a person can mend, or what costs whole pages each time, as a disk without room does:
/// small things can still be stored there, so lists are read.
const SLOWLY: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(15 * 60));

/// The shortest wait, whatever the source says.
const LEAST: Duration = Duration::from_secs(5);

/// How long a spent budget is waited for where nobody says until when.
const UNKNOWN: Duration = Duration::from_secs(3_600);

/// What to do after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing can be done any more.
    End,
    /// It passes by itself: ask now and then.
    Probe,
    /// A person may have to mend it; meanwhile it is tried again, ever more rarely.
    Slowly,
    /// Nothing may be sent for so long.
    Rest(Duration),
}

/// Returns what to do after `fault`; `source_now` is the source's time, and `first` whether no run of this process went
/// well before.
pub(super) fn remedy(fault: &Fault, source_now: Timestamp, first: bool) -> Remedy {
    match fault {
        Fault::Store(error) if error.is_final() => Remedy::End,
        Fault::Store(_) => Remedy::Slowly,
        Fault::OtherCompany { .. } if first => Remedy::End,
        Fault::OtherCompany { .. } | Fault::Api(ApiError::Unauthorized) => Remedy::Slowly,
        Fault::Api(ApiError::AccountClosed { .. }) => Remedy::Slowly,
        Fault::Api(error) => match error.verdict() {
            Verdict::StopForDay | Verdict::Pause { .. } => {
                let rest = error.resumes().map_or(UNKNOWN, |at| until(at, source_now));
                Remedy::Rest(rest.max(LEAST))
            }
            _ => Remedy::Probe,
        },
        _ => Remedy::Probe,
    }
}

/// Trouble that lasts.
#[derive(Debug, Clone)]
pub(super) struct Lasting {
    /// What is done about it.
    remedy: Remedy,
    /// When it began, by the wall clock.
    pub(super) since: Timestamp,
    /// What it is.
    pub(super) text: String,
    /// Until when nothing is tried, by the clock that never goes back.
    until: Duration,
    /// The same by the wall clock, where the source said until when: a machine that slept meanwhile need not wait longer.
    until_wall: Option<Timestamp>,
    backoff: Backoff,
    /// When it was last said in the log.
    said: Duration,
}

/// How often lasting trouble is told in the log at least.
const SAY_AGAIN: Duration = Duration::from_secs(3_600);

impl Lasting {
    /// Notes trouble that a run met; `before` is what was known of it.
    pub(super) fn noted(
        before: Option<Self>,
        remedy: Remedy,
        fault: &Fault,
        now: Timestamp,
        elapsed: Duration,
    ) -> Self {
        let text = fault.to_string();
        let same = before.as_ref().is_some_and(|before| kind(before.remedy) == kind(remedy));
        let mut next = match before {
            Some(before) if same => Self { remedy, text, ..before },
            before => {
                let since = before.map_or(now, |before| before.since);
                let backoff = if remedy == Remedy::Slowly { SLOWLY } else { PROBE };
                Self {
                    remedy,
                    since,
                    text,
                    until: elapsed,
                    until_wall: None,
                    backoff,
                    said: Duration::ZERO,
                }
            }
        };
        let wait = match remedy {
            Remedy::Rest(rest) => rest,
            _ => next.backoff.next(),
        };
        next.until = elapsed + wait;
        next.until_wall = matches!(remedy, Remedy::Rest(_)).then(|| after(now, wait));
        // A person is called every time; an outage is no news every minute.
        let loud = !same || remedy == Remedy::Slowly || elapsed >= next.said + SAY_AGAIN;
        if loud {
            next.said = elapsed;
            let wait_s = wait.as_secs();
            tracing::error!(
                wait_s,
                "Nothing can be mirrored: {}; trying again in {wait_s} s",
                next.text
            );
        }
        next
    }

    /// Returns how long nothing is to be tried; `None` when it is time.
    pub(super) fn rests(&self, at: Moment) -> Option<Duration> {
        let rest = self.until.checked_sub(at.elapsed).filter(|rest| !rest.is_zero())?;
        match self.until_wall {
            Some(wall) if wall <= at.now => None,
            _ => Some(rest),
        }
    }

    /// Lets it be tried at once.
    pub(super) fn try_now(&mut self) {
        self.until = Duration::ZERO;
    }

    /// Returns whether another token may help.
    pub(super) fn is_for_a_token(&self) -> bool {
        self.remedy == Remedy::Slowly
    }
}

/// Trouble of one kind goes on being the same, whatever the words.
fn kind(remedy: Remedy) -> u8 {
    match remedy {
        Remedy::End => 0,
        Remedy::Probe => 1,
        Remedy::Slowly => 2,
        Remedy::Rest(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::Reason, store::StoreError};

    fn now() -> Timestamp {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn of(fault: Fault) -> Remedy {
        remedy(&fault, now(), false)
    }

    fn other_company() -> Fault {
        Fault::OtherCompany { stored: "1".into(), found: "2".into() }
    }

    #[test]
    fn every_fault_has_one_remedy() {
        let reset = now() + Duration::from_secs(7_200);
        let transient = ApiError::Transient { reason: Reason::NullBody, after: Duration::ZERO };
        assert_eq!(of(Fault::Api(transient)), Remedy::Probe);
        assert_eq!(of(Fault::Api(ApiError::Unauthorized)), Remedy::Slowly);
        assert_eq!(
            of(Fault::Api(ApiError::BudgetExhausted { until: Some(reset) })),
            Remedy::Rest(Duration::from_secs(7_200))
        );
        assert_eq!(
            of(Fault::Api(ApiError::Blocked { until: Some(now()) })),
            Remedy::Rest(LEAST),
            "a pause that is over"
        );
        assert_eq!(
            of(Fault::Api(ApiError::BudgetExhausted { until: None })),
            Remedy::Rest(UNKNOWN)
        );
        assert_eq!(of(Fault::Store(StoreError::Full)), Remedy::Slowly);
        assert_eq!(of(Fault::Store(StoreError::Busy)), Remedy::Slowly);
        assert_eq!(of(Fault::Store(StoreError::Replaced("a.db".into()))), Remedy::End);
        assert_eq!(of(other_company()), Remedy::Slowly);
        assert_eq!(remedy(&other_company(), now(), true), Remedy::End);
    }

    #[test]
    fn the_same_trouble_is_tried_ever_more_rarely_and_another_begins_anew() {
        let refused = Fault::Api(ApiError::Unauthorized);
        let down = ApiError::Transient { reason: Reason::NullBody, after: Duration::ZERO };
        let down = Fault::Api(down);
        let mut elapsed = Duration::ZERO;
        let mut trouble = None;
        let mut waits = Vec::new();
        for (fault, times) in [(&refused, 6), (&down, 3)] {
            for _ in 0..times {
                let noted =
                    Lasting::noted(trouble, remedy(fault, now(), false), fault, now(), elapsed);
                waits.push((noted.until - elapsed).as_secs());
                elapsed = noted.until;
                trouble = Some(noted);
            }
        }
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 5, 10, 20]);
    }
}
