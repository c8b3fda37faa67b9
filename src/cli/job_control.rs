//! What a shell's job is by the rules of POSIX: stopped and continued, hung up or not.

use std::fs;

use libc::c_int;
use rustix::process::{Pid, getpgid, getpid, getsid};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// Stops the process until somebody continues it; not at all where nobody could, as in a container
/// whose terminal it has: the kernel does not do so either (POSIX's orphaned process groups).
pub(super) fn suspend() {
    if !is_orphaned() {
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Whether the signal was to be ignored when the process was started, as SIGHUP is by `nohup`.
pub(super) fn is_ignored(signal: c_int) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Whether no process of this session is above this one's group: a shell would be.
fn is_orphaned() -> bool {
    let (group, session) = (getpgid(None), getsid(None));
    let mut pid = getpid();
    while let Some(parent) = parent(pid) {
        if getpgid(Some(parent)) != group {
            return getsid(Some(parent)) != session;
        }
        pid = parent;
    }
    true
}

/// From `pid (name) state parent …`, where the name may have anything in it.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, behind) = stat.rsplit_once(')')?;
    Pid::from_raw(behind.split_whitespace().nth(1)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use signal_hook::consts::{SIGPIPE, SIGTERM};

    use super::*;

    #[test]
    fn what_the_runtime_ignores_is_ignored() {
        assert!(is_ignored(SIGPIPE) && !is_ignored(SIGTERM));
    }

    #[test]
    fn a_parent_is_found_whatever_its_child_is_called() {
        let own = parent(getpid()).map(|pid| pid.as_raw_nonzero().get() as u32);
        assert_eq!(own, Some(std::os::unix::process::parent_id()));
    }
}
