//! A source that is edited, mirrors of it, and what has to hold of them.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use fastrand::Rng;
use pipedrive_mirror::emulator::{Bumps, Edit, FieldType, Switches};
use rusqlite::Connection;
use serde_json::Value as Json;

use super::{
    common::{
        attached, marks, reference,
        tcp::{House, Said, Source, said},
        truth,
    },
    disk::{self, Case},
};

/// Everything is asked for, whatever its schedule says, and nothing is put off.
const CONFIG: &str = "[limits]\nrequests_per_2s = 1000\ndaily_share = 1.0\n\
    [fanout]\nfollowers = 'changed'\ndiscounts = 'changed'\nparticipants = 'changed'\ndaily_share = 1.0\n\
    [daemon]\nlisten = 'off'\n[entities.deals]\nschedule = '* * * * * *'\n";

/// What brings a mirror up to date in all its tables.
pub(super) const WHOLE: [&str; 3] = [
    "sync",
    "--entities",
    "deals,deals_archived,deal_fields,deal_products,deal_installments,deal_discounts,deal_followers,\
     deal_participants,pipelines,stages,users,currencies,persons,organizations,products",
];

/// Cases that are played side by side: a run waits two seconds for the burst limit when another one has just ended.
const WORKERS: usize = 4;

/// Deals whose full text is not what their rows say.
const TEXT_DIFFERS: &str = "SELECT count(*) FROM deals d LEFT JOIN deals_search s ON s.rowid = d.id
    WHERE s.rowid IS NULL OR s.title IS NOT d.title OR s.lost_reason IS NOT d.lost_reason
    OR s.person IS NOT (SELECT name FROM persons WHERE id = d.person_id)
    OR s.organization IS NOT (SELECT name FROM organizations WHERE id = d.org_id)";

/// A source, and a database that mirrored it once.
pub(super) struct Bench {
    pub(super) source: Source,
    filled: Option<House>,
}

impl Bench {
    /// Serves a company with `deals`, a few of them a page.
    pub(super) fn new(deals: u32) -> Self {
        let switches = Switches {
            page_rows: Some(15),
            daily_budget: 1_000_000_000,
            bumps: Bumps { children: true, ..Bumps::default() },
            ..Switches::default()
        };
        Self { source: Source::serve(deals, switches), filled: None }
    }

    /// The same with a mirror, and with edits that it has not seen.
    pub(super) fn filled(deals: u32) -> Self {
        let mut bench = Self::new(deals);
        let house = bench.empty();
        bench.clean(&house);
        bench.filled = Some(house);
        bench.edit(&mut Rng::with_seed(deals.into()), 30);
        bench
    }

    /// A house without a database.
    pub(super) fn empty(&self) -> House {
        let house = House::at(&self.source.url);
        house.write("pipedrive-mirror.toml", CONFIG);
        house
    }

    /// A house whose database is as it was before the edits.
    pub(super) fn house(&self) -> House {
        let house = self.empty();
        if let Some(filled) = &self.filled {
            std::fs::copy(filled.path("pipedrive.db"), house.path("pipedrive.db")).unwrap();
        }
        house
    }

    /// Edits what there is `times` times: deals, what hangs on them, what they point to, and their fields.
    pub(super) fn edit(&self, rng: &mut Rng, times: usize) {
        for _ in 0..times {
            match rng.u8(0..12) {
                0..5 => drop(self.source.emulator.world().random_edit(rng)),
                5..8 => drop(self.source.emulator.world().random_child_edit(rng)),
                8..11 => reference::random_edit(&self.source.emulator, rng),
                _ => {
                    let name = format!("field {}", rng.u32(..));
                    let field_type = rng.choice([FieldType::Text, FieldType::Monetary]).unwrap();
                    let edit = Edit::AddField { name, field_type, options: Vec::new() };
                    self.source.emulator.world().apply(edit).unwrap();
                }
            }
        }
    }

    /// Runs the program on the failing disk.
    pub(super) fn run(&self, house: &House, args: &[&str], case: &Case) -> Said {
        said(house.spawn_with(args, &case.environment(house)).wait_with_output().unwrap())
    }

    /// Runs the program to its good end, and returns its steps.
    pub(super) fn watch(&self, args: &[&str]) -> Vec<String> {
        let house = self.house();
        let child = house.spawn_with(args, &disk::watched(&house));
        let said = said(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{said:?}");
        disk::steps(&house)
    }

    /// Brings the mirror of `house` up to date; it then equals the source.
    pub(super) fn clean(&self, house: &House) {
        let said = house.run(&WHOLE);
        assert_eq!(said.code, 0, "{said:?}");
        self.sound(house);
        self.equal(&house.database());
        // Whom a reconcile did not see is asked for by the next one.
        if house.number("SELECT count(*) FROM sync_due") > 0 {
            let said = house.run(&["reconcile"]);
            assert_eq!(said.code, 0, "{said:?}");
            self.sound(house);
            self.equal(&house.database());
            assert_eq!(house.number("SELECT count(*) FROM sync_due"), 0, "somebody is owed");
        }
    }

    /// Fails unless the database, if there is one, is sound and says nothing that is not so. It is a copy that is looked at:
    /// what has to be rolled back or taken over from the log is left for the program.
    pub(super) fn sound(&self, house: &House) {
        let copy = tempfile::tempdir().unwrap();
        for name in ["pipedrive.db", "pipedrive.db-wal", "pipedrive.db-journal"] {
            if house.path(name).exists() {
                std::fs::copy(house.path(name), copy.path().join(name)).unwrap();
            }
        }
        if !copy.path().join("pipedrive.db").exists() {
            return;
        }
        let mirror = Connection::open(copy.path().join("pipedrive.db")).unwrap();
        sound(&mirror);
        let begun = "SELECT count(*) FROM sqlite_schema WHERE name = 'sync_checkpoints'";
        if mirror.query_row(begun, [], |row| row.get::<_, u32>(0)).unwrap() > 0 {
            self.assert_no_mark_is_ahead(&mirror);
        }
    }

    /// What changed before the mark of its list is here as it is at the source.
    fn assert_no_mark_is_ahead(&self, mirror: &Connection) {
        let world = self.source.emulator.world();
        let lists: [(&str, Vec<u32>); 2] = [
            ("deals", world.live_ids().collect()),
            ("deals_archived", world.archived_ids().collect()),
        ];
        let mut stored = mirror.prepare("SELECT id, update_time FROM deals").unwrap();
        let stored: BTreeMap<u32, Option<String>> = stored
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for (entity, ids) in lists {
            let whole = marks::stored_stretches(mirror, entity);
            for id in ids.iter().filter(|_| !whole.is_empty()) {
                let truth = world.deal_json(*id).unwrap();
                let Json::String(changed) = &truth["update_time"] else { continue };
                let here = stored.get(id).cloned().flatten();
                let stretch = whole.iter().find(|(from, to)| from <= changed && changed < to);
                assert!(
                    stretch.is_none() || here.as_ref() == Some(changed),
                    "{entity}: {stretch:?} is stored, and deal {id} of {changed} is here as of {here:?}"
                );
            }
        }
    }

    /// Fails unless every table is as the source is.
    pub(super) fn equal(&self, mirror: &Connection) {
        let emulator = &self.source.emulator;
        let mut differences = truth::differences(mirror, emulator);
        differences.extend(attached::differences(mirror, emulator, &[]));
        differences.extend(reference::differences(mirror, emulator, false));
        differences.extend(self.fields_differ(mirror));
        assert!(differences.is_empty(), "the mirror differs:\n{}", differences.join("\n"));
        let number = |sql: &str| mirror.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(number(TEXT_DIFFERS), 0, "the full text is not that of the rows");
        let owed = "SELECT group_concat(kind || ' ' || id || ': ' || why || coalesce(', ' || error, '')) FROM sync_due
            WHERE kind NOT LIKE 'presence%'";
        let owed: Option<String> = mirror.query_row(owed, [], |row| row.get(0)).unwrap();
        assert_eq!(owed, None, "something is owed");
        // Every view can be read to its end.
        for view in ["deal_overview", "deals_wide", "deal_summary", "deal_timeline"] {
            number(&format!("SELECT count(*) FROM {view}"));
        }
    }

    fn fields_differ(&self, mirror: &Connection) -> Vec<String> {
        let mut query = mirror.prepare("SELECT field_code, field_name FROM deal_fields").unwrap();
        let stored: BTreeMap<String, String> = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let fields = self.source.emulator.world().fields_json();
        let text = |field: &Json, member: &str| field[member].as_str().unwrap().to_owned();
        fields
            .iter()
            .map(|field| (text(field, "field_code"), text(field, "field_name")))
            .filter(|(code, name)| stored.get(code) != Some(name))
            .map(|(code, name)| format!("the field {code} is not here as {name:?}"))
            .collect()
    }
}

/// Fails unless SQLite finds nothing wrong with the file.
pub(super) fn sound(file: &Connection) {
    let found: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
    let mut query = file.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(query.query([]).unwrap().next().unwrap().is_none(), "a foreign key leads nowhere");
}

/// Plays every case, some side by side on benches of their own; one that goes wrong says how to play it again. Returns how
/// many `one` says struck.
pub(super) fn play(
    cases: &[Case],
    bench: impl Fn() -> Bench + Sync,
    one: impl Fn(&Bench, &Case) -> bool + Sync,
) -> usize {
    let worker = |first: usize| {
        let mine = || cases.iter().skip(first).step_by(WORKERS);
        if mine().next().is_none() {
            return 0;
        }
        let bench = bench();
        mine().filter(|case| struck(|| one(&bench, case), case)).count()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|first| {
                let worker = &worker;
                scope.spawn(move || worker(first))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

/// Plays every case, one after the other.
pub(super) fn play_alone(cases: &[Case], mut one: impl FnMut(&Case)) {
    for case in cases {
        struck(
            || {
                one(case);
                true
            },
            case,
        );
    }
}

fn struck(one: impl FnOnce() -> bool, case: &Case) -> bool {
    catch_unwind(AssertUnwindSafe(one)).unwrap_or_else(|cause| {
        tell(case);
        std::panic::resume_unwind(cause)
    })
}

#[expect(clippy::print_stderr, reason = "a failing test is read there")]
fn tell(case: &Case) {
    eprintln!("play it again: KILL_CASE='{case}' cargo test --test kill");
}
