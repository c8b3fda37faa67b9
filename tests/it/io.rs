//! Where the kernel refuses io_uring to the process.

use crate::harness::{Refused, Run};

#[test]
fn a_run_that_may_not_use_io_uring_is_told_the_cure() {
    let output = Run::new(["demo", "-t", "1s"]).refused(Refused::io_uring()).go().code(2);
    assert!(output.stderr.contains("docker run --security-opt seccomp="), "{}", output.stderr);
}
