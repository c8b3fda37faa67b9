//! What a shell's job is by the rules of POSIX: stopped and continued, hung up or not.

use std::fs;

use libc::c_int;
use rustix::process::Pid;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// Stops the process until it is continued; not at all where nothing could continue it, as in a container
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

/// Whether this process is in the group of this number.
pub(super) fn is_in_group(group: Pid) -> bool {
    let own = ProcessStat::of("self").map(|own| own.group);
    own == group.as_raw_nonzero().get().try_into().ok()
}

/// Whether no process of this session is above this one's group: a shell would be.
fn is_orphaned() -> bool {
    let Some(own) = ProcessStat::of("self") else { return true };
    let mut above = own;
    loop {
        match ProcessStat::of(&above.parent.to_string()) {
            Some(parent) if parent.group == own.group => above = parent,
            Some(parent) => return parent.session != own.session,
            None => return true,
        }
    }
}

/// Where a process stands among others, by their numbers. 0 is one outside the container. rustix
/// cannot say it: its numbers of processes are never 0.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ProcessStat {
    parent: u32,
    group: u32,
    session: u32,
}

impl ProcessStat {
    fn of(process: &str) -> Option<Self> {
        ProcessStat::read(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// From `pid (name) state parent group session …`, where the name may have anything in it.
    fn read(stat: &str) -> Option<Self> {
        let (_, behind) = stat.rsplit_once(')')?;
        let mut numbers = behind.split_whitespace().skip(1).map_while(|word| word.parse().ok());
        let mut next = || numbers.next();
        Some(ProcessStat { parent: next()?, group: next()?, session: next()? })
    }
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
    fn a_process_has_its_standing_whatever_it_is_called() {
        let own = ProcessStat::of("self").unwrap();
        assert_eq!(own.parent, std::os::unix::process::parent_id());
        let named = ProcessStat::read("7 (a) b (c) R 3 0 0 34816 9");
        assert_eq!(named, Some(ProcessStat { parent: 3, group: 0, session: 0 }));
        assert_eq!(ProcessStat::read("7 (a) R 3"), None);
    }
}
