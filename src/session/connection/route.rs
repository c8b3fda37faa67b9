//! How connections to an origin are made.

use std::rc::Rc;
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::addresses::Addresses;
use super::network::Network;
use super::proxy::{of_proxy, open_tunnel};
use crate::reactor::{Peer, Socket, TcpOptions};
use crate::session::failure::Failure;
use crate::stats::Limit;

/// The kernel sends a connection's first packet again after a second (RFC 6298 section 2).
const SLOW_CONNECT: Duration = Duration::from_secs(1);

/// How connections to an origin are made. Connections belong to a route: all origins with this route may
/// use them.
#[derive(Debug)]
pub(in crate::session) enum Route {
    /// To the addresses of its host.
    Direct(Rc<Addresses>),
    /// To the addresses of a proxy, which takes requests to all hosts, with these credentials.
    Proxy(Rc<Addresses>, Option<HeaderValue>),
    /// To the addresses of a proxy, which opens a tunnel for this CONNECT request.
    Tunnel(Rc<Addresses>, Box<[u8]>),
    /// To a Unix socket.
    Unix(Peer),
}

impl Route {
    /// Returns the addresses that connections go to.
    pub(in crate::session) fn addresses(&self) -> Option<&Rc<Addresses>> {
        match self {
            Route::Direct(addresses) | Route::Proxy(addresses, _) | Route::Tunnel(addresses, _) => {
                Some(addresses)
            }
            Route::Unix(_) => None,
        }
    }

    /// Returns whether the addresses are known.
    pub(in crate::session) fn is_looked_up(&self) -> bool {
        self.addresses().is_none_or(|addresses| addresses.are_known())
    }

    /// Waits until the addresses are known.
    pub(in crate::session) async fn look_up(&self, network: Network<'_>) -> Result<(), Failure> {
        let Some(addresses) = self.addresses() else { return Ok(()) };
        let looked_up = addresses.look_up(network.reactor, network.resolver).await;
        looked_up.map_err(|failure| self.blame(failure))
    }

    /// Connects to the origin, through the proxy's tunnel if there is one.
    pub(in crate::session) async fn connect(
        &self,
        network: Network<'_>,
        tcp: &TcpOptions,
    ) -> Result<Socket, Failure> {
        let to_first = async |addresses: &Addresses| {
            let _watch = Watch { network, addresses, begin: network.reactor.now() };
            let connected = addresses.connect(network.reactor, network.local_addresses, tcp).await;
            connected.map_err(|failure| self.blame(failure))
        };
        match self {
            Route::Direct(addresses) | Route::Proxy(addresses, _) => to_first(addresses).await,
            Route::Tunnel(addresses, request) => {
                open_tunnel(network, to_first(addresses).await?, request).await
            }
            Route::Unix(peer) => {
                let connected = Socket::connect_with(network.reactor, peer, None, tcp).await;
                connected.map_err(|error| Failure::Connect(error.into()))
            }
        }
    }

    /// Marks a failure as the proxy's, if the route goes through one.
    pub(in crate::session) fn blame(&self, failure: Failure) -> Failure {
        match self {
            Route::Proxy(..) | Route::Tunnel(..) => of_proxy(failure),
            Route::Direct(_) | Route::Unix(_) => failure,
        }
    }
}

/// Records slow connects, also if they are given up, and earlier failed look-ups.
struct Watch<'r> {
    network: Network<'r>,
    addresses: &'r Addresses,
    begin: Instant,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let Network { reactor, recorder, .. } = self.network;
        let mut recorder = recorder.borrow_mut();
        // During a standstill the core could not see that the connection was made.
        if reactor.now() - self.begin >= SLOW_CONNECT && !reactor.stood_still_since(self.begin) {
            recorder.hit(Limit::SlowConnect);
        }
        for _ in 0..self.addresses.take_failed_look_ups() {
            recorder.hit(Limit::LookUp);
        }
    }
}

#[cfg(test)]
mod tests;
