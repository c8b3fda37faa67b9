//! The web server's thread: accepts connections and answers requests.
//!
//! It is one thread, pinned to no core and with a low priority (`nice`), so that watching a run does
//! not slow its load.

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

use super::App;
use super::connection_limit::{ActiveRequest, ConnectionLimit, ConnectionPermit};
use super::tls::Acceptor;

/// The most open connections. A browser opens up to six for each page.
const CONNECTIONS_MAX: usize = 256;
/// The time limit of a TLS handshake, of a request's head, and of an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request. hyper buffers as much of a response.
const HEAD_MAX: usize = 16 * 1024;
/// The socket's send buffer: what the kernel holds for a client that does not read.
const SEND_BUFFER: usize = 256 * 1024;
/// How long a client may leave its data unread before the kernel resets the connection.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(60);
/// The thread's priority (`nice`): below that of the cores.
const NICENESS: i32 = 10;
/// The time limit of responses that are not finished when the page closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The thread. Dropping it closes the page and waits for the thread to end.
pub(super) struct Thread {
    closing: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Thread {
    /// Starts the thread, which answers requests and runs the publisher.
    pub(super) fn start(
        listener: StdListener,
        tls: Option<Acceptor>,
        app: Arc<App>,
        router: Router,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (closing, closed) = oneshot::channel();
        let thread = thread::Builder::new().name("gregaria-web".into()).spawn(move || {
            // Where the system does not allow it, the page works with the usual priority.
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
            // A panic was printed to stderr when it happened.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: StdListener,
    tls: Option<Acceptor>,
    app: Arc<App>,
    router: Router,
    closed: oneshot::Receiver<()>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let limit = ConnectionLimit::new(CONNECTIONS_MAX);
    let accept = pin!(accept(&listener, tls, router, &limit));
    let publish = pin!(app.publisher.run());
    select(closed, select(accept, publish)).await;
    app.publisher.close();
    let finish = async {
        while !limit.is_idle() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, finish).await;
}

async fn accept(
    listener: &TcpListener,
    tls: Option<Acceptor>,
    router: Router,
    limit: &ConnectionLimit,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The load may use up all descriptors for a time.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some(permit) = limit.admit() else { continue };
        set_options(&stream);
        tokio::spawn(handle(stream, tls.clone(), router.clone(), permit));
    }
}

/// Limits what a client that does not read can hold. A kernel that refuses an option is no reason to
/// refuse the connection.
fn set_options(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER);
    let _ = sockopt::set_tcp_user_timeout(stream, UNREAD_TIMEOUT.as_millis() as u32);
}

async fn handle(
    stream: TcpStream,
    tls: Option<Acceptor>,
    router: Router,
    permit: ConnectionPermit,
) {
    let serve = async {
        match tls {
            None => serve_requests(stream, router, &permit).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
                    serve_requests(stream, router, &permit).await;
                }
            }
        }
    };
    match select(pin!(serve), pin!(permit.evicted())).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}

async fn serve_requests<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    router: Router,
    permit: &ConnectionPermit,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let active = permit.begin_request();
        let response = router.call(request);
        async move { response.await.map(|response| tracked(response, active)) }
    });
    // How the client ends the connection does not matter.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Counts the request as active until its whole response is sent.
fn tracked(response: Response<Body>, active: ActiveRequest) -> Response<TrackedBody> {
    response.map(|body| TrackedBody { body, _active: active })
}

struct TrackedBody {
    body: Body,
    _active: ActiveRequest,
}

impl HttpBody for TrackedBody {
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

/// Opens the listening socket.
///
/// # Errors
///
/// Returns the system's error.
pub(super) fn listen(address: SocketAddr) -> io::Result<StdListener> {
    StdListener::bind(address)
}
