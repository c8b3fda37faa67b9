//! What the machine must allow before a run, and the cure where it does not.

use std::fs;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Backend, BackendChoice, Reactor};

/// The least locked memory that glommio starts with.
const LOCKED_MEMORY_MIN: u64 = 512 * 1024;
const DISABLED_SYSCTL: &str = "/proc/sys/kernel/io_uring_disabled";
/// For IPv6 too.
const PORTS_SYSCTL: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const RESERVED_SYSCTL: &str = "/proc/sys/net/ipv4/ip_local_reserved_ports";
/// Whether a port may be taken again before its time: 0 no, 1 yes, 2 on loopback.
const REUSE_SYSCTL: &str = "/proc/sys/net/ipv4/tcp_tw_reuse";
/// How long the port of a connection is taken that we have closed: the kernel's `TCP_TIMEWAIT_LEN`.
const PORT_TAKEN: Duration = Duration::from_secs(60);
/// And how long where it may be taken again before that.
const PORT_REUSED: Duration = Duration::from_secs(1);

/// Something the machine does not allow. The text names the cure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel has no io_uring at all.
    #[error("this kernel has no io_uring; try Linux 6.1 or newer")]
    Missing,
    /// The kernel has io_uring, but not the features the reactor is built on.
    #[error(
        "this kernel's io_uring is too old (no single issuer with deferred task work, or no \
         provided buffer rings); try Linux 6.1 or newer"
    )]
    TooOld,
    /// Switched off by the administrator.
    #[error(
        "io_uring is switched off here (kernel.io_uring_disabled = {0}); \
         try: sysctl -w kernel.io_uring_disabled=0"
    )]
    Disabled(String),
    /// Allowed by the kernel, forbidden to this process.
    #[error(
        "io_uring is not permitted to this process, most likely by a seccomp profile, as containers \
         have by default; try: docker run --security-opt seccomp=unconfined, or a profile that \
         allows io_uring_setup, io_uring_enter and io_uring_register"
    )]
    Forbidden,
    /// The limit on locked memory is too small, and may not be raised.
    #[error(
        "the limit on locked memory is {allowed} KiB and may not be raised, {needed} KiB are needed; \
         try: ulimit -l {needed}, or LimitMEMLOCK={needed}K for a systemd unit, or \
         docker run --ulimit memlock=-1"
    )]
    LockedMemory {
        /// What this process may lock, in KiB.
        allowed: u64,
        /// What it needs, in KiB.
        needed: u64,
    },
    /// More connections are going to be kept than files may be open.
    #[error(
        "{needed} open files are needed, one for each connection that is kept and a few more, and \
         {allowed} are allowed; try: ulimit -n {needed} (as root where the hard limit is lower), \
         LimitNOFILE={needed} for a systemd unit, keep_alive = \"task\" for users who wait, or \
         fewer users"
    )]
    OpenFiles {
        /// What this process may open.
        allowed: u64,
        /// What the run needs.
        needed: u64,
    },
    /// More connections are going to be kept to one target than there are ports for.
    #[error(
        "{needed} connections to {target} are going to be kept, and there are local ports for \
         {possible}: {ports} for each pair of an address here and one there; try: several addresses \
         here (--local-address) or there (--resolve), \
         sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\", keep_alive = \"task\" for users \
         who wait, or fewer users"
    )]
    LocalPorts {
        /// Host and port.
        target: String,
        /// Connections that the run keeps there.
        needed: u64,
        /// Connections that can be had.
        possible: u64,
        /// Local ports of one pair of addresses.
        ports: u64,
    },
    /// Anything else the system says.
    #[error("cannot set up io_uring: {0}")]
    Other(#[source] io::Error),
}

/// What the sockets of a run go through.
#[derive(Debug)]
pub struct Chosen {
    /// The one that is used.
    pub backend: Backend,
    /// Why it is not io_uring, where nobody asked for another.
    pub refusal: Option<Error>,
}

impl Chosen {
    fn asked(backend: Backend) -> Self {
        Chosen { backend, refusal: None }
    }
}

/// Chooses what this machine allows of what is asked for.
///
/// # Errors
///
/// Returns why io_uring cannot be used, and the cure, if nothing else is asked for.
pub fn choose(asked: BackendChoice) -> Result<Chosen, Error> {
    if asked == BackendChoice::Epoll {
        return Ok(Chosen::asked(Backend::Epoll));
    }
    match locked_memory().and_then(|()| io_uring()) {
        Ok(()) => Ok(Chosen::asked(Backend::IoUring)),
        Err(refusal) if asked == BackendChoice::Auto => {
            Ok(Chosen { backend: Backend::Epoll, refusal: Some(refusal) })
        }
        Err(refusal) => Err(refusal),
    }
}

/// Whether this process has set io_uring up before. What is permitted to a process stays so.
static IS_PERMITTED: AtomicBool = AtomicBool::new(false);

/// Checks that this process may use io_uring as the reactor does, by doing so once: a ring and its end
/// take milliseconds.
///
/// # Errors
///
/// Returns why not, and the cure.
pub fn io_uring() -> Result<(), Error> {
    if IS_PERMITTED.load(Ordering::Relaxed) {
        return Ok(());
    }
    // On a thread of its own: the end of a ring interrupts whatever its thread waits for next.
    let tried = thread::spawn(|| Reactor::new(Backend::IoUring).map(drop)).join();
    tried.unwrap_or_else(|panic| resume_unwind(panic)).map_err(|error| {
        let disabled = fs::read_to_string(DISABLED_SYSCTL).unwrap_or_default();
        diagnose(error, disabled.trim())
    })?;
    IS_PERMITTED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Puts a name and a cure to an error of io_uring's set-up, given `kernel.io_uring_disabled`.
fn diagnose(error: io::Error, disabled: &str) -> Error {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => Error::Missing,
        Some(libc::EINVAL) => Error::TooOld,
        Some(libc::EPERM | libc::EACCES) if !matches!(disabled, "" | "0") => {
            Error::Disabled(disabled.to_owned())
        }
        Some(libc::EPERM | libc::EACCES) => Error::Forbidden,
        Some(libc::ENOMEM) => {
            let allowed = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX) / 1024;
            Error::LockedMemory { allowed, needed: 8192.max(allowed * 2) }
        }
        _ => Error::Other(error),
    }
}

/// Makes sure that glommio may lock the memory it wants, raising the limit where we may.
///
/// # Errors
///
/// [`Error::LockedMemory`] where the limit is too small and stays so.
pub fn locked_memory() -> Result<(), Error> {
    let allowed = raise(Resource::Memlock, LOCKED_MEMORY_MIN);
    if allowed >= LOCKED_MEMORY_MIN {
        return Ok(());
    }
    Err(Error::LockedMemory { allowed: allowed / 1024, needed: LOCKED_MEMORY_MIN / 1024 })
}

/// Makes sure that this many files may be open, raising the limit where we may, and best as far as
/// `wished`.
///
/// # Errors
///
/// [`Error::OpenFiles`] where fewer than `needed` are allowed and it stays so.
pub fn open_files(needed: u64, wished: u64) -> Result<(), Error> {
    let allowed = raise(Resource::Nofile, wished.max(needed));
    if allowed >= needed { Ok(()) } else { Err(Error::OpenFiles { allowed, needed }) }
}

/// Lets as many files be open as this process may without asking anybody.
pub fn most_open_files() {
    raise(Resource::Nofile, getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX));
}

/// Makes sure that there are local ports for so many connections to one target at once, which is
/// reached by this number of pairs of addresses. What the system does not tell is not checked.
///
/// # Errors
///
/// [`Error::LocalPorts`] where there are too few.
pub fn local_ports(target: &str, needed: u64, pairs: u64) -> Result<(), Error> {
    let Some(ports) = ports() else { return Ok(()) };
    let possible = ports * pairs;
    if possible >= needed {
        return Ok(());
    }
    Err(Error::LocalPorts { target: target.to_owned(), needed, possible, ports })
}

/// Returns how many connects per second to one target, each followed by a close of ours, do not use
/// up the local ports: a closed port stays taken for a while. Returns `None` if the system does not
/// tell.
pub fn lasting_connects(pairs: u64, is_loopback: bool) -> Option<f64> {
    let reuse = fs::read_to_string(REUSE_SYSCTL).ok()?;
    let taken = match reuse.trim() {
        "1" => PORT_REUSED,
        "2" if is_loopback => PORT_REUSED,
        _ => PORT_TAKEN,
    };
    Some((ports()? * pairs) as f64 / taken.as_secs_f64())
}

/// Returns how many local ports there are for each pair of addresses.
fn ports() -> Option<u64> {
    let read = |sysctl| fs::read_to_string(sysctl).unwrap_or_default();
    usable_ports(&read(PORTS_SYSCTL), &read(RESERVED_SYSCTL))
}

/// Returns how many ports the kernel chooses from, given the texts of both sysctls: first and last
/// port, and `8080,9000-9099`.
fn usable_ports(range: &str, reserved: &str) -> Option<u64> {
    let port = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = range.trim().split_once(char::is_whitespace)?;
    let (first, last) = (port(first)?, port(last)?);
    let reserved = reserved.split(',').filter_map(|text| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to) = (port(from)?.max(first), port(to)?.min(last));
        Some((to + 1).saturating_sub(from))
    });
    Some((last + 1).saturating_sub(first + reserved.sum::<u64>()))
}

/// Raises the soft limit to the hard one, and the hard one to what is needed where we are
/// privileged. Returns what holds then.
fn raise(resource: Resource, needed: u64) -> u64 {
    let limit = getrlimit(resource);
    if limit.current.is_none_or(|current| current >= needed) {
        return limit.current.unwrap_or(u64::MAX);
    }
    let wanted = Some(limit.maximum.map_or(needed, |maximum| maximum.max(needed)));
    let both = Rlimit { current: wanted, maximum: wanted };
    // Only a privileged process may raise the hard limit; then the soft one follows it alone.
    if setrlimit(resource, both).is_err() {
        let soft = Rlimit { current: limit.maximum.or(Some(needed)), maximum: limit.maximum };
        let _ = setrlimit(resource, soft);
    }
    getrlimit(resource).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(errno: i32, disabled: &str, expected: &str) {
        let text = diagnose(io::Error::from_raw_os_error(errno), disabled).to_string();
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn every_refusal_names_its_cure() {
        check(libc::ENOSYS, "", "Linux 6.1");
        check(libc::EINVAL, "0", "Linux 6.1");
        check(libc::EPERM, "2", "sysctl -w kernel.io_uring_disabled=0");
        check(libc::EPERM, "0", "seccomp");
        check(libc::EACCES, "", "seccomp");
        check(libc::ENOMEM, "0", "ulimit -l");
        check(libc::EIO, "0", "cannot set up io_uring");
    }

    #[test]
    fn this_machine_passes() {
        choose(BackendChoice::Auto).expect("epoll is everywhere");
        open_files(64, 64).expect("tests need open files");
        local_ports("a:80", 10_000, 10).expect("tests need local ports");
    }

    #[test]
    fn more_files_than_any_kernel_allows_are_refused_with_the_cure() {
        let error = open_files(1 << 40, 0).expect_err("nr_open is far below this");
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }

    #[test]
    fn ports_are_those_of_the_range_that_nobody_has_reserved() {
        assert_eq!(usable_ports("32768\t60999\n", "\n"), Some(28_232));
        assert_eq!(usable_ports("32768 60999", "8080,40000,60000-65000"), Some(28_232 - 1001));
        assert_eq!(usable_ports("1024 65535", "1-2000,65535"), Some(63_534));
        assert_eq!(usable_ports("7 7", "7"), Some(0));
        assert_eq!(usable_ports("", ""), None);
    }

    #[test]
    fn more_connections_than_ports_are_refused_with_the_cure() {
        let refused = |needed, pairs| local_ports("a:80", needed, pairs).map_err(|e| e.to_string());
        let text = refused(65_536, 1).unwrap_err();
        assert!(text.contains("--local-address") && text.contains("\"1024 65535\""), "{text}");
        assert!(refused(65_536 * 3, 2).is_err() && refused(2, 2).is_ok());
    }

    #[test]
    fn connects_that_last_are_more_with_more_addresses_and_on_loopback() {
        let rate = |pairs, loopback| lasting_connects(pairs, loopback).expect("/proc is there");
        assert!(rate(1, false) > 0.0 && rate(1, false) <= rate(1, true));
        assert_eq!(rate(8, false), 8.0 * rate(1, false));
    }
}
