//! Futures dropped at random, against a kernel that goes on working on what they began.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::*;

/// Clients that connect, send, receive and sleep against an echo server, and are dropped at any
/// point of it. The kernel must never write into freed memory, no operation may be lost, and no
/// descriptor may leak; the pattern of every surviving exchange proves that no bytes were mixed up.
#[test]
fn futures_dropped_at_random_leave_nothing_behind() {
    on_each_backend(|| {
        let backend = backend();
        let test = move || {
            BACKEND.set(backend);
            drop_futures_at_random();
        };
        std::thread::spawn(test).join().unwrap();
    });
}

fn drop_futures_at_random() {
    // Descriptors are counted, so this thread takes a table of its own, without what the tests
    // beside it open and close.
    // SAFETY: the table is new and this thread has opened nothing yet, so nobody owns what is closed.
    let unshared = unsafe { libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_UNSHARE as i32) };
    assert_eq!(unshared, 0);
    let descriptors = || std::fs::read_dir("/proc/thread-self/fd").unwrap().count();
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let base_sockets = executor.reactor.open_sockets();
        let server = serve_echo(&executor, listener);
        let before = descriptors();
        let exchanged = Rc::new(Cell::new(0_u64));
        let shared: Arc<[u8]> = (0..rng.usize(1..300_000)).map(|n| n as u8).collect();
        let upload = (executor.reactor.keep_shared(shared.clone()), shared.clone());
        let mut clients = VecDeque::new();
        for _ in 0..400 {
            let client = echo_client(
                &executor,
                peer.clone(),
                rng.u64(..),
                exchanged.clone(),
                upload.clone(),
            );
            clients.push_back(client);
            for _ in 0..rng.usize(..4) {
                executor.run_woken();
                let turn = if rng.bool() { Turn::Poll } else { Turn::Wait };
                if turn == Turn::Poll || executor.reactor.open_sockets() > base_sockets {
                    executor.reactor.turn(turn).unwrap();
                }
            }
            while clients.len() > 20 {
                let victim = clients.remove(rng.usize(..clients.len())).unwrap();
                executor.kill(victim);
            }
        }
        clients.iter().for_each(|&client| executor.kill(client));
        // Descriptors as well: the kernel may have accepted what the server has not looked at yet.
        executor.run_until(|| {
            executor.reactor.open_sockets() == base_sockets
                && executor.reactor.state.borrow().waits.len() == 0
                && descriptors() <= before
        });
        assert!(exchanged.get() > 0, "seed {seed}: nothing was exchanged");
        executor.kill(server);
        drop((executor, upload));
        assert_eq!(Arc::strong_count(&shared), 1, "what was kept is let go at the end");
    }
}

fn serve_echo(executor: &Rc<Executor>, listener: Listener) -> usize {
    let weak = Rc::downgrade(executor);
    executor.spawn(async move {
        loop {
            let socket = listener.accept().await.unwrap();
            let Some(executor) = weak.upgrade() else { return };
            executor.spawn(async move {
                while let Ok(Some(chunk)) = socket.receive().await {
                    socket.send(chunk.to_vec());
                }
            });
        }
    })
}

/// Sends bytes of its own, or a head of its own with bytes behind it that all share.
fn echo_client(
    executor: &Rc<Executor>,
    peer: Peer,
    seed: u64,
    exchanged: Rc<Cell<u64>>,
    (kept, shared): (KeptBytes, Arc<[u8]>),
) -> usize {
    let reactor = executor.reactor.clone();
    let mut rng = fastrand::Rng::with_seed(seed);
    executor.spawn(async move {
        loop {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            for _ in 0..rng.usize(1..5) {
                let mut sent: Vec<u8> = vec![rng.u8(..); rng.usize(1..40_000)];
                let deadline = Instant::now() + Duration::from_micros(rng.u64(50..100_000));
                if rng.u8(..4) == 0 {
                    socket.send_behind(sent.clone());
                    socket.send_kept_behind(kept);
                    sent.extend_from_slice(&shared);
                } else {
                    socket.send(sent.clone());
                }
                let mut got = Vec::new();
                let reply = reactor.until(deadline, async {
                    while got.len() < sent.len() {
                        got.extend_from_slice(&socket.receive().await.unwrap().unwrap());
                    }
                });
                if reply.await.is_err() {
                    break;
                }
                assert!(got == sent, "bytes of different exchanges were mixed up");
                exchanged.set(exchanged.get() + 1);
            }
            if rng.u8(..4) == 0 {
                wait_for_others(&reactor, &mut rng).await;
            }
            let _ = if rng.bool() { read_all_briefly(&reactor, &socket).await } else { 0 };
        }
    })
}

/// Waits for descriptors that are not the reactor's, and that may be closed before the wait is over.
async fn wait_for_others(reactor: &Rc<Reactor>, rng: &mut fastrand::Rng) {
    let (near, far) = UnixStream::pair().unwrap();
    let deadline = Instant::now() + Duration::from_micros(rng.u64(1..300));
    let readable = reactor.until(deadline, reactor.readable(near.as_raw_fd()));
    let writable = reactor.writable(near.as_raw_fd());
    if rng.bool() {
        drop(far);
    }
    let near = rng.bool().then_some(near);
    let (written, read) = (writable.await.is_ok(), readable.await.is_ok());
    assert!(written || near.is_none(), "room, or the number is no descriptor any more");
    drop((read, near));
}

async fn read_all_briefly(reactor: &Rc<Reactor>, socket: &Socket) -> usize {
    let deadline = Instant::now() + Duration::from_micros(200);
    reactor.until(deadline, read_all(socket)).await.map_or(0, |bytes| bytes.len())
}
