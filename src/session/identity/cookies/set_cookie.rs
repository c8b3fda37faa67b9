//! Parses the value of a `Set-Cookie` header (RFC 6265 section 5.2).
//!
//! Details are as in its successor (6265bis section 5.6): values are bytes, white space is space and
//! HTAB, and a header with other control characters or of too great a length is ignored. A pair without a
//! name is ignored, as by RFC 6265 and curl.

use std::time::Duration;

use super::date;

/// The most bytes of name and value together.
pub(super) const PAIR_BYTES_MAX: usize = 4096;
/// An attribute with a longer value is ignored.
const ATTRIBUTE_BYTES_MAX: usize = 1024;

/// A parsed header. If an attribute is repeated, the last one counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SetCookie<'h> {
    pub(super) name: &'h [u8],
    pub(super) value: &'h [u8],
    /// Without a leading dot; `None` if it is empty.
    pub(super) domain: Option<&'h [u8]>,
    /// `None` unless it begins with a slash.
    pub(super) path: Option<&'h [u8]>,
    pub(super) is_secure: bool,
    expires: Option<Duration>,
    max_age: Option<Duration>,
}

impl<'h> SetCookie<'h> {
    /// Parses a header's value. Returns `None` if it sets no cookie.
    pub(super) fn parse(header: &'h [u8]) -> Option<Self> {
        if header.iter().any(|&byte| is_control(byte)) {
            return None;
        }
        let mut parts = header.split(|&byte| byte == b';');
        let (name, value) = split_pair(parts.next().unwrap_or_default());
        let value = value?;
        if name.is_empty() || name.len() + value.len() > PAIR_BYTES_MAX {
            return None;
        }
        let mut cookie = SetCookie {
            name,
            value,
            domain: None,
            path: None,
            is_secure: false,
            expires: None,
            max_age: None,
        };
        parts.for_each(|part| cookie.read_attribute(part));
        Some(cookie)
    }

    fn read_attribute(&mut self, part: &'h [u8]) {
        let (name, value) = split_pair(part);
        let value = value.unwrap_or_default();
        let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        if value.len() > ATTRIBUTE_BYTES_MAX {
        } else if is("expires") {
            self.expires = date::parse(value).or(self.expires);
        } else if is("max-age") {
            self.max_age = seconds(value).or(self.max_age);
        } else if is("domain") {
            let domain = value.strip_prefix(b".").unwrap_or(value);
            self.domain = Some(domain).filter(|domain| !domain.is_empty());
        } else if is("path") {
            self.path = Some(value).filter(|path| path.starts_with(b"/"));
        } else if is("secure") {
            self.is_secure = true;
        }
    }

    /// Returns when the cookie expires, since the Unix epoch; `None` for never, or later than a `Duration`
    /// can hold. `Max-Age` has precedence over `Expires`.
    pub(super) fn expires(&self, now: Duration) -> Option<Duration> {
        match self.max_age {
            Some(age) if age.is_zero() => Some(Duration::ZERO),
            Some(age) => now.checked_add(age),
            None => self.expires,
        }
    }

    /// Returns whether it meets the rules for the prefix of its name (RFC 6265bis section 4.1.3): it must be
    /// set over TLS, and with `__Host-` it must be for all paths of that host only.
    pub(super) fn matches_its_prefix(&self, from_secure_url: bool) -> bool {
        let has = |prefix: &str| {
            let start = self.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        let is_secure = self.is_secure && from_secure_url;
        let is_of_host = self.domain.is_none() && self.path == Some(b"/");
        (is_secure || !has("__Secure-")) && ((is_secure && is_of_host) || !has("__Host-"))
    }
}

/// Returns whether this is a control character that makes a header invalid. HTAB is white space.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Splits at the first `=` and trims white space.
fn split_pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = part.iter().position(|&byte| byte == b'=');
    let (name, value) = part.split_at(at.unwrap_or(part.len()));
    // `trim_ascii` also trims some control characters, but there are none left.
    (name.trim_ascii(), value.get(1..).map(<[u8]>::trim_ascii))
}

/// Parses digits, perhaps after a minus sign, which stands for zero (RFC 6265 section 5.2.2).
fn seconds(text: &[u8]) -> Option<Duration> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add((digit - b'0').into());
    let is_over = digits.len() < text.len();
    let seconds = if is_over { 0 } else { digits.iter().fold(0, add) };
    Some(Duration::from_secs(seconds))
}
