//! Columns: the name the API gives a member, and what it may hold.

use super::{
    instant,
    json::{self, Shape},
    value::{Value, span},
};

/// One member of the API's object, and the column of the same name that holds it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The API's name, which is the column's.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds, and so how its values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// INTEGER.
    Int,
    /// REAL.
    Real,
    /// TEXT.
    Text,
    /// INTEGER 0 or 1.
    Bool,
    /// INTEGER 0 or 1; absent and null are 0.
    Flag,
    /// TEXT, an instant in whole seconds, UTC.
    Instant,
    /// TEXT, `YYYY-MM-DD`.
    Date,
    /// TEXT, the member's JSON as it came.
    Json,
    /// INTEGER, the id of a record that v1 sends whole: an object with `value` or `id`.
    Reference,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $function:ident => $kind:ident;)*) => {
        $($(#[$doc])* pub(crate) const fn $function(name: &'static str) -> Column {
            Column { name, kind: Kind::$kind }
        })*
    };
}
columns! {
    /// A whole number.
    int => Int;
    /// A number.
    real => Real;
    /// Characters.
    text => Text;
    /// Yes, no, or unknown.
    boolean => Bool;
    /// Yes or no.
    flag => Flag;
    /// An instant.
    instant => Instant;
    /// A date.
    date => Date;
    /// Kept as JSON.
    json => Json;
    /// Another record.
    reference => Reference;
}

/// A value as read, or why it is of the wrong type.
pub(crate) struct Read {
    pub(crate) value: Value,
    /// What came could not be represented exactly; the original stays in the raw text.
    pub(crate) misfit: bool,
}

impl Read {
    pub(crate) fn exact(value: Value) -> Self {
        Self { value, misfit: false }
    }

    pub(crate) fn misfit(value: Value) -> Self {
        Self { value, misfit: true }
    }
}

impl Kind {
    /// Returns what stands in the column when the member is absent.
    pub(crate) fn absent(self) -> Value {
        if self == Self::Flag { Value::Int(0) } else { Value::Null }
    }

    /// Reads `raw`, the exact text of one JSON value within `page`; `None` if it is of the wrong type.
    pub(crate) fn read(self, page: &str, raw: &str) -> Option<Read> {
        let shape = json::shape(raw);
        if shape == Shape::Null {
            return Some(Read::exact(self.absent()));
        }
        match self {
            Self::Int => int_of(shape),
            Self::Real => real_of(shape),
            Self::Text => text_of(page, raw, shape),
            Self::Bool | Self::Flag => boolean_of(shape),
            Self::Instant => instant_of(page, shape),
            Self::Date => date_of(page, shape),
            Self::Json => Some(Read::exact(span(page, raw))),
            Self::Reference => reference_of(raw, shape),
        }
    }
}

fn int_of(shape: Shape<'_>) -> Option<Read> {
    match shape {
        Shape::Number(number) => match number.parse::<i64>() {
            Ok(number) => Some(Read::exact(Value::Int(number))),
            // A number that no integer column can hold costs the value, not the row.
            Err(_) => Some(whole(number.parse().ok()?).unwrap_or(Read::misfit(Value::Null))),
        },
        // `"7"` is not what the API promises, but nothing is lost by reading it.
        Shape::String(quoted) => {
            Some(Read::misfit(Value::Int(json::unquote(quoted).text.parse().ok()?)))
        }
        Shape::Null | Shape::Bool(_) | Shape::Array | Shape::Object => None,
    }
}

fn reference_of(raw: &str, shape: Shape<'_>) -> Option<Read> {
    if shape != Shape::Object {
        return int_of(shape);
    }
    let mut found = None;
    json::members(raw, |name, raw| {
        if name == "value" || (name == "id" && found.is_none()) {
            found = int_of(json::shape(raw));
        }
    })
    .ok()?;
    found
}

/// Reads `3.0` and `3e2` as integers, as far as doubles hold every integer.
fn whole(number: f64) -> Option<Read> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within 2^53")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then(|| Read::exact(Value::Int(number as i64)))
}

fn real_of(shape: Shape<'_>) -> Option<Read> {
    match shape {
        Shape::Number(text) => {
            let number: f64 = text.parse().ok()?;
            if !number.is_finite() {
                return Some(Read::misfit(Value::Null));
            }
            Some(if comes_back(text, number) { Read::exact } else { Read::misfit }(Value::Real(
                number,
            )))
        }
        Shape::String(quoted) => {
            let number: f64 = json::unquote(quoted).text.parse().ok()?;
            number.is_finite().then(|| Read::misfit(Value::Real(number)))
        }
        Shape::Null | Shape::Bool(_) | Shape::Array | Shape::Object => None,
    }
}

/// Returns whether a double holds the decimal `text` so that the same decimal comes back.
fn comes_back(text: &str, number: f64) -> bool {
    // Every decimal of at most 15 digits survives a double.
    if text.len() <= 15 {
        return true;
    }
    let digits = |text: &str| -> String {
        let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    digits(text) == digits(&format!("{number:?}"))
}

fn text_of(page: &str, raw: &str, shape: Shape<'_>) -> Option<Read> {
    match shape {
        Shape::String(quoted) => Some(string(page, quoted)),
        Shape::Number(_) | Shape::Bool(_) => Some(Read::exact(span(page, raw))),
        Shape::Null | Shape::Array | Shape::Object => None,
    }
}

/// Reads a JSON string.
pub(crate) fn string(page: &str, quoted: &str) -> Read {
    let unquoted = json::unquote(quoted);
    let value = match unquoted.text {
        std::borrow::Cow::Borrowed(text) => span(page, text),
        std::borrow::Cow::Owned(text) => Value::Text(text.into()),
    };
    Read { value, misfit: unquoted.healed }
}

fn boolean_of(shape: Shape<'_>) -> Option<Read> {
    match shape {
        Shape::Bool(yes) => Some(Read::exact(Value::Int(yes.into()))),
        Shape::Number("0") => Some(Read::exact(Value::Int(0))),
        Shape::Number("1") => Some(Read::exact(Value::Int(1))),
        _ => None,
    }
}

fn instant_of(page: &str, shape: Shape<'_>) -> Option<Read> {
    let Shape::String(quoted) = shape else { return None };
    let unquoted = json::unquote(quoted).text;
    Some(match instant::normalize(&unquoted) {
        Some(same) if same == unquoted => string(page, quoted),
        Some(normalized) => Read::exact(Value::Text(normalized.as_ref().into())),
        None => Read { value: Value::Null, misfit: !is_no_date(&unquoted) },
    })
}

fn date_of(page: &str, shape: Shape<'_>) -> Option<Read> {
    let Shape::String(quoted) = shape else { return None };
    let unquoted = json::unquote(quoted).text;
    if instant::is_date(&unquoted) {
        return Some(string(page, quoted));
    }
    if let Some(at) = instant::normalize(&unquoted) {
        return Some(Read::misfit(Value::Text(at[..10].into())));
    }
    Some(Read { value: Value::Null, misfit: !is_no_date(&unquoted) })
}

/// Returns whether `text` is one of the API's ways to say that there is no date: `""` and the zero date.
fn is_no_date(text: &str) -> bool {
    text.is_empty() || text.starts_with("0000-00-00")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, raw: &str) -> String {
        match kind.read(raw, raw) {
            None => "wrong type".to_owned(),
            Some(Read { value, misfit }) => {
                let mark = if misfit { " misfit" } else { "" };
                match value.text(raw) {
                    Some(text) => format!("{text:?}{mark}"),
                    None => format!("{value:?}{mark}"),
                }
            }
        }
    }

    #[test]
    fn every_kind_reads_what_is_faithful_and_refuses_the_rest() {
        let table = [
            (Kind::Int, "7"),
            (Kind::Int, "9007199254740993"),
            (Kind::Int, "3.0"),
            (Kind::Int, "1.5"),
            (Kind::Int, "99999999999999999999"),
            (Kind::Int, r#""7""#),
            (Kind::Int, r#""many""#),
            (Kind::Int, "true"),
            (Kind::Real, "1"),
            (Kind::Real, "1.1"),
            (Kind::Real, "9007199254740993"),
            (Kind::Real, "0.1000000000000000055511151231257827"),
            (Kind::Real, "1e400"),
            (Kind::Real, r#""abc""#),
            (Kind::Real, "{}"),
            (Kind::Text, r#""a\u0000b""#),
            (Kind::Text, "12"),
            (Kind::Text, "[1]"),
            (Kind::Bool, "null"),
            (Kind::Flag, "null"),
            (Kind::Flag, "true"),
            (Kind::Bool, r#""yes""#),
            (Kind::Instant, r#""2026-02-03T16:40:21.5Z""#),
            (Kind::Instant, r#""later""#),
            (Kind::Instant, "5"),
            (Kind::Date, r#""0000-00-00""#),
            (Kind::Date, r#""2026-02-03T00:00:00Z""#),
            (Kind::Date, r#""2026-02-31""#),
            (Kind::Json, r#"{"a": 1}"#),
        ]
        .map(|(kind, raw)| format!("{kind:?} {raw} => {}", read(kind, raw)))
        .join("\n");
        insta::assert_snapshot!(table, @r#"
        Int 7 => Int(7)
        Int 9007199254740993 => Int(9007199254740993)
        Int 3.0 => Int(3)
        Int 1.5 => Null misfit
        Int 99999999999999999999 => Null misfit
        Int "7" => Int(7) misfit
        Int "many" => wrong type
        Int true => wrong type
        Real 1 => Real(1.0)
        Real 1.1 => Real(1.1)
        Real 9007199254740993 => Real(9007199254740992.0) misfit
        Real 0.1000000000000000055511151231257827 => Real(0.1) misfit
        Real 1e400 => Null misfit
        Real "abc" => wrong type
        Real {} => wrong type
        Text "a\u0000b" => "a�b" misfit
        Text 12 => "12"
        Text [1] => wrong type
        Bool null => Null
        Flag null => Int(0)
        Flag true => Int(1)
        Bool "yes" => wrong type
        Instant "2026-02-03T16:40:21.5Z" => "2026-02-03T16:40:21Z"
        Instant "later" => Null misfit
        Instant 5 => wrong type
        Date "0000-00-00" => Null
        Date "2026-02-03T00:00:00Z" => "2026-02-03" misfit
        Date "2026-02-31" => Null misfit
        Json {"a": 1} => "{\"a\": 1}"
        "#);
    }
}
