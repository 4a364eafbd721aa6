//! What README.md says can be typed can be typed, and what the example configuration calls a default is one.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::collections::BTreeMap;

use assert_cmd::Command;
use common::pages::{text, typed};
use pipedrive_mirror::{entity::ENTITIES, exit::Exit};

#[test]
fn every_command_in_the_readme_can_be_typed() {
    let typed = typed(&text("README.md"));
    for subcommand in
        ["backfill", "sync", "plan", "status", "query", "snapshot", "schema", "emulator"]
    {
        assert!(
            typed.iter().any(|words| words.iter().any(|word| word == subcommand)),
            "{subcommand}"
        );
    }
    for words in typed {
        // `--help` at the end: everything before it is parsed, and nothing is done.
        let mut command = Command::cargo_bin("pipedrive-mirror").unwrap();
        command.args(&words).arg("--help").assert().success();
    }
}

#[test]
fn the_readme_names_every_entity_with_its_table_and_every_exit_code() {
    let readme = text("README.md");
    for entity in ENTITIES {
        assert!(readme.contains(&format!("`{}`", entity.name)), "{}", entity.name);
        assert!(readme.contains(&format!("`{}`", entity.table.name)), "{}", entity.table.name);
    }
    for exit in [
        Exit::Complete,
        Exit::Failed,
        Exit::Usage,
        Exit::TokenRefused,
        Exit::Partial,
        Exit::BudgetSpent,
        Exit::Locked,
        Exit::Database,
        Exit::Interrupted,
        Exit::Terminated,
    ] {
        assert!(readme.contains(&format!("\n| {} |", exit.code())), "{exit:?}");
    }
}

#[test]
fn the_example_configuration_gives_every_entity_the_schedule_it_has() {
    let (example, mut section, mut schedules) =
        (text("config.example.toml"), None, BTreeMap::new());
    for line in example.lines() {
        if let Some(name) = line.strip_prefix("[entities.") {
            section = name.strip_suffix(']');
        } else if let (Some(name), Some(value)) = (section, line.strip_prefix("#schedule = ")) {
            schedules.insert(name, value.trim_matches('"'));
        }
    }
    let declared: BTreeMap<_, _> =
        ENTITIES.iter().filter_map(|entity| Some((entity.name, entity.schedule?))).collect();
    assert_eq!(schedules, declared);
}
