//! The layers of `src/lib.rs` hold: a module names only those below it, and a foreign crate stays at home.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What each module of the library may name. In order: a module stands above all that it names.
const LIBRARY: &[(&str, &[&str])] = &[
    (
        "web",
        &["daemon", "status", "api", "store", "entity", "endpoint", "schedule", "seams", "sync"],
    ),
    (
        "daemon",
        &["status", "sync", "api", "store", "entity", "id", "schedule", "id", "exit", "seams"],
    ),
    ("status", &["sync", "api", "store", "entity", "schedule"]),
    (
        "sync",
        &[
            "api", "store", "entity", "schedule", "endpoint", "progress", "id", "exit", "seams",
            "clock",
        ],
    ),
    ("query", &["store"]),
    ("api", &["endpoint", "progress", "id", "seams", "clock"]),
    ("store", &["entity", "endpoint", "progress", "id", "seams", "clock"]),
    ("entity", &["endpoint"]),
    ("config", &["schedule", "id", "exit"]),
    ("emulator", &["seams", "clock"]),
    ("clock", &["seams"]),
    ("schedule", &[]),
    ("endpoint", &[]),
    ("progress", &[]),
    ("id", &[]),
    ("exit", &[]),
    ("seams", &[]),
];

/// What each module of the program itself may name, besides the library.
const PROGRAM: &[(&str, &[&str])] = &[
    ("command", &["cli", "progress_bar", "shutdown", "supervisor"]),
    ("supervisor", &[]),
    ("logging", &["cli"]),
    ("cli", &[]),
    ("progress_bar", &[]),
    ("shutdown", &[]),
];

/// Crates that only these modules of the library may use.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("reqwest", &["api"]),
    ("hyper_util", &["api"]),
    ("croner", &["schedule"]),
    ("axum", &["emulator", "web"]),
    ("maud", &["web"]),
    ("prometheus_client", &["web"]),
    ("csv", &["query"]),
];

#[test]
fn a_module_names_only_those_below_it() {
    for (module, path, text) in sources() {
        let table = LIBRARY.iter().chain(PROGRAM).find(|(name, _)| *name == module);
        let Some((_, allowed)) = table else {
            panic!("{module} is new: say in tests/layers.rs what it may name");
        };
        for named in named(&text) {
            let inner = !LIBRARY.iter().chain(PROGRAM).any(|(name, _)| *name == named);
            assert!(
                named == module || inner || allowed.contains(&named.as_str()),
                "{}: `crate::{named}` does not stand below {module}",
                path.display()
            );
        }
    }
}

#[test]
fn a_foreign_crate_stays_at_home_and_anyhow_none_in_the_library() {
    for (module, path, text) in sources() {
        if !LIBRARY.iter().any(|(name, _)| *name == module) {
            continue;
        }
        for (foreign, homes) in HOMES.iter().chain(&[("anyhow", &["main"][..])]) {
            assert!(
                homes.contains(&module.as_str()) || !text.contains(&format!("{foreign}::")),
                "{}: {foreign} belongs to {homes:?}",
                path.display()
            );
        }
    }
}

/// Every file with the module it belongs to, without comments.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let first = path.strip_prefix(&root).unwrap().iter().next().unwrap();
                let module = Path::new(first).file_stem().unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.push((module, path.clone(), code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found.retain(|(module, ..)| module != "lib" && module != "main");
    assert!(found.len() > 50, "the sources are found");
    found
}

/// The first names after `crate::`, those in braces one by one.
fn named(text: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(word(rest));
            continue;
        };
        let (mut depth, mut first) = (1, 0);
        for (end, c) in list.char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 || (depth == 1 && c == ',') {
                names.insert(word(&list[first..end]));
                first = end + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn names_are_found_one_by_one_and_in_braces() {
    let found = named("use crate::{api::{A, B}, store::C,\n    sync};\nlet x = crate::id::D;");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["api", "id", "store", "sync"]);
}
