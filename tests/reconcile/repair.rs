//! What differs is repaired, and what is gone is found.

use super::*;

#[test]
fn a_reconcile_that_finds_nothing_costs_its_pages() {
    let sim = Sim::new(10_000, 1).and_children(Policy::Counter);
    sim.emulator.switch(|switches| switches.daily_budget = 10_000_000);
    sim.backfill();
    assert_eq!(sim.number("SELECT count(*) FROM sync_due"), 0);
    sim.emulator.reset_log();
    let report = sim.reconcile();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    let pages = |archived: u8| {
        let rows =
            sim.number(&format!("SELECT count(*) FROM deals WHERE is_archived = {archived}"));
        u64::try_from(rows).unwrap().div_ceil(500)
    };
    // Deleted deals ride along in their lists; one question says whose token it is.
    assert_eq!(report.cost, 2 + 10 * pages(0) + 20 * pages(1));
    assert_eq!(report.entities.iter().map(|entity| entity.written).sum::<u64>(), 0);
    assert_eq!(missing(&sim), 0);
}

#[test]
fn what_moves_no_change_time_is_repaired() {
    for seed in 0..10 {
        let sim = Sim::with(400, seed, silent()).and_children(Policy::Changed);
        sim.backfill();
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..80 {
            sim.clock.advance(Duration::from_millis(rng.u64(0..3_000)));
            let mut world = sim.emulator.world();
            if rng.bool() {
                world.random_edit(&mut rng);
            } else {
                // What a counter shows; an edit of a line shows nowhere.
                let id = rng.choice(world.live_ids().collect::<Vec<_>>()).unwrap();
                let user = rng.choice(world.company().users.keys().copied()).unwrap();
                let _ = world.apply(Edit::AddFollower(id, user));
            }
        }
        sim.advance(30);
        let report = sim.reconcile();
        assert_eq!(report.outcome(), Outcome::Complete, "seed {seed}: {report:?}");
        sim.assert_equal();
    }
}

#[test]
fn a_purged_deal_gets_a_tombstone_and_keeps_what_hung_on_it() {
    let sim = Sim::new(1_200, 2).and_children(Policy::Counter);
    sim.backfill();
    let gone: Vec<u32> = live(&sim, 200).into_iter().step_by(10).collect();
    let lines = sim.number("SELECT count(*) FROM deal_products");
    for &id in &gone {
        apply(&sim, Edit::PurgeDeal(id));
    }
    sim.advance(60);
    sim.sync();
    assert_eq!(missing(&sim), 0, "a sync does not see it");
    let before = sim.emulator.spent();
    let report = sim.reconcile();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert_eq!(of(&report, "deals").deleted, 20);
    // Walk 30 (some 1,100 live and 100 archived deals), three questions for all twenty, whose token it is.
    assert_eq!(sim.emulator.spent() - before, 2 + 30 + 20 + (10 + 20 + 10));
    assert_eq!(missing(&sim), 20);
    sim.assert_equal();
    assert_eq!(sim.number("SELECT count(*) FROM deal_products"), lines);
    assert_eq!(sim.number("SELECT count(*) FROM sync_due"), 0);
    // The change feed tells of it.
    assert_eq!(
        sim.number("SELECT count(*) FROM deals WHERE _version = (SELECT max(_version) FROM deals)"),
        20
    );
    assert_eq!(
        sim.reconcile().cost,
        2 + 30 + 20,
        "what is known to be gone is not asked for again"
    );
}

#[test]
fn moves_creations_and_deletions_during_the_walk_set_no_tombstone() {
    for (seed, cursors) in
        (0..20).map(|seed| (seed, if seed % 4 == 0 { Cursors::Offset } else { Cursors::Keyset }))
    {
        let switches = Switches { page_rows: Some(25), cursors, ..silent() };
        let sim = Sim::with(500, seed, switches).and_children(Policy::Counter);
        sim.backfill();
        let (emulator, mut rng) = (sim.emulator.clone(), fastrand::Rng::with_seed(seed));
        sim.meddle(move |_| {
            let mut world = emulator.world();
            for _ in 0..rng.usize(0..4) {
                let id = rng.choice(world.live_ids().collect::<Vec<_>>()).unwrap();
                let archived = rng.choice(world.archived_ids().collect::<Vec<_>>());
                let _ = match (rng.u8(0..4), archived) {
                    (0, _) => world.apply(Edit::ArchiveDeal(id)),
                    (1, Some(archived)) => world.apply(Edit::UnarchiveDeal(archived)),
                    (2, _) => world.apply(Edit::DeleteDeal(id)),
                    _ => Ok(world.random_edit(&mut rng).1),
                };
            }
        });
        let report = sim.reconcile();
        assert_eq!(report.outcome(), Outcome::Complete, "seed {seed}: {report:?}");
        assert_eq!(missing(&sim), 0, "seed {seed}");
        sim.leave_alone();
        sim.advance(30);
        assert_eq!(sim.reconcile().outcome(), Outcome::Complete, "seed {seed}");
        sim.assert_equal();
        assert_eq!(missing(&sim), 0, "seed {seed}");
    }
}

#[test]
fn a_version_from_nowhere_gives_way_to_what_the_source_says_twice() {
    let sim = Sim::new(300, 10);
    sim.backfill();
    let id = live(&sim, 1)[0];
    let sql = format!(
        "UPDATE deals SET update_time = '2026-03-01T00:00:00Z', title = 'not from the source' WHERE id = {id};
         UPDATE deal_raw SET hash = 1 WHERE deal_id = {id}"
    );
    sim.connection().execute_batch(&sql).unwrap();
    let report = sim.reconcile();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    sim.assert_equal();
}

#[test]
fn after_four_weeks_without_a_pass_a_sync_walks_everything() {
    let sim = Sim::new(400, 11).and_children(Policy::Counter);
    sim.backfill();
    let ids = live(&sim, 3);
    apply(&sim, Edit::DeleteDeal(ids[0]));
    sim.advance(35 * DAY);
    apply(&sim, Edit::ChangeDeal(ids[1], DealChange::Title("back from a long holiday".to_owned())));
    let report = sim.sync();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert_eq!(missing(&sim), 1);
    sim.assert_equal();
}

#[test]
fn a_sync_reconciles_when_its_schedule_says_so_and_not_again() {
    let sim = Sim::new(300, 12);
    sim.backfill();
    apply(&sim, Edit::PurgeDeal(live(&sim, 1)[0]));
    sim.advance(DAY);
    assert_eq!(sim.sync().cost, 32 + 10, "a day later only the fields are due");
    assert_eq!(missing(&sim), 0);
    sim.advance(6 * DAY);
    sim.sync();
    assert_eq!(missing(&sim), 1);
    sim.advance(600);
    assert_eq!(sim.sync().cost, 32);
}

#[test]
fn a_field_that_disappears_makes_a_reconcile_due() {
    let sim = Sim::new(300, 13);
    sim.backfill();
    let code = sim.emulator.world().custom_fields()[0].code.clone();
    apply(&sim, Edit::RemoveField(code));
    for _ in 0..2 {
        sim.advance(DAY);
        sim.sync();
    }
    sim.assert_equal();
}

#[test]
fn a_backfill_is_counted_once() {
    let sim = Sim::new(900, 15);
    let counted = |sim: &Sim| {
        sim.emulator.log().iter().filter(|asked| asked.path == "/v1/deals/summary").count()
    };
    sim.backfill();
    assert_eq!(counted(&sim), 1);
    sim.advance(300);
    sim.sync();
    sim.backfill();
    assert_eq!(counted(&sim), 1);
    sim.run(&Mode::Backfill { since: None, restart: true });
    assert_eq!(counted(&sim), 2);
}

#[test]
fn counters_that_move_alone_are_found() {
    let sim = Sim::with(900, 16, Switches { counters: Counters::Current, ..silent() })
        .and_children(Policy::Counter);
    sim.backfill();
    let oldest = sim.number("SELECT id FROM deals WHERE is_deleted = 0 AND is_archived = 0 ORDER BY update_time LIMIT 1");
    let id = u32::try_from(oldest).unwrap();
    let user = {
        let world = sim.emulator.world();
        let followers = world.followers(id);
        let follows = |user: u32| followers.iter().any(|row| row["user_id"] == user);
        world.company().users.keys().copied().find(|user| !follows(*user)).unwrap()
    };
    apply(&sim, Edit::AddFollower(id, user));
    sim.advance(60);
    sim.emulator.reset_log();
    let report = sim.reconcile();
    assert_eq!(of(&report, "deal_followers").cost, 10);
    sim.assert_equal();
}

#[test]
fn what_cannot_be_counted_is_not_asked_for_every_five_minutes() {
    let sim = Sim::new(300, 21);
    sim.distort(|request, answer| {
        if request.uri().path() != "/v1/deals/summary" {
            return answer;
        }
        Ok(http::Response::builder().status(403).body(r#"{"success":false}"#.into()).unwrap())
    });
    let counted = |sim: &Sim| {
        sim.emulator.log().iter().filter(|asked| asked.path == "/v1/deals/summary").count()
    };
    let report = sim.backfill();
    assert_eq!((report.outcome(), report.notes.len()), (Outcome::Complete, 1), "{report:?}");
    for _ in 0..12 {
        sim.advance(300);
        sim.sync();
    }
    assert_eq!(counted(&sim), 1);
    sim.advance(DAY);
    sim.sync();
    assert_eq!(counted(&sim), 2);
}
