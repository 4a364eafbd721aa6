//! What somebody may have meant.

/// Returns the candidate that `word` is most likely a slip of the finger for; `None` where none is near.
///
/// Near is: one letter in three wrong, missing, or swapped with its neighbour (two in a short word), or one contained
/// in the other. Case does not count, nor whether it is `-` or `_`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, &plain(candidate))?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Returns how far apart two words are; `None` where that is too far to suggest one for the other.
fn distance(word: &str, candidate: &str) -> Option<usize> {
    /// Fewer letters than this are contained in words by chance.
    const MEANT: usize = 3;
    let length = word.chars().count();
    let edits = strsim::damerau_levenshtein(word, candidate);
    // Two edits turn any two letters into any others.
    let allowed = (length / 3).max(2).min(length.saturating_sub(1));
    let contained = length >= MEANT && candidate.contains(word)
        || candidate.chars().count() >= MEANT && word.contains(candidate);
    (edits <= allowed || contained).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["deals", "deals_archived", "deal_fields", "api_token"];

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let words =
            ["deal", "Deals", "dael_fields", "deals-archived", "archived", "token", "aip_token"];
        let found = words.map(|word| nearest(word, NAMES).unwrap());
        assert_eq!(
            found,
            [
                "deals",
                "deals",
                "deal_fields",
                "deals_archived",
                "deals_archived",
                "api_token",
                "api_token"
            ]
        );
    }

    #[test]
    fn what_resembles_nothing_finds_nothing() {
        assert_eq!(["persons", "x", "", "öäü"].map(|word| nearest(word, NAMES)), [None; 4]);
        assert_eq!(nearest("deals", []), None);
    }
}
