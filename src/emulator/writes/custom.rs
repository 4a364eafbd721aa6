//! Values of custom fields as a request writes them.
//!
//! Source: API v2 migration guide, "custom fields": they are written as they are read; null empties a field.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{
    super::{
        edit::DealChange,
        field::{CustomField, FieldType},
        query::{Refusal, date},
        value::{Address, TimeOfDay, Value},
        world::World,
    },
    body::{Body, cents, currency, id},
};

/// The time zones that this world can keep.
pub(in super::super) const ZONES: [&str; 6] = [
    "Etc/UTC",
    "Europe/London",
    "Europe/Tallinn",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
];

/// Reads `custom_fields`.
pub(super) fn changes(body: &Body, world: &World) -> Result<Vec<DealChange>, Refusal> {
    let Some(values) = body.get("custom_fields") else { return Ok(Vec::new()) };
    let values = values.as_object().ok_or_else(|| Refusal::mistyped("custom_fields", "object"))?;
    let change = |(code, json): (&String, &Json)| {
        let field = world.custom_fields().iter().find(|field| field.code == *code);
        let field = field.ok_or_else(|| Refusal::unknown("custom_fields", code))?;
        let value = match json {
            Json::Null => None,
            json => Some(value(field, json).ok_or_else(|| {
                Refusal::mistyped(&format!("custom_fields: {code}"), field.field_type.name())
            })?),
        };
        Ok(DealChange::Custom(code.clone(), value))
    };
    values.iter().map(change).collect()
}

/// Reads a value; `None`: it does not fit the field.
fn value(field: &CustomField, json: &Json) -> Option<Value> {
    let option =
        |json: &Json| id(json).filter(|id| field.options.iter().any(|option| option.id == *id));
    Some(match field.field_type {
        FieldType::Varchar | FieldType::VarcharAuto | FieldType::Text | FieldType::Phone => {
            Value::Text(json.as_str()?.into())
        }
        FieldType::Int => Value::Integer(json.as_i64()?),
        FieldType::Double => Value::Double(json.as_f64()?),
        FieldType::Boolean => Value::Boolean(json.as_bool()?),
        FieldType::Monetary => Value::Money(
            cents(json.get("value")?.as_f64()?)?,
            currency(json.get("currency")?.as_str()?)?,
        ),
        FieldType::Enum => Value::Option(option(json)?),
        FieldType::Set => {
            Value::Options(json.as_array()?.iter().map(option).collect::<Option<_>>()?)
        }
        FieldType::User | FieldType::Org | FieldType::People => Value::Reference(id(json)?),
        FieldType::Date => Value::Date(date(json.as_str()?)?),
        FieldType::DateRange => Value::DateRange(
            date(json.get("value")?.as_str()?)?,
            date(json.get("until")?.as_str()?)?,
        ),
        FieldType::Time => Value::Time(time(json.get("value")?)?, zone(json)?),
        FieldType::TimeRange => Value::TimeRange(Box::new((
            time(json.get("value")?)?,
            time(json.get("until")?)?,
            zone(json)?,
        ))),
        FieldType::Address => Value::Address(Arc::new(address(json)?)),
        FieldType::Status | FieldType::Stage | FieldType::VisibleTo => return None,
    })
}

/// Reads `HH:MM` or `HH:MM:SS`.
fn time(json: &Json) -> Option<TimeOfDay> {
    let parts = json.as_str()?.split(':').map(|part| part.parse::<u32>().ok());
    match parts.collect::<Option<Vec<_>>>()?[..] {
        [hour @ ..24, minute @ ..60] => Some(TimeOfDay(hour * 3_600 + minute * 60)),
        [hour @ ..24, minute @ ..60, second @ ..60] => {
            Some(TimeOfDay(hour * 3_600 + minute * 60 + second))
        }
        _ => None,
    }
}

/// Reads the time zone; UTC where none is named.
fn zone(json: &Json) -> Option<&'static str> {
    let Some(name) = json.get("timezone_name") else { return Some(ZONES[0]) };
    ZONES.into_iter().find(|zone| name == zone)
}

/// Reads an address; only its parts may be missing.
fn address(json: &Json) -> Option<Address> {
    let part = |name: &str| match json.get(name) {
        None | Some(Json::Null) => Some(None),
        Some(part) => part.as_str().map(|part| Some(part.to_owned())),
    };
    Some(Address {
        value: json.get("value")?.as_str()?.to_owned(),
        subpremise: part("subpremise")?,
        street_number: part("street_number")?,
        route: part("route")?,
        sublocality: part("sublocality")?,
        locality: part("locality")?,
        admin_area_level_1: part("admin_area_level_1")?,
        admin_area_level_2: part("admin_area_level_2")?,
        country: part("country")?,
        postal_code: part("postal_code")?,
        formatted_address: part("formatted_address")?,
    })
}
