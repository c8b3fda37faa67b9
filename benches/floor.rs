//! The least cost of a client on this machine: a bare io_uring, one constant request, and a count of
//! responses.
//!
//! This is the kernel's cost; what gregaria costs beyond it is its own. There are two ways to receive: a receive
//! per response into the connection's own buffer (`single`), and one multishot receive per connection into
//! buffers that the kernel picks (`multishot`), as the reactor does. All responses must have the same length,
//! which is measured with the first one.
//!
//! ```text
//! cargo bench --bench floor                                     one second, built-in server
//! cargo bench --bench floor -- --rounds 5 --seconds 3           both modes, interleaved, medians
//! cargo bench --bench floor -- --address 127.0.0.1:8080 --path / --connections 64 --core 0
//! ```
//!
//! One line of JSON per run. CPU time is that of the client's thread alone (`RUSAGE_THREAD`).
#![allow(unsafe_code, clippy::print_stdout)]

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use gregaria::target::{Options, Server};
use io_uring::squeue::Flags;
use io_uring::types::{BufRingEntry, Fd};
use io_uring::{IoUring, cqueue, opcode, squeue};

/// `IORING_RECVSEND_POLL_FIRST`, because no response is there yet when its receive is submitted.
const POLL_FIRST: u16 = 1;
const BUFFER_BYTES: usize = 16 * 1024;
/// The tag of sends, which complete only when they fail.
const SEND: u64 = 1 << 32;
const GROUP: u16 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Single,
    Multishot,
}

struct Args {
    address: Option<SocketAddr>,
    path: String,
    connections: usize,
    time: Duration,
    core: usize,
    mode: Mode,
    /// Runs of both modes in turn; 0 is one run of `mode`.
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse()?;
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let server = match args.address {
        Some(_) => None,
        None => Some(start_server(&cores, args.core)?),
    };
    let address = args.address.or(server.as_ref().map(Server::address));
    let address = address.ok_or("nobody to ask")?;
    if !core_affinity::set_for_current(CoreId { id: args.core }) {
        return Err(format!("cannot run on core {}", args.core).into());
    }
    if args.rounds == 0 {
        run(&args, args.mode, address)?;
        return Ok(());
    }
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..args.rounds {
        for (mode, costs) in [Mode::Single, Mode::Multishot].into_iter().zip(&mut costs) {
            costs.push(run(&args, mode, address)?);
        }
    }
    let [single, multishot] = costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs[costs.len() / 2]
    });
    println!("{{\"median_cpu_us\":{{\"single\":{single:.3},\"multishot\":{multishot:.3}}}}}");
    Ok(())
}

/// Starts the built-in server, on another core than the client if there is one.
fn start_server(cores: &[CoreId], client: usize) -> Result<Server, Box<dyn Error>> {
    let core = cores.iter().rev().find(|core| core.id != client).or(cores.first());
    let core = *core.ok_or("no core to run on")?;
    Ok(Server::start(Options { cores: vec![core], ..Options::default() })?)
}

impl Args {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parsed = Args {
            address: None,
            path: "/".to_owned(),
            connections: 64,
            time: Duration::from_secs(1),
            core: 0,
            mode: Mode::Single,
            rounds: 0,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--address" => parsed.address = Some(value()?.parse()?),
                "--path" => parsed.path = value()?,
                "--connections" => parsed.connections = value()?.parse()?,
                "--seconds" => parsed.time = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--core" => parsed.core = value()?.parse()?,
                "--rounds" => parsed.rounds = value()?.parse()?,
                "--multishot" => parsed.mode = Mode::Multishot,
                // Arguments of cargo.
                "--bench" => {}
                _ => return Err(format!("unknown argument {arg}").into()),
            }
        }
        Ok(parsed)
    }
}

/// Makes one run and prints its line. Returns the microseconds of CPU time per request.
fn run(args: &Args, mode: Mode, address: SocketAddr) -> Result<f64, Box<dyn Error>> {
    let request = format!("GET {} HTTP/1.1\r\nHost: {address}\r\n\r\n", args.path).into_bytes();
    let mut streams = Vec::new();
    for _ in 0..args.connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let response_len = first_response(streams.first_mut().ok_or("no connection")?, &request)?;

    let mut client = Client::new(mode, streams, request, response_len)?;
    let (begin, used) = (Instant::now(), cpu_time());
    let requests = client.ask_until(begin + args.time)?;
    let wall = begin.elapsed().as_secs_f64();
    let (user, system) = cpu_time();
    let (user, system) = (user - used.0, system - used.1);
    let cpu = user + system;
    let cost = cpu * 1e6 / requests as f64;
    println!(
        "{{\"mode\":\"{mode:?}\",\"requests\":{requests},\"wall_s\":{wall:.3},\"user_s\":{user:.3},\
         \"system_s\":{system:.3},\"cpu_us_per_request\":{cost:.3},\"requests_per_cpu_s\":{:.0}}}",
        requests as f64 / cpu
    );
    Ok(cost)
}

/// Returns the length of a whole response, from its head.
fn first_response(stream: &mut TcpStream, request: &[u8]) -> Result<usize, Box<dyn Error>> {
    stream.write_all(request)?;
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    let len = loop {
        let len = stream.read(&mut piece)?;
        if len == 0 {
            return Err("the server closed instead of answering".into());
        }
        received.extend_from_slice(&piece[..len]);
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        break end + 4 + length.ok_or("no content-length")?.trim().parse::<usize>()?;
    };
    let mut rest = vec![0; len.saturating_sub(received.len())];
    stream.read_exact(&mut rest)?;
    Ok(len)
}

struct Client {
    mode: Mode,
    ring: IoUring,
    streams: Vec<TcpStream>,
    /// Bytes received of the response under way, per connection.
    received: Vec<usize>,
    request: &'static [u8],
    response_len: usize,
    /// One per connection, or those that the kernel picks from. Leaked, as the request is: the
    /// kernel may use both until the ring is gone, and this process lives for a few runs only.
    buffers: *mut u8,
    entries: *mut BufRingEntry,
    entries_len: u16,
    tail: u16,
}

impl Client {
    fn new(
        mode: Mode,
        streams: Vec<TcpStream>,
        request: Vec<u8>,
        response_len: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_clamp()
            .setup_cqsize(16 * 1024)
            .build(4096)?;
        let entries_len = streams.len().next_power_of_two().max(64);
        let mut client = Client {
            mode,
            ring,
            received: vec![0; streams.len()],
            streams,
            request: Vec::leak(request),
            response_len,
            buffers: Vec::leak(vec![0; entries_len * BUFFER_BYTES]).as_mut_ptr(),
            entries: leak_entries(entries_len),
            entries_len: u16::try_from(entries_len)?,
            tail: 0,
        };
        if mode == Mode::Multishot {
            // SAFETY: the entries are page aligned, so many, zeroed, and never freed.
            unsafe {
                let address = client.entries as u64;
                let submitter = client.ring.submitter();
                submitter.register_buf_ring_with_flags(address, client.entries_len, GROUP, 0)?;
            }
            (0..client.entries_len).for_each(|id| client.give_back(id));
        }
        Ok(client)
    }

    /// Keeps one request in flight on every connection. Returns the number of complete responses.
    fn ask_until(&mut self, deadline: Instant) -> Result<u64, Box<dyn Error>> {
        let mut requests = 0;
        for connection in 0..self.streams.len() {
            self.receive(connection)?;
            self.send(connection)?;
        }
        let mut seen: Vec<(u64, i32, u32)> = Vec::new();
        while Instant::now() < deadline {
            self.ring.submit_and_wait(1)?;
            let completions = self.ring.completion();
            seen.extend(completions.map(|done| (done.user_data(), done.result(), done.flags())));
            for (tag, result, flags) in seen.drain(..) {
                if tag >= SEND || result <= 0 {
                    return Err(format!("a connection broke: {result}").into());
                }
                requests += self.on_received(tag as usize, result as usize, flags)?;
            }
        }
        Ok(requests)
    }

    fn on_received(
        &mut self,
        connection: usize,
        len: usize,
        flags: u32,
    ) -> Result<u64, Box<dyn Error>> {
        if let Some(buffer) = cqueue::buffer_select(flags) {
            self.give_back(buffer);
        }
        if !cqueue::more(flags) {
            self.receive(connection)?;
        }
        self.received[connection] += len;
        if self.received[connection] < self.response_len {
            return Ok(0);
        }
        self.received[connection] = 0;
        self.send(connection)?;
        Ok(1)
    }

    fn send(&mut self, connection: usize) -> Result<(), Box<dyn Error>> {
        let fd = Fd(self.streams[connection].as_raw_fd());
        let entry = opcode::Send::new(fd, self.request.as_ptr(), self.request.len() as u32)
            .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
            .build()
            .flags(Flags::SKIP_SUCCESS)
            .user_data(SEND);
        self.push(&entry)
    }

    fn receive(&mut self, connection: usize) -> Result<(), Box<dyn Error>> {
        let fd = Fd(self.streams[connection].as_raw_fd());
        let entry = match self.mode {
            Mode::Single => {
                let buffer = self.buffers.wrapping_add(connection * BUFFER_BYTES);
                opcode::Recv::new(fd, buffer, BUFFER_BYTES as u32).ioprio(POLL_FIRST).build()
            }
            Mode::Multishot => opcode::RecvMulti::new(fd, GROUP).build(),
        };
        self.push(&entry.user_data(connection as u64))
    }

    fn push(&mut self, entry: &squeue::Entry) -> Result<(), Box<dyn Error>> {
        // SAFETY: the request and the buffers are never freed.
        if unsafe { self.ring.submission().push(entry) }.is_ok() {
            return Ok(());
        }
        self.ring.submit()?;
        // SAFETY: as above.
        Ok(unsafe { self.ring.submission().push(entry) }?)
    }

    /// Hands a buffer to the kernel.
    fn give_back(&mut self, id: u16) {
        let position = usize::from(self.tail % self.entries_len);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the position is inside the ring of entries, the buffer inside the buffers, both
        // are never freed, and the kernel reads an entry only once the tail has moved past it. The
        // tail lies in the first entry and is aligned for a u16.
        unsafe {
            let entry = &mut *self.entries.add(position);
            entry.set_addr(self.buffers.add(usize::from(id) * BUFFER_BYTES) as u64);
            entry.set_len(BUFFER_BYTES as u32);
            entry.set_bid(id);
            let tail = BufRingEntry::tail(self.entries).cast_mut();
            AtomicU16::from_ptr(tail).store(self.tail, Ordering::Release);
        }
    }
}

/// Zeroed, page-aligned entries of a buffer ring.
fn leak_entries(len: usize) -> *mut BufRingEntry {
    #[derive(Clone, Copy)]
    #[repr(align(4096))]
    struct Page {
        _bytes: [u8; 4096],
    }
    let pages = (len * size_of::<BufRingEntry>()).div_ceil(size_of::<Page>());
    Vec::leak(vec![Page { _bytes: [0; 4096] }; pages]).as_mut_ptr().cast()
}

/// User and system time of this thread, in seconds.
fn cpu_time() -> (f64, f64) {
    // SAFETY: all zeroes is a valid value of this plain structure, which the kernel then fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    (seconds(usage.ru_utime), seconds(usage.ru_stime))
}
