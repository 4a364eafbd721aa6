//! Every endpoint the mirror asks, with what one request costs.
//!
//! The one place where costs stand. Source of the figures: the `x-token-cost` extension of Pipedrive's OpenAPI documents
//! of 2026-08-18 (v1 and v2) and the Deals reference page; a cost is flat per request, whatever the `limit` and however
//! many rows come back.

/// One endpoint of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The path as the reference writes it, `{id}` and all.
    pub path: &'static str,
    /// What one request takes from the company's daily budget.
    pub cost: u64,
    /// The most rows one answer can hold; also the `limit` we ask for. 1 where the endpoint does not page.
    ///
    /// Source: API reference, "Pagination": "maximum 500".
    pub page_limit: usize,
    /// How one gets from a page to the next.
    pub paging: Paging,
}

/// How an endpoint hands out a long listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `limit` and `cursor`; the place of the next page is `additional_data.next_cursor`.
    Cursor,
    /// The whole answer at once.
    None,
}

/// Who the token belongs to, and which company.
pub static USERS_ME: Endpoint =
    Endpoint { path: "/v1/users/me", cost: 2, page_limit: 1, paging: Paging::None };

/// Deals that are not archived.
pub static DEALS: Endpoint =
    Endpoint { path: "/api/v2/deals", cost: 10, page_limit: 500, paging: Paging::Cursor };

/// Deals that are archived; each page costs twice as much.
pub static DEALS_ARCHIVED: Endpoint =
    Endpoint { path: "/api/v2/deals/archived", cost: 20, page_limit: 500, paging: Paging::Cursor };

/// Metadata of deal fields, built-in and custom, with their options.
pub static DEAL_FIELDS: Endpoint =
    Endpoint { path: "/api/v2/dealFields", cost: 10, page_limit: 500, paging: Paging::Cursor };
