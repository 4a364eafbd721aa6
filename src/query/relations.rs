//! The schema as a diagram: which table points to which, as their comments say.

use super::comments::{Comments, points_to};
use crate::store::{Described, DescribedColumn};

/// A column that points to another table's.
struct Relation<'a> {
    from: &'a Described,
    column: &'a DescribedColumn,
    to: &'a Described,
}

/// Returns an entity relationship diagram for Mermaid: every table that points to another or is pointed to, with the
/// columns of its key and those that point.
pub fn diagram(tables: &[Described]) -> String {
    let relations = relations(tables);
    let mut words = "erDiagram\n".to_owned();
    for relation in &relations {
        let keys = relation.from.columns.iter().filter(|column| column.is_key).count();
        // The whole key of one row is the key of the other: at most one.
        let many = if relation.column.is_key && keys == 1 { "o|" } else { "o{" };
        words.push_str(&format!(
            "    {} |o--{many} {} : {}\n",
            name(&relation.to.name),
            name(&relation.from.name),
            name(&relation.column.name)
        ));
    }
    for table in tables.iter().filter(|one| !one.is_view) {
        let points = |column: &DescribedColumn| {
            relations
                .iter()
                .any(|one| one.from.name == table.name && one.column.name == column.name)
        };
        let is_part =
            relations.iter().any(|one| one.from.name == table.name || one.to.name == table.name);
        if !is_part {
            continue;
        }
        words.push_str(&format!("    {} {{\n", name(&table.name)));
        for column in table.columns.iter().filter(|column| column.is_key || points(column)) {
            // A diagram takes plain words only.
            if !is_word(&column.name) {
                continue;
            }
            let mark = match (column.is_key, points(column)) {
                (true, true) => " PK, FK",
                (true, false) => " PK",
                _ => " FK",
            };
            words.push_str(&format!("        {} {}{mark}\n", column.kind, column.name));
        }
        words.push_str("    }\n");
    }
    words
}

fn relations(tables: &[Described]) -> Vec<Relation<'_>> {
    let mut found = Vec::new();
    for from in tables.iter().filter(|one| !one.is_view) {
        let comments = Comments::read(&from.sql);
        for column in &from.columns {
            let target = points_to(comments.of(&column.name));
            let to = target.and_then(|(table, key)| {
                let is_there = |one: &&Described| {
                    one.name == table && one.columns.iter().any(|column| column.name == key)
                };
                tables.iter().find(is_there)
            });
            found.extend(to.map(|to| Relation { from, column, to }));
        }
    }
    found
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns `name` in quotes, in which a diagram takes anything but quotes.
fn name(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "'")) }
}
