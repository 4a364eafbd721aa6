//! Fields of deals: what a custom field is called, of which type it is, and its options.

use super::{
    Advance, Column, Entity, List, ListColumn, Table, Takes,
    column::{boolean, instant, int, json, text},
    deal,
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "deal_fields",
    endpoint: &endpoint::DEAL_FIELDS,
    query: &[("include_fields", "ui_visibility,important_fields,required_fields")],
    // v2 has no update time on a field: a change shows only by reading all of them again (specification of dealFields).
    advance: Advance::FullScan { moves_deals: true },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_fields",
    columns: &[
        text("field_code"),
        text("field_name"),
        text("description"),
        text("field_type"),
        boolean("is_custom_field"),
        boolean("is_optional_response_field"),
        boolean("is_writable"),
        json("subfields"),
        json("ui_visibility"),
        json("important_fields"),
        json("required_fields"),
    ],
    changed: None,
    deleted: None,
    // Options of custom fields have numbers, those of built-in fields words: two tables, so that either joins as it is.
    lists: &[
        List {
            member: "options",
            table: "deal_field_options",
            parent: "field_code",
            columns: &option_columns(int("option_id")),
            takes: Takes::NumberedObjects,
        },
        List {
            member: "options",
            table: "deal_field_text_options",
            parent: "field_code",
            columns: &option_columns(text("option_id")),
            takes: Takes::NamedObjects,
        },
    ],
    custom: None,
    describes: Some(&deal::CUSTOM),
    raw: None,
    extra: true,
    searched: None,
};

const fn option_columns(id: Column) -> [ListColumn; 5] {
    [
        ListColumn { column: id, member: "id" },
        ListColumn { column: text("label"), member: "label" },
        ListColumn { column: text("color"), member: "color" },
        ListColumn { column: instant("add_time"), member: "add_time" },
        ListColumn { column: instant("update_time"), member: "update_time" },
    ]
}
