//! Reads of what hangs on deals, and their switches.

use super::*;

pub(super) const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(super) fn deal(bench: &Bench, id: Id) -> Json {
    let path = format!(
        "/api/v2/deals/{id}?include_fields=products_count,followers_count,participants_count"
    );
    bench.json(&path)["data"].clone()
}

/// Returns a live deal with lines that are all billed once, and installments.
pub(super) fn with_installments(bench: &Bench) -> Id {
    let world = bench.emulator.world();
    let found = world.live_ids().find(|id| !world.installments(*id).is_empty());
    found.expect("some deals have installments")
}

/// Returns a live deal without lines.
pub(super) fn bare(bench: &Bench) -> Id {
    let world = bench.emulator.world();
    world.live_ids().find(|id| world.products(*id).is_empty()).expect("most deals have no lines")
}

pub(super) fn a_line(bench: &Bench) -> ProductLine {
    let (id, _) = bench
        .emulator
        .world()
        .company()
        .products
        .first_key_value()
        .map(|(id, it)| (*id, it.price))
        .unwrap();
    ProductLine::new(id, 2, Cents(10_050))
}

pub(super) fn csv(ids: &[Id]) -> String {
    ids.iter().map(Id::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn live(bench: &Bench, count: usize) -> Vec<Id> {
    bench.emulator.world().live_ids().take(count).collect()
}

pub(super) fn installment(cents: i64) -> Installment {
    Installment {
        description: "Delivery Fee".to_owned(),
        amount: Cents(cents),
        billing_date: jiff::civil::date(2026, 3, 10),
    }
}

#[test]
fn the_beginning_has_believable_rows_that_the_seed_decides() {
    let bench = Bench::new(500);
    let (world, again) = (bench.emulator.world(), world(500, 7));
    let ids = world.live_ids().collect::<Vec<_>>();
    let with = |rows: fn(&World, Id) -> Vec<Json>| {
        ids.iter().filter(|id| !rows(&world, **id).is_empty()).count() * 100 / ids.len()
    };
    assert!((30..50).contains(&with(World::products)), "{}", with(World::products));
    assert!((5..25).contains(&with(World::installments)), "{}", with(World::installments));
    assert!((2..10).contains(&with(World::discounts)), "{}", with(World::discounts));
    assert!(with(World::followers) > 80 && with(World::participants) > 60);
    assert!(ids.iter().all(|id| world.products(*id).len() <= 5));
    for id in &ids {
        assert_eq!(world.deal_json(*id), again.deal_json(*id));
        for rows in [World::products, World::installments, World::discounts, World::followers] {
            assert_eq!(rows(&world, *id), rows(&again, *id));
        }
        assert_eq!(world.participants(*id), again.participants(*id));
    }
}

#[test]
fn counters_and_values_follow_the_rows() {
    let bench = Bench::new(300);
    let world = bench.emulator.world();
    for id in world.live_ids().collect::<Vec<_>>() {
        let (deal, lines) = (world.deal_json(id).unwrap(), world.products(id));
        assert_eq!(deal["products_count"], lines.len());
        assert_eq!(deal["followers_count"], world.followers(id).len());
        assert_eq!(deal["participants_count"], world.participants(id).len());
        let enabled = lines.iter().filter(|line| line["is_enabled"] == true);
        let sum = enabled.map(|line| line["sum"].as_f64().unwrap()).sum::<f64>();
        if !lines.is_empty() && world.discounts(id).is_empty() {
            assert!((deal["value"].as_f64().unwrap() - sum).abs() < 0.005, "{deal}");
        }
    }
}

#[test]
fn lines_of_many_deals_cost_ten_and_are_told_apart_by_their_deal() {
    let bench = Bench::new(300);
    let ids = live(&bench, 100);
    bench.emulator.reset_log();
    let path = format!("/api/v2/deals/products?limit=37&deal_ids={}", csv(&ids));
    let rows = bench.walk(&path, |_| ());
    assert_eq!(bench.emulator.spent(), 10 * (rows.len() as u64).div_ceil(37));
    let world = bench.emulator.world();
    let mut truth = ids.iter().flat_map(|id| world.products(*id)).collect::<Vec<_>>();
    truth.sort_by_key(|line| line["id"].as_u64());
    assert_eq!(rows, truth);
    let deals = rows.iter().map(|row| row["deal_id"].as_u64()).collect::<Vec<_>>();
    assert!(!deals.is_sorted(), "a page jumps between deals");
}

#[test]
fn a_line_looks_as_in_the_reference() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    bench.edit(Edit::AddProduct(id, a_line(&bench)));
    let rows = bench.json(&format!("/api/v2/deals/products?deal_ids={id}"))["data"].clone();
    let name = bench.emulator.world().company().products.values().next().unwrap().name.clone();
    let product = bench.emulator.world().company().products.keys().next().copied().unwrap();
    assert_eq!(
        rows[0],
        serde_json::json!({
            "id": rows[0]["id"], "sum": 201, "tax": 0, "deal_id": id, "name": name, "product_id": product,
            "product_variation_id": null, "order_nr": 10, "add_time": NOW, "update_time": NOW, "comments": "",
            "currency": deal(&bench, id)["currency"], "discount": 0, "quantity": 2, "item_price": 100.5,
            "tax_method": "inclusive", "discount_type": "percentage", "is_enabled": true,
            "billing_frequency": "one-time", "billing_frequency_cycles": null, "billing_start_date": null,
        })
    );
    assert_eq!(bench.json(&format!("/api/v2/deals/{id}/products"))["data"], rows);
}

#[test]
fn deal_ids_are_required_counted_and_separated_by_commas() {
    let bench = Bench::new(50);
    let many = csv(&(1..=101).collect::<Vec<_>>());
    for wrong in
        ["", "?deal_ids=", "?deal_ids=x", &format!("?deal_ids={many}"), "?deal_ids=1&limit=501"]
    {
        for list in ["products", "installments"] {
            assert_eq!(bench.ask(&format!("/api/v2/deals/{list}{wrong}")).0, 400, "{list}{wrong}");
        }
    }
    let (status, body) = bench.ask("/api/v2/deals/products?deal_ids=1&deal_ids=2");
    let example = serde_json::json!({
        "success": false, "error": "querystring/deal_ids must be string",
        "error_info": "Please check developers.pipedrive.com", "data": null, "additional_data": null,
    });
    assert_eq!((status, body), (400, example));
    let ids = live(&bench, 40);
    let comma = bench.json(&format!("/api/v2/deals/installments?deal_ids={}", csv(&ids)));
    let repeated = ids.iter().map(|id| format!("deal_ids={id}")).collect::<Vec<_>>().join("&");
    assert_eq!(comma, bench.json(&format!("/api/v2/deals/installments?{repeated}")));
    assert!(!comma["data"].as_array().unwrap().is_empty());
}

#[test]
fn every_order_pages_through_all_rows_once() {
    let bench = Bench::new(120);
    let ids = csv(&live(&bench, 100));
    for cursors in [Cursors::Keyset, Cursors::Offset] {
        bench.emulator.switch(|switches| switches.cursors = cursors);
        for by in ["id", "deal_id", "add_time", "update_time", "order_nr"] {
            for direction in ["asc", "desc"] {
                let order = format!("sort_by={by}&sort_direction={direction}&deal_ids={ids}");
                let pages = bench.walk(&format!("/api/v2/deals/products?limit=11&{order}"), |_| ());
                let whole =
                    bench.walk(&format!("/api/v2/deals/products?limit=500&{order}"), |_| ());
                assert_eq!(pages, whole, "{by} {direction}");
            }
        }
    }
}

#[test]
fn the_switch_lists_products_deal_by_deal() {
    let bench = Bench::new(120);
    bench.emulator.switch(|switches| switches.products_by = ProductsBy::Deal);
    let path = format!("/api/v2/deals/products?limit=9&deal_ids={}", csv(&live(&bench, 100)));
    let rows = bench.walk(&path, |_| ());
    assert!(rows.iter().map(|row| row["deal_id"].as_u64()).is_sorted());
    let refused = bench.json("/api/v2/deals/1/products?sort_by=order_nr");
    assert!(refused["data"].is_array());
    assert_eq!(bench.ask("/api/v2/deals/1/products?sort_by=deal_id").0, 400);
}

#[test]
fn a_plan_without_installments_answers_as_the_switch_says() {
    let bench = Bench::new(100);
    let path = format!("/api/v2/deals/installments?deal_ids={}", with_installments(&bench));
    for (plan, status) in [
        (Installments::PaymentRequired, 402),
        (Installments::Forbidden, 403),
        (Installments::NotEnabled, 415),
        (Installments::Nothing, 200),
        (Installments::There, 200),
    ] {
        bench.emulator.switch(|switches| switches.installments = plan);
        let (shown, body) = bench.ask(&path);
        assert_eq!((shown, body["success"] == true), (status, status == 200), "{plan:?}");
        let rows = body["data"].as_array().map_or(0, Vec::len);
        assert_eq!(rows > 0, plan == Installments::There);
    }
}

#[test]
fn a_page_of_installments_says_more_or_less_of_what_follows() {
    let bench = Bench::new(200);
    let path = format!("/api/v2/deals/installments?limit=5&deal_ids={}", csv(&live(&bench, 100)));
    for (pages, first, last) in [
        (InstallmentPages::WhenMore, true, false),
        (InstallmentPages::Always, true, true),
        (InstallmentPages::Never, false, false),
    ] {
        bench.emulator.switch(|switches| switches.installment_pages = pages);
        let page = bench.json(&path);
        assert_eq!(page["data"].as_array().unwrap().len(), 5);
        assert_eq!(page.get("additional_data").is_some(), first, "{pages:?}");
        let whole = bench.json(&path.replace("limit=5", "limit=500"));
        assert_eq!(whole.get("additional_data").is_some(), last, "{pages:?}");
    }
}

#[test]
fn participants_are_paged_as_v1_does() {
    let bench = Bench::new(50);
    let id = bare(&bench);
    let persons = bench.emulator.world().company().persons.keys().copied().collect::<Vec<_>>();
    for person in persons {
        // Some take part already.
        let _ = bench.emulator.world().apply(Edit::AddParticipant(id, person));
    }
    let truth = bench.emulator.world().participants(id);
    let path = format!("/api/v1/deals/{id}/participants");
    let page = bench.json(&format!("{path}?start=2&limit=3&unknown=1"));
    let pagination = serde_json::json!({"start": 2, "limit": 3, "more_items_in_collection": true, "next_start": 5});
    assert_eq!(page["additional_data"]["pagination"], pagination);
    let ids = |rows: &Json| {
        rows.as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    let mut all = ids(&bench.json(&path)["data"]);
    assert_eq!(ids(&page["data"]), all[2..5]);
    all.sort_by_key(Json::as_u64);
    assert_eq!(all, truth.iter().map(|row| row["id"].clone()).collect::<Vec<_>>());
    let row = &page["data"][0];
    assert_eq!(row["person_id"]["value"], row["person"]["id"]);
    assert_eq!(row["related_item_data"]["deal_id"], id);
    let beyond = format!("{path}?start=500");
    assert_eq!(bench.json(&beyond)["data"], serde_json::json!([]));
    bench.emulator.switch(|switches| switches.empty_page_null = true);
    assert_eq!(bench.json(&beyond)["data"], Json::Null);
}

#[test]
fn deals_out_of_reach_are_answered_for_as_the_switches_say() {
    let bench = Bench::new(100);
    let id = with_installments(&bench);
    let line = || bench.json(&format!("/api/v2/deals/products?deal_ids={id}"))["data"][0].clone();
    let one = format!("/api/v2/deals/{id}/products");
    bench.edit(Edit::ArchiveDeal(id));
    assert_ne!(line(), Json::Null);
    bench.emulator.switch(|switches| switches.bulk_children.archived = ChildAnswer::Nothing);
    assert_eq!(line(), Json::Null);
    bench.edit(Edit::DeleteDeal(id));
    assert_eq!(line(), Json::Null);
    assert!(!bench.json(&one)["data"].as_array().unwrap().is_empty());
    bench.emulator.switch(|switches| {
        switches.bulk_children.deleted = ChildAnswer::Rows;
        switches.single_children.deleted = ChildAnswer::NotFound;
    });
    assert_ne!(line(), Json::Null);
    assert_eq!(bench.ask(&one).0, 404);
    bench.clock.advance(MONTH);
    assert_eq!((line(), bench.ask(&one).0), (Json::Null, 404));
    assert!(bench.emulator.world().products(id).is_empty());
    bench.emulator.switch(|switches| {
        switches.bulk_children.unknown = ChildAnswer::NotFound;
        switches.single_children.unknown = ChildAnswer::Nothing;
    });
    assert_eq!(bench.ask(&format!("/api/v2/deals/products?deal_ids={id}")).0, 404);
    assert_eq!(bench.json(&one)["data"], serde_json::json!([]));
}

#[test]
fn a_user_who_sees_less_gets_no_lines_of_hidden_deals() {
    let bench = Bench::new(200);
    let id = with_installments(&bench);
    bench.edit(Edit::ChangeDeal(id, DealChange::VisibleTo(1)));
    let owner = bench.emulator.world().deal(id).unwrap().owner_id;
    let other = bench.emulator.world().company().users.keys().copied().find(|user| *user != owner);
    bench.emulator.switch(|switches| (switches.admin, switches.user_id) = (false, other));
    for list in ["products", "installments"] {
        let path = format!("/api/v2/deals/{list}?deal_ids={id}");
        assert_eq!(bench.json(&path)["data"], serde_json::json!([]));
    }
    assert_eq!(bench.ask(&format!("/api/v2/deals/{id}/followers")).0, 404);
    assert!(!bench.emulator.world().products(id).is_empty(), "the truth hides nothing");
    bench.emulator.switch(|switches| switches.user_id = Some(owner));
    assert_eq!(bench.ask(&format!("/api/v2/deals/{id}/followers")).0, 200);
}

#[test]
fn the_summary_counts_what_is_neither_archived_nor_deleted_nor_hidden() {
    let bench = Bench::new(300);
    let total = || bench.json("/v1/deals/summary")["data"]["total_count"].clone();
    assert_eq!(total(), bench.emulator.world().live_ids().count());
    let (gone, away) = (live(&bench, 2)[0], live(&bench, 2)[1]);
    let before = total().as_u64().unwrap();
    bench.edit(Edit::DeleteDeal(gone));
    bench.edit(Edit::ArchiveDeal(away));
    assert_eq!(total(), before - 2);
    bench.emulator.switch(|switches| switches.admin = false);
    let world = bench.emulator.world();
    let user = world.user();
    let seen = world.live_ids().filter_map(|id| world.deal(id));
    let seen = seen.filter(|deal| deal.visible_to != 1 || deal.owner_id == user).count();
    drop(world);
    assert_eq!(total(), seen);
    assert!((seen as u64) < before - 2);
}
