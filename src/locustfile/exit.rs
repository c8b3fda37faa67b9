//! How a process ended, as a part of a sentence.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use signal_hook::low_level::signal_name;

/// Returns `ended with exit code 1`, `was killed by SIGKILL`.
pub(super) fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("was killed by {name}"),
            None => format!("was killed by signal {signal}"),
        },
        (None, None) => "has ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_by_itself_or_by_a_signal() {
        assert_eq!(ended(ExitStatus::from_raw(3 << 8)), "ended with exit code 3");
        assert_eq!(ended(ExitStatus::from_raw(9)), "was killed by SIGKILL");
        assert_eq!(ended(ExitStatus::from_raw(40)), "was killed by signal 40");
    }
}
