//! What v1 still answers about one deal or several, and what it answered until upstream removed it.

mod former;
mod permitted;

use http::Method;

use super::{
    Id,
    query::{Query, Refusal},
    routes,
    world::World,
};
use crate::seams::Response;

pub(super) use former::delete_several;

/// What an endpoint answers that is gone from the reference: the collection of deals, activities and persons of a deal,
/// and the deletion of several deals, all of v1.
///
/// Source: HTTP status codes: 410 is for an "old resource permanently unavailable"; that these give it is a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// 410.
    Gone,
    /// 404, as a path of v1 that never was.
    Unknown,
    /// What they always answered.
    There,
}

/// A read of v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum V1Read {
    Collection,
    Activities(Id),
    Persons(Id),
    PermittedUsers(Id),
}

impl V1Read {
    /// Finds the read of a path, which begins with `/v1/` or `/api/v2/`.
    pub(super) fn of(path: &str) -> Option<Self> {
        if path == "/v1/deals/collection" {
            return Some(Self::Collection);
        }
        let (id, rest) = path.strip_prefix("/v1/deals/")?.split_once('/')?;
        match rest {
            "activities" => Some(Self::Activities(routes::id(id)?)),
            "persons" => Some(Self::Persons(routes::id(id)?)),
            "permittedUsers" => Some(Self::PermittedUsers(routes::id(id)?)),
            _ => None,
        }
    }

    /// Source: `x-token-cost` of the API reference, and the older reference for what is gone from it.
    pub(super) fn cost(self) -> u64 {
        match self {
            Self::Collection | Self::PermittedUsers(_) => 10,
            Self::Activities(_) | Self::Persons(_) => 20,
        }
    }

    pub(super) fn answer(self, query: &Query, world: &World) -> Result<Response, Refusal> {
        match self {
            Self::Collection => former::collection(query, world),
            Self::Activities(id) => super::around::activities_of_deal(id, query, world),
            Self::Persons(id) => former::persons(id, query, world),
            Self::PermittedUsers(id) => permitted::permitted_users(id, world),
        }
    }
}

/// Returns whether a request goes to what is gone from the reference.
pub(super) fn is_removed(method: &Method, path: &str) -> bool {
    let read = || match V1Read::of(path) {
        Some(V1Read::Collection | V1Read::Activities(_) | V1Read::Persons(_)) => true,
        Some(V1Read::PermittedUsers(_)) | None => false,
    };
    (method == Method::DELETE && path == "/v1/deals") || read()
}
