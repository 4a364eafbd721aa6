//! The exit codes: a promise to scripts. No number is ever given another meaning.

use std::process::ExitCode;

/// How a command ended. The discriminant is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, complete. Also where an entity is excluded by the plan or the permissions, a row is in quarantine or a
    /// trickle is owed: each has its line in the report.
    Complete = 0,
    /// Nothing could be done: the source could not be reached at all, or something unexpected happened.
    Failed = 1,
    /// Wrong usage or configuration, or a token of another company than the mirror's.
    Usage = 2,
    /// The source refused the token.
    TokenRefused = 3,
    /// Some entities failed and the others are up to date; or reconcile needs a person; or the source blocks this
    /// address.
    Partial = 4,
    /// The daily budget or our share of it is spent while lists, or children fetched in bulk, are incomplete. The
    /// checkpoint stands: run again after the reset.
    BudgetSpent = 5,
    /// Another process holds the mirror.
    Locked = 6,
    /// `verify` found a difference.
    Different = 7,
    /// The database is corrupt, from a newer version, on a full disk, not writable, or was replaced underneath.
    Database = 8,
    /// Stopped by SIGINT; the checkpoint is kept.
    Interrupted = 130,
    /// Stopped by SIGTERM; the checkpoint is kept.
    Terminated = 143,
}

/// Of several ends the first in this list holds. The two signals share the first rank.
const PRECEDENCE: [Exit; 11] = [
    Exit::Interrupted,
    Exit::Terminated,
    Exit::Locked,
    Exit::Usage,
    Exit::Database,
    Exit::TokenRefused,
    Exit::Failed,
    Exit::BudgetSpent,
    Exit::Partial,
    Exit::Different,
    Exit::Complete,
];

impl Exit {
    /// Returns the number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the one of two ends that a caller must hear about; of two signals the one that came first, `self`.
    pub fn worse(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }

    /// Returns the end that holds of several; of none at all, [`Exit::Complete`].
    pub fn combine(ends: impl IntoIterator<Item = Self>) -> Self {
        ends.into_iter().fold(Self::Complete, Self::worse)
    }

    fn rank(self) -> usize {
        match self {
            Self::Interrupted | Self::Terminated => 0,
            other => PRECEDENCE.iter().position(|exit| *exit == other).unwrap_or(PRECEDENCE.len()),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_promised_ones_in_order_of_precedence() {
        assert_eq!(PRECEDENCE.map(Exit::code), [130, 143, 6, 2, 8, 3, 1, 5, 4, 7, 0]);
    }

    #[test]
    fn of_any_two_the_earlier_in_the_list_holds_whatever_their_order() {
        for (place, first) in PRECEDENCE.into_iter().enumerate().skip(1) {
            for later in PRECEDENCE.into_iter().skip(place.max(2)) {
                assert_eq!((first.worse(later), later.worse(first)), (first, first));
            }
        }
    }

    #[test]
    fn of_two_signals_the_first_to_come_holds() {
        assert_eq!(Exit::Interrupted.worse(Exit::Terminated), Exit::Interrupted);
        assert_eq!(Exit::Terminated.worse(Exit::Interrupted), Exit::Terminated);
        assert_eq!(Exit::Partial.worse(Exit::Terminated), Exit::Terminated);
    }

    #[test]
    fn nothing_to_report_is_complete_and_one_failure_among_many_shows() {
        assert_eq!(Exit::combine([]), Exit::Complete);
        assert_eq!(
            Exit::combine([Exit::Complete, Exit::Partial, Exit::BudgetSpent]),
            Exit::BudgetSpent
        );
    }
}
