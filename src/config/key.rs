//! The keys: a row each, in the order of the example file.

use std::path::PathBuf;

use super::{EntityDefaults, Overrides};

/// A key and all that is not about its type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    /// Its whole name, `limits.max_in_flight`.
    pub(super) name: &'a str,
    /// The environment variable that sets it.
    pub(super) env: Option<&'static str>,
    /// The flag that sets it.
    pub(super) flag: Option<Flag>,
    /// Its value where nobody sets it.
    pub(super) default: Option<Preset>,
    /// What holds where it is not set and has no default, as words for `config show`.
    pub(super) unset: &'static str,
    /// Whether its value must never be shown.
    pub(super) secret: bool,
}

/// A default.
#[derive(Debug, Clone, Copy)]
pub(super) enum Preset {
    /// A text.
    Text(&'static str),
    /// A whole number.
    Whole(u32),
    /// A number with a fraction, as it is written.
    Decimal(&'static str),
    /// True or false.
    Bool(bool),
}

/// A flag of the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    /// Its name with the dashes.
    pub(super) name: &'static str,
    /// Finds its value.
    pub(super) value: fn(&Overrides) -> Option<&PathBuf>,
}

/// The variable that names the file.
pub(super) const CONFIG_ENV: &str = "PIPEDRIVE_MIRROR_CONFIG";

pub(super) static BASE_URL: Key<'static> = Key::new("pipedrive.base_url")
    .env("PIPEDRIVE_BASE_URL")
    .default(Preset::Text("https://api.pipedrive.com"));
pub(super) static API_TOKEN: Key<'static> =
    Key::new("pipedrive.api_token").env("PIPEDRIVE_API_TOKEN").unset("not set").secret();
pub(super) static API_TOKEN_FILE: Key<'static> =
    Key::new("pipedrive.api_token_file").env("PIPEDRIVE_API_TOKEN_FILE").unset("not set");
pub(super) static DATABASE_PATH: Key<'static> = Key::new("database.path")
    .env("PIPEDRIVE_MIRROR_DATABASE")
    .flag("--database", |overrides| overrides.database.as_ref())
    .default(Preset::Text("pipedrive.db"));
pub(super) static DATABASE_MODE: Key<'static> =
    Key::new("database.mode").default(Preset::Text("0600"));
pub(super) static REQUESTS_PER_2S: Key<'static> =
    Key::new("limits.requests_per_2s").unset("learned from the answers' headers, 20 until then");
pub(super) static DAILY_BUDGET: Key<'static> =
    Key::new("limits.daily_budget").unset("learned from the answers' headers, 30000 until then");
pub(super) static DAILY_SHARE: Key<'static> =
    Key::new("limits.daily_share").default(Preset::Decimal("0.5"));
pub(super) static RESERVE: Key<'static> = Key::new("limits.reserve").default(Preset::Text("10%"));
pub(super) static MAX_IN_FLIGHT: Key<'static> =
    Key::new("limits.max_in_flight").default(Preset::Whole(8));
pub(super) static OVERLAP: Key<'static> = Key::new("sync.overlap").default(Preset::Text("60s"));
pub(super) static MAX_MISSING: Key<'static> =
    Key::new("reconcile.max_missing").unset("5 % of the live rows, at least 25");
pub(super) static RECONCILE_SCHEDULE: Key<'static> =
    Key::new("reconcile.schedule").default(Preset::Text("0 0 3 * * 0"));
pub(super) static VERIFY_DAILY_COST: Key<'static> =
    Key::new("verify.daily_cost").default(Preset::Whole(500));
pub(super) static FOLLOWERS: Key<'static> =
    Key::new("fanout.followers").default(Preset::Text("counter"));
pub(super) static DISCOUNTS: Key<'static> =
    Key::new("fanout.discounts").default(Preset::Text("counter"));
pub(super) static PARTICIPANTS: Key<'static> =
    Key::new("fanout.participants").default(Preset::Text("counter"));
pub(super) static TRICKLE_SHARE: Key<'static> =
    Key::new("fanout.daily_share").default(Preset::Decimal("0.25"));
pub(super) static REFRESH_AFTER: Key<'static> =
    Key::new("fanout.refresh_after").default(Preset::Text("90d"));

pub(super) static LISTEN: Key<'static> =
    Key::new("daemon.listen").default(Preset::Text("127.0.0.1:8640"));
pub(super) static ALLOW_REMOTE: Key<'static> =
    Key::new("daemon.allow_remote").default(Preset::Bool(false));
pub(super) static ALLOWED_HOSTS: Key<'static> =
    Key::new("daemon.allowed_hosts").unset("none besides this machine's own");
pub(super) static READY_WITHIN: Key<'static> =
    Key::new("daemon.ready_within").default(Preset::Text("30m"));

/// Every key outside `[entities]`.
pub(super) static KEYS: [&Key<'static>; 23] = [
    &BASE_URL,
    &API_TOKEN,
    &API_TOKEN_FILE,
    &DATABASE_PATH,
    &DATABASE_MODE,
    &REQUESTS_PER_2S,
    &DAILY_BUDGET,
    &DAILY_SHARE,
    &RESERVE,
    &MAX_IN_FLIGHT,
    &OVERLAP,
    &MAX_MISSING,
    &RECONCILE_SCHEDULE,
    &VERIFY_DAILY_COST,
    &FOLLOWERS,
    &DISCOUNTS,
    &PARTICIPANTS,
    &TRICKLE_SHARE,
    &REFRESH_AFTER,
    &LISTEN,
    &ALLOW_REMOTE,
    &ALLOWED_HOSTS,
    &READY_WITHIN,
];

/// What stands in `[entities.NAME]`.
pub(super) const ENABLED: &str = "enabled";
/// What stands in `[entities.NAME]` of an entity that has a schedule of its own.
pub(super) const SCHEDULE: &str = "schedule";

/// What stands in `[entities.NAME]` of an entity whose rows deals name.
pub(super) const SCOPE: &str = "scope";

/// Returns the whole name of an entity's key.
pub(super) fn entity(entity: &str, key: &str) -> String {
    format!("entities.{entity}.{key}")
}

/// Returns the whole name of every key there is.
pub(super) fn names(entities: &[EntityDefaults]) -> Vec<String> {
    let fixed = KEYS.iter().map(|key| key.name.to_owned());
    let per_entity = entities.iter().flat_map(|known| {
        let keys = [Some(ENABLED), known.schedule.map(|_| SCHEDULE), known.scoped.then_some(SCOPE)];
        keys.into_iter().flatten().map(|key| entity(known.name, key))
    });
    fixed.chain(per_entity).collect()
}

impl<'a> Key<'a> {
    pub(super) const fn new(name: &'a str) -> Self {
        Self { name, env: None, flag: None, default: None, unset: "", secret: false }
    }

    const fn env(self, name: &'static str) -> Self {
        Self { env: Some(name), ..self }
    }

    const fn flag(self, name: &'static str, value: fn(&Overrides) -> Option<&PathBuf>) -> Self {
        Self { flag: Some(Flag { name, value }), ..self }
    }

    pub(super) const fn default(self, value: Preset) -> Self {
        Self { default: Some(value), ..self }
    }

    const fn unset(self, note: &'static str) -> Self {
        Self { unset: note, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}
