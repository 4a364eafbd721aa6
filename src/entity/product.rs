//! Products: the catalogue that product lines of deals point to.

use super::{
    Advance, Entity, List, ListColumn, Table, Takes,
    column::{boolean, flag, instant, int, json, real, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "products",
    endpoint: &endpoint::PRODUCTS,
    query: &[],
    advance: Advance::HighWater { list: None, floor: false, windows: false },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "products",
    columns: &[
        int("id"),
        text("name"),
        text("code"),
        text("description"),
        text("unit"),
        real("tax"),
        text("category"),
        flag("is_deleted"),
        boolean("is_linkable"),
        int("visible_to"),
        int("owner_id"),
        instant("add_time"),
        instant("update_time"),
        text("billing_frequency"),
        int("billing_frequency_cycles"),
        json("custom_fields"),
    ],
    changed: Some("update_time"),
    deleted: Some("is_deleted"),
    lists: &[List {
        member: "prices",
        table: "product_prices",
        parent: "product_id",
        columns: &[
            ListColumn { column: text("currency"), member: "currency" },
            ListColumn { column: real("price"), member: "price" },
            ListColumn { column: real("cost"), member: "cost" },
            ListColumn { column: real("direct_cost"), member: "direct_cost" },
            ListColumn { column: text("notes"), member: "notes" },
        ],
        takes: Takes::Objects,
    }],
    custom: None,
    describes: None,
    raw: None,
    extra: true,
    searched: None,
};
