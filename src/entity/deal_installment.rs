//! Installments of deals: when which part is billed.

use super::{
    Advance, Child, Entity, Evidence, Scope, Table,
    column::{date, int, real, text},
    deal_product::MAX_DEAL_IDS,
};
use crate::endpoint;

/// An installment needs a one-time product, so a deal without products has none (API reference, "Add an installment to a
/// deal"). How many there are, no counter tells.
pub(super) static ENTITY: Entity = Entity {
    name: "deal_installments",
    endpoint: &endpoint::DEAL_INSTALLMENTS,
    query: &[],
    advance: Advance::WithParent(Child {
        parent: "deals",
        scope: Scope::ParentGroup {
            param: "deal_ids",
            size: MAX_DEAL_IDS,
            member: "deal_id",
            either_form: true,
        },
        zero: "products_count",
        evidence: Evidence::None,
    }),
    schedule: None,
    every_sync: true,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_installments",
    columns: &[
        int("id"),
        int("deal_id"),
        real("amount"),
        date("billing_date"),
        text("description"),
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
