//! User classes: their number of users, tasks, waits and ways to make requests.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::{KeepAlive, Order, StateFactory, Step, Task, TaskAction, TaskFn, WaitTime};
use crate::credentials::stripped;
use crate::session::{Auth, Policy, TcpOptions, Timeouts, Via};
use crate::transport::tls::TlsOptions;

/// A user class, like a Locust `User` class.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// The class's name.
    pub name: String,
    /// The share or number of the run's users in this class.
    pub share: Share,
    /// Base URL of this class, instead of the scenario's. `--host` overrides both.
    pub host: Option<String>,
    /// The wait after each task.
    pub wait_time: WaitTime,
    /// Makes the state of each user; see [`User::with_state`].
    pub(crate) state: Option<StateFactory>,
    /// The data sets of which each user takes a row for its life.
    pub data: Vec<String>,
    /// The tasks, each with its weight.
    pub tasks: Vec<Task>,
    /// In which order the tasks follow each other.
    pub order: Order,
    /// Run once before the first task.
    pub on_start: Option<TaskAction>,
    /// Run once after the last task, also at the stop of the run.
    pub on_stop: Option<TaskAction>,
    /// Headers of every request of this class.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The credentials of every request.
    pub auth: Option<Auth>,
    /// How requests are made.
    pub policy: Policy,
    /// Where it is defined, `FILE:LINE`, where errors about it are to say so.
    pub(crate) place: Option<String>,
}

/// The share or number of the run's users in a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Share {
    /// A share of all users, relative to the weights of the other classes.
    Weight(f64),
    /// Exactly this number of users, started before all weighted classes.
    Fixed(u32),
}

impl User {
    /// Makes a class of weight 1 without tasks and waits.
    pub fn new(name: impl Into<String>) -> Self {
        User {
            name: stripped(&name.into()).into_owned(),
            share: Share::Weight(1.0),
            host: None,
            wait_time: WaitTime::Constant(Duration::ZERO),
            state: None,
            data: Vec::new(),
            tasks: Vec::new(),
            order: Order::Weighted,
            on_start: None,
            on_stop: None,
            headers: Vec::new(),
            auth: None,
            policy: Policy::default(),
            place: None,
        }
    }

    /// Returns the requests that it declares, in their order. The requests of closures are known only
    /// when they are made.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        let tasks = self.tasks.iter().map(|task| &task.action);
        self.on_start.iter().chain(tasks).chain(&self.on_stop).flat_map(TaskAction::declared)
    }

    /// Sets the class's share of all users.
    pub fn weight(mut self, weight: f64) -> Self {
        self.share = Share::Weight(weight);
        self
    }

    /// Sets an exact number of users of this class.
    pub fn fixed_count(mut self, count: u32) -> Self {
        self.share = Share::Fixed(count);
        self
    }

    /// Sets the base URL of this class.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the wait after each task.
    pub fn wait_time(mut self, wait_time: WaitTime) -> Self {
        self.wait_time = wait_time;
        self
    }

    /// Has each user take a row of this data set for its life. Its columns are variables: `${accounts.name}`.
    pub fn data(mut self, name: impl Into<String>) -> Self {
        self.data.push(name.into());
        self
    }

    /// Sets in which order the tasks follow each other.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Adds a task; a [`Step`] is a task of one request.
    pub fn task(mut self, task: impl Into<Task>) -> Self {
        self.tasks.push(task.into());
        self
    }

    /// Runs this before the first task. If it returns an error or panics, the user ends, as in Locust.
    pub fn on_start(mut self, action: impl TaskFn + 'static) -> Self {
        self.on_start = Some(TaskAction::run(action));
        self
    }

    /// Makes these requests before the first task. If one fails, it is counted and the user goes on, as
    /// in Locust.
    pub fn on_start_steps(mut self, steps: Vec<Step>) -> Self {
        self.on_start = Some(TaskAction::steps(steps));
        self
    }

    /// Runs this after the last task.
    pub fn on_stop(mut self, action: impl TaskFn + 'static) -> Self {
        self.on_stop = Some(TaskAction::run(action));
        self
    }

    /// Makes these requests after the last task.
    pub fn on_stop_steps(mut self, steps: Vec<Step>) -> Self {
        self.on_stop = Some(TaskAction::steps(steps));
        self
    }

    /// Adds a header to every request.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends basic authentication with every request.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth = Some(Auth::basic(user, password));
        self
    }

    /// Sends a bearer token with every request.
    pub fn bearer_auth(mut self, token: impl Into<String>) -> Self {
        self.auth = Some(Auth::Bearer(token.into()));
        self
    }

    /// Sends digest authentication with every request.
    pub fn digest_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth = Some(Auth::digest(user, password));
        self
    }

    /// Sets whether redirects are followed; the default is that they are. Those of `HEAD` requests are
    /// followed only if the request itself asks for it.
    pub fn redirects(mut self, follow: bool) -> Self {
        self.policy.redirects = follow;
        self
    }

    /// Sets whether cookies are kept and sent; the default is that they are.
    pub fn cookies(mut self, keep: bool) -> Self {
        self.policy.cookies = keep;
        self
    }

    /// Sets the timeout of requests that have none of their own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeouts.total = timeout;
        self
    }

    /// Sets all timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.policy.timeouts = timeouts;
        self
    }

    /// Sets how many requests a connection carries before it is closed; `None` for no limit.
    pub fn max_requests_per_connection(mut self, requests: Option<NonZeroU32>) -> Self {
        self.policy.max_requests_per_connection = requests;
        self
    }

    /// Sends every request through an HTTP proxy, `http://[user:password@]host[:port]`.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.policy.via = Via::Proxy(url.into());
        self
    }

    /// Sends every request to this Unix socket.
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.policy.via = Via::UnixSocket(path.into());
        self
    }

    /// Sets the options of TCP connections.
    pub fn tcp(mut self, options: TcpOptions) -> Self {
        self.policy.tcp = options;
        self
    }

    /// Sets whether requests ask for compressed bodies.
    pub fn compression(mut self, compression: bool) -> Self {
        self.policy.compression = compression;
        self
    }

    /// Sets how many bytes of a body are kept for checks and tasks.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.policy.max_body = bytes;
        self
    }

    /// Sets the TLS options of `https://` connections.
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.policy.tls = tls;
        self
    }

    /// Sets how long connections are kept for the next request.
    pub fn keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.policy.keep_alive = keep_alive;
        self
    }
}
