//! How connections to an origin are made.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::addresses::Addresses;
use super::proxy::{of_proxy, open_tunnel};
use crate::reactor::{Peer, Socket, TcpOptions};
use crate::session::context::Context;
use crate::session::failure::Failure;
use crate::stats::Limit;

/// The kernel sends a connection's first packet again after a second (RFC 6298 section 2).
const SLOW_CONNECT: Duration = Duration::from_secs(1);

/// What the connections of a class of users go through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Via {
    /// Nothing: they go to the addresses of each host.
    #[default]
    Direct,
    /// An HTTP proxy, `http://[user:password@]host[:port]`. Requests by `http` are given to it
    /// whole (RFC 9112 section 3.2.2), those by `https` go through a tunnel.
    Proxy(String),
    /// A socket of this host's file system, to which all of them go. URLs say what is asked there.
    UnixSocket(PathBuf),
}

/// How connections to an origin are made. Connections belong to a route: whatever has the same one
/// may use them.
#[derive(Debug)]
pub(in crate::session) enum Route {
    /// To the addresses of its host.
    Direct(Rc<Addresses>),
    /// To those of a proxy, which takes requests to all hosts, with these credentials.
    Proxy(Rc<Addresses>, Option<HeaderValue>),
    /// To those of a proxy, which opens a tunnel for this text.
    Tunnel(Rc<Addresses>, Box<[u8]>),
    /// To a socket in the file system.
    Unix(Peer),
}

impl Route {
    /// The addresses that connections go to.
    pub(in crate::session) fn addresses(&self) -> Option<&Rc<Addresses>> {
        match self {
            Route::Direct(addresses) | Route::Proxy(addresses, _) | Route::Tunnel(addresses, _) => {
                Some(addresses)
            }
            Route::Unix(_) => None,
        }
    }

    /// Whether it is known where connections go to.
    pub(in crate::session) fn is_looked_up(&self) -> bool {
        self.addresses().is_none_or(|addresses| addresses.are_known())
    }

    /// Waits until that is known.
    pub(in crate::session) async fn look_up(&self, context: &Context) -> Result<(), Failure> {
        let Some(addresses) = self.addresses() else { return Ok(()) };
        let looked_up = addresses.look_up(&context.reactor, context.origins.resolver()).await;
        looked_up.map_err(|failure| self.blame(failure))
    }

    /// Connects, up to where the origin itself is to be spoken with.
    pub(in crate::session) async fn connect(
        &self,
        context: &Context,
        tcp: &TcpOptions,
    ) -> Result<Socket, Failure> {
        let to_first = async |addresses: &Addresses| {
            let _watch = Watch { context, addresses, begin: context.reactor.now() };
            let connected = addresses.connect(&context.reactor, &context.sources, tcp).await;
            connected.map_err(|failure| self.blame(failure))
        };
        match self {
            Route::Direct(addresses) | Route::Proxy(addresses, _) => to_first(addresses).await,
            Route::Tunnel(addresses, request) => {
                open_tunnel(context, to_first(addresses).await?, request).await
            }
            Route::Unix(peer) => {
                let connected = Socket::connect_with(&context.reactor, peer, None, tcp).await;
                connected.map_err(|error| Failure::Connect(error.into()))
            }
        }
    }

    /// Says whose failure it is.
    pub(in crate::session) fn blame(&self, failure: Failure) -> Failure {
        match self {
            Route::Proxy(..) | Route::Tunnel(..) => of_proxy(failure),
            Route::Direct(_) | Route::Unix(_) => failure,
        }
    }
}

/// Tells of connects that take long, also of those that are given up, and of look-ups that failed
/// before.
struct Watch<'r> {
    context: &'r Context,
    addresses: &'r Addresses,
    begin: Instant,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut recorder = self.context.recorder.borrow_mut();
        let reactor = &self.context.reactor;
        // What a core did not look at while it stood still may have been there long since.
        if reactor.now() - self.begin >= SLOW_CONNECT && !reactor.stood_still_since(self.begin) {
            recorder.hit(Limit::SlowConnect);
        }
        for _ in 0..self.addresses.take_failed_look_ups() {
            recorder.hit(Limit::LookUp);
        }
    }
}
