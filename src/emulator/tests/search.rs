//! `/api/v2/deals/search`.

use super::{
    shapes::{keys, names},
    *,
};

const ITEM: &str = "id type title value currency status visible_to owner stage person organization custom_fields notes \
    is_archived";

fn found(bench: &Bench, query: &str) -> Vec<Id> {
    let body = bench.json(&format!("/api/v2/deals/search?limit=500&{query}"));
    let items = body["data"]["items"].as_array().unwrap().iter();
    ids(&items.map(|hit| hit["item"].clone()).collect::<Vec<_>>())
}

/// Gives two deals a title that no other one has.
fn named(bench: &Bench) -> (Id, Id) {
    let deals = bench.emulator.world().live_ids().take(2).collect::<Vec<_>>();
    for (id, title) in deals.iter().zip(["Ünlikely zq1", "Ünlikely ZQ1 and more"]) {
        bench.edit(Edit::ChangeDeal(*id, DealChange::Title(title.to_owned())));
    }
    (deals[0], deals[1])
}

#[test]
fn a_term_is_found_in_titles_whatever_the_case() {
    let bench = Bench::new(60);
    let (one, two) = named(&bench);
    assert_eq!(found(&bench, "term=%C3%BCnlikely"), [one, two]);
    assert_eq!(found(&bench, "term=zq1"), [one, two]);
    assert_eq!(found(&bench, "term=%C3%9CNLIKELY+zq1&exact_match=true"), [one]);
    assert_eq!(found(&bench, "term=zq1&fields=custom_fields,notes"), Vec::<Id>::new());
    bench.edit(Edit::ArchiveDeal(one));
    bench.edit(Edit::DeleteDeal(two));
    assert_eq!(found(&bench, "term=zq1"), [one]);
    let body = bench.json("/api/v2/deals/search?term=zq1");
    assert_eq!(body["data"]["items"][0]["item"]["is_archived"], true);
    assert_eq!(body["additional_data"]["next_cursor"], Json::Null);
}

#[test]
fn a_term_is_found_in_texts_of_custom_fields() {
    let bench = Bench::new(60);
    let (one, _) = named(&bench);
    let code = {
        let world = bench.emulator.world();
        let mut fields = world.custom_fields().iter();
        fields.find(|field| field.field_type == FieldType::Varchar).unwrap().code.clone()
    };
    let value = Some(Value::Text("Tender ZQ77".into()));
    bench.edit(Edit::ChangeDeal(one, DealChange::Custom(code, value)));
    assert_eq!(found(&bench, "term=zq77"), [one]);
    assert_eq!(found(&bench, "term=zq77&fields=title"), Vec::<Id>::new());
    let body = bench.json("/api/v2/deals/search?term=zq77");
    assert_eq!(
        body["data"]["items"][0]["item"]["custom_fields"],
        serde_json::json!(["Tender ZQ77"])
    );
}

#[test]
fn hits_look_as_in_the_reference_and_come_in_pages() {
    let bench = Bench::new(300);
    let all = found(&bench, "term=re");
    assert!(all.len() > 20);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bench.json(&format!("/api/v2/deals/search?term=re&limit=7{cursor}"));
        for hit in page["data"]["items"].as_array().unwrap() {
            assert_eq!(keys(hit), names("result_score item"));
            assert_eq!(keys(&hit["item"]), names(ITEM));
            paged.extend(ids(&[hit["item"].clone()]));
        }
        let Some(next) = page["additional_data"]["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    let world = bench.emulator.world();
    let deal = all.iter().filter_map(|id| world.deal(*id)).find(|it| it.person_id.is_some());
    let (person, status) = deal.map(|deal| (deal.person_id.unwrap(), deal.status.name())).unwrap();
    drop(world);
    for filter in [format!("person_id={person}"), format!("status={status}")] {
        let some = found(&bench, &format!("term=re&{filter}"));
        assert!(!some.is_empty() && some.len() < all.len());
    }
    let body = bench.json("/api/v2/deals/search?term=re&include_fields=deal.cc_email&limit=1");
    let address = format!("acme+deal{}@pipedrivemail.com", all[0]);
    assert_eq!(body["data"]["items"][0]["item"]["cc_email"], address.as_str());
}

#[test]
fn a_search_costs_twenty_and_refuses_what_it_does_not_know() {
    let bench = Bench::new(20);
    for wrong in [
        "",
        "term=",
        "term=x",
        "exact_match=true",
        "term=xx&fields=owner",
        "term=xx&status=deleted",
        "term=xx&status=open,won",
        "term=xx&include_fields=deal.value",
        "term=xx&exact_match=1",
        "term=xx&limit=501",
        "term=xx&cursor=x",
        "term=xx&start=0",
    ] {
        assert_eq!(bench.ask(&format!("/api/v2/deals/search?{wrong}")).0, 400, "{wrong}");
    }
    bench.emulator.reset_log();
    assert_eq!(bench.ask("/api/v2/deals/search?term=x&exact_match=true").0, 200);
    assert_eq!(bench.emulator.spent(), 20);
}
