//! How late answers leave that a script holds. Not part of a test run; the numbers are in
//! the module's documentation:
//! `cargo test --release --lib target::tests::lateness -- --ignored --nocapture --test-threads 1`

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::cores::allowed_cores;
use crate::target::{Options, Pathology, Server, Stall};

fn start(pathology: Pathology) -> Server {
    Server::start(Options { cores: allowed_cores()[..1].to_vec(), pathology, ..Options::default() })
        .unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET /status HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
}

/// Answers are small and come whole.
fn read(stream: &mut TcpStream) -> Instant {
    assert!(stream.read(&mut [0; 512]).unwrap() > 0);
    Instant::now()
}

fn print(what: &str, mut late: Vec<Duration>) {
    late.sort_unstable();
    let us = |share: f64| late[(late.len() as f64 * share) as usize].as_micros();
    let (p50, p90, p99) = (us(0.5), us(0.9), us(0.99));
    println!("{what}: {p50} us at 50 %, {p90} at 90 %, {p99} at 99 %, {} at most", us(0.9999));
}

#[test]
#[ignore = "a measurement"]
fn one_answer_at_a_time() {
    for delay in [0, 1, 5, 20].map(Duration::from_millis) {
        let server = start(Pathology { delay, ..Pathology::default() });
        let mut stream = connect(server.address());
        let late = |_| {
            let begin = Instant::now();
            ask(&mut stream);
            read(&mut stream) - begin - delay
        };
        let late = (0..300).map(late).collect();
        print(&format!("after {delay:?}, with the way there and back"), late);
    }
}

#[test]
#[ignore = "a measurement"]
fn the_answers_at_the_end_of_a_stall() {
    const STALL: Duration = Duration::from_millis(200);
    let once = |connections: u32| {
        let stall = Some(Stall::new(STALL, 1000 * STALL).unwrap());
        let server = start(Pathology { stall, ..Pathology::default() });
        let mut streams: Vec<_> = (0..connections).map(|_| connect(server.address())).collect();
        let begin = Instant::now();
        streams.iter_mut().for_each(ask);
        assert!(begin.elapsed() < STALL, "too slow to ask");
        streams.iter_mut().map(|stream| read(stream) - begin - STALL).collect::<Vec<_>>()
    };
    for connections in [1, 10, 100, 1000] {
        let late = (0..20).flat_map(|_| once(connections)).collect();
        print(&format!("{connections} at the end of a stall"), late);
    }
}
