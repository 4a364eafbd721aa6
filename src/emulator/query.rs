//! Query parameters: decoding and the strict validation of v2.
//!
//! Source: API v2 migration guide: booleans are `true` or `false`, numbers are numbers, unknown parameters and unknown
//! members of a list are refused with 400.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date};

use super::{Id, answer, second::Second};
use crate::seams::Response;

/// Source: API reference v2, `ids` of deals, persons, organizations, products and activities, and `deal_ids`: "A maximum
/// of 100 deal IDs can be provided".
const MAX_IDS: usize = 100;
/// Source: API reference v2, `custom_fields` of deals, persons, organizations and products.
const MAX_CUSTOM_FIELDS: usize = 15;

/// What is wrong with a request; becomes a 400.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A parameter breaks the schema: its name and what is wrong with it.
    Invalid(String, String),
    /// A parameter was given twice.
    Repeated(String),
    /// The cursor is not one of ours, of another listing, or too old.
    Cursor,
    /// No filter has this id; this world knows none.
    Filter,
    /// There is no such deal, or not for the token's user; becomes a 404.
    NoDeal,
    /// A parameter that is required is not there.
    Missing(&'static str),
    /// Another status and its text, in the general form.
    Other(http::StatusCode, String),
}

impl Refusal {
    pub(super) fn invalid(name: &str, problem: &str) -> Self {
        Self::Invalid(name.to_owned(), problem.to_owned())
    }

    /// A value is not of its type.
    pub(super) fn mistyped(name: &str, kind: &str) -> Self {
        Self::invalid(name, &format!("The value is not a valid '{kind}'"))
    }

    /// A value is no time, or not in a form that is taken. Source: two clients report these words.
    pub(super) fn not_a_time(name: &str) -> Self {
        Self::invalid(name, "The value is not a valid datetime")
    }

    /// A member of an object or of a list of names is none that is known.
    pub(super) fn unknown(name: &str, key: &str) -> Self {
        Self::invalid(name, &format!("Unknown key '{key}'"))
    }

    /// A value is none of those that there are.
    pub(super) fn not_one_of<T>(name: &str, value: &str, choices: &[(&str, T)]) -> Self {
        let allowed = choices.iter().map(|(choice, _)| *choice).collect::<Vec<_>>().join(", ");
        Self::invalid(name, &format!("'{value}' is not one of: {allowed}"))
    }

    /// A number is too large.
    pub(super) fn over(name: &str, most: usize) -> Self {
        Self::invalid(name, &format!("The value must be at most {most}"))
    }

    /// A list is too long.
    fn too_many(name: &str, most: usize) -> Self {
        Self::invalid(name, &format!("At most {most} are allowed"))
    }

    pub(super) fn missing(name: &'static str) -> Self {
        Self::Missing(name)
    }

    pub(super) fn answer(&self) -> Response {
        let bad = http::StatusCode::BAD_REQUEST;
        match self {
            Self::Invalid(name, problem) => {
                answer::invalid(&format!("Validation failed: {name}: {problem}"))
            }
            // Source: client-nodejs issue 715: `querystring/deal_ids must be string`.
            Self::Repeated(name) => {
                answer::error(bad, &format!("querystring/{name} must be string"))
            }
            Self::Cursor => answer::error(bad, "Invalid pagination cursor"),
            Self::Filter => answer::error(bad, "Filter not found"),
            Self::NoDeal => answer::error(http::StatusCode::NOT_FOUND, "Deal not found"),
            Self::Missing(name) => {
                answer::error(bad, &format!("querystring must have required property '{name}'"))
            }
            Self::Other(status, text) => answer::error(*status, text),
        }
    }
}

/// The parameters of one request, in the order they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query string; `api_token` is the gateway's business and left out.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(decoded.collect())
    }

    /// Takes `api_token` out of the parameters.
    pub(super) fn take_token(&mut self) -> Option<String> {
        let place = self.0.iter().position(|(name, _)| name == "api_token")?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Refuses parameters that are not among `known`, and those that occur twice.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        self.check_repeatable(known, "")
    }

    /// The same, but `repeatable` may occur several times.
    pub(super) fn check_repeatable(&self, known: &[&str], repeatable: &str) -> Result<(), Refusal> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Refusal::unknown(name, name));
            }
            let repeated = self.0[..place].iter().any(|(earlier, _)| earlier == name);
            if repeated && name != repeatable {
                return Err(Refusal::Repeated(name.clone()));
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads a positive whole number.
    pub(super) fn id(&self, name: &str) -> Result<Option<Id>, Refusal> {
        self.get(name).map(|value| positive(name, value)).transpose()
    }

    /// Reads `true` or `false`; false when it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::mistyped(name, "boolean")),
        }
    }

    /// Reads a time without a fraction.
    ///
    /// Source: two clients report that milliseconds are refused with "not a valid datetime".
    pub(super) fn time(&self, name: &str) -> Result<Option<Second>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let time =
            Timestamp::from_str(value).ok().filter(|_| !value.contains('.') && value.contains('T'));
        match time {
            Some(time) => Ok(Some(Second::of(time))),
            None => Err(Refusal::not_a_time(name)),
        }
    }

    /// Reads a time as v1 takes it: also `YYYY-MM-DD HH:MM:SS`, in UTC.
    pub(super) fn loose_time(&self, name: &str) -> Result<Option<Second>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        Second::read(value).map(Some).ok_or_else(|| Refusal::not_a_time(name))
    }

    /// Reads a calendar day.
    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        date(value).map(Some).ok_or_else(|| Refusal::mistyped(name, "date"))
    }

    /// Reads a comma-separated list; `None` when it is not there.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.get(name).map(|value| value.split(',').map(str::trim).collect())
    }

    /// Reads a comma-separated list of ids.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<Id>>, Refusal> {
        self.list(name).map(|list| ids(name, list)).transpose()
    }

    /// Reads `include_fields`, whose members must be known.
    pub(super) fn included(&self, known: impl Fn(&str) -> bool) -> Result<Vec<&str>, Refusal> {
        all_known("include_fields", self.list("include_fields").unwrap_or_default(), known)
    }

    /// Reads `custom_fields`, whose keys must be known.
    pub(super) fn custom_fields(
        &self,
        known: impl Fn(&str) -> bool,
    ) -> Result<Option<Vec<&str>>, Refusal> {
        let Some(keys) = self.list("custom_fields") else { return Ok(None) };
        if keys.len() > MAX_CUSTOM_FIELDS {
            return Err(Refusal::too_many("custom_fields", MAX_CUSTOM_FIELDS));
        }
        all_known("custom_fields", keys, known).map(Some)
    }

    /// Refuses every filter: this world knows none.
    pub(super) fn check_filter(&self) -> Result<(), Refusal> {
        if self.id("filter_id")?.is_some() { Err(Refusal::Filter) } else { Ok(()) }
    }

    /// Reads a list whose members are separated by commas, by repeating the parameter, or both.
    pub(super) fn lists(&self, name: &str) -> Option<Vec<&str>> {
        let values = self.0.iter().filter(|(key, _)| key == name);
        let members = values.flat_map(|(_, value)| value.split(',').map(str::trim));
        Some(members.collect::<Vec<_>>()).filter(|members| !members.is_empty())
    }

    /// Reads one of `choices`.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        one_of(name, value, choices).map(Some)
    }
}

/// Refuses members of a list that are not known.
fn all_known<'a>(
    name: &str,
    members: Vec<&'a str>,
    known: impl Fn(&str) -> bool,
) -> Result<Vec<&'a str>, Refusal> {
    match members.iter().find(|member| !known(member)) {
        Some(unknown) => Err(Refusal::unknown(name, unknown)),
        None => Ok(members),
    }
}

/// Returns what `value` stands for.
pub(super) fn one_of<T: Copy>(
    name: &str,
    value: &str,
    choices: &[(&str, T)],
) -> Result<T, Refusal> {
    let choice = choices.iter().find(|(choice, _)| *choice == value);
    choice.map(|(_, meaning)| *meaning).ok_or_else(|| Refusal::not_one_of(name, value, choices))
}

/// Reads a positive whole number.
pub(super) fn positive(name: &str, value: &str) -> Result<Id, Refusal> {
    let number = value.parse::<Id>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::mistyped(name, "integer"))
}

/// Reads a list of positive whole numbers, of which there may be [`MAX_IDS`].
pub(super) fn ids(name: &str, list: Vec<&str>) -> Result<Vec<Id>, Refusal> {
    if list.len() > MAX_IDS {
        return Err(Refusal::too_many(name, MAX_IDS));
    }
    list.into_iter().map(|id| positive(name, id)).collect()
}

/// Reads `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<Date> {
    Date::from_str(text).ok().filter(|_| text.len() == 10)
}

/// Undoes percent-encoding and `+`; what is not UTF-8 becomes a replacement character.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *byte == b'%').and_then(hex);
        bytes.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads two hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|it| it.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_and_pluses_are_undone() {
        assert_eq!(decode("a%2Cb+c%3a%C3%A9"), "a,b c:é");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz"), "%zz");
    }

    #[test]
    fn a_repeated_or_unknown_parameter_is_refused() {
        let known = ["limit", "ids"];
        assert_eq!(Query::parse("limit=1&ids=2").check(&known), Ok(()));
        assert_eq!(Query::parse("ids=1&ids=2").check(&known), Err(Refusal::Repeated("ids".into())));
        assert!(
            matches!(Query::parse("since=1").check(&known), Err(Refusal::Invalid(name, _)) if name == "since")
        );
    }

    #[test]
    fn a_time_has_no_fraction_and_a_zone() {
        let time = |value: &str| Query::parse(&format!("t={value}")).time("t");
        assert!(time("2026-02-03T16:40:21Z").unwrap().is_some());
        assert!(time("2026-02-03T17:40:21%2B01:00").unwrap().is_some());
        for wrong in
            ["2026-02-03T16:40:21.000Z", "2026-02-03", "2026-02-03T16:40:21", "1770000000", ""]
        {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
