//! Writes: requests that change deals and what hangs on them.
//!
//! A write only translates: its body becomes edits, [`World::apply_all`] carries all of them out or none, and the answer
//! shows the world as it then is. Everything that follows from an edit (`update_time`, counters, values, logs) is the
//! business of the world.
//!
//! ```text
//! body.rs     strict JSON bodies       deal.rs      POST and PATCH of deals     custom.rs  values of custom fields
//! merge.rs    merge, convert           product.rs   product lines               rows.rs    the other things on a deal
//! ```
//!
//! Source: API reference v2 and v1, the request bodies and example answers; where the reference is silent the text of an
//! error is made up.

mod body;
mod custom;
mod deal;
mod merge;
mod product;
mod rows;

use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    Id, answer,
    edit::{Edit, EditError, Edited},
    query::{Query, Refusal},
    routes,
    world::World,
};
use crate::seams::Response;
use body::{Body, Wording};
pub(super) use custom::ZONES;
pub(super) use merge::flat;

/// Where a write goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Deals,
    Deal(Id),
    Products(Id),
    ProductsBulk(Id),
    Product(Id, Id),
    Installments(Id),
    Installment(Id, Id),
    Discounts(Id),
    Discount(Id, String),
    Followers(Id),
    Follower(Id, Id),
    Participants(Id),
    Participant(Id, Id),
    Merge(Id),
    Duplicate(Id),
    /// Several deals that the query names.
    Several,
    ConvertToLead(Id),
}

/// What is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Change,
    Delete,
}

/// A write: what is done where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    place: Place,
    verb: Verb,
}

impl Place {
    /// Finds the place of a path, which begins with `/v1/` or `/api/v2/`.
    fn of(path: &str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/v1/deals") {
            return Self::v1(rest);
        }
        let rest = path.strip_prefix("/api/v2/deals")?;
        let mut parts = rest.split('/').skip(1);
        let Some(id) = parts.next() else { return rest.is_empty().then_some(Self::Deals) };
        let deal = routes::id(id)?;
        let rest = parts.collect::<Vec<_>>();
        Some(match rest[..] {
            [] => Self::Deal(deal),
            ["products"] => Self::Products(deal),
            ["products", "bulk"] => Self::ProductsBulk(deal),
            ["products", id] => Self::Product(deal, routes::id(id)?),
            ["installments"] => Self::Installments(deal),
            ["installments", id] => Self::Installment(deal, routes::id(id)?),
            ["discounts"] => Self::Discounts(deal),
            ["discounts", id] => Self::Discount(deal, id.to_owned()),
            ["followers"] => Self::Followers(deal),
            ["followers", id] => Self::Follower(deal, routes::id(id)?),
            ["convert", "lead"] => Self::ConvertToLead(deal),
            _ => return None,
        })
    }

    fn v1(rest: &str) -> Option<Self> {
        let parts = rest.split('/').skip(1).collect::<Vec<_>>();
        Some(match parts[..] {
            [] if rest.is_empty() => Self::Several,
            [deal, "participants"] => Self::Participants(routes::id(deal)?),
            [deal, "participants", id] => Self::Participant(routes::id(deal)?, routes::id(id)?),
            [deal, "merge"] => Self::Merge(routes::id(deal)?),
            [deal, "duplicate"] => Self::Duplicate(routes::id(deal)?),
            _ => return None,
        })
    }

    /// Returns what a method does here; `None`: the method is not allowed.
    fn verb(&self, method: &Method) -> Option<Verb> {
        match self {
            Self::Deals
            | Self::ProductsBulk(_)
            | Self::Installments(_)
            | Self::Discounts(_)
            | Self::Followers(_)
            | Self::Participants(_)
            | Self::Duplicate(_)
            | Self::ConvertToLead(_) => (method == Method::POST).then_some(Verb::Add),
            Self::Products(_) => match *method {
                Method::POST => Some(Verb::Add),
                Method::DELETE => Some(Verb::Delete),
                _ => None,
            },
            Self::Merge(_) => (method == Method::PUT).then_some(Verb::Change),
            Self::Follower(..) | Self::Participant(..) | Self::Several => {
                (method == Method::DELETE).then_some(Verb::Delete)
            }
            Self::Deal(_) | Self::Product(..) | Self::Installment(..) | Self::Discount(..) => {
                match *method {
                    Method::PATCH => Some(Verb::Change),
                    Method::DELETE => Some(Verb::Delete),
                    _ => None,
                }
            }
        }
    }

    /// Returns the deal; `None`: it is yet to be made.
    fn deal(&self) -> Option<Id> {
        match self {
            Self::Deals | Self::Several => None,
            Self::Deal(id)
            | Self::Products(id)
            | Self::ProductsBulk(id)
            | Self::Product(id, _)
            | Self::Installments(id)
            | Self::Installment(id, _)
            | Self::Discounts(id)
            | Self::Discount(id, _)
            | Self::Followers(id)
            | Self::Follower(id, _)
            | Self::Participants(id)
            | Self::Participant(id, _)
            | Self::Merge(id)
            | Self::Duplicate(id)
            | Self::ConvertToLead(id) => Some(*id),
        }
    }
}

impl Write {
    /// Finds the write of a request.
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        let place = Place::of(path)?;
        let verb = place.verb(method)?;
        Some(Self { place, verb })
    }

    /// Returns what a request costs. Source: `x-token-cost` of the API reference.
    pub(super) fn cost(&self) -> u64 {
        match (&self.place, self.verb) {
            (Place::ConvertToLead(_) | Place::Merge(_), _) => 40,
            (Place::ProductsBulk(_), _) => 25,
            (Place::Products(_), Verb::Delete) => 15,
            (Place::Participants(_) | Place::Duplicate(_) | Place::Several, _) => 10,
            (Place::Participant(..), _) => 6,
            (_, Verb::Delete) => 3,
            (_, Verb::Add | Verb::Change) => 5,
        }
    }

    fn is_v1(&self) -> bool {
        matches!(
            self.place,
            Place::Participants(_)
                | Place::Participant(..)
                | Place::Merge(_)
                | Place::Duplicate(_)
                | Place::Several
        )
    }

    /// Carries the write out, or changes nothing.
    pub(super) fn answer(
        &self,
        query: &Query,
        bytes: &[u8],
        world: &mut World,
    ) -> Result<Response, Refusal> {
        if !self.is_v1() {
            let several = matches!((&self.place, self.verb), (Place::Products(_), Verb::Delete));
            query.check(if several { &["ids"] } else { &[] })?;
        }
        if let Some(deal) = self.place.deal() {
            visible(deal, world).map_err(|refusal| match self.place {
                Place::ConvertToLead(_) => merge::unknown(),
                _ => refusal,
            })?;
        }
        let json = |wording| Body::parse(bytes, wording);
        let schema = || json(Wording::Schema);
        match (&self.place, self.verb) {
            (Place::Deals, _) => deal::add(&json(Wording::Entity)?, world),
            (Place::Deal(id), Verb::Delete) => deal::delete(*id, world),
            (Place::Deal(id), _) => deal::change(*id, &json(Wording::Entity)?, world),
            (Place::Products(id), Verb::Delete) => product::delete_many(*id, query, world),
            (Place::Products(id), _) => product::add(*id, &schema()?, world),
            (Place::ProductsBulk(id), _) => product::add_many(*id, &schema()?, world),
            (Place::Product(id, line), Verb::Delete) => product::delete(*id, *line, world),
            (Place::Product(id, line), _) => product::change(*id, *line, &schema()?, world),
            (Place::Installments(id), _) => rows::add_installment(*id, &schema()?, world),
            (Place::Installment(id, row), Verb::Delete) => {
                rows::delete_installment(*id, *row, world)
            }
            (Place::Installment(id, row), _) => {
                rows::change_installment(*id, *row, &schema()?, world)
            }
            (Place::Discounts(id), _) => rows::add_discount(*id, &schema()?, world),
            (Place::Discount(id, row), Verb::Delete) => rows::delete_discount(*id, row, world),
            (Place::Discount(id, row), _) => rows::change_discount(*id, row, &schema()?, world),
            (Place::Followers(id), _) => rows::add_follower(*id, &schema()?, world),
            (Place::Follower(id, user), _) => rows::delete_follower(*id, *user, world),
            (Place::Participants(id), _) => rows::add_participant(*id, &schema()?, world),
            (Place::Participant(id, row), _) => rows::delete_participant(*id, *row, world),
            (Place::Duplicate(id), _) => merge::duplicate(*id, world),
            (Place::Several, _) => super::v1::delete_several(query, world),
            (Place::Merge(id), _) => merge::merge(*id, &schema()?, world),
            (Place::ConvertToLead(id), _) => merge::convert(*id, world),
        }
    }
}

/// Refuses a deal that is not there or that the token's user may not see.
fn visible(deal: Id, world: &World) -> Result<(), Refusal> {
    let found = world.deal(deal).filter(|deal| world.sees(deal));
    found.map(drop).ok_or(Refusal::NoDeal)
}

/// Carries out one edit.
fn apply(edit: Edit, deal: Id, world: &mut World) -> Result<Edited, Refusal> {
    let mut edited = world.apply_all(&[deal], vec![edit]).map_err(refusal)?;
    Ok(edited.pop().expect("one edit made one thing"))
}

/// Says why an edit was refused.
///
/// Source: changelog, "soft-deleted deals" and "archived deals", for what is refused; the statuses but 404 are likely
/// ones.
fn refusal(error: EditError) -> Refusal {
    let (status, text) = match error {
        EditError::NoDeal => return Refusal::NoDeal,
        EditError::NoChild => (StatusCode::NOT_FOUND, "Entity was not found"),
        EditError::Deleted => (StatusCode::FORBIDDEN, "A deleted deal can only be restored"),
        EditError::Archived => (StatusCode::FORBIDDEN, "An archived deal cannot be changed"),
        EditError::Already => (StatusCode::BAD_REQUEST, "It is already so"),
        EditError::Unknown => (
            StatusCode::BAD_REQUEST,
            "There is no such field, option, stage, user, person or product",
        ),
        EditError::NotAllowed => (
            StatusCode::BAD_REQUEST,
            "The rules of products, installments, discounts or merging forbid it",
        ),
        EditError::WrongType => (StatusCode::BAD_REQUEST, "The value does not fit the field"),
    };
    Refusal::Other(status, text.to_owned())
}

/// An answer of status 201.
fn created(data: impl Serialize) -> Response {
    let mut response = answer::single(data);
    *response.status_mut() = StatusCode::CREATED;
    response
}

/// The answer to a DELETE: what was deleted.
fn deleted(id: impl Serialize) -> Response {
    answer::single(json!({ "id": id }))
}

/// Returns the row whose member `key` is `id`.
fn row(rows: Vec<Json>, key: &str, id: impl Into<Json>) -> Json {
    let id = id.into();
    rows.into_iter().find(|row| row[key] == id).unwrap_or(Json::Null)
}
