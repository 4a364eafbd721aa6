//! Cursors: the place of the first item of the next page, written so that it looks opaque.
//!
//! Source: the example cursor of the API reference v2 decodes to
//! `{"field":"id","fieldValue":7,"sortDirection":"asc","id":7}`.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    Id,
    index::{Key, SortBy},
    query::{Query, Refusal},
    second::Second,
    switches::Switches,
};

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the first item.
    Start,
    /// At the item with this key, or where it would be.
    Key(Key),
    /// After so many items.
    Offset(usize),
}

/// The order a listing was asked for in; a cursor belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: SortBy,
    pub(super) descending: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Keyset {
    pub(super) field: String,
    pub(super) field_value: Json,
    pub(super) sort_direction: String,
    pub(super) id: Id,
}

impl Keyset {
    pub(super) fn write(&self) -> String {
        encode(self)
    }

    /// Reads a cursor of this form.
    ///
    /// # Errors
    ///
    /// [`Refusal::Cursor`] when it is not one of ours.
    pub(super) fn read(cursor: &str) -> Result<Self, Refusal> {
        let text = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Refusal::Cursor)?;
        serde_json::from_slice(&text).map_err(|_| Refusal::Cursor)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offset {
    offset: usize,
}

impl Order {
    fn direction(self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }

    /// Writes the cursor of a page that begins at `key`.
    pub(super) fn cursor(self, (time, id): Key) -> String {
        let field_value = match (self.by, time) {
            (SortBy::Id, _) => Json::from(id),
            (_, time) => time.map_or(Json::Null, |time| Json::from(time.to_string())),
        };
        let (field, sort_direction) = (self.by.name().to_owned(), self.direction().to_owned());
        Keyset { field, field_value, sort_direction, id }.write()
    }

    /// Reads a cursor.
    ///
    /// # Errors
    ///
    /// [`Refusal::Cursor`] when it is not one of ours or belongs to another order.
    pub(super) fn place(self, cursor: &str) -> Result<Place, Refusal> {
        if let Some(offset) = read_offset(cursor) {
            return Ok(Place::Offset(offset));
        }
        let keyset = Keyset::read(cursor)?;
        if keyset.field != self.by.name() || keyset.sort_direction != self.direction() {
            return Err(Refusal::Cursor);
        }
        let time = match (self.by, keyset.field_value) {
            (SortBy::Id, Json::Number(number)) if number.as_u64() == Some(keyset.id.into()) => None,
            (SortBy::UpdateTime, Json::Null) => None,
            (SortBy::UpdateTime | SortBy::AddTime, Json::String(time)) => {
                Some(Second::of(time.parse().map_err(|_| Refusal::Cursor)?))
            }
            _ => return Err(Refusal::Cursor),
        };
        Ok(Place::Key((time, keyset.id)))
    }
}

/// Writes the cursor of a page that begins after `offset` items.
pub(super) fn offset(offset: usize) -> String {
    encode(&Offset { offset })
}

/// Reads a cursor of that form; `None`: it has another.
pub(super) fn read_offset(cursor: &str) -> Option<usize> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    serde_json::from_slice(&text).ok().map(|Offset { offset }| offset)
}

fn encode(content: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(content).expect("a cursor is writable as JSON"))
}

/// The cursors that were handed out, where a switch lets them get old; the real API is thought to keep none.
#[derive(Debug, Default)]
pub(super) struct Issued(BTreeMap<String, Use>);

#[derive(Debug)]
struct Use {
    issued: Duration,
    times: u32,
}

impl Issued {
    /// Remembers a cursor that an answer carries; one that is handed out again is as good as new.
    pub(super) fn add(&mut self, cursor: String, now: Duration, switches: &Switches) {
        if switches.cursor_expires.is_some() || switches.cursor_uses.is_some() {
            self.0.insert(cursor, Use { issued: now, times: 0 });
        }
    }

    /// Counts the use of the cursor in `query` and returns whether it is still good.
    pub(super) fn admit(&mut self, query: &Query, now: Duration, switches: &Switches) -> bool {
        let Some(used) = query.get("cursor").and_then(|cursor| self.0.get_mut(cursor)) else {
            return true;
        };
        used.times += 1;
        let age = now.saturating_sub(used.issued);
        switches.cursor_expires.is_none_or(|most| age < most)
            && switches.cursor_uses.is_none_or(|most| used.times <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_ID: Order = Order { by: SortBy::Id, descending: false };

    #[test]
    fn the_example_of_the_reference_is_written_and_read() {
        let example =
            "eyJmaWVsZCI6ImlkIiwiZmllbGRWYWx1ZSI6Nywic29ydERpcmVjdGlvbiI6ImFzYyIsImlkIjo3fQ";
        assert_eq!(BY_ID.cursor((None, 7)), example);
        assert_eq!(BY_ID.place(example), Ok(Place::Key((None, 7))));
    }

    #[test]
    fn a_time_without_a_value_survives_the_way_through_a_cursor() {
        let order = Order { by: SortBy::UpdateTime, descending: false };
        for time in [None, Some(Second::of("2026-02-03T16:40:21Z".parse().unwrap()))] {
            assert_eq!(order.place(&order.cursor((time, 9))), Ok(Place::Key((time, 9))));
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let descending = Order { by: SortBy::Id, descending: true };
        for cursor in ["", "x", "eyJkZWFsIjo0fQ", &descending.cursor((None, 7))] {
            assert_eq!(BY_ID.place(cursor), Err(Refusal::Cursor), "{cursor}");
        }
    }
}
