//! What `doctor` takes.

use clap::Args;

use super::Json;

#[derive(Debug, Args)]
#[command(after_help = "\
Changes nothing, and makes no database. It asks the source whose token it is and, before a
first run, which lists it may read: at a cost of 2 to 57, which is said first. Beside a daemon
nothing is asked. Ends with 0 unless there is an error, else as a run does that meets it.

Examples:
  pipedrive-mirror doctor             everything, each finding with what to do
  pipedrive-mirror doctor --offline   what can be told without the source
  pipedrive-mirror doctor --json | jq -r '.findings[] | \"\\(.id): \\(.next)\"'")]
pub(crate) struct Doctor {
    /// Ask the source nothing
    #[arg(long)]
    pub(crate) offline: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}
