//! Every table equals the source, whatever happens meanwhile.

use super::*;

#[test]
fn a_backfill_mirrors_everything_that_hangs_on_deals() {
    let sim = Sim::new(1_200, 1).and_children(Policy::Counter);
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    sim.assert_equal();
    for table in ["products", "installments", "discounts", "followers", "participants"] {
        assert!(sim.number(&format!("SELECT count(*) FROM deal_{table}")) > 20, "{table}");
    }
    assert_nothing_owed(&sim);
}

#[test]
fn after_any_mix_of_edits_that_bump_one_sync_makes_every_table_equal() {
    for seed in 0..12 {
        let sim = Sim::with(500, seed, bumping()).and_children(Policy::Changed);
        sim.backfill();
        let mut rng = fastrand::Rng::with_seed(seed);
        for round in 0..3 {
            for _ in 0..rng.usize(1..60) {
                sim.clock.advance(Duration::from_millis(rng.u64(0..3_000)));
                sim.emulator.world().random_child_edit(&mut rng);
            }
            assert_eq!(sim.sync().outcome(), Outcome::Complete, "seed {seed}, round {round}");
            sim.assert_equal();
            assert_nothing_owed(&sim);
        }
    }
}

#[test]
fn a_removed_line_an_emptied_deal_and_many_rows_come_out_right() {
    for products_by in [ProductsBy::Id, ProductsBy::Deal] {
        let sim =
            Sim::with(300, 7, Switches { products_by, ..bumping() }).and_children(Policy::Changed);
        sim.backfill();
        let (one, three) = (live_with_products(&sim, 1), live_with_products(&sim, 3));
        for (deal, keep) in [(one, 0), (three, 1)] {
            let lines = sim.emulator.world().products(deal);
            for row in lines.iter().skip(keep) {
                let id = u32::try_from(row["id"].as_u64().unwrap()).unwrap();
                apply(&sim, Edit::RemoveProduct(deal, id));
            }
        }
        let many = live_with_products(&sim, 2);
        for _ in 0..600 {
            apply(&sim, Edit::AddProduct(many, line(&sim)));
        }
        let followed = live_with_products(&sim, 0);
        for number in 0..700 {
            let Edited::Record(_, user) = apply(&sim, Edit::AddUser(format!("seller {number}")))
            else {
                panic!("a user was added")
            };
            apply(&sim, Edit::AddFollower(followed, user));
        }
        sim.advance(5);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        sim.assert_equal();
        let count = |sql: &str, id: u32| {
            sim.number(&format!("SELECT count(*) FROM {sql} WHERE deal_id = {id}"))
        };
        assert_eq!(count("deal_products", one), 0);
        assert_eq!(count("deal_products", three), 1);
        assert_eq!(count("deal_products", many), 602);
        assert!(count("deal_followers", followed) >= 700);
        assert_nothing_owed(&sim);
    }
}

#[test]
fn what_a_merge_moves_is_with_the_winner_and_stays_with_the_loser_as_it_was() {
    let sim = Sim::with(300, 8, bumping()).and_children(Policy::Counter);
    sim.backfill();
    let (loser, winner) = (live_with_products(&sim, 3), live_with_products(&sim, 1));
    let converted = live_with_products(&sim, 2);
    apply(&sim, Edit::MergeDeals { loser, winner });
    apply(&sim, Edit::ConvertToLead(converted));
    sim.advance(5);
    sim.emulator.reset_log();
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim.assert_equal();
    let count =
        |id: u32| sim.number(&format!("SELECT count(*) FROM deal_products WHERE deal_id = {id}"));
    assert_eq!((count(loser), count(winner), count(converted)), (3, 4, 2));
    assert_eq!(sim.number(&format!("SELECT is_deleted FROM deals WHERE id = {loser}")), 1);
    assert_eq!(cost_of(&sim, "/deals/products"), 10);
    assert!(
        sim.emulator.log().iter().all(|asked| asked
            .param("deal_ids")
            .is_none_or(|ids| !ids.contains(&loser.to_string())))
    );
    assert_nothing_owed(&sim);
}

#[test]
fn a_deal_that_comes_back_is_asked_for_everything() {
    let sim = Sim::new(400, 9).and_children(Policy::Counter);
    sim.backfill();
    let id = live_with_products(&sim, 2);
    apply(&sim, Edit::DeleteDeal(id));
    sim.sync();
    apply(&sim, Edit::RestoreDeal(id));
    // While it was away nobody could see this.
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    sim.advance(5);
    sim.sync();
    sim.assert_equal();
    assert_eq!(sim.number(&format!("SELECT count(*) FROM deal_products WHERE deal_id = {id}")), 3);
}

#[test]
fn counters_that_lag_or_are_missing_lose_nothing() {
    for counters in [Counters::Late(Duration::from_secs(30)), Counters::UntilBump, Counters::Absent]
    {
        let sim =
            Sim::with(300, 16, Switches { counters, ..bumping() }).and_children(Policy::Changed);
        assert_eq!(sim.backfill().outcome(), Outcome::Complete, "{counters:?}");
        let mut rng = fastrand::Rng::with_seed(16);
        for _ in 0..40 {
            sim.advance(1);
            sim.emulator.world().random_child_edit(&mut rng);
        }
        sim.sync();
        sim.advance(300);
        sim.sync();
        sim.advance(300);
        sim.sync();
        sim.assert_equal();
    }
}

#[test]
fn a_child_that_a_replica_shows_late_is_waited_for() {
    let switches = Switches { children_visible_after: Duration::from_millis(1_500), ..bumping() };
    let sim = Sim::with(200, 17, switches).and_children(Policy::Counter);
    sim.backfill();
    let id = live_with_products(&sim, 2);
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    // The very second after.
    sim.sync();
    sim.assert_equal();
    assert_nothing_owed(&sim);
}

#[test]
fn a_deal_that_changes_while_its_children_are_on_their_way_ends_with_the_newer_set() {
    for (seed, when) in [(18, 0), (19, 1), (20, 2)] {
        let sim = Sim::with(1_500, seed, Switches { page_rows: Some(60), ..bumping() })
            .and_children(Policy::Changed);
        let (emulator, mut asked, mut rng) =
            (sim.emulator.clone(), 0, fastrand::Rng::with_seed(seed));
        // Whatever is asked for, something hangs otherwise on the deals it names, before or after they are read.
        sim.meddle(move |request| {
            let path = request.uri().path().to_owned();
            if path.ends_with("/products")
                || path.ends_with("/installments")
                || path.ends_with("/followers")
            {
                asked += 1;
                if asked % 3 == when {
                    emulator.world().random_child_edit(&mut rng);
                }
            }
        });
        sim.backfill();
        sim.leave_alone();
        sim.advance(60);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
        sim.assert_equal();
        assert_nothing_owed(&sim);
    }
}

#[test]
fn wherever_a_run_dies_no_child_is_forgotten() {
    let mut rng = fastrand::Rng::with_seed(21);
    for seed in 0..25 {
        let sim = Sim::with(260, seed, bumping()).and_children(Policy::Changed);
        for _ in 0..3 {
            let mode = if rng.bool() { BACKFILL } else { Mode::Sync };
            sim.run_for(&mode, rng.usize(0..160));
            for _ in 0..rng.usize(0..15) {
                sim.clock.advance(Duration::from_millis(rng.u64(0..2_000)));
                sim.emulator.world().random_child_edit(&mut rng);
            }
        }
        sim.advance(60);
        assert_eq!(sim.sync().outcome(), Outcome::Complete, "seed {seed}");
        sim.assert_equal();
        assert_nothing_owed(&sim);
    }
}

#[test]
fn a_mark_that_was_raised_while_its_rows_were_on_their_way_is_not_taken_off() {
    let sim = Sim::new(60, 23).and_children(Policy::Counter);
    sim.backfill();
    let id = live_with_products(&sim, 2);
    apply(&sim, Edit::ChangeDeal(id, DealChange::Title("Touched".to_owned())));
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    sim.advance(60);
    let (mirror, mut asked) = (sim.connection(), 0);
    sim.distort(move |request, answer| {
        if names(request, id.into()) && request.uri().path().ends_with("/products") {
            asked += 1;
            // As whoever stores the deal anew does; these rows may be older than that.
            let raise = "UPDATE sync_due SET generation = generation + 1000000 WHERE kind = 'deal_products' AND id = ?1";
            let raised = if asked == 1 { mirror.execute(raise, [id]).unwrap() } else { 1 };
            assert_eq!(raised, 1);
        }
        answer
    });
    let before = sim.emulator.log().len();
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    let log = sim.emulator.log().split_off(before);
    let read = log.iter().filter(|asked| asked.path.ends_with("/products")).count();
    assert_eq!(read, 2, "once for the older mark, once for the newer one");
    assert_nothing_owed(&sim);
    sim.assert_equal();
}
