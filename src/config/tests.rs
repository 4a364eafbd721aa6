//! The configuration as a whole, on a working directory, an environment and a command line of each test's own.

mod example;
mod layers;
mod shown;
mod trust;
mod wrong;

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use tempfile::TempDir;

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER_TOKEN: &str = "fedcba9876543210fedcba9876543210fedcba98";

const ENTITIES: [EntityDefaults; 15] = [
    listed("deals", "0 */5 * * * *"),
    listed("deals_archived", "0 0 * * * *"),
    listed("deal_fields", "0 0 0 * * *"),
    listed("pipelines", "0 0 0 * * *"),
    listed("stages", "0 0 0 * * *"),
    listed("users", "0 0 0 * * *"),
    listed("currencies", "0 0 0 * * *"),
    scoped("organizations", "0 0 0 * * *"),
    scoped("persons", "0 0 0 * * *"),
    listed("products", "0 0 0 * * *"),
    child("deal_products"),
    child("deal_installments"),
    child("deal_discounts"),
    child("deal_followers"),
    child("deal_participants"),
];

const fn listed(name: &'static str, schedule: &'static str) -> EntityDefaults {
    EntityDefaults { name, schedule: Some(schedule), scoped: false }
}

const fn scoped(name: &'static str, schedule: &'static str) -> EntityDefaults {
    EntityDefaults { name, schedule: Some(schedule), scoped: true }
}

const fn child(name: &'static str) -> EntityDefaults {
    EntityDefaults { name, schedule: None, scoped: false }
}

/// A working directory, an environment and a command line of a test's own.
struct Bench {
    dir: TempDir,
    env: BTreeMap<String, String>,
    overrides: Overrides,
}

impl Bench {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), env: BTreeMap::new(), overrides: Overrides::default() }
    }

    /// Puts a file into the working directory.
    fn file(self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> Self {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Puts the file there that is found without being named.
    fn toml(self, text: &str) -> Self {
        self.file(DEFAULT_FILE, text, 0o600)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flags(mut self, overrides: Overrides) -> Self {
        self.overrides = overrides;
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let env = |name: &str| self.env.get(name).map(Into::into);
        let inputs = Inputs {
            overrides: &self.overrides,
            env: &env,
            working_dir: self.dir.path(),
            entities: &ENTITIES,
        };
        Config::load(&inputs)
    }

    /// Loads what must be right.
    fn right(&self) -> Config {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Loads what must be wrong, the token included, and returns the message as the user sees it.
    fn wrong(&self) -> String {
        let error = self.load().and_then(|config| config.require_token().cloned()).unwrap_err();
        self.hide_dir(&format!("error: {error}"))
    }

    fn hide_dir(&self, text: &str) -> String {
        text.replace(self.dir.path().to_str().unwrap(), "DIR")
    }
}

/// Returns the messages for a table of files.
fn messages(files: &[&str]) -> String {
    let messages = files
        .iter()
        .map(|text| Bench::new().toml(text).wrong().replace("DIR/pipedrive-mirror.toml", "FILE"));
    messages.collect::<Vec<_>>().join("\n")
}
