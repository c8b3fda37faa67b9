//! How many receive buffers there are: enough for everybody, and no more.

use super::*;

const BODY: usize = 20_000_000;

/// Serves connections with `BODY` bytes each.
fn serve(executor: &Rc<Executor>) -> Peer {
    let (listener, peer) = listen(&executor.reactor);
    let spawner = executor.clone();
    executor.spawn(async move {
        while let Ok(socket) = listener.accept().await {
            spawner.spawn(async move {
                socket.send(vec![1; BODY]);
                socket.sent().await;
                while let Ok(Some(_)) = socket.receive().await {}
            });
        }
    });
    peer
}

#[test]
fn a_large_body_needs_no_more_memory_than_the_cache_has() {
    on_each_backend(|| {
        let executor = Executor::new();
        let peer = serve(&executor);
        let first = executor.reactor.state.borrow().driver.buffers.len();
        let received = Rc::new(Cell::new(0));
        let (reactor, count) = (executor.reactor.clone(), received.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            while count.get() < BODY {
                count.set(count.get() + socket.receive().await.unwrap().unwrap().len());
            }
        });
        executor.run_until(|| received.get() >= BODY);
        assert_eq!(executor.reactor.state.borrow().driver.buffers.len(), first);
    });
}

#[test]
fn whatever_waits_for_slow_readers_the_others_are_served() {
    on_each_backend(|| {
        let executor = Executor::new();
        let peer = serve(&executor);
        let received = Rc::new(Cell::new(0));
        for _ in 0..5 {
            let (reactor, peer) = (executor.reactor.clone(), peer.clone());
            executor.spawn(async move {
                let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
                // From here on it receives, and nobody reads.
                socket.send(vec![1]);
                std::future::pending::<()>().await;
            });
        }
        let held = || executor.reactor.state.borrow().driver.buffers.out();
        executor.run_until(|| held() >= 64);
        let (reactor, count) = (executor.reactor.clone(), received.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            while count.get() < BODY {
                count.set(count.get() + socket.receive().await.unwrap().unwrap().len());
            }
        });
        executor.run_until(|| received.get() >= BODY);
    });
}
