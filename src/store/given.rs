//! The values that a person gives to the parameters of a query.

use rusqlite::{
    ToSql,
    types::{ToSqlOutput, Value, ValueRef},
};

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
}

impl Given {
    /// Reads a number where `text` is written as one, otherwise text. `007` and `+5` are text: a number would lose what
    /// they begin with.
    pub fn read(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0."))
            && text != "-0";
        if plain && let Ok(number) = text.parse() {
            return Self::Integer(number);
        }
        match text.parse::<f64>() {
            Ok(number) if plain && number.is_finite() && text.contains(['.', 'e', 'E']) => {
                Self::Real(number)
            }
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl ToSql for Given {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_a_number_is_one() {
        let read = |text| Given::read(text);
        for (text, number) in [("0", 0), ("30", 30), ("-5", -5)] {
            assert_eq!(read(text), Given::Integer(number));
        }
        for (text, number) in [
            ("0.5", 0.5),
            ("-1.25", -1.25),
            ("1e3", 1000.0),
            ("1234567890123456789.5", 1.234_567_890_123_456_8e18),
        ] {
            assert_eq!(read(text), Given::Real(number));
        }
        for text in [
            "",
            "-",
            "007",
            "+49",
            "inf",
            "nan",
            "1e999",
            "2026-01-01",
            "1.2.3",
            ".5",
            "9223372036854775808",
            "-0",
            "0x10",
        ] {
            assert_eq!(read(text), Given::Text(text.to_owned()), "{text}");
        }
    }
}
