//! The pages of the documentation: what they show to be typed, and what they say is answered.

use std::{fs, path::Path};

/// Returns the text of a file of the repository.
pub fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The commands in a page: what follows the program's name, up to the end of the code, a redirection or a comment.
pub fn typed(page: &str) -> Vec<Vec<String>> {
    const NAME: &str = "pipedrive-mirror ";
    let mut typed = Vec::new();
    for line in page.lines() {
        for (at, _) in line.match_indices(NAME) {
            let begins = line[..at].is_empty()
                || line[..at].ends_with(['`', '/'])
                || line[..at].ends_with("$ ");
            if begins {
                let rest = line[at + NAME.len()..].split(['`', '|', '>', '#', '&', ';']).next();
                typed.push(words(rest.unwrap_or_default()));
            }
        }
    }
    typed
}

/// Splits at blanks; what stands in quotes is one word.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// What stands between two headings of the second level.
#[derive(Debug, Default)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its blocks of code.
    pub blocks: Vec<Block>,
}

/// A block of code.
#[derive(Debug)]
pub struct Block {
    /// What stands behind the fence: `sh`, `text`, `toml`, `console`, …
    pub language: String,
    /// The code.
    pub code: String,
}

/// Returns the sections of a page.
pub fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => {
                sections.last_mut().unwrap().blocks.extend(open.take());
            }
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), code: String::new() });
            }
            (None, Some(block)) => block.code.push_str(&format!("{line}\n")),
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    sections.push(Section { heading: heading.to_owned(), ..Section::default() });
                }
            }
        }
    }
    assert!(open.is_none(), "a block of code has no end: {open:?}");
    sections
}

/// Returns the lines of a block that are to be typed, each with the exit code it ends with: `# ends with 5` behind it says
/// so, and otherwise that is 0.
pub fn lines(code: &str) -> Vec<(&str, i32)> {
    const ENDS: &str = "# ends with ";
    let lines = code.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(ENDS) {
            Some((line, code)) => (line.trim_end(), code.trim().parse().unwrap()),
            None => (line, 0),
        })
        .collect()
}

/// Returns whether `said` is what is `shown`, up to figures and the width of columns. A line `…` stands for any lines, and `…`
/// in a line for any text.
pub fn is_shown(shown: &str, said: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(figureless).filter(|line| !line.is_empty()).collect()
    };
    all_match(&lines(shown), &lines(said), &|shown| shown == "…", &|shown, said| {
        let [shown, said] = [shown, said].map(|line| line.chars().collect::<Vec<_>>());
        all_match(&shown, &said, &|shown| *shown == '…', &|shown, said| shown == said)
    })
}

/// Matches one sequence with another, in which what is `any` stands for nothing or more.
fn all_match<T>(
    shown: &[T],
    said: &[T],
    any: &dyn Fn(&T) -> bool,
    same: &dyn Fn(&T, &T) -> bool,
) -> bool {
    let Some((first, rest)) = shown.split_first() else { return said.is_empty() };
    if any(first) {
        return (0..=said.len()).any(|skipped| all_match(rest, &said[skipped..], any, same));
    }
    said.split_first()
        .is_some_and(|(one, others)| same(first, one) && all_match(rest, others, any, same))
}

/// Returns a line with `0` for every figure and one blank for many.
fn figureless(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut words, mut rest) = (String::new(), line.chars().peekable());
    while let Some(c) = rest.next() {
        let in_figure = c.is_ascii_digit() && words.ends_with('0');
        let next_is_digit = rest.peek().is_some_and(char::is_ascii_digit);
        let in_between = ['.', ','].contains(&c) && words.ends_with('0') && next_is_digit;
        if !in_figure && !in_between {
            words.push(if c.is_ascii_digit() { '0' } else { c });
        }
    }
    words
}
