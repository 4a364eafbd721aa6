//! Currencies. v1 only: there is no v2 list of them.

use super::{
    Advance, Entity, Table,
    column::{boolean, int, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "currencies",
    endpoint: &endpoint::CURRENCIES,
    query: &[],
    advance: Advance::FullScan { moves_deals: false },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "currencies",
    columns: &[
        int("id"),
        text("code"),
        text("name"),
        int("decimal_points"),
        text("symbol"),
        boolean("active_flag"),
        boolean("is_custom_flag"),
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
