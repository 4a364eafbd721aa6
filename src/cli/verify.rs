//! What `verify` takes.

use clap::{Args, ValueEnum};

use super::Json;

#[derive(Debug, Args)]
#[command(after_help = "\
Runs a `sync` first: what is only stale is no difference. Then compares count and value of live
deals, by status and by pipeline, in each currency, with the source's own totals (40 each), and
what is stored with itself. What differs is looked at again after another `sync`, twice. What it
costs is said first. The result is kept in sync_certificates. Ends with 7 if anything differs.

Examples:
  pipedrive-mirror verify                        totals, and the file itself
  pipedrive-mirror verify --deep --rows          every deal, every column: 10 and 20 for 500 deals
  pipedrive-mirror verify --deep --children all  what hangs on every deal, too
  pipedrive-mirror verify --deep --repair        mark what differs; the next sync reads it again
  pipedrive-mirror verify --json | jq '.differences[] | select(.fate == \"missing\")'")]
pub(crate) struct Verify {
    /// Compare every deal and every archived deal: id, change time, counters
    #[arg(long)]
    pub(crate) deep: bool,

    /// With --deep: compare every column and the exact text, and read each row anew from its text
    #[arg(long, requires = "deep")]
    pub(crate) rows: bool,

    /// Compare what hangs on deals, too
    #[arg(long, value_enum, value_name = "SHARE")]
    pub(crate) children: Option<Share>,

    /// Make good what differs: at once where the mirror itself tells how, else by the next sync; says what that costs
    #[arg(long)]
    pub(crate) repair: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Share {
    /// Of 500 deals that are drawn, or of 25 where each costs a request
    Sample,
    /// Of every deal
    All,
}
