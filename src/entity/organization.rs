//! Organizations: companies, by default those that deals name.

use super::{
    Advance, Entity, List, ListColumn, Named, Naming, Searched, Table, Takes,
    column::{flag, instant, int, json, real, text},
    named_ids,
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "organizations",
    endpoint: &endpoint::ORGANIZATIONS,
    query: &[],
    advance: Advance::HighWater { list: None, floor: false, windows: true },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: Some(&NAMED),
};

static NAMED: Named = Named {
    scope: named_ids(),
    by: &[Naming::Parent { column: "org_id" }, Naming::Custom { field_type: "org" }],
};

static TABLE: Table = Table {
    name: "organizations",
    columns: &[
        int("id"),
        text("name"),
        int("owner_id"),
        instant("add_time"),
        instant("update_time"),
        flag("is_deleted"),
        int("visible_to"),
        json("address"),
        text("website"),
        text("linkedin"),
        int("industry"),
        real("annual_revenue"),
        int("employee_count"),
        json("custom_fields"),
    ],
    changed: Some("update_time"),
    deleted: Some("is_deleted"),
    lists: &[List {
        member: "label_ids",
        table: "organization_labels",
        parent: "organization_id",
        columns: &[ListColumn { column: int("label_id"), member: "" }],
        takes: Takes::Values,
    }],
    custom: None,
    describes: None,
    raw: None,
    extra: true,
    searched: Some(Searched::Name { by: "org_id" }),
};
