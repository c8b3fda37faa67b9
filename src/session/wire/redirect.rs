//! Where a redirect leads, and what is sent there: by the rules of Python's requests, which Locust's
//! users follow.

use std::str;

use http::Method;
use url::Url;

use crate::http1::{self, Head};
use crate::session::failure::redirect::RedirectError;

/// The most characters of a scheme that an error shows.
const SCHEME_SHOWN_MAX: usize = 20;

/// The request that follows a redirect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub(in crate::session) url: Url,
    pub(in crate::session) method: Method,
    /// Whether the body is sent, and the headers that describe it.
    pub(super) keeps_body: bool,
    /// Whether credentials are sent: to the same server, or from `http` to `https` of the same host.
    pub(super) keeps_credentials: bool,
    /// Whether it goes to the same host and port.
    pub(super) keeps_host: bool,
}

/// Returns whether a status is a redirect, if there is a `Location`. 300 leaves a choice, 304 and 305
/// lead nowhere.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Returns the `Location` of a response that is a redirect.
pub(super) fn location<'b>(head: &Head, bytes: &'b [u8]) -> Option<&'b [u8]> {
    let location =
        is_redirect(head.status).then(|| http1::header(&bytes[..head.head_len], "location"));
    location.flatten().filter(|location| !location.is_empty())
}

impl Hop {
    /// Returns the request that follows one of `method` to `from`, whose response was a redirect with this
    /// `Location`.
    ///
    /// # Errors
    ///
    /// Returns [`RedirectError::Malformed`] or [`RedirectError::Scheme`].
    pub(in crate::session) fn new(
        status: u16,
        method: &Method,
        from: &Url,
        location: &[u8],
    ) -> Result<Hop, RedirectError> {
        // What is not ASCII is taken for UTF-8, and the URL parser escapes it.
        let location = str::from_utf8(location).map_err(|_| RedirectError::Malformed)?;
        let mut url = from.join(location).map_err(|_| RedirectError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            let shown = url.scheme().chars().take(SCHEME_SHOWN_MAX).collect();
            return Err(RedirectError::Scheme(shown));
        }
        if url.port() == Some(0) {
            return Err(RedirectError::Malformed);
        }
        if url.fragment().is_none() {
            // RFC 9110 section 10.2.2.
            url.set_fragment(from.fragment());
        }
        Ok(Hop {
            method: next_method(status, method),
            keeps_body: matches!(status, 307 | 308),
            keeps_credentials: keeps_credentials(from, &url),
            keeps_host: same_host_and_port(from, &url),
            url,
        })
    }
}

/// Returns the method of the next request. A POST becomes a GET, as in browsers, although RFC 9110
/// section 15.4 would have it otherwise.
fn next_method(status: u16, method: &Method) -> Method {
    let becomes_get = match status {
        301 => *method == Method::POST,
        302 | 303 => *method != Method::HEAD,
        _ => false,
    };
    if becomes_get { Method::GET } else { method.clone() }
}

fn keeps_credentials(from: &Url, to: &Url) -> bool {
    let is_upgrade = from.host() == to.host()
        && (from.scheme(), from.port()) == ("http", None)
        && (to.scheme(), to.port()) == ("https", None);
    is_upgrade || (from.scheme() == to.scheme() && same_host_and_port(from, to))
}

fn same_host_and_port(from: &Url, to: &Url) -> bool {
    from.host() == to.host() && from.port_or_known_default() == to.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn hop(status: u16, method: &str, from: &str, location: &str) -> Result<Hop, RedirectError> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Hop::new(status, &method, &url(from), location.as_bytes())
    }

    /// What requests 2.32.3 sends to a redirect's target, and whether the body is in it.
    #[test]
    fn methods_and_bodies_follow_requests() {
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"];
        for (status, expected, keeps_body) in [
            (301, ["GET", "HEAD", "GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"], false),
            (302, ["GET", "HEAD", "GET", "GET", "GET", "GET", "GET", "GET"], false),
            (303, ["GET", "HEAD", "GET", "GET", "GET", "GET", "GET", "GET"], false),
            (307, methods, true),
            (308, methods, true),
        ] {
            assert!(is_redirect(status));
            for (method, expected) in methods.into_iter().zip(expected) {
                let hop = hop(status, method, "http://h/", "/end").unwrap();
                let got = (hop.method.as_str(), hop.keeps_body);
                assert_eq!(got, (expected, keeps_body), "{status} {method}");
            }
        }
        assert!([200, 300, 304, 305, 306, 309, 400].into_iter().all(|status| !is_redirect(status)));
    }

    /// `Session.should_strip_auth` of requests 2.32.3.
    #[test]
    fn credentials_stay_with_their_server() {
        for (from, to, keeps) in [
            ("http://a/", "http://a/x", true),
            ("http://a/", "http://A/x", true),
            ("http://a/", "http://a:80/", true),
            ("http://a:80/", "https://a/", true),
            ("http://a/", "https://a:443/", true),
            ("http://a/", "https://a:8443/", false),
            ("https://a/", "http://a/", false),
            ("http://a:81/", "http://a:82/", false),
            ("http://a:81/", "https://a/", false),
            ("http://a/", "http://b.a/", false),
            ("https://a/", "https://a:443/", true),
        ] {
            let hop = hop(302, "GET", from, to).unwrap();
            assert_eq!(hop.keeps_credentials, keeps, "{from} -> {to}");
        }
        let keeps_host = |from, to| hop(302, "GET", from, to).unwrap().keeps_host;
        assert!(keeps_host("http://a/", "http://a:80/x") && !keeps_host("http://a/", "https://a/"));
    }

    #[test]
    fn locations_are_resolved_and_escaped() {
        let from = "http://h:81/r/302/x/y?q=1#frag";
        for (location, expected) in [
            ("end", "http://h:81/r/302/x/end#frag"),
            ("../end", "http://h:81/r/302/end#frag"),
            ("./a/./b/../c", "http://h:81/r/302/x/a/c#frag"),
            ("../../../../../up", "http://h:81/up#frag"),
            ("?q=2", "http://h:81/r/302/x/y?q=2#frag"),
            ("//other:82/x", "http://other:82/x#frag"),
            ("/a b/\u{e9}?\u{fc}=a b", "http://h:81/a%20b/%C3%A9?%C3%BC=a%20b#frag"),
            ("/a%20b", "http://h:81/a%20b#frag"),
            ("/x#f", "http://h:81/x#f"),
            ("HTTP://H:81/CASE", "http://h:81/CASE#frag"),
            ("http://user:pw@[::1]:5000/", "http://user:pw@[::1]:5000/#frag"),
            (" /lead", "http://h:81/lead#frag"),
            ("https://h", "https://h/#frag"),
        ] {
            let hop = hop(302, "GET", from, location).unwrap();
            assert_eq!(hop.url.as_str(), expected, "{location}");
        }
    }

    #[test]
    fn where_nobody_can_go_is_said() {
        let error = |location: &[u8]| {
            let hop = Hop::new(302, &Method::GET, &url("http://h/"), location);
            hop.unwrap_err().to_string()
        };
        for malformed in ["http://", "http://h:99999/", "http://h:0/", "http://[::1", "http://a b/"]
        {
            assert_eq!(error(malformed.as_bytes()), "redirect to a malformed URL", "{malformed}");
        }
        assert_eq!(error(b"/\xff"), "redirect to a malformed URL");
        assert_eq!(error(b"ftp://h/"), "redirect to an unsupported scheme: ftp");
        assert_eq!(error(b"mailto:x"), "redirect to an unsupported scheme: mailto");
        let long = "s".repeat(100) + ":x";
        let shown = "redirect to an unsupported scheme: ssssssssssssssssssss";
        assert_eq!(error(long.as_bytes()), shown);
        assert_eq!(RedirectError::TooMany(30).to_string(), "more than 30 redirects");
    }
}
