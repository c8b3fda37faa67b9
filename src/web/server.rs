//! The page's thread: connections in, answers out.
//!
//! One thread for everything, on no core in particular and behind all others in the queue for them,
//! so that who looks at the load does not slow it.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use futures_util::future::{Either, select};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt;
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::App;
use super::seats::{Busy, Seat, Seats};

/// The most connections at once: a browser opens up to six for each page.
const CONNECTIONS_MAX: usize = 256;
/// For a handshake, and for a request's head; so long a connection may be idle, too.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head of a request. As much is buffered of an answer before the next part is asked for.
const HEAD_MAX: usize = 16 * 1024;
/// What the kernel keeps for a reader who does not read, and how long it lets them not.
const SEND_BUFFER: usize = 256 * 1024;
const READER_PATIENCE: Duration = Duration::from_secs(60);
/// How far behind other threads this one stands (`nice`).
const NICENESS: i32 = 10;
/// For what is still to be said when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The thread, which ends when this is dropped.
pub(super) struct Thread {
    closing: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Thread {
    /// Answers from now on, and keeps the board.
    pub(super) fn start(
        listener: StdListener,
        tls: Option<TlsAcceptor>,
        app: Arc<App>,
        router: Router,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (closing, closed) = oneshot::channel();
        let thread = thread::Builder::new().name("gregaria-web".into()).spawn(move || {
            // A system that does not allow it serves the page all the same.
            let _ = setpriority_process(Some(gettid()), NICENESS);
            runtime.block_on(serve(listener, tls, app, router, closed));
        })?;
        Ok(Thread { closing: Some(closing), thread: Some(thread) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.closing.take());
        if let Some(thread) = self.thread.take() {
            // Its panic has been told of on stderr.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: StdListener,
    tls: Option<TlsAcceptor>,
    app: Arc<App>,
    router: Router,
    closed: oneshot::Receiver<()>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let seats = Seats::new(CONNECTIONS_MAX);
    let accept = pin!(accept(&listener, tls, router, &seats));
    let keep = pin!(app.board.keep());
    select(closed, select(accept, keep)).await;
    app.board.close();
    let all_said = async {
        while !seats.are_idle() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = timeout(LAST_WORDS, all_said).await;
}

async fn accept(listener: &TcpListener, tls: Option<TlsAcceptor>, router: Router, seats: &Seats) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The load may have all descriptors. Then there will be some again.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some(seat) = seats.take() else { continue };
        set_up(&stream);
        tokio::spawn(converse(stream, tls.clone(), router.clone(), seat));
    }
}

/// Bounds what a reader who does not read can hold. Where the kernel knows no better, it is not worth
/// a connection.
fn set_up(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER);
    let _ = sockopt::set_tcp_user_timeout(stream, READER_PATIENCE.as_millis() as u32);
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, seat: Seat) {
    let conversation = async {
        match tls {
            None => answer(stream, router, &seat).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(PATIENCE, tls.accept(stream)).await {
                    answer(stream, router, &seat).await;
                }
            }
        }
    };
    match select(pin!(conversation), pin!(seat.lost())).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: S, router: Router, seat: &Seat) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let busy = seat.busy();
        let answer = router.call(request);
        async move { answer.await.map(|response| occupying(response, busy)) }
    });
    // How a connection ends is its peer's affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A response that keeps its connection's place until all of it is gone.
fn occupying(response: Response<Body>, busy: Busy) -> Response<Occupying> {
    response.map(|body| Occupying { body, _busy: busy })
}

struct Occupying {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Occupying {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Listens here.
///
/// # Errors
///
/// What the system says.
pub(super) fn listen(address: SocketAddr) -> io::Result<StdListener> {
    StdListener::bind(address)
}
