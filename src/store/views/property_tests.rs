//! Whatever a company calls its fields, and however often it changes its mind: the views can be read, names hold to the
//! rule, and every value is found under its field's name.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use rusqlite::{Connection, types::Value};

use super::{
    names::{MOST_BYTES, base, clean, folded},
    tests::{columns_of, database, describe, renew, vanish},
};
use crate::store::sql::quoted;

#[derive(Debug, Clone)]
enum Step {
    Add { name: String, field_type: usize },
    Many { name: String, count: usize },
    Rename { field: usize, name: String },
    Retype { field: usize, field_type: usize },
    Vanish { field: usize },
    Return { field: usize },
    DropOptions { field: usize },
    Reopen,
}

/// A type, its column's value for the one deal, what the view shows with and without the options.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("varchar", "'text'", "text", "text"),
    ("double", "2.5", "2.5", "2.5"),
    ("date", "'2026-01-01'", "2026-01-01", "2026-01-01"),
    ("enum", "7", "L7", "7"),
    ("set", "'[8,7]'", "L8, L7", "8, 7"),
    ("user", "70", "70", "70"),
    ("deal", "1", "The deal", "The deal"),
    ("monetary", "12.5", "12.5", "12.5"),
    ("daterange", "'2026-01-01'", "2026-01-01", "2026-01-01"),
    ("address", "'High St'", "High St", "High St"),
];

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Budget",
        "BUDGET",
        "budget (2)",
        "Budget currency",
        "budget CURRENCY",
        "Term",
        "Term until",
        "ID",
        "Owner",
        "LABELS",
        "_Synced_At",
        "labels",
        "İstanbul",
        "istanbul",
        "ıstanbul",
        "ISTANBUL",
        "Straße",
        "STRASSE",
        "straẞe",
        "Ｂｕｄｇｅｔ",
        "ｂｕｄｇｅｔ",
        "\"",
        "\"\"; DROP TABLE deals; --",
        "[x]",
        "`x`",
        "'x'",
        "x'",
        "",
        "   ",
        "\u{200b}",
        "\u{202e}tegduB",
        "Bud\u{200d}get",
        "a\tb",
        "a\nb",
        "a  b",
        "👩\u{200d}💻",
        "/* x */",
        "-- x",
        "?1",
        ":x",
        "x.y",
        "rowid",
        "NULL",
        "select",
        "Budget\u{ad}",
    ]);
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => any::<String>().prop_map(|text| text.replace('\0', "")),
        1 => prop::sample::select(vec!["x", "ä", "👍", "ß"]).prop_map(|text| text.repeat(300)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let (field, field_type) = (0_usize..12, 0..TYPES.len());
    prop_oneof![
        6 => (name(), field_type.clone()).prop_map(|(name, field_type)| Step::Add { name, field_type }),
        1 => (name(), 1_usize..60).prop_map(|(name, count)| Step::Many { name, count }),
        3 => (field.clone(), name()).prop_map(|(field, name)| Step::Rename { field, name }),
        2 => (field.clone(), field_type).prop_map(|(field, field_type)| Step::Retype { field, field_type }),
        2 => field.clone().prop_map(|field| Step::Vanish { field }),
        2 => field.clone().prop_map(|field| Step::Return { field }),
        1 => field.prop_map(|field| Step::DropOptions { field }),
        1 => Just(Step::Reopen),
    ]
}

/// A field as the source has it.
#[derive(Debug, Clone)]
struct Model {
    name: String,
    field_type: usize,
    live: bool,
    options: bool,
    /// The name it has in the view, until it is renamed.
    shown: Option<String>,
}

struct World {
    conn: Connection,
    fields: Vec<Model>,
}

impl World {
    fn new() -> Self {
        let conn = database();
        conn.execute_batch(
            "INSERT INTO deals (id, title, _synced_at, _version) VALUES (1, 'The deal', '', 1);
             INSERT INTO deal_custom_fields VALUES (1);",
        )
        .unwrap();
        Self { conn, fields: Vec::new() }
    }

    fn code(at: usize) -> String {
        format!("{at:040x}")
    }

    /// Tells the mirror about a field as a reading does.
    fn tell(&self, at: usize) {
        let field = &self.fields[at];
        describe(&self.conn, &Self::code(at), &field.name, TYPES[field.field_type].0);
        if !field.live {
            vanish(&self.conn, &Self::code(at));
        }
    }

    fn add(&mut self, name: String, field_type: usize) {
        self.fields.push(Model { name, field_type, live: true, options: true, shown: None });
        let at = self.fields.len() - 1;
        self.conn
            .execute("INSERT INTO deal_field_options (field_code, option_id, label) VALUES (?1, 7, 'L7'), (?1, 8, 'L8')", [
                Self::code(at),
            ])
            .unwrap();
        self.tell(at);
    }

    fn apply(&mut self, step: Step) {
        let count = self.fields.len();
        let there = |field: usize| (count > 0).then(|| field % count);
        match step {
            Step::Add { name, field_type } => self.add(name, field_type),
            Step::Many { name, count } => {
                (0..count).for_each(|number| self.add(name.clone(), number % TYPES.len()));
            }
            Step::Rename { field, name } => {
                if let Some(at) = there(field).filter(|at| self.fields[*at].live) {
                    let same = base(Some(&name), &Self::code(at))
                        == base(Some(&self.fields[at].name), &Self::code(at));
                    self.fields[at].shown = self.fields[at].shown.take().filter(|_| same);
                    self.fields[at].name = name;
                    self.tell(at);
                }
            }
            Step::Retype { field, field_type } => {
                if let Some(at) = there(field).filter(|at| self.fields[*at].live) {
                    self.fields[at].field_type = field_type;
                    self.tell(at);
                }
            }
            Step::Vanish { field } | Step::Return { field } => {
                if let Some(at) = there(field) {
                    self.fields[at].live = matches!(step, Step::Return { .. });
                    self.tell(at);
                }
            }
            Step::DropOptions { field } => {
                if let Some(at) = there(field) {
                    self.fields[at].options = false;
                    let sql = "DELETE FROM deal_field_options WHERE field_code = ?1";
                    self.conn.execute(sql, [Self::code(at)]).unwrap();
                }
            }
            Step::Reopen => super::ensure(&mut self.conn).unwrap(),
        }
    }

    /// The own column and the assigned name of each field.
    fn stored(&self) -> BTreeMap<String, (Option<String>, Option<String>)> {
        let mut rows =
            self.conn.prepare("SELECT field_code, _column, _view_name FROM deal_fields").unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    fn check(&mut self) {
        let stored = self.stored();
        for (at, field) in self.fields.iter().enumerate() {
            if let (true, (Some(column), _)) = (field.live, &stored[&Self::code(at)]) {
                let sql = format!(
                    "UPDATE deal_custom_fields SET {} = {}",
                    quoted(column),
                    TYPES[field.field_type].1
                );
                self.conn.execute_batch(&sql).unwrap();
            }
        }
        let columns = columns_of(&self.conn, "deals_wide");
        let distinct: HashSet<String> = columns.iter().map(|name| folded(name)).collect();
        assert_eq!(distinct.len(), columns.len(), "{columns:?}");
        for name in &columns {
            assert!(
                !name.is_empty() && name.len() <= MOST_BYTES && *name == clean(name),
                "{name:?}"
            );
        }
        let row: Vec<Value> = self
            .conn
            .query_row("SELECT * FROM deals_wide", [], |row| {
                (0..columns.len()).map(|at| row.get(at)).collect()
            })
            .unwrap();
        self.conn
            .prepare("SELECT * FROM deal_timeline")
            .unwrap()
            .query([])
            .unwrap()
            .next()
            .unwrap();
        for (at, field) in self.fields.iter_mut().enumerate().filter(|(_, field)| field.live) {
            let name = stored[&Self::code(at)].1.clone().unwrap();
            if let Some(before) = field.shown.replace(name.clone()) {
                assert_eq!(before, name, "a name never changes unless its field is renamed");
            }
            let place =
                columns.iter().position(|column| *column == name).expect("it has its column");
            let value = match &row[place] {
                Value::Text(text) => text.clone(),
                Value::Real(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            let (_, _, with, without) = TYPES[field.field_type];
            assert_eq!(value, if field.options { with } else { without }, "{field:?}");
            by_the_rule(&name, &base(Some(&field.name), &Self::code(at)));
        }
    }
}

/// The name is the field's own, cut if need be, perhaps with a number.
fn by_the_rule(name: &str, base: &str) {
    let plain = match name.rsplit_once(" (") {
        Some((plain, number)) if !base.starts_with(name) && number.ends_with(')') => plain,
        _ => name,
    };
    assert!(base.starts_with(plain), "{name:?} for {base:?}");
    assert!(plain == base || base.len() > MOST_BYTES - 8, "{name:?} for {base:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_found_under_its_fields_name(steps in prop::collection::vec(step(), 1..14)) {
        let mut world = World::new();
        for step in steps {
            world.apply(step);
            renew(&mut world.conn, "2026-01-02T00:00:00Z");
            world.check();
            let changes = world.conn.total_changes();
            prop_assert!(!renew(&mut world.conn, "2026-01-03T00:00:00Z"), "nothing changed");
            prop_assert_eq!(world.conn.total_changes(), changes);
        }
    }
}

#[test]
fn three_hundred_fields_of_one_name_come_and_go() {
    let mut world = World::new();
    world.apply(Step::Many { name: "Budget".to_owned(), count: 300 });
    for step in [
        Step::Reopen,
        Step::Vanish { field: 0 },
        Step::Return { field: 0 },
        Step::DropOptions { field: 3 },
    ] {
        world.apply(step);
        renew(&mut world.conn, "2026-01-02T00:00:00Z");
        world.check();
    }
    assert_eq!(world.fields[299].shown.as_deref(), Some("Budget (300)"));
}
