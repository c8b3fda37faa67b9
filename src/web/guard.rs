//! Who may see the page, and who may change the run.
//!
//! Without a token the page is on a loopback address, where every program of this host may use it and
//! no web site may: a site that has its own name resolved to our address (DNS rebinding) gives itself
//! away by the `Host` that its visitors' browsers send. With a token nobody else gets in, whatever the
//! host is called. Other sites may link to the page and ask for nothing else. Changes are refused to every other origin besides, as its pages' requests carry the
//! visitor's access: by `Sec-Fetch-Site` (Fetch Metadata Request Headers, section 2.3) and `Origin`
//! (RFC 6454). What a request may change is told by the [`Rule`] of its route, whatever its method.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, REFERER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use cookie::{Cookie, SameSite};

use super::rule::Rule;
use super::token::Token;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The rules of one page.
#[derive(Debug)]
pub(super) struct Guard {
    /// What whoever comes in must know; without one, the page is on a loopback address.
    pub(super) token: Option<Token>,
    /// Where it listens.
    pub(super) host: IpAddr,
    /// And on which port.
    pub(super) port: u16,
    /// Whether it does so by TLS.
    pub(super) secure: bool,
    /// What all of its paths begin with.
    pub(super) base_path: String,
}

/// What is to be done about a request.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is answered.
    Pass,
    /// The token was in the URL: it becomes a cookie, and the URL is asked for without it.
    Welcome {
        /// Where to go on.
        to: String,
        /// For `Set-Cookie`.
        cookie: String,
    },
    /// It is not answered, and why.
    Refuse(StatusCode, String),
    /// The path has no such method.
    Method,
}

impl Guard {
    pub(super) fn judge(&self, request: &Parts, rule: Rule) -> Verdict {
        if let Err(refusal) = self.is_meant_for_us(&request.headers) {
            return refusal;
        }
        if let Some(token) = &self.token {
            if let Some(verdict) = self.by_url(token, request) {
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
        if is_from_elsewhere(&request.headers) && !is_visit(request, rule) {
            return refuse(
                StatusCode::FORBIDDEN,
                "only the page itself may be opened from elsewhere",
            );
        }
        if !rule.allows(&request.method) {
            return Verdict::Method;
        }
        if rule.is_change(&request.method) {
            if !is_same_origin(&request.headers) {
                return refuse(
                    StatusCode::FORBIDDEN,
                    "a page of another origin may not change the run",
                );
            }
            if self.is_doubtful(request) {
                return refuse(
                    StatusCode::FORBIDDEN,
                    "send Authorization: Bearer … with a GET that changes the run, or use POST",
                );
            }
        }
        Verdict::Pass
    }

    /// Without a token, the host must be ours by a name that no site can have.
    fn is_meant_for_us(&self, headers: &HeaderMap) -> Result<(), Verdict> {
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

    /// What is to be done where there is a token in the URL.
    fn by_url(&self, token: &Token, request: &Parts) -> Option<Verdict> {
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
        Some(Verdict::Welcome { to, cookie: cookie.to_string() })
    }

    fn knows(&self, token: &Token, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let name = self.cookie_name();
        let mut cookies = cookies.flat_map(Cookie::split_parse).flatten();
        bears(token, headers)
            || cookies.any(|cookie| cookie.name() == name && token.is(cookie.value()))
    }

    /// Whether a cookie is all that speaks for a change by anything but POST. Pages on other ports of
    /// our host send it along, and by plain HTTP browsers say nothing of where such a request comes
    /// from.
    fn is_doubtful(&self, request: &Parts) -> bool {
        let headers = &request.headers;
        let names_origin = headers.contains_key(FETCH_SITE)
            || headers.contains_key(ORIGIN)
            || one(headers, &REFERER).is_some_and(|referer| is_ours(referer, headers));
        let token = self.token.as_ref().filter(|token| !bears(token, headers));
        request.method != Method::POST && token.is_some() && !names_origin
    }

    /// Browsers know a host's cookies on all of its ports by one name.
    fn cookie_name(&self) -> String {
        format!("gregaria-{}", self.port)
    }
}

/// Whether somebody follows a link to the page. All else would have us work for another site, whose
/// visitors cannot even see the answer.
fn is_visit(request: &Parts, rule: Rule) -> bool {
    let mode = request.headers.get(FETCH_MODE).map(|mode| mode.as_bytes());
    request.method == Method::GET && rule.is_page() && mode == Some(b"navigate")
}

fn refuse(status: StatusCode, reason: impl Into<String>) -> Verdict {
    Verdict::Refuse(status, reason.into())
}

/// The value of a header that is there exactly once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok()
}

/// Whether this is a name of the loopback interface that needs no resolver, and so none that a site
/// can have. Any port will do: whoever comes through a tunnel (`ssh -L`) has another one.
fn is_loopback(host: &str) -> bool {
    let split = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let (name, port) = split.unwrap_or((host, "80"));
    let is_local = name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_local && port.parse::<u16>().is_ok()
}

/// Whether a browser says that a page of another origin asks.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE).map(|site| site.as_bytes());
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// Whether the request comes from our own page, or from no page at all.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if is_from_elsewhere(headers) {
        return false;
    }
    if !headers.contains_key(ORIGIN) {
        return true;
    }
    one(headers, &ORIGIN).is_some_and(|origin| is_ours(origin, headers))
}

/// Whether this origin, or URL, is of the host that was asked.
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

/// The token of a URL, and the URL without it; `None` where there is none.
fn without_token(uri: &Uri) -> Option<(String, String)> {
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    let (tokens, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "token");
    let (_, token) = tokens.into_iter().next()?;
    // A browser would take what begins with two for another host.
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

    /// Of the route that such a request finds.
    fn rule(guard: &Guard, line: &str) -> Rule {
        let path = line.split_once(' ').unwrap().1.strip_prefix(&*guard.base_path).unwrap();
        match path {
            "" | "/" => Rule::page(),
            "/stop" | "/stats/reset" => Rule::change_by_get(),
            "/swarm" => Rule::change(),
            "/x" => Rule::nothing(),
            _ => Rule::read(),
        }
    }

    #[track_caller]
    fn check(guard: &Guard, line: &str, headers: &[(&str, &str)], expected: u16) {
        let status = match guard.judge(&request(line, headers), rule(guard, line)) {
            Verdict::Pass => 200,
            Verdict::Method => 405,
            Verdict::Welcome { .. } => 303,
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
    fn who_asks_by_another_name_is_told_where_the_page_is() {
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
                Verdict::Welcome { to, cookie } => (to, cookie),
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
