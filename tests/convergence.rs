//! Whatever was edited meanwhile, whatever the source is like and wherever runs died: one clean run makes the mirror
//! equal the source.
//!
//! Each seed is one story in a small world whose pages hold a few rows only. `CONVERGENCE_SEED=17 cargo test --test
//! convergence` plays one of them alone, `CONVERGENCE_STORIES=5000` more of them.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use common::{BACKFILL, Sim, truth};
use fastrand::Rng;
use pipedrive_mirror::{
    emulator::{
        DealChange, DeletedArchived, Edit, Edited, Emulator, End, FieldType, OptionalMembers,
        Switches, World,
    },
    sync::{Mode, Outcome},
};
use rstest::rstest;
use serde_json::Value as Json;

/// Stories of each of the four parts, which run side by side.
const STORIES: u64 = 50;

/// Stories that once ended badly: runs that went on at a place behind which rows had become visible meanwhile.
const REMEMBERED: [u64; 3] = [1_110, 1_121, 1_572];

#[rstest]
fn one_clean_run_makes_the_mirror_equal_the_source(#[values(0, 1, 2, 3)] part: u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("CONVERGENCE_SEED") {
        return if part == 0 {
            story(seed)
        };
    }
    let stories = number("CONVERGENCE_STORIES").map_or(STORIES, |all| all.div_ceil(4));
    let remembered = REMEMBERED.into_iter().filter(|seed| seed % 4 == part);
    for seed in (0..stories).map(|story| story * 4 + part).chain(remembered) {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| story(seed))) {
            tell(seed);
            std::panic::resume_unwind(cause);
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failing test is read there")]
fn tell(seed: u64) {
    eprintln!("play it again: CONVERGENCE_SEED={seed} cargo test --test convergence");
}

fn story(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let switches = switches(&mut rng);
    let shown = format!("seed {seed}, {switches:?}");
    let hidden_for = switches.visible_after;
    let mut sim = Sim::with(rng.u32(20..80), seed, switches);
    for _ in 0..rng.usize(1..5) {
        // A quiet chapter has no edits during its run, only before it.
        if rng.u8(..4) > 0 {
            meddle(&sim, rng.fork());
        }
        edit_some(&sim.emulator, &mut rng, 6);
        sim.advance(rng.u64(0..90));
        let mode = match rng.u8(..6) {
            0..3 => BACKFILL,
            3..5 => Mode::Sync,
            _ => Mode::Backfill { since: None, restart: true },
        };
        let dies_after = if rng.u8(..3) > 0 { rng.usize(0..60) } else { usize::MAX };
        sim.entities = if rng.u8(..5) == 0 { vec!["deals"] } else { Vec::new() };
        // How it ends does not matter here, if only it ends.
        drop(sim.run_for(&mode, dies_after));
        sim.leave_alone();
        sim.emulator.switch(|switches| switches.cursor_uses = None);
    }
    sim.advance(hidden_for.as_secs() + 1);
    sim.entities = vec!["deal_fields", "deals", "deals_archived"];
    let report = sim.sync();
    assert_eq!(report.outcome(), Outcome::Complete, "{shown}: {report:?}");
    let mut differences = truth::differences(&sim.connection(), &sim.emulator);
    differences.extend(field_differences(&sim));
    assert!(differences.is_empty(), "{shown}\n{}\n{report:?}", differences.join("\n"));
    // A field that came meanwhile is a null member more in every deal and moves no change time: a pass that went on at
    // an old cursor leaves some of that to the next one.
    sim.sync();
    let quiet = sim.sync();
    let written: u64 = quiet.entities.iter().map(|entity| entity.written).sum();
    assert_eq!((quiet.outcome(), written), (Outcome::Complete, 0), "{shown}: {quiet:?}");
    sim.assert_equal();
}

/// A source under which the promise holds.
fn switches(rng: &mut Rng) -> Switches {
    let mut switches = Switches { page_rows: Some(rng.usize(3..=10)), ..Switches::default() };
    let mut now_and_then = |one_in: u8| rng.u8(..one_in) == 0;
    if now_and_then(4) {
        switches.null_update_every = Some(3);
    }
    if now_and_then(6) {
        switches.future_update_every = Some(5);
    }
    switches.omit_nulls = now_and_then(4);
    switches.rate_headers = !now_and_then(5);
    switches.daily_headers = !now_and_then(5);
    if now_and_then(4) {
        switches.optional_members = OptionalMembers::Always;
    }
    if now_and_then(4) {
        // A page takes a second, so a cursor gets old when its run dies, and now and then before.
        switches.cursor_expires = Some(Duration::from_secs(5));
        switches.latency = Duration::from_secs(1);
    }
    if now_and_then(4) {
        switches.visible_after = Duration::from_secs(rng.u64(1..55));
    }
    let ends = [End::Null, End::Missing, End::Empty, End::NoAdditionalData];
    let lists = [DeletedArchived::Archived, DeletedArchived::Live, DeletedArchived::Both];
    switches.end = ends[rng.usize(..4)];
    switches.deleted_archived = lists[rng.usize(..3)];
    switches
}

/// Edits the world before requests, and now and then refuses a cursor.
fn meddle(sim: &Sim, mut rng: Rng) {
    let (emulator, clock) = (sim.emulator.clone(), sim.clock.clone());
    let refusals = rng.u8(..3) == 0;
    let mut left = 40;
    sim.meddle(move |_| {
        // Somebody who edits for ever keeps a run from ever ending.
        if left > 0 && rng.u8(..3) == 0 {
            left -= 1;
            clock.advance(Duration::from_millis(rng.u64(0..900)));
            edit_some(&emulator, &mut rng, 4);
        }
        let refused = refusals && left > 0 && rng.u8(..6) == 0;
        emulator.switch(|switches| switches.cursor_uses = refused.then_some(0));
    });
}

fn edit_some(emulator: &Emulator, rng: &mut Rng, most: usize) {
    let mut world = emulator.world();
    for _ in 0..rng.usize(..=most) {
        if rng.u8(..8) == 0 {
            edit_fields(&mut world, rng);
        } else {
            world.random_edit(rng);
        }
    }
}

/// Edits what describes deals. Values that are lost thereby move no change time, so those deals are touched, too.
fn edit_fields(world: &mut World, rng: &mut Rng) {
    let field = rng.choice(world.custom_fields()).cloned();
    let types = FieldType::CUSTOM;
    match (rng.u8(..6), field) {
        (0 | 1, _) | (_, None) => {
            let (name, field_type) =
                (format!("Field {}", rng.u16(..)), types[rng.usize(..types.len())]);
            let options = if field_type.has_options() { 3 } else { 0 };
            let options = (0..options).map(|at| format!("Option {at}")).collect();
            world.apply(Edit::AddField { name, field_type, options }).unwrap();
        }
        (2, Some(field)) => {
            world.apply(Edit::RenameField(field.code, format!("Renamed {}", rng.u16(..)))).unwrap();
        }
        (3, Some(field)) => {
            let other = types[rng.usize(..types.len())];
            let before = holders(world, &field.code);
            world.apply(Edit::ChangeFieldType(field.code.clone(), other)).unwrap();
            let after = holders(world, &field.code);
            touch(world, before.into_iter().filter(|id| !after.contains(id)).collect());
        }
        (4, Some(field)) => {
            let holders = holders(world, &field.code);
            world.apply(Edit::RemoveField(field.code)).unwrap();
            touch(world, holders);
        }
        (_, Some(field)) => {
            if let Some(option) = rng.choice(&field.options) {
                // Refused where the field has become one that offers nothing to choose from.
                if world.apply(Edit::RemoveOption(field.code.clone(), option.id)).is_ok() {
                    world.apply(Edit::AddOption(field.code, "Another".to_owned())).unwrap();
                }
            }
        }
    }
}

/// Returns the deals that hold a value of the custom field `code`.
fn holders(world: &World, code: &str) -> Vec<u32> {
    let all = world.live_ids().chain(world.archived_ids()).chain(world.deleted_ids());
    all.filter(|&id| {
        let deal = world.deal_json(id).unwrap();
        deal["custom_fields"].get(code).is_some_and(|value| !value.is_null())
    })
    .collect()
}

fn touch(world: &mut World, ids: Vec<u32>) {
    for id in ids {
        let edits = [
            [
                Edit::ChangeDeal(id, DealChange::Title(format!("touched {id}"))),
                Edit::ChangeDeal(id, DealChange::Title(format!("Touched {id}"))),
            ],
            [Edit::RestoreDeal(id), Edit::DeleteDeal(id)],
            [Edit::UnarchiveDeal(id), Edit::ArchiveDeal(id)],
        ];
        let touched = edits.into_iter().any(|[there, back]| {
            world.apply(there).is_ok_and(|edited| edited == Edited::Deal(id))
                && world.apply(back).is_ok()
        });
        assert!(touched, "deal {id} cannot be touched");
    }
}

/// Compares what is stored of fields and their options with the source.
fn field_differences(sim: &Sim) -> Vec<String> {
    let connection = sim.connection();
    let mut query = connection
        .prepare(
            "SELECT field_code, field_name || '/' || field_type || '/' || (_missing_since IS NULL AND _absent = 0) FROM deal_fields",
        )
        .unwrap();
    let mut stored: BTreeMap<String, String> = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut found = Vec::new();
    for field in sim.emulator.world().fields_json() {
        let text = |name: &str| field[name].as_str().unwrap().to_owned();
        let code = text("field_code");
        let truth = format!("{}/{}/1", text("field_name"), text("field_type"));
        let mirrored = stored.remove(&code);
        if mirrored.as_deref() != Some(&truth) {
            found.push(format!("field {code} is {mirrored:?}, not {truth}"));
        }
        let options = options(&connection, &code);
        let truth: BTreeMap<String, String> = field["options"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|option| (plain(&option["id"]), plain(&option["label"])))
            .collect();
        if options != truth {
            found.push(format!("options of {code} are {options:?}, not {truth:?}"));
        }
    }
    found.extend(
        stored
            .iter()
            .filter(|(_, text)| text.ends_with("/1"))
            .map(|(code, _)| format!("field {code} is not in the source")),
    );
    found
}

fn options(connection: &rusqlite::Connection, code: &str) -> BTreeMap<String, String> {
    let mut query = connection
        .prepare(
            "SELECT CAST(option_id AS TEXT), label FROM deal_field_options WHERE field_code = ?1
             UNION ALL SELECT option_id, label FROM deal_field_text_options WHERE field_code = ?1",
        )
        .unwrap();
    let rows = query.query_map([code], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
