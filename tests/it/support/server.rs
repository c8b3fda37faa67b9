//! A server on threads that answers by a script and records every request.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// A free port.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How long to wait for requests, or for the end of connections after a run.
const SETTLE: Duration = Duration::from_secs(20);

/// A complete request that a server saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The number of its connection, and its number on that connection, from 0.
    pub(crate) connection: usize,
    pub(crate) number: usize,
    /// Method and target: `GET /users`.
    pub(crate) line: String,
    /// Start line and headers, without the blank line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// Returns the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// How a script answers a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Sends these bytes and waits for the next request.
    Send(Vec<u8>),
    /// Sends these bytes and closes without a reset.
    Close(Vec<u8>),
    /// Sends these bytes and resets the connection, which may overtake them.
    Reset(Vec<u8>),
    /// Sends these pieces at this interval.
    Slowly(Vec<Vec<u8>>, Duration),
    /// Sends these bytes, and then others this many times.
    Stream(Vec<u8>, Vec<u8>, usize),
    /// Answers after a while.
    Late(Duration, Box<Answer>),
    /// Sends nothing until the client closes.
    Never,
}

/// Makes a response with this status line and body, and its `Content-Length`.
pub(crate) fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Makes a plain response of status 200.
pub(crate) fn ok() -> Answer {
    Answer::Send(response("200 OK", "ok"))
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    script: Box<Script>,
    /// Idle connections are closed after this.
    idle: Option<Duration>,
    dead: AtomicBool,
    accepted: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    more: Condvar,
    /// By number.
    connections: Mutex<Vec<(usize, TcpStream)>>,
    open: Mutex<usize>,
    fewer: Condvar,
}

impl Server {
    /// Starts a server on a free port that answers by this script.
    pub(crate) fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Server::launch(LOOPBACK, Box::new(script), None)
    }

    /// Starts a server at this address.
    pub(crate) fn start_at(
        address: SocketAddr,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Server::launch(address, Box::new(script), None)
    }

    /// Starts a server that closes connections that were idle for this time.
    pub(crate) fn closing_idle(idle: Duration) -> Self {
        Server::launch(LOOPBACK, Box::new(|_: &Seen| ok()), Some(idle))
    }

    fn launch(address: SocketAddr, script: Box<Script>, idle: Option<Duration>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script,
            idle,
            dead: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            seen: Mutex::default(),
            more: Condvar::new(),
            connections: Mutex::default(),
            open: Mutex::default(),
            fewer: Condvar::new(),
        });
        let (accepting, server) = (listener.try_clone().unwrap(), shared.clone());
        let acceptor = Some(thread::spawn(move || server.accept(&accepting)));
        Server { address, listener, shared, acceptor }
    }

    /// Returns the requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Returns the number of requests so far.
    pub(crate) fn count(&self) -> u64 {
        self.shared.seen.lock().unwrap().len() as u64
    }

    /// Returns the number of requests so far that begin with this: `GET /users`.
    pub(crate) fn count_of(&self, start: &str) -> u64 {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().filter(|request| request.line.starts_with(start)).count() as u64
    }

    /// Returns the number of connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Waits for this many requests.
    #[track_caller]
    pub(crate) fn await_requests(&self, count: u64) {
        let seen = self.shared.seen.lock().unwrap();
        let enough = |seen: &mut Vec<Seen>| (seen.len() as u64) < count;
        let (seen, _) = self.shared.more.wait_timeout_while(seen, SETTLE, enough).unwrap();
        assert!(seen.len() as u64 >= count, "{} of {count} requests", seen.len());
    }

    /// Waits until this many connections have brought this many requests each.
    #[track_caller]
    pub(crate) fn await_users(&self, users: usize, each: usize) {
        let busy = |seen: &[Seen]| seen.iter().filter(|request| request.number + 1 == each).count();
        let seen = self.shared.seen.lock().unwrap();
        let fewer = |seen: &mut Vec<Seen>| busy(seen) < users;
        let (seen, _) = self.shared.more.wait_timeout_while(seen, SETTLE, fewer).unwrap();
        assert!(busy(&seen) >= users, "{} of {users} users", busy(&seen));
    }

    /// Returns the number of connections with a request.
    pub(crate) fn users(&self) -> u64 {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().filter(|request| request.number == 0).count() as u64
    }

    /// Waits until every client has closed. Returns the number of requests.
    #[track_caller]
    pub(crate) fn total(&self) -> u64 {
        let open = self.shared.open.lock().unwrap();
        let (open, _) =
            self.shared.fewer.wait_timeout_while(open, SETTLE, |open| *open > 0).unwrap();
        assert_eq!(*open, 0, "connections that are still open");
        drop(open);
        self.count()
    }

    /// Stops listening and resets every connection.
    pub(crate) fn kill(&mut self) {
        self.shared.dead.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().unwrap();
        }
        for (_, connection) in std::mem::take(&mut *self.shared.connections.lock().unwrap()) {
            reset(&connection);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes the close of the socket a reset, and wakes readers.
fn reset(connection: &TcpStream) {
    let _ = set_socket_linger(connection, Some(Duration::ZERO));
    let _ = connection.shutdown(Shutdown::Read);
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            if self.dead.load(Ordering::SeqCst) {
                return;
            }
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(self.idle).unwrap();
            let number = self.accepted.fetch_add(1, Ordering::SeqCst);
            self.connections.lock().unwrap().push((number, stream.try_clone().unwrap()));
            *self.open.lock().unwrap() += 1;
            let shared = self.clone();
            thread::spawn(move || {
                // A client that closes in the middle is no error.
                let _ = shared.serve(&stream, number);
                shared.forget(stream, number);
            });
        }
    }

    /// Closes a connection: the kept copy, and that of its thread.
    fn forget(&self, stream: TcpStream, number: usize) {
        lock(&self.connections).retain(|(other, _)| *other != number);
        drop(stream);
        *lock(&self.open) -= 1;
        self.fewer.notify_all();
    }

    fn serve(&self, mut stream: &TcpStream, connection: usize) -> io::Result<()> {
        let mut input = Vec::new();
        for number in 0.. {
            let Some(request) = read_request(stream, &mut input, connection, number)? else {
                return Ok(());
            };
            lock(&self.seen).push(request.clone());
            self.more.notify_all();
            let mut answer = (self.script)(&request);
            if let Answer::Late(delay, later) = answer {
                thread::sleep(delay);
                answer = *later;
            }
            match answer {
                Answer::Send(bytes) => stream.write_all(&bytes)?,
                Answer::Close(bytes) => return stream.write_all(&bytes),
                Answer::Reset(bytes) => {
                    stream.write_all(&bytes)?;
                    reset(stream);
                    return Ok(());
                }
                Answer::Slowly(pieces, apart) => {
                    for piece in pieces {
                        stream.write_all(&piece)?;
                        thread::sleep(apart);
                    }
                }
                Answer::Stream(head, piece, times) => {
                    stream.write_all(&head)?;
                    (0..times).try_for_each(|_| stream.write_all(&piece))?;
                }
                Answer::Late(..) => unreachable!("an answer is late once"),
                Answer::Never => {
                    io::copy(&mut stream, &mut io::sink())?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// Reads the next request, or returns `None` if the client has closed.
fn read_request(
    mut stream: &TcpStream,
    input: &mut Vec<u8>,
    connection: usize,
    number: usize,
) -> io::Result<Option<Seen>> {
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some((head, body, rest)) = split_request(input) {
            let line = head.lines().next().unwrap_or_default();
            let line = line.rsplit_once(' ').map_or(line, |(line, _version)| line).to_owned();
            *input = rest;
            return Ok(Some(Seen { at: Instant::now(), connection, number, line, head, body }));
        }
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            count => input.extend_from_slice(&piece[..count]),
        }
    }
}

/// Returns head, body and the bytes after them, if all of it has come.
fn split_request(input: &[u8]) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let end = input.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&input[..end]).into_owned();
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map(|(_, value)| value.trim().parse().unwrap()).next().unwrap_or(0);
    let body_end = end + 4 + length;
    let body = input.get(end + 4..body_end)?.to_vec();
    Some((head, body, input[body_end..].to_vec()))
}
