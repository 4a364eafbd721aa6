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
    /// Whether a company's plan may lack what is behind it, so that 402 and 403 speak of that and not of the account or
    /// the token.
    pub gated: bool,
}

/// How an endpoint hands out a long listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `limit` and `cursor`; the place of the next page is `additional_data.next_cursor`.
    Cursor,
    /// `limit` and `start`; the place of the next page is `additional_data.pagination.next_start` (v1).
    Offset,
    /// The whole answer at once, and no parameters of paging.
    None,
}

/// Who the token belongs to, and which company.
pub static USERS_ME: Endpoint =
    Endpoint { path: "/v1/users/me", cost: 2, page_limit: 1, paging: Paging::None, gated: false };

/// Deals that are not archived.
pub static DEALS: Endpoint = Endpoint {
    path: "/api/v2/deals",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Deals that are archived; each page costs twice as much.
pub static DEALS_ARCHIVED: Endpoint = Endpoint {
    path: "/api/v2/deals/archived",
    cost: 20,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Metadata of deal fields, built-in and custom, with their options.
pub static DEAL_FIELDS: Endpoint = Endpoint {
    path: "/api/v2/dealFields",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Product lines of up to 100 deals.
pub static DEAL_PRODUCTS: Endpoint = Endpoint {
    path: "/api/v2/deals/products",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Installments of up to 100 deals.
///
/// Source: API reference, "Installments": plans Growth and above. What the others answer is not said.
pub static DEAL_INSTALLMENTS: Endpoint = Endpoint {
    path: "/api/v2/deals/installments",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: true,
};

/// Discounts of one deal.
pub static DEAL_DISCOUNTS: Endpoint = Endpoint {
    path: "/api/v2/deals/{id}/discounts",
    cost: 10,
    page_limit: 1,
    paging: Paging::None,
    gated: false,
};

/// Followers of one deal.
pub static DEAL_FOLLOWERS: Endpoint = Endpoint {
    path: "/api/v2/deals/{id}/followers",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Participants of one deal.
pub static DEAL_PARTICIPANTS: Endpoint = Endpoint {
    path: "/v1/deals/{id}/participants",
    cost: 10,
    page_limit: 500,
    paging: Paging::Offset,
    gated: false,
};

/// How many deals there are that are neither archived nor deleted, and what they are worth.
pub static DEALS_SUMMARY: Endpoint = Endpoint {
    path: "/v1/deals/summary",
    cost: 40,
    page_limit: 1,
    paging: Paging::None,
    gated: false,
};

/// Pipelines.
pub static PIPELINES: Endpoint = Endpoint {
    path: "/api/v2/pipelines",
    cost: 5,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Stages of all pipelines.
pub static STAGES: Endpoint = Endpoint {
    path: "/api/v2/stages",
    cost: 5,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// All users of the company, in one answer.
pub static USERS: Endpoint =
    Endpoint { path: "/v1/users", cost: 20, page_limit: 1, paging: Paging::None, gated: false };

/// All currencies, in one answer.
pub static CURRENCIES: Endpoint = Endpoint {
    path: "/v1/currencies",
    cost: 20,
    page_limit: 1,
    paging: Paging::None,
    gated: false,
};

/// Persons.
pub static PERSONS: Endpoint = Endpoint {
    path: "/api/v2/persons",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Organizations.
pub static ORGANIZATIONS: Endpoint = Endpoint {
    path: "/api/v2/organizations",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Products of the catalogue.
pub static PRODUCTS: Endpoint = Endpoint {
    path: "/api/v2/products",
    cost: 10,
    page_limit: 500,
    paging: Paging::Cursor,
    gated: false,
};

/// Types of activities, in one answer. For the example of docs/contributing.md, which nobody mirrors.
#[cfg(test)]
pub static ACTIVITY_TYPES: Endpoint = Endpoint {
    path: "/v1/activityTypes",
    cost: 20,
    page_limit: 1,
    paging: Paging::None,
    gated: false,
};
