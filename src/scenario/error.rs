//! Why a scenario cannot be run. Each text ends with the cure where there is one.

use thiserror::Error;

use super::{Arrivals, LoadShape, Parallel, USERS_MAX};
use crate::session::UrlError;

const STEPS_MAX: u64 = LoadShape::STEPS_MAX;
const CONNECTIONS_MAX: u32 = Parallel::CONNECTIONS_MAX;
const RATE_MAX: f64 = Arrivals::RATE_MAX;

/// What is wrong with a scenario, whichever road it came by.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Where in the scenario the error is.
    #[error("{place}: {error}")]
    At {
        /// `user 'x'`, `task 'y'`.
        place: String,
        /// What is wrong there.
        error: Box<Error>,
    },
    /// No class of users at all.
    #[error("there are no users; add a class of users with a task")]
    NoUsers,
    /// Classes of users, but none of them would ever run.
    #[error("there are no users with weight > 0; give one class a weight or a count")]
    NoWeight,
    /// More classes than a class number can tell apart.
    #[error("there are {0} classes of users; at most 65535 are possible")]
    TooManyClasses(usize),
    /// A class of users without a name.
    #[error("the name of a class of users must not be empty")]
    EmptyName,
    /// A line break or an escape in the name of a class of users or a task, which goes to terminals
    /// and logs.
    #[error("the name has a control character")]
    ControlInName,
    /// Two classes of users of the same name: reports could not tell them apart.
    #[error("there are two classes of users named '{0}'; rename one")]
    DuplicateUser(String),
    /// A class of users that does nothing.
    #[error("there are no tasks; add one")]
    NoTasks,
    /// Steps without a request: a user without waits would spin.
    #[error("there are no steps; add a request")]
    NoSteps,
    /// The weight of a class of users is below zero or no number.
    #[error("weight must be a number above 0, not {0}")]
    UserWeight(String),
    /// The weight of a task is zero.
    #[error("weight must be 1 or more; leave the task out instead")]
    TaskWeight,
    /// A tag that no list of tags could name.
    #[error("a tag is one word without commas, and not '{0}'")]
    Tag(String),
    /// A base URL that cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A path that cannot be sent.
    #[error("path '{path}' {reason}")]
    Path {
        /// The path as written.
        path: String,
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// A method that is not a request and an answer.
    #[error("method CONNECT opens a tunnel, which is not a request to measure")]
    ConnectMethod,
    /// A header that decides where the body ends.
    #[error("header '{0}' follows from the body; leave it out")]
    FramingHeader(String),
    /// A `Host` header that names none.
    #[error("header 'host' cannot be '{value}'; {cure}")]
    HostHeader {
        /// What was given.
        value: String,
        /// What to write.
        cure: String,
    },
    /// More `Host` headers than a request may have.
    #[error("header 'host' may be there once only; leave the others out")]
    SeveralHosts,
    /// Who a request is from cannot be said this way.
    #[error("{0}")]
    Auth(&'static str),
    /// A timeout of zero, or of more than anyone waits.
    #[error("timeout must be above 0 and at most 136 years")]
    Timeout,
    /// A part of a request that may take longer than the whole.
    #[error("timeout.{0} must be less than the whole request's {1}, or give a longer total")]
    PartTimeout(&'static str, String),
    /// Nothing of a body may be kept.
    #[error("max_body must be above 0; what no check and no task looks at is not kept anyway")]
    MaxBody,
    /// A range of waits the wrong way round.
    #[error("wait_time between {min} and {max}: the first must not be above the second")]
    WaitRange {
        /// The first.
        min: String,
        /// The second.
        max: String,
    },
    /// A wait of more than anyone waits.
    #[error("wait_time must be at most 136 years")]
    WaitTooLong,
    /// A pacing without end, as a throughput of zero asks for.
    #[error("wait_time must be at most 136 years; a throughput must be above 0 and finite")]
    PacingTooLong,
    /// A rate of users per second that is none.
    #[error("spawn_rate must be a number above 0, not {0}")]
    SpawnRate(String),
    /// A run that ends as it starts.
    #[error("run_time must be above 0 and at most 136 years")]
    RunTime,
    /// A proxy that is spoken with by TLS.
    #[error("a proxy is reached by http://, also for https URLs, which go through a tunnel")]
    SecureProxy,
    /// A proxy with a path.
    #[error("a proxy has no path; leave '{0}' out")]
    ProxyPath(String),
    /// A path that no socket can have.
    #[error("the path of a Unix socket has 1 to 107 bytes and no null byte; this one has {0}")]
    UnixSocket(usize),
    /// A time that the kernel does not take.
    #[error("keepalive must be whole seconds from 1 to 32,767")]
    Keepalive,
    /// Parallel requests over nothing.
    #[error("connections must be 1 or more; parallel requests need one at least")]
    NoConnections,
    /// More parallel connections than a user can be meant to have.
    #[error("{0} connections are too many: at most {CONNECTIONS_MAX} are possible per user")]
    TooManyConnections(u32),
    /// Look-ups that follow each other too fast.
    #[error("dns_refresh must be 0.1 s or more, and at most 136 years")]
    DnsRefresh,
    /// A part of a load that takes no time, or more than anyone has.
    #[error("{0} must be above 0 and at most 136 years")]
    Length(&'static str),
    /// Stages without a stage.
    #[error("there are no stages; add one")]
    NoStages,
    /// More steps than there is room for.
    #[error("{0} steps are too many: at most {STEPS_MAX} are possible; make 'every' longer")]
    TooManySteps(u64),
    /// A wave that is higher at its bottom than at its top.
    #[error("{name} = {value} must not be below min = {min}")]
    BelowMin {
        /// The lowest number of users.
        min: u32,
        /// Which other number it is above.
        name: &'static str,
        /// That number.
        value: u32,
    },
    /// A mix of nobody.
    #[error("the mix has no classes; name one with its weight, or leave the mix out")]
    EmptyMix,
    /// A mix that names a class twice.
    #[error("the mix names '{0}' twice; keep one")]
    MixNamesTwice(String),
    /// A mix of a class that is not there.
    #[error("there is no class of users named '{name}'; a mix takes of {classes}")]
    MixClass {
        /// The name.
        name: String,
        /// The names of all classes.
        classes: String,
    },
    /// The weight of a class in a mix is not above zero, or no number.
    #[error("a weight in a mix must be a number above 0, not {0}; leave the class out instead")]
    MixWeight(String),
    /// More than one way to say how much load there is.
    #[error(
        "users and spawn_rate, a shape with its stages, and a rate of arrivals exclude each other; \
         keep one"
    )]
    TwoLoads,
    /// A run time that is counted from a moment and is none.
    #[error("run_time_from = \"full\" needs a run_time beside it")]
    FullWithoutRunTime,
    /// A run time that is counted from a moment that never comes.
    #[error(
        "run_time_from = \"full\" needs a load that comes to a target and this one never does; \
         leave it out"
    )]
    NeverFull,
    /// More users than are worth trying.
    #[error("{0} users are too many: at most {USERS_MAX} can be planned for")]
    TooManyUsers(u32),
    /// A rate of iterations per second that begins nothing.
    #[error("rate must be a number above 0, not {0}")]
    Rate(String),
    /// A rate of iterations per second that no stage can go to.
    #[error("the rate of a stage must be a number from 0 up, not {0}")]
    StageRate(String),
    /// A rate of iterations that is somewhere no number, or for longer than clocks go.
    #[error("a rate must be a number from 0 up at every instant, for at most 136 years")]
    RateLine,
    /// A rate of iterations that no machine begins.
    #[error("a rate of {0} is too high: at most {RATE_MAX} iterations per second are possible")]
    RateTooHigh(String),
    /// A rate of iterations that never is above zero.
    #[error("the rate is 0 throughout, so nothing would ever begin; give it a rate above 0")]
    NothingArrives,
    /// Arrivals without anyone to take them.
    #[error("max_users must be 1 or more: every iteration under way takes a user of its own")]
    MaxUsers,
    /// A run that ends before it begins.
    #[error("{0} must be 1 or more; leave it out for a run without that end")]
    NoEnd(&'static str),
    /// A status check that nothing can satisfy.
    #[error("status {0} is not from 100 to 999")]
    Status(String),
    /// A status check without a status.
    #[error("a status check needs a status")]
    NoStatus,
}

impl Error {
    /// The same error, with the place it was found at.
    pub(super) fn at(self, place: String) -> Self {
        Error::At { place, error: Box::new(self) }
    }
}
