//! What columns of the views may be called: any name a person may type, made safe to read and unique.

use std::collections::HashSet;

use unicase::UniCase;

/// Greatest length of a name, in bytes.
pub(super) const MOST_BYTES: usize = 200;

/// Returns `name` as it can be shown: without characters that cannot be seen, and with single spaces.
pub(super) fn clean(name: &str) -> String {
    let seen: String = name.chars().filter(|c| c.is_whitespace() || !is_invisible(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns what a field's column is called as long as nothing else is.
pub(super) fn base(name: Option<&str>, code: &str) -> String {
    let named = clean(name.unwrap_or_default());
    if !named.is_empty() {
        return named;
    }
    let coded = clean(code);
    if coded.is_empty() { "field".to_owned() } else { coded }
}

/// Whether `c` is a control or format character: Unicode's general categories Cc and Cf (Unicode 16), among them the
/// marks that turn the direction of text, and the spaces without width.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}')
}

/// Returns the form in which names are compared: Unicode's full case folding, which covers SQLite's own comparison
/// (without regard to the case of ASCII letters) as well.
pub(super) fn folded(name: &str) -> String {
    UniCase::unicode(name).to_folded_case()
}

/// Names in use, compared as [`folded`].
#[derive(Debug, Default, Clone)]
pub(super) struct Taken(HashSet<String>);

impl Taken {
    /// Takes `name`; returns whether it was free.
    pub(super) fn take(&mut self, name: &str) -> bool {
        self.0.insert(folded(name))
    }

    /// Returns whether `name` is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&folded(name))
    }

    /// Takes the first free of `base` and `tail` joined, then the same with ` (2)`, ` (3)`, …, and returns it.
    pub(super) fn choose(&mut self, base: &str, tail: &str) -> String {
        (1..)
            .map(|number| match number {
                1 => joined(base, tail),
                _ => joined(base, &format!("{tail} ({number})")),
            })
            .find(|name| self.take(name))
            .expect("some number is free")
    }
}

/// Joins `base` and `tail`, cutting `base` so that both fit.
fn joined(base: &str, tail: &str) -> String {
    let most = base.floor_char_boundary(MOST_BYTES.saturating_sub(tail.len()));
    format!("{}{tail}", base[..most].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_what_cannot_be_seen() {
        let table = [
            ("  Deal   size ", "Deal size"),
            ("a\tb\r\nc", "a b c"),
            ("a\u{0}b\u{1b}[31m", "ab[31m"),
            ("\u{202e}evil\u{2066}\u{200b}", "evil"),
            ("👩\u{200d}💻 \"q\" [x] 'y'", "👩💻 \"q\" [x] 'y'"),
            ("\u{2028}", ""),
            ("e\u{301}", "e\u{301}"),
        ];
        for (name, shown) in table {
            assert_eq!(clean(name), shown, "{name:?}");
        }
        assert_eq!(base(Some("\u{200b} "), "ab\u{7}c"), "abc");
        assert_eq!(base(None, "\u{7}"), "field");
    }

    #[test]
    fn names_are_compared_under_unicode_case_folding() {
        let mut taken = Taken::default();
        let names = [
            "Straße",
            "STRASSE",
            "straẞe",
            "Ｗｉｄｅ",
            "ｗＩＤＥ",
            "İ",
            "i\u{307}",
            "I",
            "ı",
            "ΣΑΣ",
            "σας",
        ];
        let chosen: Vec<String> = names.iter().map(|name| taken.choose(name, "")).collect();
        assert_eq!(
            chosen,
            [
                "Straße",
                "STRASSE (2)",
                "straẞe (3)",
                "Ｗｉｄｅ",
                "ｗＩＤＥ (2)",
                "İ",
                "i\u{307} (2)",
                "I",
                "ı",
                "ΣΑΣ",
                "σας (2)"
            ]
        );
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_leaves_room_for_its_number() {
        let mut taken = Taken::default();
        let long = "ä".repeat(150);
        let first = taken.choose(&long, "");
        assert_eq!(first.len(), MOST_BYTES);
        let second = taken.choose(&long, "");
        assert!(second.len() <= MOST_BYTES && second.ends_with("ä (2)"), "{second}");
        let part = taken.choose(&first, " currency");
        assert!(part.len() <= MOST_BYTES && part.ends_with("ä currency"), "{part}");
    }
}
