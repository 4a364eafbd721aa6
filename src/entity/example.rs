//! Types of activities: calls, meetings and what else the company has. v1 only: there is no v2 list of them.

use super::{
    Advance, Entity, Table,
    column::{boolean, instant, int, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "activity_types",
    endpoint: &endpoint::ACTIVITY_TYPES,
    query: &[],
    advance: Advance::FullScan { moves_deals: false },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "activity_types",
    columns: &[
        int("id"),
        text("name"),
        int("order_nr"),
        text("key_string"),
        boolean("active_flag"),
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
