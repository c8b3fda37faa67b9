//! The connections that a lane of a user has open.

use std::rc::Rc;

use super::route::Route;
use crate::transport::Stream;

/// The most connections that are kept: a user that is sent from host to host needs the first of them
/// no more.
const OPEN_MAX: usize = 64;

/// Connections, at most one per route. Each stays in its place while it carries a request.
#[derive(Debug, Default)]
pub(in crate::session) struct Pool(Vec<Connection>);

/// A connection and where it leads.
#[derive(Debug)]
struct Connection {
    route: Rc<Route>,
    stream: Stream,
    /// Requests that it has carried, with the one on its way.
    requests: u32,
}

impl Pool {
    /// Closes them all.
    pub(in crate::session) fn close(&mut self) {
        self.0 = Vec::new();
    }

    /// Where the connection of a route is, if there is one that is still good for a request with a body
    /// of this length.
    pub(in crate::session) fn take_up(&mut self, route: &Rc<Route>, body: usize) -> Option<usize> {
        let position = self.0.iter().position(|open| Rc::ptr_eq(&open.route, route))?;
        if self.0[position].stream.take_up(body) {
            return Some(position);
        }
        self.0.swap_remove(position);
        None
    }

    /// Adds a connection that has just been made; where it is. Those that their servers have closed
    /// meanwhile go, and the oldest where there are too many.
    pub(in crate::session) fn add(&mut self, route: Rc<Route>, stream: Stream) -> usize {
        self.0.retain_mut(|open| {
            let is_fit = open.stream.take_up(0);
            open.stream.park();
            is_fit
        });
        if self.0.len() == OPEN_MAX {
            self.0.remove(0);
        }
        // Most users know one origin, and there are very many users.
        self.0.reserve_exact(1);
        self.0.push(Connection { route, stream, requests: 0 });
        self.0.len() - 1
    }

    /// Lends a connection for one more request.
    pub(in crate::session) fn lend(&mut self, position: usize) -> Lent<'_> {
        self.0[position].requests += 1;
        Lent { pool: self, position }
    }
}

/// A connection while it carries a request. Whoever has it gives it back, however the request ends.
pub(in crate::session) struct Lent<'c> {
    pool: &'c mut Pool,
    position: usize,
}

impl Lent<'_> {
    /// Which request of its connection this is, from 1.
    pub(in crate::session) fn requests(&self) -> u32 {
        self.pool.0[self.position].requests
    }

    pub(in crate::session) fn stream(&mut self) -> &mut Stream {
        &mut self.pool.0[self.position].stream
    }

    /// Gives it back for the next request. What it has not sent yet is still on its way.
    pub(in crate::session) fn keep(&mut self) {
        self.stream().park();
    }

    /// Closes it: how many bytes of what it was given it has not sent.
    pub(in crate::session) fn close(&mut self) -> u64 {
        self.pool.0.swap_remove(self.position).stream.unsent()
    }
}
