//! From the exact text of one object to the values of its row.
//!
//! Decoding is lenient where nothing is lost by it: unknown members, absent members and null never fail a row. A member
//! of the wrong type does, and so does a row without a key: such a row is kept in quarantine, with the reason.

use std::{collections::BTreeSet, ops::Range};

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    Catalog, Entity, List, Table, Takes,
    custom::{self, CustomValues},
    instant,
    json::{self, Shape},
    value::Value,
};

/// Number of this decoder. Raised whenever it reads a row differently: rows stored by another one are stored anew, and
/// quarantined rows are tried again.
pub const DECODER: u64 = 2;

/// Returns what a row is recognised by as unchanged: a hash of its exact text and of the decoder's number.
pub fn hash(text: &str) -> i64 {
    xxh3_64_with_seed(text.as_bytes(), DECODER).cast_signed()
}

/// One row, ready to be stored. Its texts are in the page it came with.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// A value per column of the table; the first is the key.
    pub values: Vec<Value>,
    /// Per list of the table, its elements: a value per column.
    pub lists: Vec<Vec<Vec<Value>>>,
    /// Custom-field values, where the table has them.
    pub custom: Option<CustomValues>,
    /// Members that have no column, as a JSON object.
    pub extra: Option<Box<str>>,
    /// When the source last changed the row; `None` where it does not say.
    pub changed: Option<Timestamp>,
    /// Where the exact text stands in the page.
    pub raw: Range<usize>,
    /// [`hash`] of that text.
    pub hash: i64,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its key as text, if at least that could be read, else empty.
    pub key: String,
    /// Where its exact text stands in the page.
    pub raw: Range<usize>,
    /// Why it could not be read.
    pub reason: String,
}

/// What the rows of one page became.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The rows that could be read, in the page's order.
    pub records: Vec<Record>,
    /// The rows that could not.
    pub unreadable: Vec<Unreadable>,
    /// Codes of custom fields that hold a value and are not in the catalog.
    pub unknown_fields: BTreeSet<String>,
    /// Single values that could not be represented exactly; the originals are in the raw text.
    pub misfits: u64,
}

/// Decodes the `rows` of `page`, each the place of one object's text in it.
pub fn decode(entity: &Entity, catalog: &Catalog, page: &str, rows: &[Range<usize>]) -> Decoded {
    let mut decoded = Decoded { records: Vec::with_capacity(rows.len()), ..Decoded::default() };
    for row in rows {
        let mut misfits = 0;
        match record(entity.table, catalog, page, row, &mut decoded.unknown_fields, &mut misfits) {
            Ok(record) => decoded.records.push(record),
            Err(unreadable) => decoded.unreadable.push(unreadable),
        }
        decoded.misfits += u64::from(misfits);
    }
    decoded
}

fn record(
    table: &'static Table,
    catalog: &Catalog,
    page: &str,
    at: &Range<usize>,
    unknown: &mut BTreeSet<String>,
    misfits: &mut u32,
) -> Result<Record, Unreadable> {
    let text = &page[at.clone()];
    let mut reader = Reader::new(table, page);
    let walked = json::members(text, |name, raw| reader.member(name, raw, catalog, unknown));
    *misfits += reader.misfits;
    let fault = match walked {
        Err(error) => Some(format!("not an object: {error}")),
        Ok(()) => reader.fault.take().or_else(|| reader.missing_key()),
    };
    match fault {
        Some(reason) => Err(Unreadable { key: reader.key(), raw: at.clone(), reason }),
        None => Ok(reader.finish(at.clone(), hash(text))),
    }
}

/// Collects the members of one object.
struct Reader<'p> {
    table: &'static Table,
    page: &'p str,
    values: Vec<Value>,
    lists: Vec<Vec<Vec<Value>>>,
    custom: Option<CustomValues>,
    extra: serde_json::Map<String, serde_json::Value>,
    changed: Option<Timestamp>,
    misfits: u32,
    /// The first thing that makes the row unreadable.
    fault: Option<String>,
    /// The column the next member probably has: the API keeps its members in one order.
    expected: usize,
}

impl<'p> Reader<'p> {
    fn new(table: &'static Table, page: &'p str) -> Self {
        Self {
            table,
            page,
            values: table.columns.iter().map(|column| column.kind.absent()).collect(),
            lists: table.lists.iter().map(|_| Vec::new()).collect(),
            custom: None,
            extra: serde_json::Map::new(),
            changed: None,
            misfits: 0,
            fault: None,
            expected: 0,
        }
    }

    fn member(
        &mut self,
        name: &str,
        raw: &'p str,
        catalog: &Catalog,
        unknown: &mut BTreeSet<String>,
    ) {
        if let Some(at) = self.column(name) {
            self.expected = at + 1;
            self.read_column(at, raw);
        } else if self.table.custom.is_some_and(|custom| custom.member == name) {
            self.read_custom(name, raw, catalog, unknown);
        } else if self.table.lists.iter().any(|list| list.member == name) {
            self.read_lists(name, raw);
        } else if self.table.extra {
            let value = serde_json::from_str(raw).unwrap_or_else(|_| raw.into());
            self.extra.insert(name.to_owned(), value);
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        match self.table.columns.get(self.expected) {
            Some(column) if column.name == name => Some(self.expected),
            _ => self.table.position(name),
        }
    }

    fn read_column(&mut self, at: usize, raw: &'p str) {
        let column = &self.table.columns[at];
        let Some(read) = column.kind.read(self.page, raw) else {
            return self.fail(format!(
                "{}: {} where {:?} is due",
                column.name,
                shape_name(raw),
                column.kind
            ));
        };
        if self.table.changed == Some(column.name) {
            self.changed = read.value.text(self.page).and_then(instant::parse);
            if self.changed.is_none() && json::shape(raw) != Shape::Null {
                self.fail(format!("{}: not an instant", column.name));
            }
        }
        self.misfits += u32::from(read.misfit);
        self.values[at] = read.value;
        if read.misfit && self.table.extra {
            // There is no other place where it stays as it came.
            let value = serde_json::from_str(raw).unwrap_or_else(|_| raw.into());
            self.extra.insert(column.name.to_owned(), value);
        }
    }

    fn read_custom(
        &mut self,
        name: &str,
        raw: &'p str,
        catalog: &Catalog,
        unknown: &mut BTreeSet<String>,
    ) {
        match json::shape(raw) {
            Shape::Null => {}
            Shape::Object => {
                match custom::read(self.page, raw, catalog, unknown, &mut self.misfits) {
                    Ok(values) => self.custom = Some(values),
                    Err(error) => self.fail(format!("{name}: {error}")),
                }
            }
            // An account without custom fields may send `[]`, as PHP does for an empty map.
            Shape::Array if raw.trim_matches(['[', ']', ' ']).is_empty() => {}
            _ => self.fail(format!("{name}: {} where an object is due", shape_name(raw))),
        }
    }

    fn read_lists(&mut self, name: &str, raw: &'p str) {
        match json::shape(raw) {
            Shape::Null => return,
            Shape::Array => {}
            _ => return self.fail(format!("{name}: {} where a list is due", shape_name(raw))),
        }
        for (number, list) in
            self.table.lists.iter().enumerate().filter(|(_, list)| list.member == name)
        {
            let (page, misfits) = (self.page, &mut self.misfits);
            let mut rows = Vec::new();
            let walked = json::elements(raw, |element| match element_row(page, list, element) {
                Element::Row(values, healed) => {
                    rows.push(values);
                    *misfits += healed;
                }
                Element::OtherTable => {}
                Element::Misfit => *misfits += 1,
            });
            debug_assert!(walked.is_ok(), "a raw value is well-formed");
            self.lists[number] = rows;
        }
    }

    fn fail(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }

    fn missing_key(&self) -> Option<String> {
        self.values[0].is_null().then(|| format!("{}: missing", self.table.key()))
    }

    fn key(&self) -> String {
        match &self.values[0] {
            Value::Int(id) => id.to_string(),
            other => other.text(self.page).unwrap_or_default().to_owned(),
        }
    }

    fn finish(self, raw: Range<usize>, hash: i64) -> Record {
        let extra = (!self.extra.is_empty())
            .then(|| serde_json::Value::Object(self.extra).to_string().into());
        let custom = self.custom.or_else(|| self.table.custom.map(|_| CustomValues::default()));
        Record {
            values: self.values,
            lists: self.lists,
            custom,
            extra,
            changed: self.changed,
            raw,
            hash,
        }
    }
}

enum Element {
    /// Its values, and how many of them are not exact.
    Row(Vec<Value>, u32),
    /// Another table of the same member takes it.
    OtherTable,
    Misfit,
}

/// Reads one element of a list.
fn element_row(page: &str, list: &List, element: &str) -> Element {
    if list.takes == Takes::Values {
        return match list.columns[0].column.kind.read(page, element) {
            Some(read) if !read.value.is_null() => {
                Element::Row(vec![read.value], read.misfit.into())
            }
            _ => Element::Misfit,
        };
    }
    let mut values: Vec<Value> =
        list.columns.iter().map(|column| column.column.kind.absent()).collect();
    let (mut misfits, mut numbered) = (0, None);
    let walked = json::members(element, |name, raw| {
        let Some(at) = list.columns.iter().position(|column| column.member == name) else { return };
        if at == 0 {
            numbered = Some(matches!(json::shape(raw), Shape::Number(_)));
        }
        match list.columns[at].column.kind.read(page, raw) {
            Some(read) => {
                misfits += u32::from(read.misfit);
                values[at] = read.value;
            }
            None => misfits += 1,
        }
    });
    match (walked, numbered) {
        (Ok(()), _) if list.takes == Takes::Objects => Element::Row(values, misfits),
        (Ok(()), Some(numbered)) if numbered != (list.takes == Takes::NumberedObjects) => {
            Element::OtherTable
        }
        (Ok(()), Some(_)) if !values[0].is_null() => Element::Row(values, misfits),
        // Said once per element, by the table that would take it were it sound.
        _ if list.takes != Takes::NamedObjects => Element::Misfit,
        _ => Element::OtherTable,
    }
}

fn shape_name(raw: &str) -> &'static str {
    match json::shape(raw) {
        Shape::Null => "null",
        Shape::Bool(_) => "true or false",
        Shape::Number(_) => "a number",
        Shape::String(_) => "text",
        Shape::Array => "a list",
        Shape::Object => "an object",
    }
}
