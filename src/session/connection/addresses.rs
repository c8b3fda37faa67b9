//! The addresses of a host, and which of them the next connection goes to.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::local_addresses::LocalAddresses;
use super::resolver::{LookUpResult, Resolver, Subscription};
use crate::reactor::{Peer, Reactor, Socket, TcpOptions, TimedOut};
use crate::session::failure::Failure;

/// How long a connect may take while there is another address to try: the connection attempt delay that
/// RFC 8305 section 5 recommends. An address that drops packets would otherwise use up the whole timeout
/// of the request.
const ATTEMPT_MAX: Duration = Duration::from_millis(250);

/// The addresses of a host and port on one core. Connections take them in turn.
#[derive(Debug)]
pub(in crate::session) struct Addresses {
    host: String,
    port: u16,
    known: RefCell<Vec<Rc<Address>>>,
    /// The latest look-up, running or finished.
    look_up: RefCell<Option<LookUpResult>>,
    subscription: Option<Arc<Subscription>>,
    /// The core's number: each core begins with another address.
    core: usize,
    /// How many connections have been made.
    made: Cell<usize>,
}

/// One of the addresses.
#[derive(Debug)]
struct Address {
    address: SocketAddr,
    peer: Peer,
    /// Whether the last connect failed, so that it is tried after the others.
    failed: Cell<bool>,
    /// Whether the last connect succeeded, so that the next one has the whole timeout.
    worked: Cell<bool>,
}

impl Addresses {
    /// Starts with these addresses, none if they must be looked up, and with a subscription to later
    /// look-ups.
    pub(in crate::session) fn new(
        (host, port): (&str, u16),
        known: &[SocketAddr],
        subscription: Option<Arc<Subscription>>,
        core: usize,
    ) -> Self {
        Addresses {
            host: host.to_owned(),
            port,
            known: RefCell::new(known.iter().map(|&address| Address::new(address)).collect()),
            look_up: RefCell::default(),
            subscription,
            core,
            made: Cell::new(0),
        }
    }

    /// Returns whether there are any.
    pub(super) fn are_known(&self) -> bool {
        !self.known.borrow().is_empty()
    }

    /// Connects to the first address that accepts, beginning with the one whose turn it is, so that
    /// connections are spread over all addresses that work.
    pub(in crate::session) async fn connect(
        &self,
        reactor: &Rc<Reactor>,
        local_addresses: &LocalAddresses,
        tcp: &TcpOptions,
    ) -> Result<Socket, Failure> {
        self.take_update(local_addresses);
        let made = self.made.get();
        self.made.set(made.wrapping_add(1));
        let order = self.order(made);
        // Local addresses advance more slowly than peers, or the same pairs would come again and again.
        let from = made / order.len().max(1) + self.core;
        let mut refused = None;
        for (step, address) in order.iter().enumerate() {
            let attempt = connect_from(
                reactor,
                address,
                local_addresses.for_peer(address.address),
                from,
                tcp,
            );
            let has_time = step + 1 == order.len() || address.worked.get();
            match if has_time { attempt.await } else { briefly(reactor, attempt).await } {
                Ok(socket) => {
                    address.failed.set(false);
                    address.worked.set(true);
                    return Ok(socket);
                }
                Err(error) => {
                    address.worked.set(false);
                    if is_peers(&error) {
                        self.mark_failed(address);
                    }
                    // The error of the last address counts: it had the whole timeout.
                    refused = Some(error);
                }
            }
        }
        let refused = refused.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        Err(Failure::Connect(refused.into()))
    }

    /// Returns the addresses in the order in which a connection tries them, after `made` others: from the
    /// one whose turn it is, with those that failed at the end.
    fn order(&self, made: usize) -> Vec<Rc<Address>> {
        let mut order = self.known.borrow().clone();
        if !order.is_empty() {
            let first = made.wrapping_add(self.core) % order.len();
            order.rotate_left(first);
        }
        order.sort_by_key(|address| address.failed.get());
        order
    }

    /// Marks an address as failed. If all have failed, the address is not the reason, and no mark is kept.
    fn mark_failed(&self, address: &Address) {
        address.failed.set(true);
        let known = self.known.borrow();
        if known.iter().all(|address| address.failed.get()) {
            known.iter().for_each(|address| address.failed.set(false));
        }
    }

    /// Takes over the addresses of the latest look-up that the local addresses can reach.
    fn take_update(&self, local_addresses: &LocalAddresses) {
        let Some(latest) = self.subscription.as_ref().and_then(|subscription| subscription.take())
        else {
            return;
        };
        let reached =
            latest.into_iter().filter(|&address| !local_addresses.for_peer(address).is_empty());
        let renewed: Vec<_> = reached.map(|address| self.keep_or_add(address)).collect();
        if !renewed.is_empty() {
            self.known.replace(renewed);
        }
    }

    fn keep_or_add(&self, address: SocketAddr) -> Rc<Address> {
        let known = self.known.borrow();
        let same = known.iter().find(|known| known.address == address);
        same.cloned().unwrap_or_else(|| Address::new(address))
    }

    /// Returns how many repeated look-ups have failed since the last call.
    pub(super) fn take_failed_look_ups(&self) -> u32 {
        self.subscription.as_ref().map_or(0, |subscription| subscription.take_failures())
    }

    /// Waits for the addresses of the name. A failed look-up fails all requests that wait for it; a later
    /// request starts another.
    pub(in crate::session) async fn look_up(
        &self,
        reactor: &Rc<Reactor>,
        resolver: &Resolver,
    ) -> Result<(), Failure> {
        let result = self.result(reactor, resolver);
        loop {
            let woken = reactor.woken();
            match result.get() {
                Some(addresses) if addresses.is_empty() => {
                    return Err(Failure::Resolve(self.host.clone()));
                }
                Some(addresses) => {
                    if !self.are_known() {
                        let known = addresses.iter().map(|&address| Address::new(address));
                        self.known.replace(known.collect());
                    }
                    return Ok(());
                }
                None => woken.await,
            }
        }
    }

    /// Returns the look-up that is running, or starts one.
    fn result(&self, reactor: &Reactor, resolver: &Resolver) -> LookUpResult {
        let mut latest = self.look_up.borrow_mut();
        let failed = |result: &LookUpResult| result.get().is_some_and(Vec::is_empty);
        if let Some(result) = latest.as_ref().filter(|result| !failed(result)) {
            return result.clone();
        }
        let result = LookUpResult::default();
        resolver.look_up(&self.host, self.port, result.clone(), reactor.remote());
        *latest = Some(result.clone());
        result
    }
}

impl Address {
    fn new(address: SocketAddr) -> Rc<Self> {
        Rc::new(Address {
            address,
            peer: Peer::new(address),
            failed: Cell::new(false),
            worked: Cell::new(false),
        })
    }
}

/// Connects from one of the local addresses, or from the next if that one has no port left for the
/// peer.
async fn connect_from(
    reactor: &Rc<Reactor>,
    to: &Address,
    local_addresses: &[Option<IpAddr>],
    first: usize,
    tcp: &TcpOptions,
) -> io::Result<Socket> {
    let mut tried = Err(io::Error::other("no local address of its family"));
    for step in 0..local_addresses.len() {
        let source = local_addresses[first.wrapping_add(step) % local_addresses.len()];
        tried = Socket::connect_with(reactor, &to.peer, source, tcp).await;
        let no_port = |error: &io::Error| error.kind() == io::ErrorKind::AddrNotAvailable;
        if !tried.as_ref().is_err_and(no_port) {
            break;
        }
    }
    tried
}

/// Returns whether the address that was connected to is the reason of an error, and not this host.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
    };
    let kinds = [ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut];
    kinds.contains(&error.kind())
}

/// Gives up an attempt that takes too long.
async fn briefly(
    reactor: &Rc<Reactor>,
    attempt: impl Future<Output = io::Result<Socket>>,
) -> io::Result<Socket> {
    let attempt = reactor.until(Instant::now() + ATTEMPT_MAX, attempt).await;
    attempt.unwrap_or_else(|TimedOut| Err(io::Error::new(io::ErrorKind::TimedOut, "timed out")))
}

#[cfg(test)]
mod tests;
