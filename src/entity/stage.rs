//! Stages of pipelines.

use super::{
    Advance, Entity, Table,
    column::{boolean, flag, instant, int, real, text},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "stages",
    endpoint: &endpoint::STAGES,
    query: &[],
    advance: Advance::FullScan { moves_deals: true },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "stages",
    columns: &[
        int("id"),
        int("order_nr"),
        text("name"),
        flag("is_deleted"),
        real("deal_probability"),
        int("pipeline_id"),
        boolean("is_deal_rot_enabled"),
        int("days_to_rotten"),
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
