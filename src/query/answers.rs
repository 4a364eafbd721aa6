//! Questions that everybody asks, each a file of `queries/` that can be copied and changed.

use super::{Header, header};

/// A query with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub name: &'static str,
    /// The SQL, with its head.
    pub sql: &'static str,
}

/// All of them, the most wanted first.
pub const ANSWERS: &[Answer] = &[
    Answer { name: "pipeline", sql: include_str!("../../queries/pipeline.sql") },
    Answer { name: "stale", sql: include_str!("../../queries/stale.sql") },
    Answer { name: "forecast", sql: include_str!("../../queries/forecast.sql") },
    Answer { name: "leaderboard", sql: include_str!("../../queries/leaderboard.sql") },
    Answer { name: "lost-reasons", sql: include_str!("../../queries/lost-reasons.sql") },
    Answer { name: "aging", sql: include_str!("../../queries/aging.sql") },
    Answer { name: "search", sql: include_str!("../../queries/search.sql") },
];

impl Answer {
    /// Returns the one called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        ANSWERS.iter().find(|answer| answer.name.eq_ignore_ascii_case(name))
    }

    /// Returns what its head says.
    pub fn header(&self) -> Header {
        header(self.sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_says_what_it_is_and_names_its_parameters() {
        for answer in ANSWERS {
            let header = answer.header();
            assert!(header.description.ends_with('.'), "{}", answer.name);
            let sql: String = answer
                .sql
                .lines()
                .filter(|line| !line.starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n");
            for parameter in &header.parameters {
                assert!(sql.contains(&format!(":{}", parameter.name)), "{}", answer.name);
                assert!(!parameter.meaning.is_empty());
            }
        }
        let mut files: Vec<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".sql", ""))
                .collect();
        files.sort();
        let mut names: Vec<&str> = ANSWERS.iter().map(|answer| answer.name).collect();
        names.sort_unstable();
        assert_eq!(files, names, "a file for each name and a name for each file");
    }
}
