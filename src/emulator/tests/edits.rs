//! Edits and what they do to the answers.

use super::*;

const ARCHIVED: &str = "/api/v2/deals/archived?limit=500";
const LIVE: &str = "/api/v2/deals?limit=500";

fn at(bench: &Bench, id: Id) -> Json {
    bench.json(&format!("/api/v2/deals/{id}"))["data"].clone()
}

#[test]
fn a_change_shows_and_moves_the_update_time() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    bench.clock.advance(Duration::from_millis(5_700));
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("Neu".into())));
    bench.edit(Edit::ChangeDeal(id, DealChange::Win));
    let deal = at(&bench, id);
    let now = "2026-02-03T16:40:26Z";
    assert_eq!((&deal["title"], &deal["update_time"]), (&"Neu".into(), &now.into()));
    assert_eq!(
        (&deal["status"], &deal["won_time"], &deal["close_time"]),
        (&"won".into(), &now.into(), &now.into())
    );
    assert_eq!((&deal["local_won_date"], &deal["lost_time"]), (&"2026-02-03".into(), &Json::Null));
    bench.edit(Edit::ChangeDeal(id, DealChange::Lose("Price".into())));
    let deal = at(&bench, id);
    assert_eq!((&deal["lost_reason"], &deal["won_time"]), (&"Price".into(), &Json::Null));
    bench.edit(Edit::ChangeDeal(id, DealChange::Reopen));
    assert_eq!(at(&bench, id)["close_time"], Json::Null);
    assert_eq!(bench.emulator.world().history().len(), 4);
}

#[test]
fn a_new_deal_is_listed_with_an_id_never_used_before() {
    let bench = Bench::new(20);
    let most = bench.ids(&format!("{LIVE}&{ALL}")).into_iter().max().unwrap();
    let create = || {
        let (value, currency) = (Cents(12_345), Currency::new(*b"EUR"));
        bench.edit(Edit::CreateDeal { title: "Neu".into(), stage_id: 2, value, currency })
    };
    let Edited::Deal(first) = create() else { panic!() };
    assert!(first > most);
    bench.edit(Edit::PurgeDeal(first));
    let Edited::Deal(second) = create() else { panic!() };
    assert!(second > first);
    assert_eq!(at(&bench, second)["value"], 123.45);
    assert_eq!(bench.ids(LIVE).last(), Some(&second));
}

#[test]
fn a_deleted_deal_leaves_the_list_and_is_gone_after_thirty_days() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    bench.edit(Edit::DeleteDeal(id));
    assert!(!bench.ids(LIVE).contains(&id));
    assert!(bench.ids(&format!("{LIVE}&{ALL}")).contains(&id));
    let deal = at(&bench, id);
    assert_eq!((&deal["status"], &deal["is_deleted"]), (&"deleted".into(), &true.into()));
    let refused = bench.emulator.world().apply(Edit::ChangeDeal(id, DealChange::Win));
    assert_eq!(refused, Err(EditError::Deleted));
    bench.clock.advance(Duration::from_secs(30 * 24 * 3_600 - 1));
    assert_eq!(bench.ids(&format!("{LIVE}&status=deleted")), [id]);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.ask(&format!("/api/v2/deals/{id}")).0, 404);
    assert!(!bench.ids(&format!("{LIVE}&{ALL}")).contains(&id));
    assert!(bench.emulator.world().deleted_ids().next().is_none());
}

#[test]
fn a_restored_deal_is_what_it_was() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    let before = at(&bench, id);
    bench.edit(Edit::DeleteDeal(id));
    bench.clock.advance(Duration::from_secs(9));
    bench.edit(Edit::RestoreDeal(id));
    let mut after = at(&bench, id);
    assert_eq!(after["update_time"], "2026-02-03T16:40:30Z");
    after["update_time"] = before["update_time"].clone();
    assert_eq!(after, before);
    assert!(bench.ids(LIVE).contains(&id));
}

#[test]
fn an_archived_deal_moves_to_the_other_list_and_back() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    bench.edit(Edit::ArchiveDeal(id));
    assert!(!bench.ids(LIVE).contains(&id) && bench.ids(ARCHIVED).contains(&id));
    assert_eq!(at(&bench, id)["archive_time"], NOW);
    let rename = Edit::ChangeDeal(id, DealChange::Title("x".into()));
    assert_eq!(bench.emulator.world().apply(rename.clone()), Err(EditError::Archived));
    bench.emulator.switch(|switches| switches.archived_editable = true);
    bench.edit(rename);
    bench.edit(Edit::UnarchiveDeal(id));
    assert!(bench.ids(LIVE).contains(&id) && !bench.ids(ARCHIVED).contains(&id));
}

#[test]
fn a_deal_deleted_in_the_archive_is_in_the_list_of_the_switch() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    bench.edit(Edit::ArchiveDeal(id));
    bench.edit(Edit::DeleteDeal(id));
    for (list, live, archived) in [
        (DeletedArchived::Archived, false, true),
        (DeletedArchived::Live, true, false),
        (DeletedArchived::Both, true, true),
    ] {
        bench.emulator.switch(|switches| switches.deleted_archived = list);
        assert_eq!(bench.ids(&format!("{LIVE}&{ALL}")).contains(&id), live, "{list:?}");
        assert_eq!(bench.ids(&format!("{ARCHIVED}&{ALL}")).contains(&id), archived, "{list:?}");
        assert!(!bench.ids(ARCHIVED).contains(&id));
    }
    bench.edit(Edit::RestoreDeal(id));
    assert!(bench.ids(ARCHIVED).contains(&id) && !bench.ids(LIVE).contains(&id));
}

#[test]
fn edits_that_do_not_bump_leave_the_update_time() {
    let never = Bumps {
        change: false,
        delete: false,
        restore: false,
        archive: false,
        unarchive: false,
        children: false,
        value: false,
        ..Bumps::default()
    };
    let bench = Bench::with(50, Switches { bumps: never, burst: None, ..Switches::default() });
    let id = bench.some_live();
    let before = at(&bench, id)["update_time"].clone();
    for edit in [
        Edit::ChangeDeal(id, DealChange::Title("x".into())),
        Edit::Children(id, Child::Note, 1),
        Edit::ArchiveDeal(id),
        Edit::UnarchiveDeal(id),
        Edit::DeleteDeal(id),
        Edit::RestoreDeal(id),
    ] {
        bench.edit(edit.clone());
        assert_eq!(at(&bench, id)["update_time"], before, "{edit:?}");
    }
}

#[test]
fn lists_show_an_edit_late_when_told_to() {
    let delay = Duration::from_secs(10);
    let bench =
        Bench::with(50, Switches { visible_after: delay, burst: None, ..Switches::default() });
    let id = bench.some_live();
    let old = at(&bench, id)["title"].clone();
    let listed =
        || bench.json(&format!("/api/v2/deals?{ALL}&ids={id}"))["data"][0]["title"].clone();
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("first".into())));
    bench.clock.advance(Duration::from_secs(4));
    bench.edit(Edit::ChangeDeal(id, DealChange::Title("second".into())));
    assert_eq!((listed(), &at(&bench, id)["title"]), (old, &"second".into()));
    bench.clock.advance(Duration::from_secs(6));
    assert_eq!(listed(), "first");
    assert!(bench.ids("/api/v2/deals?limit=500&updated_since=2026-02-03T16:40:21Z").contains(&id));
    bench.edit(Edit::ArchiveDeal(id));
    assert!(bench.ids(LIVE).contains(&id));
    bench.clock.advance(delay);
    assert!(!bench.ids(LIVE).contains(&id) && bench.ids(ARCHIVED).contains(&id));
    let created = Edit::CreateDeal {
        title: "x".into(),
        stage_id: 1,
        value: Cents(1),
        currency: Currency::new(*b"EUR"),
    };
    let Edited::Deal(new) = bench.edit(created) else { panic!() };
    assert!(!bench.ids(LIVE).contains(&new));
    bench.clock.advance(delay);
    assert!(bench.ids(LIVE).contains(&new));
}

#[test]
fn fields_come_change_and_go_without_touching_a_deal() {
    let bench = Bench::new(50);
    let id = bench.some_live();
    let before = at(&bench, id)["update_time"].clone();
    let add = Edit::AddField {
        name: "Tier".into(),
        field_type: FieldType::Enum,
        options: vec!["Gold".into()],
    };
    let Edited::Field(code) = bench.edit(add) else { panic!() };
    assert_eq!(at(&bench, id)["custom_fields"][&code], Json::Null);
    let Edited::Option(option) = bench.edit(Edit::AddOption(code.clone(), "Silver".into())) else {
        panic!()
    };
    bench.edit(Edit::RenameField(code.clone(), "Rank".into()));
    let field = bench.emulator.world().fields_json().pop().unwrap();
    assert_eq!(
        (&field["field_name"], &field["options"][1]["id"]),
        (&"Rank".into(), &option.into())
    );
    assert_eq!(at(&bench, id)["update_time"], before);
    let set = DealChange::Custom(code.clone(), Some(Value::Option(option)));
    bench.edit(Edit::ChangeDeal(id, set));
    bench.edit(Edit::RemoveOption(code.clone(), option));
    assert_eq!(at(&bench, id)["custom_fields"][&code], option);
    bench.edit(Edit::ChangeFieldType(code.clone(), FieldType::Varchar));
    assert_eq!(at(&bench, id)["custom_fields"][&code], Json::Null);
    bench.edit(Edit::RemoveField(code.clone()));
    assert!(at(&bench, id)["custom_fields"].get(&code).is_none());
}

#[test]
fn random_edits_keep_lists_and_truth_together() {
    let bench = Bench::new(200);
    let mut rng = Rng::with_seed(3);
    for _ in 0..400 {
        bench.clock.advance(Duration::from_millis(300));
        bench.emulator.world().random_edit(&mut rng);
    }
    let lists =
        [bench.ids(&format!("{LIVE}&{ALL}")), bench.ids(&format!("{ARCHIVED}&{ALL}"))].concat();
    let world = bench.emulator.world();
    let truth = [
        world.live_ids().collect(),
        world.archived_ids().collect(),
        world.deleted_ids().collect::<Vec<_>>(),
    ];
    assert_eq!(sorted(lists), sorted(truth.concat()));
    assert!(truth.iter().all(|ids| !ids.is_empty()));
}
