//! Edits of what hangs on a deal, and their switches.

use super::{rows_read::*, *};

const LATER: &str = "2026-02-03T16:40:30Z";

#[test]
fn lines_come_change_and_go_and_the_value_follows() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    let before = deal(&bench, id)["update_time"].clone();
    let Edited::Product(_, first) = bench.edit(Edit::AddProduct(id, a_line(&bench))) else {
        panic!()
    };
    let shown = deal(&bench, id);
    assert_eq!((&shown["value"], &shown["products_count"]), (&201.into(), &1.into()));
    assert_eq!(shown["update_time"], NOW, "the value moved, so the deal did");
    assert_ne!(before, NOW);
    bench.clock.advance(Duration::from_secs(9));
    let commented = ProductLine { comments: Some("x".into()), ..a_line(&bench) };
    bench.edit(Edit::EditProduct(id, first, commented));
    assert_eq!(deal(&bench, id)["update_time"], NOW, "a comment moves no value and no deal");
    assert_eq!(bench.emulator.world().products(id)[0]["update_time"], "2026-02-03T16:40:30Z");
    let off = Discount {
        description: "10%".into(),
        amount: Cents(1_000),
        discount_type: DiscountType::Percentage,
    };
    let Edited::Discount(_, discount) = bench.edit(Edit::AddDiscount(id, off.clone())) else {
        panic!()
    };
    assert_eq!(deal(&bench, id)["value"], 180.9);
    let rows = bench.json(&format!("/api/v2/deals/{id}/discounts"));
    assert!(rows.get("additional_data").is_none());
    assert_eq!(
        (&rows["data"][0]["id"], &rows["data"][0]["type"]),
        (&discount.clone().into(), &"percentage".into())
    );
    bench.edit(Edit::EditDiscount(id, discount.clone(), Discount { amount: Cents(2_000), ..off }));
    assert_eq!(deal(&bench, id)["value"], 160.8);
    bench.edit(Edit::RemoveDiscount(id, discount));
    let disabled = ProductLine { is_enabled: false, ..a_line(&bench) };
    bench.edit(Edit::EditProduct(id, first, disabled));
    assert_eq!(deal(&bench, id)["value"], 0);
    bench.edit(Edit::RemoveProduct(id, first));
    assert_eq!(deal(&bench, id)["products_count"], 0);
    let gone = bench.emulator.world().apply(Edit::RemoveProduct(id, first));
    assert_eq!(gone, Err(EditError::NoChild));
}

/// Returns `mrr`, `arr` and `acv`.
fn revenue(bench: &Bench, id: Id) -> [Json; 3] {
    let shown = deal(bench, id);
    ["mrr", "arr", "acv"].map(|member| shown[member].clone())
}

#[test]
fn what_a_deal_brings_in_follows_its_lines_and_moves_the_change_time() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    assert_eq!(revenue(&bench, id), [Json::Null, Json::Null, Json::Null]);
    let Edited::Product(_, first) = bench.edit(Edit::AddProduct(id, a_line(&bench))) else {
        panic!()
    };
    assert_eq!(revenue(&bench, id), [0.into(), 0.into(), Json::from(201)]);
    bench.clock.advance(Duration::from_secs(9));
    let monthly = ProductLine { billing_frequency: BillingFrequency::Monthly, ..a_line(&bench) };
    bench.edit(Edit::EditProduct(id, first, monthly.clone()));
    assert_eq!(revenue(&bench, id), [201.into(), 2_412.into(), Json::from(2_412)]);
    let shown = deal(&bench, id);
    assert_eq!((&shown["value"], shown["update_time"].as_str()), (&201.into(), Some(LATER)));
    bench.clock.advance(Duration::from_secs(9));
    let half_a_year = ProductLine { billing_frequency_cycles: Some(6), ..monthly };
    bench.edit(Edit::EditProduct(id, first, half_a_year));
    assert_eq!(revenue(&bench, id), [201.into(), 2_412.into(), Json::from(1_206)]);
    assert_ne!(deal(&bench, id)["update_time"], LATER);
    bench.edit(Edit::RemoveProduct(id, first));
    assert_eq!(revenue(&bench, id), [Json::Null, Json::Null, Json::Null]);
}

#[test]
fn the_deals_of_the_beginning_bring_in_what_their_lines_say() {
    let bench = Bench::new(200);
    let world = bench.emulator.world();
    let (mut recurring, mut bare) = (0, 0);
    for id in world.live_ids() {
        let shown = world.deal_json(id).unwrap();
        let lines = world.products(id);
        let again = lines.iter().any(|line| {
            line["is_enabled"] == true
                && line["billing_frequency"] != "one-time"
                && line["sum"] != 0
        });
        assert_eq!(shown["acv"].is_null(), lines.is_empty(), "{id}");
        assert_eq!(shown["arr"].as_f64().is_some_and(|arr| arr > 0.0), again, "{id}");
        recurring += usize::from(again);
        bare += usize::from(lines.is_empty());
    }
    assert!(recurring > 0 && bare > 100, "{recurring} recurring, {bare} bare");
}

#[test]
fn a_value_stays_what_someone_typed_when_told_to() {
    let bench = Bench::new(50);
    bench.emulator.switch(|switches| switches.value_from_lines = false);
    let id = bare(&bench);
    let before = deal(&bench, id);
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    let after = deal(&bench, id);
    assert_eq!(
        (&after["value"], &after["update_time"]),
        (&before["value"], &before["update_time"])
    );
    assert_eq!(after["products_count"], 1);
}

#[test]
fn installments_need_a_product_that_is_billed_once() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    let apply = |edit| bench.emulator.world().apply(edit);
    assert_eq!(apply(Edit::AddInstallment(id, installment(100))), Err(EditError::NotAllowed));
    let Ok(Edited::Product(_, line)) = apply(Edit::AddProduct(id, a_line(&bench))) else {
        panic!()
    };
    let Ok(Edited::Installment(_, first)) = apply(Edit::AddInstallment(id, installment(1_000)))
    else {
        panic!()
    };
    let monthly = ProductLine { billing_frequency: BillingFrequency::Monthly, ..a_line(&bench) };
    assert_eq!(apply(Edit::AddProduct(id, monthly)), Err(EditError::NotAllowed));
    let disabled = ProductLine { is_enabled: false, ..a_line(&bench) };
    assert_eq!(apply(Edit::EditProduct(id, line, disabled)), Err(EditError::NotAllowed));
    assert_eq!(bench.emulator.world().products(id)[0]["is_enabled"], true);
    apply(Edit::EditInstallment(id, first, installment(80))).unwrap();
    let shown = bench.json(&format!("/api/v2/deals/installments?deal_ids={id}"));
    let row = serde_json::json!({
        "id": first, "amount": 0.8, "billing_date": "2026-03-10", "deal_id": id, "description": "Delivery Fee",
    });
    assert_eq!(shown, serde_json::json!({"success": true, "data": [row]}));
    apply(Edit::RemoveProduct(id, line)).unwrap();
    assert!(bench.emulator.world().installments(id).is_empty());
}

#[test]
fn followers_and_participants_come_and_go_and_leave_a_log() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    let mut world = bench.emulator.world();
    let follows =
        |world: &World, user: &Id| world.followers(id).iter().any(|it| it["user_id"] == *user);
    let user = world.company().users.keys().copied().find(|user| !follows(&world, user)).unwrap();
    let person = *world.company().persons.keys().last().unwrap();
    let (followers, participants) = (world.followers(id).len(), world.participants(id).len());
    world.apply(Edit::AddFollower(id, user)).unwrap();
    assert_eq!(world.apply(Edit::AddFollower(id, user)), Err(EditError::Already));
    assert_eq!(world.apply(Edit::AddFollower(id, 1)), Err(EditError::Unknown));
    let Ok(Edited::Participant(_, participant)) = world.apply(Edit::AddParticipant(id, person))
    else {
        panic!()
    };
    drop(world);
    let shown = deal(&bench, id);
    assert_eq!(shown["followers_count"], followers + 1);
    assert_eq!(shown["participants_count"], participants + 1);
    let rows = bench.json(&format!("/api/v2/deals/{id}/followers"))["data"].clone();
    assert!(
        rows.as_array().unwrap().contains(&serde_json::json!({"user_id": user, "add_time": NOW}))
    );
    bench.clock.advance(Duration::from_secs(1));
    bench.edit(Edit::RemoveFollower(id, user));
    bench.edit(Edit::RemoveParticipant(id, participant));
    let actor = bench.emulator.world().user();
    let log = bench.walk(&format!("/api/v2/deals/{id}/followers/changelog?limit=1"), |_| ());
    let time = "2026-02-03T16:40:22Z";
    assert_eq!(
        log[log.len() - 2..],
        [
            serde_json::json!({"action": "added", "actor_user_id": actor, "follower_user_id": user, "time": NOW}),
            serde_json::json!({"action": "removed", "actor_user_id": actor, "follower_user_id": user, "time": time}),
        ]
    );
    let log = bench.walk(&format!("/v1/deals/{id}/participantsChangelog?limit=2"), |_| ());
    let last = serde_json::json!({
        "actor_user_id": actor, "person_id": person, "action": "removed", "time": "2026-02-03 16:40:22",
    });
    assert_eq!(log.last(), Some(&last));
}

#[test]
fn each_kind_of_rows_bumps_on_its_own() {
    let bench = Bench::new(100);
    let id = with_installments(&bench);
    let person = *bench.emulator.world().company().persons.keys().last().unwrap();
    bench.emulator.switch(|switches| switches.bumps.installments = Some(true));
    let before = deal(&bench, id)["update_time"].clone();
    bench.edit(Edit::AddParticipant(id, person));
    assert_eq!(deal(&bench, id)["update_time"], before);
    bench.edit(Edit::AddInstallment(id, installment(100)));
    assert_eq!(deal(&bench, id)["update_time"], NOW);
    bench.clock.advance(Duration::from_secs(1));
    bench.emulator.switch(|switches| switches.bumps.children = true);
    bench.edit(Edit::Children(id, Child::Participant, -1));
    assert_eq!(deal(&bench, id)["update_time"], "2026-02-03T16:40:22Z");
}

#[test]
fn counters_lag_or_lack_as_the_switch_says() {
    let bench = Bench::new(50);
    bench.emulator.switch(|switches| {
        switches.counters = Counters::Late(Duration::from_secs(10));
        switches.value_from_lines = false;
    });
    let id = bare(&bench);
    let count = || deal(&bench, id)["products_count"].clone();
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    bench.clock.advance(Duration::from_secs(6));
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    assert_eq!(count(), 0);
    assert_eq!(bench.emulator.world().deal_json(id).unwrap()["products_count"], 2);
    bench.clock.advance(Duration::from_secs(4));
    assert_eq!(count(), 1);
    bench.clock.advance(Duration::from_secs(6));
    assert_eq!(count(), 2);
    bench.emulator.switch(|switches| switches.counters = Counters::UntilBump);
    bench.edit(Edit::Children(id, Child::Product, -2));
    bench.clock.advance(MONTH);
    assert_eq!(count(), 2);
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("x".into())));
    assert_eq!(count(), 0);
    bench.emulator.switch(|switches| switches.counters = Counters::Absent);
    assert!(deal(&bench, id).get("products_count").is_none());
}

#[test]
fn rows_can_show_later_than_the_deal() {
    let bench = Bench::new(50);
    bench.emulator.switch(|switches| switches.children_visible_after = Duration::from_secs(2));
    let id = bare(&bench);
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    let path = format!("/api/v2/deals/products?deal_ids={id}");
    assert_eq!(
        (&deal(&bench, id)["products_count"], &bench.json(&path)["data"]),
        (&1.into(), &serde_json::json!([]))
    );
    assert_eq!(bench.emulator.world().products(id).len(), 1);
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(bench.json(&path)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn merging_moves_the_rows_and_deletes_the_loser() {
    let bench = Bench::new(100);
    let (loser, winner) = (with_installments(&bench), bare(&bench));
    let (lines, installments) = {
        let world = bench.emulator.world();
        (world.products(loser).len(), world.installments(loser).len())
    };
    bench.edit(Edit::MergeDeals { loser, winner });
    let world = bench.emulator.world();
    assert!(world.deleted_ids().any(|id| id == loser));
    assert!(world.products(loser).is_empty() && world.followers(loser).is_empty());
    assert_eq!(
        (world.products(winner).len(), world.installments(winner).len()),
        (lines, installments)
    );
    let shown = world.deal_json(winner).unwrap();
    assert_eq!((&shown["products_count"], &shown["update_time"]), (&lines.into(), &NOW.into()));
    assert!(world.products(winner).iter().all(|line| line["deal_id"] == winner));
}

#[test]
fn a_deal_that_becomes_a_lead_is_deleted_and_the_job_is_told_of_for_a_while() {
    let bench = Bench::new(50);
    bench.emulator.switch(|switches| switches.conversion_takes = Duration::from_secs(5));
    let id = bench.some_live();
    let Edited::Conversion(_, job) = bench.edit(Edit::ConvertToLead(id)) else { panic!() };
    let path = format!("/api/v2/deals/{id}/convert/status/{job}");
    assert!(bench.emulator.world().deleted_ids().any(|it| it == id));
    assert_eq!(
        bench.json(&path)["data"],
        serde_json::json!({"conversion_id": job, "status": "running"})
    );
    bench.clock.advance(Duration::from_secs(5));
    bench.emulator.reset_log();
    let done = bench.json(&path)["data"].clone();
    assert_eq!((&done["status"], done["lead_id"].is_string()), (&"completed".into(), true));
    assert_eq!(bench.emulator.spent(), 1);
    bench.clock.advance(MONTH / 10);
    assert_eq!(bench.ask(&path).0, 404);
}

#[test]
fn random_edits_keep_counters_and_rows_together() {
    let bench = Bench::new(200);
    let mut rng = Rng::with_seed(3);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..1_500 {
        bench.clock.advance(Duration::from_millis(300));
        let (edit, edited) = bench.emulator.world().random_child_edit(&mut rng);
        assert!(edited.deal().is_some());
        kinds.insert(format!("{edit:?}").split(['(', ' ']).next().map(str::to_owned));
    }
    assert_eq!(kinds.len(), 15, "{kinds:?}");
    let world = bench.emulator.world();
    for id in world.live_ids().collect::<Vec<_>>() {
        let deal = world.deal_json(id).unwrap();
        assert_eq!(deal["products_count"], world.products(id).len());
        assert_eq!(deal["followers_count"], world.followers(id).len());
        assert_eq!(deal["participants_count"], world.participants(id).len());
    }
}
