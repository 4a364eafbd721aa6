//! Users of the company. v1 only: there is no v2 list of them.

use super::{
    Advance, Entity, Table,
    column::{boolean, flag, instant, int, json, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "users",
    endpoint: &endpoint::USERS,
    query: &[],
    advance: Advance::FullScan { moves_deals: false },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "users",
    columns: &[
        int("id"),
        text("name"),
        text("default_currency"),
        text("locale"),
        int("lang"),
        text("email"),
        text("phone"),
        boolean("activated"),
        instant("last_login"),
        instant("created"),
        instant("modified"),
        boolean("has_created_company"),
        json("access"),
        boolean("active_flag"),
        text("timezone_name"),
        text("timezone_offset"),
        int("role_id"),
        text("icon_url"),
        boolean("is_you"),
        flag("is_deleted"),
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
