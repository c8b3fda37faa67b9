//! The memory and descriptors of a process.

use std::fs;

/// The tolerated growth of memory, in KiB.
const SPARE: u64 = 2048;

/// The resources of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holdings {
    /// Memory in use (proc_pid_status(5), VmRSS), in KiB.
    pub(crate) memory: u64,
    pub(crate) descriptors: u64,
}

impl Holdings {
    pub(crate) fn of(process: u32) -> Holdings {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = line.split_whitespace().next().unwrap().parse().unwrap();
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as u64;
        Holdings { memory, descriptors }
    }

    /// Checks that the resources are the same later, apart from memory that the allocator keeps. That grows in the
    /// first seconds of a rage, and not in the next four minutes.
    pub(crate) fn check_same(&self, later: &Holdings) {
        assert!(later.descriptors <= self.descriptors, "{self:?}, {later:?}");
        assert!(later.memory <= self.memory + self.memory / 2 + SPARE, "{self:?}, {later:?}");
    }
}
