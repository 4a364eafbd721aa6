//! Deals, and the two lists that return them.
//!
//! `/deals` and `/deals/archived` are two listings of one table: a deal that moves between them is the same row.
//! Source of the members: API reference, "Get all deals", and the v2 specification with its examples.

use super::{
    Advance, CustomTable, Entity, List, ListColumn, Searched, Table, Takes,
    column::{date, flag, instant, int, real, text},
};
use crate::endpoint;

/// Parameters of every page of either list.
///
/// One call returns all four statuses, and the counters cost nothing (flat cost per request); every request asks for
/// the same members, so that a row's hash moves only when the deal does.
const QUERY: &[(&str, &str)] = &[
    ("status", "open,won,lost,deleted"),
    (
        "include_fields",
        "next_activity_id,last_activity_id,first_won_time,products_count,files_count,notes_count,followers_count,\
         email_messages_count,activities_count,done_activities_count,undone_activities_count,participants_count,\
         last_incoming_mail_time,last_outgoing_mail_time,smart_bcc_email,source_lead_id",
    ),
];

/// Deals that are not archived.
pub(super) static ENTITY: Entity = Entity {
    name: "deals",
    endpoint: &endpoint::DEALS,
    query: QUERY,
    advance: Advance::HighWater { list: Some(("is_archived", 0)), floor: true, windows: true },
    schedule: Some("0 */5 * * * *"),
    every_sync: true,
    table: &TABLE,
    named: None,
};

/// Archived deals. Each page costs twice as much, and they move rarely.
pub(super) static ARCHIVED: Entity = Entity {
    name: "deals_archived",
    endpoint: &endpoint::DEALS_ARCHIVED,
    query: QUERY,
    advance: Advance::HighWater { list: Some(("is_archived", 1)), floor: true, windows: true },
    schedule: Some("0 0 * * * *"),
    every_sync: true,
    table: &TABLE,
    named: None,
};

pub(super) static TABLE: Table = Table {
    name: "deals",
    columns: &[
        int("id"),
        text("title"),
        int("creator_user_id"),
        int("owner_id"),
        real("value"),
        int("person_id"),
        int("org_id"),
        int("stage_id"),
        int("pipeline_id"),
        text("currency"),
        instant("archive_time"),
        instant("add_time"),
        instant("update_time"),
        instant("stage_change_time"),
        text("status"),
        flag("is_archived"),
        flag("is_deleted"),
        real("probability"),
        text("lost_reason"),
        int("visible_to"),
        instant("close_time"),
        instant("won_time"),
        instant("lost_time"),
        date("local_won_date"),
        date("local_lost_date"),
        date("local_close_date"),
        date("expected_close_date"),
        text("origin"),
        text("origin_id"),
        int("channel"),
        text("channel_id"),
        real("acv"),
        real("arr"),
        real("mrr"),
        int("next_activity_id"),
        int("last_activity_id"),
        instant("first_won_time"),
        int("products_count"),
        int("files_count"),
        int("notes_count"),
        int("followers_count"),
        int("email_messages_count"),
        int("activities_count"),
        int("done_activities_count"),
        int("undone_activities_count"),
        int("participants_count"),
        instant("last_incoming_mail_time"),
        instant("last_outgoing_mail_time"),
        text("smart_bcc_email"),
        text("source_lead_id"),
    ],
    changed: Some("update_time"),
    deleted: Some("is_deleted"),
    lists: &[List {
        member: "label_ids",
        table: "deal_labels",
        parent: "deal_id",
        columns: &[ListColumn { column: int("label_id"), member: "" }],
        takes: Takes::Values,
    }],
    custom: Some(&CUSTOM),
    describes: None,
    raw: Some("deal_raw"),
    extra: false,
    searched: Some(Searched::Deal),
};

/// Custom fields of deals.
pub(super) static CUSTOM: CustomTable = CustomTable {
    member: "custom_fields",
    table: "deal_custom_fields",
    options: "deal_custom_field_options",
    parent: "deal_id",
    fields: "deal_fields",
};
