//! Placeholders of other tools in what is sent as it is written: `/items/{{id}}`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::parameter;
use super::step::METHODS;

/// How many are told of one file.
const TOLD_MAX: usize = 20;

/// What a `$` in a path begins with where it is meant: system resources and operations of OData, and
/// operations of FHIR.
const DOLLAR_NAMES: [&str; 19] = [
    "all",
    "apply",
    "batch",
    "closure",
    "count",
    "crossjoin",
    "delete",
    "document",
    "entity",
    "everything",
    "expand",
    "links",
    "lookup",
    "metadata",
    "query",
    "ref",
    "translate",
    "validate",
    "value",
];

/// Where in a request a text is sent; each place has characters of its own that are meant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Path,
    Pair,
    Header,
    Body,
}

/// Returns a warning, with its place, for each placeholder of another tool in what the requests of
/// a file send.
pub(super) fn placeholders(root: &DeTable<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(users) = root.get("user") {
        requests(users.get_ref(), &mut found);
    }
    found.sort_by_key(|(span, _)| span.start);
    found.truncate(TOLD_MAX);
    found.into_iter().map(|(span, text)| Problem::new(span, warning(&text)).part(text)).collect()
}

/// Returns the warning for a placeholder in a path that is no file's.
pub(crate) fn in_path(path: &str) -> Option<String> {
    in_text(path, Place::Path).map(warning)
}

fn warning(placeholder: &str) -> String {
    let name = placeholder.trim_matches(|c: char| !is_of_name(c));
    let name = if placeholder.starts_with('%') { "id" } else { name }.replace('.', "_");
    format!(
        "'{placeholder}' is sent as it is written. ${{{name}}}, with a [parameter.{name}], is a value for \
         the whole run; one of each user is given by 'capture' or 'set' in an earlier step"
    )
}

type Found = Vec<(Range<usize>, String)>;

/// Looks at every table below this that is sent, or is a request.
fn requests(value: &DeValue<'_>, found: &mut Found) {
    let entries = match value {
        DeValue::Array(array) => {
            return array.iter().for_each(|value| requests(value.get_ref(), found));
        }
        DeValue::Table(entries) => entries,
        _ => return,
    };
    for (key, value) in entries {
        let place = match key.get_ref().as_ref() {
            "method" | "name" | "check" | "checks" | "tags" => continue,
            "path" => Place::Path,
            method if METHODS.contains(&method) => Place::Path,
            "query" | "form" => Place::Pair,
            "headers" => Place::Header,
            // Passwords may have anything in them, so no more is looked for than in bodies.
            "body" | "json" | "multipart" | "basic_auth" | "digest_auth" => Place::Body,
            _ => {
                requests(value.get_ref(), found);
                continue;
            }
        };
        texts(value, place, found);
    }
}

/// Looks at every text in this.
fn texts(value: &toml::Spanned<DeValue<'_>>, place: Place, found: &mut Found) {
    match value.get_ref() {
        DeValue::String(text) => {
            // What is a parameter's, or escaped, is meant.
            let mut pieces = parameter::plain_pieces(text);
            if let Some(placeholder) = pieces.find_map(|piece| in_text(piece, place)) {
                found.push((value.span(), placeholder.to_owned()));
            }
        }
        DeValue::Array(array) => array.iter().for_each(|value| texts(value, place, found)),
        DeValue::Table(entries) => entries.values().for_each(|value| texts(value, place, found)),
        _ => {}
    }
}

/// Returns the first placeholder. Only what no server can mean as it is written is one: `{{id}}`
/// anywhere, `{id}` but in bodies, in headers `$id` as a word, and in paths `$id`, `:id`, `<id>`,
/// `%s` as well.
fn in_text(text: &str, place: Place) -> Option<&str> {
    let braces = enclosed(text, "{{", "}}");
    let brace = || enclosed(text, "{", "}").filter(|_| place != Place::Body);
    let angle = || enclosed(text, "<", ">").filter(|_| matches!(place, Place::Path | Place::Pair));
    let segment = || match place {
        Place::Path => segment(text),
        Place::Header => word(text),
        Place::Pair | Place::Body => None,
    };
    braces.or_else(brace).or_else(angle).or_else(segment)
}

/// Returns the first name between these, with them: `{{ user.id }}`.
fn enclosed<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let mut from = 0;
    while let Some(start) = text[from..].find(open).map(|at| from + at) {
        from = start + open.len();
        let end = from + text[from..].find(close)?;
        if is_name(text[from..end].trim()) {
            return Some(&text[start..end + close.len()]);
        }
    }
    None
}

/// Returns the first segment of a path that is `$id` or `:id`, or has `%s` or `%d` in it.
fn segment(text: &str) -> Option<&str> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    path.split('/').skip(1).find_map(|segment| {
        let named = |sign| segment.strip_prefix(sign).filter(|name| is_name(name));
        let is_dollar = named('$').is_some_and(|name| !DOLLAR_NAMES.contains(&name));
        if is_dollar || named(':').is_some() { Some(segment) } else { format_directive(segment) }
    })
}

/// Returns the first word of a header's value that is `$TOKEN`. `$Version=1`, of old cookies, is
/// none.
fn word(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| word.strip_prefix('$').is_some_and(is_name))
}

/// Returns `%s` or `%d` if it is no escape, as `%d0` is.
fn format_directive(segment: &str) -> Option<&str> {
    segment.match_indices('%').find_map(|(at, _)| {
        let directive = segment.get(at..at + 2)?;
        let is_escape = segment.as_bytes().get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        let is_directive = directive == "%s" || directive == "%d" && !is_escape;
        is_directive.then_some(directive)
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_tools_would_replace_is_found_in_a_path() {
        for (path, placeholder) in [
            ("/items/{{id}}", "{{id}}"),
            ("/items/{{ user.id }}/x", "{{ user.id }}"),
            ("/items/{id}", "{id}"),
            ("/items/$id", "$id"),
            ("/items/:id/x?y=1", ":id"),
            ("/items/<id>", "<id>"),
            ("/items/%s", "%s"),
            ("/items/n%d?q", "%d"),
            ("http://h/$id", "$id"),
            ("/?q={id}", "{id}"),
        ] {
            assert_eq!(in_text(path, Place::Path), Some(placeholder), "{path}");
        }
    }

    #[test]
    fn what_a_server_can_mean_is_left_alone() {
        for path in [
            "/items/7",
            "/odata/$metadata",
            "/Patient/1/$everything",
            "/items:batchGet",
            "/v1/a:b",
            "http://u:p@h:80/x",
            "/a%20b%d0%b4%5B",
            "/x?$filter=id&t=:a",
            "/a$b",
            "/{}",
            "/:",
            "/$1",
        ] {
            assert_eq!(in_text(path, Place::Path), None, "{path}");
        }
        for (text, place) in [
            ("{id}", Place::Body),
            ("{\"a\":{\"b\":1}}", Place::Body),
            ("{\"a\": {{}}}", Place::Body),
            ("</a>; rel=preload", Place::Header),
            ("Al <al>", Place::Header),
            ("$id", Place::Pair),
            ("$Version=1; a=$b", Place::Header),
            ("costs $5", Place::Header),
            ("100%s", Place::Pair),
        ] {
            assert_eq!(in_text(text, place), None, "{text}");
        }
        assert_eq!(in_text("{\"a\": \"{{id}}\"}", Place::Body), Some("{{id}}"));
        assert_eq!(in_text("Bearer {token}", Place::Header), Some("{token}"));
        assert_eq!(in_text("<id>", Place::Pair), Some("<id>"));
        assert_eq!(in_text("Bearer $TOKEN", Place::Header), Some("$TOKEN"));
    }
}
