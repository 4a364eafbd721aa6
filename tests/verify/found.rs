//! What is compared and what that costs.

use std::time::Duration;

use pipedrive_mirror::{
    emulator::{DealChange, Edit},
    store::{Found, Reader},
    sync::{Proof, Share},
};

use super::{DEEP, lines, mirrored};

const TOTALS: Proof =
    Proof { totals: true, deep: false, rows: false, children: None, repair: false };

#[test]
fn totals_are_compared_by_status_and_pipeline_at_40_each() {
    let sim = mirrored(300, 3);
    let usual = sim.sync().cost;
    let verified = sim.verify(TOTALS);
    assert_eq!(lines(&verified), Vec::<String>::new());
    let pipelines = sim.number("SELECT count(*) FROM pipelines");
    assert_eq!(verified.report.cost, usual + (3 + pipelines.cast_unsigned()) * 40);
    let certificate = Reader::open(&sim.database()).unwrap().certificate().unwrap().unwrap();
    assert_eq!(
        (certificate.result.as_str(), certificate.compared.as_str()),
        ("equal", "inside, totals")
    );
}

#[test]
fn a_deal_that_was_lost_shows_in_the_totals_of_its_status_and_of_its_pipeline() {
    let sim = mirrored(900, 3);
    sim.connection()
        .execute_batch(
            "CREATE TEMP TABLE lost AS SELECT id FROM deals WHERE status = 'won' AND is_archived = 0 AND is_deleted = 0
               ORDER BY update_time LIMIT 1;
             DELETE FROM deals WHERE id IN lost; DELETE FROM deal_raw WHERE deal_id IN lost;
             DELETE FROM deal_custom_fields WHERE deal_id IN lost; DELETE FROM deal_labels WHERE deal_id IN lost;
             DELETE FROM deal_custom_field_options WHERE deal_id IN lost; DELETE FROM deals_search WHERE rowid IN lost;
             DELETE FROM deal_products WHERE deal_id IN lost; DELETE FROM deal_installments WHERE deal_id IN lost;
             DELETE FROM deal_discounts WHERE deal_id IN lost; DELETE FROM deal_followers WHERE deal_id IN lost;
             DELETE FROM deal_participants WHERE deal_id IN lost;",
        )
        .unwrap();
    let verified = sim.verify(TOTALS);
    let ids: Vec<&str> = verified.differences.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 2, "{:?}", lines(&verified));
    assert!(ids[0].starts_with("pipeline_id=") && ids[1] == "status=won", "{ids:?}");
    assert!(verified.differences.iter().all(|one| one.fate == Found::Missing));
    // The row itself explains them.
    let deep = sim.verify(DEEP);
    assert_eq!(deep.differences.len(), 1, "{:?}", lines(&deep));
    assert_eq!((deep.differences[0].entity, deep.differences[0].fate), ("deals", Found::Missing));
}

#[test]
fn a_child_row_that_was_changed_is_found_where_children_are_compared() {
    let sim = mirrored(200, 4);
    let change = "UPDATE deal_products SET quantity = quantity + 1
                  WHERE (deal_id, id) = (SELECT deal_id, id FROM deal_products ORDER BY 1, 2 LIMIT 1)";
    assert_eq!(sim.connection().execute(change, []).unwrap(), 1);
    let deal = sim.number("SELECT min(deal_id) FROM deal_products");
    assert_eq!(lines(&sim.verify(DEEP)), Vec::<String>::new());
    let children = Proof { children: Some(Share::All), repair: true, ..TOTALS };
    let verified = sim.verify(children);
    assert_eq!(
        lines(&verified),
        [format!("deal_products {deal} children: a row is not as the source shows it")]
    );
    sim.sync();
    sim.assert_equal();
    assert_eq!(lines(&sim.verify(children)), Vec::<String>::new());
}

#[test]
fn what_changes_while_it_is_compared_is_no_difference() {
    let sim = mirrored(300, 6);
    let (emulator, clock) = (sim.emulator.clone(), sim.clock.clone());
    let mut requests = 0_usize;
    sim.meddle(move |_| {
        requests += 1;
        clock.advance(Duration::from_secs(2));
        let mut world = emulator.world();
        let id = world.live_ids().nth(requests % 200).unwrap();
        let title = DealChange::Title(format!("Renamed {requests}"));
        world.apply(Edit::ChangeDeal(id, title)).unwrap();
    });
    let verified = sim.verify(DEEP);
    assert_eq!(lines(&verified), Vec::<String>::new());
}
