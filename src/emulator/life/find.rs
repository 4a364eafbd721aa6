//! Whom an act concerns: drawn without walking through all there are.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::super::{
    Id,
    company::Stamp,
    deal::{Deal, Status},
    world::World,
};

/// How many deals are looked at before an act is given up.
const LOOKS: usize = 40;

/// Returns a deal of which `wanted` holds; the younger ones the more often.
pub(super) fn deal<'a>(
    world: &'a World,
    rng: &mut Rng,
    wanted: impl Fn(&Deal) -> bool,
) -> Option<&'a Deal> {
    (0..LOOKS).find_map(|_| some_deal(world, rng).filter(|deal| wanted(deal)))
}

/// Returns a deal that is open, and neither archived nor deleted.
pub(super) fn open_deal<'a>(world: &'a World, rng: &mut Rng) -> Option<&'a Deal> {
    deal(world, rng, |deal| deal.status == Status::Open && is_there(deal))
}

/// Returns whether a deal is neither archived nor deleted.
pub(super) fn is_there(deal: &Deal) -> bool {
    deal.archived.is_none() && deal.deleted.is_none()
}

/// Returns any deal. Every second one is likely young: what came lately is what people work on, and the rest stalls.
fn some_deal<'a>(world: &'a World, rng: &mut Rng) -> Option<&'a Deal> {
    let drawn = rng.f64();
    let share = if rng.bool() { drawn.powi(3) } else { drawn };
    let back = f64::from(world.next_deal) * share;
    // Whole, not negative and below the next id.
    let from = world.next_deal.saturating_sub(1 + back as Id);
    let found = world.deals.range(from..).next().or_else(|| world.deals.first_key_value());
    found.map(|(_, deal)| deal)
}

/// Returns an entry of a map; one behind a gap is the likelier, the wider the gap.
pub(super) fn any<'a, V>(rng: &mut Rng, map: &'a BTreeMap<Id, V>) -> Option<(Id, &'a V)> {
    let (first, last) = (map.first_key_value()?, map.last_key_value()?);
    let from = rng.u32(*first.0..=*last.0);
    map.range(from..).next().map(|(id, value)| (*id, value))
}

/// Returns a record that is not deleted, or one that is.
pub(super) fn record<'a, V>(
    rng: &mut Rng,
    map: &'a BTreeMap<Id, V>,
    stamp: impl Fn(&V) -> &Stamp,
    deleted: bool,
) -> Option<(Id, &'a V)> {
    let wanted = |(_, record): &(Id, &V)| stamp(record).deleted.is_some() == deleted;
    (0..LOOKS).find_map(|_| any(rng, map).filter(wanted))
}

/// Returns a user who can sign in.
pub(super) fn user(world: &World, rng: &mut Rng) -> Option<Id> {
    let active = |found: &(Id, &super::super::User)| found.1.active;
    (0..LOOKS).find_map(|_| any(rng, &world.company.users).filter(active)).map(|(id, _)| id)
}

/// Returns a customer who is not deleted.
pub(super) fn organization(world: &World, rng: &mut Rng) -> Option<Id> {
    record(rng, &world.company.organizations, |it| &it.stamp, false).map(|(id, _)| id)
}

/// Returns a contact who is not deleted, of this customer if one is met.
pub(super) fn person(world: &World, rng: &mut Rng, org_id: Option<Id>) -> Option<Id> {
    let persons = &world.company.persons;
    let mut met = (0..8).filter_map(|_| record(rng, persons, |it| &it.stamp, false));
    let mut anybody = None;
    let own = met.find(|(id, person)| {
        anybody.get_or_insert(*id);
        org_id.is_some() && person.org_id == org_id
    });
    own.map(|(id, _)| id).or(anybody)
}
