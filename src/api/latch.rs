//! What keeps every request from leaving, once one answer made clear that none can do better.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    call::Priority,
    error::{ApiError, Verdict},
};
use crate::seams::Standing;

/// The first pause after a block by the CDN. It doubles with each further block, up to [`LONGEST`].
///
/// Source: rate-limiting guide: ignoring 429 leads to a Cloudflare 403; how long it lasts is not said.
const FIRST: Duration = Duration::from_secs(30 * 60);

const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// A block that comes so soon after the pause of the last one is a repetition of it.
const REPEATED: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Default)]
pub(crate) struct Latch {
    /// What a person has to see to. It is forgotten with the run: the next one asks again, once.
    dead: Option<ApiError>,
    spent_until: Option<Timestamp>,
    /// Until when, and how long that pause is in all.
    blocked: Option<(Timestamp, Duration)>,
}

impl Latch {
    pub(crate) fn open(&mut self, standing: &Standing) {
        (self.spent_until, self.blocked) = (standing.spent_until, standing.blocked_until);
    }

    pub(crate) fn save(&self, standing: &mut Standing) {
        (standing.spent_until, standing.blocked_until) = (self.spent_until, self.blocked);
    }

    /// Says whether a request may leave `now`.
    ///
    /// # Errors
    ///
    /// What keeps it here. A request that may wait does so quietly when the budget is spent.
    pub(crate) fn check(&self, priority: Priority, now: Timestamp) -> Result<(), ApiError> {
        if let Some(error) = &self.dead {
            return Err(error.clone());
        }
        if let Some((until, _)) = self.blocked.filter(|(until, _)| now < *until) {
            return Err(ApiError::Blocked { until: Some(until) });
        }
        match (self.spent_until.filter(|until| now < *until), priority) {
            (None, _) => Ok(()),
            (Some(until), Priority::Trickle) => Err(ApiError::TrickleSpent { until }),
            (until, Priority::Fresh) => Err(ApiError::BudgetExhausted { until }),
        }
    }

    /// Notes that the company's budget is spent until then.
    pub(crate) fn spent(&mut self, until: Timestamp) {
        self.spent_until = self.spent_until.max(Some(until));
    }

    /// Notes a block. Answers to requests that left before the first of them came do not make it longer.
    pub(crate) fn blocked(&mut self, now: Timestamp) {
        let pause = match self.blocked {
            Some((until, _)) if now < until => return,
            Some((until, pause)) if now.duration_since(until) < REPEATED => {
                pause.saturating_mul(2).min(LONGEST)
            }
            _ => FIRST,
        };
        let whole = Timestamp::from_second(now.as_second() + 1).unwrap_or(now);
        self.blocked = Some((whole.checked_add(pause).unwrap_or(whole), pause));
    }

    /// Notes an error that no later request of this run can do better than.
    pub(crate) fn dead(&mut self, error: &ApiError) {
        if error.verdict() == Verdict::Abort {
            self.dead.get_or_insert_with(|| error.clone());
        }
    }

    /// Forgets what a person may have seen to since.
    pub(crate) fn revive(&mut self) {
        self.dead = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    fn until(latch: &Latch, now: i64) -> Option<i64> {
        match latch.check(Priority::Fresh, at(now)) {
            Err(ApiError::Blocked { until }) => {
                Some((until.unwrap().as_second() - 1 - at(0).as_second()) / 60)
            }
            _ => None,
        }
    }

    #[test]
    fn a_block_is_waited_out_longer_each_time_up_to_a_day() {
        let (mut latch, mut now, mut pauses) = (Latch::default(), 0, Vec::new());
        for _ in 0..8 {
            latch.blocked(at(now));
            // Seven more that were under way.
            latch.blocked(at(now));
            let end = until(&latch, now).unwrap();
            pauses.push(end - now);
            now = end + 1;
            assert_eq!(until(&latch, now), None);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_440, 1_440]);
        now += 24 * 60;
        latch.blocked(at(now));
        assert_eq!(until(&latch, now), Some(now + 30));
    }

    #[test]
    fn a_block_and_a_spent_budget_outlive_the_process_and_a_refused_token_does_not() {
        let mut latch = Latch::default();
        latch.dead(&ApiError::Unauthorized);
        latch.blocked(at(0));
        latch.spent(at(600));
        assert_eq!(latch.check(Priority::Fresh, at(0)), Err(ApiError::Unauthorized));
        let mut standing = Standing::default();
        latch.save(&mut standing);
        let mut next = Latch::default();
        next.open(&standing);
        assert_eq!(until(&next, 0), Some(30));
        assert_eq!(
            next.check(Priority::Fresh, at(599)),
            Err(ApiError::BudgetExhausted { until: Some(at(600)) })
        );
        assert_eq!(
            next.check(Priority::Trickle, at(599)),
            Err(ApiError::TrickleSpent { until: at(600) })
        );
        assert_eq!(next.check(Priority::Fresh, at(600)), Ok(()));
        latch.revive();
        assert_eq!(until(&latch, 0), Some(30));
    }
}
