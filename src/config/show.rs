//! What is in force, for people and for scripts, with the secrets hidden.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Config, source::Source};
use crate::id::ApiToken;

/// A key, its value and where that came from. It never holds the token.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The whole key, `limits.max_in_flight`.
    pub key: String,
    /// Where the value came from.
    pub source: Source,
    pub(super) value: Shown,
}

/// What may be seen of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    /// All of it, as it was written.
    Value(toml::Value),
    /// That there is one.
    Hidden,
    /// That there is none, and what holds instead.
    Unset(&'static str),
}

impl Config {
    /// Renders what is in force as TOML that means the same, each value with its source; the token is left out.
    ///
    /// Ends with a line break.
    pub fn show(&self) -> String {
        let mut text = match &self.file {
            Some(path) => format!("# file: {}\n", path.display()),
            None => "# file: none\n".to_owned(),
        };
        let mut table = "";
        for setting in &self.settings {
            let (of, key) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
            if of != table {
                table = of;
                // Writing to a String cannot fail.
                let _ = write!(text, "\n[{table}]\n");
            }
            let line = setting.line(key);
            let _ = writeln!(text, "{line:<44}  # {}", setting.provenance());
        }
        for warning in &self.warnings {
            let _ = write!(text, "\n# warning: {warning}\n");
        }
        text
    }

    /// Returns the same as JSON: `{"file", "settings": [{"key", "value", "source"}], "warnings": []}`.
    ///
    /// The value of a token that is set is `"[REDACTED]"`; of a key that is not, null.
    pub fn to_json(&self) -> Value {
        let settings: Vec<Value> = self.settings.iter().map(Setting::to_json).collect();
        json!({
            "file": self.file.as_ref().map(|path| path.to_string_lossy()),
            "settings": settings,
            "warnings": self.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

impl Setting {
    fn line(&self, key: &str) -> String {
        match &self.value {
            Shown::Value(value) => format!("{key} = {value}"),
            Shown::Hidden => format!("#{key} = \"[REDACTED]\""),
            Shown::Unset(_) => format!("#{key} ="),
        }
    }

    fn provenance(&self) -> String {
        match &self.value {
            Shown::Unset(note) => format!("{}: {note}", self.source.provenance()),
            Shown::Value(_) | Shown::Hidden => self.source.provenance(),
        }
    }

    fn to_json(&self) -> Value {
        let value = match &self.value {
            Shown::Value(toml::Value::String(text)) => json!(text),
            Shown::Value(toml::Value::Integer(number)) => json!(number),
            Shown::Value(toml::Value::Float(number)) => json!(number),
            Shown::Value(toml::Value::Boolean(truth)) => json!(truth),
            Shown::Value(toml::Value::Array(list)) => {
                list.iter().filter_map(toml::Value::as_str).collect()
            }
            Shown::Value(other) => json!(other.to_string()),
            Shown::Hidden => json!("[REDACTED]"),
            Shown::Unset(_) => Value::Null,
        };
        json!({ "key": self.key, "value": value, "source": self.source.provenance() })
    }
}

/// Cuts out the token, and what may stand in a URL for one, wherever somebody put it by mistake.
pub(super) fn hide_secrets(settings: &mut [Setting], token: Option<&ApiToken>) {
    for setting in settings {
        if let Shown::Value(toml::Value::String(text)) = &mut setting.value {
            if let Some(token) = token {
                *text = token.redact(text);
            }
            *text = without_credentials(text);
        } else if let (Some(token), Shown::Value(toml::Value::Array(list))) =
            (token, &mut setting.value)
        {
            for text in list.iter_mut().filter_map(|item| match item {
                toml::Value::String(text) => Some(text),
                _ => None,
            }) {
                *text = token.redact(text);
            }
        }
    }
}

/// Returns a URL without its user, query and fragment, other texts as they are.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, cut) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], "?[REDACTED]"),
        None => (rest, ""),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://[REDACTED]@{host}{cut}"),
        None => format!("{scheme}://{rest}{cut}"),
    }
}
