//! A user's cookies (RFC 6265).
//!
//! The jar is our own, because each of very many users has one and it is searched before each request.
//! One session cookie costs some 200 bytes, and 20 ns per request without an allocation; in the
//! `cookie_store` crate it costs 1,767 bytes, 183 ns and three allocations, and cookies have no order.
//! The parser is our own, because the `cookie` crate knows four forms of a date, where servers write
//! dozens, and only UTF-8.
//!
//! A `Secure` cookie is accepted without TLS, as by RFC 6265 and Python's requests, and sent over TLS
//! only. There is no list of public suffixes.

mod date;
mod set_cookie;

use std::net::IpAddr;
use std::time::Duration;

use set_cookie::{PAIR_BYTES_MAX, SetCookie};

/// The most cookies of a user for one domain: the least that RFC 6265 section 6.1 asks for.
const OF_A_DOMAIN_MAX: usize = 50;
/// The same for all domains.
const COOKIES_MAX: usize = 3000;

/// The parts of a request's URL that decide about cookies.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct CookieUrl<'r> {
    /// Name or address, without brackets.
    pub(in crate::session) host: &'r str,
    /// The path as it is sent, without its query.
    pub(in crate::session) path: &'r str,
    /// Whether it is sent over TLS.
    pub(in crate::session) is_secure: bool,
}

/// A user's cookies. All times are since the Unix epoch.
#[derive(Debug, Clone, Default)]
pub(in crate::session) struct CookieJar {
    /// In the order in which they are sent: longer paths first, then older ones (RFC 6265 section
    /// 5.4).
    cookies: Vec<Cookie>,
    /// How many cookies were ever made.
    made: u32,
}

#[derive(Debug, Clone)]
struct Cookie {
    /// `name=value`, as bytes that are sent as they came.
    pair: Box<[u8]>,
    name_len: u16,
    is_host_only: bool,
    is_secure: bool,
    /// In lower case, without a leading dot.
    domain: Box<str>,
    path: Box<[u8]>,
    /// `None` if it is kept as long as the user lives.
    expires: Option<Duration>,
    /// Its number among all that were ever made.
    number: u32,
}

/// A cookie as it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredCookie<'c> {
    pub(crate) name: &'c [u8],
    pub(crate) value: &'c [u8],
    pub(crate) domain: &'c str,
    pub(crate) path: &'c [u8],
    /// Whether it is sent over TLS only.
    pub(crate) is_secure: bool,
    /// When it ends, since the Unix epoch; `None` if it is kept as long as the user lives.
    pub(crate) expires: Option<Duration>,
}

impl CookieJar {
    /// Applies a `Set-Cookie` header: sets or removes a cookie. An invalid header is ignored.
    pub(in crate::session) fn store(&mut self, header: &[u8], url: CookieUrl<'_>, now: Duration) {
        if let Some(cookie) = Cookie::parse(header, url, now) {
            self.insert(cookie, now);
        }
    }

    /// Sets a cookie for all paths of this host, until the user ends.
    pub(in crate::session) fn set(&mut self, name: &str, value: &str, host: &str, now: Duration) {
        let cookie = Cookie {
            pair: pair(name.as_bytes(), value.as_bytes()),
            name_len: name.len() as u16,
            is_host_only: true,
            is_secure: false,
            domain: host.to_ascii_lowercase().into(),
            path: (*b"/").into(),
            expires: None,
            number: 0,
        };
        self.insert(cookie, now);
    }

    /// Returns whether a cookie is longer than allowed.
    pub(super) fn is_too_long(name: &str, value: &str) -> bool {
        name.len() + value.len() > PAIR_BYTES_MAX
    }

    /// Returns the value of the first cookie of this name, for any URL.
    pub(in crate::session) fn get(&self, name: &str, now: Duration) -> Option<&[u8]> {
        let has_name = |&(candidate, _): &(&[u8], _)| candidate == name.as_bytes();
        self.all(now).find(has_name).map(|(_, value)| value)
    }

    /// Returns all names and values.
    pub(in crate::session) fn all(&self, now: Duration) -> impl Iterator<Item = (&[u8], &[u8])> {
        let alive = self.cookies.iter().filter(move |cookie| !cookie.is_over(now));
        alive.map(|cookie| (cookie.name(), cookie.value()))
    }

    /// Returns all cookies with what they are for.
    pub(super) fn stored(&self, now: Duration) -> impl Iterator<Item = StoredCookie<'_>> {
        let alive = self.cookies.iter().filter(move |cookie| !cookie.is_over(now));
        alive.map(|cookie| StoredCookie {
            name: cookie.name(),
            value: cookie.value(),
            domain: &cookie.domain,
            path: &cookie.path,
            is_secure: cookie.is_secure,
            expires: cookie.expires,
        })
    }

    /// Removes all cookies of this name.
    pub(in crate::session) fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name() != name.as_bytes());
    }

    /// Returns whether a request to this URL has a cookie.
    pub(super) fn has_any(&self, url: CookieUrl<'_>, now: Duration) -> bool {
        self.cookies.iter().any(|cookie| cookie.is_for(url) && !cookie.is_over(now))
    }

    /// Appends the `Cookie` line of a request to this URL, if it has a cookie.
    pub(in crate::session) fn write(&self, url: CookieUrl<'_>, now: Duration, out: &mut Vec<u8>) {
        let mut before: &[u8] = b"Cookie: ";
        for cookie in &self.cookies {
            if cookie.is_for(url) && !cookie.is_over(now) {
                out.extend_from_slice(before);
                out.extend_from_slice(&cookie.pair);
                before = b"; ";
            }
        }
        if before == b"; " {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Inserts a cookie. It replaces one of the same name, domain and path, and keeps its age (RFC 6265
    /// section 5.3, step 11).
    fn insert(&mut self, mut cookie: Cookie, now: Duration) {
        let old = self.cookies.iter().position(|old| old.is_same(&cookie));
        match old {
            Some(at) if cookie.is_over(now) => drop(self.cookies.remove(at)),
            Some(at) => {
                cookie.number = self.cookies[at].number;
                self.cookies[at] = cookie;
            }
            None if cookie.is_over(now) => {}
            None => {
                self.make_room(&cookie.domain, now);
                cookie.number = self.made;
                self.made = self.made.wrapping_add(1);
                let len = cookie.path.len();
                let at = self.cookies.partition_point(|other| other.path.len() >= len);
                // Most users have one or two, and there are very many users.
                if self.cookies.len() < 4 {
                    self.cookies.reserve_exact(1);
                }
                self.cookies.insert(at, cookie);
            }
        }
    }

    /// Makes room for one more cookie: removes those that have expired, then the oldest of the domain, then
    /// the oldest of all.
    fn make_room(&mut self, domain: &str, now: Duration) {
        let of_domain = |cookie: &Cookie| *cookie.domain == *domain;
        let domain_is_full = |cookies: &[Cookie]| {
            cookies.iter().filter(|cookie| of_domain(cookie)).count() >= OF_A_DOMAIN_MAX
        };
        if !domain_is_full(&self.cookies) && self.cookies.len() < COOKIES_MAX {
            return;
        }
        self.cookies.retain(|cookie| !cookie.is_over(now));
        if domain_is_full(&self.cookies) {
            self.remove_oldest(of_domain);
        }
        if self.cookies.len() >= COOKIES_MAX {
            self.remove_oldest(|_| true);
        }
    }

    fn remove_oldest(&mut self, of: impl Fn(&Cookie) -> bool) {
        let candidates = self.cookies.iter().enumerate().filter(|(_, cookie)| of(cookie));
        let oldest = candidates.min_by_key(|(_, cookie)| cookie.number).map(|(at, _)| at);
        oldest.map(|at| self.cookies.remove(at));
    }
}

impl Cookie {
    /// Parses a header of a response to this URL (RFC 6265 section 5.3).
    fn parse(header: &[u8], url: CookieUrl<'_>, now: Duration) -> Option<Cookie> {
        let parsed = SetCookie::parse(header)?;
        if !parsed.matches_its_prefix(url.is_secure) {
            return None;
        }
        let (domain, is_host_only) = domain(parsed.domain, url.host)?;
        Some(Cookie {
            pair: pair(parsed.name, parsed.value),
            name_len: parsed.name.len() as u16,
            is_host_only,
            is_secure: parsed.is_secure,
            domain: domain.into(),
            path: parsed.path.unwrap_or_else(|| default_path(url.path)).into(),
            expires: parsed.expires(now),
            number: 0,
        })
    }

    fn name(&self) -> &[u8] {
        &self.pair[..self.name_len.into()]
    }

    fn value(&self) -> &[u8] {
        &self.pair[usize::from(self.name_len) + 1..]
    }

    /// Returns whether they are the same cookie. A host-only cookie and one for the whole domain are
    /// different, as in RFC 6265bis, curl and requests.
    fn is_same(&self, other: &Cookie) -> bool {
        self.name() == other.name()
            && self.domain == other.domain
            && self.is_host_only == other.is_host_only
            && self.path == other.path
    }

    fn is_over(&self, now: Duration) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_for(&self, url: CookieUrl<'_>) -> bool {
        let host = url.host;
        let domain_matches = if self.is_host_only {
            host.eq_ignore_ascii_case(&self.domain)
        } else {
            is_within(host, &self.domain)
        };
        domain_matches && path_matches(url.path, &self.path) && (!self.is_secure || url.is_secure)
    }
}

fn pair(name: &[u8], value: &[u8]) -> Box<[u8]> {
    [name, b"=", value].concat().into()
}

/// Returns the domain of a cookie, and whether it is for that host only; `None` if the host may not set
/// the cookie.
fn domain(attribute: Option<&[u8]>, host: &str) -> Option<(String, bool)> {
    let own = || host.to_ascii_lowercase();
    let Some(domain) = attribute else { return Some((own(), true)) };
    // A domain that is not UTF-8 is no host's.
    let domain = std::str::from_utf8(domain).ok()?;
    // An address or a name without a dot has no subdomains (as in Python's `http.cookiejar`, without a
    // list of public suffixes).
    if domain.eq_ignore_ascii_case(host) {
        let is_alone = !host.contains('.') || host.parse::<IpAddr>().is_ok();
        return Some((own(), is_alone));
    }
    let may = domain.contains('.') && is_within(host, domain) && host.parse::<IpAddr>().is_err();
    may.then(|| (domain.to_ascii_lowercase(), false))
}

/// Returns whether a name is within a domain (RFC 6265 section 5.1.3).
fn is_within(host: &str, domain: &str) -> bool {
    let Some(dot) = host.len().checked_sub(domain.len() + 1) else {
        return host.eq_ignore_ascii_case(domain);
    };
    let (host, domain) = (host.as_bytes(), domain.as_bytes());
    host[dot] == b'.' && host[dot + 1..].eq_ignore_ascii_case(domain)
}

/// Returns whether a path is within a cookie's path (RFC 6265 section 5.1.4).
fn path_matches(path: &str, cookie_path: &[u8]) -> bool {
    let rest = path.as_bytes().strip_prefix(cookie_path);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(b"/") || cookie_path.ends_with(b"/")
    })
}

/// Returns the path up to its last slash (RFC 6265 section 5.1.4).
fn default_path(path: &str) -> &[u8] {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => &path.as_bytes()[..end],
        _ => b"/",
    }
}

#[cfg(test)]
mod tests;
