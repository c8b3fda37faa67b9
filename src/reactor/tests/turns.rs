//! How many turns things take.

use std::io::{Read, Write};

use super::*;

/// A send that went well completes nothing, so the turn that makes it waits for the answer.
#[test]
fn an_exchange_is_one_turn() {
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
}
