//! Reads a `Content-Type` (RFC 9110 section 8.3), as leniently as Python's requests.

/// Returns the media type, without parameters.
pub fn media_type(content_type: &[u8]) -> &[u8] {
    content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Returns the charset, without quotes, unless it is empty. Of several the last one counts.
pub fn charset(content_type: &[u8]) -> Option<&[u8]> {
    let parameters = content_type.split(|&byte| byte == b';').skip(1);
    let charset = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_at(parameter.iter().position(|&byte| byte == b'=')?);
        bare(name).eq_ignore_ascii_case(b"charset").then(|| bare(&value[1..]))
    });
    charset.last().filter(|charset| !charset.is_empty())
}

/// Returns whether the charset is another one than UTF-8.
pub(super) fn names_other_charset(content_type: &[u8]) -> bool {
    charset(content_type).is_some_and(|charset| !charset.eq_ignore_ascii_case(b"utf-8"))
}

/// Trims quotes and white space.
fn bare(text: &[u8]) -> &[u8] {
    let is_word = |byte: &u8| !matches!(byte, b'"' | b'\'' | b' ' | b'\t');
    let start = text.iter().position(is_word).unwrap_or(text.len());
    let end = text.iter().rposition(is_word).map_or(start, |at| at + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `requests.utils.get_encoding_from_headers` of requests 2.34.2 finds.
    #[test]
    fn a_charset_is_found_as_requests_finds_it() {
        for (content_type, expected) in [
            ("text/html", None),
            ("text/html; charset=utf-8", Some("utf-8")),
            ("TEXT/HTML;CHARSET=UTF-8", Some("UTF-8")),
            ("text/html; a=b; charset = \"latin1\" ; c=d", Some("latin1")),
            ("text/html; charset='utf-16'", Some("utf-16")),
            ("text/html; charset=a; charset=b", Some("b")),
            ("text/html; charset=", None),
            ("text/html; charset", None),
            ("text/html; xcharset=a", None),
            ("charset=a", None),
            ("", None),
        ] {
            let found = charset(content_type.as_bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{content_type}");
        }
        assert_eq!(media_type(b" text/html ;charset=a"), b"text/html");
        assert!(names_other_charset(b"a/b; charset=latin1"));
        assert!(!names_other_charset(b"a/b; charset=UTF-8") && !names_other_charset(b"a/b"));
    }
}
