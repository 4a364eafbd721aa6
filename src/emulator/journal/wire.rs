//! How the parts of an edit are written into a state file and read back, where they are not written as they are.
//!
//! Amounts, seconds, currencies and times of day are written as the API writes them; a value of a custom field with the
//! name of its kind, since the API's form alone does not tell a date from a text.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::super::{
    Id,
    deal::CloseDate,
    second::Second,
    value::{Address, Cents, Currency, TimeOfDay, Value},
    writes::ZONES,
};

impl<'de> Deserialize<'de> for Second {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self::of)
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Amounts stay far below the 2^53 that a JSON number keeps exactly.
        f64::deserialize(deserializer).map(|amount| Self((amount * 100.0).round() as i64))
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(code) if code.is_ascii() => Ok(Self::new(code)),
            _ => Err(D::Error::custom("a currency has three letters")),
        }
    }
}

impl<'de> Deserialize<'de> for CloseDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        if text == Self::ZERO {
            Ok(Self::Zero)
        } else {
            text.parse().map(Self::On).map_err(D::Error::custom)
        }
    }
}

/// A value of a custom field, in types that are their own owners.
#[derive(Serialize, Deserialize)]
enum Stored {
    Text(Box<str>),
    Integer(i64),
    Double(f64),
    Boolean(bool),
    Money(Cents, Currency),
    Option(Id),
    Options(Box<[Id]>),
    Reference(Id),
    Date(Date),
    DateRange(Date, Date),
    /// Seconds since midnight, and the time zone.
    Time(u32, String),
    TimeRange(u32, u32, String),
    Address(Box<Address>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match self.clone() {
            Self::Text(text) => Stored::Text((*text).into()),
            Self::Integer(number) => Stored::Integer(number),
            Self::Double(number) => Stored::Double(number),
            Self::Boolean(flag) => Stored::Boolean(flag),
            Self::Money(amount, currency) => Stored::Money(amount, currency),
            Self::Option(id) => Stored::Option(id),
            Self::Options(ids) => Stored::Options(ids),
            Self::Reference(id) => Stored::Reference(id),
            Self::Date(day) => Stored::Date(day),
            Self::DateRange(from, to) => Stored::DateRange(from, to),
            Self::Time(time, zone) => Stored::Time(time.0, zone.to_owned()),
            Self::TimeRange(range) => Stored::TimeRange(range.0.0, range.1.0, range.2.to_owned()),
            Self::Address(address) => Stored::Address(Box::new((*address).clone())),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let zone = |name: String| {
            let known = ZONES.into_iter().find(|zone| *zone == name);
            known.ok_or_else(|| D::Error::custom("a time zone that this world does not know"))
        };
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Text(text) => Self::Text(text.into()),
            Stored::Integer(number) => Self::Integer(number),
            Stored::Double(number) => Self::Double(number),
            Stored::Boolean(flag) => Self::Boolean(flag),
            Stored::Money(amount, currency) => Self::Money(amount, currency),
            Stored::Option(id) => Self::Option(id),
            Stored::Options(ids) => Self::Options(ids),
            Stored::Reference(id) => Self::Reference(id),
            Stored::Date(day) => Self::Date(day),
            Stored::DateRange(from, to) => Self::DateRange(from, to),
            Stored::Time(time, name) => Self::Time(TimeOfDay(time), zone(name)?),
            Stored::TimeRange(from, to, name) => {
                Self::TimeRange(Box::new((TimeOfDay(from), TimeOfDay(to), zone(name)?)))
            }
            Stored::Address(address) => Self::Address(Arc::from(address)),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_kind_of_value_is_read_back_as_it_was() {
        let (from, to) = (date(2026, 4, 1), date(2026, 6, 30));
        let times = (TimeOfDay(32_400), TimeOfDay(41_400), ZONES[5]);
        for value in [
            Value::Text("„Zitat“\n\t\\ 予算".into()),
            Value::Integer(i64::MIN),
            Value::Double(0.1 + 0.2),
            Value::Boolean(false),
            Value::Money(Cents(1_825_051), Currency::new(*b"SEK")),
            Value::Option(7),
            Value::Options(Box::new([])),
            Value::Reference(9),
            Value::Date(from),
            Value::DateRange(from, to),
            Value::Time(TimeOfDay(86_399), ZONES[0]),
            Value::TimeRange(Box::new(times)),
        ] {
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn a_close_date_is_read_back_though_it_is_none() {
        for (day, text) in [
            (CloseDate::Zero, r#""0000-00-00""#),
            (CloseDate::On(date(2026, 4, 1)), r#""2026-04-01""#),
        ] {
            assert_eq!(serde_json::to_string(&day).unwrap(), text);
            assert_eq!(serde_json::from_str::<CloseDate>(text).unwrap(), day);
        }
        assert!(serde_json::from_str::<CloseDate>(r#""2026-00-01""#).is_err());
    }

    #[test]
    fn amounts_keep_their_last_cent() {
        for cents in [0, 1, -1, 29, 115, 100, 1_005, 999_999_999_999, -123_456_789] {
            let text = serde_json::to_string(&Cents(cents)).unwrap();
            assert_eq!(serde_json::from_str::<Cents>(&text).unwrap(), Cents(cents), "{text}");
        }
    }

    #[test]
    fn what_no_world_writes_is_no_value() {
        for text in [r#"{"Time":[1,"Mars/Base"]}"#, r#"{"Money":[1,"EURO"]}"#, r#""Text""#] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
