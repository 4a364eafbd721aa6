//! Users who follow deals.

use super::{
    Advance, Child, Entity, Evidence, Scope, Table,
    column::{instant, int},
};
use crate::endpoint;

pub(super) static ENTITY: Entity = Entity {
    name: "deal_followers",
    endpoint: &endpoint::DEAL_FOLLOWERS,
    query: &[],
    advance: Advance::WithParent(Child {
        parent: "deals",
        scope: Scope::EachParent,
        zero: "followers_count",
        evidence: Evidence::Count("followers_count"),
    }),
    schedule: None,
    every_sync: true,
    table: &TABLE,
    named: None,
};

static TABLE: Table = Table {
    name: "deal_followers",
    columns: &[int("user_id"), instant("add_time")],
    changed: None,
    deleted: None,
    lists: &[],
    custom: None,
    describes: None,
    raw: None,
    extra: false,
    searched: None,
};
