//! Where requests go: a host and port, and the addresses behind it.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::base_url::BaseUrl;
use super::failure::Failure;
use super::resolved::ResolvedUrl;
use super::sources::Sources;
use crate::reactor::{Peer, Reactor, Socket, TimedOut};

/// How long an address may take while there is another to try: the connection attempt delay that
/// RFC 8305 section 5 recommends. One that drops what it is sent would otherwise use up the whole
/// timeout of the request.
const ATTEMPT_MAX: Duration = Duration::from_millis(250);
/// The most origins a core remembers. A plan names a few; only paths made on the way can be more.
const ORIGINS_MAX: usize = 1000;

/// A scheme, host and port as one core knows it (RFC 9110 section 4.3.1). Connections belong to an
/// origin.
#[derive(Debug)]
pub(super) struct Origin {
    /// Whether connections speak TLS.
    pub(super) secure: bool,
    host: String,
    port: u16,
    /// Whether the next request to the same host and port finds this origin again.
    pub(super) remembered: bool,
    addresses: RefCell<Vec<Address>>,
    look_up: RefCell<Option<LookUp>>,
}

/// One of an origin's addresses.
#[derive(Debug)]
struct Address {
    peer: Peer,
    /// It did not take us the last time, so it is tried after the others.
    failed: Cell<bool>,
}

/// A look-up that runs or has just ended: the addresses, none where there are none. Everybody who
/// waits for the name shares it.
type LookUp = Arc<OnceLock<Vec<SocketAddr>>>;

impl Origin {
    fn new(url: &BaseUrl, addresses: &[SocketAddr], remembered: bool) -> Rc<Self> {
        Rc::new(Origin {
            secure: url.secure,
            host: url.host.clone(),
            port: url.port,
            remembered,
            addresses: RefCell::new(addresses_of(addresses)),
            look_up: RefCell::default(),
        })
    }

    /// Name or address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether its addresses are known.
    pub(super) fn is_resolved(&self) -> bool {
        !self.addresses.borrow().is_empty()
    }

    /// Waits for the addresses of its name.
    pub(super) async fn look_up_name(&self, reactor: &Rc<Reactor>) -> Result<(), Failure> {
        self.resolve(reactor, resolve).await
    }

    /// Connects to the first address that takes us. Users begin with different ones, by their
    /// number, so that they are spread over all that work.
    pub(super) async fn connect(
        &self,
        reactor: &Rc<Reactor>,
        sources: &Sources,
        user: u64,
    ) -> Result<Socket, Failure> {
        let order = self.order(user);
        let mut refused = None;
        for (step, &choice) in order.iter().enumerate() {
            let peer = self.addresses.borrow()[choice].peer.clone();
            // Were both the user's number modulo something, they would go in step.
            let attempt = connect_from(reactor, &peer, sources, user as usize / order.len());
            let is_last = step + 1 == order.len();
            match if is_last { attempt.await } else { briefly(reactor, attempt).await } {
                Ok(socket) => {
                    self.addresses.borrow()[choice].failed.set(false);
                    return Ok(socket);
                }
                Err(error) => {
                    if is_peers(&error) {
                        self.mark_failed(choice);
                    }
                    refused = refused.or(Some(error));
                }
            }
        }
        let refused = refused.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        Err(Failure::Connect(refused.into()))
    }

    /// The addresses in the order in which a user tries them: its own first, those that failed last.
    fn order(&self, user: u64) -> Vec<usize> {
        let addresses = self.addresses.borrow();
        let count = addresses.len();
        let mut order: Vec<_> = (0..count).map(|step| (user as usize + step) % count).collect();
        order.sort_by_key(|&choice| addresses[choice].failed.get());
        order
    }

    /// Once all have failed, it was not for the address that they did.
    fn mark_failed(&self, choice: usize) {
        let addresses = self.addresses.borrow();
        addresses[choice].failed.set(true);
        if addresses.iter().all(|address| address.failed.get()) {
            addresses.iter().for_each(|address| address.failed.set(false));
        }
    }

    /// Waits for the addresses of the name. A look-up that fails does so for all who wait for it;
    /// whoever comes later starts another.
    async fn resolve(&self, reactor: &Rc<Reactor>, resolver: impl Resolver) -> Result<(), Failure> {
        let look_up = self.look_up(reactor, resolver)?;
        loop {
            let woken = reactor.woken();
            match look_up.get() {
                Some(addresses) if addresses.is_empty() => {
                    return Err(Failure::Resolve(self.host.clone()));
                }
                Some(addresses) => {
                    if self.addresses.borrow().is_empty() {
                        self.addresses.replace(addresses_of(addresses));
                    }
                    return Ok(());
                }
                None => woken.await,
            }
        }
    }

    /// The look-up that is on its way, or else a new one. It has a thread of its own, because it
    /// may block. The thread inherits the core's pinning: it sleeps nearly all of its time.
    fn look_up(&self, reactor: &Reactor, resolver: impl Resolver) -> Result<LookUp, Failure> {
        let mut latest = self.look_up.borrow_mut();
        let failed = |look_up: &LookUp| look_up.get().is_some_and(Vec::is_empty);
        if let Some(look_up) = latest.as_ref().filter(|look_up| !failed(look_up)) {
            return Ok(look_up.clone());
        }
        let look_up = LookUp::default();
        let (host, port) = (self.host.clone(), self.port);
        let (slot, remote) = (look_up.clone(), reactor.remote());
        let spawned = thread::Builder::new().name("gregaria-resolve".into()).spawn(move || {
            let _ = slot.set(resolver(&host, port).unwrap_or_default());
            remote.wake();
        });
        spawned.map_err(|error| Failure::Request(format!("cannot resolve: {error}")))?;
        *latest = Some(look_up.clone());
        Ok(look_up)
    }
}

fn addresses_of(addresses: &[SocketAddr]) -> Vec<Address> {
    let address = |&address| Address { peer: Peer::new(address), failed: Cell::new(false) };
    addresses.iter().map(address).collect()
}

/// Connects from one of the addresses of this host, or from the next where that one has no port left
/// for the peer.
async fn connect_from(
    reactor: &Rc<Reactor>,
    peer: &Peer,
    sources: &Sources,
    first: usize,
) -> io::Result<Socket> {
    let sources = sources.to(peer.address());
    let mut tried = Err(io::ErrorKind::AddrNotAvailable.into());
    for step in 0..sources.len() {
        let source = sources[(first + step) % sources.len()];
        tried = Socket::connect(reactor, peer, source).await;
        let no_port = |error: &io::Error| error.kind() == io::ErrorKind::AddrNotAvailable;
        if !tried.as_ref().is_err_and(no_port) {
            break;
        }
    }
    tried
}

/// Whether an error says something about the address that was connected to, and not only about this
/// host's means.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
    };
    let kinds = [ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut];
    kinds.contains(&error.kind())
}

/// Gives an attempt up where it takes too long.
async fn briefly(
    reactor: &Rc<Reactor>,
    attempt: impl Future<Output = io::Result<Socket>>,
) -> io::Result<Socket> {
    let attempt = reactor.until(Instant::now() + ATTEMPT_MAX, attempt).await;
    attempt.unwrap_or_else(|TimedOut| Err(io::Error::new(io::ErrorKind::TimedOut, "timed out")))
}

/// What [`resolve`] does, on another thread.
trait Resolver: FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static {}
impl<F: FnOnce(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + 'static> Resolver for F {}

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

/// The origins a core knows.
#[derive(Debug, Default)]
pub(super) struct Origins(RefCell<Vec<Rc<Origin>>>);

impl Origins {
    /// The origin of a host that the plan names: its addresses are known, and it is remembered
    /// however many there are.
    pub(super) fn know(&self, target: &ResolvedUrl) -> Rc<Origin> {
        let ResolvedUrl { url, addresses } = target;
        self.find(url).unwrap_or_else(|| self.remember(Origin::new(url, addresses, true)))
    }

    /// The origin of a host that is met on the way. Where too many were met already it is a new one
    /// each time, so that a task that makes up hosts does not fill the memory.
    pub(super) fn get(&self, url: &BaseUrl) -> Rc<Origin> {
        self.find(url).unwrap_or_else(|| {
            if self.0.borrow().len() < ORIGINS_MAX {
                self.remember(Origin::new(url, &[], true))
            } else {
                Origin::new(url, &[], false)
            }
        })
    }

    fn find(&self, url: &BaseUrl) -> Option<Rc<Origin>> {
        let is = |origin: &&Rc<Origin>| {
            (origin.secure, origin.port) == (url.secure, url.port)
                // Host names have no case (RFC 3986 section 3.2.2).
                && origin.host.eq_ignore_ascii_case(&url.host)
        };
        self.0.borrow().iter().find(is).cloned()
    }

    fn remember(&self, origin: Rc<Origin>) -> Rc<Origin> {
        self.0.borrow_mut().push(origin.clone());
        origin
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::pin::{Pin, pin};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::reactor::Turn;

    fn url(host: &str, port: u16) -> BaseUrl {
        BaseUrl::parse(&format!("http://{host}:{port}")).unwrap()
    }

    /// Polls a future whenever the reactor has turned; a hang is a failed test.
    fn run<F: Future>(reactor: &Rc<Reactor>, future: F) -> F::Output {
        let mut future = pin!(reactor.until(Instant::now() + 20 * ATTEMPT_MAX, future));
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output.expect("it is done in time");
            }
            reactor.turn(Turn::Wait).unwrap();
        }
    }

    /// All of them at once, and each failed.
    async fn all_fail(mut futures: Vec<Pin<Box<impl Future<Output = Result<(), Failure>>>>>) {
        std::future::poll_fn(|context| {
            futures.retain_mut(|future| match future.as_mut().poll(context) {
                Poll::Ready(result) => {
                    assert!(matches!(result, Err(Failure::Resolve(_))), "{result:?}");
                    false
                }
                Poll::Pending => true,
            });
            if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// There was once a thread for each of them: 304 for 300 users.
    #[test]
    fn users_who_need_the_same_name_share_one_look_up() {
        let reactor = Reactor::new().unwrap();
        let origin = Origin::new(&url("name", 80), &[], true);
        let look_ups: Arc<AtomicUsize> = Arc::default();
        let (answer, asked) = channel::<()>();
        let asked = Arc::new(Mutex::new(asked));
        let resolver = || {
            let (look_ups, asked) = (look_ups.clone(), asked.clone());
            move |_: &str, _| {
                look_ups.fetch_add(1, Ordering::Relaxed);
                asked.lock().unwrap().recv().unwrap();
                Err(io::ErrorKind::NotFound.into())
            }
        };
        let mut waiting: Vec<_> =
            (0..300).map(|_| Box::pin(origin.resolve(&reactor, resolver()))).collect();
        let mut context = Context::from_waker(Waker::noop());
        for future in &mut waiting {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
        answer.send(()).unwrap();
        run(&reactor, all_fail(waiting));
        assert_eq!(look_ups.load(Ordering::Relaxed), 1);

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        run(&reactor, origin.resolve(&reactor, move |_, _| Ok(vec![address]))).unwrap();
        let found = origin.addresses.borrow()[0].peer.address();
        assert_eq!(found, address, "the next request tries again");
    }

    /// A listener whose queue is full: it drops whatever else comes. And what fills the queue.
    fn black_hole() -> (TcpListener, Vec<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, ATTEMPT_MAX).ok();
        let queued = std::iter::from_fn(connect).collect();
        (listener, queued)
    }

    #[test]
    fn an_address_that_never_answers_leaves_time_for_the_next() {
        let reactor = Reactor::new().unwrap();
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let (never, _queued) = black_hole();
        let addresses = [&never, &good].map(|listener| listener.local_addr().unwrap());
        let origin = Origin::new(&url("name", 80), &addresses, true);
        let begin = Instant::now();
        run(&reactor, origin.connect(&reactor, &Sources::default(), 0)).unwrap();
        let took = begin.elapsed();
        assert!((ATTEMPT_MAX..4 * ATTEMPT_MAX).contains(&took), "{took:?}");
        assert_eq!(origin.order(0), [1, 0], "and is not tried first again");
    }

    /// The addresses that users 0 to 5 try, in their order.
    fn orders(origin: &Origin) -> Vec<Vec<usize>> {
        (0..6).map(|user| origin.order(user)).collect()
    }

    #[test]
    fn users_are_spread_over_the_addresses_and_those_that_fail_come_last() {
        let addresses =
            [1, 2, 3].map(|host| SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 80)));
        let origin = Origin::new(&url("name", 80), &addresses, true);
        let round = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
        assert_eq!(orders(&origin), [round, round].concat());
        origin.mark_failed(1);
        let round = [[0, 2, 1], [2, 0, 1], [2, 0, 1]];
        assert_eq!(orders(&origin), [round, round].concat());
        origin.mark_failed(0);
        origin.mark_failed(2);
        assert_eq!(origin.order(1), [1, 2, 0], "where all fail it is not for the address");
    }

    #[test]
    fn connections_come_from_the_users_address_or_from_the_next_that_can_be_had() {
        let reactor = Reactor::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = Origin::new(&url("name", 80), &[listener.local_addr().unwrap()], true);
        // The last is nobody's (RFC 5737), which looks as if it had no port left.
        let local = ["127.0.0.2", "127.0.0.3", "203.0.113.9"].map(|text| text.parse().unwrap());
        let sources = Sources::new(&local);
        for (user, from) in [(0, local[0]), (1, local[1]), (2, local[0]), (4, local[1])] {
            let _socket = run(&reactor, origin.connect(&reactor, &sources, user)).unwrap();
            assert_eq!(listener.accept().unwrap().1.ip(), from, "user {user}");
        }
        let nobody = Sources::new(&local[2..]);
        let refused = run(&reactor, origin.connect(&reactor, &nobody, 0)).unwrap_err();
        let text = refused.to_string();
        assert_eq!(text, "no local port left");
        assert_eq!(origin.order(0), [0]);
    }

    #[test]
    fn a_task_that_makes_up_hosts_does_not_fill_the_memory() {
        let origins = Origins::default();
        let met: Vec<_> =
            (0..ORIGINS_MAX).map(|n| origins.get(&url(&format!("h{n}"), 80))).collect();
        assert!(Rc::ptr_eq(&met[7], &origins.get(&url("H7", 80))) && met[7].remembered);
        let one_more = origins.get(&url("one-more", 80));
        assert!(!one_more.remembered && !Rc::ptr_eq(&one_more, &origins.get(&url("one-more", 80))));
        assert_eq!(origins.0.borrow().len(), ORIGINS_MAX);
    }

    #[test]
    fn a_host_that_the_plan_names_is_not_looked_up_again() {
        let origins = Origins::default();
        let named = url("Name", 81);
        let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 81))];
        let known = origins.know(&ResolvedUrl { url: named, addresses });
        assert!(Rc::ptr_eq(&known, &origins.get(&url("name", 81))));
        assert!(!Rc::ptr_eq(&known, &origins.get(&url("name", 82))));
        assert_eq!(known.addresses.borrow().len(), 1);
    }
}
