//! A user's cookies (RFC 6265): kept as servers set them, sent where they belong.
//!
//! The jar is our own, because there is one for each of very many users and it is asked before each
//! of their requests: a user with one session cookie costs some 200 bytes and 20 ns a request without
//! an allocation, where the `cookie_store` crate takes 1,767 bytes, 183 ns and three allocations, and
//! has no order of its own. So is the parser: the `cookie` crate knows four forms of a date, where
//! servers write dozens, and no octets that are not UTF-8.
//!
//! A `Secure` cookie is kept whoever sets it, as by RFC 6265 and Python's requests, and sent over TLS
//! only. There is no list of public suffixes.

mod date;
mod set_cookie;

use std::net::IpAddr;
use std::time::Duration;

use set_cookie::{PAIR_BYTES_MAX, SetCookie};

/// What RFC 6265 section 6.1 asks for at least, and so all that a user keeps.
const OF_A_DOMAIN_MAX: usize = 50;
const COOKIES_MAX: usize = 3000;

/// Where a request goes, as far as cookies are concerned.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct Place<'r> {
    /// Name or address, without brackets.
    pub(in crate::session) host: &'r str,
    /// The path as it is sent, without its query.
    pub(in crate::session) path: &'r str,
    /// Whether nobody can listen.
    pub(in crate::session) is_secure: bool,
}

/// A user's cookies. All times are since the Unix epoch.
#[derive(Debug, Default)]
pub(in crate::session) struct Jar {
    /// In the order in which they are sent: longer paths first, then older ones (RFC 6265 section
    /// 5.4).
    cookies: Vec<Cookie>,
    /// How many there ever were.
    made: u32,
}

#[derive(Debug)]
struct Cookie {
    /// `name=value`: octets, which are sent as they came.
    pair: Box<[u8]>,
    name_len: u16,
    is_host_only: bool,
    is_secure: bool,
    /// In lower case, without a leading dot.
    domain: Box<str>,
    path: Box<[u8]>,
    /// `None`: with the user.
    expires: Option<Duration>,
    /// Its number among all there ever were.
    number: u32,
}

impl Jar {
    /// Does what a `Set-Cookie` header says: sets a cookie, or takes one away. A header that breaks
    /// a rule does nothing.
    pub(in crate::session) fn store(&mut self, header: &[u8], place: Place<'_>, now: Duration) {
        if let Some(cookie) = Cookie::parse(header, place, now) {
            self.insert(cookie, now);
        }
    }

    /// Sets a cookie of this host for all of its paths, until the user ends.
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

    /// Whether a cookie would take more than its share.
    pub(super) fn is_too_long(name: &str, value: &str) -> bool {
        name.len() + value.len() > PAIR_BYTES_MAX
    }

    /// The value of the first cookie of this name, whatever it is for.
    pub(in crate::session) fn get(&self, name: &str, now: Duration) -> Option<&[u8]> {
        let is_it = |&(candidate, _): &(&[u8], _)| candidate == name.as_bytes();
        self.all(now).find(is_it).map(|(_, value)| value)
    }

    /// All names and values.
    pub(in crate::session) fn all(&self, now: Duration) -> impl Iterator<Item = (&[u8], &[u8])> {
        let alive = self.cookies.iter().filter(move |cookie| !cookie.is_over(now));
        alive.map(|cookie| (cookie.name(), cookie.value()))
    }

    /// Takes all cookies of this name away.
    pub(in crate::session) fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name() != name.as_bytes());
    }

    /// Whether a cookie is for a request to this place.
    pub(super) fn has_any(&self, place: Place<'_>, now: Duration) -> bool {
        self.cookies.iter().any(|cookie| cookie.is_for(place) && !cookie.is_over(now))
    }

    /// Appends the `Cookie` line of a request, if a cookie is for it.
    pub(in crate::session) fn write(&self, place: Place<'_>, now: Duration, out: &mut Vec<u8>) {
        let mut before: &[u8] = b"Cookie: ";
        for cookie in &self.cookies {
            if cookie.is_for(place) && !cookie.is_over(now) {
                out.extend_from_slice(before);
                out.extend_from_slice(&cookie.pair);
                before = b"; ";
            }
        }
        if before == b"; " {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// A cookie takes the place, and the age, of one of the same name, domain and path (RFC 6265
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

    /// Where there are too many: those that are over go, then the oldest of the domain, then the
    /// oldest of all.
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
    /// The cookie that a header from a place makes (RFC 6265 section 5.3).
    fn parse(header: &[u8], place: Place<'_>, now: Duration) -> Option<Cookie> {
        let parsed = SetCookie::parse(header)?;
        if !parsed.keeps_its_promise(place.is_secure) {
            return None;
        }
        let (domain, is_host_only) = domain(parsed.domain, place.host)?;
        Some(Cookie {
            pair: pair(parsed.name, parsed.value),
            name_len: parsed.name.len() as u16,
            is_host_only,
            is_secure: parsed.is_secure,
            domain: domain.into(),
            path: parsed.path.unwrap_or_else(|| default_path(place.path)).into(),
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

    /// As RFC 6265bis, curl and requests have it: one of a host and one of its whole domain are two.
    fn is_same(&self, other: &Cookie) -> bool {
        self.name() == other.name()
            && self.domain == other.domain
            && self.is_host_only == other.is_host_only
            && self.path == other.path
    }

    fn is_over(&self, now: Duration) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_for(&self, place: Place<'_>) -> bool {
        let host = place.host;
        let domain_matches = if self.is_host_only {
            host.eq_ignore_ascii_case(&self.domain)
        } else {
            is_within(host, &self.domain)
        };
        domain_matches
            && path_matches(place.path, &self.path)
            && (!self.is_secure || place.is_secure)
    }
}

fn pair(name: &[u8], value: &[u8]) -> Box<[u8]> {
    [name, b"=", value].concat().into()
}

/// The domain a cookie is for, and whether it is one host alone; none where the host may not set it.
fn domain(attribute: Option<&[u8]>, host: &str) -> Option<(String, bool)> {
    let own = || host.to_ascii_lowercase();
    let Some(domain) = attribute else { return Some((own(), true)) };
    // No host has octets that are no UTF-8: its cookie is refused.
    let domain = std::str::from_utf8(domain).ok()?;
    // An address is a domain of its own, and so is a name of one word: nobody's parent (as Python's
    // `http.cookiejar` has it, without a list of public suffixes).
    if domain.eq_ignore_ascii_case(host) {
        let is_alone = !host.contains('.') || host.parse::<IpAddr>().is_ok();
        return Some((own(), is_alone));
    }
    let may = domain.contains('.') && is_within(host, domain) && host.parse::<IpAddr>().is_err();
    may.then(|| (domain.to_ascii_lowercase(), false))
}

/// RFC 6265 section 5.1.3, for names.
fn is_within(host: &str, domain: &str) -> bool {
    let Some(dot) = host.len().checked_sub(domain.len() + 1) else {
        return host.eq_ignore_ascii_case(domain);
    };
    let (host, domain) = (host.as_bytes(), domain.as_bytes());
    host[dot] == b'.' && host[dot + 1..].eq_ignore_ascii_case(domain)
}

/// RFC 6265 section 5.1.4.
fn path_matches(path: &str, cookie_path: &[u8]) -> bool {
    let rest = path.as_bytes().strip_prefix(cookie_path);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(b"/") || cookie_path.ends_with(b"/")
    })
}

/// The path up to its last slash (RFC 6265 section 5.1.4).
fn default_path(path: &str) -> &[u8] {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => &path.as_bytes()[..end],
        _ => b"/",
    }
}

#[cfg(test)]
mod tests;
