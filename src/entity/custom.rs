//! Custom fields: which columns a field has, and how its values are read.
//!
//! Source of the shapes: API reference, "v2 migration guide", and the payload examples of the v2 specification. A shape
//! that nobody documents is kept as JSON text; whatever does not fit its column is in the raw text of the deal.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    column::{Kind, Read, string},
    json::{self, Shape},
    value::{Value, span},
};

/// Where the values of custom fields go.
#[derive(Debug)]
pub struct CustomTable {
    /// The member of the parent's object that holds them all.
    pub member: &'static str,
    /// One row per parent, one column per field (or several).
    pub table: &'static str,
    /// One row per chosen option of fields of type `set`.
    pub options: &'static str,
    /// The parent's key in both tables.
    pub parent: &'static str,
    /// The table that describes the fields.
    pub fields: &'static str,
}

/// One column of a field: `None` for the field's own, else the member of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The member's name; `None` where the value itself or its member `value` is meant.
    pub member: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
}

const fn own(kind: Kind) -> Part {
    Part { member: None, kind }
}

const fn member(name: &'static str, kind: Kind) -> Part {
    Part { member: Some(name), kind }
}

/// Returns the columns of a field of type `field_type`; the first is the field's own.
pub fn parts(field_type: &str) -> &'static [Part] {
    const ADDRESS: &[Part] = &[
        own(Kind::Text),
        member("subpremise", Kind::Text),
        member("street_number", Kind::Text),
        member("route", Kind::Text),
        member("sublocality", Kind::Text),
        member("locality", Kind::Text),
        member("admin_area_level_1", Kind::Text),
        member("admin_area_level_2", Kind::Text),
        member("country", Kind::Text),
        member("postal_code", Kind::Text),
        member("formatted_address", Kind::Text),
    ];
    const MONETARY: &[Part] = &[own(Kind::Real), member("currency", Kind::Text)];
    const DATERANGE: &[Part] = &[own(Kind::Date), member("until", Kind::Date)];
    const TIME: &[Part] =
        &[own(Kind::Text), member("timezone_name", Kind::Text), member("timezone_id", Kind::Int)];
    const TIMERANGE: &[Part] = &[
        own(Kind::Text),
        member("until", Kind::Text),
        member("timezone_name", Kind::Text),
        member("timezone_id", Kind::Int),
    ];
    match field_type {
        "int" | "enum" | "user" | "org" | "people" | "deal" | "project" | "stage" | "activity" => {
            const { &[own(Kind::Int)] }
        }
        "boolean" => const { &[own(Kind::Bool)] },
        "double" => const { &[own(Kind::Real)] },
        "date" => const { &[own(Kind::Date)] },
        "set" => const { &[own(Kind::Json)] },
        "monetary" => MONETARY,
        "daterange" => DATERANGE,
        "time" => TIME,
        "timerange" => TIMERANGE,
        "address" => ADDRESS,
        _ => const { &[own(Kind::Text)] },
    }
}

/// Types of fields that people write words into.
const TEXTS: [&str; 5] = ["varchar", "varchar_auto", "text", "phone", "address"];

/// A custom field that has its columns.
#[derive(Debug, Clone)]
pub struct CustomField {
    /// The key of its values.
    pub code: String,
    /// Its type, as the API calls it.
    pub field_type: String,
    /// The names of its columns, in the order of [`parts`].
    pub columns: Vec<String>,
}

/// The custom fields as they are known: what a deal's values are read by.
#[derive(Debug, Default)]
pub struct Catalog {
    fields: Vec<Known>,
    by_code: HashMap<String, usize>,
    columns: Vec<String>,
}

#[derive(Debug)]
struct Known {
    code: String,
    is_set: bool,
    is_text: bool,
    parts: &'static [Part],
    at: Range<usize>,
}

impl Catalog {
    /// Builds the catalog of `fields`.
    pub fn new(fields: Vec<CustomField>) -> Self {
        let mut catalog = Self::default();
        for field in fields {
            let parts = parts(&field.field_type);
            let first = catalog.columns.len();
            catalog.columns.extend(field.columns);
            let at = first..catalog.columns.len();
            catalog.by_code.insert(field.code.clone(), catalog.fields.len());
            catalog.fields.push(Known {
                code: field.code,
                is_set: field.field_type == "set",
                is_text: TEXTS.contains(&field.field_type.as_str()),
                parts,
                at,
            });
        }
        catalog
    }

    /// Returns the names of all columns, in the order of [`CustomValues::values`].
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the columns whose text people search for.
    pub(crate) fn searched(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter(|field| field.is_text);
        fields.filter_map(|field| self.columns.get(field.at.start)).map(String::as_str)
    }

    /// Returns the code of the field with this number.
    pub fn code(&self, field: usize) -> &str {
        &self.fields[field].code
    }

    fn find(&self, code: &str, expected: usize) -> Option<usize> {
        if self.fields.get(expected).is_some_and(|field| field.code == code) {
            return Some(expected);
        }
        self.by_code.get(code).copied()
    }
}

/// The custom-field values of one row.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct CustomValues {
    /// A value per column of the catalog.
    pub values: Vec<Value>,
    /// The chosen options: number of the field, option.
    pub options: Vec<(usize, i64)>,
}

/// Reads `text`, the object that holds a row's custom fields.
///
/// Codes with a value that the catalog does not know are added to `unknown`; values that could not be represented are
/// counted in `misfits`.
///
/// # Errors
///
/// `text` is not an object.
pub(crate) fn read(
    page: &str,
    text: &str,
    catalog: &Catalog,
    unknown: &mut BTreeSet<String>,
    misfits: &mut u32,
) -> Result<CustomValues, serde_json::Error> {
    let mut found =
        CustomValues { values: vec![Value::Null; catalog.columns.len()], options: Vec::new() };
    let mut expected = 0;
    json::members(text, |code, raw| {
        if json::shape(raw) == Shape::Null {
            return;
        }
        let Some(number) = catalog.find(code, expected) else {
            unknown.insert(code.to_owned());
            return;
        };
        expected = number + 1;
        let field = &catalog.fields[number];
        if field.is_set {
            json::elements(raw, |option| match Kind::Int.read(page, option) {
                Some(Read { value: Value::Int(option), .. }) => {
                    found.options.push((number, option))
                }
                _ => *misfits += 1,
            })
            .unwrap_or_else(|_| *misfits += 1);
        }
        *misfits += read_field(page, raw, field.parts, &mut found.values[field.at.clone()]);
    })?;
    Ok(found)
}

/// Reads one field's value into its columns; returns how many values could not be represented.
fn read_field(page: &str, raw: &str, parts: &[Part], into: &mut [Value]) -> u32 {
    let mut misfits = 0;
    let mut put = |at: usize, kind: Kind, raw: &str| {
        let read = read_leniently(page, raw, kind);
        misfits += u32::from(read.misfit);
        into[at] = read.value;
    };
    if parts.len() == 1 || json::shape(raw) != Shape::Object {
        put(0, parts[0].kind, raw);
        return misfits;
    }
    let walked = json::members(raw, |name, raw| {
        let wanted = if name == "value" { None } else { Some(name) };
        if let Some(at) = parts.iter().position(|part| part.member == wanted) {
            put(at, parts[at].kind, raw);
        }
    });
    debug_assert!(walked.is_ok(), "a raw value is well-formed");
    misfits
}

/// Reads a value of any shape: what does not fit a text column is kept there as JSON, what does not fit a typed one is
/// left to the raw text.
fn read_leniently(page: &str, raw: &str, kind: Kind) -> Read {
    match (kind, json::shape(raw)) {
        (Kind::Text, Shape::Array | Shape::Object) => Read::exact(span(page, raw)),
        (Kind::Text, Shape::String(quoted)) => string(page, quoted),
        _ => kind.read(page, raw).unwrap_or_else(|| Read::misfit(Value::Null)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(code: &str, field_type: &str) -> CustomField {
        let columns = parts(field_type)
            .iter()
            .map(|part| part.member.map_or(code.to_owned(), |member| format!("{code}_{member}")))
            .collect();
        CustomField { code: code.into(), field_type: field_type.into(), columns }
    }

    fn show(field_type: &str, raw: &str) -> String {
        let catalog = Catalog::new(vec![field("k", field_type)]);
        let page = format!(r#"{{"k":{raw},"empty":null,"new":1}}"#);
        let (mut unknown, mut misfits) = (BTreeSet::new(), 0);
        let read = read(&page, &page, &catalog, &mut unknown, &mut misfits).unwrap();
        assert_eq!(unknown, BTreeSet::from(["new".to_owned()]));
        let mut shown: Vec<_> = catalog
            .columns()
            .iter()
            .zip(&read.values)
            .filter(|(_, value)| !value.is_null())
            .map(|(column, value)| match value.text(&page) {
                Some(text) => format!("{column}={text}"),
                None => format!("{column}={value:?}"),
            })
            .collect();
        shown.extend(read.options.iter().map(|(_, option)| format!("option {option}")));
        if misfits > 0 {
            shown.push(format!("misfits {misfits}"));
        }
        shown.join(", ")
    }

    #[test]
    fn every_documented_shape_has_its_columns() {
        let table = [
            ("varchar", r#""my text""#),
            ("double", "500"),
            ("monetary", r#"{"value":500,"currency":"USD"}"#),
            ("monetary", "500"),
            ("enum", "123"),
            ("set", "[123,456]"),
            ("user", "1234"),
            ("date", r#""2024-01-01""#),
            ("daterange", r#"{"value":"2024-01-01","until":"2024-02-01"}"#),
            ("time", r#"{"value":"09:00:00","timezone_name":"Europe/London"}"#),
            (
                "timerange",
                r#"{"value":"09:00:00","until":"11:00:00","timezone_name":"Europe/London"}"#,
            ),
            (
                "address",
                r#"{"value":"530 Fifth Avenue","locality":"New York","route":null,"new_member":1}"#,
            ),
            ("phone", r#""+49 30""#),
            ("json", r#"{"a":[1]}"#),
            ("picture", "17"),
            ("enum", r#"{"id":191,"label":"Company"}"#),
            ("set", r#""1,2""#),
        ]
        .map(|(field_type, raw)| format!("{field_type} {raw} => {}", show(field_type, raw)))
        .join("\n");
        insta::assert_snapshot!(table, @r#"
        varchar "my text" => k=my text
        double 500 => k=Real(500.0)
        monetary {"value":500,"currency":"USD"} => k=Real(500.0), k_currency=USD
        monetary 500 => k=Real(500.0)
        enum 123 => k=Int(123)
        set [123,456] => k=[123,456], option 123, option 456
        user 1234 => k=Int(1234)
        date "2024-01-01" => k=2024-01-01
        daterange {"value":"2024-01-01","until":"2024-02-01"} => k=2024-01-01, k_until=2024-02-01
        time {"value":"09:00:00","timezone_name":"Europe/London"} => k=09:00:00, k_timezone_name=Europe/London
        timerange {"value":"09:00:00","until":"11:00:00","timezone_name":"Europe/London"} => k=09:00:00, k_until=11:00:00, k_timezone_name=Europe/London
        address {"value":"530 Fifth Avenue","locality":"New York","route":null,"new_member":1} => k=530 Fifth Avenue, k_locality=New York
        phone "+49 30" => k=+49 30
        json {"a":[1]} => k={"a":[1]}
        picture 17 => k=17
        enum {"id":191,"label":"Company"} => misfits 1
        set "1,2" => k="1,2", misfits 1
        "#);
    }
}
