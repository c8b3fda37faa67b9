//! The query that `params=` makes.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::object::View;

/// Writes the pairs of a dict as requests does: escaped as a form is (`application/x-www-form-urlencoded`),
/// in their order. Returns `None` if a name is no text or a value neither a text nor an integer: then Python
/// writes it.
pub(super) fn of_dict(params: View) -> Option<String> {
    let mut query = String::new();
    for (name, value) in params.pairs()? {
        if !query.is_empty() {
            query.push('&');
        }
        escape(name.view().as_str()?, &mut query);
        query.push('=');
        match value.view().as_str() {
            Some(text) => escape(text, &mut query),
            None if value.view().is_int() => escape(&value.to_text(), &mut query),
            None => return None,
        }
    }
    Some(query)
}

/// Puts a query behind a URL that may have one.
pub(super) fn behind<'u>(url: &'u str, query: Option<&str>) -> Cow<'u, str> {
    match query {
        None | Some("") => Cow::Borrowed(url),
        Some(query) => {
            let separator = if url.contains('?') { '&' } else { '?' };
            Cow::Owned(format!("{url}{separator}{query}"))
        }
    }
}

/// Escapes text as Python's `quote_plus` does: all but letters, digits and `-._~`, and a space as `+`.
fn escape(text: &str, escaped: &mut String) {
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    for (at, part) in text.split(' ').enumerate() {
        if at > 0 {
            escaped.push('+');
        }
        escaped.extend(utf8_percent_encode(part, ESCAPED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_in_a_form() {
        let mut escaped = String::new();
        escape("a b&c=1/é~*", &mut escaped);
        assert_eq!(escaped, "a+b%26c%3D1%2F%C3%A9~%2A");
    }

    #[test]
    fn a_query_goes_behind_the_one_that_is_there() {
        assert_eq!(behind("/a", Some("x=1")), "/a?x=1");
        assert_eq!(behind("/a?b=2", Some("x=1")), "/a?b=2&x=1");
        assert_eq!(behind("/a", Some("")), "/a");
    }
}
