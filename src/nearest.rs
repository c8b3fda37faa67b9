//! Suggestions for misspelled words.

/// Returns the valid word that was probably meant.
fn nearest<'w>(word: &str, valid: &[&'w str]) -> Option<&'w str> {
    let word = word.to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&word, &other.to_lowercase());
    let best = valid.iter().copied().min_by_key(|other| distance(other))?;
    // Allows one error in a short word, and one more for every five letters.
    (distance(best) <= 1 + word.chars().count() / 5).then_some(best)
}

/// Returns the end of an error about this word: the nearest valid word, or this introduction and all of
/// them.
pub(crate) fn hint(word: &str, valid: &[&str], introduction: &str) -> String {
    match nearest(word, valid) {
        Some(word) => format!(", did you mean '{word}'?"),
        None if valid.is_empty() => String::new(),
        None => format!("; {introduction} {}", valid.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_suggested_only_when_it_is_near() {
        let valid = ["get", "put", "weight", "basic_auth", "APIUser"];
        for (word, expected) in [
            ("wieght", Some("weight")),
            ("Weight", Some("weight")),
            ("GET", Some("get")),
            ("apiuser", Some("APIUser")),
            ("basic-auth", Some("basic_auth")),
            ("basicauth", Some("basic_auth")),
            ("url", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &valid), expected, "{word}");
        }
    }

    #[test]
    fn without_a_near_word_all_of_them_are_told() {
        assert_eq!(hint("slo", &["fast", "slow"], "there are"), ", did you mean 'slow'?");
        assert_eq!(hint("x", &["fast", "slow"], "there are"), "; there are fast, slow");
        assert_eq!(hint("x", &[], "there are"), "");
    }
}
