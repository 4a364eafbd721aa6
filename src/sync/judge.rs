//! How a part of a run ended: what it is called, whether the run goes on, and what the log says.

use tracing::{error, info, warn};

use super::{EntityReport, Fault, Outcome, walk::Ended};
use crate::{api::ApiError, entity::Entity};

/// Turns the end of a walk into the report's words; returns what ends the whole run.
pub(super) fn judge(ended: Result<Ended, Fault>, done: &mut EntityReport) -> Option<Fault> {
    let fault = match ended {
        Ok(Ended::Complete) => return None,
        Ok(Ended::Stopped) => {
            done.outcome = Outcome::Stopped;
            return None;
        }
        Err(fault) => fault,
    };
    done.error = Some(fault.to_string());
    done.outcome = match &fault {
        Fault::Api(error) if error.is_budget() => Outcome::Budget,
        Fault::Api(ApiError::TrickleSpent { .. }) => Outcome::Budget,
        Fault::Api(ApiError::Forbidden { .. } | ApiError::PlanLacks { .. })
        | Fault::Refused { .. } => Outcome::Skipped,
        Fault::EmptyList { .. } => Outcome::NeedsPerson,
        _ => Outcome::Failed,
    };
    match fault {
        Fault::Api(error) if !ends_run(&error) => None,
        // What may take days waits for tomorrow, and nobody's outcome hangs on it.
        Fault::Api(error) if error.is_budget() && done.trickle => None,
        Fault::Stuck { .. }
        | Fault::Refused { .. }
        | Fault::Waits { .. }
        | Fault::NoneToBeHad { .. }
        | Fault::EmptyList { .. } => None,
        fault => Some(fault),
    }
}

/// Returns whether no later request of this run can do better.
pub(super) fn ends_run(error: &ApiError) -> bool {
    use crate::api::Verdict::{Abort, Pause, StopForDay};
    matches!(error.verdict(), Abort | Pause { .. } | StopForDay)
}

pub(super) fn log(entity: &Entity, done: &EntityReport) {
    let (name, seen, written) = (entity.name, done.seen, done.written);
    match (&done.error, done.outcome) {
        (Some(reason), Outcome::Failed) => {
            error!(entity.name = name, "Mirroring {name} failed: {reason}")
        }
        // What may take days is not news every five minutes.
        (Some(reason), Outcome::Budget) if done.trickle => {
            info!(entity.name = name, "{name} goes on later: {reason}")
        }
        (Some(reason), Outcome::NeedsPerson) => {
            warn!(entity.name = name, "{name} needs a person: {reason}")
        }
        (Some(reason), Outcome::Budget) => {
            warn!(entity.name = name, "{name} goes on later: {reason}")
        }
        (Some(reason), _) => warn!(entity.name = name, "{name} was left out: {reason}"),
        (None, _) => info!(
            entity.name = name,
            run.rows = seen,
            db.rows = written,
            "Mirrored {name}: {seen} rows came, {written} were new or different"
        ),
    }
}
