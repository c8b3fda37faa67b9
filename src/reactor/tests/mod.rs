//! The reactor on its own: real sockets, no glommio.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::*;
use executor::{BACKEND, Executor, TaskWaker, backend, on_each_backend};

mod buffers;
mod connects;
mod drops;
mod executor;
mod readiness;
mod resets;
mod turns;

/// Reads until the peer closes.
async fn read_all(socket: &Socket) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(Some(chunk)) = socket.receive().await {
        all.extend_from_slice(&chunk);
    }
    all
}

/// A listener and a peer address for it.
fn listen(reactor: &Rc<Reactor>) -> (Listener, Peer) {
    let listener = Listener::bind(reactor, "127.0.0.1:0".parse().unwrap()).unwrap();
    let peer = Peer::new(listener.address());
    (listener, peer)
}

#[test]
fn bytes_arrive_whole_and_in_order_whatever_their_number() {
    on_each_backend(|| {
        for len in [1, 100, 16 * 1024, 16 * 1024 + 1, 3_000_000, 20_000_000] {
            let executor = Executor::new();
            let (listener, peer) = listen(&executor.reactor);
            let sent: Vec<u8> = (0..len).map(|n| (n * 7 + n / 251) as u8).collect();
            let received = Rc::new(RefCell::new(Vec::new()));
            let bytes = sent.clone();
            executor.spawn(async move {
                let socket = listener.accept().await.unwrap();
                socket.send(bytes);
                // The peer closes when it has everything.
                assert!(socket.receive().await.unwrap().is_none());
            });
            let (reactor, into) = (executor.reactor.clone(), received.clone());
            executor.spawn(async move {
                let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
                while into.borrow().len() < len {
                    let chunk = socket.receive().await.unwrap().unwrap();
                    into.borrow_mut().extend_from_slice(&chunk);
                }
            });
            executor.run_until(|| received.borrow().len() >= len);
            assert!(*received.borrow() == sent, "{len} bytes differ");
        }
    });
}

#[test]
fn what_is_sent_behind_comes_in_its_order_and_is_shared_by_who_keeps_it() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let shared: Arc<[u8]> = (0..5_000_000).map(|n: u32| (n * 7 + n / 251) as u8).collect();
        let kept = [(); 2].map(|()| executor.reactor.keep_shared(shared.clone()));
        let expected = [b"head", &shared[..], b"middle", &shared, b"end"].concat();
        let received = Rc::new(RefCell::new(Vec::new()));
        executor.spawn(async move {
            let socket = listener.accept().await.unwrap();
            assert!(socket.is_sent());
            socket.send_behind(b"head".to_vec());
            socket.send_kept_behind(kept[0]);
            socket.send_behind(b"middle".to_vec());
            socket.send_kept_behind(kept[1]);
            socket.send_behind(b"end".to_vec());
            assert!(!socket.is_sent());
            socket.sent().await;
            assert!(socket.is_sent());
            assert!(socket.receive().await.unwrap().is_none());
        });
        let (reactor, into, len) = (executor.reactor.clone(), received.clone(), expected.len());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            while into.borrow().len() < len {
                let chunk = socket.receive().await.unwrap().unwrap();
                into.borrow_mut().extend_from_slice(&chunk);
            }
        });
        executor.run_until(|| received.borrow().len() >= len);
        assert!(*received.borrow() == expected);
        drop(executor);
        assert_eq!(Arc::strong_count(&shared), 1);
    });
}

#[test]
fn kept_bytes_are_sent_again_and_again() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let hello = executor.reactor.keep(*b"hello");
        let echoed = Rc::new(Cell::new(0));
        executor.spawn(async move {
            let socket = listener.accept().await.unwrap();
            while let Ok(Some(chunk)) = socket.receive().await {
                socket.send(chunk.to_vec());
            }
        });
        let (reactor, count) = (executor.reactor.clone(), echoed.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            for _ in 0..1000 {
                socket.send_kept(hello);
                let chunk = socket.receive().await.unwrap().unwrap();
                assert_eq!(&*chunk, b"hello");
                count.set(count.get() + 1);
            }
        });
        executor.run_until(|| echoed.get() == 1000);
    });
}

/// The peer reads nothing for a while, so the first send is taken in part; what follows may not
/// overtake the rest of it, and closing may not cut it off.
#[test]
fn sends_that_wait_for_each_other_arrive_in_order_before_a_slow_reader() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let bytes: Vec<u8> = (0..6_000_000_u32).map(|n| (n * 7 + n / 251) as u8).collect();
        let kept = executor.reactor.keep(bytes.clone());
        let expected = bytes.repeat(4);
        executor.spawn({
            let reactor = executor.reactor.clone();
            async move {
                let socket = listener.accept().await.unwrap();
                for round in 0..4 {
                    if round % 2 == 0 {
                        socket.send_kept(kept)
                    } else {
                        socket.send(bytes.clone())
                    }
                    reactor.sleep_until(Instant::now() + Duration::from_millis(1)).await;
                    socket.sent().await;
                }
                socket.shut();
                assert!(socket.receive().await.unwrap().is_none());
            }
        });
        let received = Rc::new(RefCell::new(None));
        let (reactor, into) = (executor.reactor.clone(), received.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            reactor.sleep_until(Instant::now() + Duration::from_millis(50)).await;
            *into.borrow_mut() = Some(read_all(&socket).await);
        });
        executor.run_until(|| received.borrow().is_some());
        assert!(received.take().is_some_and(|received| received == expected), "bytes differ");
    });
}

#[test]
fn a_refused_connection_is_an_error_and_a_closed_one_is_the_end() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let refused = Peer::new("127.0.0.1:1".parse().unwrap());
        let done = Rc::new(Cell::new(false));
        executor.spawn(async move { drop(listener.accept().await.unwrap()) });
        let (reactor, flag) = (executor.reactor.clone(), done.clone());
        executor.spawn(async move {
            let error = Socket::connect(&reactor, &refused, None).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            assert!(socket.receive().await.unwrap().is_none());
            assert!(socket.receive().await.unwrap().is_none(), "the end stays the end");
            assert!(!socket.is_quiet());
            flag.set(true);
        });
        executor.run_until(|| done.get());
    });
}

#[test]
fn a_peer_that_sends_what_nobody_reads_is_held_up_and_loses_nothing() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let len = 40_000_000;
        let received = Rc::new(Cell::new(0));
        executor.spawn(async move {
            let socket = listener.accept().await.unwrap();
            socket.send(vec![1; len]);
            assert!(socket.receive().await.unwrap().is_none());
        });
        let (reactor, count) = (executor.reactor.clone(), received.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            while count.get() < len {
                count.set(count.get() + socket.receive().await.unwrap().unwrap().len());
                if count.get() % 7 == 0 {
                    reactor.sleep_until(Instant::now() + Duration::from_millis(2)).await;
                }
            }
        });
        executor.run_until(|| received.get() >= len);
        assert_eq!(received.get(), len);
    });
}

#[test]
fn sleepers_wake_in_order_and_never_early() {
    on_each_backend(|| {
        let executor = Executor::new();
        let woken = Rc::new(RefCell::new(Vec::new()));
        let begin = Instant::now();
        for millis in [30, 10, 20, 0, 15] {
            let (reactor, woken) = (executor.reactor.clone(), woken.clone());
            executor.spawn(async move {
                let deadline = begin + Duration::from_millis(millis);
                reactor.sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
                woken.borrow_mut().push(millis);
            });
        }
        executor.run_until(|| woken.borrow().len() == 5);
        assert_eq!(*woken.borrow(), [0, 10, 15, 20, 30]);
    });
}

#[test]
fn an_alarm_goes_off_at_the_deadline_in_force_whatever_it_was_before() {
    on_each_backend(|| {
        let executor = Executor::new();
        let went_off = Rc::new(RefCell::new(Vec::new()));
        let (reactor, into) = (executor.reactor.clone(), went_off.clone());
        executor.spawn(async move {
            let mut alarm = Alarm::new(&reactor);
            // Later, earlier and much earlier than the timer that is set, and one that is not reached.
            for millis in [20, 40, 10, 1] {
                let deadline = Instant::now() + Duration::from_millis(millis);
                let never = std::future::pending::<()>();
                assert_eq!(alarm.until(deadline, never).await, Err(TimedOut));
                assert!(Instant::now() >= deadline, "{millis} ms: too early");
                let far = Instant::now() + Duration::from_secs(60);
                assert_eq!(alarm.until(far, std::future::ready(7)).await, Ok(7));
                let nap = reactor.sleep_until(Instant::now() + Duration::from_millis(1));
                assert!(alarm.until(far, nap).await.is_ok());
                into.borrow_mut().push(millis);
            }
        });
        executor.run_until(|| went_off.borrow().len() == 4);
    });
}

#[test]
fn another_thread_wakes_a_waiting_core() {
    on_each_backend(|| {
        let executor = Executor::new();
        let remote = executor.reactor.remote();
        let woken = Arc::new(AtomicU32::new(0));
        let (reactor, count) = (executor.reactor.clone(), woken.clone());
        executor.spawn(async move {
            loop {
                reactor.woken().await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let seen = woken.clone();
        let waker = std::thread::spawn(move || {
            for round in 0..3 {
                // Again and again: wakes that come together are one, and one may come before the task
                // listens.
                while seen.load(Ordering::Relaxed) <= round {
                    std::thread::sleep(Duration::from_millis(5));
                    remote.wake();
                }
            }
        });
        executor.run_until(|| woken.load(Ordering::Relaxed) >= 3);
        waker.join().unwrap();
    });
}

/// A core's wakers each counted as a reference to their task, until these were too many.
#[test]
fn who_waits_no_longer_to_be_woken_is_forgotten() {
    on_each_backend(|| {
        let reactor = Reactor::new(backend()).unwrap();
        let task = Arc::new(TaskWaker { task: 0, woken: Arc::default() });
        let waker = Waker::from(task.clone());
        for _ in 0..3 {
            let mut woken = reactor.woken();
            let polled = Pin::new(&mut woken).poll(&mut Context::from_waker(&waker));
            assert_eq!((polled, Arc::strong_count(&task)), (Poll::Pending, 3));
        }
        assert_eq!(Arc::strong_count(&task), 2);
    });
}

#[test]
fn a_parked_socket_is_unfit_while_its_last_send_is_in_flight() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let seen = Rc::new(Cell::new(None));
        let (reactor, flag) = (executor.reactor.clone(), seen.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            // More than the buffers of both sides take while the peer does not read.
            socket.send(vec![1; 40_000_000]);
            reactor.sleep_until(Instant::now() + Duration::from_millis(20)).await;
            socket.park();
            flag.set(Some(socket.take_up()));
        });
        executor.spawn(async move {
            let _unread = listener.accept().await.unwrap();
            std::future::pending::<()>().await;
        });
        executor.run_until(|| seen.get().is_some());
        assert_eq!(seen.get(), Some(false));
    });
}

#[test]
fn bytes_that_nobody_asked_for_make_a_parked_socket_unfit_and_hold_no_buffer() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (listener, peer) = listen(&executor.reactor);
        let seen = Rc::new(Cell::new(None));
        let (reactor, flag) = (executor.reactor.clone(), seen.clone());
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            socket.send(b"hello".to_vec());
            assert_eq!(&*socket.receive().await.unwrap().unwrap(), b"hello");
            socket.park();
            reactor.sleep_until(Instant::now() + Duration::from_millis(50)).await;
            let fit = socket.take_up();
            // Had the bytes been kept, they would come before the error.
            flag.set(Some((fit, socket.receive().await.is_err())));
        });
        let reactor = executor.reactor.clone();
        executor.spawn(async move {
            let socket = listener.accept().await.unwrap();
            socket.send(socket.receive().await.unwrap().unwrap().to_vec());
            reactor.sleep_until(Instant::now() + Duration::from_millis(10)).await;
            socket.send(vec![7; 1000]);
            std::future::pending::<()>().await;
        });
        executor.run_until(|| seen.get().is_some());
        assert_eq!(seen.get(), Some((false, true)));
    });
}

#[test]
#[should_panic(expected = "kept bytes belong to one reactor")]
fn kept_bytes_of_another_reactor_are_refused() {
    on_each_backend(|| {
        let kept = Reactor::new(backend()).unwrap().keep(*b"gone");
        let executor = Executor::new();
        let (_listener, peer) = listen(&executor.reactor);
        let socket = Rc::new(RefCell::new(None));
        let (reactor, slot) = (executor.reactor.clone(), socket.clone());
        executor.spawn(async move {
            slot.replace(Some(Socket::connect(&reactor, &peer, None).await.unwrap()));
        });
        executor.run_until(|| socket.borrow().is_some());
        socket.borrow().as_ref().unwrap().send_kept(kept);
    });
}
