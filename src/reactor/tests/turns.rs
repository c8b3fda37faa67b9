//! How many turns things take.

use std::io::{Read, Write};

use super::*;

/// A send that went well completes nothing, so the turn that makes it waits for the answer.
#[test]
fn an_exchange_is_one_turn() {
    on_each_backend(|| {
        const EXCHANGES: u64 = 100;
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer::new(server.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut socket, _) = server.accept().unwrap();
            let mut bytes = [0; 7];
            while socket.read_exact(&mut bytes).is_ok() {
                // The send has completed long since.
                std::thread::sleep(Duration::from_millis(1));
                socket.write_all(&bytes).unwrap();
            }
        });
        let executor = Executor::new();
        let (reactor, turns) = (executor.reactor.clone(), Rc::new(Cell::new(0)));
        let taken = turns.clone();
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            let before = reactor.turns();
            for _ in 0..EXCHANGES {
                socket.send(b"request".to_vec());
                socket.receive().await.unwrap().unwrap();
            }
            taken.set(reactor.turns() - before);
        });
        executor.run_until(|| turns.get() > 0);
        assert!(turns.get() < EXCHANGES * 3 / 2, "{} turns", turns.get());
        drop(executor);
        answering.join().unwrap();
    });
}

/// A core waits for its start on a channel, and so without a turn.
#[test]
fn what_was_before_the_beginning_is_no_long_turn() {
    on_each_backend(|| {
        let reactor = Reactor::new(backend()).unwrap();
        let long = || std::thread::sleep(STANDSTILL + Duration::from_millis(10));
        long();
        reactor.begin_anew();
        reactor.turn(Turn::Poll).unwrap();
        assert!(reactor.take_longest_turn() < STANDSTILL);
        assert_eq!(reactor.take_standstills(), []);
        let begin = Instant::now();
        long();
        reactor.turn(Turn::Poll).unwrap();
        assert!(reactor.take_longest_turn() >= STANDSTILL);
        let standstills = reactor.take_standstills();
        assert!(standstills[0].in_task && standstills[0].to - standstills[0].from >= STANDSTILL);
        assert!(reactor.stood_still_since(begin) && !reactor.stood_still_since(Instant::now()));
    });
}
