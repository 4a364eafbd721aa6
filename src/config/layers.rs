//! The layers, and what each key is after all of them.

use std::path::PathBuf;

use super::{
    ConfigError, EntityConfig, EntityDefaults, Inputs, RowScope,
    file::FileLayer,
    key::{self, Key, Preset},
    raw::Raw,
    show::{Setting, Shown},
    source::Source,
    value::{self, Refused},
};

/// The layers, and a record of every key that was asked for.
pub(super) struct Layers<'a> {
    inputs: &'a Inputs<'a>,
    file: Option<FileLayer>,
    settings: Vec<Setting>,
}

/// A layer above the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The file.
    File,
}

/// From the one that holds against all others downwards.
pub(super) const PRECEDENCE: [Layer; 3] = [Layer::Flag, Layer::Environment, Layer::File];

impl<'a> Layers<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, file: Option<FileLayer>) -> Self {
        Self { inputs, file, settings: Vec::new() }
    }

    pub(super) fn file_path(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|file| file.path.clone())
    }

    pub(super) fn into_settings(self) -> Vec<Setting> {
        self.settings
    }

    /// Returns what one layer says about `key`.
    ///
    /// # Errors
    ///
    /// It is set to nothing in a layer that knows only text: a script's variable that came out empty more often than a
    /// wish for the layer below, which may hold another company's token.
    pub(super) fn at(
        &self,
        layer: Layer,
        key: &Key<'_>,
    ) -> Result<Option<(Raw, Source)>, ConfigError> {
        let (text, origin) = match layer {
            Layer::File => {
                let found = self.file.as_ref().and_then(|file| file.values.get(key.name));
                return Ok(found.map(|(raw, place)| (raw.clone(), Source::File(place.clone()))));
            }
            Layer::Environment => {
                let Some(name) = key.env else { return Ok(None) };
                ((self.inputs.env)(name), Source::Environment(name))
            }
            Layer::Flag => {
                let Some(flag) = key.flag else { return Ok(None) };
                let path = (flag.value)(self.inputs.overrides);
                (path.map(|path| path.clone().into_os_string()), Source::Flag(flag.name))
            }
        };
        match text {
            Some(text) if text.is_empty() => Err(ConfigError::Empty { origin }),
            Some(text) => Ok(Some((Raw::Outer(text), origin))),
            None => Ok(None),
        }
    }

    /// Returns the value of `key`, `None` where nobody set it and it has no default, and records it.
    pub(super) fn get<T>(
        &mut self,
        key: &Key<'_>,
        parse: impl FnOnce(&Raw) -> Result<T, Refused>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((raw, source)) = self.find(key)? else {
            self.record(key, Shown::Unset(key.unset), Source::Default);
            return Ok(None);
        };
        let value = parse(&raw).map_err(|refused| invalid(key, &raw, &source, refused))?;
        self.record(key, Shown::Value(raw.to_toml()), source);
        Ok(Some(value))
    }

    /// Returns the value of `key` as [`Self::get`] does, for a key before it whose meaning hangs on it: nothing is recorded.
    pub(super) fn peek<T>(
        &self,
        key: &Key<'_>,
        parse: impl FnOnce(&Raw) -> Result<T, Refused>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((raw, source)) = self.find(key)? else { return Ok(None) };
        parse(&raw).map(Some).map_err(|refused| invalid(key, &raw, &source, refused))
    }

    fn find(&self, key: &Key<'_>) -> Result<Option<(Raw, Source)>, ConfigError> {
        for layer in PRECEDENCE {
            if let Some(found) = self.at(layer, key)? {
                return Ok(Some(found));
            }
        }
        Ok(key.default.map(|default| (default.into(), Source::Default)))
    }

    /// Returns the value of a `key` that has a default, and records it.
    pub(super) fn require<T>(
        &mut self,
        key: &Key<'_>,
        parse: impl FnOnce(&Raw) -> Result<T, Refused>,
    ) -> Result<T, ConfigError> {
        self.get(key, parse)?.ok_or_else(|| ConfigError::Unset { key: key.name.to_owned() })
    }

    /// Returns what is configured for one entity.
    pub(super) fn entity(&mut self, entity: &EntityDefaults) -> Result<EntityConfig, ConfigError> {
        let [enabled, schedule, scope] =
            [key::ENABLED, key::SCHEDULE, key::SCOPE].map(|name| key::entity(entity.name, name));
        Ok(EntityConfig {
            name: entity.name,
            enabled: self.require(&Key::new(&enabled).default(Preset::Bool(true)), value::truth)?,
            schedule: match entity.schedule {
                Some(own) => {
                    self.get(&Key::new(&schedule).default(Preset::Text(own)), value::schedule)?
                }
                None => None,
            },
            scope: if entity.scoped {
                let default = Preset::Text(RowScope::Deals.name());
                self.get(&Key::new(&scope).default(default), value::row_scope)?
            } else {
                None
            },
        })
    }

    /// Notes what `key` is and where that came from.
    pub(super) fn record(&mut self, key: &Key<'_>, value: Shown, source: Source) {
        self.settings.push(Setting { key: key.name.to_owned(), value, source });
    }
}

/// Makes the error for a value that was refused.
pub(super) fn invalid(key: &Key<'_>, raw: &Raw, origin: &Source, refused: Refused) -> ConfigError {
    let found = if key.secret { raw.kind().to_owned() } else { raw.describe() };
    ConfigError::Invalid {
        origin: origin.clone(),
        key: key.name.to_owned(),
        allowed: refused.allowed,
        found: refused.why.map_or(found.clone(), |why| format!("{found} ({why})")),
    }
}
