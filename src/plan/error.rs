//! Why a run cannot be planned.

use std::net::IpAddr;
use std::time::Duration;

use crate::scenario::{self, USERS_MAX};
use crate::session::UrlError;
use crate::transport::tls::LoadError;
use crate::units;

/// Why there can be no run. The texts say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scenario contradicts itself.
    #[error(transparent)]
    Scenario(#[from] scenario::Error),
    /// A class to run that is not there.
    #[error("there is no class of users named '{name}'{hint}")]
    UnknownClass {
        /// The name.
        name: String,
        /// The nearest one, or all.
        hint: String,
    },
    /// A class with two weights.
    #[error("the class of users '{0}' is picked twice")]
    PickedTwice(String),
    /// There are no users to run.
    #[error("no class of users is picked; there are {0}")]
    NothingPicked(String),
    /// A tag that is nowhere.
    #[error("no task has the tag '{tag}'{hint}")]
    UnknownTag {
        /// The tag.
        tag: String,
        /// The nearest one, or all.
        hint: String,
    },
    /// Nothing is to run.
    #[error("the tags leave no task to run; there are {0}")]
    NothingTagged(String),
    /// A stage whose classes were all left out.
    #[error("a stage's mix is of classes that do not run: {0}; pick one of them, too")]
    MixGone(String),
    /// There is no host to send requests to.
    #[error(
        "user '{0}' has no host: give one with --host, or with host = \"http://…\" in the file"
    )]
    NoHost(String),
    /// A URL that cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Options for TLS that cannot be used.
    #[error("user '{user}': tls: {error}")]
    Tls {
        /// The class of users.
        user: String,
        /// What is wrong.
        error: LoadError,
    },
    /// The same of an option that all classes have.
    #[error("--{}: {}", .0.option, .0.reason)]
    TlsFlag(LoadError),
    /// There is no trusted authority.
    #[error(
        "'{0}' cannot be checked: this system has no root certificates; install its package \
         ca-certificates, give the authority behind the server with --ca, or check nothing with \
         --insecure"
    )]
    NoRoots(String),
    /// A host without an address.
    #[error("cannot resolve '{host}': {reason}")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// The local address is not one of this host.
    #[error(
        "cannot connect from {address}: {reason}; --local-address takes addresses of this host \
         (ip address)"
    )]
    NotOurs {
        /// The address.
        address: IpAddr,
        /// What the system says.
        reason: String,
    },
    /// A host without an address of a family that connections come from, or the reverse.
    #[error(
        "cannot connect to {to} from {from}: one is IPv4, the other IPv6; --local-address takes \
         addresses of the family of the hosts"
    )]
    Family {
        /// The first address of the host.
        to: IpAddr,
        /// The first address of ours.
        from: IpAddr,
    },
    /// More users than are worth trying.
    #[error("{0} users are too many: at most {USERS_MAX} can be planned for")]
    TooManyUsers(u32),
    /// A run that is over before it begins.
    #[error("the run time must be more than 0; leave it out to run until Ctrl-C")]
    NoRunTime,
    /// Levels that would be judged when the load is over.
    #[error(
        "--abort-when is to be judged from {after} on (--abort-after), and the load ends at {end}: \
         give --abort-after less time, or leave it out",
        after = units::short(*after),
        end = units::short(*end)
    )]
    NeverJudged {
        /// From when on.
        after: Duration,
        /// The end.
        end: Duration,
    },
    /// A time from which on nothing is judged.
    #[error(
        "--abort-after is of use with levels only: add one, such as --abort-when 'p95 > 2s', or leave it out"
    )]
    NothingToJudge,
    /// A shape that only its function knows.
    #[error(
        "how many users the shape comes to is not known before the run, because it is a function \
         of the time: give a run time with --run-time"
    )]
    UnknownPeak,
    /// An option of an open load, and no rate.
    #[error("{0} is of use with a rate only: add --rate, or rate = … to the file's [load]")]
    NoRate(&'static str),
    /// Two kinds of load.
    #[error(
        "--users and --rate exclude each other: a rate takes as many users as it needs, up to --max-users"
    )]
    UsersAndRate,
    /// A time beyond all clocks.
    #[error("{0} is too long: at most 136 years are possible")]
    TooLong(&'static str),
    /// A limit that nothing can be done within.
    #[error("{0} must be 1 or more; leave it out for no such end")]
    NoEnd(&'static str),
    /// The spawn rate is not above zero.
    #[error("the spawn rate must be more than 0 users per second, not {0}")]
    SpawnRate(f64),
    /// A core that is not there, or not ours.
    #[error("core {core} cannot be used; this process may run on {allowed}")]
    Core {
        /// The core.
        core: usize,
        /// The cores that may be used, as text.
        allowed: String,
    },
    /// An empty list of cores.
    #[error("no core to run on")]
    NoCores,
}
