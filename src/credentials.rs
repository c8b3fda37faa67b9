//! Credentials in URLs: user and password are sent, and shown nowhere.
//!
//! What goes to tables, reports, logs, errors and the page goes through here, as text that may have
//! URLs anywhere in it. The user is hidden with the password: a token often stands in its place.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of credentials.
const MARK: &str = "***";

/// The text with `***` in the place of the credentials of each URL in it: `http://***@host/path`.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    replaced(text, &spans(text), MARK)
}

/// The text without the credentials of the URLs in it, for names: `http://host/path`.
pub(crate) fn stripped(text: &str) -> Cow<'_, str> {
    let spans = spans(text).into_iter().map(|span| span.start..span.end + 1);
    replaced(text, &spans.collect::<Vec<_>>(), "")
}

/// Whether something is hidden in this text.
pub(crate) fn is_hidden(text: &str) -> bool {
    spans(text).iter().any(|span| &text[span.clone()] == MARK)
}

/// The same, and of what stands in quotes also what should have been a URL and is none: for what is
/// said of somebody's own files and arguments, where a URL with a mistake in it is what is wrong.
pub(crate) fn hidden_in_quotes(text: &str) -> Cow<'_, str> {
    replaced(text, &spans_in_quotes(text), MARK)
}

/// A text that should have been a URL and is none, so that nobody knows where its credentials end:
/// nothing before its last `@` is shown but the scheme.
pub(crate) fn hidden_in_malformed(url: &str) -> Cow<'_, str> {
    replaced(url, span_in_malformed(url).as_slice(), MARK)
}

fn span_in_malformed(url: &str) -> Option<Range<usize>> {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    url[start..].rfind('@').map(|length| start..start + length)
}

/// Whether this is no URL, and `user:password@` may stand in it all the same.
fn is_doubtful(value: &str) -> bool {
    match value.split_once("://") {
        // A space in the user; what else ends an authority too early is found in any text.
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            authority.contains(char::is_whitespace)
        }
        None => {
            let is_one_word = !value.starts_with('/') && !value.contains(char::is_whitespace);
            is_one_word && value.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'))
        }
    }
}

/// Where credentials stand in a text: in front of the `@` of a URL's authority (RFC 3986 section
/// 3.2.1).
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    // Nearly always there is none, and that is seen at once.
    if !text.as_bytes().contains(&b'@') {
        return Vec::new();
    }
    let (mut spans, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find("//") {
        let start = from + at + "//".len();
        from = start;
        // A reference without a scheme stands alone; inside a path two slashes mean nothing.
        let before = text[..start - "//".len()].chars().next_back();
        if before.is_some_and(|c| c != ':' && (c.is_alphanumeric() || c == '/')) {
            continue;
        }
        if let Some(length) = credentials(&text[start..]) {
            spans.push(start..start + length);
            from = start + length;
        }
    }
    spans
}

/// The same, and what may be credentials in quoted values.
fn spans_in_quotes(text: &str) -> Vec<Range<usize>> {
    let mut spans = spans(text);
    let mut from = 0;
    while let Some(at) = text[from..].find(['"', '\'']) {
        let start = from + at + 1;
        from = start;
        // An apostrophe opens nothing.
        let is_apostrophe = text[..start - 1].ends_with(char::is_alphanumeric);
        let end = text[start..].find(&text[start - 1..start]).map(|length| start + length);
        let Some(end) = end.filter(|_| !is_apostrophe) else { continue };
        from = end + 1;
        let (value, is_found) =
            (&text[start..end], spans.iter().any(|it| it.end > start && it.start < end));
        if !is_found && is_doubtful(value) {
            spans.extend(span_in_malformed(value).map(|it| start + it.start..start + it.end));
        }
    }
    spans.sort_by_key(|span| span.start);
    spans
}

/// How long the credentials are with which this begins, behind the slashes of a URL.
fn credentials(rest: &str) -> Option<usize> {
    let end = rest.find(|c: char| "/?#\"<>\\^`".contains(c) || c.is_whitespace() || c.is_control());
    let authority = &rest[..end.unwrap_or(rest.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    // What cannot be a host and a port is the beginning of credentials with a character in them that
    // should have been escaped. So is what a fragment would follow at once.
    let has_port =
        authority.rsplit(']').next()?.split_once(':').is_none_or(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
    let fragment = rest[authority.len()..].starts_with('#');
    if authority.is_empty() || (has_port && !fragment) {
        return None;
    }
    let line = rest.lines().next()?;
    line.split('"').next()?.rfind('@').or_else(|| line.rfind('@'))
}

fn replaced<'t>(text: &'t str, spans: &[Range<usize>], by: &str) -> Cow<'t, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans {
        shown.push_str(&text[end..span.start]);
        shown.push_str(by);
        end = span.end;
    }
    shown.push_str(&text[end..]);
    Cow::Owned(shown)
}

/// Where a place in a text is in the text [`hidden_in_quotes`].
pub(crate) fn place_in_hidden(text: &str, at: usize) -> usize {
    let mut place = at;
    for span in spans_in_quotes(text).into_iter().rev() {
        if at >= span.end {
            place = place + MARK.len() - span.len();
        } else if at > span.start {
            // Inside there is nothing to point at but the whole.
            place -= at - span.start;
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_wherever_a_url_stands() {
        for (text, shown) in [
            ("http://u:pw@host:81/a@b?c=@", "http://***@host:81/a@b?c=@"),
            ("HTTPS://u:p@w@host", "HTTPS://***@host"),
            ("http://token@host", "http://***@host"),
            ("http://u:@[::1]:80/", "http://***@[::1]:80/"),
            ("//u:pw@host/", "//***@host/"),
            ("-H http://u:pw@a -x=http://u:pw@b", "-H http://***@a -x=http://***@b"),
            ("'http://u:pw@a','socks5h://o'neil:pw@b'", "'http://***@a','socks5h://***@b'"),
            ("{\"to\":\"ftp://u:pw@a\",\"x\":\"y@z\"}", "{\"to\":\"ftp://***@a\",\"x\":\"y@z\"}"),
            ("/to/http://u:pw@host", "/to/http://***@host"),
            ("\u{1b}[33mhttp://u:pw@h\u{1b}[0m x@y", "\u{1b}[33mhttp://***@h\u{1b}[0m x@y"),
            ("http://ü:é@host/ä", "http://***@host/ä"),
        ] {
            assert_eq!(hidden(text), shown);
            assert_eq!(hidden(shown), shown, "it is hidden once");
            assert!(is_hidden(shown) && !is_hidden(text));
        }
    }

    /// Passwords that were not escaped: what a URL's parser makes of them is not what was meant.
    #[test]
    fn credentials_with_characters_that_end_an_authority_are_hidden() {
        for text in
            ["p#ss", "p/ss", "p?ss", "p ss", "p'ss", "12#34", "p\\ss", "p<s>s", "p#a/b?c", "p\"s"]
        {
            let url = format!("host = http://u:{text}@host/path");
            assert_eq!(hidden(&url), "host = http://***@host/path", "{text}");
        }
    }

    #[test]
    fn what_is_hidden_ends_with_its_quotes() {
        let line = "host = \"http://u:p#ss@host/path\" # x@y";
        assert_eq!(hidden(line), "host = \"http://***@host/path\" # x@y");
    }

    #[test]
    fn what_has_no_credentials_stays_as_it_is() {
        for text in [
            "",
            "//",
            "http://",
            "http://host?to=u@v",
            "http://host:80/users/@me",
            "http://[::1]:8080/a@b",
            "http://host/a:b@c",
            "a // b@c",
            "mail me@host",
            "/a//b:c@d",
            "http://host/#/a@b",
            "2026//11",
        ] {
            assert_eq!(hidden(text), text);
            assert!(matches!(hidden(text), Cow::Borrowed(_)));
            assert_eq!(stripped(text), text);
        }
        assert_eq!(stripped("GET http://u:pw@host/x?y=ftp://t@z"), "GET http://host/x?y=ftp://z");
    }

    #[test]
    fn of_what_is_no_url_nothing_before_the_last_at_is_shown() {
        for (text, shown) in [
            ("u:pw@host", "***@host"),
            ("http://12/3@4@host", "http://***@host"),
            ("http://host", "http://host"),
        ] {
            assert_eq!(hidden_in_malformed(text), shown);
        }
    }

    #[test]
    fn in_quotes_credentials_of_what_is_no_url_are_hidden() {
        for (text, shown) in [
            ("host=\"u:pw@host\" # x@y", "host=\"***@host\" # x@y"),
            ("host = 'http:u:pw@host'", "host = '***@host'"),
            ("host = 'http:/u:pw@host'", "host = '***@host'"),
            ("host = 'https//u:pw@host'", "host = '***@host'"),
            ("path 'u s:pw' 'http://u s:p@w@host' is", "path 'u s:pw' 'http://***@host' is"),
            ("isn't: 'http://u:pw@a', 'u:pw@b'", "isn't: 'http://***@a', '***@b'"),
        ] {
            assert_eq!(hidden_in_quotes(text), shown);
            assert_eq!(hidden_in_quotes(shown), shown, "it is hidden once");
        }
        for text in [
            "get = \"/a:b@c\"",
            "get = \"http://host:80/users/@me?to=a:b@c d\"",
            "body = 'see a: b@c'",
            "to = 'me@host'",
            "it's a:b@c, isn't it",
        ] {
            assert_eq!(hidden_in_quotes(text), text);
        }
    }

    #[test]
    fn a_place_behind_credentials_moves_with_the_text() {
        let text = "a http://user:password@b http://t@c d";
        let place = |found: &str| place_in_hidden(text, text.find(found).unwrap());
        let hidden = hidden(text);
        assert_eq!(hidden, "a http://***@b http://***@c d");
        for same in ["a ", "http", "@b", "@c", " d"] {
            assert_eq!(place(same), hidden.find(same).unwrap(), "{same}");
        }
        assert_eq!(place("password"), hidden.find("***").unwrap());
    }
}
