//! Pipelines.

use super::{
    Advance, Entity, Table,
    column::{boolean, flag, instant, int, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "pipelines",
    endpoint: &endpoint::PIPELINES,
    query: &[],
    advance: Advance::FullScan { moves_deals: true },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "pipelines",
    columns: &[
        int("id"),
        text("name"),
        int("order_nr"),
        flag("is_deleted"),
        boolean("is_deal_probability_enabled"),
        instant("add_time"),
        instant("update_time"),
    ],
    changed: None,
    deleted: Some("is_deleted"),
    lists: &[],
    custom: None,
    describes: None,
    raw: None,
    extra: true,
    searched: None,
};
