//! The numbers of Python's `json` that are not JSON.

const CONSTANTS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Returns the text with these constants in quotes, if there are any.
#[cold]
pub(super) fn quoted(text: &str) -> Option<String> {
    if !CONSTANTS.iter().any(|constant| text.contains(constant)) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        let constant = CONSTANTS.into_iter().find(|&constant| is_value(here, constant));
        let len = constant.map_or_else(|| token_len(here), str::len);
        let mark = if constant.is_some() { "\"" } else { "" };
        out.extend([mark, &here[..len], mark]);
        rest = &here[len..];
    }
    out.push_str(rest);
    Some(out)
}

/// Returns whether a text begins with this constant as a value, and not as a key.
fn is_value(text: &str, constant: &str) -> bool {
    let behind = text.strip_prefix(constant).map(str::trim_start);
    behind.is_some_and(|behind| !behind.starts_with(':'))
}

/// Returns the length of a string with its quotes, or of a single character.
fn token_len(text: &str) -> usize {
    if !text.starts_with('"') {
        return 1;
    }
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_quoted_where_they_are_values() {
        for (text, expected) in [
            ("NaN", "\"NaN\""),
            ("[NaN, -Infinity,Infinity]", "[\"NaN\", \"-Infinity\",\"Infinity\"]"),
            ("{\"NaN\": NaN, \"a\\\"NaN\": -1}", "{\"NaN\": \"NaN\", \"a\\\"NaN\": -1}"),
            ("{NaN : 1}", "{NaN : 1}"),
            ("-NaN", "-\"NaN\""),
            ("\"NaN", "\"NaN"),
            ("\"NaN\\", "\"NaN\\"),
        ] {
            assert_eq!(quoted(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(quoted("[nan, Inf]"), None);
    }
}
