//! Credentials in URLs: user and password are sent, and shown nowhere.
//!
//! What goes to tables, reports, logs, errors and the page goes through here, as text that may have
//! URLs anywhere in it. The user is hidden with the password: a token often stands in its place.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of credentials.
const MARK: &str = "***";

/// The text with `***` in the place of the credentials of each URL in it: `http://***@host/path`.
pub fn hidden(text: &str) -> Cow<'_, str> {
    replaced(text, &spans(text), MARK)
}

/// The text without the credentials of the URLs in it, for names: `http://host/path`.
pub fn stripped(text: &str) -> Cow<'_, str> {
    let spans = spans(text).into_iter().map(|span| span.start..span.end + 1);
    replaced(text, &spans.collect::<Vec<_>>(), "")
}

/// Whether something is hidden in this text.
pub fn is_hidden(text: &str) -> bool {
    spans(text).iter().any(|span| &text[span.clone()] == MARK)
}

/// A text that should have been a URL and is none, so that nobody knows where its credentials end:
/// nothing before its last `@` is shown but the scheme.
pub fn hidden_in_malformed(url: &str) -> Cow<'_, str> {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    match url[start..].rfind('@') {
        Some(length) => Cow::Owned(format!("{}{MARK}{}", &url[..start], &url[start + length..])),
        None => Cow::Borrowed(url),
    }
}

/// Where credentials stand in a text: in front of the `@` of a URL's authority (RFC 3986 section
/// 3.2.1).
pub fn spans(text: &str) -> Vec<Range<usize>> {
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

/// Where a place in a text is in the [`hidden`] text.
pub fn place_in_hidden(text: &str, at: usize) -> usize {
    let mut place = at;
    for span in spans(text).into_iter().rev() {
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
