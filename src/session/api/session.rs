//! The session of a user, which its tasks receive.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::Method;

use super::check::Check;
use super::intended::Intended;
use super::literals::Literals;
use super::parallel::ParallelConnections;
use super::pending::{PendingRequest, UsedRequests};
use super::random::Random;
use super::request_builder::{Path, RequestBuilder};
use super::response::{Carrier, Response};
use super::unanswered::Made;
use super::variation::Variants;
use crate::reactor::Reactor;
use crate::session::identity::client_state::Cookies;
use crate::session::request::keep_alive::KeepAlive;
use crate::session::wire::attempt::Outbound;
use crate::session::wire::context::Context;
use crate::session::wire::exchange::Connections;
use crate::session::wire::prepared::Prepared;
use crate::session::wire::render::Defaults;
use crate::session::wire::session_user::SessionUser;

/// What the sessions of one class of users share on a core.
#[derive(Debug)]
pub struct SessionClass {
    pub(super) defaults: Defaults,
    pub(super) literals: Literals,
    pub(super) used: UsedRequests,
    pub(super) variants: Variants,
}

impl SessionClass {
    /// Makes a class whose requests have these defaults.
    pub fn new(defaults: Defaults) -> Rc<Self> {
        Rc::new(SessionClass {
            defaults,
            literals: Literals::default(),
            used: UsedRequests::default(),
            variants: Variants::default(),
        })
    }

    /// Returns what every request of the class has in common.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }
}

/// A user's session: makes requests, and has the user's connections and random numbers.
pub struct Session {
    pub(super) context: Rc<Context>,
    pub(super) class: Rc<SessionClass>,
    /// Borrowed while a request uses them.
    pub(super) connections: RefCell<Connections>,
    /// For requests that are made at the same time, or reach their server in another way.
    pub(super) parallel: Cell<ParallelConnections>,
    pub(super) user: SessionUser,
    /// The intended start of the next request, if a schedule set one.
    pub(super) intended: Intended,
}

/// A reference to the parts of a session that all its requests share, whatever connection they use.
#[derive(Clone, Copy)]
pub(super) struct SessionRefs<'s> {
    pub(super) context: &'s Rc<Context>,
    pub(super) class: &'s Rc<SessionClass>,
    pub(super) user: &'s SessionUser,
    pub(super) intended: &'s Intended,
}

impl Session {
    #[doc(hidden)]
    /// Makes the session of user number `user`. Its random choices all come from `rng`.
    pub fn new(
        context: Rc<Context>,
        class: Rc<SessionClass>,
        user: u64,
        rng: fastrand::Rng,
    ) -> Self {
        let connections = RefCell::new(Connections::new(&context));
        Session {
            context,
            class,
            connections,
            parallel: Cell::default(),
            user: SessionUser { number: user, client_state: Cell::default(), rng: Cell::new(rng) },
            intended: Intended::default(),
        }
    }

    /// Builds a GET request.
    pub fn get(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::GET, path)
    }

    /// Builds a POST request.
    pub fn post(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::POST, path)
    }

    /// Builds a PUT request.
    pub fn put(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::PUT, path)
    }

    /// Builds a PATCH request.
    pub fn patch(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::PATCH, path)
    }

    /// Builds a DELETE request.
    pub fn delete(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::DELETE, path)
    }

    /// Builds a HEAD request.
    pub fn head(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::HEAD, path)
    }

    /// Builds an OPTIONS request.
    pub fn options(&self, path: impl Path) -> RequestBuilder<'_> {
        self.request(Method::OPTIONS, path)
    }

    /// Builds a request of any method. The path is appended to the base URL; an absolute URL is used as it
    /// is.
    pub fn request(&self, method: Method, path: impl Path) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, path)
    }

    #[doc(hidden)]
    /// Makes a constant request and applies the checks to its response. Returns `false` if it failed.
    pub async fn run_step(&mut self, prepared: &Prepared, checks: &[Check]) -> bool {
        let (session, connections, _) = self.split();
        session.run_step(connections, prepared, checks).await
    }

    /// Goes on with a request that was begun.
    pub(crate) fn resume(&self, request: PendingRequest) -> RequestBuilder<'_> {
        RequestBuilder { session: self, request }
    }

    /// Makes a request; `None` if there was no response, which has been counted.
    pub(crate) async fn send_built(&self, request: PendingRequest) -> Option<Response> {
        self.make(request).await.ok()
    }

    /// Makes a request over the session's connections. If another request is using them, as with joined
    /// futures, it takes parallel connections.
    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "a request that finds it borrowed takes other connections"
    )]
    pub(super) async fn make<R: Carrier>(&self, mut request: PendingRequest) -> Made<R> {
        let session = self.refs();
        if let Some(variation) = request.variation() {
            return Box::pin(self.make_varied(request, &variation)).await;
        }
        if let Ok(mut connections) = self.connections.try_borrow_mut() {
            return request.make(session, &mut connections).await;
        }
        let mut connections = self.with_parallel(|parallel| parallel.pop(&self.context));
        let made = Box::pin(request.make(session, &mut connections)).await;
        self.with_parallel(|parallel| parallel.push(connections));
        made
    }

    pub(super) fn with_parallel<T>(&self, with: impl FnOnce(&mut ParallelConnections) -> T) -> T {
        let mut parallel = self.parallel.take();
        let done = with(&mut parallel);
        self.parallel.set(parallel);
        done
    }

    pub(super) fn refs(&self) -> SessionRefs<'_> {
        let Session { context, class, user, intended, .. } = self;
        SessionRefs { context, class, user, intended }
    }

    /// Splits the session into what its requests share, the connections of single requests and those of
    /// parallel ones.
    pub(super) fn split(
        &mut self,
    ) -> (SessionRefs<'_>, &mut Connections, &mut ParallelConnections) {
        let Session { context, class, connections, parallel, user, intended, .. } = self;
        let session = SessionRefs { context, class, user, intended };
        (session, connections.get_mut(), parallel.get_mut())
    }

    /// Sets the intended start of the task that starts now. The latency of its first request counts from
    /// there; later requests of the task have no intended start.
    pub(crate) fn intend(&mut self, intended: Instant) {
        self.intended.set(&self.context, intended);
    }

    /// Ends a task of the user, whatever its outcome.
    pub(crate) fn end_task(&mut self) {
        self.intended.clear();
        if self.class.defaults.policy.keep_alive == KeepAlive::Task {
            self.connections.get_mut().close();
            self.parallel.get_mut().close();
        }
    }

    /// Returns the user's cookies. They are kept as long as the user lives.
    pub fn cookies(&mut self) -> Cookies<'_> {
        let host = &self.class.defaults.base.host;
        Cookies::new(self.user.client_state.get_mut(), host, self.context.unix_time())
    }

    /// Pauses the task. The lateness of its end is recorded.
    pub async fn sleep(&self, duration: Duration) {
        let lateness =
            self.context.reactor.sleep_until(crate::units::after(Instant::now(), duration)).await;
        self.context.recorder.borrow_mut().late(lateness);
    }

    /// Returns the user's number in the whole run, from 0.
    pub fn user(&self) -> u64 {
        self.user.number
    }

    /// Returns the user's random numbers, determined by the run's seed and the user's number.
    pub fn rng(&self) -> Random<'_> {
        Random(&self.user.rng)
    }

    /// Returns how many turns the core has had.
    pub(crate) fn turns(&self) -> u64 {
        self.context.reactor.turns()
    }

    /// Returns an empty text with the memory of an earlier one.
    pub(crate) fn spare_text(&self) -> String {
        self.context.spare_text()
    }

    /// Keeps the memory of a text for later ones.
    pub(crate) fn recycle_text(&self, text: String) {
        self.context.recycle_text(text.into());
    }

    /// Returns the generator itself.
    pub(crate) fn rng_mut(&mut self) -> &mut fastrand::Rng {
        self.user.rng.get_mut()
    }

    /// Returns the reactor of the user's core, for sockets of the task's own. [`Session::measure`] counts
    /// what is done over them.
    pub fn reactor(&self) -> &Rc<Reactor> {
        &self.context.reactor
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("user", &self.user.number).finish_non_exhaustive()
    }
}

impl SessionRefs<'_> {
    pub(super) async fn run_step(
        self,
        connections: &mut Connections,
        prepared: &Prepared,
        checks: &[Check],
    ) -> bool {
        let outbound = self.outbound(prepared, false);
        let judge = |mut response: Response| {
            response.apply_checks(checks);
            response.is_success()
        };
        self.request(connections, &outbound, judge).await.unwrap_or(false)
    }

    /// Returns the send of a constant request, which starts now.
    pub(super) fn outbound<'r>(self, prepared: &'r Prepared, keeps_trail: bool) -> Outbound<'r>
    where
        Self: 'r,
    {
        let defaults = &self.class.defaults;
        Outbound {
            entry: prepared.entry,
            defaults,
            first: &prepared.rendered,
            timeout: prepared.timeout,
            keep_body: prepared.keep_body,
            follows: prepared.follows,
            keeps_trail,
            settings: &defaults.settings,
            intended: self.intended.take(self.context),
        }
    }
}
