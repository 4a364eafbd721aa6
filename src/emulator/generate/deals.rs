//! Deals with a past that holds together.

use std::{collections::BTreeMap, sync::Arc};

use fastrand::Rng;

use super::{
    super::{
        Id,
        answer::uuid,
        deal::{Children, CloseDate, Deal, Status},
        field::Slot,
        second::Second,
        value::Value,
        world::World,
    },
    COMPANY_STEMS, DAY, FIRST_ORGANIZATION, FIRST_PERSON, FIRST_USER, amount, currency, pick,
    value,
    words::{CHANNEL_IDS, LOST_REASONS, SUBJECTS},
};

/// How many deals one edit in bulk touched, all in the same second.
const BULK: usize = 40;

/// Makes `count` deals. Ids ascend with the time of making and have gaps, as purged deals leave them.
pub(super) fn deals(rng: &mut Rng, world: &World, count: u32, now: Second) -> BTreeMap<Id, Deal> {
    let reasons = LOST_REASONS.map(Arc::<str>::from);
    let mut id = 0;
    let mut deals = Vec::with_capacity(count as usize);
    for nth in 0..count {
        id += if rng.u8(..20) == 0 { rng.u32(2..5) } else { 1 };
        // The oldest is two years and a hundred days old, the newest an hour; each is a little younger than the last.
        let span = 830 * DAY;
        let age = u64::from(span) * u64::from(count - nth) / u64::from(count) + 3_600;
        let add_time = now.minus(u32::try_from(age).expect("the span fits"));
        deals.push(deal(rng, world, &reasons, id, add_time, now));
    }
    share_seconds(rng, &mut deals, now);
    deals.into_iter().map(|deal| (deal.id, deal)).collect()
}

fn deal(
    rng: &mut Rng,
    world: &World,
    reasons: &[Arc<str>; 8],
    id: Id,
    add_time: Second,
    now: Second,
) -> Deal {
    let company = world.company();
    let nth = |rng: &mut Rng, first: Id, count: usize| first + rng.u32(..count as Id);
    let owner = nth(rng, FIRST_USER, company.users.len());
    let stage = nth(rng, 1, company.stages.len());
    let title = format!("{} {}", pick(rng, &COMPANY_STEMS), pick(rng, &SUBJECTS));
    let place = (company.stages[&stage].pipeline_id, stage);
    let mut deal = Deal::new(id, title.into(), owner, place, add_time);
    if rng.bool() {
        deal.creator_user_id = FIRST_USER;
    }
    deal.person_id = (rng.u8(..10) < 8).then(|| nth(rng, FIRST_PERSON, company.persons.len()));
    deal.org_id =
        (rng.u8(..10) < 7).then(|| nth(rng, FIRST_ORGANIZATION, company.organizations.len()));
    deal.value = (rng.u8(..100) > 0).then(|| amount(rng));
    deal.currency = currency(rng);
    deal.probability = (rng.u8(..5) == 0).then(|| rng.u16(1..200) * 50);
    deal.visible_to = [3, 3, 3, 3, 3, 3, 7, 7, 5, 1][rng.usize(..10)];
    deal.label_ids =
        world.labels().iter().filter(|_| rng.u8(..6) == 0).map(|label| label.id).collect();
    deal.custom = custom(rng, world, add_time);
    provenance(rng, &mut deal);
    past(rng, reasons, &mut deal, now);
    put_away(rng, &mut deal, now);
    deal
}

/// Where a deal came from.
fn provenance(rng: &mut Rng, deal: &mut Deal) {
    deal.origin =
        ["ManuallyCreated", "ManuallyCreated", "API", "Import", "WebForm"][rng.usize(..5)];
    deal.origin_id = (rng.u8(..8) == 0).then(|| format!("billing-{}", deal.id).into());
    deal.channel = (rng.u8(..4) == 0).then(|| rng.u16(51..54));
    deal.channel_id = (rng.u8(..4) == 0).then(|| *pick(rng, &CHANNEL_IDS));
    // Lines say what it brings in. These are drawn for nothing, so that the same seed makes the same company as before.
    let _ = (rng.u8(..6) == 0).then(|| amount(rng));
    deal.source_lead_id = (rng.u8(..12) == 0).then(|| uuid(rng.u128(..)).into());
}

/// What happened to a deal between its making and its last update.
fn past(rng: &mut Rng, reasons: &[Arc<str>; 8], deal: &mut Deal, now: Second) {
    let update = last_update(rng, deal.add_time, now);
    let add_time = deal.add_time;
    let sometime = |rng: &mut Rng| between(rng, add_time, update);
    deal.update_time = Some(update);
    deal.stage_change_time = (rng.u8(..3) > 0).then(|| sometime(rng));
    let close = |rng: &mut Rng| CloseDate::On(add_time.plus(rng.u32(10..200) * DAY).date_at(0));
    deal.expected_close = rng.bool().then(|| close(rng));
    deal.status = [Status::Open, Status::Open, Status::Won, Status::Lost][rng.usize(..4)];
    deal.closed = (deal.status != Status::Open).then(|| sometime(rng));
    // A deal may have been won before it was lost, or opened again.
    deal.first_won = match deal.status {
        Status::Won => deal.closed,
        _ => (rng.u8(..40) == 0).then(|| sometime(rng)),
    };
    if deal.status == Status::Lost && rng.u8(..5) > 0 {
        deal.lost_reason = Some(pick(rng, reasons).clone());
    }
    deal.children = children(rng, add_time, update);
}

/// Archives some deals and deletes others, in both cases as their last update.
fn put_away(rng: &mut Rng, deal: &mut Deal, now: Second) {
    let fate = rng.u8(..100);
    if fate < 4 {
        deal.archived = deal.update_time;
    }
    if (4..7).contains(&fate) {
        // Under thirty days, so that none is purged at once.
        let latest = now.since(deal.add_time).min(29 * DAY);
        let at = now.minus(rng.u32(300.min(latest)..=latest));
        // One in eight was archived before.
        if rng.u8(..8) == 0 {
            deal.archived = deal.update_time;
        }
        let at = deal.update_time.max(Some(at));
        (deal.deleted, deal.update_time) = (at, at);
    }
}

/// Returns a time of last update in the last two years, at least five minutes ago and not before `add_time`.
fn last_update(rng: &mut Rng, add_time: Second, now: Second) -> Second {
    between(rng, add_time.max(now.minus(730 * DAY)), now.minus(300))
}

fn between(rng: &mut Rng, from: Second, to: Second) -> Second {
    from.plus(rng.u32(..=to.since(from)))
}

/// Lets some deals share the second of their last update: small groups here and there, and one edit in bulk.
fn share_seconds(rng: &mut Rng, deals: &mut [Deal], now: Second) {
    let plain = |deal: &Deal| deal.archived.is_none() && deal.deleted.is_none();
    for place in 1..deals.len() {
        let (before, after) = deals.split_at_mut(place);
        let (earlier, deal) = (&before[place - 1], &mut after[0]);
        if rng.u8(..20) == 0 && plain(deal) && earlier.update_time > deal.update_time {
            deal.update_time = earlier.update_time;
        }
    }
    let (bulk, count) = (now.minus(DAY), BULK.min(deals.len() / 2));
    let old = deals.iter_mut().take_while(|deal| deal.add_time < bulk).filter(|deal| plain(deal));
    for deal in old.filter(|deal| deal.update_time.is_some_and(|at| at < bulk)).take(count) {
        deal.update_time = Some(bulk);
    }
}

fn custom(rng: &mut Rng, world: &World, add_time: Second) -> Vec<(Slot, Value)> {
    let today = add_time.date_at(0);
    let mut values = Vec::new();
    for field in world.custom_fields() {
        if rng.u8(..100) < 45 {
            values.extend(value(rng, field, world, today).map(|value| (field.slot, value)));
        }
    }
    values.shrink_to_fit();
    values
}

fn children(rng: &mut Rng, add_time: Second, update: Second) -> Children {
    let (done, to_do) = (rng.u16(..12), rng.u16(..3));
    let emails = rng.u16(..20).saturating_sub(6);
    let mail = |rng: &mut Rng| (emails > 0).then(|| between(rng, add_time, update));
    Children {
        next_activity_id: (to_do > 0).then(|| rng.u32(1..900_000)),
        last_activity_id: (done > 0).then(|| rng.u32(1..900_000)),
        files: rng.u16(..4),
        notes: rng.u16(..6),
        email_messages: emails,
        done_activities: done,
        undone_activities: to_do,
        last_incoming_mail: mail(rng),
        last_outgoing_mail: mail(rng),
    }
}
