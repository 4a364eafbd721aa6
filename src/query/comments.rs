//! The comments that stand in the SQL of a table: what it is, and what its columns mean.

use std::{collections::BTreeMap, iter::Peekable, str::CharIndices};

/// What the comments in one CREATE statement say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comments {
    /// Of the table or view: those before its first column, or before its SELECT.
    pub(super) whole: String,
    /// Of its columns, by name in small letters: behind them on their line, or above them.
    columns: BTreeMap<String, String>,
}

impl Comments {
    /// Reads them out of `sql`; what cannot be understood has none.
    pub(super) fn read(sql: &str) -> Self {
        let mut comments = Self::default();
        let mut reading = Reading::default();
        for token in Tokens::of(sql) {
            reading.take(token, &mut comments);
        }
        comments
    }

    /// Returns what is said of the column called `name`; nothing if nothing is.
    pub(super) fn of(&self, name: &str) -> &str {
        self.columns.get(&name.to_lowercase()).map_or("", String::as_str)
    }
}

/// Which table and column a comment says a column points to: its first word, if that is `table.column`.
pub(super) fn points_to(comment: &str) -> Option<(&str, &str)> {
    let first = comment.split([' ', ';', ',', ':']).next()?;
    let (table, column) = first.split_once('.')?;
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (is_name(table) && is_name(column)).then_some((table, column))
}

enum Token {
    /// A comment, and whether something stands before it on its line.
    Comment(String, bool),
    /// A name or another word.
    Word(String),
    Open,
    Close,
    Comma,
    Other,
}

/// Where in the statement we are.
#[derive(Default)]
struct Reading {
    depth: usize,
    /// The column whose definition is being read.
    column: Option<String>,
    /// The column that was read last.
    last: Option<String>,
    /// Comments above the next column.
    above: Vec<String>,
    /// Whether the list of columns, or the SELECT of a view, was reached.
    begun: bool,
}

impl Reading {
    fn take(&mut self, token: Token, comments: &mut Comments) {
        match token {
            Token::Open => self.depth += 1,
            Token::Close => self.depth = self.depth.saturating_sub(1),
            Token::Comma if self.depth == 1 => self.column = None,
            Token::Word(word) => self.word(word, comments),
            Token::Comment(text, behind) => self.comment(&text, behind, comments),
            Token::Comma | Token::Other => {}
        }
    }

    fn word(&mut self, word: String, comments: &mut Comments) {
        if self.depth == 0 {
            self.begun |= word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with");
        } else if self.depth == 1 && self.column.is_none() {
            self.begun = true;
            let name = word.to_lowercase();
            for text in self.above.drain(..) {
                add(comments.columns.entry(name.clone()).or_default(), &text);
            }
            (self.column, self.last) = (Some(name.clone()), Some(name));
        }
    }

    fn comment(&mut self, text: &str, behind: bool, comments: &mut Comments) {
        match &self.last {
            _ if !self.begun => add(&mut comments.whole, text),
            Some(name) if behind || self.column.is_some() => {
                add(comments.columns.entry(name.clone()).or_default(), text);
            }
            _ => self.above.push(text.to_owned()),
        }
    }
}

fn add(to: &mut String, text: &str) {
    if !to.is_empty() && !text.is_empty() {
        to.push(' ');
    }
    to.push_str(text);
}

struct Tokens<'a> {
    sql: &'a str,
    chars: Peekable<CharIndices<'a>>,
    /// Whether something stands on this line already.
    behind: bool,
}

impl<'a> Tokens<'a> {
    fn of(sql: &'a str) -> Self {
        Self { sql, chars: sql.char_indices().peekable(), behind: false }
    }

    /// Reads on while `goes_on`; returns the text from `begin`.
    fn while_(&mut self, begin: usize, mut goes_on: impl FnMut(char) -> bool) -> &'a str {
        while self.chars.next_if(|(_, c)| goes_on(*c)).is_some() {}
        let end = self.chars.peek().map_or(self.sql.len(), |(at, _)| *at);
        &self.sql[begin..end]
    }

    /// Reads to the end of what `end` closes; doubled, it stands for itself.
    fn quoted(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some((_, c)) = self.chars.next() {
            if c == end && self.chars.next_if(|(_, next)| *next == end && end != ']').is_none() {
                break;
            }
            text.push(c);
        }
        text
    }

    fn block(&mut self, begin: usize) -> String {
        let mut before = ' ';
        let text = self.while_(begin, |c| {
            let ended = before == '*' && c == '/';
            before = c;
            !ended
        });
        self.chars.next();
        let text = text.trim_start_matches("/*").trim_end_matches('*');
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let (at, c) = self.chars.next()?;
            let behind = std::mem::replace(&mut self.behind, true);
            let comes = self.chars.peek().map(|(_, c)| *c);
            return Some(match c {
                '\n' => {
                    self.behind = false;
                    continue;
                }
                c if c.is_whitespace() => {
                    self.behind = behind;
                    continue;
                }
                '-' if comes == Some('-') => {
                    let text = self.while_(at, |c| c != '\n');
                    Token::Comment(text.trim_start_matches('-').trim().to_owned(), behind)
                }
                '/' if comes == Some('*') => {
                    self.chars.next();
                    Token::Comment(self.block(at), behind)
                }
                '(' => Token::Open,
                ')' => Token::Close,
                ',' => Token::Comma,
                '"' | '`' => Token::Word(self.quoted(c)),
                '[' => Token::Word(self.quoted(']')),
                '\'' => {
                    self.quoted('\'');
                    Token::Other
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let word = self.while_(at, |c| c.is_alphanumeric() || c == '_' || c == '$');
                    Token::Word(word.to_owned())
                }
                _ => Token::Other,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_wherever_they_stand() {
        let read = Comments::read(
            "CREATE TABLE \"a b\" (
               -- What it is,
               -- in two lines.
               id INTEGER, -- deals.id
               -- above
               \"x, (y\" TEXT DEFAULT ')--no', /* inside
                  two lines */
               price REAL CHECK (price > 0 /* positive */), last TEXT -- the last
               , more INTEGER,
               PRIMARY KEY (id, last) -- of the key
             ) STRICT",
        );
        assert_eq!(read.whole, "What it is, in two lines.");
        assert_eq!(read.of("ID"), "deals.id");
        assert_eq!(read.of("x, (y"), "above inside two lines");
        assert_eq!(read.of("price"), "positive");
        assert_eq!(read.of("last"), "the last");
        assert_eq!(read.of("more"), "");
    }

    #[test]
    fn a_view_is_described_before_its_select() {
        let read =
            Comments::read("CREATE VIEW v AS\n -- All of it.\n SELECT (1), -- no\n 2 AS x FROM y");
        assert_eq!((read.whole.as_str(), read.of("x")), ("All of it.", ""));
    }

    #[test]
    fn what_is_no_sql_has_none_and_ends() {
        for sql in ["", "(", "'", "\"", "/*", "--", "((((,,,", ")))", "[", "/* *", "a--b\n,é("] {
            Comments::read(sql);
        }
    }

    #[test]
    fn a_comment_that_begins_with_a_column_points_to_it() {
        assert_eq!(points_to("users.id"), Some(("users", "id")));
        assert_eq!(points_to("products.id; NULL for a purged one"), Some(("products", "id")));
        let options = "deal_field_options.option_id where field_code = 'label_ids'";
        assert_eq!(points_to(options), Some(("deal_field_options", "option_id")));
        for none in ["what deals.currency holds", "e.g. x", "percent.", "ISO 4217", "a.b.c", ""] {
            assert_eq!(points_to(none), None, "{none}");
        }
    }
}
