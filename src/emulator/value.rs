//! What a custom field can hold, and how the API writes it.

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

use super::{Id, field::FieldOption};

/// A currency code of three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Returns the currency with the given code, which must be ASCII.
    pub const fn new(code: [u8; 3]) -> Self {
        assert!(code.is_ascii(), "a currency code is ASCII");
        Self(code)
    }

    /// Returns the code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the constructor takes ASCII only")
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// An amount in hundredths, written as the API does: `70000`, `18250.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

impl Cents {
    /// Returns the amount in whole units.
    // Amounts stay far below the 2^53 that a JSON number keeps exactly.
    pub fn amount(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 100 == 0 {
            serializer.serialize_i64(self.0 / 100)
        } else {
            serializer.serialize_f64(self.amount())
        }
    }
}

/// A time of day in seconds since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(pub u32);

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A postal address; every part but the first may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// As it was typed.
    pub value: String,
    /// Flat or suite.
    pub subpremise: Option<String>,
    /// House number.
    pub street_number: Option<String>,
    /// Street.
    pub route: Option<String>,
    /// District.
    pub sublocality: Option<String>,
    /// Town.
    pub locality: Option<String>,
    /// State or county.
    pub admin_area_level_1: Option<String>,
    /// Region.
    pub admin_area_level_2: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// All in one line, as the map service writes it.
    pub formatted_address: Option<String>,
}

/// A value of a custom field; an unset one is not stored, and written as null.
///
/// Source: API v2 migration guide, "custom fields".
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `varchar`, `varchar_auto`, `text`, `phone`; deals may share one.
    Text(Arc<str>),
    /// `int`.
    Integer(i64),
    /// `double`.
    Double(f64),
    /// `boolean`.
    Boolean(bool),
    /// `monetary`.
    Money(Cents, Currency),
    /// `enum`: the id of an option.
    Option(Id),
    /// `set`: the ids of options.
    Options(Box<[Id]>),
    /// `user`, `org`, `people`: the id of a record.
    Reference(Id),
    /// `date`.
    Date(Date),
    /// `daterange`: first and last day.
    DateRange(Date, Date),
    /// `time`, in a time zone.
    Time(TimeOfDay, &'static str),
    /// `timerange`: begin and end, in a time zone.
    TimeRange(Box<(TimeOfDay, TimeOfDay, &'static str)>),
    /// `address`, shared between the deals of one customer.
    Address(Arc<Address>),
}

/// A value on its way into an answer; `labels` holds the options of its field when labels were asked for.
pub(super) struct ValueView<'a> {
    pub(super) value: &'a Value,
    pub(super) labels: Option<&'a [FieldOption]>,
}

impl Serialize for ValueView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Double(number) => serializer.serialize_f64(*number),
            Value::Boolean(flag) => serializer.serialize_bool(*flag),
            Value::Money(value, currency) => {
                pairs(serializer, ("value", value), ("currency", currency), None)
            }
            Value::Option(id) => match self.labels {
                Some(options) => label(*id, options).serialize(serializer),
                None => serializer.serialize_u32(*id),
            },
            Value::Options(ids) => {
                let mut seq = serializer.serialize_seq(Some(ids.len()))?;
                for id in ids {
                    match self.labels {
                        Some(options) => seq.serialize_element(&label(*id, options))?,
                        None => seq.serialize_element(id)?,
                    }
                }
                seq.end()
            }
            Value::Reference(id) => serializer.serialize_u32(*id),
            Value::Date(day) => serializer.collect_str(day),
            Value::DateRange(from, to) => {
                pairs(serializer, ("value", &from.to_string()), ("until", &to.to_string()), None)
            }
            Value::Time(time, zone) => {
                pairs(serializer, ("value", time), ("timezone_name", zone), None)
            }
            Value::TimeRange(range) => {
                pairs(serializer, ("value", &range.0), ("until", &range.1), Some(range.2))
            }
            Value::Address(address) => address.serialize(serializer),
        }
    }
}

/// An option as `include_option_labels` and `include_labels` write it.
#[derive(Serialize)]
pub(super) struct Label<'a> {
    id: Id,
    label: Option<&'a str>,
}

/// Returns the option `id` with its label; the label of an option that was removed is null.
pub(super) fn label(id: Id, options: &[FieldOption]) -> Label<'_> {
    Label {
        id,
        label: options.iter().find(|option| option.id == id).map(|option| option.label.as_str()),
    }
}

/// Writes an object of two members, and of a time zone where there is one.
fn pairs<S: Serializer, A: Serialize, B: Serialize>(
    serializer: S,
    first: (&'static str, &A),
    second: (&'static str, &B),
    zone: Option<&str>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(first.0, first.1)?;
    map.serialize_entry(second.0, second.1)?;
    if let Some(zone) = zone {
        map.serialize_entry("timezone_name", zone)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json(value: Value) -> serde_json::Value {
        serde_json::to_value(ValueView { value: &value, labels: None }).unwrap()
    }

    #[test]
    fn every_value_is_written_as_the_migration_guide_shows() {
        let eur = Currency::new(*b"EUR");
        assert_eq!(json(Value::Text("RFP".into())), json!("RFP"));
        assert_eq!(
            json(Value::Money(Cents(450_000), eur)),
            json!({"value": 4500, "currency": "EUR"})
        );
        assert_eq!(
            json(Value::Money(Cents(1_825_050), eur)),
            json!({"value": 18250.5, "currency": "EUR"})
        );
        assert_eq!(json(Value::Options(Box::new([12, 15]))), json!([12, 15]));
        let (from, to) = (jiff::civil::date(2026, 4, 1), jiff::civil::date(2026, 6, 30));
        assert_eq!(
            json(Value::DateRange(from, to)),
            json!({"value": "2026-04-01", "until": "2026-06-30"})
        );
        let range = (TimeOfDay(9 * 3_600), TimeOfDay(11 * 3_600 + 1_800), "Europe/London");
        assert_eq!(
            json(Value::TimeRange(Box::new(range))),
            json!({"value": "09:00:00", "until": "11:30:00", "timezone_name": "Europe/London"})
        );
    }

    #[test]
    fn a_removed_option_keeps_its_id_and_loses_its_label() {
        let value = Value::Option(7);
        let shown = serde_json::to_value(ValueView { value: &value, labels: Some(&[]) }).unwrap();
        assert_eq!(shown, json!({"id": 7, "label": null}));
    }
}
