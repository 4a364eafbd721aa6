//! Endpoints: which there are, what they cost, and how a request becomes a question to the world.

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::{
    Id, answer,
    around::AroundRead,
    attached::ChildRead,
    chronicle::ChronicleRead,
    company::User,
    cursor::{Order, Place},
    index::SortBy,
    list::{Listing, limit, single_shape},
    query::{Query, Refusal},
    reference::{ReferenceRead, user_json},
    routes,
    search::search,
    second::Second,
    summary::summary,
    switches::Switches,
    timeline::timeline,
    v1::{Removed, V1Read, is_removed},
    view::{DealView, DealViews},
    world::{List, World},
    writes::Write,
};
use crate::seams::Response;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Me,
    Deals,
    ArchivedDeals,
    Deal(Id),
    DealFields,
    DealField(String),
    Summary(List),
    Timeline(List),
    Search,
    Activity(AroundRead),
    Chronicle(ChronicleRead),
    V1(V1Read),
    Child(ChildRead),
    Reference(ReferenceRead),
    Write(Write),
}

impl Endpoint {
    /// Returns what a request costs, whatever it asks for. Source: `x-token-cost` of the API reference.
    pub(super) fn cost(&self) -> u64 {
        match self {
            Self::Deal(_) | Self::DealField(_) => 1,
            Self::Me => 2,
            Self::Deals | Self::DealFields => 10,
            Self::ArchivedDeals | Self::Timeline(List::Live) | Self::Search => 20,
            Self::Summary(List::Live) | Self::Timeline(List::Archived) => 40,
            Self::Summary(List::Archived) => 80,
            Self::Activity(read) => read.cost(),
            Self::Chronicle(read) => read.cost(),
            Self::V1(read) => read.cost(),
            Self::Child(read) => read.cost(),
            Self::Reference(read) => read.cost(),
            Self::Write(write) => write.cost(),
        }
    }

    /// Returns whether a request counts against the burst limit of searches.
    pub(super) fn is_search(method: &Method, path: &str) -> bool {
        method == Method::GET && path == "/api/v2/deals/search"
    }

    /// Finds the read of a path.
    fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/users/me" => Some(Self::Me),
            "/v1/deals/summary" => Some(Self::Summary(List::Live)),
            "/v1/deals/summary/archived" => Some(Self::Summary(List::Archived)),
            "/v1/deals/timeline" => Some(Self::Timeline(List::Live)),
            "/v1/deals/timeline/archived" => Some(Self::Timeline(List::Archived)),
            "/api/v2/deals/search" => Some(Self::Search),
            "/api/v2/deals" => Some(Self::Deals),
            "/api/v2/deals/archived" => Some(Self::ArchivedDeals),
            "/api/v2/dealFields" => Some(Self::DealFields),
            _ => {
                let deal = path.strip_prefix("/api/v2/deals/").and_then(routes::id);
                let field = || path.strip_prefix("/api/v2/dealFields/").map(str::to_owned);
                let found = deal.map(Self::Deal).or_else(|| field().map(Self::DealField));
                found
                    .or_else(|| ChildRead::of(path).map(Self::Child))
                    .or_else(|| AroundRead::of(path).map(Self::Activity))
                    .or_else(|| ChronicleRead::of(path).map(Self::Chronicle))
                    .or_else(|| V1Read::of(path).map(Self::V1))
                    .or_else(|| ReferenceRead::of(path).map(Self::Reference))
            }
        }
    }

    /// Finds the endpoint of a request; v1 answers under `/v1` and `/api/v1`.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn find(method: &Method, path: &str, switches: &Switches) -> Result<Self, Missing> {
        let path =
            path.strip_prefix("/api").filter(|rest| rest.starts_with("/v1/")).unwrap_or(path);
        match switches.removed_endpoints {
            Removed::Gone if is_removed(method, path) => return Err(Missing::Gone),
            Removed::Unknown if is_removed(method, path) => return Err(Missing::V1),
            Removed::Gone | Removed::Unknown | Removed::There => {}
        }
        let found = match *method {
            _ if !routes::exists(method, path) => None,
            Method::GET => Self::of(path),
            _ => Write::find(method, path).map(Self::Write),
        };
        match found {
            Some(endpoint) => Ok(endpoint),
            None if routes::knows(path) => Err(Missing::Method),
            None if path.starts_with("/v1/") => Err(Missing::V1),
            None => Err(Missing::Page),
        }
    }

    /// Answers a request; a write changes the world.
    pub(super) fn answer(&self, query: &Query, body: &[u8], world: &mut World) -> Response {
        let answer = match self {
            Self::Me => Ok(answer::single(me(world))),
            Self::Deals => deals(query, List::Live, world),
            Self::ArchivedDeals => deals(query, List::Archived, world),
            Self::Deal(id) => deal(*id, query, world),
            Self::DealFields => deal_fields(query, world),
            Self::DealField(code) => deal_field(code, query, world),
            Self::Summary(list) => summary(query, *list, world),
            Self::Timeline(list) => timeline(query, *list, world),
            Self::Activity(read) => read.answer(query, world),
            Self::Chronicle(read) => read.answer(query, world),
            Self::V1(read) => read.answer(query, world),
            Self::Search => search(query, world),
            Self::Child(read) => read.answer(query, world),
            Self::Reference(read) => read.answer(query, world),
            Self::Write(write) => write.answer(query, body, world),
        };
        answer.unwrap_or_else(|refusal| refusal.answer())
    }
}

/// Why a request leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The path is known, the method is not.
    Method,
    /// v1 has no such path.
    V1,
    /// v1 has it no longer.
    Gone,
    /// Nor has v2, which shows the web page for people.
    Page,
}

impl Missing {
    pub(super) fn answer(self) -> Response {
        match self {
            Self::Method => answer::error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::V1 => answer::error(StatusCode::NOT_FOUND, "Unknown method."),
            Self::Gone => answer::error(StatusCode::GONE, "This endpoint is no longer available"),
            Self::Page => answer::html(StatusCode::NOT_FOUND, "Page not found"),
        }
    }
}

fn deals(query: &Query, list: List, world: &World) -> Result<Response, Refusal> {
    let listing = Listing::parse(query, list, world)?;
    let (deals, cursor) = listing.page(world, list);
    let views = DealViews { deals: &deals, world, shape: &listing.shape };
    Ok(answer::page(views, cursor, world.switches().end))
}

fn deal(id: Id, query: &Query, world: &World) -> Result<Response, Refusal> {
    let shape = single_shape(query, world)?;
    let found = |deal: &&super::Deal| {
        world.sees(deal) && (deal.deleted.is_none() || world.switches().single_finds_deleted)
    };
    Ok(match world.deal(id).filter(found) {
        Some(deal) => answer::single(DealView { deal, world, shape: &shape }),
        None => answer::error(StatusCode::NOT_FOUND, "Deal not found"),
    })
}

/// Fields have no number in v2; the cursor counts them in the order they are listed.
fn deal_fields(query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&["limit", "cursor", "include_fields"])?;
    let settings = super::field_view::Settings::parse(query)?;
    let order = Order { by: SortBy::Id, descending: false };
    let start = match query.get("cursor").map(|cursor| order.place(cursor)).transpose()? {
        None | Some(Place::Start) => 0,
        Some(Place::Key((_, nth))) => usize::try_from(nth).unwrap_or(usize::MAX),
        Some(Place::Offset(offset)) => offset,
    };
    let limit = limit(query, world.switches())?;
    let mut rest = world.field_views().skip(start);
    let fields = rest.by_ref().take(limit).map(|field| settings.of(field)).collect::<Vec<_>>();
    let next = Id::try_from(start + fields.len()).unwrap_or(Id::MAX);
    let cursor = rest.next().map(|_| order.cursor((None, next)));
    Ok(answer::page(fields.iter().collect::<Vec<_>>(), cursor, world.switches().end))
}

/// What the API answers for a field it does not know is unknown.
fn deal_field(code: &str, query: &Query, world: &World) -> Result<Response, Refusal> {
    query.check(&["include_fields"])?;
    let settings = super::field_view::Settings::parse(query)?;
    let unknown = || Refusal::Other(StatusCode::NOT_FOUND, "Field not found".to_owned());
    let field = world.field_views().find(|field| field.code() == code).ok_or_else(unknown)?;
    Ok(answer::single(settings.of(field)))
}

/// Source: API reference v1, `/users/me`: a user as `/users` writes it, with the company.
fn me(world: &World) -> Json {
    let (company, id) = (world.company(), world.user());
    let unknown = User::new(id, String::new(), Second::of(world.now()));
    let mut me = user_json(id, company.users.get(&id).unwrap_or(&unknown), world);
    me["company_id"] = world.switches().company_id.unwrap_or(company.id).into();
    me["company_name"] = company.name.as_str().into();
    me["company_domain"] = company.domain.as_str().into();
    me["company_country"] = "EE".into();
    me["company_industry"] = "Wholesale".into();
    me["language"] = json!({"language_code": "en", "country_code": "GB"});
    me
}
