//! What hangs on the deals of the beginning.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::ToSpan as _;

use super::{
    super::{
        Id, answer,
        attached::{
            Attached, Attachment, BillingFrequency, Discount, DiscountType, Follower, Granted,
            Installment, Participant, ProductLine, TaxMethod,
        },
        company::Product,
        deal::Deal,
        second::Second,
        value::Cents,
        world::World,
    },
    amount, pick,
    words::PRODUCTS,
};

/// Ids begin here, so that one kind is not mistaken for another.
const FIRST_PRODUCT: Id = 300;
const FIRST_LINE: Id = 2_000;
const FIRST_INSTALLMENT: Id = 700;
const FIRST_PARTICIPANT: Id = 40_000;

/// Makes the catalogue.
pub(super) fn products(rng: &mut Rng, owner: Id, now: Second) -> BTreeMap<Id, Product> {
    let product = |name: &&str| Product::new((*name).to_owned(), amount(rng), owner, now);
    (FIRST_PRODUCT..).zip(PRODUCTS.iter().map(product)).collect()
}

/// Hangs rows on `deals`: lines on some 40 % of them, followers and participants on most.
///
/// The value and the revenue of a deal with lines become what they come to.
pub(super) fn attach(rng: &mut Rng, world: &mut World, deals: &mut BTreeMap<Id, Deal>) {
    for deal in deals.values_mut() {
        let mut attached = Attached {
            followers: followers(rng, world, deal),
            participants: participants(rng, world, deal),
            ..Attached::default()
        };
        if rng.u8(..100) < 40 {
            lines(rng, world, deal, &mut attached);
            terms(rng, deal, &mut attached);
            (deal.value, deal.revenue) = (Some(attached.worth()), attached.revenue());
        }
        deal.set_attached(attached);
    }
    number(rng, world, deals);
}

fn followers(rng: &mut Rng, world: &World, deal: &Deal) -> Vec<Follower> {
    let mut users = vec![deal.owner_id];
    for _ in 1..rng.u8(1..4) {
        let user = pick_key(rng, &world.company().users);
        if !users.contains(&user) {
            users.push(user);
        }
    }
    if rng.u8(..10) == 0 {
        users.clear();
    }
    let follower = |user_id| {
        let own = user_id == deal.owner_id;
        let add_time = if own { deal.add_time } else { sometime(rng, deal) };
        Follower { user_id, add_time, added_by: deal.creator_user_id }
    };
    users.into_iter().map(follower).collect()
}

fn participants(rng: &mut Rng, world: &World, deal: &Deal) -> Vec<Participant> {
    let mut participants = Vec::<Participant>::new();
    for _ in 0..rng.u8(..4) {
        let person_id = pick_key(rng, &world.company().persons);
        if participants.iter().all(|it| it.person_id != person_id) {
            let (add_time, active) = (sometime(rng, deal), rng.u8(..40) > 0);
            let added_by = deal.owner_id;
            participants.push(Participant { id: 0, person_id, add_time, added_by, active });
        }
    }
    participants.shrink_to_fit();
    participants
}

fn lines(rng: &mut Rng, world: &World, deal: &Deal, attached: &mut Attached) {
    let tax_method = *pick(
        rng,
        &[TaxMethod::Inclusive, TaxMethod::Inclusive, TaxMethod::Exclusive, TaxMethod::None],
    );
    let recurring = rng.u8(..4) == 0;
    for order_nr in 1..=rng.u16(1..6) {
        let Some(mut line) = line(rng, world) else { return };
        line.tax_method = tax_method;
        if !recurring {
            line.billing_frequency = BillingFrequency::OneTime;
            (line.billing_frequency_cycles, line.billing_start_date) = (None, None);
        }
        let add_time = sometime(rng, deal);
        let update_time = if rng.u8(..3) == 0 { latest(deal) } else { add_time };
        let order_nr = order_nr * 10;
        attached.lines.push(Attachment { id: 0, order_nr, add_time, update_time, line });
    }
    attached.lines.shrink_to_fit();
}

/// Installments and discounts of a deal with lines.
fn terms(rng: &mut Rng, deal: &Deal, attached: &mut Attached) {
    let once = attached.lines.iter().all(|line| line.line.bills_once());
    let enabled = attached.lines.iter().any(|line| line.line.is_enabled);
    if once && enabled && rng.u8(..5) < 2 {
        let parts = rng.u8(1..5);
        let part = (attached.worth().0 / i64::from(parts)).max(1);
        attached.installments = (0..parts)
            .map(|nth| {
                let day = deal.add_time.date_at(0).saturating_add((30 * i32::from(nth + 1)).days());
                let description =
                    if nth == 0 { "Anzahlung".to_owned() } else { format!("Rate {nth}/{parts}") };
                (0, Installment { description, amount: Cents(part), billing_date: day })
            })
            .collect();
    }
    if rng.u8(..8) == 0 {
        let percent = rng.i64(1..25);
        let discount = Discount {
            description: format!("{percent} % framework agreement"),
            amount: Cents(percent * 100),
            discount_type: DiscountType::Percentage,
        };
        let by = (sometime(rng, deal), deal.owner_id);
        let id = answer::uuid(rng.u128(..)).into();
        attached.discounts = vec![Granted { id, discount, created: by, updated: by }];
    }
}

/// Returns a believable line; `None` where the company sells nothing.
pub(in super::super) fn line(rng: &mut Rng, world: &World) -> Option<ProductLine> {
    let (id, product) = rng.choice(world.company().products.iter())?;
    let mut line = ProductLine::new(*id, rng.u32(1..8), product.price);
    if rng.u8(..6) == 0 {
        // Time is sold by the quarter of an hour.
        line.quantity = Cents(rng.i64(1..60) * 25);
    }
    line.tax = Cents(*pick(rng, &[0, 0, 700, 1_900, 2_550]));
    line.is_enabled = rng.u8(..12) > 0;
    if rng.u8(..5) == 0 {
        (line.discount, line.discount_type) = match rng.bool() {
            true => (Cents(rng.i64(1..25) * 100), DiscountType::Percentage),
            false => (Cents(line.sum().0 / 10), DiscountType::Amount),
        };
    }
    line.comments = (rng.u8(..6) == 0)
        .then(|| rng.choice(&world.phrases))
        .flatten()
        .map(|text| (&**text).into());
    line.product_variation_id = (rng.u8(..10) == 0).then(|| rng.u32(1..40));
    if rng.u8(..4) == 0 {
        line.billing_frequency = *pick(rng, &BillingFrequency::ALL[1..]);
        let endless = line.billing_frequency != BillingFrequency::Weekly && rng.bool();
        line.billing_frequency_cycles = (!endless).then(|| rng.u8(1..37));
        let begin = Second::of(world.now()).date_at(0).saturating_add(rng.i32(-200..60).days());
        line.billing_start_date = Some(begin);
    }
    Some(line)
}

/// Gives the rows their ids. Those of one deal ascend, but rows of different deals alternate as they do where many
/// people work, so that a list by id jumps between deals.
fn number(rng: &mut Rng, world: &mut World, deals: &mut BTreeMap<Id, Deal>) {
    let mut ids = |first: Id, count: fn(&Attached) -> usize| {
        let counted = deals.values().map(|deal| (deal.id, count(deal.attached())));
        let mut owners =
            counted.flat_map(|(id, count)| std::iter::repeat_n(id, count)).collect::<Vec<_>>();
        rng.shuffle(&mut owners);
        let mut ids = BTreeMap::<Id, Vec<Id>>::new();
        for (id, deal) in (first..).zip(owners) {
            ids.entry(deal).or_default().push(id);
        }
        ids
    };
    let mut lines = ids(FIRST_LINE, |attached| attached.lines.len());
    let mut installments = ids(FIRST_INSTALLMENT, |attached| attached.installments.len());
    let mut participants = ids(FIRST_PARTICIPANT, |attached| attached.participants.len());
    for (id, deal) in deals {
        let mut attached = deal.attached().clone();
        for (line, id) in attached.lines.iter_mut().zip(lines.remove(id).unwrap_or_default()) {
            world.next_line = world.next_line.max(id + 1);
            line.id = id;
        }
        let numbers = installments.remove(id).unwrap_or_default();
        for ((number, _), id) in attached.installments.iter_mut().zip(numbers) {
            world.next_installment = world.next_installment.max(id + 1);
            *number = id;
        }
        let numbers = participants.remove(id).unwrap_or_default();
        for (participant, id) in attached.participants.iter_mut().zip(numbers) {
            world.next_participant = world.next_participant.max(id + 1);
            participant.id = id;
        }
        deal.set_attached(attached);
    }
}

fn pick_key<V>(rng: &mut Rng, map: &BTreeMap<Id, V>) -> Id {
    super::values::any_key(rng, map)
}

/// Returns a time between the making of a deal and its last update.
fn sometime(rng: &mut Rng, deal: &Deal) -> Second {
    deal.add_time.plus(rng.u32(..=latest(deal).since(deal.add_time)))
}

fn latest(deal: &Deal) -> Second {
    deal.update_time.unwrap_or(deal.add_time)
}
