//! What deals point to costs what has to be paid.

use super::*;

#[test]
fn a_backfill_asks_for_a_hundred_at_a_time_and_for_nobody_twice() {
    let sim = Sim::new(2_500, 1).and_reference();
    complete(&sim.backfill());
    for (path, table) in
        [("/api/v2/persons", "persons"), ("/api/v2/organizations", "organizations")]
    {
        let named = sim.number(&format!("SELECT count(*) FROM {table}"))
            + sim.number(&format!("SELECT count(*) FROM sync_due WHERE kind = '{table}'"));
        let groups = usize::try_from(named).unwrap().div_ceil(100);
        assert!(groups > 1);
        assert_eq!(asked(&sim, path), (groups, 10 * groups as u64), "{named} {table}");
    }
    for (path, cost) in [
        ("/api/v2/pipelines", 5),
        ("/api/v2/stages", 5),
        ("/v1/users", 20),
        ("/v1/currencies", 20),
        ("/api/v2/products", 10),
    ] {
        assert_eq!(asked(&sim, path), (1, cost), "{path}");
    }
}

#[test]
fn a_sync_between_two_days_costs_what_it_would_without() {
    let sim = Sim::new(500, 2).and_reference();
    complete(&sim.backfill());
    sim.advance(3_600);
    assert_eq!(sim.sync().cost, 2 + 10 + 20);
    sim.advance(DAY);
    // The fields; pipelines, stages, users, currencies; organizations, persons, products.
    assert_eq!(sim.sync().cost, 2 + 10 + 20 + 10 + (5 + 5 + 20 + 20) + 3 * 10);
}

#[test]
fn whoever_is_not_shown_is_asked_for_ever_more_rarely_and_nothing_is_late_for_it() {
    let sim = Sim::new(300, 3).and_reference();
    complete(&sim.backfill());
    let ghost = add_person(&sim, "Ghost");
    apply(&sim, Edit::ChangeDeal(live_deal(&sim), DealChange::Person(Some(ghost))));
    apply(&sim, Edit::PurgePerson(ghost));
    let mut asked_for = 0;
    for _ in 0..40 * 4 {
        sim.advance(DAY / 4);
        sim.emulator.reset_log();
        complete(&sim.sync());
        asked_for += sim
            .emulator
            .log()
            .iter()
            .filter(|asked| asked.path == "/api/v2/persons")
            .filter(|asked| asked.query.contains(&("ids".to_owned(), ghost.to_string())))
            .count();
    }
    // At once, and after 1, 2, 4, 8 and 16 days; weekly reconciles ask for those that are stored only.
    assert!((5..=7).contains(&asked_for), "{asked_for}");
    let late =
        sim.number("SELECT count(*) FROM sync_due WHERE kind = 'persons' AND why <> 'not shown'");
    assert_eq!(late, 0);
}
