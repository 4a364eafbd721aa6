use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    super::{Deal, Id, Options, Reference, Second, Status, Switches, edit::DealChange},
    *,
};

const BEGIN: &str = "2026-02-03T16:40:21Z";
const DAY: u32 = 24 * 3_600;

fn world(deals: u32) -> World {
    World::generate(&Options { deals, seed: 7, now: BEGIN.parse().unwrap() })
}

fn after(days: i64) -> Timestamp {
    BEGIN.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
}

fn life(seed: u64, rate: &str) -> Life {
    Life::new(seed, rate.parse().unwrap())
}

/// Everything there is, as the API would tell it.
fn everything(world: &World) -> Vec<Json> {
    let deals = world.live_ids().chain(world.archived_ids()).chain(world.deleted_ids());
    let mut all: Vec<_> = deals.filter_map(|id| world.deal_json(id)).collect();
    all.extend(world.fields_json());
    for kind in Reference::ALL {
        all.extend(world.references(kind).map(|(_, json)| json));
    }
    all
}

#[test]
fn the_weights_are_shares_of_ten_thousand() {
    assert_eq!(ACTS.iter().map(|(weight, _)| weight).sum::<u32>(), 10_000);
}

#[test]
fn the_same_seed_brings_the_same_life_and_another_another() {
    let lived = |seed| {
        let mut world = world(300);
        let acts = life(seed, "10/h").until(&mut world, after(20));
        (acts, everything(&world), world.history().to_vec())
    };
    let (first, other) = (lived(3), lived(4));
    assert_eq!(first, lived(3));
    assert!(first.1 != other.1 && first.2 != other.2);
}

#[test]
fn life_until_a_day_is_the_same_in_one_go_and_hour_by_hour() {
    let (mut whole, mut hourly) = (world(100), world(100));
    let acts = life(1, "20/h").until(&mut whole, after(2));
    let mut life = life(1, "20/h");
    let by_hour = |hour| after(0) + SignedDuration::from_hours(hour);
    let sum: usize = (1..=48).map(|hour| life.until(&mut hourly, by_hour(hour))).sum();
    assert_eq!((acts, everything(&whole)), (sum, everything(&hourly)));
    assert_eq!(whole.now(), after(2));
}

#[test]
fn acts_come_as_often_as_the_rate_says_each_at_its_own_moment() {
    let mut world = world(100);
    let acts = life(5, "60/h").until(&mut world, after(5));
    // 7,200 expected; the number of a Poisson process strays by its root.
    assert!((6_900..7_500).contains(&acts), "{acts}");
    let times: Vec<_> = world.history().iter().map(|(at, _)| *at).collect();
    assert!(times.is_sorted() && times[0] > Second::of(after(0)));
    assert!(*times.last().unwrap() <= Second::of(after(5)));
    // Between two moments lies anything from nothing to many minutes, as where nobody waits for anybody.
    let gaps = times.windows(2).map(|pair| pair[1].since(pair[0]));
    assert!(gaps.clone().any(|gap| gap > 300) && gaps.filter(|gap| *gap < 20).count() > 1_000);
}

/// What a year made of a company.
struct Year {
    world: World,
    first_new: Id,
}

impl Year {
    fn lived() -> Self {
        let mut world = world(10_000);
        let first_new = world.next_deal;
        life(7, "6/h").until(&mut world, after(365));
        Self { world, first_new }
    }

    /// The deals that came in during the year.
    fn incoming(&self) -> impl Iterator<Item = &Deal> {
        self.world.deals.range(self.first_new..).map(|(_, deal)| deal)
    }

    fn share<'a>(deals: impl Iterator<Item = &'a Deal>, status: Status) -> f64 {
        let all: Vec<_> = deals.filter(|deal| deal.deleted.is_none()).collect();
        all.iter().filter(|deal| deal.status == status).count() as f64 / all.len() as f64
    }
}

#[test]
fn after_a_year_the_funnel_is_that_of_a_company() {
    let year = Year::lived();
    let all = || year.world.deals.values();
    assert!((4_000..7_000).contains(&year.incoming().count()), "{}", year.incoming().count());
    assert!((0.25..0.45).contains(&Year::share(all(), Status::Open)));
    assert!((0.20..0.40).contains(&Year::share(all(), Status::Won)));
    assert!((0.25..0.50).contains(&Year::share(all(), Status::Lost)));
    // Of what came in and was decided a fourth or so was won.
    let won = Year::share(year.incoming(), Status::Won);
    let quota = won / (won + Year::share(year.incoming(), Status::Lost));
    assert!((0.20..0.40).contains(&quota), "{quota}");
    let now = Second::of(year.world.now());
    let open = || all().filter(|deal| deal.status == Status::Open && deal.deleted.is_none());
    let ages = open().map(|deal| f64::from(now.since(deal.add_time) / DAY)).sum::<f64>();
    let mean = ages / open().count() as f64;
    assert!((200.0..700.0).contains(&mean), "{mean}");
    let won = |deal: &&Deal| deal.status == Status::Won && deal.closed > Some(Second::of(after(0)));
    assert!(all().filter(won).count() > 1_000);
    let renewals = year.incoming().filter(|deal| deal.title.ends_with("renewal")).count();
    assert!((200..2_000).contains(&renewals), "{renewals}");
    assert_moves(&year.world);
    assert_office(&year.world);
}

/// Deals move forward nine times out of ten, and a lost one mostly says why.
fn assert_moves(world: &World) {
    let mut stages = BTreeMap::new();
    let (mut on, mut back, mut lost, mut silent) = (0, 0, 0, 0);
    for (_, edit) in world.history() {
        match edit {
            Edit::CreateDeal { .. } => {}
            Edit::ChangeDeal(id, DealChange::Stage(to)) => {
                if let Some(from) = stages.insert(*id, *to) {
                    if *to > from { on += 1 } else { back += 1 }
                }
            }
            Edit::ChangeDeal(_, DealChange::Lose(reason)) => {
                lost += 1;
                silent += u32::from(reason.is_empty());
            }
            _ => {}
        }
    }
    assert!(on > 1_000 && on > 10 * back, "{on} forward, {back} back");
    assert!(lost > 1_000 && (0.1..0.3).contains(&(f64::from(silent) / f64::from(lost))));
}

/// What surrounds deals changed, too, and stayed within bounds.
fn assert_office(world: &World) {
    let edits =
        |wanted: fn(&Edit) -> bool| world.history().iter().filter(|(_, edit)| wanted(edit)).count();
    assert!(edits(|edit| matches!(edit, Edit::RenameField(..))) >= 5);
    assert!(edits(|edit| matches!(edit, Edit::AddField { .. })) >= 3);
    // A field goes one to ten times in a year, as chance has it.
    assert!(edits(|edit| matches!(edit, Edit::RemoveField(_))) >= 1);
    assert!(edits(|edit| matches!(edit, Edit::RemoveOption(..))) >= 3);
    assert!(edits(|edit| matches!(edit, Edit::AddUser(_))) >= 3);
    assert!(edits(|edit| matches!(edit, Edit::MergeDeals { .. })) > 30);
    assert!(edits(|edit| matches!(edit, Edit::ConvertToLead(_))) > 10);
    assert!(edits(|edit| matches!(edit, Edit::PurgeDeal(_))) > 100);
    assert!(edits(|edit| matches!(edit, Edit::RestoreDeal(_))) > 5);
    assert!(edits(|edit| matches!(edit, Edit::AddInstallment(..))) > 100);
    assert!((12..=36).contains(&world.custom_fields().len()));
}

#[test]
fn a_company_without_a_deal_gets_some() {
    let mut world = world(0);
    life(9, "1/s").until(&mut world, after(0) + SignedDuration::from_hours(1));
    assert!((200..1_500).contains(&world.len()), "{}", world.len());
}

#[test]
fn an_archived_deal_is_left_alone() {
    // Under a switch that lets the API change archived deals, people still do not.
    let mut world = world(200);
    world.start(Switches { archived_editable: true, ..Switches::default() });
    let archived: Vec<_> = world.archived_ids().collect();
    life(2, "60/h").until(&mut world, after(3));
    let changed = |edit: &Edit| matches!(edit, Edit::ChangeDeal(id, _) if archived.contains(id));
    let unarchived = |edit: &Edit| matches!(edit, Edit::UnarchiveDeal(_));
    let first = world.history().iter().position(|(_, edit)| unarchived(edit));
    let before = &world.history()[..first.unwrap_or(world.history().len())];
    assert!(!before.iter().any(|(_, edit)| changed(edit)));
}
