//! Fields of deals: edits of them, and whether the mirror has them as they are.

use std::collections::BTreeMap;

use fastrand::Rng;
use pipedrive_mirror::emulator::{DealChange, Edit, Edited, FieldType, World};
use serde_json::Value as Json;

use crate::common::Sim;

/// Edits what describes deals. Values that are lost thereby move no change time, so those deals are touched, too.
pub(crate) fn edit(world: &mut World, rng: &mut Rng) {
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
pub(crate) fn differences(sim: &Sim) -> Vec<String> {
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
