//! A command that could not be carried out: a sentence, and an exit code.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use pipedrive_mirror::{
    api::ApiError,
    config::ConfigError,
    exit::Exit,
    store::StoreError,
    sync::{Fault, Outcome, Report},
};

use super::print::escaped;

/// What went wrong, ready to be shown.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Writes the sentence to stderr.
    pub(crate) fn print(&self) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let mut err = anstream::stderr();
        // Nobody can be told if that fails.
        let _ = writeln!(err, "{style}error:{style:#} {}", escaped(&self.message));
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(of_store(&error), error.to_string())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::new(of_api(&error), error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}

fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::Held { .. } => Exit::Locked,
        _ => Exit::Database,
    }
}

/// Returns the exit code of what ended a whole run.
fn of_api(error: &ApiError) -> Exit {
    match error {
        ApiError::Unauthorized => Exit::TokenRefused,
        error if error.is_budget() => Exit::BudgetSpent,
        ApiError::Blocked { .. } => Exit::Partial,
        ApiError::Ledger(_) => Exit::Database,
        _ => Exit::Failed,
    }
}

/// Returns the exit code of a run; `signal` is that of the signal that stopped it.
pub(crate) fn of_report(report: &Report, signal: Option<Exit>) -> Exit {
    let fault = report.fault.as_ref().map(|fault| match fault {
        Fault::Api(error) => of_api(error),
        Fault::Store(error) => of_store(error),
        _ => Exit::Usage,
    });
    let entities = report.entities.iter().map(|entity| match entity.outcome {
        Outcome::Complete | Outcome::Skipped => Exit::Complete,
        Outcome::Budget => Exit::BudgetSpent,
        Outcome::Failed | Outcome::Partial | Outcome::NeedsPerson => Exit::Partial,
        Outcome::Stopped => signal.unwrap_or(Exit::Terminated),
    });
    let stopped = report.stopped.then(|| signal.unwrap_or(Exit::Terminated));
    // What ended the run is also what its last entity failed of; it is told once, by its own code.
    let all = stopped.into_iter().chain(fault).chain(entities);
    Exit::combine(all)
}
