//! The page: a run watched and steered from a browser.
//!
//! A server on a thread of its own, one more [`Report`](crate::report::Report) that it learns of the
//! run by, and one more client of [`Control`](crate::control::Control). Nothing below knows of it. It
//! starts no run itself: it passes on what somebody asks for ([`Order`]) and says what became of it.
//!
//! ```text
//! collector -- Live --+-- Board -- events, api, locust -- routes -- Guard -- Seats -- browsers
//! cli ------- Orders -+
//! ```

mod api;
mod assets;
mod board;
mod events;
mod guard;
mod live;
pub mod locust;
mod order;
mod routes;
mod rule;
mod seats;
mod server;
mod start;
mod tls;
mod token;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use tokio::sync::Semaphore;

pub use live::{Beginning, Live, Run};
pub use order::{Answer, Order};
pub use routes::paths;
pub use start::{Edit, Fault, Start};
pub use token::{Token, TokenError};

use crate::log::Log;
use board::Board;
use guard::Guard;
use server::Thread;

/// Where the page is.
#[derive(Debug)]
pub struct Options {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// What all paths begin with: nothing, or `/prefix`.
    pub base_path: String,
    /// A certificate and its key, as PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What whoever looks must know. Needed on any but a loopback address.
    pub token: Option<Token>,
    /// Where the history of all entries is written to, if it is.
    pub full_history: Option<PathBuf>,
}

/// Why there is no page. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate or its key.
    #[error("{0}")]
    Tls(String),
    /// Somebody else has the port, or the address is not ours.
    #[error("cannot open the web page at {address}: {reason}; {cure}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
        /// What to do.
        cure: &'static str,
    },
    /// No thread, or no descriptors.
    #[error("cannot serve the web page: {0}")]
    Thread(io::Error),
}

/// The page, which is there until this is dropped.
pub struct Page {
    /// Where to find it.
    pub url: String,
    _thread: Thread,
}

/// What all handlers share.
struct App {
    board: Board,
    live: Arc<Live>,
    guard: Guard,
    orders: Sender<Order>,
    log: Log,
    /// Places for event streams.
    streams: Arc<Semaphore>,
    /// Where the history of all entries is written to, if it is.
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
    /// Opens the page of these runs. What is asked for on it comes as `orders`.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened.
    pub fn open(
        options: Options,
        live: Arc<Live>,
        orders: Sender<Order>,
        log: &Log,
    ) -> Result<Self, Error> {
        let Options { host, port, base_path, tls, token, full_history } = options;
        let acceptor = tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key));
        let acceptor = acceptor.transpose().map_err(Error::Tls)?;
        let address = SocketAddr::new(host, port);
        let listener = server::listen(address).map_err(|error| Error::listen(address, &error))?;
        let port = listener.local_addr().map_err(Error::Thread)?.port();
        let secure = acceptor.is_some();
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{}{base_path}", SocketAddr::new(host, port));
        let guard = Guard { token, host, port, secure, base_path };
        let (board, log) = (Board::new(live.clone()), log.clone());
        let streams = Arc::new(Semaphore::new(events::STREAMS_MAX));
        let app = App { board, live, guard, orders, log, streams, full_history };
        let app = Arc::new(app);
        let router = routes::router(&app);
        let thread = Thread::start(listener, acceptor, app, router).map_err(Error::Thread)?;
        Ok(Page { url, _thread: thread })
    }
}
