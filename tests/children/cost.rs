//! What is asked for, and what it costs.

use super::*;

#[test]
fn a_sync_with_nothing_to_do_still_costs_32() {
    let sim = Sim::new(1_200, 2).and_children(Policy::Changed);
    sim.backfill();
    sim.advance(300);
    let report = sim.sync();
    assert_eq!((report.requests, report.cost), (3, 32));
    assert_eq!(report.entities.len(), 2, "{report:?}");
}

#[test]
fn a_backfill_asks_for_products_and_installments_a_hundred_deals_at_a_time() {
    let sim = Sim::new(3_000, 3).and_children(Policy::Counter);
    sim.backfill();
    let with = |archived: u8| {
        sim.number(&format!(
            "SELECT count(*) FROM deals WHERE is_deleted = 0 AND is_archived = {archived} AND products_count > 0"
        ))
    };
    // What the live deals leave of a last group is filled up by archived ones.
    let groups = u64::try_from((with(0) + with(1)).div_euclid(100) + 1).unwrap();
    assert_eq!(cost_of(&sim, "/deals/installments"), groups * 10);
    let more_pages =
        sim.emulator.log().into_iter().filter(|asked| {
            asked.path.ends_with("/deals/products") && asked.param("cursor").is_some()
        });
    assert_eq!(cost_of(&sim, "/deals/products"), (groups + more_pages.count() as u64) * 10);
    let followed =
        sim.number("SELECT count(*) FROM deals WHERE is_deleted = 0 AND followers_count > 0");
    assert_eq!(cost_of(&sim, "/followers"), u64::try_from(followed).unwrap() * 10);
}

#[test]
fn a_hundred_changed_deals_cost_one_call_of_products_and_one_of_installments() {
    let sim = Sim::with(2_500, 4, bumping()).and_children(Policy::Counter);
    sim.backfill();
    let ids = |sql: &str| -> Vec<u32> {
        let connection = sim.connection();
        let mut query = connection.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let live = "SELECT id FROM deals WHERE is_deleted = 0 AND is_archived = 0";
    let mut changed = ids(&format!("{live} AND products_count > 0 LIMIT 40"));
    changed.extend(ids(&format!("{live} AND products_count = 0 LIMIT 60")));
    for id in changed {
        let title = DealChange::Title(format!("deal {id}, changed"));
        apply(&sim, Edit::ChangeDeal(id, title));
    }
    sim.advance(60);
    sim.emulator.reset_log();
    let report = sim.sync();
    assert_eq!(cost_of(&sim, "/deals") + cost_of(&sim, "/archived"), 30);
    assert_eq!(cost_of(&sim, "/deals/products"), 10);
    assert_eq!(cost_of(&sim, "/deals/installments"), 10);
    assert_eq!(report.cost, 52, "no follower, participant or discount is asked for: {report:?}");
    sim.assert_equal();
}

#[test]
fn followers_are_asked_for_only_where_their_policy_says_so() {
    for (policy, expected) in [(Policy::Counter, 20), (Policy::Changed, 40)] {
        let sim = Sim::with(600, 5, bumping()).and_children(policy);
        sim.backfill();
        let ids: Vec<u32> = sim.emulator.world().live_ids().take(4).collect();
        let user = *sim.emulator.world().company().users.keys().last().unwrap();
        for &id in &ids[..2] {
            let change =
                if sim.emulator.world().followers(id).iter().any(|row| row["user_id"] == user) {
                    Edit::RemoveFollower(id, user)
                } else {
                    Edit::AddFollower(id, user)
                };
            apply(&sim, change);
        }
        for &id in &ids[2..] {
            let title = DealChange::Title("changed".to_owned());
            apply(&sim, Edit::ChangeDeal(id, title));
        }
        sim.advance(60);
        sim.emulator.reset_log();
        sim.sync();
        assert_eq!(cost_of(&sim, "/followers"), expected, "{policy:?}");
        sim.assert_equal();
    }
}

#[test]
fn one_deal_that_cannot_be_read_costs_nobody_else_and_shows_with_its_reason() {
    let id = {
        let probe = Sim::new(500, 11);
        probe.backfill();
        probe.number("SELECT id FROM deals WHERE is_deleted = 0 AND followers_count > 0")
    };
    for (status, body) in
        [(404, NO), (403, NO), (500, NO), (200, "{\"success\":true,\"da"), (200, "null")]
    {
        let sim = Sim::new(500, 11).and_children(Policy::Counter);
        let path = format!("/api/v2/deals/{id}/followers");
        refuse(&sim, status, body, move |request| request.uri().path() == path);
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{status} {body}: {report:?}");
        let followers = of(&report, "deal_followers");
        assert_eq!((followers.owed, followers.postponed), (Some(1), 1), "{status} {body}");
        let owed = sim.text("SELECT group_concat(kind || ' ' || id) FROM sync_due");
        assert_eq!(owed.unwrap(), format!("deal_followers {id}"));
        assert!(sim.text("SELECT error FROM sync_due").is_some());
        // Not before its time …
        sim.emulator.reset_log();
        sim.sync();
        assert_eq!(cost_of(&sim, "/followers"), 0, "{status} {body}");
        // … and then it is there.
        sim.leave_alone();
        sim.advance(25 * 3_600);
        sim.sync();
        sim.assert_equal();
        assert_nothing_owed(&sim);
    }
}

#[test]
fn what_no_counter_and_no_change_time_shows_is_found_by_age() {
    let sim = Sim::new(200, 22).and_children(Policy::Counter);
    sim.backfill();
    let (id, user) = {
        let world = sim.emulator.world();
        let id = world.live_ids().find(|id| world.followers(*id).len() == 1).unwrap();
        (id, world.followers(id)[0]["user_id"].as_u64().unwrap())
    };
    let user = u32::try_from(user).unwrap();
    let other = *sim.emulator.world().company().users.keys().find(|other| **other != user).unwrap();
    apply(&sim, Edit::RemoveFollower(id, user));
    apply(&sim, Edit::AddFollower(id, other));
    sim.advance(60);
    sim.sync();
    let followers =
        || common::attached::differences(&sim.connection(), &sim.emulator, &["deal_followers"]);
    assert_eq!(followers().len(), 2, "a swap that leaves the counter equal does not show");
    sim.advance(91 * 24 * 3_600);
    sim.sync();
    assert_eq!(followers(), Vec::<String>::new());
}

#[test]
fn a_discount_shows_in_the_gap_between_value_and_lines() {
    let sim = Sim::new(500, 23).and_children(Policy::Counter);
    sim.backfill();
    let id = live_with_products(&sim, 2);
    let discount = Discount {
        description: "just because".to_owned(),
        amount: Cents(1_000),
        discount_type: DiscountType::Amount,
    };
    apply(&sim, Edit::AddDiscount(id, discount));
    sim.advance(60);
    sim.emulator.reset_log();
    sim.sync();
    assert_eq!(cost_of(&sim, "/discounts"), 10);
    sim.assert_equal();
    // Another change of the same deal asks for its products, and not for its discounts.
    let title = DealChange::Title("changed".to_owned());
    apply(&sim, Edit::ChangeDeal(id, title));
    sim.advance(60);
    sim.emulator.reset_log();
    sim.sync();
    assert_eq!((cost_of(&sim, "/discounts"), cost_of(&sim, "/deals/products")), (0, 10));
}

#[test]
fn a_child_that_is_switched_off_and_on_again_is_read_anew() {
    let mut sim = Sim::with(300, 24, bumping()).and_children(Policy::Counter);
    sim.backfill();
    sim.children = None;
    let id = live_with_products(&sim, 2);
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    sim.advance(60);
    sim.sync();
    assert_eq!(sim.number("SELECT count(*) FROM sync_due"), 0);
    sim.children = Some(Policy::Counter);
    sim.sync();
    sim.assert_equal();
    assert_nothing_owed(&sim);
}

#[test]
fn ten_thousand_deals_cost_exactly_what_their_pages_and_groups_do() {
    let sim = Sim::new(10_000, 25).and_children(Policy::Counter);
    let (live, with_products, more_pages) = {
        let world = sim.emulator.world();
        let count = |id: u32| world.products(id).len();
        let listed: Vec<u32> = world.live_ids().chain(world.archived_ids()).collect();
        let with: Vec<u32> = listed.iter().copied().filter(|id| count(*id) > 0).collect();
        let lines: usize = with.iter().map(|id| count(*id)).sum();
        (world.live_ids().count() as u64, with.len() as u64, lines)
    };
    assert!(more_pages as u64 <= 4 * with_products, "no group fills more than one page");
    let report = sim.backfill();
    let groups = with_products.div_ceil(100);
    assert_eq!(of(&report, "deal_products").cost, 10 * groups);
    assert_eq!(of(&report, "deal_installments").cost, 10 * groups);
    // Deleted deals ride along with the live ones; 40 are for the count.
    let rows = sim.number("SELECT count(*) FROM deals WHERE is_archived = 0");
    let pages = u64::try_from(rows).unwrap().div_ceil(500);
    assert!(pages <= live.div_ceil(500) + 1);
    assert_eq!(of(&report, "deals").cost, 10 * pages + 40);
}

#[test]
fn a_trickle_that_runs_out_keeps_every_answer_it_paid_for_and_goes_on_another_day() {
    let mut sim = Sim::new(120, 26).and_children(Policy::Counter);
    // 3 % of 30,000, a quarter of it for the trickle: 22 calls.
    sim.options.daily_budget = Some(30_000);
    (sim.options.daily_share, sim.options.trickle_share) = (0.03, 0.25);
    let calls = |sim: &Sim| {
        sim.emulator
            .log()
            .iter()
            .filter(|asked| {
                asked.path.contains("/deals/")
                    && asked.cost == 10
                    && ["/discounts", "/followers", "/participants"]
                        .iter()
                        .any(|end| asked.path.ends_with(end))
            })
            .count() as u64
    };
    for day in 1..=20 {
        assert_eq!(sim.sync().outcome(), Outcome::Complete, "day {day}");
        let sets = "SELECT count(*) FROM sync_children WHERE child NOT IN ('deal_products', 'deal_installments')";
        assert_eq!(sim.number(sets).cast_unsigned(), calls(&sim), "day {day}");
        assert!(calls(&sim) <= 22 * day, "day {day}");
        if sim.number("SELECT count(*) FROM sync_due") == 0 {
            assert!(day > 3, "it took days");
            return sim.assert_equal();
        }
        sim.advance(25 * 3_600);
    }
    panic!("it never ended");
}

#[test]
fn discounts_switched_on_late_are_asked_for_only_where_a_gap_shows() {
    let mut sim = Sim::new(600, 29).and_children(Policy::Counter);
    let cost = |sim: &Sim| cost_of(sim, "/discounts");
    sim.backfill();
    let at_once = cost(&sim);
    sim = Sim::new(600, 29).and_children(Policy::Counter);
    sim.without = Some("deal_discounts");
    sim.backfill();
    assert_eq!(cost(&sim), 0);
    sim.without = None;
    sim.sync();
    assert_eq!(cost(&sim), at_once);
    sim.assert_equal();
}
