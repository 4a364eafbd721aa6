//! Reads of what deals refer to.

use super::{
    shapes::{keys, names},
    *,
};

/// The lists with the members of their records in the examples of the API reference, but for `org_id` of
/// organizations, which the schema does not have, and what contact sync adds to persons.
const LISTS: [(&str, Reference, u64, &str); 7] = [
    (
        "/api/v2/pipelines",
        Reference::Pipelines,
        5,
        "id name order_nr is_deleted is_deal_probability_enabled add_time update_time",
    ),
    (
        "/api/v2/stages",
        Reference::Stages,
        5,
        "id order_nr name is_deleted deal_probability pipeline_id is_deal_rot_enabled days_to_rotten add_time update_time",
    ),
    (
        "/v1/users",
        Reference::Users,
        20,
        "id name default_currency locale lang email phone activated last_login created modified has_created_company \
         access active_flag timezone_name timezone_offset role_id icon_url is_you is_deleted",
    ),
    (
        "/v1/currencies",
        Reference::Currencies,
        20,
        "id code name decimal_points symbol active_flag is_custom_flag",
    ),
    (
        "/api/v2/persons",
        Reference::Persons,
        10,
        "id name first_name last_name owner_id org_id add_time update_time emails phones is_deleted visible_to \
         label_ids picture_id custom_fields",
    ),
    (
        "/api/v2/organizations",
        Reference::Organizations,
        10,
        "id name owner_id add_time update_time address is_deleted visible_to label_ids website linkedin industry \
         annual_revenue employee_count custom_fields",
    ),
    (
        "/api/v2/products",
        Reference::Products,
        10,
        "id name code description unit tax category is_linkable is_deleted visible_to owner_id add_time update_time \
         billing_frequency billing_frequency_cycles prices custom_fields",
    ),
];

/// The ids of a kind that are not deleted.
fn there(bench: &Bench, kind: Reference) -> Vec<Id> {
    let world = bench.emulator.world();
    world.reference_ids(kind).filter(|(_, deleted)| !deleted).map(|(id, _)| id).collect()
}

fn deleted(bench: &Bench, kind: Reference) -> Vec<Id> {
    let world = bench.emulator.world();
    world.reference_ids(kind).filter(|(_, deleted)| *deleted).map(|(id, _)| id).collect()
}

#[test]
fn records_have_exactly_the_members_of_the_reference_and_say_the_truth() {
    let bench = Bench::new(120);
    for (path, kind, cost, members) in LISTS {
        bench.emulator.reset_log();
        let body = bench.json(path);
        assert_eq!(bench.emulator.spent(), cost, "{path}");
        let paged = path.starts_with("/api/v2");
        assert_eq!(body.get("additional_data").is_some(), paged, "{path}");
        let records = body["data"].as_array().unwrap();
        assert!(!records.is_empty(), "{path}");
        for record in records {
            assert_eq!(keys(record), names(members), "{path}");
            let id = Id::try_from(record["id"].as_u64().unwrap()).unwrap();
            let truth = bench.emulator.world().reference_json(kind, id);
            assert_eq!(truth.as_ref(), Some(record), "{path}");
        }
    }
}

#[test]
fn members_stand_in_the_order_of_the_examples() {
    let bench = Bench::new(20);
    for (path, _, _, members) in LISTS {
        let response = bench.get(path);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let mut rest = &text[text.find("{\"id\":").unwrap()..];
        for member in members.split_whitespace() {
            let place = rest.find(&format!("\"{member}\":"));
            rest = &rest[place.unwrap_or_else(|| panic!("{path}: {member} comes too early"))..];
        }
    }
}

#[test]
fn one_record_costs_one_and_is_the_one_of_the_list() {
    let bench = Bench::new(50);
    for (path, kind, ..) in LISTS.into_iter().filter(|(path, ..)| path.starts_with("/api/v2")) {
        let id = there(&bench, kind)[0];
        bench.emulator.reset_log();
        let one = bench.json(&format!("{path}/{id}"));
        assert_eq!(keys(&one), names("success data"));
        assert_eq!(Some(&one["data"]), bench.emulator.world().reference_json(kind, id).as_ref());
        assert_eq!(bench.emulator.spent(), 1, "{path}");
        assert_eq!(bench.ask(&format!("{path}/999999")).0, 404);
        assert_eq!(bench.ask(&format!("{path}/{id}?limit=1")).0, 400);
        assert_eq!(bench.ask(&format!("{path}?unknown=1")).0, 400);
        let faulty = http::Request::post(path).header("x-api-token", TOKEN).body(Bytes::new());
        assert_eq!(bench.emulator.handle(faulty.unwrap()).unwrap().status(), 405);
        let stranger = http::Request::get(path).header("x-api-token", "no").body(Bytes::new());
        assert_eq!(bench.emulator.handle(stranger.unwrap()).unwrap().status(), 401);
    }
}

#[test]
fn pages_of_every_order_hold_each_record_once() {
    let bench = Bench::new(150);
    for (path, kind, ..) in LISTS.into_iter().filter(|(path, ..)| path.starts_with("/api/v2")) {
        for by in ["id", "update_time", "add_time"] {
            for direction in ["asc", "desc"] {
                let records = bench.walk(
                    &format!("{path}?limit=7&sort_by={by}&sort_direction={direction}"),
                    |_| (),
                );
                assert_eq!(sorted(ids(&records)), there(&bench, kind), "{path} {by} {direction}");
                let keys = records.iter().map(|record| match by {
                    "id" => (String::new(), record["id"].as_u64()),
                    _ => (record[by].as_str().unwrap().to_owned(), record["id"].as_u64()),
                });
                let mut keys = keys.collect::<Vec<_>>();
                if direction == "desc" {
                    keys.reverse();
                }
                assert!(keys.is_sorted(), "{path} {by} {direction}");
            }
        }
    }
    let products = bench.walk("/api/v2/products?limit=5&sort_by=name", |_| ());
    assert!(products.iter().map(|it| it["name"].as_str()).is_sorted());
    assert_eq!(products.len(), there(&bench, Reference::Products).len());
}

#[test]
fn the_two_ends_of_a_window_of_updates_are_in_and_out() {
    let bench = Bench::new(150);
    for path in ["/api/v2/persons", "/api/v2/organizations"] {
        let records = bench.walk(&format!("{path}?limit=50&sort_by=update_time"), |_| ());
        let (from, to) = (&records[3]["update_time"], &records[8]["update_time"]);
        let (from, to) = (from.as_str().unwrap(), to.as_str().unwrap());
        let window = bench.ids(&format!("{path}?limit=50&updated_since={from}&updated_until={to}"));
        let expected = records.iter().filter(|record| {
            let at = record["update_time"].as_str().unwrap();
            from <= at && at < to
        });
        let expected = ids(&expected.cloned().collect::<Vec<_>>());
        assert_eq!(sorted(window), sorted(expected.clone()));
        assert!(expected.contains(&ids(&records[3..4])[0]));
        assert!(!expected.contains(&ids(&records[8..9])[0]));
    }
    let since = "updated_since=2026-02-01T00:00:00Z";
    assert_eq!(bench.ask(&format!("/api/v2/products?{since}")).0, 200);
    let (status, body) = bench.ask("/api/v2/products?updated_until=2026-02-01T00:00:00Z");
    assert_eq!((status, &body["code"]), (400, &Json::from("ERR_SCHEMA_VALIDATION_FAILED")));
}

#[test]
fn filters_name_owners_employers_deals_and_pipelines() {
    let bench = Bench::new(150);
    let persons = bench.walk("/api/v2/persons?limit=500", |_| ());
    for (parameter, member) in [("owner_id", "owner_id"), ("org_id", "org_id")] {
        let wanted = persons.iter().find(|it| !it[member].is_null()).unwrap()[member].clone();
        let expected =
            ids(&persons.iter().filter(|it| it[member] == wanted).cloned().collect::<Vec<_>>());
        assert_eq!(bench.ids(&format!("/api/v2/persons?limit=500&{parameter}={wanted}")), expected);
        assert!(expected.len() < persons.len());
    }
    let (deal, person) = {
        let world = bench.emulator.world();
        let mut deals = world.live_ids().filter_map(|id| world.deal(id));
        deals.find_map(|deal| deal.person_id.map(|person| (deal.id, person))).unwrap()
    };
    assert!(bench.ids(&format!("/api/v2/persons?deal_id={deal}")).contains(&person));
    assert_eq!(bench.ids("/api/v2/persons?deal_id=999999"), Vec::<Id>::new());
    assert_eq!(bench.ids("/api/v2/stages?pipeline_id=2"), [6, 7, 8]);
    assert_eq!(bench.ids("/api/v2/stages?pipeline_id=999"), Vec::<Id>::new());
    let dollars = bench.json("/v1/currencies?term=doll")["data"].clone();
    assert_eq!((dollars[0]["code"].as_str(), dollars.as_array().unwrap().len()), (Some("USD"), 1));
    let own = bench.json("/v1/currencies?term=pts")["data"].clone();
    assert_eq!(own[0]["is_custom_flag"], true);
    assert_eq!(bench.json("/v1/users?limit=1")["data"].as_array().unwrap().len(), 4);
}

#[test]
fn ids_are_at_most_a_hundred_and_unknown_ones_are_left_out() {
    let bench = Bench::new(50);
    let known = there(&bench, Reference::Persons)[1];
    assert_eq!(bench.ids(&format!("/api/v2/persons?ids={known},999999")), [known]);
    let many = |count| (1..=count).map(|id: u32| id.to_string()).collect::<Vec<_>>().join(",");
    for list in ["persons", "organizations", "products"] {
        assert_eq!(bench.ask(&format!("/api/v2/{list}?ids={}", many(100))).0, 200);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?ids={}", many(101))).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?ids=1,x")).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?filter_id=1")).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?custom_fields=none")).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?limit=501")).0, 400);
        assert_eq!(bench.ask(&format!("/api/v2/{list}?cursor=x")).0, 400);
    }
    assert_eq!(bench.ask("/api/v2/persons?include_fields=people_count").0, 400);
    assert_eq!(bench.ask("/api/v2/organizations?include_fields=people_count").0, 200);
    assert_eq!(bench.ask("/api/v2/persons?include_labels=1").0, 400);
    assert_eq!(bench.ask("/api/v2/products?include_labels=true").0, 400);
    let code = "9c1f0a7be24d5386f0b1a2c3d4e5f60718293a4b";
    let person = bench.json(&format!("/api/v2/persons/{known}?custom_fields={code}"));
    assert_eq!(keys(&person["data"]["custom_fields"]), names(code));
}

#[test]
fn deleted_records_are_listed_when_asked_for_or_as_the_switches_say() {
    let bench = Bench::new(200);
    for (list, kind) in [
        ("persons", Reference::Persons),
        ("organizations", Reference::Organizations),
        ("products", Reference::Products),
    ] {
        let (gone, path) = (deleted(&bench, kind), format!("/api/v2/{list}?limit=500"));
        let id = *gone.first().unwrap();
        let since = format!("{path}&updated_since=2020-01-01T00:00:00Z");
        let shows = |path: &str| bench.ids(path).contains(&id);
        assert!(!shows(&path) && shows(&since) && shows(&format!("{path}&ids={id}")));
        let one = bench.json(&format!("/api/v2/{list}/{id}"));
        assert_eq!(one["data"]["is_deleted"], true);
        bench.emulator.switch(|switches| switches.deleted_records = DeletedRows::Always);
        assert!(shows(&path));
        bench.emulator.switch(|switches| switches.deleted_records = DeletedRows::Never);
        assert!(!shows(&since));
        bench.emulator.switch(|switches| switches.deleted_records = DeletedRows::WhenAsked);
    }
    let stage = deleted(&bench, Reference::Stages)[0];
    assert!(!bench.ids("/api/v2/stages").contains(&stage));
    bench.emulator.switch(|switches| switches.deleted_stages = DeletedRows::Always);
    assert!(bench.ids("/api/v2/stages").contains(&stage));
    assert_eq!(bench.ids("/api/v2/pipelines").len(), 5);
    bench.emulator.switch(|switches| switches.single_finds_deleted = false);
    assert_eq!(bench.ask(&format!("/api/v2/stages/{stage}")).0, 404);
}

#[test]
fn what_others_keep_to_themselves_is_hidden_from_users_who_see_less() {
    let bench = Bench::new(200);
    let all = bench.walk("/api/v2/persons?limit=500", |_| ());
    bench.emulator.switch(|switches| switches.admin = false);
    let user = bench.emulator.world().user();
    let (seen, hidden): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|it| it["visible_to"] != 1 || it["owner_id"] == user);
    assert_eq!(bench.ids("/api/v2/persons?limit=500"), ids(&seen));
    let id = ids(&hidden)[0];
    assert_eq!(bench.ask(&format!("/api/v2/persons/{id}")).0, 404);
    assert!(bench.emulator.world().reference_json(Reference::Persons, id).is_some());
}

#[test]
fn the_generated_records_are_varied_and_the_same_for_the_same_seed() {
    let json = |seed| {
        let world = world(300, seed);
        Reference::ALL.map(|kind| world.references(kind).collect::<Vec<_>>())
    };
    assert_eq!(json(3), json(3));
    assert_ne!(json(3)[4], json(4)[4]);
    let world = world(300, 3);
    let persons = world.references(Reference::Persons).collect::<Vec<_>>();
    let some = |holds: &dyn Fn(&Json) -> bool| persons.iter().any(|(_, person)| holds(person));
    assert!(some(&|it| it["org_id"].is_null()) && some(&|it| it["org_id"].is_u64()));
    assert!(some(&|it| it["last_name"].is_null()));
    assert!(some(&|it| it["name"].as_str().unwrap().contains('"')));
    assert!(some(&|it| it["emails"].as_array().unwrap().len() == 2));
    let named = world.live_ids().filter_map(|id| world.deal(id)?.person_id).collect::<Vec<_>>();
    assert!(persons.iter().any(|(id, _)| !named.contains(id)));
    let products = world.references(Reference::Products).collect::<Vec<_>>();
    assert!(products.iter().any(|(_, it)| it["prices"].as_array().unwrap().len() > 1));
}
