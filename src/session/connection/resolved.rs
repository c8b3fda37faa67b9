//! Base URLs whose hosts have been looked up, and curl's `--resolve`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::resolver::resolve;
use crate::session::request::base_url::BaseUrl;

/// A base URL and the addresses of its host, looked up before the run, so that the first requests do not
/// wait for a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedUrl {
    /// The URL.
    pub url: BaseUrl,
    /// The addresses of its host, at least one.
    pub addresses: Vec<SocketAddr>,
    /// Whether the addresses were given by the user (`--resolve`) and are never looked up again.
    pub by_hand: bool,
}

impl ResolvedUrl {
    /// Looks up the host of a URL. Blocks if it is a name.
    ///
    /// # Errors
    ///
    /// Returns the error of the system's resolver, or an error if the name has no address.
    pub fn look_up(url: BaseUrl) -> io::Result<Self> {
        let addresses = resolve(&url.host, url.port)?;
        if addresses.is_empty() {
            return Err(io::Error::other("the name has no address"));
        }
        Ok(ResolvedUrl { url, addresses, by_hand: false })
    }
}

/// Given addresses of a host and port, which are not looked up, as by curl's `--resolve`. They are
/// written as `HOST:PORT:ADDRESS[,ADDRESS...]`, with brackets around a host that is an IPv6 address, and
/// optionally around the addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resolve {
    /// Host and port, as a URL.
    pub url: BaseUrl,
    /// At least one address, each once.
    pub addresses: Vec<SocketAddr>,
}

/// The error for a text that is not a [`Resolve`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; expected HOST:PORT:ADDRESS[,ADDRESS...], such as example.org:80:127.0.0.1")]
pub struct InvalidResolve(String);

impl FromStr for Resolve {
    type Err = InvalidResolve;

    fn from_str(text: &str) -> Result<Self, InvalidResolve> {
        let incomplete = || InvalidResolve("there is no host, port or address".into());
        // The colons of an address in brackets do not count.
        let host_end = if text.starts_with('[') { text.find(']').map(|at| at + 1) } else { None };
        let host_end = host_end.or_else(|| text.find(':')).ok_or_else(incomplete)?;
        let rest = text[host_end..].strip_prefix(':').ok_or_else(incomplete)?;
        let (port, list) = rest.split_once(':').ok_or_else(incomplete)?;
        let url = format!("http://{}:{port}", &text[..host_end]);
        let url = BaseUrl::parse(&url).map_err(|error| InvalidResolve(error.to_string()))?;
        // In curl '*' is any host. Here each host must be known before the run.
        let is_pattern = url.host.contains('*');
        if is_pattern || url.basic_auth.is_some() || !url.path.is_empty() {
            return Err(InvalidResolve("a host is a name or an address".into()));
        }
        let mut addresses = Vec::new();
        for address in list.split(',') {
            let address = ip(address)
                .ok_or_else(|| InvalidResolve(format!("'{address}' is not an IP address")))?;
            let address = SocketAddr::new(address, url.port);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(Resolve { url, addresses })
    }
}

fn ip(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: u16, addresses: &[&str]) {
        let resolve: Resolve = text.parse().unwrap();
        let got: Vec<_> = resolve.addresses.iter().map(SocketAddr::to_string).collect();
        assert_eq!((&*resolve.url.host, resolve.url.port, got), {
            let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
            (host, port, addresses)
        });
    }

    #[test]
    fn hosts_and_addresses_are_written_as_for_curl() {
        check("a.example:80:127.0.0.1", "a.example", 80, &["127.0.0.1:80"]);
        let several = ["10.0.0.1:81", "[::1]:81", "[fe80::2]:81"];
        check("a:81:10.0.0.1,::1,[fe80::2],10.0.0.1", "a", 81, &several);
        check("[::1]:82:127.0.0.1", "::1", 82, &["127.0.0.1:82"]);
    }

    #[test]
    fn what_is_no_resolution_says_what_is_missing() {
        for (text, reason) in [
            ("", "there is no host"),
            ("a", "there is no host"),
            ("a:80", "there is no host"),
            ("[::1", "is not a URL"),
            ("a:80:", "'' is not an IP address"),
            ("a:80:b", "'b' is not an IP address"),
            ("a:0:127.0.0.1", "its port is not from 1 to 65535"),
            ("a:x:127.0.0.1", "is not a URL"),
            (":80:127.0.0.1", "is not a URL"),
            ("u@a:80:127.0.0.1", "a host is a name or an address"),
            ("a/b:80:127.0.0.1", "a host is a name or an address"),
            ("*:80:127.0.0.1", "a host is a name or an address"),
        ] {
            let error = text.parse::<Resolve>().unwrap_err().to_string();
            assert!(error.starts_with(reason) || error.contains(reason), "{text}: {error}");
            assert!(error.contains("such as example.org:80:127.0.0.1"), "{error}");
        }
    }
}
