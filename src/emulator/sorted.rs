//! Pages of lists that are sorted when they are asked for.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    Id,
    cursor::{self, Keyset},
    list,
    query::{Query, Refusal},
    second::Second,
    switches::{Cursors, Switches},
};

/// What a row is sorted by, before its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum SortKey {
    Number(Id),
    /// A date or time, which sorts as its text.
    Text(String),
}

impl SortKey {
    pub(super) fn time(time: Second) -> Self {
        Self::Text(time.to_string())
    }
}

/// The order of a list, and which part of it was asked for.
#[derive(Debug)]
pub(super) struct Sorting {
    by: &'static str,
    descending: bool,
    place: Place,
    limit: usize,
}

#[derive(Debug)]
enum Place {
    /// At the row with this key, or where it would be.
    Key(SortKey, Id),
    /// After so many rows.
    Offset(usize),
}

impl Sorting {
    /// Reads `sort_by`, `sort_direction`, `limit` and `cursor`.
    pub(super) fn parse(
        query: &Query,
        sorts: &[&'static str],
        default: &'static str,
        switches: &Switches,
    ) -> Result<Self, Refusal> {
        let choices = sorts.iter().map(|sort| (*sort, *sort)).collect::<Vec<_>>();
        let by = query.choice("sort_by", &choices)?.unwrap_or(default);
        let directions = [("asc", false), ("desc", true)];
        let descending = query.choice("sort_direction", &directions)?.unwrap_or(false);
        Self::new(query, by, descending, switches)
    }

    /// Reads `limit` and `cursor` of a list that has only one order.
    pub(super) fn fixed(
        query: &Query,
        by: &'static str,
        switches: &Switches,
    ) -> Result<Self, Refusal> {
        Self::new(query, by, false, switches)
    }

    fn new(
        query: &Query,
        by: &'static str,
        descending: bool,
        switches: &Switches,
    ) -> Result<Self, Refusal> {
        let mut sorting =
            Self { by, descending, place: Place::Offset(0), limit: list::limit(query, switches)? };
        if let Some(cursor) = query.get("cursor") {
            sorting.place = sorting.read(cursor)?;
        }
        Ok(sorting)
    }

    fn read(&self, text: &str) -> Result<Place, Refusal> {
        if let Some(offset) = cursor::read_offset(text) {
            return Ok(Place::Offset(offset));
        }
        let Keyset { field, field_value, sort_direction, id } = Keyset::read(text)?;
        if field != self.by || sort_direction != self.direction() {
            return Err(Refusal::Cursor);
        }
        let key = serde_json::from_value(field_value).map_err(|_| Refusal::Cursor)?;
        Ok(Place::Key(key, id))
    }

    fn direction(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }

    /// Returns the name of what the list is sorted by.
    pub(super) fn by(&self) -> &'static str {
        self.by
    }

    /// Returns the page of `rows`, in whatever order they come, and the cursor of the next one.
    pub(super) fn page<T>(
        &self,
        mut rows: Vec<(SortKey, Id, T)>,
        switches: &Switches,
    ) -> (Vec<T>, Option<String>) {
        rows.sort_by(|a, b| {
            let order = (&a.0, a.1).cmp(&(&b.0, b.1));
            if self.descending { order.reverse() } else { order }
        });
        let start = match &self.place {
            Place::Offset(offset) => *offset,
            Place::Key(key, id) => rows.partition_point(|row| {
                let (row, place) = ((&row.0, row.1), (key, *id));
                if self.descending { row > place } else { row < place }
            }),
        };
        let mut rows = rows.into_iter().skip(start);
        let page = rows.by_ref().take(self.limit).map(|(_, _, row)| row).collect();
        let cursor = rows.next().map(|(key, id, _)| match switches.cursors {
            Cursors::Keyset => self.cursor(&key, id),
            Cursors::Offset => cursor::offset(start + self.limit),
        });
        (page, cursor)
    }

    fn cursor(&self, key: &SortKey, id: Id) -> String {
        let field_value = match key {
            SortKey::Number(number) => Json::from(*number),
            SortKey::Text(text) => Json::from(text.as_str()),
        };
        let (field, sort_direction) = (self.by.to_owned(), self.direction().to_owned());
        Keyset { field, field_value, sort_direction, id }.write()
    }
}
