//! A success: the envelope is sound, what is in it is not looked at yet.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};

use super::{
    error::{ApiError, Reason},
    refusal::Asked,
};

/// An answer whose envelope says success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The whole body, exactly as it came.
    pub body: Arc<str>,
    /// The source's clock when it answered, to the second; `None` where it did not say.
    pub date: Option<Timestamp>,
    /// Number of the request, taken when it was sent: of two answers the one with the greater number was asked later.
    pub observed: u64,
    pub(super) path: &'static str,
    /// Where `data` stands in the body; `None` where the member is missing.
    pub(super) data: Option<Range<usize>>,
    /// `additional_data.next_cursor`; never empty.
    pub(super) next: Option<String>,
}

/// Source: API reference, "Responses" and "Pagination". Unknown members are ignored.
#[derive(Deserialize)]
struct Envelope<'a> {
    success: bool,
    #[serde(borrow, default, deserialize_with = "raw")]
    data: Option<&'a RawValue>,
    additional_data: Option<Additional>,
}

#[derive(Deserialize)]
struct Additional {
    next_cursor: Option<String>,
    pagination: Option<Pagination>,
}

/// How v1 pages. Source: API reference, "Pagination" of v1; the nested form is what it sends.
#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    more_items_in_collection: bool,
    next_start: Option<u64>,
}

impl Additional {
    /// Returns the place of the next page.
    fn next(self) -> Option<String> {
        let start = self.pagination.filter(|page| page.more_items_in_collection);
        self.next_cursor.or_else(|| Some(start?.next_start?.to_string()))
    }
}

/// Keeps `null` (as its text) apart from a member that is missing.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

impl Answer {
    /// Checks the envelope of a success.
    pub(crate) fn read(
        asked: Asked<'_>,
        body: &Bytes,
        date: Option<Timestamp>,
        observed: u64,
    ) -> Result<Self, ApiError> {
        let path = asked.endpoint.path;
        let malformed = |what: &str| ApiError::Malformed { path, what: what.to_owned() };
        let text = std::str::from_utf8(body).map_err(|_| malformed("text that is not UTF-8"))?;
        match text.trim_ascii().as_bytes() {
            [] | b"null" => {
                return Err(ApiError::Transient {
                    reason: Reason::NullBody,
                    after: Default::default(),
                });
            }
            [b'{', ..] => {}
            [b'<', ..] => return Err(malformed("a web page instead of JSON")),
            _ => return Err(malformed("no JSON object")),
        }
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| malformed(&describe(&error)))?;
        if !envelope.success {
            let words = asked.words(body);
            return Err(malformed(&format!("it says both 200 and failure ({words})")));
        }
        let data = envelope.data.map(|data| place(text, data.get()));
        let next = envelope.additional_data.and_then(Additional::next);
        let next = next.filter(|cursor| !cursor.is_empty());
        Ok(Self { body: Arc::from(text), date, observed, path, data, next })
    }

    /// Returns the exact text of `data`, which must be one object.
    ///
    /// # Errors
    ///
    /// [`ApiError::Malformed`] where `data` is missing or anything else.
    pub fn object(&self) -> Result<&str, ApiError> {
        let data = self.data.clone().map(|place| &self.body[place]).unwrap_or_default();
        if data.starts_with('{') { Ok(data) } else { Err(self.malformed("`data` is no object")) }
    }

    pub(super) fn malformed(&self, what: &str) -> ApiError {
        ApiError::Malformed { path: self.path, what: what.to_owned() }
    }
}

/// Returns where `part`, which was borrowed from `whole`, stands in it.
pub(super) fn place(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

/// Says what is wrong without quoting the answer, which holds people's names.
fn describe(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => "JSON that ends in the middle".to_owned(),
        Category::Data => format!("an envelope of another shape (line {line}, column {column})"),
        Category::Syntax | Category::Io => format!("broken JSON (line {line}, column {column})"),
    }
}
