//! The base URL of a user's requests.

use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};

use super::authority::{Authority, without_zone};
use crate::credentials::{hidden, hidden_in_malformed};
use crate::transport::tls::{ABSENT, IS_BUILT_IN};

/// A parsed base URL of the scenario or the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BaseUrl {
    /// Whether its scheme is `https`.
    pub secure: bool,
    /// Host name or address, in ASCII, without brackets. A link-local address has its zone, as for the
    /// system's resolver: `fe80::1%lo`.
    pub host: String,
    /// The port; by default 80, or 443 for https.
    pub port: u16,
    /// The value of the `Host` header: the host without a zone, and the port unless it is the scheme's.
    pub authority: String,
    /// The prefix of every path, without a slash at its end; usually empty.
    pub path: String,
    /// User and password from `http://user:password@host`.
    pub basic_auth: Option<(String, String)>,
}

/// The error for a base URL that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no scheme.
    #[error("'{0}' has no scheme, did you mean 'http://{0}'?")]
    NoScheme(String),
    /// The scheme is neither `http` nor `https`.
    #[error("'{0}': only http:// and https:// can be tested")]
    Scheme(String),
    /// The scheme is `https`, and the build has no TLS.
    #[error("'{0}': {ABSENT}")]
    NoTls(String),
    /// There is a query or a fragment.
    #[error("'{0}' has a query or a fragment; a base URL ends with its path")]
    NotABase(String),
    /// A user name or password has a character that must be escaped in a URL.
    #[error(
        "'{shown}': write '{character}' in a user name or password as {escaped}, or the URL does not \
         say where its host begins"
    )]
    Userinfo {
        /// The URL without user name and password.
        shown: String,
        /// The character.
        character: char,
        /// The escaped character (RFC 3986 section 2.1).
        escaped: String,
    },
    /// It is not a URL.
    #[error("'{url}' is not a URL: {reason}")]
    Malformed {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Returns whether a request's path is an absolute URL. As in Locust, its start decides.
pub(crate) fn is_absolute(path: &str) -> bool {
    let starts_with = |scheme: &str| {
        path.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    starts_with("http://") || starts_with("https://")
}

/// Checks that the value of a `Host` header is a host with an optional port (RFC 9110 section 7.2).
///
/// # Errors
///
/// Returns what to write instead.
pub(crate) fn host_header(value: &HeaderValue) -> Result<(), String> {
    let text = String::from_utf8_lossy(value.as_bytes());
    let is_more = text.contains(['/', '?', '#', '@', '%']);
    match BaseUrl::parse(&format!("http://{text}")) {
        Ok(_) if !is_more && text.is_ascii() => Ok(()),
        Ok(BaseUrl { authority, .. }) if !text.contains(['/', '?', '#']) => {
            Err(format!("write '{authority}'"))
        }
        _ => Err("write a host, with a port where one is needed: 'example.org:8080'".to_owned()),
    }
}

impl BaseUrl {
    /// Adds the zone of `host` if both have the same address: servers do not know by which interface they
    /// are reached.
    pub(in crate::session) fn in_zone_of(self, host: &str) -> Self {
        if self.host == without_zone(host) {
            BaseUrl { host: host.to_owned(), ..self }
        } else {
            self
        }
    }

    /// Parses a base URL: `http[s]://[user:password@]host[:port][/prefix]`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, and the nearest valid form if there is one.
    pub fn parse(url: &str) -> Result<BaseUrl, UrlError> {
        let (base, path) = BaseUrl::split(url)?;
        if url.contains(['?', '#']) {
            // A password that was not escaped can look like a port and a query.
            let is_doubtful = url
                .split_once(['?', '#'])
                .is_some_and(|(start, rest)| rest.contains('@') && start.matches(':').count() > 1);
            let shown = if is_doubtful { hidden_in_malformed(url) } else { hidden(url) };
            return Err(UrlError::NotABase(shown.into_owned()));
        }
        Ok(BaseUrl { path: path.trim_end_matches('/').to_owned(), ..base })
    }

    /// Splits an absolute URL into its base, without a prefix, and its path with the query.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`BaseUrl::parse`].
    pub fn split(url: &str) -> Result<(BaseUrl, String), UrlError> {
        // Errors are shown, so they must not contain a password.
        let shown = || hidden_in_malformed(url).into_owned();
        let malformed = |reason: &str| UrlError::Malformed { url: shown(), reason: reason.into() };
        let (scheme, after_scheme) =
            url.split_once("://").ok_or_else(|| UrlError::NoScheme(shown()))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" if IS_BUILT_IN => true,
            "https" => return Err(UrlError::NoTls(shown())),
            _ => return Err(UrlError::Scheme(shown())),
        };
        // Characters such as spaces are allowed in a path: they are escaped when it is sent.
        let path_at = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
        let (authority, path) = after_scheme.split_at(path_at);
        if let Some((character, host)) = misplaced(authority, path) {
            let (shown, mut utf8) = (format!("{scheme}://{host}"), [0; 4]);
            let bytes = character.encode_utf8(&mut utf8).bytes();
            let escaped = bytes.map(|byte| format!("%{byte:02X}")).collect();
            return Err(UrlError::Userinfo { shown, character, escaped });
        }
        let Authority { text: authority, zone } = Authority::parse(authority).map_err(malformed)?;
        let uri: Uri = format!("http://{authority}/")
            .parse()
            .map_err(|error: http::uri::InvalidUri| malformed(&error.to_string()))?;
        let host =
            uri.host().filter(|host| !host.is_empty()).ok_or_else(|| malformed("no host"))?;
        let usual = if secure { 443 } else { 80 };
        let port = port(&authority, host, usual)
            .ok_or_else(|| malformed("its port is not from 1 to 65535"))?;
        let path = path.split('#').next().unwrap_or_default();
        let base = BaseUrl {
            secure,
            host: match zone {
                Some(zone) => format!("{}%{zone}", bare(host)),
                None => bare(host).to_owned(),
            },
            port,
            authority: if port == usual { host.to_owned() } else { format!("{host}:{port}") },
            path: String::new(),
            basic_auth: credentials(&authority),
        };
        Ok((base, if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }))
    }
}

/// Returns a character before the `@` that must be escaped (RFC 3986 section 3.2.1), and the intended
/// host: `#` and `h` for `u:p#ss@h`.
fn misplaced<'u>(authority: &'u str, path: &'u str) -> Option<(char, &'u str)> {
    if let Some((userinfo, host)) = authority.rsplit_once('@') {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:%".contains(c);
        return userinfo.chars().find(|&c| !is_allowed(c)).map(|character| (character, host));
    }
    let character = path.chars().next()?;
    let (_, host) = path.rsplit_once('@')?;
    // Otherwise it is a path or a query that contains an '@'.
    let is_no_port = |(_, port): (&str, &str)| port.parse::<u16>().is_err();
    let ends_a_name = character == '#' || authority.rsplit_once(':').is_some_and(is_no_port);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    (ends_a_name && !authority.starts_with('[')).then_some((character, host))
}

/// Returns a host without the brackets of an address.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Returns the port, by default `usual`. `Uri` does not report a port that is too large, so its own is
/// not used.
fn port(authority: &str, host: &str, usual: u16) -> Option<u16> {
    let server = authority.rsplit('@').next().unwrap_or_default();
    match server.get(host.len()..)? {
        "" => Some(usual),
        behind => behind.strip_prefix(':')?.parse().ok().filter(|&port| port > 0),
    }
}

/// Returns user and password before the `@`, percent-decoded (RFC 3986 section 3.2.1).
fn credentials(authority: &str) -> Option<(String, String)> {
    let (userinfo, _) = authority.rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decode = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(user), decode(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, host: &str, port: u16, authority: &str, path: &str) {
        let base = BaseUrl::parse(url).unwrap();
        let got = (&*base.host, base.port, &*base.authority, &*base.path);
        assert_eq!(got, (host, port, authority, path), "{url}");
    }

    #[test]
    fn urls_are_taken_apart() {
        check("http://127.0.0.1:5000", "127.0.0.1", 5000, "127.0.0.1:5000", "");
        check("http://example.org/", "example.org", 80, "example.org", "");
        check("HTTP://example.org:80/api/v1/", "example.org", 80, "example.org", "/api/v1");
        check("http://[::1]:8080/x", "::1", 8080, "[::1]:8080", "/x");
        check("http://u:p@host", "host", 80, "host", "");
        check(
            "http://caf\u{e9}.example:81/x",
            "xn--caf-dma.example",
            81,
            "xn--caf-dma.example:81",
            "/x",
        );
        check("http://[fe80::1%25lo]/x", "fe80::1%lo", 80, "[fe80::1]", "/x");
        check("http://u:p@[fe80::1%lo]:81", "fe80::1%lo", 81, "[fe80::1]:81", "");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn https_has_a_port_of_its_own() {
        check("https://host", "host", 443, "host", "");
        check("HTTPS://host:443/x", "host", 443, "host", "/x");
        check("https://host:80", "host", 80, "host:80", "");
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn https_is_refused_where_there_is_no_tls() {
        for url in ["https://u:p@host/x", "HTTPS://host"] {
            let error = BaseUrl::parse(url).unwrap_err().to_string();
            assert!(
                error.ends_with("': this build has no TLS; it comes with the cargo feature 'tls'")
            );
            assert!(error.contains("://") && !error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn an_absolute_url_keeps_its_path_and_query() {
        let split = |url| BaseUrl::split(url).unwrap().1;
        assert_eq!(split("http://a/b/c?d=e"), "/b/c?d=e");
        assert_eq!(split("http://a?d=e"), "/?d=e");
        assert_eq!(split("http://a/b c#fragment"), "/b c");
        assert_eq!(split("http://a"), "/");
    }

    #[test]
    fn a_url_inside_a_query_does_not_make_a_path_absolute() {
        assert!(is_absolute("http://a/b") && is_absolute("HTTPS://a"));
        assert!(!is_absolute("/redirect?to=http://a/b") && !is_absolute("/é") && !is_absolute(""));
    }

    #[test]
    fn no_error_shows_credentials() {
        for url in [
            "ftp://u:pw@host",
            "http://u:pw@host:0/",
            "http://u:pw@host/?q",
            "http://u:pw#pw@host",
            "http://u:1#pw@host",
            "http://u:pw pw@host",
            "u:pw@host",
        ] {
            let error = BaseUrl::parse(url).unwrap_err().to_string();
            let host = ["http://host", "***@host"].iter().any(|host| error.contains(host));
            assert!(host && !error.contains("pw"), "{error}");
        }
    }

    #[test]
    fn credentials_come_from_the_url() {
        let auth = |url| BaseUrl::parse(url).unwrap().basic_auth;
        assert_eq!(auth("http://al:p%40ss@host"), Some(("al".into(), "p@ss".into())));
        assert_eq!(auth("http://al@host"), Some(("al".into(), String::new())));
        assert_eq!(auth("http://host"), None);
    }

    #[test]
    fn a_character_that_ends_a_password_is_named_and_the_password_is_not() {
        for (url, character, escaped) in [
            ("http://user:p#ss@h", '#', "%23"),
            ("http://user:p/ss@h:81/x", '/', "%2F"),
            ("http://user:p?ss@h", '?', "%3F"),
            ("http://user:p@ss@h", '@', "%40"),
            ("http://user:p ss@h", ' ', "%20"),
            ("http://user:p[ss@h", '[', "%5B"),
            ("http://us€r:pss@h", '€', "%E2%82%AC"),
            ("http://user:80#ss@h", '#', "%23"),
        ] {
            let error = BaseUrl::parse(url).unwrap_err().to_string();
            assert!(error.starts_with("'http://h"), "{error}");
            assert!(error.contains(&format!("'{character}' in a user name")), "{error}");
            assert!(error.contains(escaped) && !error.contains("ss@"), "{error}");
        }
        for url in ["http://u:p%23ss@h", "http://h/a@b", "http://h:81/a@b", "http://[::1]/a@b"] {
            assert!(BaseUrl::parse(url).is_ok(), "{url}");
        }
        let query = BaseUrl::parse("http://h?to=a@b").unwrap_err();
        assert_eq!(query, UrlError::NotABase("http://h?to=a@b".into()));
    }

    #[test]
    fn a_host_header_is_a_host_and_perhaps_a_port() {
        let judge = |text: &str| host_header(&HeaderValue::from_bytes(text.as_bytes()).unwrap());
        for fine in ["a", "a.example:81", "A_b", "127.0.0.1:5000", "[::1]", "[::1]:81", "a."] {
            assert_eq!(judge(fine), Ok(()), "{fine}");
        }
        for (wrong, cure) in [
            ("caf\u{e9}.example", "write 'xn--caf-dma.example'"),
            ("[fe80::1%lo]:81", "write '[fe80::1]:81'"),
            ("u:p@a", "write 'a'"),
        ] {
            assert_eq!(judge(wrong), Err(cure.to_owned()), "{wrong}");
        }
        for wrong in [
            "", "a b", " a", "a/b", "http://a", "a?b", "a:b", "a:0", "a:70000", "a\tb", "::1",
            "[::1", "a:", "a;b=c d", "\"a\"", "a\\b", "/",
        ] {
            assert!(
                judge(wrong).is_err_and(|cure| cure.contains("a host, with a port")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_zone_stays_with_its_address() {
        let base = |url| BaseUrl::parse(url).unwrap();
        let at = |url| base(url).in_zone_of("fe80::1%lo").host;
        #[cfg(feature = "tls")]
        assert_eq!(at("https://[fe80::1]:81"), "fe80::1%lo");
        assert_eq!(at("http://[fe80::1]:81"), "fe80::1%lo");
        assert_eq!((at("http://[fe80::2]"), at("http://a")), ("fe80::2".into(), "a".into()));
        assert_eq!(base("http://[::1]").in_zone_of("::1").host, "::1");
    }

    #[test]
    fn wrong_urls_say_what_to_do() {
        let error = |url: &str| BaseUrl::parse(url).unwrap_err().to_string();
        assert!(error("localhost:5000").contains("did you mean 'http://localhost:5000'?"));
        assert!(error("http://a/?b=c").contains("ends with its path"));
        assert!(error("ftp://example.org").contains("only http://"));
        for url in [
            "http://",
            "http:///x",
            "http://a:b",
            "http://a:99999",
            "http://a:",
            "http://a b",
            "http://\u{e9} b",
            "http://[::1%]",
            "http://[fe80::1%25lo",
        ] {
            assert!(error(url).contains("is not a URL"), "{url}: {}", error(url));
        }
    }
}
