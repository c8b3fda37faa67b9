//! A server that misbehaves on request: it ends connections in every way, refuses new ones, stops for a while,
//! and counts what it does.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::net::sockopt;

/// Small enough to reach the client in one write.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n\
                        ........................................";
/// The queue of connections that are not accepted yet.
const BACKLOG: i32 = 1024;
/// How often the server checks what is due.
const TURN: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// What the server did. A request is counted when it has been read to its end.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    /// Requests with their whole answer written.
    pub(crate) answered: u64,
    /// Requests with a part of their answer written before the end of the connection.
    pub(crate) torn: u64,
    /// Requests whose connection ended without a byte of an answer.
    pub(crate) dropped: u64,
    /// Connections that it ended without a request: each may have had one on its way.
    pub(crate) idle: u64,
    /// How often it stopped listening, which resets connections that are not accepted.
    pub(crate) closings: u64,
}

const CALM: u8 = 0;
const RAGE: u8 = 1;
const DONE: u8 = 2;

/// The server on a thread of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    mood: Arc<AtomicU8>,
    content: Arc<AtomicU64>,
    thread: JoinHandle<Counts>,
}

impl Server {
    pub(crate) fn start(seed: u64) -> Server {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into());
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(AtomicU8::new(CALM));
        let content = Arc::new(AtomicU64::new(0));
        let mut chaos = Chaos::new(listener, Rng::with_seed(seed));
        let (told, count) = (mood.clone(), content.clone());
        let thread = thread::spawn(move || chaos.run(&told, &count));
        Server { address, mood, content, thread }
    }

    pub(crate) fn rage(&self) {
        self.mood.store(RAGE, Ordering::Relaxed);
    }

    pub(crate) fn calm(&self) {
        self.mood.store(CALM, Ordering::Relaxed);
    }

    /// Returns the number of connections that had a response since the end of the rage.
    pub(crate) fn content(&self) -> u64 {
        self.content.load(Ordering::Relaxed)
    }

    /// Returns what it has done. No client may be connecting any more.
    pub(crate) fn end(self) -> Counts {
        self.mood.store(DONE, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

struct Chaos {
    address: SocketAddr,
    epoll: rustix::fd::OwnedFd,
    listener: Option<TcpListener>,
    /// By number. Silent ones are not read, and end later.
    connections: HashMap<u64, Connection>,
    next: u64,
    raging: bool,
    random: Rng,
    counts: Counts,
    /// Until when it does not accept, until when it does not listen, and when the next misbehaviour is due.
    deaf_until: Instant,
    closed_until: Instant,
    next_deed: Instant,
}

struct Connection {
    stream: TcpStream,
    /// The part of a head that has come.
    head: Vec<u8>,
    /// How much of the body is missing, after the head.
    body: Option<usize>,
    /// When the answer to the request that was read is due.
    due: Option<Instant>,
    silent: bool,
    content: bool,
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    Close,
    Reset,
}

impl Chaos {
    fn new(listener: TcpListener, random: Rng) -> Chaos {
        let now = Instant::now();
        Chaos {
            address: listener.local_addr().unwrap(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).unwrap(),
            listener: Some(listener),
            connections: HashMap::new(),
            next: 0,
            raging: false,
            random,
            counts: Counts::default(),
            deaf_until: now,
            closed_until: now,
            next_deed: now,
        }
    }

    fn run(&mut self, mood: &AtomicU8, content: &AtomicU64) -> Counts {
        let mut events = Vec::with_capacity(1024);
        loop {
            let now = Instant::now();
            match mood.load(Ordering::Relaxed) {
                CALM if self.raging => self.calm_down(now),
                RAGE => {
                    self.raging = true;
                    if now >= self.next_deed {
                        self.misbehave(now);
                    }
                }
                DONE => return self.counts.clone(),
                _ => {
                    let those = self.connections.values().filter(|open| open.content);
                    content.store(those.count() as u64, Ordering::Relaxed);
                }
            }
            self.accept(now);
            self.answer_what_is_due(now);
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&TURN)).unwrap();
            for event in &events {
                self.read(event.data.u64());
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        if now < self.deaf_until || now < self.closed_until {
            return;
        }
        let listener = self.listener.get_or_insert_with(|| listen(self.address));
        while let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(true).unwrap();
            self.next += 1;
            let data = epoll::EventData::new_u64(self.next);
            epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN).unwrap();
            let head = Vec::new();
            let (body, due) = (None, None);
            let connection = Connection { stream, head, body, due, silent: false, content: false };
            self.connections.insert(self.next, connection);
        }
    }

    /// Reads what is there. Users send one request at a time.
    fn read(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let mut bytes = [0; 65536];
        match connection.stream.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(count) if count > 0 => {
                if !connection.is_whole_with(&bytes[..count]) {
                    return;
                }
                let now = Instant::now();
                let slow = self.raging && self.random.u32(..20) == 0;
                let delay = if slow { self.random.u64(1..300) } else { 0 };
                connection.due = Some(now + Duration::from_millis(delay));
                if self.raging && self.random.u32(..50) == 0 {
                    self.tear(number);
                } else if !slow {
                    self.answer(number);
                }
            }
            // The client closed, after a timeout or at the end of the run.
            _ => {
                let connection = self.connections.remove(&number).unwrap();
                self.counts.dropped += u64::from(connection.due.is_some());
            }
        }
    }

    fn answer_what_is_due(&mut self, now: Instant) {
        let is_due = |open: &Connection| !open.silent && open.due.is_some_and(|due| due <= now);
        let due = self.connections.iter().filter(|(_, open)| is_due(open));
        let due: Vec<u64> = due.map(|(&number, _)| number).collect();
        due.into_iter().for_each(|number| self.answer(number));
    }

    fn answer(&mut self, number: u64) {
        let connection = self.connections.get_mut(&number).unwrap();
        match connection.stream.write(ANSWER) {
            Ok(count) => {
                assert_eq!(count, ANSWER.len(), "an answer is as short as that");
                connection.due = None;
                connection.content = !self.raging;
                self.counts.answered += 1;
            }
            // The client closed after a timeout.
            Err(_) => {
                self.connections.remove(&number);
                self.counts.dropped += 1;
            }
        }
    }

    /// Writes a part of the answer, and ends the connection.
    fn tear(&mut self, number: u64) {
        let part = self.random.usize(1..ANSWER.len());
        let mut connection = self.connections.remove(&number).unwrap();
        match connection.stream.write(&ANSWER[..part]) {
            Ok(count) => {
                assert_eq!(count, part);
                self.counts.torn += 1;
            }
            Err(_) => self.counts.dropped += 1,
        }
        connection.due = None;
        end(connection, self.random.choice([End::Close, End::Reset]).unwrap());
    }

    /// Misbehaves in a random way, then pauses.
    fn misbehave(&mut self, now: Instant) {
        let for_a_while = Duration::from_millis(self.random.u64(50..700));
        match self.random.u32(..7) {
            0 => self.end_some(End::Close, false),
            1 => self.end_some(End::Reset, false),
            2 => self.stop_listening(now + for_a_while),
            3 => {
                self.stop_listening(now + for_a_while);
                let how = self.random.choice([End::Close, End::Reset]).unwrap();
                self.end_some(how, true);
            }
            4 => self.deaf_until = now + for_a_while,
            5 => self.silence_some(),
            _ => thread::sleep(for_a_while),
        }
        let pause = Duration::from_millis(self.random.u64(20..500));
        self.next_deed = Instant::now() + pause;
    }

    fn end_some(&mut self, how: End, all: bool) {
        let share = self.random.f64();
        let numbers: Vec<u64> = self.connections.keys().copied().collect();
        for number in numbers {
            if all || self.random.f64() < share {
                let connection = self.connections.remove(&number).unwrap();
                self.count_end(&connection);
                end(connection, how);
            }
        }
    }

    fn count_end(&mut self, connection: &Connection) {
        match connection.due {
            Some(_) => self.counts.dropped += 1,
            None => self.counts.idle += 1,
        }
    }

    /// Makes connections silent, so that they are half open for their clients.
    fn silence_some(&mut self) {
        let share = self.random.f64() / 4.0;
        for connection in self.connections.values_mut() {
            if !connection.silent && self.random.f64() < share {
                epoll::delete(&self.epoll, &connection.stream).unwrap();
                connection.silent = true;
            }
        }
    }

    /// Accepts all waiting connections, so that only those that are being made are reset.
    fn stop_listening(&mut self, until: Instant) {
        if let Some(listener) = &self.listener {
            rustix::net::listen(listener, 0).unwrap();
            self.deaf_until = Instant::now();
            self.accept(self.deaf_until);
            self.listener = None;
            self.counts.closings += 1;
        }
        self.closed_until = until;
    }

    fn calm_down(&mut self, now: Instant) {
        self.raging = false;
        (self.deaf_until, self.closed_until) = (now, now);
        let silent = self.connections.iter().filter(|(_, open)| open.silent);
        let silent: Vec<u64> = silent.map(|(&number, _)| number).collect();
        for number in silent {
            let connection = self.connections.remove(&number).unwrap();
            self.count_end(&connection);
        }
    }
}

fn end(connection: Connection, how: End) {
    if let End::Reset = how {
        // With a reset (tcp(7)).
        sockopt::set_socket_linger(&connection.stream, Some(Duration::ZERO)).unwrap();
    }
    drop(connection.stream);
}

fn listen(address: SocketAddr) -> TcpListener {
    let listener = TcpListener::bind(address).unwrap();
    rustix::net::listen(&listener, BACKLOG).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

impl Connection {
    /// Whether these bytes end a request, with the body that it announces.
    fn is_whole_with(&mut self, bytes: &[u8]) -> bool {
        let left = match self.body {
            Some(left) => left.checked_sub(bytes.len()),
            None => {
                self.head.extend_from_slice(bytes);
                let text = std::str::from_utf8(&self.head).unwrap();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
                let left = length(head).checked_sub(body.len());
                self.head.clear();
                left
            }
        };
        let left = left.expect("one request at a time");
        self.body = Some(left).filter(|&left| left > 0);
        left == 0
    }
}

/// The length of the body that a head announces.
fn length(head: &str) -> usize {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    value.map_or(0, |value| value.parse().unwrap())
}
