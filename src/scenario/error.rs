//! Errors of scenarios. Each text ends with a way to fix it if there is one.

use thiserror::Error;

use super::{Arrivals, LoadShape, Parallel, USERS_MAX};
use crate::session::UrlError;

const STEPS_MAX: u64 = LoadShape::STEPS_MAX;
const CONNECTIONS_MAX: u32 = Parallel::CONNECTIONS_MAX;
const RATE_MAX: f64 = Arrivals::RATE_MAX;

/// An error of a scenario, whether it was read from a file or written in Rust.
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
    /// There are no user classes.
    #[error("there are no users; add a class of users with a task")]
    NoUsers,
    /// All user classes have weight or count 0.
    #[error("there are no users with weight > 0; give one class a weight or a count")]
    NoWeight,
    /// There are more classes than their numbers can tell apart.
    #[error("there are {0} classes of users; at most 65535 are possible")]
    TooManyClasses(usize),
    /// The name of a user class is empty.
    #[error("the name of a class of users must not be empty")]
    EmptyName,
    /// The name of a user class or a task has a line break or an escape sequence, which would go to
    /// terminals and logs.
    #[error("the name has a control character")]
    ControlInName,
    /// Two user classes have the same name, so reports could not tell them apart.
    #[error("there are two classes of users named '{0}'; rename one")]
    DuplicateUser(String),
    /// A user class has no tasks.
    #[error("there are no tasks; add one")]
    NoTasks,
    /// A task has no steps: a user without waits would loop.
    #[error("there are no steps; add a request")]
    NoSteps,
    /// The weight of a user class is negative or not a number.
    #[error("weight must be a number above 0, not {0}")]
    UserWeight(String),
    /// The weight of a task is zero.
    #[error("weight must be 1 or more; leave the task out instead")]
    TaskWeight,
    /// A tag could not be written in a list of tags.
    #[error("a tag is one word without commas, and not '{0}'")]
    Tag(String),
    /// A base URL is not valid.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A path cannot be sent.
    #[error("path '{path}' {reason}")]
    Path {
        /// The path as written.
        path: String,
        /// What is wrong with it, and how to fix it.
        reason: String,
    },
    /// The method is not a plain request.
    #[error("method CONNECT opens a tunnel, which is not a request to measure")]
    ConnectMethod,
    /// A header decides where the body ends.
    #[error("header '{0}' follows from the body; leave it out")]
    FramingHeader(String),
    /// A `Host` header is not valid.
    #[error("header 'host' cannot be '{value}'; {cure}")]
    HostHeader {
        /// What was given.
        value: String,
        /// What to write.
        cure: String,
    },
    /// There are several `Host` headers.
    #[error("header 'host' may be there once only; leave the others out")]
    SeveralHosts,
    /// Credentials are not valid.
    #[error("{0}")]
    Auth(&'static str),
    /// A timeout is zero or too long.
    #[error("timeout must be above 0 and at most 136 years")]
    Timeout,
    /// The timeout of a phase is longer than that of the whole request.
    #[error("timeout.{0} must be less than the whole request's {1}, or give a longer total")]
    PartTimeout(&'static str, String),
    /// No byte of a body may be kept.
    #[error("max_body must be above 0; what no check and no task looks at is not kept anyway")]
    MaxBody,
    /// A range of waits is reversed.
    #[error("wait_time between {min} and {max}: the first must not be above the second")]
    WaitRange {
        /// The first.
        min: String,
        /// The second.
        max: String,
    },
    /// A wait is too long.
    #[error("wait_time must be at most 136 years")]
    WaitTooLong,
    /// A pacing is infinite, as with a throughput of zero.
    #[error("wait_time must be at most 136 years; a throughput must be above 0 and finite")]
    PacingTooLong,
    /// The spawn rate is not a positive number.
    #[error("spawn_rate must be a number above 0, not {0}")]
    SpawnRate(String),
    /// The run time is zero or too long.
    #[error("run_time must be above 0 and at most 136 years")]
    RunTime,
    /// The proxy would be reached by TLS.
    #[error("a proxy is reached by http://, also for https URLs, which go through a tunnel")]
    SecureProxy,
    /// A proxy has a path.
    #[error("a proxy has no path; leave '{0}' out")]
    ProxyPath(String),
    /// No Unix socket can have this path.
    #[error("the path of a Unix socket has 1 to 107 bytes and no null byte; this one has {0}")]
    UnixSocket(usize),
    /// The kernel does not accept this time.
    #[error("keepalive must be whole seconds from 1 to 32,767")]
    Keepalive,
    /// Parallel requests have no connections.
    #[error("connections must be 1 or more; parallel requests need one at least")]
    NoConnections,
    /// There are too many parallel connections for one user.
    #[error("{0} connections are too many: at most {CONNECTIONS_MAX} are possible per user")]
    TooManyConnections(u32),
    /// Look-ups follow each other too fast.
    #[error("dns_refresh must be 0.1 s or more, and at most 136 years")]
    DnsRefresh,
    /// A duration of a load is zero or too long.
    #[error("{0} must be above 0 and at most 136 years")]
    Length(&'static str),
    /// There are no stages.
    #[error("there are no stages; add one")]
    NoStages,
    /// There are too many steps.
    #[error("{0} steps are too many: at most {STEPS_MAX} are possible; make 'every' longer")]
    TooManySteps(u64),
    /// The peak of a wave is below its minimum.
    #[error("{name} = {value} must not be below min = {min}")]
    BelowMin {
        /// The lowest number of users.
        min: u32,
        /// The name of the other number.
        name: &'static str,
        /// That number.
        value: u32,
    },
    /// A mix is empty.
    #[error("the mix has no classes; name one with its weight, or leave the mix out")]
    EmptyMix,
    /// A mix names a class twice.
    #[error("the mix names '{0}' twice; keep one")]
    MixNamesTwice(String),
    /// A mix names a class that does not exist.
    #[error("there is no class of users named '{name}'; a mix takes of {classes}")]
    MixClass {
        /// The name.
        name: String,
        /// The names of all classes.
        classes: String,
    },
    /// The weight of a class in a mix is not a positive number.
    #[error("a weight in a mix must be a number above 0, not {0}; leave the class out instead")]
    MixWeight(String),
    /// The load is given in more than one way.
    #[error(
        "users and spawn_rate, a shape with its stages, and a rate of arrivals exclude each other; \
         keep one"
    )]
    TwoLoads,
    /// The start of a run time is given without a run time.
    #[error("run_time_from = \"full\" needs a run_time beside it")]
    FullWithoutRunTime,
    /// A run time is counted from a moment that never comes.
    #[error(
        "run_time_from = \"full\" needs a load that comes to a target and this one never does; \
         leave it out"
    )]
    NeverFull,
    /// There are too many users.
    #[error("{0} users are too many: at most {USERS_MAX} can be planned for")]
    TooManyUsers(u32),
    /// The rate of iterations is not a positive number.
    #[error("rate must be a number above 0, not {0}")]
    Rate(String),
    /// The rate of a stage is negative or not a number.
    #[error("the rate of a stage must be a number from 0 up, not {0}")]
    StageRate(String),
    /// The rate is not a number at some time, or lasts too long.
    #[error("a rate must be a number from 0 up at every instant, for at most 136 years")]
    RateLine,
    /// The rate is too high for any machine.
    #[error("a rate of {0} is too high: at most {RATE_MAX} iterations per second are possible")]
    RateTooHigh(String),
    /// The rate is never above zero.
    #[error("the rate is 0 throughout, so nothing would ever begin; give it a rate above 0")]
    NothingArrives,
    /// There are no users for the arrivals.
    #[error("max_users must be 1 or more: every iteration under way takes a user of its own")]
    MaxUsers,
    /// The run would end after zero iterations or requests.
    #[error("{0} must be 1 or more; leave it out for a run without that end")]
    NoEnd(&'static str),
    /// No response can have this status.
    #[error("status {0} is not from 100 to 999")]
    Status(String),
    /// A status check without a status.
    #[error("a status check needs a status")]
    NoStatus,
    /// There are two data sets of the same name.
    #[error("there are two data sets named '{0}'; rename one")]
    DuplicateData(String),
    /// There is no data set of this name.
    #[error("there is no data set '{name}'{hint}")]
    UnknownData {
        /// The name.
        name: String,
        /// The nearest name, or all names.
        hint: String,
    },
    /// A data set has no such column.
    #[error("the data set '{set}' has no column '{column}'{hint}")]
    UnknownColumn {
        /// The name of the data set.
        set: String,
        /// The name of the column.
        column: String,
        /// The nearest name, or all names.
        hint: String,
    },
    /// Instructions are nested too deep.
    #[error("instructions are nested more than {0} deep; make it simpler")]
    TooDeep(usize),
    /// The order of tasks follows from what may come next, and one task has nothing.
    #[error("no task can follow '{0}'; give it next = {{ NAME = WEIGHT }}, as the others have")]
    NoNext(String),
    /// A task names what follows it, and the order does not follow from that.
    #[error("'next' needs order = \"markov\"")]
    NextWithoutOrder,
    /// A task is followed by one that does not exist.
    #[error("there is no task named '{0}' beside it, which could follow")]
    NextTask(String),
    /// A task is followed by one whose name is not unique.
    #[error("there are two tasks named '{0}', so neither can be named as the next; rename one")]
    NextTaskTwice(String),
    /// A set is left that nothing is in.
    #[error("there is no set of tasks here that could be left")]
    NoSet,
    /// A pause follows from something else than itself.
    #[error("a pause is constant, between two times, or exponential")]
    Pause,
    /// A text has a mistake in an expression, or a condition has one.
    #[error("'{text}': {reason}")]
    Expression {
        /// The part of the text that is wrong.
        text: String,
        /// What is wrong, and how to fix it.
        reason: String,
    },
    /// A name cannot be that of a variable.
    #[error("'{name}' cannot be the name of a variable: {reason}")]
    Variable {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Adds the place where the error was found.
    pub(super) fn at(self, place: String) -> Self {
        Error::At { place, error: Box::new(self) }
    }
}
