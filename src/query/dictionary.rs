//! The schema as a dictionary in Markdown.

use super::{
    comments::{Comments, points_to},
    markdown::escaped,
};
use crate::store::Described;

/// Returns a chapter for each of `tables`: what it is, and what its columns hold and join to.
pub fn dictionary(tables: &[Described]) -> String {
    let mut words = "# The database\n\nColumns of the primary key are **bold**; → says what a column joins to.\n".to_owned();
    for (views, title) in [(false, "Tables"), (true, "Views")] {
        let mut found = tables.iter().filter(|one| one.is_view == views).peekable();
        if found.peek().is_some() {
            words.push_str(&format!("\n## {title}\n"));
        }
        found.for_each(|one| words.push_str(&chapter(one, tables)));
    }
    words
}

fn chapter(one: &Described, tables: &[Described]) -> String {
    let comments = Comments::read(&one.sql);
    let mut words = format!("\n### {}\n\n", escaped(&one.name));
    if !comments.whole.is_empty() {
        words.push_str(&format!("{}\n\n", escaped(&comments.whole)));
    }
    words.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
    for column in &one.columns {
        let name = escaped(&column.name);
        let name = if column.is_key { format!("**{name}**") } else { name };
        let comment = comments.of(&column.name);
        let joins =
            points_to(comment).filter(|(table, _)| tables.iter().any(|one| one.name == *table));
        let arrow = if joins.is_some() { "→ " } else { "" };
        words.push_str(&format!("| {name} | {} | {arrow}{} |\n", column.kind, escaped(comment)));
    }
    words
}
