//! The kernel's count of connections that did not fit into an accept queue.

use std::fs;

/// The file has sections of two lines each, names and numbers (proc_pid_net(5)).
const COUNTERS: &str = "/proc/net/netstat";

/// Counts the connections that did not fit into the accept queue of any listening socket in this
/// network namespace since the run began. The kernel does not say which sockets these were.
#[derive(Debug)]
pub(super) struct AcceptQueue {
    before: u64,
}

impl AcceptQueue {
    /// Counts from now on.
    pub(super) fn new() -> Self {
        AcceptQueue { before: overflows() }
    }

    /// Returns their number, which it reads from the kernel.
    pub(super) fn overflows(&self) -> u64 {
        overflows().saturating_sub(self.before)
    }
}

/// Counters that cannot be read are taken as zero: that is no reason to stop a run.
fn overflows() -> u64 {
    let text = fs::read_to_string(COUNTERS).unwrap_or_default();
    counter(&text, "TcpExt:", "ListenOverflows").unwrap_or(0)
}

fn counter(text: &str, section: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(section));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let at = names.split_whitespace().position(|other| other == name)?;
    numbers.split_whitespace().nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_counter_is_found_by_its_section_and_name() {
        let text = "TcpExt: A B\nTcpExt: 1 2\nIpExt: B C\nIpExt: 3 4\n";
        assert_eq!(counter(text, "TcpExt:", "B"), Some(2));
        assert_eq!(counter(text, "IpExt:", "B"), Some(3));
        assert_eq!(counter(text, "TcpExt:", "C"), None);
        assert_eq!(counter("", "TcpExt:", "A"), None);
    }

    #[test]
    fn a_full_accept_queue_is_noticed() {
        let queue = AcceptQueue::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let _queued: Vec<_> = std::iter::from_fn(connect).collect();
        assert!(queue.overflows() > 0);
    }
}
