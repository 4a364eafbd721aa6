//! The command line: what can be typed, and nothing else.

mod doctor;
mod verify;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::{SignedDuration, Timestamp};
use pipedrive_mirror::{emulator::Rate, entity::instant};

pub(crate) use doctor::Doctor;
pub(crate) use verify::{Share, Verify};

/// Keeps a company's Pipedrive deals in a SQLite database that you query with the SQL tools you like.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "\
Try it without an account:   pipedrive-mirror demo
With a token:                PIPEDRIVE_API_TOKEN=… pipedrive-mirror backfill
Keep it fresh (cron, timer): pipedrive-mirror sync
Keep it fresh (a service):   pipedrive-mirror daemon"
)]
pub(crate) struct Cli {
    /// Configuration file [env: PIPEDRIVE_MIRROR_CONFIG] [default: pipedrive-mirror.toml where present]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The SQLite file [env: PIPEDRIVE_MIRROR_DATABASE] [default: pipedrive.db]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,

    /// Log more: -v what is done, -vv every page, -vvv every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Log only errors, and show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch everything that is not there yet; goes on where an interrupted backfill stopped
    Backfill(Backfill),
    /// Fetch what changed, then exit: for cron and systemd timers
    Sync(Sync),
    /// Keep the mirror fresh until it is told to stop: by schedule, with a page, metrics and a health check
    #[command(after_help = "\
SIGTERM or SIGINT ends it after the page in hand, a second one at once; SIGHUP reads the configuration again. A first
run begins with the backfill. Its page is at http://127.0.0.1:8640 unless daemon.listen says otherwise.

Examples:
  pipedrive-mirror daemon
  pipedrive-mirror --config /etc/pipedrive-mirror.toml --log-format json daemon")]
    Daemon,
    /// Walk everything by id: repair what differs, and find what is gone
    Reconcile(Reconcile),
    /// Prove that the mirror equals the source, by the source's own figures
    Verify(Verify),
    /// Say what the next run costs, before anything is spent on it
    Plan(Plan),
    /// Show how fresh the mirror is, what was spent, and what went wrong
    Status(Json),
    /// Find out what is wrong, and what to do about it
    Doctor(Doctor),
    /// Ask in SQL, or one of the ready questions: reads, and cannot change anything
    Query(Query),
    /// Copy the database while it is in use (never with cp)
    Snapshot(Snapshot),
    /// Print the SQL of the database, with comments, or tell it in another form
    Schema(Schema),
    /// Write, check or show the configuration
    #[command(subcommand)]
    Config(Config),
    /// See the whole thing work, without an account: mirror a made-up company, edit it, sync, query
    Demo(Demo),
    /// Run the built-in stand-in for Pipedrive's API alone, to try a client against it
    Emulator(Emulator),
    /// Print a shell's completion script
    #[command(after_help = "\
Example: pipedrive-mirror completions bash > ~/.local/share/bash-completion/completions/pipedrive-mirror")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipedrive-mirror backfill                       everything, into pipedrive.db
  pipedrive-mirror --database crm.db backfill     into another file
  pipedrive-mirror backfill --since 2025-01-01    only deals changed since then
  pipedrive-mirror backfill --restart             walk everything again; unchanged rows are not rewritten")]
pub(crate) struct Backfill {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Mirror nothing that last changed before this date or instant; remembered by later runs
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Begin anew instead of going on; needed to change --since. Rows stay, and everything is read again: products and
    /// installments of all deals too, and what costs a request per deal where --entities names it
    #[arg(long)]
    pub(crate) restart: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipedrive-mirror sync                           both deal lists, and what else is due
  pipedrive-mirror sync --entities deal_fields    this one, due or not
  pipedrive-mirror sync --json                    the report as one JSON object")]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) which: Which,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Costs 10 for every 500 deals, 20 for every 500 archived ones, and what the children of those that differ cost.
`sync` does the same on its own schedule (reconcile.schedule), and after 28 days without a complete run.

Examples:
  pipedrive-mirror reconcile                       repair, and set a tombstone (_missing_since) on what is gone
  pipedrive-mirror reconcile --accept-missing 900  up to 900 deals may be gone
  pipedrive-mirror reconcile --accept-user         the token's new user sees everything there is to see")]
pub(crate) struct Reconcile {
    /// Only these lists, separated by commas: deals, deals_archived
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) entities: Vec<String>,

    /// Set up to this many tombstones, whatever reconcile.max_missing says
    #[arg(long, value_name = "N")]
    pub(crate) accept_missing: Option<u64>,

    /// Accept another user of the same company as the one through whose eyes the mirror sees
    #[arg(long)]
    pub(crate) accept_user: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Of a mirror that was filled once this sends nothing and is exact. Before that it asks whose token it is and how many deals
there are, at a cost of 42, and what is not known then is a range.

Examples:
  pipedrive-mirror plan            the next backfill or sync
  pipedrive-mirror plan --restart  reading everything again
  pipedrive-mirror plan --json     the same for a script")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) which: Which,

    /// What `backfill --restart` costs
    #[arg(long)]
    pub(crate) restart: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Only reads, whatever is typed: one statement, no other file, no settings. It needs no token and no lock. A parameter is
written :name; a file may give its defaults in its head, as the ready questions do (--show).

Examples:
  pipedrive-mirror query \"SELECT status, count(*) FROM deals GROUP BY status\"
  pipedrive-mirror query --list                               the ready questions and their parameters
  pipedrive-mirror query stale --param days=60
  pipedrive-mirror query stale --show > mine.sql              to change it
  pipedrive-mirror query --file mine.sql --format csv --spreadsheet > stale.csv
  echo \"SELECT * FROM deals\" | pipedrive-mirror query --file - --format ndjson")]
pub(crate) struct Query {
    /// SQL, or the name of a ready question
    #[arg(value_name = "SQL|NAME", required_unless_present_any = ["file", "list"])]
    pub(crate) sql: Option<String>,

    /// Read the SQL from this file; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    pub(crate) file: Option<PathBuf>,

    /// The value of a parameter: days=30 for :days. A number where it is written as one, otherwise text
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(crate) param: Vec<(String, String)>,

    /// How the rows look [default: table; with --spreadsheet csv]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,

    /// In CSV, let no text begin like a formula: an apostrophe is put before it
    #[arg(long)]
    pub(crate) spreadsheet: bool,

    /// Stop after this time, such as 5m; 0 for no limit. Time spent waiting for whoever reads the rows does not count
    #[arg(long, value_name = "TIME", value_parser = parse_timeout, default_value = "30s")]
    pub(crate) timeout: Duration,

    /// List the ready questions with their parameters
    #[arg(long, conflicts_with_all = ["sql", "file", "param", "show"])]
    pub(crate) list: bool,

    /// Print the SQL of a ready question instead of asking it
    #[arg(long, conflicts_with = "file")]
    pub(crate) show: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; 10,000 rows at most
    Table,
    /// RFC 4180
    Csv,
    /// One array of objects
    Json,
    /// One JSON object a line
    Ndjson,
    /// A table for a document; 10,000 rows at most
    Markdown,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The copy is one state of the database, checked, in one file that is yours alone (0600) and opens by itself. Whoever
writes meanwhile is not disturbed. It appears under its name when it is whole.

Examples:
  pipedrive-mirror snapshot backup.db
  pipedrive-mirror --database crm.db snapshot --force /backup/crm.db")]
pub(crate) struct Snapshot {
    /// Where to write the copy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipedrive-mirror schema --format markdown > schema.md
  pipedrive-mirror schema --format datasette > metadata.json
  datasette pipedrive.db --metadata metadata.json")]
pub(crate) struct Schema {
    /// In which form
    #[arg(long, value_enum, default_value_t = SchemaFormat::Sql, value_name = "FORMAT")]
    pub(crate) format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    /// The statements that made it
    Sql,
    /// A data dictionary
    Markdown,
    /// A diagram of what points to what
    Mermaid,
    /// Metadata for Datasette (JSON)
    Datasette,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Which {
    /// Only these, separated by commas: entity names, such as deals or deal_products
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) entities: Vec<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Json {
    /// Print one JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Write a configuration file in which every key is explained
    Init {
        /// Where to write it
        #[arg(default_value = "pipedrive-mirror.toml")]
        file: PathBuf,
    },
    /// Check the configuration
    Check {
        /// Also ask the source whose token it is (cost: 2)
        #[arg(long)]
        online: bool,
    },
    /// Show what is in force and where each value comes from; secrets are hidden
    Show(Json),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many deals the made-up company has
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) deals: u32,

    /// Keep the database here instead of in a temporary file
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,

    /// Makes the made-up company another one
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pipedrive-mirror emulator --deals 10000 &
  PIPEDRIVE_BASE_URL=http://127.0.0.1:8641 PIPEDRIVE_API_TOKEN=<the token it prints> pipedrive-mirror backfill
  pipedrive-mirror emulator --live 5/s --state company.jsonl")]
pub(crate) struct Emulator {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8641")]
    pub(crate) listen: SocketAddr,

    /// How many deals the made-up company begins with [default: 1000, or as --state has it]
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub(crate) deals: Option<u32>,

    /// The same seed makes the same company [default: 7, or as --state has it]
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Let the company work while clients read: so many acts per s, min or h, such as 5/s
    #[arg(long, value_name = "N/s|N/min|N/h")]
    pub(crate) live: Option<Rate>,

    /// Keep the company in this file, also through a kill, and go on with it next time
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Answer what upstream removed as it did before, instead of with 410
    #[arg(long)]
    pub(crate) removed_endpoints: bool,

    /// Requests allowed within 2 seconds, of which 10 may be searches; 0 for no limit
    #[arg(long, default_value_t = 120, value_name = "N")]
    pub(crate) requests_per_2s: u32,

    /// What may be spent a day
    #[arg(long, default_value_t = 210_000, value_name = "COST")]
    pub(crate) daily_budget: u64,

    /// How long every answer takes, such as 200ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0s")]
    pub(crate) latency: Duration,
}

/// Reads a date or an instant, cut to the second.
fn parse_since(text: &str) -> Result<Timestamp, String> {
    let instant = instant::parse(text).filter(|at| *at <= Timestamp::now());
    instant.ok_or_else(|| {
        "not a past date or instant; write it as 2025-01-01 or 2025-01-01T08:00:00Z".to_owned()
    })
}

fn parse_param(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    let name = name.trim().trim_start_matches([':', '@', '$']);
    if name.is_empty() {
        return Err("the name is missing; write it as name=value".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads a duration; a bare number counts seconds.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => parse_duration(text),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| "must not be negative".to_owned())
}
