//! Waiting for events no longer than until a deadline, finer than milliseconds.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

/// What an event of the timer is called.
pub(super) const TIMER: u64 = u64::MAX;

/// A time that no run lasts.
const FAR: Timespec = Timespec { tv_sec: 1 << 40, tv_nsec: 0 };

/// How the end of a wait is passed to the kernel.
#[derive(Debug)]
pub(super) enum Clock {
    /// With the wait, in nanoseconds: `epoll_pwait2`, Linux 5.11.
    Wait,
    /// By a timer among the descriptors, because the wait itself has only milliseconds.
    Timer(OwnedFd),
}

impl Clock {
    /// Makes the first kind if the kernel knows it and no filter of system calls refuses it, else
    /// the second.
    pub(super) fn new(epoll: &OwnedFd) -> io::Result<Self> {
        match wait_until(epoll, &mut [MaybeUninit::uninit()], Some(Duration::ZERO)) {
            Ok(_) => Ok(Clock::Wait),
            Err(_) => Clock::timer(epoll),
        }
    }

    fn timer(epoll: &OwnedFd) -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let events = EventFlags::IN | EventFlags::ET;
        epoll::add(epoll, &timer, EventData::new_u64(TIMER), events)?;
        Ok(Clock::Timer(timer))
    }

    /// Waits for the first event until the time is over. A signal ends the wait, too.
    pub(super) fn wait<'e>(
        &self,
        epoll: &OwnedFd,
        events: &'e mut [MaybeUninit<epoll::Event>],
        timeout: Option<Duration>,
    ) -> io::Result<&'e [epoll::Event]> {
        let came = match (self, timeout) {
            (Clock::Wait, timeout) => wait_until(epoll, events, timeout),
            (Clock::Timer(_), Some(Duration::ZERO)) => wait(epoll, events, true),
            (Clock::Timer(timer), timeout) => {
                // No time at all switches it off.
                let value = timeout.map(timespec).unwrap_or_default();
                let once = Itimerspec { it_interval: Timespec::default(), it_value: value };
                timerfd_settime(timer, TimerfdTimerFlags::empty(), &once)?;
                wait(epoll, events, false)
            }
        };
        match came {
            // SAFETY: the kernel has written so many.
            Ok(came) => Ok(unsafe { std::slice::from_raw_parts(events.as_ptr().cast(), came) }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(&[]),
            Err(error) => Err(error),
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec::try_from(time).unwrap_or(FAR)
}

/// Waits with nanoseconds; how many events came.
fn wait_until(
    epoll: &OwnedFd,
    events: &mut [MaybeUninit<epoll::Event>],
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let timeout = timeout.map(timespec);
    // SAFETY: the kernel writes at most so many events, and reads one time or none.
    let came = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll.as_raw_fd(),
            events.as_mut_ptr(),
            events.len() as libc::c_int,
            timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            std::ptr::null::<libc::sigset_t>(),
            0_usize,
        )
    };
    usize::try_from(came).map_err(|_| io::Error::last_os_error())
}

/// Waits without an end, or not at all; how many events came.
fn wait(
    epoll: &OwnedFd,
    events: &mut [MaybeUninit<epoll::Event>],
    only_look: bool,
) -> io::Result<usize> {
    let timeout = only_look.then(Timespec::default);
    let (came, _) = epoll::wait(epoll, events, timeout.as_ref())?;
    Ok(came.len())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rustix::event::epoll::CreateFlags;

    use super::*;

    /// Kernels before 5.11 have the timer alone.
    #[test]
    fn both_clocks_wait_as_long_as_they_are_to_and_not_at_all_for_none() {
        let epoll = epoll::create(CreateFlags::CLOEXEC).unwrap();
        let mut events = [MaybeUninit::uninit(); 8];
        for clock in [Clock::new(&epoll).unwrap(), Clock::timer(&epoll).unwrap()] {
            for micros in [0, 300, 1_500, 20_000] {
                let time = Duration::from_micros(micros);
                let begin = Instant::now();
                let came = clock.wait(&epoll, &mut events, Some(time)).unwrap();
                assert!(came.iter().all(|event| event.data.u64() == TIMER));
                assert!(begin.elapsed() >= time, "{clock:?}");
            }
        }
    }
}
