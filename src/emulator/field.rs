//! Deal fields that a company adds, and their types.

use serde::{Deserialize, Serialize};

use super::{Id, second::Second, value::Value};

/// The types of a field that have a known value shape, and those of built-in fields.
///
/// Source: API reference v2, `field_type` of deal fields. Deliberately missing: types without a known value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is named as the API names it")]
pub enum FieldType {
    Varchar,
    VarcharAuto,
    Text,
    Phone,
    Int,
    Double,
    Boolean,
    Monetary,
    Enum,
    Set,
    User,
    Org,
    People,
    Date,
    DateRange,
    Time,
    TimeRange,
    Address,
    Status,
    Stage,
    VisibleTo,
}

impl FieldType {
    /// Every type that a custom field can have here.
    pub const CUSTOM: [Self; 18] = [
        Self::Varchar,
        Self::VarcharAuto,
        Self::Text,
        Self::Phone,
        Self::Int,
        Self::Double,
        Self::Boolean,
        Self::Monetary,
        Self::Enum,
        Self::Set,
        Self::User,
        Self::Org,
        Self::People,
        Self::Date,
        Self::DateRange,
        Self::Time,
        Self::TimeRange,
        Self::Address,
    ];

    /// Returns the name the API uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Varchar => "varchar",
            Self::VarcharAuto => "varchar_auto",
            Self::Text => "text",
            Self::Phone => "phone",
            Self::Int => "int",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Monetary => "monetary",
            Self::Enum => "enum",
            Self::Set => "set",
            Self::User => "user",
            Self::Org => "org",
            Self::People => "people",
            Self::Date => "date",
            Self::DateRange => "daterange",
            Self::Time => "time",
            Self::TimeRange => "timerange",
            Self::Address => "address",
            Self::Status => "status",
            Self::Stage => "stage",
            Self::VisibleTo => "visible_to",
        }
    }

    /// Returns whether a field of this type offers options to choose from.
    pub fn has_options(self) -> bool {
        matches!(self, Self::Enum | Self::Set)
    }

    /// Returns whether a field of this type can hold `value`.
    pub fn holds(self, value: &Value) -> bool {
        match value {
            Value::Text(_) => {
                matches!(self, Self::Varchar | Self::VarcharAuto | Self::Text | Self::Phone)
            }
            Value::Integer(_) => self == Self::Int,
            Value::Double(_) => self == Self::Double,
            Value::Boolean(_) => self == Self::Boolean,
            Value::Money(..) => self == Self::Monetary,
            Value::Option(_) => self == Self::Enum,
            Value::Options(_) => self == Self::Set,
            Value::Reference(_) => matches!(self, Self::User | Self::Org | Self::People),
            Value::Date(_) => self == Self::Date,
            Value::DateRange(..) => self == Self::DateRange,
            Value::Time(..) => self == Self::Time,
            Value::TimeRange(_) => self == Self::TimeRange,
            Value::Address(_) => self == Self::Address,
        }
    }
}

/// The number a field's values are stored under; never used again after the field is removed.
pub type Slot = u16;

/// A field a company added.
#[derive(Debug, Clone)]
pub struct CustomField {
    /// Where its values are.
    pub slot: Slot,
    /// Its key: 40 hexadecimal digits.
    pub code: String,
    /// Its name, which need not be unique.
    pub name: String,
    /// What it holds.
    pub field_type: FieldType,
    /// What there is to choose from, for `enum` and `set`.
    pub options: Vec<FieldOption>,
}

/// An option of an `enum` or `set` field.
#[derive(Debug, Clone)]
pub struct FieldOption {
    /// Its number, unique within the company.
    pub id: Id,
    /// What it says.
    pub label: String,
    /// The colour of a label.
    pub color: Option<&'static str>,
    /// When it was added.
    pub add_time: Second,
    /// When it was last changed.
    pub update_time: Option<Second>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_custom_type_has_its_own_name() {
        let names: std::collections::BTreeSet<_> =
            FieldType::CUSTOM.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FieldType::CUSTOM.len());
    }
}
