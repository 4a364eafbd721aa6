//! Persons who take part in deals (v1: there is no v2 listing).

use super::{
    Advance, Child, Entity, Evidence, Scope, Table,
    column::{boolean, instant, int, reference},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "deal_participants",
    endpoint: &endpoint::DEAL_PARTICIPANTS,
    query: &[],
    advance: Advance::WithParent(Child {
        parent: "deals",
        scope: Scope::EachParent,
        zero: "participants_count",
        evidence: Evidence::Count("participants_count"),
    }),
    schedule: None,
    every_sync: true,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_participants",
    columns: &[
        int("id"),
        reference("person_id"),
        instant("add_time"),
        reference("added_by_user_id"),
        boolean("active_flag"),
    ],
    changed: None,
    deleted: None,
    lists: &[],
    custom: None,
    describes: None,
    raw: None,
    extra: false,
    searched: None,
};
