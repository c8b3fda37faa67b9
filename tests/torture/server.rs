//! The server that misbehaves: threads and blocking sockets, without code of gregaria.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};

use super::case::{Act, Case, Door};

/// The time limit of a server that waits for a client.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait until a server has seen what a client did.
const SETTLE: Duration = Duration::from_secs(10);
/// Connections that are kept and not read, at the most.
const STARVING_MAX: usize = 2;
/// The time between two bytes that must be two packets.
const PACKET_GAP: Duration = Duration::from_micros(20);

/// What a server has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
}

/// A server that runs the scripts of one case repeatedly, for one connection at a time.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    door: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    /// They fill the queue of connections that are not accepted.
    _waiting: Vec<OwnedFd>,
}

#[derive(Default)]
pub(crate) struct Shared {
    connections: AtomicU64,
    requests: AtomicU64,
    dead: AtomicBool,
}

impl Server {
    pub(crate) fn start(case: &'static Case) -> Self {
        let door = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&door, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = SocketAddr::try_from(getsockname(&door).unwrap()).unwrap();
        let shared = Arc::<Shared>::default();
        let mut server = Server { address, shared, door: None, thread: None, _waiting: Vec::new() };
        match case.door {
            Door::Open => {
                listen(&door, 128).unwrap();
                let (listener, shared) =
                    (TcpListener::from(door.try_clone().unwrap()), server.shared.clone());
                server.thread = Some(thread::spawn(move || play_all(case, &listener, &shared)));
            }
            Door::Dies => {
                listen(&door, 128).unwrap();
                let shared = server.shared.clone();
                server.thread = Some(thread::spawn(move || die_with_one_waiting(&door, &shared)));
                return server;
            }
            Door::Shut => {}
            Door::Full => {
                listen(&door, 0).unwrap();
                server._waiting = (0..2).map(|_| knock(address)).collect();
            }
        }
        server.door = Some(door);
        server
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.connections.load(Ordering::SeqCst),
            requests: self.shared.requests.load(Ordering::SeqCst),
        }
    }

    /// Returns what the server has seen, when it is as much as expected, or after a while.
    pub(crate) fn settled(&self, expected: Counts) -> Counts {
        let end = Instant::now() + SETTLE;
        while self.counts() != expected && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        self.counts()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.dead.store(true, Ordering::SeqCst);
        if let Some(door) = &self.door {
            // Wakes the thread that accepts.
            let _ = rustix::net::shutdown(door, rustix::net::Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            // The counts have shown any error.
            let _ = thread.join();
        }
    }
}

/// Starts a connection without waiting for it.
fn knock(address: SocketAddr) -> OwnedFd {
    let knocking = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::io::ioctl_fionbio(&knocking, true).unwrap();
    let _ = rustix::net::connect(&knocking, &address);
    knocking
}

/// Waits for a connection, does not accept it, and closes the listener.
fn die_with_one_waiting(door: &OwnedFd, shared: &Shared) {
    let soon = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    while !shared.dead.load(Ordering::SeqCst) {
        if poll(&mut [PollFd::new(door, PollFlags::IN)], Some(&soon)).unwrap() > 0 {
            // Its request may come as well.
            return thread::sleep(Duration::from_millis(50));
        }
    }
}

fn play_all(case: &Case, listener: &TcpListener, shared: &Shared) {
    let mut starving = Vec::new();
    for script in case.scripts.iter().cycle() {
        let Ok((stream, _)) = listener.accept() else { return };
        if shared.dead.load(Ordering::SeqCst) {
            return;
        }
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let mut conversation = Conversation { stream, input: Vec::new(), shared };
        // A client that closes in the middle is no error.
        if let Ok(Then::Starve) = conversation.play(script) {
            starving.push(conversation.stream);
        }
        if starving.len() > STARVING_MAX {
            starving.remove(0);
        }
    }
}

/// What happens to a connection at the end of its script.
enum Then {
    Close,
    Starve,
}

struct Conversation<'s> {
    stream: TcpStream,
    /// Received bytes that are not read yet.
    input: Vec<u8>,
    shared: &'s Shared,
}

impl Conversation<'_> {
    fn play(&mut self, script: &[Act]) -> io::Result<Then> {
        let mut in_upload = false;
        for act in script {
            match act {
                Act::Read => self.read()?,
                Act::ReadHead => {
                    self.read_head()?;
                    in_upload = true;
                }
                Act::Send(bytes) => self.stream.write_all(bytes)?,
                Act::Bytes(bytes) => self.trickle(bytes, PACKET_GAP)?,
                Act::Trickle(bytes, apart) => self.trickle(bytes, *apart)?,
                Act::Forever(bytes) => {
                    let many = bytes.repeat(1 + 4096 / bytes.len());
                    loop {
                        self.stream.write_all(&many)?;
                    }
                }
                Act::Wait(duration) => thread::sleep(*duration),
                Act::Await => {
                    let long = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
                    poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&long))?;
                }
                Act::Starve => return Ok(Then::Starve),
                Act::Finish => self.stream.shutdown(std::net::Shutdown::Write)?,
                Act::Close => return Ok(Then::Close),
                Act::Reset => {
                    set_socket_linger(&self.stream, Some(Duration::ZERO))?;
                    return Ok(Then::Close);
                }
            }
        }
        if in_upload {
            io::copy(&mut self.stream, &mut io::sink())?;
        }
        loop {
            self.read()?;
        }
    }

    fn trickle(&mut self, bytes: &[u8], apart: Duration) -> io::Result<()> {
        for byte in bytes.chunks(1) {
            self.stream.write_all(byte)?;
            thread::sleep(apart);
        }
        Ok(())
    }

    /// Reads a whole request and counts it.
    fn read(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        loop {
            if let Some(end) = request_end(&self.input) {
                self.input.drain(..end);
                self.shared.requests.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            match self.stream.read(&mut piece)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => self.input.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Reads up to the blank line, byte by byte, so that what follows stays in the socket.
    fn read_head(&mut self) -> io::Result<()> {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        self.shared.requests.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Returns the end of the first request, if all of it is there.
fn request_end(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&input[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let end = head + length.map_or(0, |length| length.trim().parse().unwrap());
    (input.len() >= end).then_some(end)
}
