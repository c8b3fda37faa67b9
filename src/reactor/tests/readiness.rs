//! Waiting for descriptors that the reactor does not own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use super::*;

/// How a wait ended: with an errno, or well.
type Outcome = Rc<Cell<Option<Option<i32>>>>;

/// Waits in a task of its own. Returns its number and, later, the outcome.
fn wait(executor: &Executor, wait: Readiness) -> (usize, Outcome) {
    let outcome = Outcome::default();
    let into = outcome.clone();
    let task = executor.spawn(async move {
        into.set(Some(wait.await.err().and_then(|error| error.raw_os_error())));
    });
    (task, outcome)
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

/// Turns until nothing more comes.
fn turn_a_while(executor: &Executor) {
    let end = Instant::now() + Duration::from_millis(20);
    executor.run_until(|| Instant::now() >= end);
}

#[test]
fn a_descriptor_is_readable_when_there_are_bytes_and_at_the_end() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (mut near, mut far) = pair();
        for round in 0..3 {
            let (_, outcome) = wait(&executor, executor.reactor.readable(near.as_raw_fd()));
            turn_a_while(&executor);
            assert_eq!(outcome.get(), None, "round {round}: nothing is there");
            far.write_all(b"x").unwrap();
            executor.run_until(|| outcome.get().is_some());
            assert_eq!(outcome.get(), Some(None));
            // What is there already is told of as well.
            let (_, outcome) = wait(&executor, executor.reactor.readable(near.as_raw_fd()));
            executor.run_until(|| outcome.get().is_some());
            assert_eq!(near.read(&mut [0; 8]).unwrap(), 1, "the reactor reads nothing");
        }
        let (_, outcome) = wait(&executor, executor.reactor.readable(near.as_raw_fd()));
        drop(far);
        executor.run_until(|| outcome.get().is_some());
        assert_eq!(outcome.get(), Some(None));
        assert_eq!(executor.reactor.state.borrow().waits.len(), 0);
    });
}

#[test]
fn a_descriptor_is_writable_when_there_is_room() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (mut near, mut far) = pair();
        let (_, outcome) = wait(&executor, executor.reactor.writable(near.as_raw_fd()));
        executor.run_until(|| outcome.get() == Some(None));
        near.set_nonblocking(true).unwrap();
        while near.write(&[0; 4096]).is_ok() {}
        let (_, outcome) = wait(&executor, executor.reactor.writable(near.as_raw_fd()));
        turn_a_while(&executor);
        assert_eq!(outcome.get(), None);
        let mut taken = vec![0; 1_000_000];
        while outcome.get().is_none() {
            assert!(far.read(&mut taken).unwrap() > 0);
            turn_a_while(&executor);
        }
        assert_eq!(outcome.get(), Some(None));
    });
}

/// A connect that does not wait, as programs make it.
#[test]
fn a_connect_has_ended_when_its_socket_is_writable() {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
    on_each_backend(|| {
        let executor = Executor::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refused: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
        for (address, errno) in [(address, None), (refused, Some(libc::ECONNREFUSED))] {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket =
                rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
                    .unwrap();
            let _ = rustix::net::connect(&socket, &address);
            let (_, outcome) = wait(&executor, executor.reactor.writable(socket.as_raw_fd()));
            executor.run_until(|| outcome.get().is_some());
            assert_eq!(outcome.get(), Some(None), "an error, too, ends the wait");
            let error = sockopt::socket_error(&socket).unwrap().err();
            assert_eq!(error.map(|error| error.raw_os_error()), errno);
        }
    });
}

#[test]
fn several_may_wait_for_one_descriptor() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (near, mut far) = pair();
        let fd = near.as_raw_fd();
        let readers = [(); 3].map(|()| wait(&executor, executor.reactor.readable(fd)).1);
        let (_, writer) = wait(&executor, executor.reactor.writable(fd));
        executor.run_until(|| writer.get() == Some(None));
        assert!(readers.iter().all(|reader| reader.get().is_none()));
        far.write_all(b"x").unwrap();
        executor.run_until(|| readers.iter().all(|reader| reader.get() == Some(None)));
    });
}

#[test]
fn who_waits_no_longer_is_not_woken_and_leaves_nothing_behind() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (near, mut far) = pair();
        for millis in [0, 5] {
            let waits =
                [(); 3].map(|()| wait(&executor, executor.reactor.readable(near.as_raw_fd())));
            let end = Instant::now() + Duration::from_millis(millis);
            executor.run_until(|| Instant::now() >= end);
            executor.kill(waits[0].0);
            executor.kill(waits[2].0);
            far.write_all(b"x").unwrap();
            executor.run_until(|| waits[1].1.get().is_some());
            assert_eq!(waits.each_ref().map(|(_, wait)| wait.get()), [None, Some(None), None]);
            turn_a_while(&executor);
            assert_eq!(executor.reactor.state.borrow().waits.len(), 0);
            (&near).read_exact(&mut [0]).unwrap();
        }
    });
}

/// Its number may then be another's, which is not to be taken for it.
#[test]
fn a_descriptor_that_is_closed_meanwhile_harms_no_other() {
    on_each_backend(|| {
        let executor = Executor::new();
        let (near, _far) = pair();
        let fd = near.as_raw_fd();
        let (task, old) = wait(&executor, executor.reactor.readable(fd));
        turn_a_while(&executor);
        let (other, mut peer) = pair();
        // SAFETY: `near` owns the number, and it is closed by this: the number is the other's then.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), fd) }, fd);
        peer.write_all(b"x").unwrap();
        let (_, new) = wait(&executor, executor.reactor.readable(fd));
        executor.run_until(|| new.get() == Some(None));
        assert_eq!(old.get(), None);
        executor.kill(task);
        turn_a_while(&executor);
        assert_eq!(executor.reactor.state.borrow().waits.len(), 0);
        drop(near);
    });
}

#[test]
fn what_is_no_descriptor_is_an_error_and_a_file_is_always_ready() {
    on_each_backend(|| {
        let executor = Executor::new();
        let unused: RawFd = 1_000_000;
        for fd in [-1, unused] {
            let (_, outcome) = wait(&executor, executor.reactor.readable(fd));
            executor.run_until(|| outcome.get().is_some());
            assert_eq!(outcome.get(), Some(Some(libc::EBADF)), "{fd}");
        }
        let file = File::open("/proc/self/exe").unwrap();
        let (_, outcome) = wait(&executor, executor.reactor.readable(file.as_raw_fd()));
        executor.run_until(|| outcome.get() == Some(None));
    });
}

/// As an event loop of a program waits: for a set of descriptors, which is one itself.
#[test]
fn a_set_of_descriptors_is_readable_when_one_of_them_is_ready() {
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    on_each_backend(|| {
        let executor = Executor::new();
        let (near, mut far) = pair();
        let set: OwnedFd = epoll::create(CreateFlags::CLOEXEC).unwrap();
        epoll::add(&set, &near, EventData::new_u64(0), EventFlags::IN).unwrap();
        let (_, outcome) = wait(&executor, executor.reactor.readable(set.as_raw_fd()));
        turn_a_while(&executor);
        assert_eq!(outcome.get(), None);
        far.write_all(b"x").unwrap();
        executor.run_until(|| outcome.get() == Some(None));
    });
}

/// Counts the waits, and whether each had an end before the next.
#[derive(Default)]
struct Counting {
    waits: Cell<u32>,
    sleeps: Cell<bool>,
}

impl WaitHook for Counting {
    fn before_wait(&self) {
        assert!(!self.sleeps.replace(true));
        self.waits.set(self.waits.get() + 1);
    }

    fn after_wait(&self) {
        assert!(self.sleeps.replace(false));
    }
}

#[test]
fn a_hook_is_told_of_turns_that_may_sleep_and_of_no_others() {
    on_each_backend(|| {
        let executor = Executor::new();
        let hook = Rc::new(Counting::default());
        executor.reactor.set_wait_hook(Some(hook.clone()));
        executor.reactor.turn(Turn::Poll).unwrap();
        assert_eq!(hook.waits.get(), 0);
        let soon = executor.reactor.sleep_until(Instant::now() + Duration::from_millis(1));
        let mut soon = std::pin::pin!(soon);
        let _ = soon.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        executor.reactor.turn(Turn::Wait).unwrap();
        assert!(hook.waits.get() == 1 && !hook.sleeps.get());
        executor.reactor.set_wait_hook(None);
        assert_eq!(Rc::strong_count(&hook), 1);
        turn_a_while(&executor);
        assert_eq!(hook.waits.get(), 1);
    });
}
