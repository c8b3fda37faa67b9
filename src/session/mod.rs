//! What a running user holds and a task receives: connections, requests, checks, responses.
//!
//! A task says `session.get("/cart").check(status(200)).send().await?`. The session renders the
//! request, or finds the bytes it rendered the first time, sends it on its kept-alive connection,
//! or a new one, reads the response, judges it by the checks and counts it: once, however it ends.

mod addresses;
mod auth;
mod authority;
mod base_url;
mod budget;
mod call;
mod check;
mod content;
mod context;
mod cookies;
mod decoding;
mod digest;
mod envelope;
mod excerpt;
mod exchange;
mod failure;
mod intended;
mod journey;
mod json;
mod keep_alive;
mod lanes;
mod later;
mod literals;
mod measurement;
mod memory;
mod multipart;
mod origin;
mod policy;
mod pool;
mod prepared;
mod proxy;
mod random;
mod redirect;
mod render;
mod request;
mod resolved;
mod resolver;
mod response;
mod route;
#[cfg(test)]
mod route_tests;
mod secrets;
mod sender;
mod sources;
mod text;
mod upload;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::Method;

pub(crate) use budget::Budget;

pub use auth::Auth;
pub use base_url::{BaseUrl, UrlError, host_header, is_absolute};
pub use call::Call;
pub use check::{
    Check, Condition, InvalidStatus, ResponseView, StatusRange, body_contains, first_failure,
    has_status_check, header, header_equals, json_equals, json_exists, max_time, needs_body,
    status, statuses,
};
pub use context::Context;
pub use decoding::{Coding, DecodeError, Decoders, codings};
pub use exchange::RequestFailed;
pub use failure::{ConnectError, Failure, Interruption, Opening, Progress, Stage};
pub use json::{InvalidJson, Pointer, PointerError, equals, exists, find};
pub use keep_alive::KeepAlive;
pub use later::Later;
pub use measurement::Measurement;
pub use memory::{Cookies, InvalidCookie};
pub use multipart::Part;
pub use policy::{Policy, Timeouts};
pub use prepared::Prepared;
pub use random::Random;
pub use redirect::RedirectError;
pub use render::Defaults;
pub use request::{Body, Request};
pub use resolved::{InvalidResolve, Resolve, ResolvedUrl};
pub use resolver::Resolver;
pub use response::Response;
pub use route::Via;
pub use secrets::{Secrets, secrets_of_headers};
pub use sources::Sources;
pub use upload::Upload;

pub use crate::reactor::TcpOptions;

use crate::reactor::Reactor;

use exchange::{Connections, Outbound};
use intended::Intended;
use lanes::Lanes;
use literals::Literals;
use sender::Sender;

/// What the sessions of one class of users share on a core.
#[derive(Debug)]
pub struct SessionClass {
    defaults: Defaults,
    literals: Literals,
}

impl SessionClass {
    /// A class whose requests have these defaults.
    pub fn new(defaults: Defaults) -> Rc<Self> {
        Rc::new(SessionClass { defaults, literals: Literals::default() })
    }

    /// What every request of the class has in common.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }
}

/// A user's session: its connections, its random numbers and the way to make requests.
pub struct Session {
    context: Rc<Context>,
    class: Rc<SessionClass>,
    /// Borrowed as long as a request goes over them.
    connections: RefCell<Connections>,
    /// For what is parallel.
    lanes: Cell<Lanes>,
    sender: Sender,
    /// When the schedule wanted the next request, where it did at a certain time.
    intended: Intended,
}

/// What all requests of a session share, whatever connection they go over.
#[derive(Clone, Copy)]
struct Sharing<'s> {
    context: &'s Rc<Context>,
    class: &'s Rc<SessionClass>,
    sender: &'s Sender,
    intended: &'s Intended,
}

impl Session {
    /// The session of user number `user`, whose every random choice comes from `rng`.
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
            lanes: Cell::default(),
            sender: Sender { user, memory: Cell::default(), rng: Cell::new(rng) },
            intended: Intended::default(),
        }
    }

    /// A GET request.
    pub fn get(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::GET, path)
    }

    /// A POST request.
    pub fn post(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::POST, path)
    }

    /// A PUT request.
    pub fn put(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::PUT, path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::DELETE, path)
    }

    /// A HEAD request.
    pub fn head(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::HEAD, path)
    }

    /// An OPTIONS request.
    pub fn options(&self, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        self.request(Method::OPTIONS, path)
    }

    /// A request of any method. The path is joined to the base URL; an absolute URL is used as it is.
    pub fn request(&self, method: Method, path: impl Into<Cow<'static, str>>) -> Call<'_> {
        Call::new(self, method, path)
    }

    /// Makes a constant request and judges the response by these checks. `false` where it failed.
    pub async fn run_step(&mut self, prepared: &Prepared, checks: &[Check]) -> bool {
        let (sharing, connections, _) = self.split();
        sharing.run_step(connections, prepared, checks).await
    }

    /// Makes a request over the connections of the session, or where another one goes over them, as of
    /// futures that are joined, over a lane of its own.
    #[expect(clippy::await_holding_refcell_ref, reason = "who finds it borrowed takes a lane")]
    async fn make(&self, request: Later) -> Result<Response, RequestFailed> {
        let sharing = self.sharing();
        if let Ok(mut connections) = self.connections.try_borrow_mut() {
            return request.make(sharing, &mut connections).await;
        }
        let with_lanes = |lanes: &mut Lanes| lanes.pop(&self.context);
        let mut lane = self.with_lanes(with_lanes);
        let made = Box::pin(request.make(sharing, &mut lane)).await;
        self.with_lanes(|lanes| lanes.push(lane));
        made
    }

    fn with_lanes<T>(&self, with: impl FnOnce(&mut Lanes) -> T) -> T {
        let mut lanes = self.lanes.take();
        let done = with(&mut lanes);
        self.lanes.set(lanes);
        done
    }

    fn sharing(&self) -> Sharing<'_> {
        let Session { context, class, sender, intended, .. } = self;
        Sharing { context, class, sender, intended }
    }

    /// What its requests share, and what they go over: one at a time, or several.
    fn split(&mut self) -> (Sharing<'_>, &mut Connections, &mut Lanes) {
        let Session { context, class, connections, lanes, sender, intended } = self;
        let sharing = Sharing { context, class, sender, intended };
        (sharing, connections.get_mut(), lanes.get_mut())
    }

    /// The task that begins now was wanted at this time: the latency of its first request counts from
    /// there. Later requests of a task are wanted when the task comes to them.
    pub(crate) fn intend(&mut self, intended: Instant) {
        self.intended.set(&self.context, intended);
    }

    /// A task of the user has ended, however it did.
    pub(crate) fn end_task(&mut self) {
        self.intended.clear();
        if self.class.defaults.policy.keep_alive == KeepAlive::Task {
            self.connections.get_mut().close();
            self.lanes.get_mut().close();
        }
    }

    /// The user's cookies. They live as long as the user.
    pub fn cookies(&mut self) -> Cookies<'_> {
        let host = &self.class.defaults.base.host;
        Cookies::new(self.sender.memory.get_mut(), host, self.context.unix_time())
    }

    /// Pauses the task. How late it went on is counted.
    pub async fn sleep(&self, duration: Duration) {
        let lateness =
            self.context.reactor.sleep_until(crate::units::after(Instant::now(), duration)).await;
        self.context.recorder.borrow_mut().late(lateness);
    }

    /// The user's number in the whole run, from 0.
    pub fn user(&self) -> u64 {
        self.sender.user
    }

    /// The user's random numbers, determined by the run's seed and the user's number.
    pub fn rng(&self) -> Random<'_> {
        Random(&self.sender.rng)
    }

    /// The same for who has the session to itself.
    pub(crate) fn rng_mut(&mut self) -> &mut fastrand::Rng {
        self.sender.rng.get_mut()
    }

    /// The reactor of the user's core, for sockets of the task's own. What is done over them is counted
    /// by [`Session::measure`].
    pub fn reactor(&self) -> &Rc<Reactor> {
        &self.context.reactor
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("user", &self.sender.user).finish_non_exhaustive()
    }
}

impl Sharing<'_> {
    async fn run_step(
        self,
        connections: &mut Connections,
        prepared: &Prepared,
        checks: &[Check],
    ) -> bool {
        let mut performed = self.perform(connections, prepared).await;
        performed.as_mut().is_ok_and(|response| {
            response.judge(checks);
            response.is_success()
        })
    }

    async fn perform(
        self,
        connections: &mut Connections,
        prepared: &Prepared,
    ) -> Result<Response, RequestFailed> {
        let defaults = &self.class.defaults;
        let outbound = Outbound {
            entry: prepared.entry,
            request: &prepared.request,
            defaults,
            first: prepared.message(),
            timeout: prepared.timeout,
            keep_body: prepared.keep_body,
            follows: prepared.request.follows_redirects(&defaults.policy),
            intended: self.intended.take(self.context),
        };
        connections.request(self.context, self.sender, &outbound).await
    }
}
