//! Walking JSON without building trees: members and elements as the exact text they had.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `each` with the name and the exact text of every member of the object `text`, in order.
///
/// # Errors
///
/// `text` is not a JSON object.
pub(crate) fn members<'a>(
    text: &'a str,
    each: impl FnMut(&str, &'a str),
) -> Result<(), serde_json::Error> {
    struct Walk<F>(F);
    impl<'de, F: FnMut(&str, &'de str)> Visitor<'de> for Walk<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<Name<'de>>()? {
                let value: &'de RawValue = map.next_value()?;
                (self.0)(&name.0, value.get());
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Walk(each))?;
    deserializer.end()
}

/// Calls `each` with the exact text of every element of the array `text`, in order.
///
/// # Errors
///
/// `text` is not a JSON array.
pub(crate) fn elements<'a>(
    text: &'a str,
    each: impl FnMut(&'a str),
) -> Result<(), serde_json::Error> {
    struct Walk<F>(F);
    impl<'de, F: FnMut(&'de str)> Visitor<'de> for Walk<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
            while let Some(value) = seq.next_element::<&'de RawValue>()? {
                (self.0)(value.get());
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_seq(Walk(each))?;
    deserializer.end()
}

/// A member's name, borrowed where it holds no escape (`Cow` alone never borrows under serde).
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_borrowed_str<E: serde::de::Error>(
                self,
                name: &'de str,
            ) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
            fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Name<'de>, E> {
                Err(E::custom("a member's name is not text"))
            }
        }
        deserializer.deserialize_str(Read).map_err(D::Error::custom)
    }
}

/// What kind of JSON value a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    /// With its quotes.
    String(&'a str),
    Array,
    Object,
}

/// Returns what `text`, which is one whole JSON value, is.
pub(crate) fn shape(text: &str) -> Shape<'_> {
    match text.as_bytes().first() {
        Some(b'"') => Shape::String(text),
        Some(b'{') => Shape::Object,
        Some(b'[') => Shape::Array,
        Some(b't') => Shape::Bool(true),
        Some(b'f') => Shape::Bool(false),
        Some(b'n') | None => Shape::Null,
        Some(_) => Shape::Number(text),
    }
}

/// The characters of a JSON string, and whether something in them could not be kept.
pub(crate) struct Unquoted<'a> {
    pub(crate) text: Cow<'a, str>,
    /// A NUL or half a surrogate pair, which no UTF-8 text in SQLite can hold, became U+FFFD.
    pub(crate) healed: bool,
}

/// Resolves the quotes and escapes of the JSON string `quoted`.
pub(crate) fn unquote(quoted: &str) -> Unquoted<'_> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
    if !inner.contains('\\') {
        return Unquoted { text: Cow::Borrowed(inner), healed: false };
    }
    let (text, mut healed) = match serde_json::from_str::<String>(quoted) {
        Ok(text) => (text, false),
        Err(_) => (serde_json::from_str(&heal_surrogates(quoted)).unwrap_or_default(), true),
    };
    if !text.contains('\0') {
        return Unquoted { text: Cow::Owned(text), healed };
    }
    healed = true;
    Unquoted { text: Cow::Owned(text.replace('\0', "\u{fffd}")), healed }
}

/// Replaces escapes that are half a surrogate pair by U+FFFD.
fn heal_surrogates(quoted: &str) -> String {
    let unit = |at: usize| {
        let hex = quoted.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    let mut healed = String::with_capacity(quoted.len());
    let mut rest = 0;
    while let Some(found) = quoted[rest..].find('\\') {
        let at = rest + found;
        healed.push_str(&quoted[rest..at]);
        let kept = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => 0,
            (Some(_), _) => 6,
            // `\n` and the like; what follows the backslash is one ASCII byte.
            (None, _) => 2,
        };
        healed.push_str(if kept == 0 { "\\ufffd" } else { &quoted[at..at + kept] });
        rest = at + if kept == 0 { 6 } else { kept };
    }
    healed.push_str(&quoted[rest..]);
    healed
}

/// Returns the integer that the member `name` of the object `text` holds; `None` where it is missing or anything else.
pub fn int_member(text: &str, name: &str) -> Option<i64> {
    let mut found = None;
    members(text, |member, raw| {
        if member == name {
            found = match shape(raw) {
                Shape::Number(number) => number.parse().ok(),
                Shape::String(quoted) => unquote(quoted).text.parse().ok(),
                _ => None,
            };
        }
    })
    .ok()?;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_order_with_their_exact_text() {
        let mut found = Vec::new();
        members(r#"{"a": 1.50, "b\u0021":{"c" : [1, 2]}}"#, |name, text| {
            found.push(format!("{name}={text}"))
        })
        .unwrap();
        assert_eq!(found, ["a=1.50", r#"b!={"c" : [1, 2]}"#]);
        assert!(members("[1]", |_, _| ()).is_err());
        assert!(members("{} trailing", |_, _| ()).is_err());
    }

    #[test]
    fn half_a_surrogate_pair_and_a_nul_become_the_replacement_character() {
        for (quoted, text, healed) in [
            (r#""plain""#, "plain", false),
            (r#""a\nb\\u""#, "a\nb\\u", false),
            (r#""\ud83d\ude00""#, "😀", false),
            (r#""x\ud83dy\\ud83d\ude00""#, "x\u{fffd}y\\ud83d\u{fffd}", true),
            (r#""a\u0000b""#, "a\u{fffd}b", true),
            (r#""\\\ud800""#, "\\\u{fffd}", true),
        ] {
            let unquoted = unquote(quoted);
            assert_eq!((unquoted.text.as_ref(), unquoted.healed), (text, healed), "{quoted}");
        }
    }
}
