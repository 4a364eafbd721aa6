//! The configuration: flags, environment and a TOML file become a [`Config`] that cannot be wrong.
//!
//! What it upholds:
//! - Precedence is flag, environment, file, default, key by key; where each value came from is remembered.
//! - Nothing here reads the process's environment or working directory: both are handed in, see [`Inputs`].
//! - No message, warning or listing holds the token, nor what stands where a token belongs.
//!
//! A key is one row of `key::KEYS` and one line of [`Config::load`]. The file is read as a tree rather than into
//! structs, so that an unknown key, wherever it stands, is answered with its place and the nearest known one.

mod daemon;
mod error;
mod example;
mod fanout;
mod file;
mod key;
mod layers;
mod limits;
mod nearest;
mod raw;
mod show;
mod source;
mod token;
mod trust;
mod value;
mod warning;

#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fmt,
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
    time::Duration,
};

use self::layers::Layers;
pub use self::{
    daemon::Daemon,
    error::ConfigError,
    example::{EXAMPLE, write_example},
    fanout::{Fanout, FanoutPolicy},
    file::DEFAULT_FILE,
    limits::{Ceiling, Reserve},
    nearest::nearest,
    show::Setting,
    source::{Place, Source},
    value::FileMode,
    warning::Warning,
};
use crate::{id::ApiToken, schedule::Schedule};

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`: the file to read instead of any other.
    pub config: Option<PathBuf>,
    /// `--database`: the database's path.
    pub database: Option<PathBuf>,
}

/// An entity that the program knows, with the schedule it has where none is configured.
#[derive(Debug, Clone, Copy)]
pub struct EntityDefaults {
    /// The entity's name, which is its table under `[entities]`.
    pub name: &'static str,
    /// A cron expression that [`Schedule::parse`] takes; `None` for an entity that follows another one and so has no
    /// schedule to configure.
    pub schedule: Option<&'static str>,
    /// Whether it may be mirrored as far as deals name its rows.
    pub scoped: bool,
}

/// Which rows of an entity are mirrored that deals name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowScope {
    /// Those that deals name.
    Deals,
    /// All.
    All,
}

impl RowScope {
    /// Every scope, the smaller one first.
    pub const EVERY: [Self; 2] = [Self::Deals, Self::All];

    /// Returns the name that stands in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::All => "all",
        }
    }
}

/// All that a configuration is made from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What the command line says.
    pub overrides: &'a Overrides,
    /// The environment: the value of a variable, `None` where it is not set.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// Where relative paths of files to read count from, and where [`DEFAULT_FILE`] is looked for.
    pub working_dir: &'a Path,
    /// The entities that `[entities.NAME]` may name, in the order in which they are listed.
    pub entities: &'a [EntityDefaults],
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { overrides, working_dir, entities, .. } = self;
        f.debug_struct("Inputs")
            .field("overrides", overrides)
            .field("working_dir", working_dir)
            .field("entities", entities)
            .finish_non_exhaustive()
    }
}

/// The configuration in force. Its `Debug` shows what [`Config::show`] shows, and so no secret.
#[derive(Clone)]
pub struct Config {
    /// The file that was read; `None` where there was none.
    pub file: Option<PathBuf>,
    /// Where the API is, as it was written: the caller checks it, and names [`Config::source`] in its message.
    pub base_url: String,
    /// The database's path as it was written; a relative one counts from the working directory.
    pub database: PathBuf,
    /// The permissions that a new database gets.
    pub database_mode: FileMode,
    /// Requests within 2 s, 1 to 1000; `None` where the answers' headers are to say.
    pub requests_per_2s: Option<NonZeroU32>,
    /// Cost that the company may spend a day, as a person says; `None` where the answers' headers are to say.
    pub daily_budget: Option<NonZeroU64>,
    /// The part of it that the mirror may spend, above 0 and up to 1.
    pub daily_share: f64,
    /// What must be left of the company's budget.
    pub reserve: Reserve,
    /// Requests under way at one time, 1 to 64.
    pub max_in_flight: NonZeroU32,
    /// How far before the mark an incremental read begins at least, 1 s to 30 days.
    pub overlap: Duration,
    /// How many rows a reconcile may give up for missing; `None`: 5 % of the live rows, at least 25.
    pub reconcile_max_missing: Option<Ceiling>,
    /// When a reconcile is due.
    pub reconcile_schedule: Schedule,
    /// What the daemon may spend a day on comparing the mirror with the source; 0: it does not.
    pub verify_daily_cost: u64,
    /// What is asked for deal by deal.
    pub fanout: Fanout,
    /// How the daemon shows itself.
    pub daemon: Daemon,
    /// Every known entity, in the order of [`Inputs::entities`].
    pub entities: Vec<EntityConfig>,
    /// What is allowed and yet worth a word.
    pub warnings: Vec<Warning>,
    token: Result<ApiToken, ConfigError>,
    settings: Vec<Setting>,
}

/// What is configured for one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityConfig {
    /// The entity's name.
    pub name: &'static str,
    /// Whether it is mirrored at all.
    pub enabled: bool,
    /// When it is due; `None` where [`EntityDefaults::schedule`] is.
    pub schedule: Option<Schedule>,
    /// Which rows are mirrored; `None` where [`EntityDefaults::scoped`] is not.
    pub scope: Option<RowScope>,
}

impl Config {
    /// Reads and checks the configuration.
    ///
    /// A token that is missing, or a token file that cannot be used, is no error here but in
    /// [`Config::require_token`]: `query` and `status` need none, and whoever runs them may not be allowed to read it.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place.
    pub fn load(inputs: &Inputs<'_>) -> Result<Self, ConfigError> {
        let file = file::load(inputs, &key::names(inputs.entities))?;
        let mut layers = Layers::new(inputs, file);
        let base_url = layers.require(&key::BASE_URL, value::text)?;
        let token = token::resolve(&mut layers, inputs.working_dir)?;
        let mut config = Self {
            file: layers.file_path(),
            base_url,
            database: layers.require(&key::DATABASE_PATH, value::path)?,
            database_mode: layers.require(&key::DATABASE_MODE, value::mode)?,
            requests_per_2s: layers.get(&key::REQUESTS_PER_2S, |raw| value::count(raw, 1000))?,
            daily_budget: layers.get(&key::DAILY_BUDGET, value::cost)?,
            daily_share: layers.require(&key::DAILY_SHARE, value::share)?,
            reserve: layers.require(&key::RESERVE, value::reserve)?,
            max_in_flight: layers.require(&key::MAX_IN_FLIGHT, |raw| value::count(raw, 64))?,
            overlap: layers
                .require(&key::OVERLAP, |raw| value::duration(raw, OVERLAP_MIN, OVERLAP_MAX))?,
            reconcile_max_missing: layers.get(&key::MAX_MISSING, value::ceiling)?,
            reconcile_schedule: layers.require(&key::RECONCILE_SCHEDULE, value::schedule)?,
            verify_daily_cost: layers.require(&key::VERIFY_DAILY_COST, value::cost_or_none)?,
            fanout: fanout(&mut layers)?,
            daemon: Daemon::read(&mut layers)?,
            entities: inputs
                .entities
                .iter()
                .map(|entity| layers.entity(entity))
                .collect::<Result<_, _>>()?,
            warnings: token.warning.into_iter().collect(),
            token: token.token,
            settings: layers.into_settings(),
        };
        if config.entities.iter().all(|entity| !entity.enabled) {
            config.warnings.push(Warning::NothingMirrored);
        }
        show::hide_secrets(&mut config.settings, config.token.as_ref().ok());
        Ok(config)
    }

    /// Returns the token.
    ///
    /// # Errors
    ///
    /// There is none (three lines that say where to find one and how to hand it over), or the file it should be in
    /// cannot be read or holds no token.
    pub fn require_token(&self) -> Result<&ApiToken, ConfigError> {
        self.token.as_ref().map_err(Clone::clone)
    }

    /// Returns what is configured for the entity `name`; `None` where it is not known.
    pub fn entity(&self, name: &str) -> Option<&EntityConfig> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// Returns every key with its value and source, in the order of the example file.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Returns where the value of `key` (`pipedrive.base_url`) came from; a key that does not exist has its default.
    pub fn source(&self, key: &str) -> Source {
        self.settings
            .iter()
            .find(|setting| setting.key == key)
            .map_or(Source::Default, |found| found.source.clone())
    }
}

fn fanout(layers: &mut Layers<'_>) -> Result<Fanout, ConfigError> {
    Ok(Fanout {
        followers: layers.require(&key::FOLLOWERS, value::fanout)?,
        discounts: layers.require(&key::DISCOUNTS, value::fanout)?,
        participants: layers.require(&key::PARTICIPANTS, value::fanout)?,
        daily_share: layers.require(&key::TRICKLE_SHARE, value::share_or_none)?,
        refresh_after: layers
            .require(&key::REFRESH_AFTER, |raw| value::duration(raw, REFRESH_MIN, REFRESH_MAX))?,
    })
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, settings, warnings, .. } = self;
        f.debug_struct("Config")
            .field("file", file)
            .field("settings", settings)
            .field("warnings", warnings)
            .finish_non_exhaustive()
    }
}

/// Less would not cover a second in which more was written after it was read.
const OVERLAP_MIN: Duration = Duration::from_secs(1);

/// More is what a reconcile is for.
const OVERLAP_MAX: Duration = Duration::from_secs(30 * 86_400);

/// More often costs a request per deal a day.
const REFRESH_MIN: Duration = Duration::from_secs(86_400);

/// Longer is never.
const REFRESH_MAX: Duration = Duration::from_secs(3_650 * 86_400);
