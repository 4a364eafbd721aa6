//! Discounts on deals as a whole.

use super::{
    Advance, Child, Entity, Evidence, Scope, Table,
    column::{instant, int, real, text},
};
use crate::endpoint;

/// No counter tells of discounts. Without products a deal has none [inference: a discount is taken off the products'
/// total], and where the deal's value is as far from what its lines add up to as it was when the discounts were last
/// read (0 where they never were), none came, changed or went.
pub(super) static ENTITY: Entity = Entity {
    name: "deal_discounts",
    endpoint: &endpoint::DEAL_DISCOUNTS,
    query: &[],
    advance: Advance::WithParent(Child {
        parent: "deals",
        scope: Scope::EachParent,
        zero: "products_count",
        evidence: Evidence::ValueGap,
    }),
    schedule: None,
    every_sync: true,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_discounts",
    columns: &[
        text("id"),
        int("deal_id"),
        text("type"),
        real("amount"),
        text("description"),
        instant("created_at"),
        int("created_by"),
        instant("updated_at"),
        int("updated_by"),
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
