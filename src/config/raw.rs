//! A value as it was written, before anyone asked what it should be.

use std::ffi::OsString;

use toml::de::DeValue;

use super::{key::Preset, token::looks_like_a_token};

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    /// Text of a flag or an environment variable, which know no other type.
    Outer(OsString),
    /// Text of the file or of a default.
    Text(String),
    /// A whole number.
    Whole(i128),
    /// True or false.
    Bool(bool),
    /// A number that is not whole, or too large, as it was written.
    Number(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Anything else, by what it is: `a list`, `a table`, `a date`.
    Other(&'static str),
}

impl Raw {
    /// Takes a value of the file.
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix())
            {
                Ok(whole) => Self::Whole(whole),
                Err(_) => Self::Number(number.to_string()),
            },
            DeValue::Float(number) => Self::Number(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Self::Bool(*truth),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(values) => values
                .iter()
                .map(|value| match value.get_ref() {
                    DeValue::String(text) => Some(text.clone().into_owned()),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map_or(Self::Other("a list"), Self::Texts),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// Returns the text; `None` where it is of another type or not Unicode.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Outer(text) => text.to_str(),
            Self::Whole(_) | Self::Bool(_) | Self::Number(_) | Self::Texts(_) | Self::Other(_) => {
                None
            }
        }
    }

    /// Returns the whole number, also from the text of a flag or variable.
    pub(super) fn whole(&self) -> Option<i128> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Outer(text) => text.to_str()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// Returns the number, whole or not, also from the text of a flag or variable.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.replace('_', "").parse().ok(),
            Self::Outer(text) => text.to_str()?.trim().parse().ok(),
            // No key takes numbers so large that a float cannot hold them.
            Self::Whole(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Returns the truth value, also from the text of a flag or variable.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Outer(text) => text.to_str()?.trim().parse().ok(),
            _ => None,
        }
    }

    /// Describes the value for "must be …, not …"; long texts are cut, a stray token is not told.
    pub(super) fn describe(&self) -> String {
        const LONGEST: usize = 60;
        match self {
            Self::Text(_) | Self::Outer(_) => {
                let Some(text) = self.text() else { return "text that is not Unicode".to_owned() };
                if looks_like_a_token(text) {
                    return "what looks like an API token".to_owned();
                }
                match text.char_indices().nth(LONGEST) {
                    Some((end, _)) => format!("the text {:?}", format!("{}…", &text[..end])),
                    None => format!("the text {text:?}"),
                }
            }
            Self::Whole(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(text) => text.clone(),
            Self::Texts(_) => "a list".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }

    /// Describes the type alone, for a key whose value must not be shown.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Outer(_) => "text",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Texts(_) => "a list",
            Self::Other(kind) => kind,
        }
    }

    /// Returns the value in TOML's types, for `config show`.
    pub(super) fn to_toml(&self) -> toml::Value {
        match self {
            Self::Text(text) => toml::Value::from(text.as_str()),
            Self::Outer(text) => toml::Value::from(text.to_string_lossy().into_owned()),
            Self::Whole(number) => {
                i64::try_from(*number).map_or_else(|_| number.to_string().into(), Into::into)
            }
            Self::Bool(truth) => toml::Value::from(*truth),
            Self::Number(text) => {
                self.number().map_or_else(|| text.as_str().into(), toml::Value::from)
            }
            Self::Texts(texts) => toml::Value::from(texts.clone()),
            Self::Other(kind) => toml::Value::from(*kind),
        }
    }
}

impl From<Preset> for Raw {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Text(text) => Self::Text(text.to_owned()),
            Preset::Whole(number) => Self::Whole(number.into()),
            Preset::Decimal(text) => Self::Number(text.to_owned()),
            Preset::Bool(truth) => Self::Bool(truth),
        }
    }
}
