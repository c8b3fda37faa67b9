//! The format of `locust.conf`, as configargparse reads it: one flag in each line.

use serde_json::Value as Json;

use super::{Setting, Value, place};

/// Parses `users = 50`, `users: 50`, `users 50` and `--users 50`. `headless` alone is true, and `[a, b]` is
/// a list. Lines that begin with `#`, `;`, `[` or `---` are comments, and so is the rest of a line after
/// ` #` or ` ;`.
pub(super) fn flags(name: &str, text: &str) -> Result<Vec<Setting>, String> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let at = start;
        start += whole.len();
        let line = whole.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("---") {
            continue;
        }
        let indent = whole.find(line).unwrap_or_default();
        let Some((key, from, value)) = pair(line) else {
            let place = place(name, text, at + indent);
            return Err(format!("{place}: expected a line such as users = 50"));
        };
        let flag = key.trim_start_matches('-').replace('_', "-");
        let place = place(name, text, at + indent + from);
        // As in Locust, the later of two lines for a flag holds.
        settings.retain(|other| other.flag != flag);
        settings.push(Setting { flag, value: Value::Texts(values(value)), place });
    }
    Ok(settings)
}

/// Splits a line into the key, the offset of the value, and the value.
fn pair(line: &str) -> Option<(&str, usize, &str)> {
    let end = line.find(|c: char| c.is_whitespace() || ":=;#".contains(c)).unwrap_or(line.len());
    let (key, rest) = line.split_at(end);
    if key.is_empty() {
        return None;
    }
    let behind = rest.trim_start();
    if behind.is_empty() || is_comment(rest) {
        return Some((key, 0, "true"));
    }
    let written = match behind.strip_prefix(['=', ':']) {
        Some(written) => written,
        None if behind.len() < rest.len() => behind,
        None => return None,
    };
    let value = written.trim_start();
    let from = line.len() - value.len();
    if is_comment(written) {
        return Some((key, from, ""));
    }
    match quoted(value) {
        Some(inner) => Some((key, from, inner)),
        None => Some((key, from, without_comment(value))),
    }
}

/// Returns the text between quotes, if nothing but a comment follows.
fn quoted(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| "'\"".contains(*c))?;
    let inner = &value[1..];
    let ends = inner.match_indices(quote).map(|(at, _)| at);
    let mut ends = ends.filter(|&at| {
        let rest = &inner[at + 1..];
        rest.trim().is_empty() || is_comment(rest)
    });
    ends.next().map(|at| &inner[..at])
}

/// Returns whether the text is white space and a comment.
fn is_comment(text: &str) -> bool {
    let rest = text.trim_start();
    rest.len() < text.len() && rest.starts_with(['#', ';'])
}

fn without_comment(value: &str) -> &str {
    let spaces = value.char_indices().filter(|(_, c)| c.is_whitespace());
    let mut starts = spaces.filter(|&(at, c)| value[at + c.len_utf8()..].starts_with(['#', ';']));
    starts.next().map_or(value, |(at, _)| &value[..at]).trim_end()
}

/// Returns the elements of `[1, 2]`, which is JSON, or texts separated by commas; or else the whole text.
fn values(value: &str) -> Vec<String> {
    let Some(inner) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) else {
        return vec![value.to_owned()];
    };
    let text = |json: Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    match serde_json::from_str::<Vec<Json>>(value) {
        Ok(elements) => elements.into_iter().map(text).collect(),
        Err(_) => inner.split(',').map(|element| element.trim().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line, and the flag and the values in it.
    type Line = (&'static str, Option<(&'static str, &'static [&'static str])>);

    /// Lines, and what configargparse 1.9.0 reads in them by
    /// `DefaultConfigFileParser().parse(io.StringIO(line))`. One difference: there a comment in place of a
    /// value is the value, which Locust then refuses.
    const LINES: [Line; 36] = [
        ("users = 50", Some(("users", &["50"]))),
        ("users=50", Some(("users", &["50"]))),
        ("users: 50", Some(("users", &["50"]))),
        ("users 50", Some(("users", &["50"]))),
        ("--users 50", Some(("users", &["50"]))),
        ("--users=50", Some(("users", &["50"]))),
        ("  users\t=\t50  ", Some(("users", &["50"]))),
        ("headless", Some(("headless", &["true"]))),
        ("headless ", Some(("headless", &["true"]))),
        ("headless # really", Some(("headless", &["true"]))),
        ("--headless", Some(("headless", &["true"]))),
        ("csv =", Some(("csv", &[""]))),
        ("csv:", Some(("csv", &[""]))),
        ("csv = # none", Some(("csv", &[""]))),
        ("csv = ''", Some(("csv", &[""]))),
        ("host = http://h:80/#x", Some(("host", &["http://h:80/#x"]))),
        ("users = 50 # many", Some(("users", &["50"]))),
        ("users = 50 ; many", Some(("users", &["50"]))),
        ("users = 50;many", Some(("users", &["50;many"]))),
        ("csv = 'a # b' # c", Some(("csv", &["a # b"]))),
        ("csv = \"a\"", Some(("csv", &["a"]))),
        ("csv = 'a", Some(("csv", &["'a"]))),
        ("csv = 'a'b'", Some(("csv", &["a'b"]))),
        ("csv a b", Some(("csv", &["a b"]))),
        ("tags = [a, b]", Some(("tags", &["a", "b"]))),
        ("tags = [\"a b\", 2]", Some(("tags", &["a b", "2"]))),
        ("run_time = 1m", Some(("run-time", &["1m"]))),
        ("# users = 50", None),
        ("; users = 50", None),
        ("[runtime]", None),
        ("--- x", None),
        ("", None),
        ("a = = b", Some(("a", &["= b"]))),
        ("a b = c", Some(("a", &["b = c"]))),
        ("a = 'b' c", Some(("a", &["'b' c"]))),
        ("a =' b '", Some(("a", &[" b "]))),
    ];

    #[test]
    fn lines_are_read_as_configargparse_reads_them() {
        for (line, expected) in LINES {
            let settings = flags("f", line).unwrap();
            let got = settings.first().map(|s| (&*s.flag, s.value.clone()));
            let texts =
                |texts: &[&str]| Value::Texts(texts.iter().map(|&t| t.to_owned()).collect());
            assert_eq!(got, expected.map(|(flag, value)| (flag, texts(value))), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_told_with_its_place() {
        for line in ["= 5", ": x", "a;b", "a#b"] {
            let error = flags("f", &format!("users = 5\n  {line}\n")).unwrap_err();
            assert_eq!(error, "f:2:3: expected a line such as users = 50", "{line}");
        }
    }

    #[test]
    fn a_value_has_its_place_and_the_later_line_counts() {
        let settings = flags("f", "\nusers = 5\n spawn-rate: '2'\nusers 7\n").unwrap();
        let places: Vec<&str> = settings.iter().map(|setting| &*setting.place).collect();
        assert_eq!(places, ["f:3:14", "f:4:7"]);
    }
}
