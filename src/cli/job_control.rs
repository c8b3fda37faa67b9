//! Job control by the rules of POSIX: stopping, hangups and process groups.

use std::fs;

use libc::c_int;
use rustix::process::Pid;
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// Stops the process until it is continued. Does nothing in an orphaned process group, such as that of a
/// container's first process, because nothing could continue it. The kernel does the same (POSIX).
pub(super) fn suspend() {
    if !is_orphaned() {
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Returns whether the process was started with this signal ignored, as `nohup` does with SIGHUP.
pub(super) fn is_ignored(signal: c_int) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Returns whether this process is in this process group.
pub(super) fn is_in_group(group: Pid) -> bool {
    let own = ProcessStat::of("self").map(|own| own.group);
    own == group.as_raw_nonzero().get().try_into().ok()
}

/// Returns whether the process group is orphaned: no parent of a process in it is of the same session and
/// another group, as a shell is.
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

/// Numbers from `/proc/PID/stat`; 0 is a process outside the container. rustix cannot hold them, because
/// its numbers of processes are never 0.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ProcessStat {
    parent: u32,
    group: u32,
    session: u32,
}

impl ProcessStat {
    fn of(process: &str) -> Option<Self> {
        ProcessStat::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// Parses `pid (name) state parent group session …`. The name may contain any characters.
    fn parse(stat: &str) -> Option<Self> {
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
    fn the_stat_of_a_process_is_read_whatever_its_name() {
        let own = ProcessStat::of("self").unwrap();
        assert_eq!(own.parent, std::os::unix::process::parent_id());
        let named = ProcessStat::parse("7 (a) b (c) R 3 0 0 34816 9");
        assert_eq!(named, Some(ProcessStat { parent: 3, group: 0, session: 0 }));
        assert_eq!(ProcessStat::parse("7 (a) R 3"), None);
    }
}
