//! The CPU time of a thread.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

/// Returns how long the calling thread has been running: in its own code, and in the kernel for it.
/// The sum is exact to the nanosecond; the kernel estimates how it divides. Costs a system call.
pub fn thread_time() -> (Duration, Duration) {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the kernel writes one `rusage` to where there is room for one.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    // The call fails for a bad pointer or an unknown `who` only, and neither is given.
    assert_eq!(result, 0, "getrusage: {}", io::Error::last_os_error());
    // SAFETY: the call has succeeded, so it has filled the structure.
    let usage = unsafe { usage.assume_init() };
    (duration(usage.ru_utime), duration(usage.ru_stime))
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_works_takes_time_and_one_that_sleeps_does_not() {
        let (user, system) = thread_time();
        let begin = Instant::now();
        // Until the clock of the thread has moved, however busy the machine is.
        while thread_time().0 + thread_time().1 < user + system + Duration::from_millis(20) {
            assert!(begin.elapsed() < Duration::from_secs(20), "its clock stands still");
        }
        let (user, system) = thread_time();
        std::thread::sleep(Duration::from_millis(50));
        let slept = thread_time().0 + thread_time().1 - user - system;
        assert!(slept < Duration::from_millis(40), "{slept:?}");
    }
}
