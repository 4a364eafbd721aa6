//! What people hang on a deal, and take off it.

use fastrand::Rng;
use jiff::ToSpan as _;

use super::{
    super::{
        attached::{Discount, DiscountType, Installment},
        deal::{Deal, Status},
        edit::Edit,
        generate::line,
        second::Second,
        value::Cents,
        world::World,
    },
    find,
    sales::percent,
};

/// How many lines a deal gets at most.
const LINES: usize = 8;

/// How many followers and participants.
const PEOPLE: usize = 6;

type Act = Option<Vec<Edit>>;

/// Returns an open deal of which `wanted` holds.
fn open<'a>(world: &'a World, rng: &mut Rng, wanted: impl Fn(&Deal) -> bool) -> Option<&'a Deal> {
    let open = |deal: &Deal| deal.status == Status::Open && find::is_there(deal);
    find::deal(world, rng, |deal| open(deal) && wanted(deal))
}

fn has_lines(deal: &Deal) -> bool {
    !deal.attached().lines.is_empty()
}

pub(super) fn add_line(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, |deal| deal.attached().lines.len() < LINES)?.id;
    Some(vec![Edit::AddProduct(deal, line(rng, world)?)])
}

/// Another quantity, another price, a discount, or a line that does not count for now.
pub(super) fn edit_line(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, has_lines)?;
    let old = rng.choice(&deal.attached().lines)?;
    let mut new = old.line.clone();
    match rng.u8(..10) {
        0..4 => new.quantity = Cents(rng.i64(1..20) * 100),
        4..7 => new.item_price = percent(new.item_price, rng.i64(80..115)),
        7..9 => {
            (new.discount, new.discount_type) =
                (Cents(rng.i64(0..25) * 100), DiscountType::Percentage);
        }
        _ => new.is_enabled ^= true,
    }
    Some(vec![Edit::EditProduct(deal.id, old.id, new)])
}

pub(super) fn remove_line(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, has_lines)?;
    let line = rng.choice(&deal.attached().lines)?.id;
    Some(vec![Edit::RemoveProduct(deal.id, line)])
}

/// How it is paid is agreed on, or agreed on anew.
pub(super) fn installment(world: &World, rng: &mut Rng) -> Act {
    let deal = find::deal(world, rng, |deal| {
        deal.status != Status::Lost && find::is_there(deal) && has_lines(deal)
    })?;
    let today = Second::of(world.now()).date_at(0);
    let there = &deal.attached().installments;
    let new = Installment {
        description: format!("Rate {}", there.len() + 1),
        amount: percent(deal.attached().worth(), rng.i64(10..50)),
        billing_date: today.saturating_add(rng.i32(7..200).days()),
    };
    let edit = match (rng.u8(..5), rng.choice(there)) {
        (0, Some((id, _))) => Edit::RemoveInstallment(deal.id, *id),
        (1 | 2, Some((id, old))) => {
            let description = old.description.clone();
            Edit::EditInstallment(deal.id, *id, Installment { description, ..new })
        }
        _ => Edit::AddInstallment(deal.id, new),
    };
    Some(vec![edit])
}

pub(super) fn discount(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, has_lines)?;
    let percent = rng.i64(1..20);
    let new = Discount {
        description: format!("{percent} % framework agreement"),
        amount: Cents(percent * 100),
        discount_type: DiscountType::Percentage,
    };
    let edit = match (rng.u8(..4), rng.choice(&deal.attached().discounts)) {
        (0, Some(old)) => Edit::RemoveDiscount(deal.id, old.id.to_string()),
        // One at a time is what most companies grant.
        (_, Some(old)) => Edit::EditDiscount(deal.id, old.id.to_string(), new),
        (_, None) => Edit::AddDiscount(deal.id, new),
    };
    Some(vec![edit])
}

pub(super) fn follow(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, |deal| deal.attached().followers.len() < PEOPLE)?.id;
    Some(vec![Edit::AddFollower(deal, find::user(world, rng)?)])
}

pub(super) fn unfollow(world: &World, rng: &mut Rng) -> Act {
    let deal = find::deal(world, rng, |deal| find::is_there(deal) && deal.counts().followers > 0)?;
    let user = rng.choice(&deal.attached().followers)?.user_id;
    Some(vec![Edit::RemoveFollower(deal.id, user)])
}

pub(super) fn take_part(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, |deal| deal.attached().participants.len() < PEOPLE)?;
    let person = find::person(world, rng, deal.org_id)?;
    Some(vec![Edit::AddParticipant(deal.id, person)])
}

pub(super) fn leave(world: &World, rng: &mut Rng) -> Act {
    let deal = open(world, rng, |deal| deal.counts().participants > 0)?;
    let participant = rng.choice(&deal.attached().participants)?.id;
    Some(vec![Edit::RemoveParticipant(deal.id, participant)])
}
