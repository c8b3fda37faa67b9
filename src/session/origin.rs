//! Where requests go: a host and port, and the addresses behind it.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::thread;

use super::failure::Failure;
use crate::reactor::{Peer, Reactor, Socket};

/// A host and port as one core knows it. Connections belong to an origin.
#[derive(Debug)]
pub(super) struct Origin {
    host: String,
    port: u16,
    peers: RefCell<Vec<Peer>>,
    /// The address that worked last: the others are tried only when it fails.
    preferred: Cell<usize>,
}

impl Origin {
    fn new(host: &str, port: u16, addresses: &[SocketAddr]) -> Rc<Self> {
        let peers = addresses.iter().copied().map(Peer::new).collect();
        let (peers, preferred) = (RefCell::new(peers), Cell::new(0));
        Rc::new(Origin { host: host.to_owned(), port, peers, preferred })
    }

    /// Connects to the first address that takes us, starting with the one that did so last.
    pub(super) async fn connect(&self, reactor: &Rc<Reactor>) -> Result<Socket, Failure> {
        if self.peers.borrow().is_empty() {
            self.resolve(reactor).await?;
        }
        let count = self.peers.borrow().len();
        let first = self.preferred.get();
        let mut refused = None;
        for choice in (0..count).map(|step| (first + step) % count) {
            let peer = self.peers.borrow()[choice].clone();
            match Socket::connect(reactor, &peer).await {
                Ok(socket) => {
                    self.preferred.set(choice);
                    return Ok(socket);
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(Failure::Connect(refused.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())))
    }

    /// Looks the name up on a thread of its own, because that may block.
    async fn resolve(&self, reactor: &Rc<Reactor>) -> Result<(), Failure> {
        let answer: Arc<OnceLock<io::Result<Vec<SocketAddr>>>> = Arc::default();
        let (host, port) = (self.host.clone(), self.port);
        let (slot, remote) = (answer.clone(), reactor.remote());
        let spawned = thread::Builder::new().name("gregaria-resolve".into()).spawn(move || {
            let _ = slot.set(resolve(&host, port));
            remote.wake();
        });
        spawned.map_err(|error| Failure::Request(format!("cannot resolve: {error}")))?;
        loop {
            let woken = reactor.woken();
            match answer.get() {
                Some(Ok(addresses)) if !addresses.is_empty() => {
                    let peers = addresses.iter().copied().map(Peer::new).collect();
                    self.peers.replace(peers);
                    return Ok(());
                }
                Some(_) => return Err(Failure::Resolve(self.host.clone())),
                None => woken.await,
            }
        }
    }
}

/// The addresses of a host, each once, in the resolver's order. Blocks where the host is a name.
///
/// # Errors
///
/// What the resolver says.
pub(super) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let mut addresses = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// The origins a core has met.
#[derive(Debug, Default)]
pub(super) struct Origins(RefCell<Vec<Rc<Origin>>>);

impl Origins {
    /// The origin of a host and port. Addresses that are known need no look-up.
    pub(super) fn get(&self, host: &str, port: u16, addresses: &[SocketAddr]) -> Rc<Origin> {
        let mut origins = self.0.borrow_mut();
        let known = origins.iter().find(|origin| origin.port == port && origin.host == host);
        known.cloned().unwrap_or_else(|| {
            let origin = Origin::new(host, port, addresses);
            origins.push(origin.clone());
            origin
        })
    }
}
