//! Why a run cannot be planned.

use std::net::IpAddr;
use std::time::Duration;

use crate::scenario::{self, USERS_MAX};
use crate::session::UrlError;
use crate::transport::tls::LoadError;
use crate::units;

/// Why a run cannot be planned. The texts say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scenario contradicts itself.
    #[error(transparent)]
    Scenario(#[from] scenario::Error),
    /// A data set cannot be read.
    #[error("{0}")]
    Data(String),
    /// There is no such class.
    #[error("there is no class of users named '{name}'{hint}")]
    UnknownClass {
        /// The name.
        name: String,
        /// The nearest name, or all names.
        hint: String,
    },
    /// A class was selected twice.
    #[error("the class of users '{0}' is picked twice")]
    PickedTwice(String),
    /// No class was selected.
    #[error("no class of users is picked; there are {0}")]
    NothingPicked(String),
    /// No task has this tag.
    #[error("no task has the tag '{tag}'{hint}")]
    UnknownTag {
        /// The tag.
        tag: String,
        /// The nearest tag, or all tags.
        hint: String,
    },
    /// The tags leave no task.
    #[error("the tags leave no task to run; there are {0}")]
    NothingTagged(String),
    /// All classes of a stage were left out.
    #[error("a stage's mix is of classes that do not run: {0}; pick one of them, too")]
    MixGone(String),
    /// There is no host to send requests to.
    #[error(
        "{place}user '{user}' has no host: give one with --host, or with host = \"http://…\" in the file"
    )]
    NoHost {
        /// Where the class is defined, `FILE:LINE: `, or empty.
        place: String,
        /// The class of users.
        user: String,
    },
    /// A URL is not valid.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The TLS options of a class are not valid.
    #[error("user '{user}': tls: {error}")]
    Tls {
        /// The class of users.
        user: String,
        /// What is wrong.
        error: LoadError,
    },
    /// A TLS option for all classes is not valid.
    #[error("--{}: {}", .0.option, .0.reason)]
    TlsFlag(LoadError),
    /// There is no trusted authority.
    #[error(
        "'{0}' cannot be checked: this system has no root certificates; install its package \
         ca-certificates, give the authority behind the server with --ca, or check nothing with \
         --insecure"
    )]
    NoRoots(String),
    /// The host has no address.
    #[error("cannot resolve '{host}': {reason}")]
    Resolve {
        /// The host.
        host: String,
        /// The resolver's error.
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
        /// The system's error.
        reason: String,
    },
    /// The host has no address of a family that local addresses have, or the reverse.
    #[error(
        "cannot connect to {to} from {from}: one is IPv4, the other IPv6; --local-address takes \
         addresses of the family of the hosts"
    )]
    Family {
        /// The first address of the host.
        to: IpAddr,
        /// The first local address.
        from: IpAddr,
    },
    /// There are too many users.
    #[error("{0} users are too many: at most {USERS_MAX} can be planned for")]
    TooManyUsers(u32),
    /// The run time is zero.
    #[error("the run time must be more than 0; leave it out to run until Ctrl-C")]
    NoRunTime,
    /// Levels would be judged only after the end of the load.
    #[error(
        "--abort-when is to be judged from {after} on (--abort-after), and the load ends at {end}: \
         give --abort-after less time, or leave it out",
        after = units::short(*after),
        end = units::short(*end)
    )]
    NeverJudged {
        /// The time from which they are judged.
        after: Duration,
        /// The end of the load.
        end: Duration,
    },
    /// There is a time for judging and no level.
    #[error(
        "--abort-after is of use with levels only: add one, such as --abort-when 'p95 > 2s', or leave it out"
    )]
    NothingToJudge,
    /// The peak of a shape is not known before the run.
    #[error(
        "how many users the shape comes to is not known before the run, because it is a function \
         of the time: give a run time with --run-time"
    )]
    UnknownPeak,
    /// An option of an open load was given without a rate.
    #[error("{0} is of use with a rate only: add --rate, or rate = … to the file's [load]")]
    NoRate(&'static str),
    /// Two kinds of load were given.
    #[error(
        "--users and --rate exclude each other: a rate takes as many users as it needs, up to --max-users"
    )]
    UsersAndRate,
    /// A duration is too long for a clock.
    #[error("{0} is too long: at most 136 years are possible")]
    TooLong(&'static str),
    /// A limit is zero.
    #[error("{0} must be 1 or more; leave it out for no such end")]
    NoEnd(&'static str),
    /// The spawn rate is not above zero.
    #[error("the spawn rate must be more than 0 users per second, not {0}")]
    SpawnRate(f64),
    /// The core does not exist, or may not be used.
    #[error("core {core} cannot be used; this process may run on {allowed}")]
    Core {
        /// The core.
        core: usize,
        /// The cores that may be used, as text.
        allowed: String,
    },
    /// The list of cores is empty.
    #[error("no core to run on")]
    NoCores,
}

impl From<crate::data::Error> for Error {
    fn from(error: crate::data::Error) -> Self {
        Error::Data(error.to_string())
    }
}
