//! The hosts of a run and their addresses, looked up before it begins.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::{Error, Options};
use crate::scenario::{Scenario, User};
use crate::session::{BaseUrl, LocalAddresses, Resolve, ResolvedUrl, Via, is_absolute};

/// The hosts of a run.
pub(super) struct Hosts {
    /// The host of each class, in the scenario's order.
    pub(super) targets: Vec<ResolvedUrl>,
    /// Other hosts that connections may go to.
    pub(super) other_hosts: Vec<ResolvedUrl>,
}

impl Hosts {
    /// Looks up all hosts that users connect to directly. Hosts behind a proxy or a Unix socket need no
    /// address here.
    pub(super) fn look_up(
        scenario: &Scenario,
        options: &Options,
        local_addresses: &LocalAddresses,
        mut ready: impl FnMut(usize),
    ) -> Result<Self, Error> {
        let mut known = Known::new(&options.resolve, local_addresses)?;
        let (mut targets, mut other_hosts) = (Vec::new(), Vec::new());
        for (class, user) in scenario.users.iter().enumerate() {
            let url = target(scenario, user, options.host.as_deref())?;
            if user.policy.via == Via::Direct {
                targets.push(known.look_up(url)?);
                for url in absolute_urls(user) {
                    other_hosts.push(known.look_up(BaseUrl::split(url)?.0)?);
                }
            } else {
                targets.push(ResolvedUrl { url, addresses: Vec::new(), by_hand: false });
                if let Via::Proxy(url) = &user.policy.via {
                    other_hosts.push(known.look_up(BaseUrl::parse(url)?)?);
                }
            }
            ready(class);
        }
        // Tasks written in Rust may use hosts that are resolved by an option.
        for Resolve { url, .. } in &options.resolve {
            for secure in [false, true] {
                other_hosts.push(known.look_up(BaseUrl { secure, ..url.clone() })?);
            }
        }
        of_use(local_addresses, targets.iter().chain(&other_hosts))?;
        Ok(Hosts { targets, other_hosts })
    }
}

fn target(scenario: &Scenario, user: &User, host: Option<&str>) -> Result<BaseUrl, Error> {
    let url = host.or(user.host.as_deref()).or(scenario.host.as_deref()).ok_or_else(|| {
        let place = user.place.iter().map(|place| format!("{place}: ")).collect();
        Error::NoHost { place, user: user.name.clone() }
    })?;
    Ok(BaseUrl::parse(url)?)
}

/// Makes the local addresses of connections.
pub(super) fn local_addresses(local: &[IpAddr]) -> Result<LocalAddresses, Error> {
    let local_addresses = LocalAddresses::new(local);
    match local_addresses.check() {
        Ok(()) => Ok(local_addresses),
        Err((address, error)) => Err(Error::NotOurs { address, reason: without_number(&error) }),
    }
}

/// Refuses a local address from which no host can be reached.
fn of_use<'h>(
    local_addresses: &LocalAddresses,
    hosts: impl Iterator<Item = &'h ResolvedUrl>,
) -> Result<(), Error> {
    let addresses: Vec<IpAddr> =
        hosts.flat_map(|host| &host.addresses).map(SocketAddr::ip).collect();
    for from in local_addresses.iter() {
        let is_reached = |to: &IpAddr| to.is_ipv4() == from.is_ipv4();
        if let Some(&to) = addresses.first().filter(|_| !addresses.iter().any(is_reached)) {
            return Err(Error::Family { to, from });
        }
    }
    Ok(())
}

/// Reachable addresses by host and port, so that each is looked up once, and whether they came from an
/// option.
struct Known<'s> {
    addresses: HashMap<(String, u16), (Vec<SocketAddr>, bool)>,
    local_addresses: &'s LocalAddresses,
}

impl<'s> Known<'s> {
    fn new(by_hand: &[Resolve], local_addresses: &'s LocalAddresses) -> Result<Self, Error> {
        let mut hosts = Known { addresses: HashMap::new(), local_addresses };
        for Resolve { url, addresses } in by_hand {
            hosts.know(url, addresses.clone(), true)?;
        }
        Ok(hosts)
    }

    fn look_up(&mut self, url: BaseUrl) -> Result<ResolvedUrl, Error> {
        if let Some((addresses, by_hand)) = self.addresses.get(&key(&url)) {
            return Ok(ResolvedUrl { url, addresses: addresses.clone(), by_hand: *by_hand });
        }
        let host = url.host.clone();
        let ResolvedUrl { url, addresses, by_hand } = ResolvedUrl::look_up(url)
            .map_err(|error| Error::Resolve { host, reason: reason(&error) })?;
        let addresses = self.know(&url, addresses, by_hand)?.to_vec();
        Ok(ResolvedUrl { url, addresses, by_hand })
    }

    /// Remembers those addresses that are reachable from the local addresses.
    fn know(
        &mut self,
        url: &BaseUrl,
        all: Vec<SocketAddr>,
        by_hand: bool,
    ) -> Result<&[SocketAddr], Error> {
        let is_reached =
            |address: &&SocketAddr| !self.local_addresses.for_peer(**address).is_empty();
        let reached: Vec<_> = all.iter().filter(is_reached).copied().collect();
        match (reached.is_empty(), self.local_addresses.iter().next(), all.first()) {
            (true, Some(from), Some(to)) => Err(Error::Family { to: to.ip(), from }),
            _ => {
                let entry = self.addresses.entry(key(url)).insert_entry((reached, by_hand));
                Ok(&entry.into_mut().0)
            }
        }
    }
}

pub(super) fn key(url: &BaseUrl) -> (String, u16) {
    (url.host.to_ascii_lowercase(), url.port)
}

/// Returns the system's message without the error number.
fn without_number(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Returns the resolver's message without its preamble.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(": ").map_or(text.clone(), |(_, reason)| reason.to_owned())
}

/// Returns the absolute URLs of declared steps. They are rendered when the cores start, and must not
/// fail there.
fn absolute_urls(user: &User) -> impl Iterator<Item = &str> {
    let paths = user.steps().map(|step| &*step.request.path);
    paths.filter(|path| is_absolute(path))
}
