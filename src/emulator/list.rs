//! `/api/v2/deals` and `/api/v2/deals/archived`: which deals, in which order, from where.

use std::ops::Bound;

use super::{
    cursor::{self, Order, Place},
    deal::Deal,
    filter::Filter,
    index::{Key, Range, SortBy},
    query::{Query, Refusal},
    second::Second,
    switches::{Cursors, OverLimit, Switches},
    view::{OPTIONAL, Shape},
    world::{List, World},
};

/// Source: API reference v2, pagination.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

const SHAPE: [&str; 2] = ["include_fields", "custom_fields"];
const LABELS: [&str; 2] = ["include_option_labels", "include_labels"];
const PAGE: [&str; 2] = ["limit", "cursor"];
const FILTERS: [&str; 12] = [
    "filter_id",
    "ids",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "status",
    "updated_since",
    "updated_until",
    "sort_by",
    "sort_direction",
];

/// What a list request asks for.
#[derive(Debug)]
pub(super) struct Listing {
    filter: Filter,
    order: Order,
    place: Place,
    limit: usize,
    pub(super) shape: Shape,
}

impl Listing {
    /// Reads and checks the parameters of a list request.
    pub(super) fn parse(query: &Query, list: List, world: &World) -> Result<Self, Refusal> {
        let mut known = [FILTERS.as_slice(), &PAGE, &SHAPE].concat();
        if list == List::Live {
            // Source: API reference v2: the archived list has neither.
            known.extend(LABELS);
        }
        query.check(&known)?;
        let sorts = SortBy::ALL.map(|by| (by.name(), by));
        let order = Order {
            by: query.choice("sort_by", &sorts)?.unwrap_or(SortBy::Id),
            descending: query
                .choice("sort_direction", &[("asc", false), ("desc", true)])?
                .unwrap_or(false),
        };
        Ok(Self {
            filter: Filter::parse(query)?,
            order,
            place: query.get("cursor").map_or(Ok(Place::Start), |cursor| order.place(cursor))?,
            limit: limit(query, world.switches())?,
            shape: shape(query, world)?,
        })
    }

    /// Returns the deals of the page and the cursor of the next one.
    pub(super) fn page<'a>(&self, world: &'a World, list: List) -> (Vec<&'a Deal>, Option<String>) {
        let admitted = |deal: &&Deal| world.sees(deal) && self.filter.admits(deal);
        let skip = if let Place::Offset(offset) = self.place { offset } else { 0 };
        let deals = self.candidates(world, list).filter(admitted);
        let mut deals = deals.skip(skip).take(self.limit + 1).collect::<Vec<_>>();
        let next = if deals.len() > self.limit { deals.pop() } else { None };
        let cursor = next.map(|next| match world.switches().cursors {
            Cursors::Keyset => self.order.cursor(self.order.by.key(next)),
            Cursors::Offset => cursor::offset(skip + self.limit),
        });
        (deals, cursor)
    }

    /// Walks the deals of the list that lie on or behind the place of the page, in order.
    fn candidates<'a>(
        &self,
        world: &'a World,
        list: List,
    ) -> Box<dyn Iterator<Item = &'a Deal> + 'a> {
        let range = self.range();
        if let Some(ids) = &self.filter.ids {
            let deals = ids
                .iter()
                .filter_map(|id| world.shown(*id))
                .filter(|deal| world.belongs(deal, list));
            let mut keyed = deals.map(|deal| (self.order.by.key(deal), deal)).collect::<Vec<_>>();
            keyed.retain(|(key, _)| std::ops::RangeBounds::contains(&range, key));
            keyed.sort_by_key(|(key, _)| *key);
            keyed.dedup_by_key(|(key, _)| *key);
            if self.order.descending {
                keyed.reverse();
            }
            return Box::new(keyed.into_iter().map(|(_, deal)| deal));
        }
        let shown = |id| world.shown(id).expect("a list holds only deals that are shown");
        let ids = world.index(list).range(self.order.by, range);
        if self.order.descending {
            Box::new(ids.rev().map(shown))
        } else {
            Box::new(ids.map(shown))
        }
    }

    /// Returns the stretch of the order that the page may come from.
    fn range(&self) -> Range {
        let by_update = self.order.by == SortBy::UpdateTime;
        let at = |time: Option<Second>| time.filter(|_| by_update).map(|time| (Some(time), 0));
        let low = at(self.filter.since).map_or(Bound::Unbounded, Bound::Included);
        let high = at(self.filter.until).map_or(Bound::Unbounded, Bound::Excluded);
        match self.place {
            Place::Key(key) if self.order.descending => (low, lower(high, key)),
            Place::Key(key) => (higher(low, key), high),
            Place::Start | Place::Offset(_) => (low, high),
        }
    }
}

/// Returns the tighter of a lower bound and `key`.
fn higher(bound: Bound<Key>, key: Key) -> Bound<Key> {
    match bound {
        Bound::Included(low) if low > key => bound,
        _ => Bound::Included(key),
    }
}

/// Returns the tighter of an upper bound and `key`.
fn lower(bound: Bound<Key>, key: Key) -> Bound<Key> {
    match bound {
        Bound::Excluded(high) if high <= key => bound,
        _ => Bound::Included(key),
    }
}

/// Reads `limit`.
pub(super) fn limit(query: &Query, switches: &Switches) -> Result<usize, Refusal> {
    limit_up_to(MAX_LIMIT, query, switches)
}

/// Reads `limit` of a list whose pages hold at most `most`.
pub(super) fn limit_up_to(
    most: usize,
    query: &Query,
    switches: &Switches,
) -> Result<usize, Refusal> {
    let Some(limit) = query.id("limit")? else { return Ok(DEFAULT_LIMIT) };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match switches.over_limit {
        OverLimit::Refuse if limit > most => Err(Refusal::over("limit", most)),
        OverLimit::Refuse | OverLimit::Clamp => {
            Ok(limit.min(most).min(switches.page_rows.unwrap_or(most)))
        }
    }
}

fn shape(query: &Query, world: &World) -> Result<Shape, Refusal> {
    let mut shape = Shape {
        option_labels: query.flag("include_option_labels")?,
        labels: query.flag("include_labels")?,
        ..Shape::default()
    };
    let members = query.included(|member| OPTIONAL.contains(&member))?;
    let asked = OPTIONAL.iter().enumerate().filter(|(_, member)| members.contains(member));
    shape.include = asked.map(|(bit, _)| 1 << bit).sum();
    let is_field = |key: &str| world.custom_fields().iter().any(|field| field.code == key);
    let keys = query.custom_fields(is_field)?;
    shape.custom_fields = keys.map(|keys| keys.into_iter().map(str::to_owned).collect());
    Ok(shape)
}

/// Reads the parameters of a request for a single deal.
pub(super) fn single_shape(query: &Query, world: &World) -> Result<Shape, Refusal> {
    query.check(&[SHAPE, LABELS].concat())?;
    shape(query, world)
}
