//! Looks up names for the cores of a run, on other threads.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::reactor::Remote;
use crate::session::request::authority::without_zone;

/// A function that returns a host's addresses with a port, and may block.
type LookUpFn = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks up names for the cores of a run, once or repeatedly.
///
/// A look-up may block, so each has its own thread. A thread inherits its affinity from its parent, so
/// these are children of a thread that is started before the cores are pinned. All of them end when the
/// last clone of the resolver is dropped.
#[derive(Clone)]
pub struct Resolver {
    requests: Sender<LookUpRequest>,
    refreshes: bool,
}

/// The addresses that a look-up found, none if it failed; shared by all that wait for it.
pub(super) type LookUpResult = Arc<OnceLock<Vec<SocketAddr>>>;

/// A core's subscription to the repeated look-ups of a name. The core reads it when it connects.
#[derive(Debug, Default)]
pub(in crate::session) struct Subscription {
    is_new: AtomicBool,
    addresses: Mutex<Vec<SocketAddr>>,
    /// How many look-ups failed. Each is told to one core only.
    failed: AtomicU32,
}

enum LookUpRequest {
    Once { name: Name, result: LookUpResult, wake: Remote },
    Repeated { name: Name, subscription: Weak<Subscription> },
}

/// A host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    host: String,
    port: u16,
}

impl Resolver {
    /// Starts a resolver. Names in use are looked up again at this interval. Its threads have the caller's
    /// affinity.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    pub fn start(refresh: Option<Duration>) -> io::Result<Self> {
        Resolver::with(refresh, Arc::new(resolve))
    }

    fn with(refresh: Option<Duration>, look_up: Arc<LookUpFn>) -> io::Result<Self> {
        let (requests, taken) = channel();
        let thread = ResolverThread { refresh, look_up, repeated: HashMap::new() };
        thread::Builder::new().name("gregaria-names".into()).spawn(move || thread.work(&taken))?;
        Ok(Resolver { requests, refreshes: refresh.is_some() })
    }

    /// Looks up a name. The core is woken when the result is there.
    pub(in crate::session) fn look_up(
        &self,
        host: &str,
        port: u16,
        result: LookUpResult,
        wake: Remote,
    ) {
        let name = Name { host: host.to_owned(), port };
        // The thread lives as long as a sender, so this cannot fail.
        let _ = self.requests.send(LookUpRequest::Once { name, result, wake });
    }

    /// Subscribes to the repeated look-ups of a name. Returns `None` if names are not looked up again, or if
    /// this is an address.
    pub(super) fn subscribe(&self, host: &str, port: u16) -> Option<Arc<Subscription>> {
        if !self.refreshes || without_zone(host).parse::<IpAddr>().is_ok() {
            return None;
        }
        let subscription = Arc::default();
        let name = Name { host: host.to_owned(), port };
        let _ = self
            .requests
            .send(LookUpRequest::Repeated { name, subscription: Arc::downgrade(&subscription) });
        Some(subscription)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("refreshes", &self.refreshes).finish_non_exhaustive()
    }
}

impl Subscription {
    /// Returns the addresses of the latest look-up, if there was one since the last call.
    pub(in crate::session) fn take(&self) -> Option<Vec<SocketAddr>> {
        // A read comes first: nearly always there is nothing, and reading keeps the cache line shared.
        if !self.is_new.load(Ordering::Relaxed) || !self.is_new.swap(false, Ordering::Acquire) {
            return None;
        }
        Some(std::mem::take(&mut *lock(&self.addresses)))
    }

    /// Returns how many look-ups have failed since the last call.
    pub(super) fn take_failures(&self) -> u32 {
        if self.failed.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.failed.swap(0, Ordering::Relaxed)
    }

    fn publish(&self, addresses: &[SocketAddr]) {
        *lock(&self.addresses) = addresses.to_vec();
        self.is_new.store(true, Ordering::Release);
    }
}

/// The state of the thread that takes requests.
struct ResolverThread {
    refresh: Option<Duration>,
    look_up: Arc<LookUpFn>,
    repeated: HashMap<Name, Arc<RepeatedLookUp>>,
}

/// A name that is looked up repeatedly.
struct RepeatedLookUp {
    name: Name,
    subscribers: Mutex<Vec<Weak<Subscription>>>,
    /// Whether a look-up is running. If it takes longer than the interval, the next one is left out.
    busy: AtomicBool,
}

impl ResolverThread {
    fn work(mut self, requests: &Receiver<LookUpRequest>) {
        let mut next = self.refresh.map(|every| (Instant::now() + every, every));
        loop {
            let request = match next {
                None => requests.recv().map_err(RecvTimeoutError::from),
                Some((at, _)) => {
                    requests.recv_timeout(at.saturating_duration_since(Instant::now()))
                }
            };
            match request {
                Ok(request) => self.take(request),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    next = next.map(|(at, every)| ((at + every).max(Instant::now()), every));
                    self.look_all_up();
                }
            }
        }
    }

    fn take(&mut self, request: LookUpRequest) {
        match request {
            LookUpRequest::Once { name, result, wake } => {
                let (look_up, unanswered) = (self.look_up.clone(), (result.clone(), wake.clone()));
                let spawned = spawn(move || {
                    let _ = result.set(look_up(&name.host, name.port).unwrap_or_default());
                    wake.wake();
                });
                if spawned.is_err() {
                    let (result, wake) = unanswered;
                    let _ = result.set(Vec::new());
                    wake.wake();
                }
            }
            LookUpRequest::Repeated { name, subscription } => {
                let repeated = self.repeated.entry(name.clone());
                let repeated = repeated.or_insert_with(|| Arc::new(RepeatedLookUp::new(name)));
                lock(&repeated.subscribers).push(subscription);
            }
        }
    }

    fn look_all_up(&self) {
        for repeated in self.repeated.values() {
            if repeated.busy.swap(true, Ordering::Relaxed) {
                continue;
            }
            let (look_up, this) = (self.look_up.clone(), repeated.clone());
            let spawned = spawn(move || {
                this.publish(look_up(&this.name.host, this.name.port).unwrap_or_default());
                this.busy.store(false, Ordering::Relaxed);
            });
            if spawned.is_err() {
                repeated.publish(Vec::new());
                repeated.busy.store(false, Ordering::Relaxed);
            }
        }
    }
}

impl RepeatedLookUp {
    fn new(name: Name) -> Self {
        RepeatedLookUp { name, subscribers: Mutex::default(), busy: AtomicBool::new(false) }
    }

    /// Passes the result of a look-up to the cores. No address means that it failed: the known addresses
    /// stay, and one of the cores counts the failure.
    fn publish(&self, addresses: Vec<SocketAddr>) {
        let mut subscribers = lock(&self.subscribers);
        subscribers.retain(|subscription| subscription.strong_count() > 0);
        let mut subscribers = subscribers.iter().filter_map(Weak::upgrade);
        if !addresses.is_empty() {
            subscribers.for_each(|subscription| subscription.publish(&addresses));
        } else if let Some(subscription) = subscribers.next() {
            subscription.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn spawn(look_up: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("gregaria-resolve".into()).spawn(look_up).map(drop)
}

/// Locks the mutex. A panic of another thread leaves the value valid, so poisoning is ignored.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the addresses of a host, each once, in the order of the system's resolver. Blocks if the host
/// is a name or a link-local address with a zone, which the system's resolver knows as well.
///
/// # Errors
///
/// Returns the error of the system's resolver.
pub(in crate::session) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
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

#[cfg(test)]
impl Resolver {
    /// Makes a resolver that looks up names by this function.
    pub(super) fn injected(
        refresh: Option<Duration>,
        look_up: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Resolver::with(refresh, Arc::new(look_up)).expect("a thread")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use rustix::thread::sched_getaffinity;

    use super::*;
    use crate::reactor::{Backend, Reactor};

    const EVERY: Duration = Duration::from_millis(5);
    const PATIENCE: Duration = Duration::from_secs(10);

    fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < PATIENCE, "never: {what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Addresses with this last number.
    fn at(numbers: &[u8]) -> Vec<SocketAddr> {
        numbers.iter().map(|&last| SocketAddr::from(([10, 0, 0, last], 80))).collect()
    }

    #[test]
    fn look_ups_run_where_the_resolvers_maker_may_and_not_on_the_core_that_asks() {
        let (seen, affinities) = channel();
        let allowed = sched_getaffinity(None).unwrap();
        let resolver = Resolver::injected(None, move |_, _| {
            seen.send(sched_getaffinity(None).unwrap()).unwrap();
            Ok(at(&[1]))
        });
        let pinned = thread::spawn(move || {
            let core = *core_affinity::get_core_ids().unwrap().first().unwrap();
            assert!(core_affinity::set_for_current(core));
            let reactor = Reactor::new(Backend::best()).unwrap();
            let result = LookUpResult::default();
            resolver.look_up("name", 80, result.clone(), reactor.remote());
            await_that("a result", || result.get().is_some());
            assert_eq!(result.get(), Some(&at(&[1])));
        });
        pinned.join().unwrap();
        assert_eq!(affinities.recv_timeout(PATIENCE).unwrap(), allowed);
    }

    #[test]
    fn a_name_in_use_is_looked_up_again_and_every_core_hears_of_it() {
        let answers = Mutex::new(vec![at(&[4]), at(&[2, 3])]);
        let resolver = Resolver::injected(Some(EVERY), move |host, _| {
            assert_eq!(host, "name");
            lock(&answers).pop().ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        let cores = [(); 2].map(|()| resolver.subscribe("name", 80).unwrap());
        for core in &cores {
            let mut heard = Vec::new();
            await_that("the last result", || {
                heard.extend(core.take());
                heard.last() == Some(&at(&[4]))
            });
            assert!(core.take().is_none(), "it is told once");
        }
        let mut failed = 0;
        await_that("failures", || {
            failed += cores[0].take_failures();
            failed >= 2
        });
        assert_eq!(cores[1].take_failures(), 0, "one core counts for all");
        assert!(cores[0].take().is_none(), "what is known stays");
    }

    #[test]
    fn an_address_is_no_name_and_without_an_interval_there_are_no_news() {
        let asked = |_: &str, _: u16| -> io::Result<Vec<SocketAddr>> { panic!("nobody is asked") };
        let resolver = Resolver::injected(Some(EVERY), asked);
        assert!(resolver.subscribe("127.0.0.1", 80).is_none());
        assert!(resolver.subscribe("::1", 80).is_none());
        assert!(resolver.subscribe("fe80::1%lo", 80).is_none());
        assert!(Resolver::injected(None, asked).subscribe("name", 80).is_none());
    }

    #[test]
    fn a_zone_is_the_number_of_its_interface() {
        let index = |zone: &str| match &resolve(&format!("fe80::1{zone}"), 80).unwrap()[..] {
            [SocketAddr::V6(address)] => address.scope_id(),
            other => panic!("{other:?}"),
        };
        let lo = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
        assert_eq!(index("%lo"), lo.trim().parse::<u32>().unwrap());
        assert_eq!(index(""), 0);
        assert!(resolve("fe80::1%no-such-interface", 80).is_err());
    }

    #[test]
    fn a_look_up_that_takes_long_is_not_begun_again_meanwhile() {
        let (begun, look_ups) = channel();
        let (go_on, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let resolver = Resolver::injected(Some(EVERY), move |_, _| {
            begun.send(()).unwrap();
            let _ = lock(&wait).recv();
            Ok(at(&[1]))
        });
        let subscription = resolver.subscribe("name", 80).unwrap();
        look_ups.recv_timeout(PATIENCE).unwrap();
        assert!(look_ups.recv_timeout(20 * EVERY).is_err(), "a second one has begun");
        go_on.send(()).unwrap();
        await_that("subscription", || subscription.take().is_some());
        look_ups.recv_timeout(PATIENCE).expect("the next begins");
        drop(go_on);
    }
}
