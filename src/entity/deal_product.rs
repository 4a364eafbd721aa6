//! Product lines attached to deals.

use super::{
    Advance, Child, Entity, Evidence, Scope, Table,
    column::{boolean, date, instant, int, real, text},
};
use crate::endpoint;

/// Most deals one call may name.
///
/// Source: API reference, "Get deal products of several deals": "a maximum of 100 deal IDs".
pub(super) const MAX_DEAL_IDS: usize = 100;

pub(super) static ENTITY: Entity = Entity {
    name: "deal_products",
    endpoint: &endpoint::DEAL_PRODUCTS,
    query: &[],
    advance: Advance::WithParent(Child {
        parent: "deals",
        scope: Scope::ParentGroup {
            param: "deal_ids",
            size: MAX_DEAL_IDS,
            member: "deal_id",
            either_form: false,
        },
        zero: "products_count",
        evidence: Evidence::Count("products_count"),
    }),
    schedule: None,
    every_sync: true,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_products",
    columns: &[
        int("id"),
        int("deal_id"),
        int("product_id"),
        text("name"),
        int("product_variation_id"),
        int("order_nr"),
        real("quantity"),
        real("item_price"),
        real("sum"),
        real("tax"),
        real("discount"),
        text("discount_type"),
        text("tax_method"),
        text("currency"),
        text("comments"),
        boolean("is_enabled"),
        text("billing_frequency"),
        int("billing_frequency_cycles"),
        date("billing_start_date"),
        instant("add_time"),
        instant("update_time"),
    ],
    changed: None,
    deleted: None,
    lists: &[],
    custom: None,
    describes: None,
    raw: None,
    extra: true,
    searched: None,
};
