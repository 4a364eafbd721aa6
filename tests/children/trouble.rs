//! Refusals, faults, doubtful answers and counters.

use super::*;

#[test]
fn a_plan_without_installments_is_reported_once_and_asked_again_rarely() {
    for installments in
        [Installments::PaymentRequired, Installments::Forbidden, Installments::NotEnabled]
    {
        let sim = Sim::with(900, 10, Switches { installments, ..bumping() })
            .and_children(Policy::Counter);
        let report = sim.backfill();
        assert_eq!(report.outcome(), Outcome::Complete, "{installments:?}: {report:?}");
        let skipped = of(&report, "deal_installments");
        // A 403 may be about the deals of the group; one of them alone shows that it is not.
        let asked = if installments == Installments::Forbidden { 2 } else { 1 };
        assert_eq!(
            (skipped.outcome, skipped.requests),
            (Outcome::Skipped, asked),
            "{installments:?}"
        );
        assert!(skipped.error.as_ref().unwrap().contains("asked for again after"), "{skipped:?}");
        let again = sim.sync();
        assert_eq!(of(&again, "deal_installments").requests, 0);
        assert_eq!(of(&again, "deal_installments").error, None, "it is reported once");
        let others = ["deal_products", "deal_discounts", "deal_followers", "deal_participants"];
        assert_eq!(
            common::attached::differences(&sim.connection(), &sim.emulator, &others),
            Vec::<String>::new()
        );
        // The plan is upgraded; a week later it shows.
        sim.emulator.switch(|switches| switches.installments = Installments::There);
        sim.advance(8 * 24 * 3_600);
        sim.sync();
        sim.assert_equal();
        assert_nothing_owed(&sim);
    }
    let sim = Sim::with(900, 10, Switches { installments: Installments::Nothing, ..bumping() })
        .and_children(Policy::Counter);
    assert_eq!(of(&sim.backfill(), "deal_installments").outcome, Outcome::Complete);
    assert_nothing_owed(&sim);
}

#[test]
fn a_group_that_is_refused_is_halved_until_the_culprit_is_alone() {
    let sim = Sim::new(900, 12).and_children(Policy::Counter);
    let culprit = {
        let probe = Sim::new(900, 12);
        probe.backfill();
        probe.number("SELECT id FROM deals WHERE is_deleted = 0 AND is_archived = 0 AND products_count > 0 LIMIT 1 OFFSET 70")
    };
    refuse(&sim, 404, NO, move |request| {
        request.uri().path().ends_with("/products") && names(request, culprit)
    });
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    let owed = sim.text("SELECT group_concat(kind || ' ' || id) FROM sync_due");
    assert_eq!(owed.unwrap(), format!("deal_products {culprit}"));
    sim.leave_alone();
    sim.advance(25 * 3_600);
    sim.sync();
    sim.assert_equal();
}

#[test]
fn a_source_in_trouble_fails_the_entity_after_few_requests_and_forgets_nothing() {
    let sim = Sim::new(900, 13).and_children(Policy::Counter);
    refuse(&sim, 503, NO, |request| request.uri().path().ends_with("/deals/products"));
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Partial, "{report:?}");
    let products = of(&report, "deal_products");
    assert_eq!(products.outcome, Outcome::Failed);
    assert!(products.requests <= 2 * 5 * 4, "{}", products.requests);
    sim.leave_alone();
    sim.advance(600);
    assert_eq!(sim.sync().outcome(), Outcome::Complete);
    sim.assert_equal();
    assert_nothing_owed(&sim);
}

#[test]
fn trouble_with_a_trickle_never_decides_the_outcome() {
    let sim = Sim::new(400, 14).and_children(Policy::Counter);
    refuse(&sim, 503, NO, |request| request.uri().path().ends_with("/followers"));
    let report = sim.backfill();
    assert_eq!(report.outcome(), Outcome::Complete, "{report:?}");
    assert_eq!(of(&report, "deal_followers").outcome, Outcome::Failed);
    assert_eq!(of(&report, "deal_participants").outcome, Outcome::Complete);
    sim.leave_alone();
    sim.advance(600);
    sim.sync();
    sim.assert_equal();
}

#[test]
fn an_empty_answer_for_archived_deals_never_empties_what_is_stored() {
    let sim = Sim::new(700, 15).and_children(Policy::Counter);
    sim.backfill();
    let stored = "SELECT count(*) FROM deal_products p JOIN deals d ON d.id = p.deal_id WHERE d.is_archived = 1";
    let before = sim.number(stored);
    assert!(before > 0);
    let reach = Reach { archived: ChildAnswer::Nothing, ..Switches::default().bulk_children };
    sim.emulator.switch(|switches| switches.bulk_children = reach);
    let id = live_with_products(&sim, 3);
    apply(&sim, Edit::ArchiveDeal(id));
    for _ in 0..5 {
        sim.advance(7_200);
        assert_eq!(sim.sync().outcome(), Outcome::Complete);
    }
    assert_eq!(sim.number(stored), before + 3);
    let error = sim.text("SELECT error FROM sync_due WHERE kind = 'deal_products'").unwrap();
    assert!(
        error.contains("the deal counts 3, the answer was empty; what was stored is kept"),
        "{error}"
    );
    // Three readings, and none after that.
    sim.emulator.reset_log();
    sim.advance(7 * 24 * 3_600);
    sim.sync();
    assert_eq!(cost_of(&sim, "/deals/products"), 0);
}

#[test]
fn installments_of_an_archived_deal_that_lost_its_lines_go_with_them() {
    let switches = Switches { archived_editable: true, ..bumping() };
    let sim = Sim::with(400, 27, switches).and_children(Policy::Counter);
    sim.backfill();
    let id = u32::try_from(sim.number(
        "SELECT deal_id FROM deal_installments JOIN deals d ON d.id = deal_id WHERE d.is_archived = 1",
    ))
    .unwrap();
    let lines = sim.emulator.world().products(id);
    assert!(!lines.is_empty());
    for line in &lines {
        apply(&sim, Edit::RemoveProduct(id, u32::try_from(line["id"].as_u64().unwrap()).unwrap()));
    }
    sim.advance(60);
    sim.sync();
    let rows = format!("SELECT count(*) FROM deal_installments WHERE deal_id = {id}");
    assert_eq!(sim.number(&rows), 0);
    assert_nothing_owed(&sim);
}

#[test]
fn a_discount_that_went_before_its_deal_was_archived_goes() {
    let sim = Sim::with(400, 28, bumping()).and_children(Policy::Counter);
    sim.backfill();
    let id = u32::try_from(sim.number(
        "SELECT deal_id FROM deal_discounts JOIN deals d ON d.id = deal_id
         WHERE d.is_deleted = 0 AND d.is_archived = 0 AND d.status = 'open'",
    ))
    .unwrap();
    let discounts = sim.emulator.world().discounts(id);
    for discount in &discounts {
        let uuid = discount["id"].as_str().unwrap().to_owned();
        apply(&sim, Edit::RemoveDiscount(id, uuid));
    }
    apply(&sim, Edit::ArchiveDeal(id));
    sim.advance(60);
    sim.sync();
    let rows = format!("SELECT count(*) FROM deal_discounts WHERE deal_id = {id}");
    assert_eq!(sim.number(&rows), 0);
    assert_nothing_owed(&sim);
}

#[test]
fn installments_of_a_deal_that_went_out_of_sight_stay_as_they_were() {
    let sim = Sim::with(400, 27, bumping()).and_children(Policy::Counter);
    sim.backfill();
    let id = u32::try_from(sim.number(
        "SELECT deal_id FROM deal_installments JOIN deals d ON d.id = deal_id WHERE d.is_deleted = 0 AND d.is_archived = 0",
    ))
    .unwrap();
    let rows = format!("SELECT count(*) FROM deal_installments WHERE deal_id = {id}");
    let before = sim.number(&rows);
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    sim.advance(60);
    // It is deleted when the lists are read and before its children are.
    let emulator = sim.emulator.clone();
    sim.meddle(move |request| {
        if request.uri().path().ends_with("/deals/products") {
            let _ = emulator.world().apply(Edit::DeleteDeal(id));
        }
    });
    sim.sync();
    sim.leave_alone();
    sim.advance(300);
    sim.sync();
    assert_eq!(sim.number(&format!("SELECT is_deleted FROM deals WHERE id = {id}")), 1);
    assert_eq!(sim.number(&rows), before);
    assert_nothing_owed(&sim);
}

#[rstest::rstest]
#[case::by_a_reconcile(RECONCILE)]
#[case::by_a_backfill_that_begins_anew(Mode::Backfill { since: None, restart: true })]
fn a_set_that_was_given_up_on_is_tried_again(#[case] mode: Mode) {
    let sim = Sim::with(300, 28, bumping()).and_children(Policy::Counter);
    sim.backfill();
    let id = live_with_products(&sim, 2);
    apply(&sim, Edit::AddProduct(id, line(&sim)));
    // A replica that lags for hours: the newest line is not in the answer.
    sim.distort(|request, answer| {
        if !request.uri().path().ends_with("/deals/products") {
            return answer;
        }
        let (parts, body) = answer.unwrap().into_parts();
        let mut body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        body["data"].as_array_mut().unwrap().pop();
        Ok(http::Response::from_parts(parts, body.to_string().into()))
    });
    for _ in 0..5 {
        sim.advance(3_600);
        sim.sync();
    }
    assert_eq!(sim.number("SELECT count(*) FROM sync_due WHERE not_before > '9999'"), 1);
    sim.leave_alone();
    sim.advance(3_600);
    assert_eq!(sim.sync().cost, 32, "nothing is asked again and again");
    sim.run(&mode);
    sim.assert_equal();
    assert_nothing_owed(&sim);
}

#[test]
fn a_source_that_lasts_in_trouble_is_asked_ever_more_rarely() {
    let sim = Sim::new(900, 30).and_children(Policy::Counter);
    refuse(&sim, 503, NO, |request| request.uri().path().ends_with("/deals/products"));
    sim.backfill();
    sim.emulator.reset_log();
    // A day of syncs, every five minutes.
    for _ in 0..288 {
        sim.advance(300);
        let report = sim.sync();
        assert_eq!(report.outcome(), Outcome::Partial);
        assert!(of(&report, "deal_products").error.as_ref().unwrap().contains("503"));
    }
    let asked = cost_of(&sim, "/deals/products");
    assert!(asked < 3_000, "{asked}");
}
