//! The open connections of a session.

use std::rc::Rc;

use super::route::Route;
use crate::transport::Stream;

/// The most connections that are kept. A user with requests to more hosts loses the oldest.
const OPEN_MAX: usize = 64;

/// Open connections, at most one per route. Each keeps its position while it carries a request.
#[derive(Debug, Default)]
pub(in crate::session) struct Pool(Vec<Connection>);

/// A connection and its route.
#[derive(Debug)]
struct Connection {
    route: Rc<Route>,
    stream: Stream,
    /// How many requests it has carried, including the current one.
    requests: u32,
}

impl Pool {
    /// Closes them all.
    pub(in crate::session) fn close(&mut self) {
        self.0 = Vec::new();
    }

    /// Returns the position of the connection of a route, if there is one that can carry a request with a
    /// body of this length.
    pub(in crate::session) fn resume(&mut self, route: &Rc<Route>, body: usize) -> Option<usize> {
        let position = self.0.iter().position(|open| Rc::ptr_eq(&open.route, route))?;
        if self.0[position].stream.resume(body) {
            return Some(position);
        }
        self.0.swap_remove(position);
        None
    }

    /// Adds a new connection and returns its position. Removes those that their servers have closed
    /// meanwhile, and the oldest if there are too many.
    pub(in crate::session) fn add(&mut self, route: Rc<Route>, stream: Stream) -> usize {
        self.0.retain_mut(|open| {
            let is_fit = open.stream.resume(0);
            open.stream.park();
            is_fit
        });
        if self.0.len() == OPEN_MAX {
            self.0.remove(0);
        }
        // Most users have one connection, and there are very many users.
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

/// A connection while it carries a request. Its holder calls [`keep`](Self::keep) or
/// [`close`](Self::close), however the request ends.
pub(in crate::session) struct Lent<'c> {
    pool: &'c mut Pool,
    position: usize,
}

impl Lent<'_> {
    /// Returns the number of this request on its connection, from 1.
    pub(in crate::session) fn requests(&self) -> u32 {
        self.pool.0[self.position].requests
    }

    pub(in crate::session) fn stream(&mut self) -> &mut Stream {
        &mut self.pool.0[self.position].stream
    }

    /// Gives the connection back for the next request. What has not been sent yet is still sent.
    pub(in crate::session) fn keep(&mut self) {
        self.stream().park();
    }

    /// Closes the connection. Returns how many bytes have not been sent.
    pub(in crate::session) fn close(&mut self) -> u64 {
        self.pool.0.swap_remove(self.position).stream.unsent()
    }
}
