//! The connections that a lane of a user has open.

use std::rc::Rc;
use std::time::Duration;

use super::route::Route;
use crate::session::wire::exchange::Attempt;
use crate::stats::WireBytes;
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
    pub(in crate::session) fn lend<'c>(
        &'c mut self,
        position: usize,
        attempt: &'c Attempt<'_>,
    ) -> Lent<'c> {
        let connection = &mut self.0[position];
        connection.requests += 1;
        let requests = connection.requests;
        let tally = Tally { attempt, first_byte: None, transfer: None, wire: WireBytes::default() };
        Lent { pool: self, position, requests, keeps: false, tally }
    }
}

/// A connection while it carries a request: one that is not to be kept is closed, however the
/// request ends.
pub(in crate::session) struct Lent<'c> {
    pool: &'c mut Pool,
    position: usize,
    /// Which request of its connection this is, from 1.
    pub(in crate::session) requests: u32,
    /// Whether the connection is for the next request, too.
    pub(in crate::session) keeps: bool,
    tally: Tally<'c>,
}

impl<'c> Lent<'c> {
    pub(in crate::session) fn stream(&mut self) -> &mut Stream {
        &mut self.pool.0[self.position].stream
    }

    /// Both what is lent and what is counted of it.
    pub(in crate::session) fn parts(&mut self) -> (&mut Stream, &mut Tally<'c>) {
        (&mut self.pool.0[self.position].stream, &mut self.tally)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // What a connection that is kept has not sent yet is still on its way.
        if self.keeps {
            self.stream().park();
            return;
        }
        let connection = self.pool.0.swap_remove(self.position);
        let wire = &mut self.tally.wire;
        wire.sent = wire.sent.saturating_sub(connection.stream.unsent());
    }
}

/// What an exchange takes over its connection: counted however that ends.
pub(in crate::session) struct Tally<'r> {
    attempt: &'r Attempt<'r>,
    pub(in crate::session) first_byte: Option<Duration>,
    pub(in crate::session) transfer: Option<Duration>,
    pub(in crate::session) wire: WireBytes,
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        let &mut Tally { attempt, first_byte, transfer, wire } = self;
        let mut recorder = attempt.context.recorder.borrow_mut();
        recorder.answered(attempt.outbound.entry, first_byte, transfer, wire);
    }
}
