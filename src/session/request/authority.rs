//! The authority of a URL, in the form in which names are looked up and sent.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Host;

/// The part of a URL between its scheme and its path, in ASCII.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority<'u> {
    /// User, host and port; a name in A-labels (RFC 5890 section 2.3.2.1), an address without its zone.
    pub(in crate::session) text: Cow<'u, str>,
    /// The interface of this host that a link-local address belongs to. It is not sent in requests (RFC 6874
    /// section 4).
    pub(in crate::session) zone: Option<String>,
}

impl<'u> Authority<'u> {
    /// Parses an authority. ASCII stays as it is, valid or not, but for a zone.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the host.
    pub(in crate::session) fn parse(text: &'u str) -> Result<Self, &'static str> {
        let (userinfo, server) = text.split_at(text.rfind('@').map_or(0, |at| at + 1));
        if let Some(inner) = server.strip_prefix('[') {
            return match inner.split_once(']').and_then(|(inner, port)| {
                inner.split_once('%').map(|(address, zone)| (address, zone, port))
            }) {
                Some((address, zone, port)) => {
                    let text = Cow::Owned(format!("{userinfo}[{address}]{port}"));
                    Ok(Authority { text, zone: Some(zone_id(zone)?) })
                }
                None => Ok(Authority { text: Cow::Borrowed(text), zone: None }),
            };
        }
        if server.is_ascii() && !server.contains('%') {
            return Ok(Authority { text: Cow::Borrowed(text), zone: None });
        }
        let (host, port) = server.split_at(server.find(':').unwrap_or(server.len()));
        let host = Host::parse(host).map_err(|_| "its host is not a name")?;
        Ok(Authority { text: Cow::Owned(format!("{userinfo}{host}{port}")), zone: None })
    }
}

/// Parses the zone behind the `%`: in the form of RFC 6874 (`%25lo`) or in the common form (`%lo`).
fn zone_id(text: &str) -> Result<String, &'static str> {
    let text = text.strip_prefix("25").filter(|rest| !rest.is_empty()).unwrap_or(text);
    let zone = percent_decode_str(text).decode_utf8_lossy().into_owned();
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "%/[]".contains(c);
    if zone.is_empty() || zone.contains(is_odd) {
        return Err("the zone of its address is not an interface");
    }
    Ok(zone)
}

/// Returns a host without the zone of its address.
pub(in crate::session) fn without_zone(host: &str) -> &str {
    host.split('%').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, text: &str, zone: Option<&str>) {
        let zone = zone.map(str::to_owned);
        assert_eq!(Authority::parse(given), Ok(Authority { text: text.into(), zone }));
    }

    /// As `idna.encode(host, uts46=True)` of idna 3.20, which requests uses, has them.
    #[test]
    fn names_become_a_labels() {
        check("caf\u{e9}.example:81", "xn--caf-dma.example:81", None);
        check("CAF\u{c9}.Example", "xn--caf-dma.example", None);
        check("u:p@b\u{fc}cher.example", "u:p@xn--bcher-kva.example", None);
        check("fa\u{df}.example", "xn--fa-hia.example", None);
        check("\u{4f8b}\u{3048}.jp", "xn--r8jz45g.jp", None);
        check("\u{4f8b}\u{3002}jp", "xn--fsq.jp", None);
        // What the error message of a path once recommended.
        check("caf%C3%A9.example", "xn--caf-dma.example", None);
    }

    #[test]
    fn what_is_in_ascii_stays() {
        for same in ["Example.org:80", "u:p@h", "[::1]:81", "127.0.0.1", "a b", "", "a_b", "[::1"] {
            check(same, same, None);
        }
    }

    #[test]
    fn zones_are_told_apart_from_their_addresses() {
        check("[fe80::1%25lo]:81", "[fe80::1]:81", Some("lo"));
        check("u@[fe80::1%eth0.100]", "u@[fe80::1]", Some("eth0.100"));
        check("[fe80::1%2525]", "[fe80::1]", Some("25"));
        check("[fe80::1%25wl%40n]", "[fe80::1]", Some("wl@n"));
        for wrong in ["[fe80::1%]", "[fe80::1%25%20]", "[fe80::1%a/b]"] {
            let error = Authority::parse(wrong).unwrap_err();
            assert_eq!(error, "the zone of its address is not an interface", "{wrong}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in ["\u{e9} b", "\u{e9}|", "xn--\u{e9}", "caf%C3.example", "\u{200d}"] {
            assert_eq!(Authority::parse(wrong), Err("its host is not a name"), "{wrong}");
        }
    }
}
