//! `/v1/deals/{id}/permittedUsers`.

use super::super::{Id, answer, attached::parent, query::Refusal, world::World};
use crate::seams::Response;

/// Users that are active and may see the deal: its owner, administrators, and all where it is for more than its owner.
pub(super) fn permitted_users(id: Id, world: &World) -> Result<Response, Refusal> {
    let parent = parent(id, world.switches().single_children, world)?;
    let first = world.company().users.keys().next().copied();
    let is_admin = |user: Id| match user == world.user() {
        true => world.switches().admin,
        false => Some(user) == first,
    };
    let users = world.company().users.iter().filter(|(id, user)| {
        let sees = |owner, to| to != 1 || owner == **id || is_admin(**id);
        user.active && parent.is_some_and(|(deal, _)| sees(deal.owner_id, deal.visible_to))
    });
    Ok(answer::single(users.map(|(id, _)| *id).collect::<Vec<_>>()))
}
