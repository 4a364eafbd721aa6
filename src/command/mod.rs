//! The commands: each turns its arguments into one call of the library and the answer into words.

mod config;
mod daemon;
mod demo;
mod doctor;
mod emulator;
mod failure;
mod mirror;
mod plan;
mod print;
mod query;
mod quoted;
mod schema;
mod snapshot;
mod spending;
mod status;
mod upkeep;
mod verify;
mod wanted;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory as _;
use indicatif::MultiProgress;
use pipedrive_mirror::{
    config::{Config, ConfigError, EntityDefaults, Inputs, Overrides},
    entity::ENTITIES,
    exit::Exit,
};

pub(crate) use failure::Failure;

use crate::cli::{self, Cli, Command};

/// Carries out the command.
pub(crate) fn run(cli: Cli, bars: MultiProgress) -> Result<Exit, Failure> {
    let overrides = Overrides { config: cli.config, database: cli.database };
    // Lines of progress among JSON would be read by nobody.
    let quiet = cli.quiet || cli.log_format == cli::LogFormat::Json;
    match cli.command {
        Command::Backfill(args) => mirror::backfill(&load(&overrides)?, &args, bars, quiet),
        Command::Sync(args) => mirror::sync(&load(&overrides)?, &args, bars, quiet),
        Command::Daemon => daemon::daemon(&overrides),
        Command::Reconcile(args) => mirror::reconcile(&load(&overrides)?, &args, bars, quiet),
        Command::Verify(args) => verify::verify(&load(&overrides)?, &args, bars, quiet),
        Command::Plan(args) => plan::plan(&load(&overrides)?, &args),
        Command::Status(json) => status::status(&load(&overrides)?, json.json),
        Command::Doctor(args) => doctor::doctor(&overrides, &args),
        Command::Query(args) => query::query(&overrides, args),
        Command::Snapshot(args) => snapshot::snapshot(&load(&overrides)?, &args, &bars, quiet),
        Command::Schema(args) => schema::schema(&load(&overrides)?, args.format),
        Command::Config(cli::Config::Init { file }) => config::init(&file),
        Command::Config(cli::Config::Check { online }) => config::check(&load(&overrides)?, online),
        Command::Config(cli::Config::Show(json)) => config::show(&load(&overrides)?, json.json),
        Command::Demo(args) => demo::demo(&args, bars, quiet),
        Command::Emulator(args) => emulator::emulator(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "pipedrive-mirror", &mut script);
            print::text(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Complete)
        }
    }
}

/// Reads the configuration and says what is odd about it.
fn load(overrides: &Overrides) -> Result<Config, Failure> {
    let config = read_config(overrides)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(file) = &config.file {
        tracing::info!("Configuration from {}", file.display());
    }
    Ok(config)
}

/// Reads the configuration.
fn read_config(overrides: &Overrides) -> Result<Config, Failure> {
    Ok(try_config(overrides)??)
}

/// Reads the configuration, and keeps what is wrong with it apart from what keeps it from being read at all.
fn try_config(overrides: &Overrides) -> anyhow::Result<Result<Config, ConfigError>> {
    let working_dir = std::env::current_dir().context("the working directory cannot be read")?;
    let entities: Vec<EntityDefaults> = ENTITIES
        .iter()
        .map(|entity| EntityDefaults {
            name: entity.name,
            schedule: entity.schedule,
            scoped: entity.named.is_some(),
        })
        .collect();
    let env = |name: &str| std::env::var_os(name);
    Ok(Config::load(&Inputs {
        overrides,
        env: &env,
        working_dir: &working_dir,
        entities: &entities,
    }))
}

/// Returns `path` as a person would type it.
fn shown(path: &std::path::Path) -> String {
    let here: Option<PathBuf> = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    short.display().to_string()
}
