//! Looking names up for the cores of a run, on threads of their own.

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

/// Gives a host's addresses at a port; may block.
type LookUp = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks names up for the cores of a run, once or again and again.
///
/// A look-up may block, so each has a thread of its own. Threads inherit where they may run from
/// who makes them: these are made by one that was there before the cores were pinned. All end when
/// the last copy of this is gone.
#[derive(Clone)]
pub struct Resolver {
    orders: Sender<Order>,
    refreshes: bool,
}

/// The addresses that a look-up brought, none where there are none. Everybody who waits shares it.
pub(super) type Answer = Arc<OnceLock<Vec<SocketAddr>>>;

/// What the latest look-up of a name brought, for one core: it looks when it connects.
#[derive(Debug, Default)]
pub(in crate::session) struct News {
    is_there: AtomicBool,
    addresses: Mutex<Vec<SocketAddr>>,
    /// Look-ups that failed, each told to one core only.
    failed: AtomicU32,
}

enum Order {
    Once { name: Name, answer: Answer, wake: Remote },
    Again { name: Name, news: Weak<News> },
}

/// A host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    host: String,
    port: u16,
}

impl Resolver {
    /// Starts to take orders; names that are in use are looked up again this often. Its threads may
    /// run wherever the caller's may.
    ///
    /// # Errors
    ///
    /// The thread's, if it cannot be made.
    pub fn start(refresh: Option<Duration>) -> io::Result<Self> {
        Resolver::with(refresh, Arc::new(resolve))
    }

    fn with(refresh: Option<Duration>, look_up: Arc<LookUp>) -> io::Result<Self> {
        let (orders, taken) = channel();
        let desk = Desk { refresh, look_up, watched: HashMap::new() };
        thread::Builder::new().name("gregaria-names".into()).spawn(move || desk.work(&taken))?;
        Ok(Resolver { orders, refreshes: refresh.is_some() })
    }

    /// Looks a name up; the core is woken when the answer is there.
    pub(in crate::session) fn look_up(&self, host: &str, port: u16, answer: Answer, wake: Remote) {
        let name = Name { host: host.to_owned(), port };
        // Its thread ends with the last sender.
        let _ = self.orders.send(Order::Once { name, answer, wake });
    }

    /// What will be heard of a name, where names are looked up again: not of an address.
    pub(super) fn news_of(&self, host: &str, port: u16) -> Option<Arc<News>> {
        if !self.refreshes || without_zone(host).parse::<IpAddr>().is_ok() {
            return None;
        }
        let news = Arc::default();
        let name = Name { host: host.to_owned(), port };
        let _ = self.orders.send(Order::Again { name, news: Arc::downgrade(&news) });
        Some(news)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("refreshes", &self.refreshes).finish_non_exhaustive()
    }
}

impl News {
    /// The addresses that are new since this was last asked.
    pub(in crate::session) fn take(&self) -> Option<Vec<SocketAddr>> {
        // A read first: nearly always there is nothing, and what is only read is shared by all cores.
        if !self.is_there.load(Ordering::Relaxed) || !self.is_there.swap(false, Ordering::Acquire) {
            return None;
        }
        Some(std::mem::take(&mut *lock(&self.addresses)))
    }

    /// Look-ups that failed since this was last asked.
    pub(super) fn take_failed(&self) -> u32 {
        if self.failed.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.failed.swap(0, Ordering::Relaxed)
    }

    fn tell(&self, addresses: &[SocketAddr]) {
        *lock(&self.addresses) = addresses.to_vec();
        self.is_there.store(true, Ordering::Release);
    }
}

/// The thread that takes orders.
struct Desk {
    refresh: Option<Duration>,
    look_up: Arc<LookUp>,
    watched: HashMap<Name, Arc<Watched>>,
}

/// A name that is looked up again and again.
struct Watched {
    name: Name,
    readers: Mutex<Vec<Weak<News>>>,
    /// A look-up is on its way. Where it takes longer than there is between two, one is left out.
    busy: AtomicBool,
}

impl Desk {
    fn work(mut self, orders: &Receiver<Order>) {
        let mut next = self.refresh.map(|every| (Instant::now() + every, every));
        loop {
            let order = match next {
                None => orders.recv().map_err(RecvTimeoutError::from),
                Some((at, _)) => orders.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match order {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    next = next.map(|(at, every)| ((at + every).max(Instant::now()), every));
                    self.look_all_up();
                }
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Once { name, answer, wake } => {
                let (look_up, unanswered) = (self.look_up.clone(), (answer.clone(), wake.clone()));
                let spawned = spawn(move || {
                    let _ = answer.set(look_up(&name.host, name.port).unwrap_or_default());
                    wake.wake();
                });
                if spawned.is_err() {
                    let (answer, wake) = unanswered;
                    let _ = answer.set(Vec::new());
                    wake.wake();
                }
            }
            Order::Again { name, news } => {
                let watched = self.watched.entry(name.clone());
                let watched = watched.or_insert_with(|| Arc::new(Watched::new(name)));
                lock(&watched.readers).push(news);
            }
        }
    }

    fn look_all_up(&self) {
        for watched in self.watched.values() {
            if watched.busy.swap(true, Ordering::Relaxed) {
                continue;
            }
            let (look_up, this) = (self.look_up.clone(), watched.clone());
            let spawned = spawn(move || {
                this.tell(look_up(&this.name.host, this.name.port).unwrap_or_default());
                this.busy.store(false, Ordering::Relaxed);
            });
            if spawned.is_err() {
                watched.tell(Vec::new());
                watched.busy.store(false, Ordering::Relaxed);
            }
        }
    }
}

impl Watched {
    fn new(name: Name) -> Self {
        Watched { name, readers: Mutex::default(), busy: AtomicBool::new(false) }
    }

    /// No address is a look-up that failed: what is known stays, and one of the cores counts it.
    fn tell(&self, addresses: Vec<SocketAddr>) {
        let mut readers = lock(&self.readers);
        readers.retain(|news| news.strong_count() > 0);
        let mut readers = readers.iter().filter_map(Weak::upgrade);
        if !addresses.is_empty() {
            readers.for_each(|news| news.tell(&addresses));
        } else if let Some(news) = readers.next() {
            news.failed.fetch_add(1, Ordering::Relaxed);
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

/// The addresses of a host, each once, in the resolver's order. Blocks where the host is a name. The
/// zone of a link-local address is the resolver's to know as well.
///
/// # Errors
///
/// What the resolver says.
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
    /// One that looks names up in this way.
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
    use crate::reactor::Reactor;

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
            let reactor = Reactor::new().unwrap();
            let answer = Answer::default();
            resolver.look_up("name", 80, answer.clone(), reactor.remote());
            await_that("an answer", || answer.get().is_some());
            assert_eq!(answer.get(), Some(&at(&[1])));
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
        let cores = [(); 2].map(|()| resolver.news_of("name", 80).unwrap());
        for core in &cores {
            let mut heard = Vec::new();
            await_that("the last answer", || {
                heard.extend(core.take());
                heard.last() == Some(&at(&[4]))
            });
            assert!(core.take().is_none(), "it is told once");
        }
        let mut failed = 0;
        await_that("failures", || {
            failed += cores[0].take_failed();
            failed >= 2
        });
        assert_eq!(cores[1].take_failed(), 0, "one core counts for all");
        assert!(cores[0].take().is_none(), "what is known stays");
    }

    #[test]
    fn an_address_is_no_name_and_without_an_interval_there_are_no_news() {
        let asked = |_: &str, _: u16| -> io::Result<Vec<SocketAddr>> { panic!("nobody is asked") };
        let resolver = Resolver::injected(Some(EVERY), asked);
        assert!(resolver.news_of("127.0.0.1", 80).is_none());
        assert!(resolver.news_of("::1", 80).is_none());
        assert!(resolver.news_of("fe80::1%lo", 80).is_none());
        assert!(Resolver::injected(None, asked).news_of("name", 80).is_none());
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
        let news = resolver.news_of("name", 80).unwrap();
        look_ups.recv_timeout(PATIENCE).unwrap();
        assert!(look_ups.recv_timeout(20 * EVERY).is_err(), "a second one has begun");
        go_on.send(()).unwrap();
        await_that("news", || news.take().is_some());
        look_ups.recv_timeout(PATIENCE).expect("the next begins");
        drop(go_on);
    }
}
