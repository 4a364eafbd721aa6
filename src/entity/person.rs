//! Persons: contacts, by default those that deals name.

use super::{
    Advance, Entity, List, ListColumn, Named, Naming, Searched, Table, Takes,
    column::{boolean, date, flag, instant, int, json, text},
    named_ids,
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "persons",
    endpoint: &endpoint::PERSONS,
    query: &[],
    advance: Advance::HighWater { list: None, floor: false, windows: true },
    schedule: Some(super::DAILY),
    every_sync: false,
    table: &TABLE,
    named: Some(&NAMED),
};

static NAMED: Named = Named {
    scope: named_ids(),
    by: &[
        Naming::Parent { column: "person_id" },
        Naming::Custom { field_type: "people" },
        Naming::Child { table: "deal_participants", column: "person_id" },
    ],
};

static TABLE: Table = Table {
    name: "persons",
    columns: &[
        int("id"),
        text("name"),
        text("first_name"),
        text("last_name"),
        int("owner_id"),
        int("org_id"),
        instant("add_time"),
        instant("update_time"),
        flag("is_deleted"),
        int("visible_to"),
        int("picture_id"),
        json("postal_address"),
        text("notes"),
        json("im"),
        date("birthday"),
        text("job_title"),
        json("custom_fields"),
    ],
    changed: Some("update_time"),
    deleted: Some("is_deleted"),
    lists: &[
        contact_list("emails", "person_emails"),
        contact_list("phones", "person_phones"),
        List {
            member: "label_ids",
            table: "person_labels",
            parent: "person_id",
            columns: &[ListColumn { column: int("label_id"), member: "" }],
            takes: Takes::Values,
        },
    ],
    custom: None,
    describes: None,
    raw: None,
    extra: true,
    searched: Some(Searched::Name { by: "person_id" }),
};

const CONTACT: &[ListColumn] = &[
    ListColumn { column: text("value"), member: "value" },
    ListColumn { column: boolean("primary"), member: "primary" },
    ListColumn { column: text("label"), member: "label" },
];

const fn contact_list(member: &'static str, table: &'static str) -> List {
    List { member, table, parent: "person_id", columns: CONTACT, takes: Takes::Objects }
}
