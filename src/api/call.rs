//! What is asked for, and how it is written into a request line.

use std::fmt::Write as _;

use http::Uri;

use crate::{
    endpoint::{Endpoint, Paging},
    progress::Cursor,
};

/// The query parameter that carries the place in a listing.
///
/// Source: API reference, "Pagination".
pub(crate) const CURSOR: &str = "cursor";

/// One request, before it is sent. Only GET exists here: the mirror never writes to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub endpoint: &'static Endpoint,
    /// Replaces `{id}` in the endpoint's path.
    pub id: Option<i64>,
    /// Parameters in the order they are sent. Lists are one parameter with commas: a repeated key is refused.
    ///
    /// Source: pipedrive/client-nodejs issue 715 (400 `querystring/deal_ids must be string`).
    pub query: Vec<(&'static str, String)>,
    /// How much it matters that it is sent today.
    pub priority: Priority,
}

/// How much it matters that a request is sent today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// What may take days: children asked for deal by deal, within their own part of the daily share.
    Trickle,
    /// What a run is for.
    Fresh,
}

impl Call {
    /// Asks `endpoint` without parameters.
    pub fn new(endpoint: &'static Endpoint) -> Self {
        Self { endpoint, id: None, query: Vec::new(), priority: Priority::Fresh }
    }

    /// Lets everything else go first.
    #[must_use]
    pub fn trickle(self) -> Self {
        Self { priority: Priority::Trickle, ..self }
    }

    /// Puts `id` in the place of `{id}`.
    #[must_use]
    pub fn id(mut self, id: i64) -> Self {
        self.id = Some(id);
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn param(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Goes on at `cursor`; `None` asks for the first page.
    #[must_use]
    pub fn at(self, cursor: Option<&Cursor>) -> Self {
        match cursor {
            Some(start) if self.endpoint.paging == Paging::Offset => {
                self.param("start", start.as_str())
            }
            Some(cursor) => self.param(CURSOR, cursor.as_str()),
            None => self,
        }
    }

    /// Returns the place this call goes on at.
    pub fn cursor(&self) -> Option<&str> {
        self.query.iter().find(|(name, _)| *name == CURSOR).map(|(_, value)| value.as_str())
    }

    /// Returns path and query; `None` where they are longer than a request line may be (64 kB).
    pub(crate) fn uri(&self) -> Option<Uri> {
        debug_assert_eq!(self.endpoint.path.contains("{id}"), self.id.is_some(), "{self:?}");
        let mut text = match self.id {
            Some(id) => self.endpoint.path.replace("{id}", &id.to_string()),
            None => self.endpoint.path.to_owned(),
        };
        for (index, (name, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            encode(value, &mut text);
        }
        text.parse().ok()
    }
}

/// Appends `value` percent-encoded. Commas and colons stay: they mean nothing in a query, and lists and instants are
/// then readable in a log.
fn encode(value: &str, text: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b':' => {
                text.push(byte.into())
            }
            _ => write!(text, "%{byte:02X}").expect("a String takes whatever is written to it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::DEALS;

    static FOLLOWERS: Endpoint = Endpoint {
        path: "/api/v2/deals/{id}/followers",
        cost: 10,
        page_limit: 500,
        paging: Paging::Cursor,
        gated: false,
    };

    #[test]
    fn an_id_takes_its_place_in_the_path() {
        let call = Call::new(&FOLLOWERS).id(7).param("limit", 500);
        assert_eq!(call.uri().unwrap().to_string(), "/api/v2/deals/7/followers?limit=500");
    }

    #[test]
    fn lists_and_instants_stay_readable_and_all_else_is_encoded() {
        let call = Call::new(&DEALS)
            .param("status", "open,won")
            .param("updated_since", "2026-01-01T00:00:00Z")
            .at(Some(&Cursor::new("a+b/c=&d é")));
        let uri = call.uri().unwrap().to_string();
        assert_eq!(
            uri,
            "/api/v2/deals?status=open,won&updated_since=2026-01-01T00:00:00Z&cursor=a%2Bb%2Fc%3D%26d%20%C3%A9"
        );
        assert_eq!(call.cursor(), Some("a+b/c=&d é"));
    }

    #[test]
    fn a_cursor_too_long_for_a_request_line_makes_no_uri() {
        assert_eq!(Call::new(&DEALS).at(Some(&Cursor::new("x".repeat(70_000)))).uri(), None);
    }
}
