//! What upstream removed, as it was.
//!
//! Source: the older API reference, which shows no answers; those of v1 here are of the shape that other answers of v1
//! have.

use std::{collections::BTreeSet, ops::Bound};

use http::StatusCode;
use serde_json::json;

use super::super::{
    Id, answer,
    attached::{parent, person, related_person},
    cursor::{self, Order, Place},
    edit::Edit,
    filter::Filter,
    index::SortBy,
    list,
    query::{Query, Refusal, positive},
    stretch::{self, Stretch},
    switches::Cursors,
    world::{List, World},
    writes::flat,
};
use crate::seams::Response;

/// `/v1/deals/collection`: deals by id, as v1 writes them.
pub(super) fn collection(query: &Query, world: &World) -> Result<Response, Refusal> {
    let filter = Filter::collection(query)?;
    let limit = list::limit(query, world.switches())?;
    let order = Order { by: SortBy::Id, descending: false };
    let place = query.get("cursor").map_or(Ok(Place::Start), |cursor| order.place(cursor))?;
    let (from, skip) = match place {
        Place::Start => (Bound::Unbounded, 0),
        Place::Key(key) => (Bound::Included(key), 0),
        Place::Offset(offset) => (Bound::Unbounded, offset),
    };
    let ids = world.index(List::Live).range(SortBy::Id, (from, Bound::Unbounded));
    let shown = ids.filter_map(|id| world.shown(id));
    let wanted = shown.filter(|deal| world.sees(deal) && filter.admits(deal)).skip(skip);
    let mut deals = wanted.take(limit + 1).collect::<Vec<_>>();
    let next = if deals.len() > limit { deals.pop() } else { None };
    let cursor = next.map(|next| match world.switches().cursors {
        Cursors::Keyset => order.cursor(SortBy::Id.key(next)),
        Cursors::Offset => cursor::offset(skip + limit),
    });
    let views = deals.into_iter().map(|deal| flat(deal, world)).collect::<Vec<_>>();
    Ok(answer::page(views, cursor, world.switches().end))
}

/// `/v1/deals/{id}/persons`: the contact and the participants, by id.
pub(super) fn persons(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let stretch = Stretch::parse(query, world.switches())?;
    let parent = parent(id, world.switches().single_children, world)?;
    let mut ids = BTreeSet::new();
    if let Some((deal, attached)) = parent {
        ids.extend(deal.person_id);
        ids.extend(attached.participants.iter().map(|it| it.person_id));
    }
    let there = ids.into_iter().filter_map(|id| Some((id, world.company().persons.get(&id)?)));
    let there = there.map(|(id, person)| (id, person.stamp.deleted.is_none()));
    let (page, pagination) = stretch.cut(there);
    let related =
        page.iter().map(|(id, active)| (id.to_string(), related_person(*id, *active, world)));
    let related = json!({"person": related.collect::<serde_json::Map<_, _>>()});
    let rows = page.iter().map(|(id, active)| person(*id, *active, world)).collect();
    Ok(stretch::answer(rows, pagination, Some(related), world.switches()))
}

/// `DELETE /v1/deals?ids=`: deletes those that are there; what the real one made of the others is unknown.
pub(in super::super) fn delete_several(
    query: &Query,
    world: &mut World,
) -> Result<Response, Refusal> {
    let ids = query.list("ids").ok_or(Refusal::missing("ids"))?;
    let ids = ids.into_iter().map(|id| positive("ids", id));
    let ids = ids.collect::<Result<BTreeSet<_>, _>>()?;
    let there =
        |id: &Id| world.deal(*id).is_some_and(|deal| world.sees(deal) && deal.deleted.is_none());
    let ids = ids.into_iter().filter(there).collect::<Vec<_>>();
    let edits = ids.iter().map(|id| Edit::DeleteDeal(*id)).collect();
    world
        .apply_all(&ids, edits)
        .map_err(|error| Refusal::Other(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(answer::single(json!({"id": ids})))
}
