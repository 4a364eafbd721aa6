//! A listing, page by page: where each row stands in the answer, and where the next page begins.

use std::{ops::Range, sync::Arc};

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    answer::{Answer, place},
    error::ApiError,
};
use crate::progress::Cursor;

/// One page. Rows are not decoded, only found: one that cannot be read then costs that row only, and the exact text of
/// each is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The whole answer, exactly as it came.
    pub body: Arc<str>,
    /// Where in `body` each element of `data` stands, in order.
    pub rows: Vec<Range<usize>>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<Cursor>,
    /// The source's clock when it answered.
    pub date: Option<Timestamp>,
    /// Number of the request that brought this page.
    pub observed: u64,
}

impl Page {
    /// Finds the rows of `answer`, which was asked for at `sent`.
    ///
    /// A next cursor that is null, missing or empty ends the listing, and so does missing `additional_data`; an empty
    /// page does not.
    ///
    /// # Errors
    ///
    /// [`ApiError::Malformed`] where `data` is neither an array nor null, [`ApiError::RepeatedCursor`] where the next
    /// page would be the same again.
    pub fn parse(answer: &Answer, sent: Option<&Cursor>) -> Result<Self, ApiError> {
        let body = &answer.body;
        let data = answer.data.clone().map(|place| &body[place]).unwrap_or_default();
        let rows = match data.as_bytes() {
            // Source: socketkit's Pipedrive tests: an empty page of v1 may carry null.
            b"null" => Vec::new(),
            [b'[', ..] => {
                let rows: Vec<&RawValue> = serde_json::from_str(data)
                    .map_err(|_| answer.malformed("`data` cannot be read"))?;
                rows.into_iter().map(|row| place(body, row.get())).collect()
            }
            _ => return Err(answer.malformed("`data` is no array")),
        };
        let next = answer.next.clone().map(Cursor::new);
        if next.is_some() && next.as_ref() == sent {
            return Err(ApiError::RepeatedCursor { path: answer.path });
        }
        Ok(Self {
            body: Arc::clone(body),
            rows,
            next,
            date: answer.date,
            observed: answer.observed,
        })
    }

    /// Returns the exact text of row `index`.
    ///
    /// # Panics
    ///
    /// Where the page has no such row.
    pub fn row(&self, index: usize) -> &str {
        &self.body[self.rows[index].clone()]
    }
}
