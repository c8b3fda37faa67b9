//! The web page, on which runs are started, watched, changed and stopped.
//!
//! Its server has a thread of its own. It gets snapshots as a [`Report`](crate::report::Report) and
//! changes the run through [`Control`](crate::control::Control). It starts no run itself: it sends an
//! `Action` to the command and waits for the reply. No module below uses this one.
//!
//! ```text
//! collector -- LiveRun -- Publisher --+-- events, api, locust -- routes -- Guard -- ConnectionLimit -- browsers
//! command ---- Action ----------------+
//! ```

mod action;
mod api;
mod assets;
mod connection_limit;
mod events;
mod form;
mod guard;
mod live_run;
pub mod locust;
mod offered_form;
mod publisher;
mod routes;
mod rule;
mod server;
#[cfg_attr(not(feature = "page-tls"), path = "no_tls.rs")]
mod tls;
mod token;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use tokio::sync::Semaphore;

pub(crate) use action::{Action, StartReply};
pub use api::openapi;
pub use form::{FieldError, StartForm};
pub(crate) use live_run::{LiveRun, NewRun, RunHandle};
pub(crate) use offered_form::FormOf;
pub use routes::paths;
pub(crate) use token::Token;

use crate::log::Log;
use guard::Guard;
use publisher::Publisher;
use server::Thread;
use tls::Acceptor;

/// Where the page listens and who may use it.
#[derive(Debug)]
pub(crate) struct Options {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// The prefix of all paths: empty, or `/prefix`.
    pub base_path: String,
    /// A certificate and its key, as PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// The token that clients must send. Required unless the address is a loopback address.
    pub token: Option<Token>,
    /// The file of `--csv-full-history`, if there is one.
    pub full_history: Option<PathBuf>,
}

/// Why the page cannot be opened. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The certificate or its key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// The port is taken, or the address is not one of this host.
    #[error("cannot open the web page at {address}: {reason}; {cure}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        reason: String,
        /// What to do.
        cure: &'static str,
    },
    /// No thread could be started, or there are no descriptors left.
    #[error("cannot serve the web page: {0}")]
    Thread(io::Error),
}

/// The open page. Dropping it closes it.
pub(crate) struct Page {
    /// Its address.
    pub url: String,
    _thread: Thread,
}

/// The state that all handlers share.
struct App {
    publisher: Publisher,
    live: Arc<LiveRun>,
    guard: Guard,
    actions: Sender<Action>,
    log: Log,
    /// Limits the number of event streams.
    streams: Arc<Semaphore>,
    /// The file of `--csv-full-history`, if there is one.
    full_history: Option<PathBuf>,
}

impl Error {
    fn listen(address: SocketAddr, error: &io::Error) -> Self {
        let cure = match error.kind() {
            ErrorKind::AddrInUse => "give another port with --web-port, or end who has this one",
            ErrorKind::PermissionDenied => {
                "ports below 1024 are root's; give another with --web-port"
            }
            _ => "--web-host takes an address of this host (ip address), or * for all of them",
        };
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default().to_lowercase();
        Error::Listen { address, reason, cure }
    }
}

impl Page {
    /// Opens the page of these runs. It sends what users ask for to `actions`.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be opened.
    pub(crate) fn open(
        options: Options,
        live: Arc<LiveRun>,
        actions: Sender<Action>,
        log: &Log,
    ) -> Result<Self, Error> {
        let Options { host, port, base_path, tls, token, full_history } = options;
        let acceptor = tls.as_ref().map(|(cert, key)| Acceptor::new(cert, key));
        let acceptor = acceptor.transpose().map_err(Error::Tls)?;
        let address = SocketAddr::new(host, port);
        let listener = server::listen(address).map_err(|error| Error::listen(address, &error))?;
        let port = listener.local_addr().map_err(Error::Thread)?.port();
        let secure = acceptor.is_some();
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{}{base_path}", SocketAddr::new(host, port));
        let guard = Guard { token, host, port, secure, base_path };
        let (publisher, log) = (Publisher::new(live.clone()), log.clone());
        let streams = Arc::new(Semaphore::new(events::STREAMS_MAX));
        let app = App { publisher, live, guard, actions, log, streams, full_history };
        let app = Arc::new(app);
        let router = routes::router(&app);
        let thread = Thread::start(listener, acceptor, app, router).map_err(Error::Thread)?;
        Ok(Page { url, _thread: thread })
    }
}
