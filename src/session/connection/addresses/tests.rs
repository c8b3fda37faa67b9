//! Which address a connection goes to, and what look-ups change about it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::reactor::{Backend, Turn};

fn of(known: &[SocketAddr]) -> Addresses {
    Addresses::new(("name", 80), known, None, 0)
}

/// These addresses of loopback, by their last numbers, at any port.
fn loopback(port: u16, numbers: &[u8]) -> Vec<SocketAddr> {
    let address = |&last| SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port));
    numbers.iter().map(address).collect()
}

async fn connect(
    addresses: &Addresses,
    reactor: &Rc<Reactor>,
    local_addresses: &LocalAddresses,
) -> Result<Socket, Failure> {
    addresses.connect(reactor, local_addresses, &TcpOptions::default()).await
}

/// Polls a future whenever the reactor has turned; a hang is a failed test.
fn run<F: Future>(reactor: &Rc<Reactor>, future: F) -> F::Output {
    let mut future = pin!(reactor.until(Instant::now() + 20 * ATTEMPT_MAX, future));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output.expect("it is done in time");
        }
        reactor.turn(Turn::Wait).unwrap();
    }
}

/// All of them at once, and each failed.
async fn all_fail(mut futures: Vec<Pin<Box<impl Future<Output = Result<(), Failure>>>>>) {
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(result) => {
                assert!(matches!(result, Err(Failure::Resolve(_))), "{result:?}");
                false
            }
            Poll::Pending => true,
        });
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// There was once a thread for each of them: 304 for 300 users.
#[test]
fn users_who_need_the_same_name_share_one_look_up() {
    let reactor = Reactor::new(Backend::best()).unwrap();
    let addresses = of(&[]);
    let look_ups: Arc<AtomicUsize> = Arc::default();
    let (answer, asked) = channel::<()>();
    let (asked, counted) = (Mutex::new(asked), look_ups.clone());
    let resolver = Resolver::injected(None, move |_, _| {
        asked.lock().unwrap().recv().unwrap();
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(loopback(80, &[1])),
        }
    });
    let mut waiting: Vec<_> =
        (0..300).map(|_| Box::pin(addresses.look_up(&reactor, &resolver))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    answer.send(()).unwrap();
    run(&reactor, all_fail(waiting));
    assert_eq!(look_ups.load(Ordering::Relaxed), 1);

    answer.send(()).unwrap();
    run(&reactor, addresses.look_up(&reactor, &resolver)).unwrap();
    assert_eq!(peers(&addresses, 0), loopback(80, &[1]), "the next request tries again");
}

/// A listener whose queue is full: it drops whatever else comes. And what fills the queue.
fn black_hole() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, ATTEMPT_MAX).ok();
    let queued = std::iter::from_fn(connect).collect();
    (listener, queued)
}

#[test]
fn an_address_that_never_answers_leaves_time_for_the_next() {
    let reactor = Reactor::new(Backend::best()).unwrap();
    let good = TcpListener::bind("127.0.0.1:0").unwrap();
    let (never, _queued) = black_hole();
    let known = [&never, &good].map(|listener| listener.local_addr().unwrap());
    let addresses = of(&known);
    let begin = Instant::now();
    run(&reactor, connect(&addresses, &reactor, &LocalAddresses::default())).unwrap();
    let took = begin.elapsed();
    assert!((ATTEMPT_MAX..4 * ATTEMPT_MAX).contains(&took), "{took:?}");
    assert_eq!(peers(&addresses, 0), [known[1], known[0]], "and is not tried first again");
}

/// What the connection tries, in its order, before which so many were made.
fn peers(addresses: &Addresses, made: usize) -> Vec<SocketAddr> {
    addresses.order(made).iter().map(|address| address.address).collect()
}

/// The same by the last numbers, for the first six connections.
fn orders(addresses: &Addresses) -> Vec<Vec<u8>> {
    let last = |address: SocketAddr| match address {
        SocketAddr::V4(address) => address.ip().octets()[3],
        SocketAddr::V6(_) => panic!("none of them"),
    };
    (0..6).map(|made| peers(addresses, made).into_iter().map(last).collect()).collect()
}

#[test]
fn connections_take_the_addresses_in_turn_and_those_that_fail_last() {
    let addresses = of(&loopback(80, &[1, 2, 3]));
    let mark = |index: usize| {
        let address = addresses.known.borrow()[index].clone();
        addresses.mark_failed(&address);
    };
    let round = [[1, 2, 3], [2, 3, 1], [3, 1, 2]];
    assert_eq!(orders(&addresses), [round, round].concat());
    mark(1);
    let round = [[1, 3, 2], [3, 1, 2], [3, 1, 2]];
    assert_eq!(orders(&addresses), [round, round].concat());
    mark(0);
    mark(2);
    assert_eq!(orders(&addresses)[1], [2, 3, 1], "where all fail it is not for the address");
}

#[test]
fn each_core_begins_with_another_address() {
    let known = loopback(80, &[1, 2]);
    let firsts = [0, 1, 2].map(|core| {
        let addresses = Addresses::new(("name", 80), &known, None, core);
        orders(&addresses)[0][0]
    });
    assert_eq!(firsts, [1, 2, 1]);
}

#[test]
fn connections_come_from_our_addresses_in_turn_or_from_the_next_that_can_be_had() {
    let reactor = Reactor::new(Backend::best()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = of(&[listener.local_addr().unwrap()]);
    // The last is nobody's (RFC 5737), which looks as if it had no port left.
    let local = ["127.0.0.2", "127.0.0.3", "203.0.113.9"].map(|text| text.parse().unwrap());
    let local_addresses = LocalAddresses::new(&local);
    for (number, from) in [0, 1, 0, 0, 1].into_iter().enumerate() {
        let _socket = run(&reactor, connect(&addresses, &reactor, &local_addresses)).unwrap();
        assert_eq!(listener.accept().unwrap().1.ip(), local[from], "connection {number}");
    }
    let nobody = LocalAddresses::new(&local[2..]);
    let refused = run(&reactor, connect(&addresses, &reactor, &nobody)).unwrap_err();
    assert_eq!(refused.to_string(), "no local port left");
    assert!(!addresses.known.borrow()[0].failed.get(), "it is not for the peer");
}

/// Four connections each to two addresses and from two, and none of the pairs twice in a row.
#[test]
fn addresses_at_both_ends_are_paired_evenly() {
    let reactor = Reactor::new(Backend::best()).unwrap();
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let addresses = of(&loopback(listener.local_addr().unwrap().port(), &[1, 4]));
    let local_addresses =
        LocalAddresses::new(&["127.0.0.2", "127.0.0.3"].map(|text| text.parse().unwrap()));
    let mut pairs: Vec<_> = (0..8)
        .map(|_| {
            let _socket = run(&reactor, connect(&addresses, &reactor, &local_addresses)).unwrap();
            let (accepted, from) = listener.accept().unwrap();
            (from.ip(), accepted.local_addr().unwrap().ip())
        })
        .collect();
    assert!(pairs.windows(2).all(|two| two[0] != two[1]), "{pairs:?}");
    pairs.sort();
    assert!(pairs.chunk_by(|a, b| a == b).map(<[_]>::len).eq([2; 4]), "{pairs:?}");
}

#[test]
fn new_connections_go_to_the_addresses_of_the_latest_look_up() {
    let reactor = Reactor::new(Backend::best()).unwrap();
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let latest = Arc::new(Mutex::new(loopback(port, &[5, 6])));
    let told = latest.clone();
    let every = Duration::from_millis(5);
    let resolver = Resolver::injected(Some(every), move |_, _| match &told.lock().unwrap()[..] {
        [] => Err(io::ErrorKind::NotFound.into()),
        addresses => Ok(addresses.to_vec()),
    });
    let subscription = resolver.subscribe("name", port);
    let addresses = Addresses::new(("name", port), &loopback(port, &[9]), subscription, 0);
    let local_addresses = LocalAddresses::default();
    let accept = || {
        let _socket = run(&reactor, connect(&addresses, &reactor, &local_addresses)).unwrap();
        listener.accept().unwrap().0.local_addr().unwrap()
    };
    let await_among = |numbers: &[u8]| {
        let among = loopback(port, numbers);
        let begin = Instant::now();
        // The last is none of those from before.
        while among.last() != Some(&accept()) {
            assert!(begin.elapsed() < 20 * ATTEMPT_MAX, "never the last of {among:?}");
            std::thread::sleep(every);
        }
        let mut next: Vec<_> = among.iter().map(|_| accept()).collect();
        next.sort();
        assert_eq!(next, among, "they are taken in turn");
    };
    await_among(&[5, 6]);
    *latest.lock().unwrap() = loopback(port, &[6, 7, 8]);
    await_among(&[6, 7, 8]);
    latest.lock().unwrap().clear();
    let begin = Instant::now();
    while addresses.take_failed_look_ups() == 0 {
        assert!(begin.elapsed() < 20 * ATTEMPT_MAX, "no look-up fails");
        std::thread::sleep(every);
    }
    await_among(&[6, 7, 8]);
}
