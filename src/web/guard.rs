//! Access control: which requests may see the page, and which may change the run.
//!
//! Without a token the page listens on a loopback address. Every program of this host may use it, and
//! no web site may: a site whose name resolves to our address (DNS rebinding) is recognised by its
//! name in the `Host` header. With a token, a client must know the token, and may use any host name.
//!
//! Other sites may link to the page and may request nothing else. Requests from other origins cannot
//! change the run, because a browser may send them with its user's cookie. They are recognised by
//! `Sec-Fetch-Site` (Fetch Metadata Request Headers, section 2.3) and `Origin` (RFC 6454). The [`Rule`]
//! of a route says whether a request changes the run, whatever its method.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use cookie::{Cookie, SameSite};

use super::rule::Rule;
use super::token::Token;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Decides about every request.
#[derive(Debug)]
pub(super) struct Guard {
    /// The token that clients must know. Without one, the page listens on a loopback address.
    pub(super) token: Option<Token>,
    /// The address that it listens on.
    pub(super) host: IpAddr,
    /// The port.
    pub(super) port: u16,
    /// Whether it uses TLS.
    pub(super) secure: bool,
    /// The prefix of all paths.
    pub(super) base_path: String,
}

/// The guard's decision about a request.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The handler answers it.
    Pass,
    /// The token was in the URL. The client gets it as a cookie and is redirected to the URL without
    /// it.
    Redirect {
        /// The URL without the token.
        to: String,
        /// The value of `Set-Cookie`.
        cookie: String,
    },
    /// It is refused with this status and reason.
    Refuse(StatusCode, String),
    /// The route does not have this method.
    MethodNotAllowed,
}

impl Guard {
    pub(super) fn judge(&self, request: &Parts, rule: Rule) -> Verdict {
        if let Err(refusal) = self.check_host(&request.headers) {
            return refusal;
        }
        if let Some(token) = &self.token {
            if let Some(verdict) = self.token_in_url(token, request) {
                return verdict;
            }
            if !self.knows(token, &request.headers) {
                return refuse(
                    StatusCode::UNAUTHORIZED,
                    "this page needs its token: open it once with ?token=… behind the URL, as the \
                     log says, or send Authorization: Bearer …",
                );
            }
        }
        if is_cross_origin(&request.headers) && !is_navigation(request, rule) {
            return refuse(
                StatusCode::FORBIDDEN,
                "only the page itself may be opened from elsewhere",
            );
        }
        if !rule.allows(&request.method) {
            return Verdict::MethodNotAllowed;
        }
        if rule.is_change(&request.method) {
            if !is_same_origin(&request.headers) {
                return refuse(
                    StatusCode::FORBIDDEN,
                    "a page of another origin may not change the run",
                );
            }
            if self.may_be_forged(request) {
                return refuse(
                    StatusCode::FORBIDDEN,
                    "send Authorization: Bearer … with a GET that changes the run, or use POST",
                );
            }
        }
        Verdict::Pass
    }

    /// Checks the `Host` header: without a token it must be a loopback name.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), Verdict> {
        let host = one(headers, &HOST).unwrap_or_default();
        if self.token.is_some() || is_loopback(host) {
            return Ok(());
        }
        let scheme = if self.secure { "https" } else { "http" };
        let address = SocketAddr::new(self.host, self.port);
        Err(refuse(
            StatusCode::FORBIDDEN,
            format!(
                "this page is at {scheme}://{address} and by no other name; for others \
                     there are --web-host and --web-token-file"
            ),
        ))
    }

    /// Decides about a request with a token in its URL; `None` where there is no token.
    fn token_in_url(&self, token: &Token, request: &Parts) -> Option<Verdict> {
        if request.method != Method::GET {
            return None;
        }
        let (given, to) = without_token(&request.uri)?;
        if !token.is(&given) {
            return Some(refuse(StatusCode::UNAUTHORIZED, "this is not the page's token"));
        }
        let path = if self.base_path.is_empty() { "/" } else { &self.base_path };
        let cookie = Cookie::build((self.cookie_name(), token.as_str()))
            .path(path)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.secure);
        Some(Verdict::Redirect { to, cookie: cookie.to_string() })
    }

    fn knows(&self, token: &Token, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let name = self.cookie_name();
        let mut cookies = cookies.flat_map(Cookie::split_parse).flatten();
        bears(token, headers)
            || cookies.any(|cookie| cookie.name() == name && token.is(cookie.value()))
    }

    /// Returns whether a change by GET is authorised by its cookie alone. Pages on other ports of this host
    /// send the cookie too, and over plain HTTP browsers do not say where a GET comes from.
    fn may_be_forged(&self, request: &Parts) -> bool {
        let headers = &request.headers;
        let names_origin = headers.contains_key(FETCH_SITE)
            || headers.contains_key(ORIGIN)
            || one(headers, &REFERER).is_some_and(|referer| is_ours(referer, headers));
        let token = self.token.as_ref().filter(|token| !bears(token, headers));
        request.method != Method::POST && token.is_some() && !names_origin
    }

    /// Returns the cookie's name. It has the port, because browsers share a host's cookies between
    /// its ports.
    fn cookie_name(&self) -> String {
        format!("gregaria-{}", self.port)
    }
}

/// Returns whether the request follows a link to the page, which other sites may have. Their other requests are
/// refused: no site can read the response, so it would be work for nothing.
fn is_navigation(request: &Parts, rule: Rule) -> bool {
    let mode = request.headers.get(FETCH_MODE).map(|mode| mode.as_bytes());
    request.method == Method::GET && rule.is_page() && mode == Some(b"navigate")
}

fn refuse(status: StatusCode, reason: impl Into<String>) -> Verdict {
    Verdict::Refuse(status, reason.into())
}

/// Returns the value of a header that occurs exactly once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// Returns whether this is a loopback name that needs no resolver, so that no site can have it. Any port is
/// right, because a tunnel (`ssh -L`) may have another one.
fn is_loopback(host: &str) -> bool {
    let split = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (name, port) = split.unwrap_or((host, "80"));
    let is_local = name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_local && port.parse::<u16>().is_ok()
}

/// Returns whether the browser says that the request comes from another origin.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE).map(|site| site.as_bytes());
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// Returns whether the request comes from our own page, or from no page.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if is_cross_origin(headers) {
        return false;
    }
    if !headers.contains_key(ORIGIN) {
        return true;
    }
    one(headers, &ORIGIN).is_some_and(|origin| is_ours(origin, headers))
}

/// Returns whether this origin or URL has the host of the request.
fn is_ours(url: &str, headers: &HeaderMap) -> bool {
    let parts = url.split_once("://");
    parts.zip(one(headers, &HOST)).is_some_and(|((scheme, rest), host)| {
        let authority = rest.split('/').next().unwrap_or_default();
        matches!(scheme, "http" | "https") && authority.eq_ignore_ascii_case(host)
    })
}

fn bears(token: &Token, headers: &HeaderMap) -> bool {
    let bearer = one(headers, &AUTHORIZATION).and_then(|value| {
        let (scheme, given) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(given.trim())
    });
    bearer.is_some_and(|given| token.is(given))
}

/// Returns the token of a URL, and the URL without it; `None` where there is none.
fn without_token(uri: &Uri) -> Option<(String, String)> {
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    let (tokens, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "token");
    let (_, token) = tokens.into_iter().next()?;
    // A browser takes a URL that begins with two slashes for another host.
    let path = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
    let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
    let to = if rest.is_empty() { path } else { format!("{path}?{rest}") };
    Some((token.into_owned(), to))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use axum::http::Request;

    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn guard(token: bool) -> Guard {
        let token = token.then(|| Token::parse(SECRET).unwrap());
        let host = Ipv4Addr::LOCALHOST.into();
        Guard { token, host, port: 8089, secure: false, base_path: String::new() }
    }

    /// `GET /x` or `POST /x`, and headers.
    fn request(line: &str, headers: &[(&str, &str)]) -> Parts {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    /// Returns the rule of the request's route.
    fn rule(guard: &Guard, line: &str) -> Rule {
        let path = line.split_once(' ').unwrap().1.strip_prefix(&*guard.base_path).unwrap();
        match path {
            "" | "/" => Rule::page(),
            "/stop" | "/stats/reset" => Rule::change_by_get(),
            "/swarm" => Rule::change(),
            "/x" => Rule::not_found(),
            _ => Rule::read(),
        }
    }

    #[track_caller]
    fn check(guard: &Guard, line: &str, headers: &[(&str, &str)], expected: u16) {
        let status = match guard.judge(&request(line, headers), rule(guard, line)) {
            Verdict::Pass => 200,
            Verdict::MethodNotAllowed => 405,
            Verdict::Redirect { .. } => 303,
            Verdict::Refuse(status, _) => status.as_u16(),
        };
        assert_eq!(status, expected, "{line} {headers:?}");
    }

    #[test]
    fn a_page_on_loopback_answers_to_names_of_loopback() {
        let ours = [
            "127.0.0.1:8089",
            "localhost:9000",
            "LocalHost",
            "[::1]:8089",
            "[::1]",
            "127.1.2.3:8089",
        ];
        for host in ours {
            check(&guard(false), "GET /", &[("host", host)], 200);
        }
        let others = [
            "evil.example:8089",
            "127.0.0.1.evil.example:8089",
            "localhost.evil.example:8089",
            "127.0.0.1:x",
            "10.0.0.1:8089",
            "[::2]:8089",
            "::1",
            "",
            "127.0.0.1:8089@evil.example",
            "127.1:8089",
        ];
        for host in others {
            check(&guard(false), "GET /", &[("host", host)], 403);
        }
        check(&guard(false), "GET /", &[], 403);
        check(&guard(false), "GET /", &[("host", "127.0.0.1:8089"), ("host", "evil.example")], 403);
    }

    #[test]
    fn a_refused_host_name_is_answered_with_the_address_of_the_page() {
        let guard = Guard { host: Ipv6Addr::LOCALHOST.into(), secure: true, ..guard(false) };
        let Verdict::Refuse(_, reason) =
            guard.judge(&request("GET /", &[("host", "a")]), Rule::page())
        else {
            panic!("it is answered");
        };
        assert!(reason.starts_with("this page is at https://[::1]:8089 and"), "{reason}");
    }

    #[test]
    fn changes_come_from_our_own_origin_or_from_no_page() {
        let host = ("host", "127.0.0.1:8089");
        for line in ["POST /swarm", "DELETE /x", "GET /stop", "GET /stats/reset"] {
            let check = |header: (&str, &str), expected| {
                check(&guard(false), line, &[host, header], expected);
            };
            check(("accept", "*/*"), 200);
            check(("origin", "http://127.0.0.1:8089"), 200);
            check(("sec-fetch-site", "same-origin"), 200);
            check(("sec-fetch-site", "none"), 200);
            check(("origin", "http://localhost:8089"), 403);
            check(("origin", "http://127.0.0.1:8090"), 403);
            check(("origin", "http://evil.example"), 403);
            check(("origin", "null"), 403);
            check(("origin", "ftp://127.0.0.1:8089"), 403);
            check(("sec-fetch-site", "cross-site"), 403);
            check(("sec-fetch-site", "same-site"), 403);
        }
        let evil = ("origin", "http://evil.example");
        check(&guard(false), "GET /stats/requests", &[host, evil], 200);
        let below = Guard { base_path: "/load".into(), ..guard(false) };
        check(&below, "GET /load/stop", &[host, evil], 403);
        let twice = [host, ("origin", "http://127.0.0.1:8089"), evil];
        check(&guard(false), "POST /x", &twice, 403);
        // The method is refused before where it comes from is looked at.
        for line in ["PUT /", "HEAD /stop", "OPTIONS /stop", "HEAD /swarm", "GET /swarm"] {
            check(&guard(false), line, &[host], 405);
        }
    }

    #[test]
    fn other_sites_may_link_to_the_page_and_no_more() {
        let host = ("host", "127.0.0.1:8089");
        let navigate = ("sec-fetch-mode", "navigate");
        let below = Guard { base_path: "/load".into(), ..guard(false) };
        for site in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
            check(&guard(false), "GET /", &[host, site, navigate], 200);
            check(&guard(false), "GET /", &[host, site, ("sec-fetch-mode", "no-cors")], 403);
            check(&guard(false), "GET /stats/report", &[host, site, navigate], 403);
            check(&guard(false), "GET /api/v1/view", &[host, site], 403);
            check(&guard(false), "POST /", &[host, site, navigate], 403);
            check(&below, "GET /load", &[host, site, navigate], 200);
            check(&below, "GET /load/stats/report", &[host, site, navigate], 403);
        }
        check(&guard(false), "GET /stats/report", &[host, ("sec-fetch-site", "none")], 200);
    }

    #[test]
    fn with_a_token_any_host_will_do_and_nothing_is_seen_without() {
        let guard = guard(true);
        let name = ("host", "loader.example:8089");
        let bearer = format!("Bearer {SECRET}");
        let cookie = format!("a=b; gregaria-8089={SECRET}");
        check(&guard, "GET /", &[name], 401);
        check(&guard, "GET /", &[name, ("authorization", &bearer)], 200);
        check(&guard, "GET /", &[name, ("authorization", &bearer.to_lowercase())], 200);
        check(&guard, "GET /", &[name, ("cookie", &cookie)], 200);
        check(&guard, "POST /x", &[name, ("cookie", &cookie)], 200);
        for line in ["GET /stop", "GET /stats/reset"] {
            check(&guard, line, &[name, ("cookie", &cookie)], 403);
            check(&guard, line, &[name, ("authorization", &bearer)], 200);
            let referer = |url| [name, ("cookie", &*cookie), ("referer", url)];
            check(&guard, line, &referer("http://loader.example:8089/"), 200);
            check(&guard, line, &referer("http://loader.example:9000/"), 403);
            check(&guard, line, &[name, ("cookie", &cookie), ("sec-fetch-site", "none")], 200);
        }
        let evil = ("origin", "http://evil.example");
        check(&guard, "POST /x", &[name, ("cookie", &cookie), evil], 403);
        for wrong in ["Bearer 0123456789abcdeF", "Bearer ", "Basic 0123456789abcdef", SECRET] {
            check(&guard, "GET /", &[name, ("authorization", wrong)], 401);
        }
        check(&guard, "GET /", &[name, ("cookie", &format!("gregaria-8090={SECRET}"))], 401);
        check(&guard, "GET /?token=nonsense", &[name], 401);
        check(&guard, &format!("POST /stop?token={SECRET}"), &[name], 401);
    }

    #[test]
    fn a_token_in_the_url_becomes_a_cookie() {
        let guard = Guard { secure: true, base_path: "/load".into(), ..guard(true) };
        let welcome =
            |uri: &str| match guard.judge(&request(&format!("GET {uri}"), &[]), Rule::page()) {
                Verdict::Redirect { to, cookie } => (to, cookie),
                other => panic!("{other:?}"),
            };
        let (to, cookie) = welcome(&format!("/load/?tab=charts&token={SECRET}&x=a%20b"));
        assert_eq!(to, "/load/?tab=charts&x=a+b");
        assert_eq!(
            cookie,
            format!("gregaria-8089={SECRET}; HttpOnly; SameSite=Strict; Secure; Path=/load")
        );
        assert_eq!(welcome(&format!("/?token={SECRET}")).0, "/");
        assert_eq!(welcome(&format!("//evil.example/?token={SECRET}")).0, "/evil.example/");
    }
}
