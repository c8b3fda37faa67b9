//! A listening TCP socket of this core.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::driver::Driver;
use super::operation::{Completion, Kind, Operation};
use super::slots::{SlotId, Slots};
use super::{Reactor, Socket};

/// The most connections that the kernel holds before they are accepted; it takes the least of this and
/// `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

/// A listening socket. Dropping it closes it; accepted connections live on.
pub struct Listener {
    reactor: Rc<Reactor>,
    id: SlotId,
    address: SocketAddr,
}

impl Listener {
    /// Listens on an address; port 0 lets the kernel choose. Several cores may listen on the same
    /// address, and the kernel spreads the connections over them (`SO_REUSEPORT`).
    ///
    /// # Errors
    ///
    /// Returns the error of `bind(2)` or `listen(2)`, such as an address in use.
    pub fn bind(reactor: &Rc<Reactor>, address: SocketAddr) -> io::Result<Listener> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC;
        let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_socket_reuseaddr(&fd, true)?;
        sockopt::set_socket_reuseport(&fd, true)?;
        sockopt::set_tcp_nodelay(&fd, true)?;
        rustix::net::bind(&fd, &address)?;
        rustix::net::listen(&fd, BACKLOG)?;
        let address = rustix::net::getsockname(&fd)?.try_into()?;
        let id = {
            let state = &mut *reactor.state.borrow_mut();
            state.listeners.insert(fd, &mut state.driver)
        };
        Ok(Listener { reactor: reactor.clone(), id, address })
    }

    /// Returns the address it listens on, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the next connection.
    ///
    /// # Errors
    ///
    /// Returns the error of `accept(2)`, such as too many open files; the listener stays open.
    pub async fn accept(&self) -> io::Result<Socket> {
        let fd = Accept(self).await?;
        Ok(Socket::adopt(&self.reactor, fd))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let waiter = {
            let state = &mut *self.reactor.state.borrow_mut();
            state.listeners.abandon(self.id, &mut state.driver)
        };
        drop(waiter);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.address).finish()
    }
}

struct Accept<'l>(&'l Listener);

impl Future for Accept<'_> {
    type Output = io::Result<OwnedFd>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Listener { reactor, id, .. } = self.0;
        let (accepted, replaced) = {
            let state = &mut *reactor.state.borrow_mut();
            let listener = state.listeners.live(*id);
            match listener.accepted.pop_front() {
                Some(accepted) => (Some(accepted), None),
                None => {
                    listener.arm(*id, &mut state.driver);
                    (None, listener.waiter.replace(context.waker().clone()))
                }
            }
        };
        drop(replaced);
        accepted.map_or(Poll::Pending, Poll::Ready)
    }
}

struct ListenerState {
    /// `None` once the handle is gone; the slot goes when the accept has completed.
    fd: Option<OwnedFd>,
    accepting: bool,
    accepted: VecDeque<io::Result<OwnedFd>>,
    waiter: Option<Waker>,
}

impl ListenerState {
    fn arm(&mut self, id: SlotId, driver: &mut Driver) {
        let Some(fd) = self.fd.as_ref().filter(|_| !self.accepting) else { return };
        self.accepting = true;
        let accept = Operation::Accept { fd: fd.as_raw_fd() };
        // SAFETY: an accept refers to no memory.
        unsafe { driver.push(accept, Kind::Accept.tag(id)) };
    }
}

/// The listeners of a core.
pub(super) struct Listeners(Slots<ListenerState>);

impl Listeners {
    pub(super) fn new() -> Self {
        Listeners(Slots::new())
    }

    fn insert(&mut self, fd: OwnedFd, driver: &mut Driver) -> SlotId {
        driver.open(fd.as_raw_fd());
        self.0.insert(ListenerState {
            fd: Some(fd),
            accepting: false,
            accepted: VecDeque::new(),
            waiter: None,
        })
    }

    fn live(&mut self, id: SlotId) -> &mut ListenerState {
        self.0.get_mut(id).expect("a listener's handle holds its slot")
    }

    fn abandon(&mut self, id: SlotId, driver: &mut Driver) -> Option<Waker> {
        let listener = self.live(id);
        let waiter = listener.waiter.take();
        listener.accepted.clear();
        let fd = listener.fd.take().expect("a listener is abandoned once").into_raw_fd();
        if listener.accepting {
            driver.cancel(fd, Kind::Accept.tag(id));
        } else {
            self.0.remove(id);
        }
        driver.close(fd);
        waiter
    }

    pub(super) fn on_accept(&mut self, done: Completion, ready: &mut Vec<Waker>) {
        let listener = self.0.get_mut(done.id).expect("an accept in flight holds its slot");
        listener.accepting = done.more();
        let accepted = if done.result >= 0 {
            // SAFETY: the kernel has just made this descriptor for us alone.
            Ok(unsafe { OwnedFd::from_raw_fd(done.result) })
        } else {
            Err(io::Error::from_raw_os_error(-done.result))
        };
        if listener.fd.is_some() {
            listener.accepted.push_back(accepted);
            ready.extend(listener.waiter.take());
        } else if !listener.accepting {
            self.0.remove(done.id);
        }
    }
}
