//! What people change in a deal while they work on it.

use fastrand::Rng;

use super::{
    super::{
        deal::Child,
        edit::{DealChange, Edit},
        generate::{pick, subject, value as any_value},
        second::Second,
        world::World,
    },
    find,
    sales::percent,
};

/// A change of an open deal.
fn change(
    world: &World,
    rng: &mut Rng,
    to: impl FnOnce(&mut Rng, &super::super::Deal) -> Option<DealChange>,
) -> Option<Vec<Edit>> {
    let deal = find::open_deal(world, rng)?;
    Some(vec![Edit::ChangeDeal(deal.id, to(rng, deal)?)])
}

/// The parties come nearer. What a deal with product lines is worth follows from these.
pub(super) fn value(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, deal| {
        let typed = deal.attached().lines.is_empty();
        let value = deal.value.filter(|_| typed).map(|value| percent(value, rng.i64(70..125)));
        value.map(|value| DealChange::Value(Some(value), deal.currency))
    })
}

pub(super) fn title(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, deal| {
        let customer = deal.org_id.and_then(|id| world.company.organizations.get(&id));
        let name = customer.map_or("Neukunde", |customer| &*customer.name);
        Some(DealChange::Title(format!("{name} {}", subject(rng))))
    })
}

pub(super) fn owner(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, _| find::user(world, rng).map(DealChange::Owner))
}

pub(super) fn labels(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, _| {
        let chosen = world.labels.iter().filter(|_| rng.u8(..5) == 0).map(|label| label.id);
        Some(DealChange::Labels(chosen.collect()))
    })
}

pub(super) fn person(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, deal| {
        find::person(world, rng, deal.org_id).map(|id| DealChange::Person(Some(id)))
    })
}

pub(super) fn organization(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, _| Some(DealChange::Organization(find::organization(world, rng))))
}

pub(super) fn visibility(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, _| Some(DealChange::VisibleTo(*pick(rng, &[1, 3, 3, 5, 7]))))
}

/// A custom field gets another value; now and then it is emptied.
pub(super) fn custom(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    change(world, rng, |rng, _| {
        let field = rng.choice(&world.fields)?;
        let today = Second::of(world.now()).date_at(0);
        let value = any_value(rng, field, world, today).filter(|_| rng.u8(..12) > 0);
        Some(DealChange::Custom(field.code.clone(), value))
    })
}

/// A call, a note, a mail, a file: what is only counted here.
pub(super) fn activity(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let deal = find::open_deal(world, rng)?;
    let more = |child| Edit::Children(deal.id, child, 1);
    Some(match rng.u8(..10) {
        0..3 => vec![more(Child::EmailMessage)],
        3..5 => vec![more(Child::Note)],
        5 => vec![more(Child::File)],
        // Something is done that was to be done, and something else is to be done next.
        6..8 if deal.children.undone_activities > 0 => {
            vec![Edit::Children(deal.id, Child::UndoneActivity, -1), more(Child::DoneActivity)]
        }
        _ => vec![more(Child::UndoneActivity)],
    })
}
