//! The query that `params=` makes.

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
pub(super) fn behind(url: &str, query: &str) -> String {
    match query {
        "" => url.to_owned(),
        query => format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' }),
    }
}

fn escape(text: &str, escaped: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                escaped.push(char::from(byte));
            }
            _ => {
                let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
                escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
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
        assert_eq!(behind("/a", "x=1"), "/a?x=1");
        assert_eq!(behind("/a?b=2", "x=1"), "/a?b=2&x=1");
        assert_eq!(behind("/a", ""), "/a");
    }
}
