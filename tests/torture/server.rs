//! The server that misbehaves: threads, blocking sockets, and nothing of ours.

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

/// No client leaves a server waiting for so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long is waited until a server has seen what a client did.
const SETTLE: Duration = Duration::from_secs(10);
/// Connections that are kept and not read, at the most.
const STARVING_MAX: usize = 2;
/// Between two bytes that are to be two packets.
const PACKET_GAP: Duration = Duration::from_micros(20);

/// What a server has seen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
}

/// A server that plays the scripts of one case, over and over. It takes one connection at a time,
/// because the client has one at a time.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    door: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    /// They have the room in which others would wait to be accepted.
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

    /// What the server has seen, once that is as much as expected, or after a while.
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
            // Whatever it could say has been said by the counts.
            let _ = thread.join();
        }
    }
}

/// A connection on its way, which nobody waits for.
fn knock(address: SocketAddr) -> OwnedFd {
    let knocking = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::io::ioctl_fionbio(&knocking, true).unwrap();
    let _ = rustix::net::connect(&knocking, &address);
    knocking
}

/// Does not accept the one who comes, and is gone when this returns.
fn die_with_one_waiting(door: &OwnedFd, shared: &Shared) {
    let soon = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    while !shared.dead.load(Ordering::SeqCst) {
        if poll(&mut [PollFd::new(door, PollFlags::IN)], Some(&soon)).unwrap() > 0 {
            // Time for its request to come, too.
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
        // A client that goes away in the middle is no error of the server's.
        if let Ok(Then::Starve) = conversation.play(script) {
            starving.push(conversation.stream);
        }
        if starving.len() > STARVING_MAX {
            starving.remove(0);
        }
    }
}

/// What becomes of a connection when its script is over.
enum Then {
    Close,
    Starve,
}

struct Conversation<'s> {
    stream: TcpStream,
    /// What has come and is not read yet.
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

    /// Reads up to the blank line, byte by byte, so that what is behind stays where it is.
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

/// Where the first request ends, once all of it is there.
fn request_end(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&input[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let end = head + length.map_or(0, |length| length.trim().parse().unwrap());
    (input.len() >= end).then_some(end)
}
