//! From what a run came to, to the exit code that scripts are promised.

use super::{Fault, Outcome, Report};
use crate::{api::ApiError, exit::Exit, store::StoreError};

impl Report {
    /// Returns the exit code of the run; `signal` is that of the signal that stopped it.
    pub fn exit(&self, signal: Option<Exit>) -> Exit {
        let fault = self.fault.as_ref().map(of_fault);
        let deciding = self.entities.iter().filter(|entity| !entity.trickle);
        let entities = deciding.map(|entity| match entity.outcome {
            Outcome::Complete | Outcome::Skipped => Exit::Complete,
            Outcome::Budget => Exit::BudgetSpent,
            Outcome::Failed | Outcome::Partial | Outcome::NeedsPerson => Exit::Partial,
            Outcome::Stopped => signal.unwrap_or(Exit::Terminated),
        });
        let stopped = self.stopped.then(|| signal.unwrap_or(Exit::Terminated));
        // What ended the run is also what its last entity failed of; it is told once, by its own code.
        Exit::combine(stopped.into_iter().chain(fault).chain(entities))
    }
}

/// Returns the exit code of what ended a run.
pub fn of_fault(fault: &Fault) -> Exit {
    match fault {
        Fault::Api(error) => of_api(error),
        Fault::Store(error) => of_store(error),
        _ => Exit::Usage,
    }
}

/// Returns the exit code of an error of the source that ended everything.
pub fn of_api(error: &ApiError) -> Exit {
    match error {
        ApiError::Unauthorized => Exit::TokenRefused,
        ApiError::Blocked { .. } => Exit::Partial,
        ApiError::Ledger(_) => Exit::Database,
        error if error.is_budget() => Exit::BudgetSpent,
        _ => Exit::Failed,
    }
}

/// Returns the exit code of an error of the database.
pub fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Held { .. } => Exit::Locked,
        _ => Exit::Database,
    }
}
