//! How deals come, move, are won and lost, and what becomes of them then.

use fastrand::Rng;

use super::{
    super::{
        Id,
        company::Stage,
        deal::{Deal, Status},
        edit::{DealChange, Edit},
        generate::{amount, currency, reason, subject, value},
        second::Second,
        value::Cents,
        world::World,
    },
    find,
};

const DAY: u32 = 24 * 3_600;

/// After how long without a change a deal counts as stalled.
const STALLED: u32 = 120 * DAY;

/// How long after a deal was won its renewal comes.
const RENEWED: std::ops::Range<u32> = 300 * DAY..430 * DAY;

/// What follows the title of a deal that renews another.
const RENEWAL: &str = " – renewal";

/// Somebody asks for something.
pub(super) fn inbound(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let entries = entries(world);
    // More than half of what comes is new business.
    let first = entries.first().copied().filter(|_| rng.u8(..10) < 6);
    // A world whose pipelines are all gone has stages all the same.
    let stage_id = first
        .or_else(|| rng.choice(&entries).copied())
        .or_else(|| world.company.stages_in_use().next())?;
    let org_id = find::organization(world, rng).filter(|_| rng.u8(..10) < 8);
    let name = org_id.map_or("Neukunde", |id| &*world.company.organizations[&id].name);
    let title = format!("{name} {}", subject(rng));
    let (amount, currency) = (amount(rng), currency(rng));
    let mut edits = vec![Edit::CreateDeal { title, stage_id, value: amount, currency }];
    let mut changes = Vec::new();
    changes.extend(find::user(world, rng).map(DealChange::Owner));
    changes.extend(org_id.map(|id| DealChange::Organization(Some(id))));
    changes.extend(find::person(world, rng, org_id).map(|id| DealChange::Person(Some(id))));
    let today = Second::of(world.now()).date_at(0);
    for field in &world.fields {
        if rng.u8(..100) < 18 {
            let value = value(rng, field, world, today);
            changes.extend(value.map(|value| DealChange::Custom(field.code.clone(), Some(value))));
        }
    }
    edits.extend(changes.into_iter().map(|change| Edit::ChangeDeal(world.next_deal, change)));
    Some(edits)
}

/// What was won a year ago comes up again, with what it was made of.
pub(super) fn renewal(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let now = Second::of(world.now());
    let due = |deal: &Deal| {
        let ago = deal.closed.map(|closed| now.since(closed));
        deal.status == Status::Won
            && find::is_there(deal)
            && ago.is_some_and(|ago| RENEWED.contains(&ago))
    };
    let old = find::deal(world, rng, due)?;
    let entries = entries(world);
    let in_pipeline = |wanted: &dyn Fn(Id) -> bool| {
        entries.iter().copied().find(|stage| wanted(world.company.stages[stage].pipeline_id))
    };
    let named = |id: Id| world.company.pipelines[&id].name.contains("Renewal");
    let stage_id = in_pipeline(&named).or_else(|| in_pipeline(&|id| id == old.pipeline_id))?;
    let title = format!("{}{RENEWAL}", old.title.trim_end_matches(RENEWAL));
    let value = percent(old.value.unwrap_or(Cents(0)), rng.i64(95..120));
    let id = world.next_deal;
    let mut edits = vec![Edit::CreateDeal { title, stage_id, value, currency: old.currency }];
    let label = world.labels.iter().find(|label| label.label == "Renewal");
    let changes = [
        Some(DealChange::Owner(old.owner_id)),
        Some(DealChange::Person(old.person_id)),
        Some(DealChange::Organization(old.org_id)),
        label.map(|label| DealChange::Labels(vec![label.id])),
    ];
    edits.extend(changes.into_iter().flatten().map(|change| Edit::ChangeDeal(id, change)));
    let lines = old.attached().lines.iter().filter(|line| line.line.is_enabled);
    edits.extend(lines.map(|line| Edit::AddProduct(id, line.line.clone())));
    Some(edits)
}

/// Somebody works on a deal: it moves on, is won or lost; what stalled is given up at last.
pub(super) fn work(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let deal = find::open_deal(world, rng)?;
    let now = Second::of(world.now());
    let chance = world.company.stages.get(&deal.stage_id).map_or(30, |stage| stage.probability);
    let risk = u32::from(100_u8.saturating_sub(chance));
    let stalled = now.since(deal.update_time.unwrap_or(deal.add_time)) >= STALLED;
    // In the stage a deal is in, it is the likelier lost the less likely it is won from there.
    let (lost, on, back) = (if stalled { 150 } else { risk * 3 / 4 }, 250, 15);
    let drawn = rng.u32(..lost + on + back);
    let change = if drawn < lost {
        DealChange::Lose(reason(rng))
    } else if drawn < lost + on {
        match neighbour(world, deal, true) {
            Some(next) => DealChange::Stage(next),
            None if rng.u8(..100) < chance => DealChange::Win,
            None => DealChange::Lose(reason(rng)),
        }
    } else {
        DealChange::Stage(neighbour(world, deal, false)?)
    };
    Some(vec![Edit::ChangeDeal(deal.id, change)])
}

/// A customer who said no has thought again.
pub(super) fn reopen(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let lost = |deal: &Deal| deal.status == Status::Lost && find::is_there(deal);
    let id = find::deal(world, rng, lost)?.id;
    Some(vec![Edit::ChangeDeal(id, DealChange::Reopen)])
}

/// Somebody tidies up: what was closed half a year ago goes into the archive.
pub(super) fn archive(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let now = Second::of(world.now());
    let old = |deal: &Deal| {
        find::is_there(deal) && deal.closed.is_some_and(|closed| now.since(closed) > 180 * DAY)
    };
    find::deal(world, rng, old).map(|deal| vec![Edit::ArchiveDeal(deal.id)])
}

/// Somebody wants an archived deal back.
pub(super) fn unarchive(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let archived = |deal: &Deal| deal.archived.is_some() && deal.deleted.is_none();
    find::deal(world, rng, archived).map(|deal| vec![Edit::UnarchiveDeal(deal.id)])
}

/// A deal was a mistake.
pub(super) fn delete(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    find::deal(world, rng, |deal| deal.deleted.is_none())
        .map(|deal| vec![Edit::DeleteDeal(deal.id)])
}

/// Deleting a deal was a mistake.
pub(super) fn restore(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    find::deal(world, rng, |deal| deal.deleted.is_some())
        .map(|deal| vec![Edit::RestoreDeal(deal.id)])
}

/// Two sellers had the same customer.
pub(super) fn merge(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let winner = find::open_deal(world, rng)?.id;
    let loser = find::open_deal(world, rng)?.id;
    Some(vec![Edit::MergeDeals { loser, winner }])
}

/// A deal was none yet.
pub(super) fn convert(world: &World, rng: &mut Rng) -> Option<Vec<Edit>> {
    let deal = find::open_deal(world, rng).filter(|deal| neighbour(world, deal, false).is_none());
    Some(vec![Edit::ConvertToLead(deal?.id)])
}

/// Returns so many hundredths of an amount.
pub(super) fn percent(amount: Cents, percent: i64) -> Cents {
    Cents(amount.0 * percent / 100)
}

/// Returns the first stage of every pipeline, in the order of the pipelines.
fn entries(world: &World) -> Vec<Id> {
    let company = &world.company;
    let pipelines = company.pipelines.iter().filter(|(_, it)| it.stamp.deleted.is_none());
    let first = |id: Id| stages(world, id).min_by_key(|(_, stage)| stage.order_nr);
    pipelines.filter_map(|(id, _)| first(*id)).map(|(id, _)| id).collect()
}

/// Returns the stages in use of a pipeline.
fn stages(world: &World, pipeline: Id) -> impl Iterator<Item = (Id, &Stage)> {
    let own = move |stage: &Stage| stage.pipeline_id == pipeline && stage.stamp.deleted.is_none();
    world.company.stages.iter().filter(move |(_, stage)| own(stage)).map(|(id, stage)| (*id, stage))
}

/// Returns the stage after that of a deal, or the one before it.
fn neighbour(world: &World, deal: &Deal, after: bool) -> Option<Id> {
    let here = world.company.stages.get(&deal.stage_id)?.order_nr;
    let stages = stages(world, deal.pipeline_id);
    let next = if after {
        stages.filter(|(_, stage)| stage.order_nr > here).min_by_key(|(_, it)| it.order_nr)
    } else {
        stages.filter(|(_, stage)| stage.order_nr < here).max_by_key(|(_, it)| it.order_nr)
    };
    next.map(|(id, _)| id)
}
