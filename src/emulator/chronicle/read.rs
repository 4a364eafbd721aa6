//! `/v1/deals/{id}/changelog`: the members of a deal that were changed.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::{Value as Json, json};

use super::{
    super::{
        Id, answer,
        attached::parent,
        cursor, list,
        query::{Query, Refusal},
        routes,
        second::v1,
        switches::Cursors,
        world::World,
    },
    Entry, flow, newest_first,
};
use crate::seams::Response;

/// A read of what became of one deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ChronicleRead {
    Changelog(Id),
    Flow(Id),
}

impl ChronicleRead {
    /// Finds the read of a path, which begins with `/v1/` or `/api/v2/`.
    pub(in super::super) fn of(path: &str) -> Option<Self> {
        let (id, rest) = path.strip_prefix("/v1/deals/")?.split_once('/')?;
        match rest {
            "changelog" => Some(Self::Changelog(routes::id(id)?)),
            "flow" => Some(Self::Flow(routes::id(id)?)),
            _ => None,
        }
    }

    /// Source: `x-token-cost` of the API reference.
    pub(in super::super) fn cost(self) -> u64 {
        match self {
            Self::Changelog(_) => 20,
            Self::Flow(_) => 40,
        }
    }

    pub(in super::super) fn answer(
        self,
        query: &Query,
        world: &World,
    ) -> Result<Response, Refusal> {
        match self {
            Self::Changelog(id) => changelog(id, query, world),
            Self::Flow(id) => flow::flow(id, query, world),
        }
    }
}

/// Where a page begins.
enum Place {
    /// At the entry with this id, or the next older one.
    Id(Id),
    /// After so many entries.
    Offset(usize),
}

/// Writes a cursor. Source: that of the example is `id:544` in base64.
fn write(id: Id) -> String {
    STANDARD_NO_PAD.encode(format!("id:{id}"))
}

fn read(cursor: &str) -> Result<Place, Refusal> {
    if let Some(offset) = cursor::read_offset(cursor) {
        return Ok(Place::Offset(offset));
    }
    let text = STANDARD_NO_PAD.decode(cursor).ok().and_then(|text| String::from_utf8(text).ok());
    let id = text.as_deref().and_then(|text| text.strip_prefix("id:")?.parse().ok());
    id.map(Place::Id).ok_or(Refusal::Cursor)
}

/// The newest first, as the example has it.
fn changelog(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let switches = world.switches();
    let place = query.get("cursor").map_or(Ok(Place::Offset(0)), read)?;
    let limit = list::limit(query, switches)?;
    let parent = parent(id, switches.single_children, world)?;
    let entries = parent.into_iter().flat_map(|(deal, _)| newest_first(deal)).collect::<Vec<_>>();
    let start = match place {
        Place::Offset(offset) => offset,
        Place::Id(id) => entries.partition_point(|entry| entry.id > id),
    };
    let page = entries.iter().skip(start).take(limit).map(row).collect::<Vec<_>>();
    let cursor = entries.get(start.saturating_add(limit)).map(|next| match switches.cursors {
        Cursors::Keyset => write(next.id),
        Cursors::Offset => cursor::offset(start + limit),
    });
    Ok(answer::page(page, cursor, switches.end))
}

fn row(entry: &Entry) -> Json {
    let Entry { time, user, source, change, .. } = entry;
    json!({
        "field_key": &*change.key, "old_value": change.old.text(), "new_value": change.new.text(),
        "actor_user_id": user, "time": v1(*time), "change_source": source.name(),
        "change_source_user_agent": source.agent(), "is_bulk_update_flag": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_of_the_example_is_written_and_read() {
        assert_eq!(write(544), "aWQ6NTQ0");
        assert!(matches!(read("aWQ6NTQ0"), Ok(Place::Id(544))));
        for foreign in ["", "x", "aWQ6", "NTQ0"] {
            assert!(matches!(read(foreign), Err(Refusal::Cursor)), "{foreign}");
        }
    }
}
