//! What docs/ shows can be typed, and answers as it is shown; what is generated there is what the program says today.
//!
//! Every line of a block `sh` is run by a shell, in the order of the page and in a folder with a mirror that is up to date, a
//! new one for each section. A block `text` behind it is what the last line answers: on stdout, and where it fails also on
//! stderr. A block `toml` is the configuration from there on. A block `console` is not run.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod common;

use std::{fs, path::Path};

use common::{
    pages::{Block, Section, is_shown, lines, sections, text, typed},
    tcp::{House, SECRET, Said, Source},
};
use pipedrive_mirror::{
    emulator::{Fault, FaultRule, Switches},
    exit::Exit,
    store::{Lock, Store},
};
use rstest::rstest;

/// Deals of the company that the pages speak of.
const DEALS: u32 = 40;

/// What its smallest plan lets it spend a day.
const BUDGET: u64 = 30_000;

/// What is ready before a section is read: a source, a mirror of it, and whatever its heading is about.
struct Scene {
    source: Source,
    house: House,
    /// Held by another process.
    _lock: Option<Lock>,
}

impl Scene {
    fn of(page: &str, heading: &str) -> Self {
        let source = Source::serve(DEALS, Switches { daily_budget: BUDGET, ..Switches::default() });
        let house = House::empty()
            .with("PIPEDRIVE_BASE_URL", &source.url)
            .with("PIPEDRIVE_API_TOKEN", SECRET);
        let mut scene = Self { source, house, _lock: None };
        let mirrored = scene.house.run(&["backfill", "--quiet"]);
        assert_eq!(mirrored.code, 0, "{mirrored:?}");
        // As if that was a while ago: it does not hold up the next request.
        let forget = "DELETE FROM sync_state WHERE key = 'last_sent_at'";
        scene.house.database().execute(forget, []).unwrap();
        if page == "troubleshooting" {
            scene.break_down(heading);
        }
        scene
    }

    /// Lets happen what a section of the page about trouble is about.
    fn break_down(&mut self, heading: &str) {
        match heading.split(':').next().unwrap() {
            "Exit 3" => self.source.emulator.set_tokens(["another"]),
            "Exit 4" => self.fault("/api/v2/deals/archived", 503),
            "Exit 7" => {
                let database = self.house.database();
                // One that no pass reads along.
                let lose = "DELETE FROM deals WHERE id =
                            (SELECT id FROM deals WHERE is_deleted + is_archived = 0 ORDER BY update_time LIMIT 1)";
                assert_eq!(database.execute(lose, []).unwrap(), 1);
            }
            "Exit 6" => self._lock = Some(Lock::acquire(&self.house.path("pipedrive.db")).unwrap()),
            _ => {}
        }
    }

    fn fault(&self, path: &str, code: u16) {
        let fault = Fault::Status { code, headers: Vec::new(), body: String::new() };
        let path = Some(path.to_owned());
        self.source.emulator.fault(FaultRule { path, skip: 0, times: u32::MAX, fault });
    }

    /// Carries out what a section shows.
    fn play(&self, section: &Section) {
        let mut last: Option<(&str, Said)> = None;
        for Block { language, code } in &section.blocks {
            match language.as_str() {
                "sh" => {
                    for (line, code) in lines(code) {
                        let said = self.house.shell(line);
                        assert_eq!(said.code, code, "{line}\n{}{}", said.out, said.err);
                        last = Some((line, said));
                    }
                }
                "text" => {
                    let Some((line, said)) = &last else { continue };
                    let err = if said.code == 0 { "" } else { &said.err };
                    let said = format!("{}{err}", said.out);
                    assert!(
                        is_shown(code, &said),
                        "{line}\nis shown to say\n{code}\nand says\n{said}"
                    );
                }
                "toml" => self.house.write("pipedrive-mirror.toml", code),
                "console" | "rust" | "sql" => {}
                other => panic!("a block of {other:?}: see the head of tests/docs.rs"),
            }
        }
    }
}

#[rstest]
fn what_a_page_shows_can_be_typed_and_answers_so(
    #[values(
        "guarantees",
        "schedules",
        "operations",
        "troubleshooting",
        "comparison",
        "architecture",
        "contributing"
    )]
    page: &str,
) {
    let text = text(&format!("docs/{page}.md"));
    for section in sections(&text) {
        if section.blocks.iter().any(|block| ["sh", "toml"].contains(&block.language.as_str())) {
            Scene::of(page, &section.heading).play(&section);
        }
    }
    for words in typed(&text) {
        // `--help` at the end: everything before it is parsed, and nothing is done.
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let said = House::empty().run(&words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
    }
}

/// The pages, in the order in which README.md names them.
const PAGES: [&str; 8] = [
    "guarantees",
    "schema",
    "schedules",
    "operations",
    "troubleshooting",
    "comparison",
    "architecture",
    "contributing",
];

#[test]
fn every_page_is_one_of_those_the_readme_names_and_no_longer_than_it_is_read() {
    let readme = text("README.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = pages
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut named = PAGES;
    named.sort();
    assert_eq!(names, named);
    for page in PAGES {
        assert!(readme.contains(&format!("](docs/{page}.md)")), "README.md does not name {page}");
        let text = text(&format!("docs/{page}.md"));
        let long = text.lines().find(|line| line.chars().count() > 120 && !line.starts_with('|'));
        if page != "schema" {
            assert!(text.lines().count() <= 160, "docs/{page}.md is longer than a page");
            assert_eq!(long, None, "a line of docs/{page}.md is too long");
        }
    }
}

#[test]
fn every_exit_code_has_a_section_of_what_to_do() {
    let page = sections(&text("docs/troubleshooting.md"));
    for exit in [
        Exit::Failed,
        Exit::Usage,
        Exit::TokenRefused,
        Exit::Partial,
        Exit::BudgetSpent,
        Exit::Locked,
        Exit::Different,
        Exit::Database,
        Exit::Interrupted,
        Exit::Terminated,
    ] {
        let code = exit.code().to_string();
        let found = page.iter().any(|section| {
            let heading = section.heading.split(':').next().unwrap();
            heading.split([' ', ',']).any(|word| word == code)
        });
        assert!(found, "docs/troubleshooting.md has no section on exit {code}");
    }
}

#[test]
fn the_schema_is_what_the_program_prints_of_a_new_database() {
    const HEAD: &str = "<!-- What `pipedrive-mirror schema --format markdown` prints of a new database. \
                        `UPDATE_DOCS=1 cargo test --test docs` writes it. -->\n\n";
    let house = House::empty();
    let lock = Lock::acquire(&house.path("pipedrive.db")).unwrap();
    drop(Store::open(lock, 0o600).unwrap());
    let said = house.run(&["schema", "--format", "markdown"]);
    assert_eq!(said.code, 0, "{said:?}");
    let printed = format!("{HEAD}{}", said.out);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs =
        printed.lines().zip(written.lines().chain(std::iter::repeat(""))).find(|(a, b)| a != b);
    assert!(
        printed == written,
        "docs/schema.md is not what the program prints; write it anew: UPDATE_DOCS=1 cargo test --test docs\n\
         the first line that differs, as it should be and as it is: {differs:#?}"
    );
}
