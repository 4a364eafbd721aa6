//! The shape of the answers, and the world they come from.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The members of a deal in the examples of the API reference v2.
const DEAL: &str = "id title creator_user_id owner_id value person_id org_id stage_id pipeline_id currency archive_time \
    add_time update_time stage_change_time status is_archived is_deleted probability lost_reason visible_to close_time \
    won_time lost_time local_won_date local_lost_date local_close_date expected_close_date label_ids origin origin_id \
    channel channel_id acv arr mrr custom_fields";

/// The members that `include_fields` adds.
const OPTIONAL: &str = "next_activity_id last_activity_id first_won_time products_count files_count notes_count \
    followers_count email_messages_count activities_count done_activities_count undone_activities_count \
    participants_count last_incoming_mail_time last_outgoing_mail_time smart_bcc_email source_lead_id";

const ME: &str = "id name default_currency locale lang email phone activated last_login created modified \
    has_created_company access active_flag timezone_name timezone_offset role_id icon_url is_you is_deleted company_id \
    company_name company_domain company_country company_industry language";

const SUMMARY: &str = "values_total weighted_values_total total_count total_currency_converted_value \
    total_weighted_currency_converted_value total_currency_converted_value_formatted \
    total_weighted_currency_converted_value_formatted";

const FIELD: &str = "field_name field_code description field_type options subfields is_custom_field \
    is_optional_response_field";

pub(super) fn keys(object: &Json) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

pub(super) fn names(list: &str) -> BTreeSet<&str> {
    list.split_whitespace().collect()
}

#[test]
fn answers_have_exactly_the_members_of_the_reference() {
    let bench = Bench::new(100);
    let list = bench.json("/api/v2/deals");
    assert_eq!(keys(&list), names("success data additional_data"));
    assert_eq!(keys(&list["additional_data"]), names("next_cursor"));
    for deal in list["data"].as_array().unwrap() {
        assert_eq!(keys(deal), names(DEAL));
    }
    let id = bench.some_live();
    let include = names(OPTIONAL).into_iter().collect::<Vec<_>>().join(",");
    let single =
        bench.json(&format!("/api/v2/deals/{id}?include_fields={include}&include_labels=true"));
    assert_eq!(keys(&single), names("success data"));
    assert_eq!(keys(&single["data"]), names(&format!("{DEAL} {OPTIONAL} labels")));
    assert_eq!(keys(&bench.json("/v1/users/me")["data"]), names(ME));
    assert_eq!(keys(&bench.json("/v1/deals/summary")["data"]), names(SUMMARY));
    let fields = bench.json("/api/v2/dealFields?limit=500");
    assert!(fields["data"].as_array().unwrap().iter().all(|field| keys(field) == names(FIELD)));
    // What can be asked for or comes by itself is described by a field, but for what is computed per account.
    let codes = fields["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field_code"].as_str().unwrap());
    let described = codes.collect::<BTreeSet<_>>();
    let all = format!("{DEAL} {OPTIONAL}");
    let missing = names(&all).difference(&described).copied().collect::<Vec<_>>();
    assert_eq!(missing, ["custom_fields", "is_archived", "is_deleted", "smart_bcc_email"]);
}

#[test]
fn custom_fields_are_all_there_unless_some_are_named() {
    let bench = Bench::new(100);
    let id = bench.some_live();
    let codes = {
        let world = bench.emulator.world();
        world.custom_fields().iter().map(|field| field.code.clone()).collect::<Vec<_>>()
    };
    let deal = bench.json(&format!("/api/v2/deals/{id}"))["data"].clone();
    assert_eq!(keys(&deal["custom_fields"]), codes.iter().map(String::as_str).collect());
    let some =
        bench.json(&format!("/api/v2/deals/{id}?custom_fields={},{}", codes[3], codes[1]))["data"]
            .clone();
    assert_eq!(
        keys(&some["custom_fields"]),
        BTreeSet::from([codes[1].as_str(), codes[3].as_str()])
    );
}

#[test]
fn labels_replace_numbers_when_asked_for() {
    let bench = Bench::new(200);
    let deals = bench
        .json("/api/v2/deals?limit=500&include_option_labels=true&include_labels=true")["data"]
        .clone();
    let field = |name: &str| {
        let world = bench.emulator.world();
        world.custom_fields().iter().find(|field| field.name == name).unwrap().code.clone()
    };
    let (choice, choices) = (field("Customer type"), field("Requirements"));
    let deals = deals.as_array().unwrap();
    assert!(deals.iter().any(|deal| deal["custom_fields"][&choice]["label"].is_string()));
    assert!(deals.iter().any(|deal| deal["custom_fields"][&choices][0]["label"].is_string()));
    assert!(deals.iter().any(|deal| deal["labels"][0]["id"] == deal["label_ids"][0]
        && deal["labels"][0]["id"] != Json::Null));
}

#[test]
fn nulls_and_optional_members_follow_their_switches() {
    let switches = Switches {
        omit_nulls: true,
        optional_members: OptionalMembers::Always,
        ..Switches::default()
    };
    let bench = Bench::with(100, switches);
    let deals = bench.json("/api/v2/deals?limit=500")["data"].clone();
    for deal in deals.as_array().unwrap() {
        let custom = deal["custom_fields"].as_object().unwrap();
        assert!(
            deal.as_object().unwrap().values().chain(custom.values()).all(|value| !value.is_null())
        );
        assert!(deal["notes_count"].is_u64());
    }
    bench.emulator.switch(|switches| switches.optional_members = OptionalMembers::Never);
    let deals = bench.json("/api/v2/deals?include_fields=notes_count")["data"].clone();
    assert!(deals[0].get("notes_count").is_none());
}

#[test]
fn the_truth_of_a_deal_is_what_the_api_answers() {
    let bench = Bench::new(100);
    let include = names(OPTIONAL).into_iter().collect::<Vec<_>>().join(",");
    let world = |id| bench.emulator.world().deal_json(id).unwrap();
    for list in ["/api/v2/deals", "/api/v2/deals/archived"] {
        for deal in bench.walk(&format!("{list}?{ALL}&include_fields={include}"), |_| ()) {
            assert_eq!(deal, world(Id::try_from(deal["id"].as_u64().unwrap()).unwrap()));
        }
    }
}

#[test]
fn one_seed_makes_one_world() {
    let json = |seed| {
        let world = world(150, seed);
        let ids = [
            world.live_ids().collect(),
            world.archived_ids().collect(),
            world.deleted_ids().collect::<Vec<_>>(),
        ];
        let deals = ids.concat().into_iter().map(|id| world.deal_json(id)).collect::<Vec<_>>();
        (deals, world.fields_json())
    };
    assert_eq!(json(4), json(4));
    assert_ne!(json(4), json(5));
}

#[test]
fn a_generated_world_is_believable() {
    let world = world(3_000, 11);
    let share = |count: usize| count * 100 / world.len();
    assert_eq!(world.len(), 3_000);
    assert!((2..=6).contains(&share(world.archived_ids().count())));
    assert!((1..=5).contains(&share(world.deleted_ids().count())));
    let now = Second::of(NOW.parse().unwrap());
    let mut seconds = BTreeMap::<Second, u32>::new();
    let (mut filled, mut types) = (0, BTreeSet::new());
    for deal in world
        .live_ids()
        .chain(world.archived_ids())
        .chain(world.deleted_ids())
        .map(|id| world.deal(id).unwrap())
    {
        let update = deal.update_time.unwrap();
        *seconds.entry(update).or_default() += 1;
        assert!(deal.add_time <= update && update < now, "{deal:?}");
        assert_eq!(deal.closed.is_some(), deal.status != Status::Open);
        assert!(deal.deleted.is_none_or(|at| now.since(at) < 30 * 24 * 3_600));
        filled += deal.custom.len();
        for (slot, value) in &deal.custom {
            let field = world.custom_fields().iter().find(|field| field.slot == *slot).unwrap();
            assert!(field.field_type.holds(value), "{field:?} {value:?}");
            types.insert(field.field_type);
        }
    }
    assert_eq!(types, FieldType::CUSTOM.into_iter().collect());
    let possible = world.len() * world.custom_fields().len();
    assert!((40..50).contains(&(filled * 100 / possible)));
    assert!(seconds.values().any(|count| *count >= 30));
    assert!(seconds.values().filter(|count| **count > 1).count() > 20);
    assert!(now.since(*seconds.last_key_value().unwrap().0) < 24 * 3_600);
}

#[test]
fn worlds_of_any_size_can_be_made() {
    for deals in [0, 1, 2, 64] {
        let bench = Bench::new(deals);
        assert_eq!(bench.emulator.world().len(), deals as usize);
        bench.json("/api/v2/deals");
        bench.emulator.world().random_edit(&mut Rng::with_seed(1));
    }
}
