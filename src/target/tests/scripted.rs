//! Servers with a script, as far as one has to see more of them than when their answers come.

use std::time::{Duration, Instant};

use super::client::Client;
use super::{options, start};
use crate::cores::allowed_cores;
use crate::target::{Bimodal, Options, Pathology, Server};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn stalling(text: &str, options: Options) -> Server {
    let pathology = Pathology { stall: Some(text.parse().unwrap()), ..Pathology::default() };
    start(Options { pathology, ..options })
}

#[test]
fn a_stall_holds_the_connections_of_all_cores() {
    let core = allowed_cores()[0];
    let cores = allowed_cores().into_iter().chain([core]).take(2).collect();
    let server = stalling("500ms/1h", Options { cores, ..Options::default() });
    let mut clients: Vec<_> = (0..32).map(|_| Client::connect(server.address())).collect();
    let begin = Instant::now();
    clients[0].send("GET / HTTP/1.1\r\n\r\n");
    // Every clock but the first would begin a stall of its own here.
    std::thread::sleep(ms(300));
    clients[1..].iter_mut().for_each(|client| client.send("GET / HTTP/1.1\r\n\r\n"));
    for client in &mut clients {
        assert_eq!(client.answer(false).unwrap().status, 200);
        let time = begin.elapsed();
        assert!((ms(500)..ms(800)).contains(&time), "{time:?}");
    }
    assert!(server.counters_by_core().all(|core| core.connections > 0));
}

#[test]
fn in_a_stall_nobody_is_refused_or_told_to_go_on() {
    let server = stalling("300ms/1h", options());
    let mut refused = Client::connect(server.address());
    let mut waiting = Client::connect(server.address());
    let begin = Instant::now();
    refused.send("nonsense\r\n\r\n");
    waiting.send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    for (client, status) in [(&mut waiting, 100), (&mut refused, 400)] {
        assert_eq!(client.answer(false).unwrap().status, status);
        assert!(begin.elapsed() >= ms(300), "{status} after {:?}", begin.elapsed());
    }
    assert_eq!(waiting.ask("hello").status, 200);
}

#[test]
fn the_slow_ones_are_those_that_the_script_says() {
    let bimodal = Bimodal::new(0.3, ms(30)).unwrap().seed(7);
    let pathology = Pathology { bimodal: Some(bimodal), ..Pathology::default() };
    let server = start(Options { pathology, ..options() });
    let mut client = Client::connect(server.address());
    let mut took = |nth| {
        let begin = Instant::now();
        assert_eq!(client.get("/").status, 200);
        (pathology.answer_time(ms(0), nth), begin.elapsed())
    };
    let times: Vec<_> = (0..40).map(&mut took).collect();
    assert!(times.iter().all(|(script, time)| time >= script), "{times:?}");
    // On a busy machine some of the quick ones are not.
    let quick = times.iter().filter(|&&(_, time)| time < ms(30)).count();
    let meant = times.iter().filter(|(script, _)| script.is_zero()).count();
    assert!((20..36).contains(&meant) && quick >= meant - 5, "{times:?}");
}

/// What does not fit one send is read when the peer has taken what did, and by then the server may
/// be silent again.
#[test]
fn a_request_behind_large_answers_arrives_when_it_is_read() {
    let server = stalling("200ms/600ms", options());
    let mut client = Client::connect(server.address());
    let begin = Instant::now();
    let large = format!("GET /bytes/{} HTTP/1.1\r\n\r\n", 16 << 20);
    client.send(large + "GET / HTTP/1.1\r\n\r\n");
    // Nobody reads until the server stalls for the second time.
    std::thread::sleep(ms(700));
    assert_eq!(client.answer(false).unwrap().body.len(), 16 << 20);
    assert_eq!(client.answer(false).unwrap().status, 200);
    assert!(begin.elapsed() >= ms(800), "{:?}", begin.elapsed());
}
