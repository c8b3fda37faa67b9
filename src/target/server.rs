//! Starts and stops the server.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::connection::{self, Core};
use super::constant_responses::ConstantResponses;
use super::counters::CoreCounters;
use super::faults::Faults;
use super::script::Script;
use super::{Counters, Error, Options};
use crate::executor::{self, Pinned};
use crate::reactor::{Backend, Listener, Reactor, Remote, preflight};

/// How long a core that cannot accept (too many open files) waits before it tries again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    backend: Backend,
    stopping: Arc<AtomicBool>,
    script: Option<Arc<Script>>,
    cores: Vec<RunningCore>,
}

#[derive(Debug)]
struct RunningCore {
    counters: Arc<CoreCounters>,
    remote: Remote,
    thread: Option<executor::Running<()>>,
}

/// What a core is started with.
struct CoreSetup {
    options: Options,
    /// Its position among the server's cores.
    position: usize,
    counters: Arc<CoreCounters>,
    script: Option<Arc<Script>>,
    stopping: Arc<AtomicBool>,
}

/// The result of a core's start: its address and its waker, or why it does not listen.
type Listening = io::Result<(SocketAddr, Remote)>;

impl Server {
    /// Starts a server. It listens when this returns.
    ///
    /// # Errors
    ///
    /// Returns an error if the options, the address or the machine do not allow it.
    pub fn start(options: Options) -> Result<Server, Error> {
        options.check()?;
        let backend = preflight::choose(options.io)?.backend;
        preflight::most_open_files();
        let address = options.address;
        // Cores share a port by SO_REUSEPORT, and so would an older server of the same user, which
        // would then take a part of the connections: ask for the port without it first.
        drop(TcpListener::bind(address).map_err(|source| Error::listen(address, source))?);
        let stopping = Arc::new(AtomicBool::new(false));
        let script = Script::new(options.pathology).map(Arc::new);
        let mut server = Server { address, backend, stopping, script, cores: Vec::new() };
        for position in 0..options.cores.len() {
            server.start_core(&options, position)?;
        }
        Ok(server)
    }

    /// Returns the address that the server listens on, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its sockets go through.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Returns the counts of all cores. They are exact once the clients have their responses.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.counters_by_core().for_each(|counters| sum += counters);
        sum
    }

    /// Returns the counts of each core, in the order of [`Options::cores`]. The kernel distributes
    /// connections by hash, so a few connections may not reach all cores.
    pub fn counters_by_core(&self) -> impl Iterator<Item = Counters> {
        self.cores.iter().map(|core| core.counters.read())
    }

    /// Stops the server at once, closes its connections and returns the final counts.
    ///
    /// # Errors
    ///
    /// Returns an error if a core had failed before.
    pub fn stop(mut self) -> Result<Counters, Error> {
        self.halt().map(|()| self.counters())
    }

    fn start_core(&mut self, options: &Options, position: usize) -> Result<(), Error> {
        let core = options.cores[position];
        let counters = Arc::new(CoreCounters::default());
        let (tell, told) = bounded(1);
        // All cores use the port of the first one.
        let setup = CoreSetup {
            options: Options { address: self.address, ..options.clone() },
            position,
            counters: counters.clone(),
            script: self.script.clone(),
            stopping: self.stopping.clone(),
        };
        let main = move |pinned| run(pinned, setup, tell);
        let thread =
            Pinned::start_over(self.backend, core, "target", (), main).map_err(Error::Thread)?;
        let Ok(listening) = told.recv() else {
            return Err(join(thread).err().unwrap_or(Error::Panicked));
        };
        let (address, remote) = listening.map_err(|source| Error::listen(self.address, source))?;
        self.address = address;
        self.cores.push(RunningCore { counters, remote, thread: Some(thread) });
        Ok(())
    }

    fn halt(&mut self) -> Result<(), Error> {
        self.stopping.store(true, Ordering::Release);
        self.cores.iter().for_each(|core| core.remote.wake());
        // All threads are joined, also after an error.
        let ends: Vec<_> =
            self.cores.iter_mut().filter_map(|core| core.thread.take()).map(join).collect();
        ends.into_iter().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are returned by `stop`.
        let _ = self.halt();
    }
}

fn join(thread: executor::Running<()>) -> Result<(), Error> {
    thread.join().map_err(|error| match error {
        executor::Error::Panicked => Error::Panicked,
        other => Error::from(other),
    })
}

/// Runs a core: listens and accepts connections until the server stops. Remaining tasks and their
/// connections are dropped with the executor.
async fn run(pinned: Rc<Pinned>, setup: CoreSetup, tell: Sender<Listening>) {
    let CoreSetup { options, position, counters, script, stopping } = setup;
    let reactor = pinned.reactor.clone();
    let listener = match Listener::bind(&reactor, options.address) {
        Ok(listener) => listener,
        Err(error) => {
            // The receiver waits for this one message.
            let _ = tell.send(Err(error));
            return;
        }
    };
    let _ = tell.send(Ok((listener.address(), reactor.remote())));
    let core = Rc::new(Core {
        answers: ConstantResponses::new(&reactor),
        faults: RefCell::new(Faults::new(&options, position)),
        reactor: reactor.clone(),
        options,
        counters,
        script,
    });
    pinned.spawn(accept(pinned.clone(), listener, core));
    wait_until(&reactor, &stopping).await;
}

async fn wait_until(reactor: &Rc<Reactor>, stopping: &AtomicBool) {
    loop {
        let woken = reactor.woken();
        if stopping.load(Ordering::Acquire) {
            return;
        }
        woken.await;
    }
}

async fn accept(pinned: Rc<Pinned>, listener: Listener, core: Rc<Core>) {
    loop {
        match listener.accept().await {
            Ok(socket) => {
                core.counters.connection();
                pinned.spawn(connection::serve(socket, core.clone()));
            }
            Err(_) => {
                core.reactor.sleep_until(Instant::now() + ACCEPT_PAUSE).await;
            }
        }
    }
}
