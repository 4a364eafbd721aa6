//! Edits of what deals refer to.

use super::*;

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

fn made(bench: &Bench, edit: Edit) -> (Reference, Id) {
    let Edited::Record(kind, id) = bench.edit(edit) else { panic!("this edit makes a record") };
    (kind, id)
}

fn json(bench: &Bench, (kind, id): (Reference, Id)) -> Json {
    bench.emulator.world().reference_json(kind, id).unwrap_or(Json::Null)
}

/// Everything there is but the record that is edited.
fn rest(bench: &Bench, (edited, id): (Reference, Id)) -> (Vec<Option<Json>>, Vec<Json>) {
    let world = bench.emulator.world();
    let deals = world.live_ids().chain(world.archived_ids()).chain(world.deleted_ids());
    let deals = deals.map(|id| world.deal_json(id)).collect();
    let others = Reference::ALL.into_iter().flat_map(|kind| {
        let records = world.references(kind).filter(move |(it, _)| (kind, *it) != (edited, id));
        records.map(|(_, json)| json)
    });
    let others = others.collect();
    (deals, others)
}

#[test]
fn an_edit_changes_its_record_and_its_time_and_nothing_else() {
    let bench = Bench::new(80);
    let (stage, person, organization, product) = (2, 1_101, 57, 300);
    let name = || "Zoë “Z” Ångström".to_owned();
    let edits = [
        (Edit::ChangePerson(person, PersonChange::Name(name())), Reference::Persons, person),
        (
            Edit::ChangePerson(person, PersonChange::Emails(vec!["a@b.example".to_owned()])),
            Reference::Persons,
            person,
        ),
        (
            Edit::ChangeOrganization(organization, OrganizationChange::Name(name())),
            Reference::Organizations,
            organization,
        ),
        (
            Edit::ChangeCatalogProduct(product, ProductChange::Name(name())),
            Reference::Products,
            product,
        ),
        (Edit::ChangeStage(stage, StageChange::Probability(1)), Reference::Stages, stage),
        (Edit::RenamePipeline(3, name()), Reference::Pipelines, 3),
        (Edit::EnableProbability(3, true), Reference::Pipelines, 3),
        (Edit::DeletePerson(person), Reference::Persons, person),
        (Edit::RestorePerson(person), Reference::Persons, person),
        (Edit::DeleteStage(stage), Reference::Stages, stage),
        (Edit::DeletePipeline(3), Reference::Pipelines, 3),
    ];
    for (edit, kind, id) in edits {
        bench.clock.advance(Duration::from_secs(1));
        let (before, others) = (json(&bench, (kind, id)), rest(&bench, (kind, id)));
        assert_eq!(bench.edit(edit.clone()), Edited::Record(kind, id));
        let after = json(&bench, (kind, id));
        let now = Second::of(bench.emulator.world().now()).to_string();
        assert_eq!(after["update_time"], now.as_str(), "{edit:?}");
        assert_eq!(after["add_time"], before["add_time"]);
        assert_ne!(after, before);
        assert!(rest(&bench, (kind, id)) == others, "{edit:?} touched something else");
    }
}

#[test]
fn users_and_currencies_change_without_a_time_of_update() {
    let bench = Bench::new(20);
    let user = 8_878;
    bench.edit(Edit::RenameUser(user, "Ny Namn".to_owned()));
    bench.edit(Edit::DeactivateUser(user));
    let shown = bench.json("/v1/users")["data"][1].clone();
    assert_eq!((&shown["id"], &shown["name"]), (&user.into(), &"Ny Namn".into()));
    assert_eq!((&shown["active_flag"], &shown["is_deleted"]), (&false.into(), &false.into()));
    assert_eq!(shown["modified"], "2026-02-03 16:40:21");
    let yen = Edit::AddCurrency { code: Currency::new(*b"JPY"), name: "Yen".to_owned() };
    let (_, id) = made(&bench, yen.clone());
    assert_eq!(bench.emulator.world().apply(yen), Err(EditError::Already));
    bench.edit(Edit::RenameCurrency(id, "円".to_owned()));
    let shown = bench.json("/v1/currencies?term=jpy")["data"].clone();
    assert_eq!((&shown[0]["name"], &shown[0]["is_custom_flag"]), (&"円".into(), &true.into()));
    bench.edit(Edit::RemoveCurrency(id));
    assert_eq!(bench.json("/v1/currencies?term=jpy")["data"], serde_json::json!([]));
}

#[test]
fn new_records_are_shown_and_their_ids_are_never_used_again() {
    let bench = Bench::new(20);
    let name = || "Neu".to_owned();
    let (_, customer) = made(&bench, Edit::AddOrganization { name: name() });
    let (_, pipeline) = made(&bench, Edit::AddPipeline(name()));
    let price = Cents(1_250);
    for (list, add, purge) in [
        (
            "persons",
            Edit::AddPerson { name: name(), org_id: Some(customer) },
            Edit::PurgePerson as fn(Id) -> Edit,
        ),
        ("organizations", Edit::AddOrganization { name: name() }, Edit::PurgeOrganization),
        ("products", Edit::AddCatalogProduct { name: name(), price }, Edit::PurgeCatalogProduct),
        (
            "stages",
            Edit::AddStage { name: name(), pipeline_id: pipeline, probability: 70 },
            Edit::PurgeStage,
        ),
        ("pipelines", Edit::AddPipeline(name()), Edit::PurgePipeline),
    ] {
        let (kind, id) = made(&bench, add.clone());
        let shown = bench.json(&format!("/api/v2/{list}/{id}"))["data"].clone();
        assert_eq!((&shown["name"], &shown["is_deleted"]), (&"Neu".into(), &false.into()));
        assert_eq!(shown["update_time"], NOW);
        bench.edit(purge(id));
        assert_eq!(bench.ask(&format!("/api/v2/{list}/{id}")).0, 404);
        assert_eq!(json(&bench, (kind, id)), Json::Null);
        assert_eq!(bench.emulator.world().apply(purge(id)), Err(EditError::Unknown));
        assert_eq!(made(&bench, add), (kind, id + 1));
    }
    let product = bench.json("/api/v2/products?sort_direction=desc&limit=1")["data"][0].clone();
    assert_eq!((&product["prices"][0]["price"]), &serde_json::json!(12.5));
}

#[test]
fn what_is_deleted_can_only_be_restored_and_is_purged_after_thirty_days() {
    let bench = Bench::new(40);
    let rename = |id| Edit::ChangePerson(id, PersonChange::Name("x".to_owned()));
    let apply = |edit| bench.emulator.world().apply(edit);
    bench.edit(Edit::DeletePerson(1_101));
    assert_eq!(apply(rename(1_101)), Err(EditError::Deleted));
    assert_eq!(apply(Edit::DeletePerson(1_101)), Err(EditError::Already));
    bench.edit(Edit::RestorePerson(1_101));
    assert_eq!(apply(Edit::RestorePerson(1_101)), Err(EditError::Already));
    assert!(apply(rename(1_101)).is_ok());
    bench.edit(Edit::DeletePerson(1_102));
    bench.edit(Edit::DeleteStage(3));
    bench.clock.advance(MONTH - Duration::from_secs(1));
    assert_eq!(bench.ask("/api/v2/persons/1102").0, 200);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.ask("/api/v2/persons/1102").0, 404);
    assert_eq!(bench.ask("/api/v2/persons/1101").0, 200);
    assert_eq!(bench.ask("/api/v2/stages/3").0, 200);
    assert_eq!(
        apply(Edit::AddPerson { name: "x".to_owned(), org_id: Some(9) }),
        Err(EditError::Unknown)
    );
}

#[test]
fn the_last_stage_stays_and_deals_go_to_no_deleted_one() {
    let bench = Bench::new(10);
    let stages = bench.ids("/api/v2/stages");
    for stage in &stages[1..] {
        bench.edit(Edit::DeleteStage(*stage));
    }
    let apply = |edit| bench.emulator.world().apply(edit);
    assert_eq!(apply(Edit::DeleteStage(stages[0])), Err(EditError::NotAllowed));
    assert_eq!(apply(Edit::PurgeStage(stages[0])), Err(EditError::NotAllowed));
    let deal = |stage_id| Edit::CreateDeal {
        title: "x".to_owned(),
        stage_id,
        value: Cents(1),
        currency: Currency::new(*b"EUR"),
    };
    assert_eq!(apply(deal(stages[1])), Err(EditError::Unknown));
    assert!(apply(deal(stages[0])).is_ok());
    bench.emulator.world().random_edit(&mut Rng::with_seed(1));
}

#[test]
fn an_option_gets_another_label() {
    let bench = Bench::new(20);
    let (code, option) = {
        let world = bench.emulator.world();
        let field = world.custom_fields().iter().find(|field| field.name == "Priority").unwrap();
        (field.code.clone(), field.options[1].id)
    };
    bench.edit(Edit::RenameOption(code.clone(), option, "B+".to_owned()));
    let fields = bench.json("/api/v2/dealFields?limit=500")["data"].clone();
    let mut fields = fields.as_array().unwrap().iter();
    let field = fields.find(|field| field["field_code"] == code.as_str()).unwrap();
    assert_eq!(field["options"][1]["label"], "B+");
    assert_eq!(field["options"][1]["update_time"], NOW);
    let unknown = Edit::RenameOption(code, 9_999, String::new());
    assert_eq!(bench.emulator.world().apply(unknown), Err(EditError::Unknown));
}
