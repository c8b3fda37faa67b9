//! Sleeping until an instant, and giving up on something that takes too long.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::Reactor;
use super::wheel::TimerKey;

impl Reactor {
    /// Sleeps until an instant; never wakes before it. The output is how much later it is then.
    pub fn sleep_until(self: &Rc<Self>, deadline: Instant) -> Sleep {
        Sleep { reactor: self.clone(), deadline, timer: None }
    }

    /// Runs a future until an instant, then drops it.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] where the future was not done by then.
    pub async fn until<F: Future>(
        self: &Rc<Self>,
        deadline: Instant,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        Alarm::new(self).until(deadline, pin!(future)).await
    }
}

/// The future was not done in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out")]
pub struct TimedOut;

/// A deadline that is moved again and again and hardly ever reached, as that of a user's requests.
///
/// Its timer stays set from one future to the next, for a time that is never later than the deadline
/// in force: only when it fires is it looked at, and set again if it was too soon. So a deadline in
/// the usual distance costs neither a timer nor a waker.
#[derive(Debug)]
pub struct Alarm {
    reactor: Rc<Reactor>,
    timer: Option<(TimerKey, Instant)>,
}

impl Alarm {
    /// Makes an alarm that is not set.
    pub fn new(reactor: &Rc<Reactor>) -> Self {
        Alarm { reactor: reactor.clone(), timer: None }
    }

    /// Polls a future until an instant. The caller pins the future, so that it is not moved into this
    /// one.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] where the future was not done by then.
    pub fn until<F: Future + Unpin>(
        &mut self,
        deadline: Instant,
        mut future: F,
    ) -> impl Future<Output = Result<F::Output, TimedOut>> {
        std::future::poll_fn(move |context| match Pin::new(&mut future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll(deadline, context).map(|()| Err(TimedOut)),
        })
    }

    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        match self.timer {
            Some((timer, at)) if at <= deadline => {
                let updated = self.reactor.state.borrow_mut().wheel.update(timer, context.waker());
                match updated {
                    Ok(_replaced) => return Poll::Pending,
                    Err(_fired) if deadline <= Instant::now() => return Poll::Ready(()),
                    Err(_fired) => {}
                }
            }
            _ => self.cancel(),
        }
        let at = self.reactor.nanos(deadline);
        let timer = self.reactor.state.borrow_mut().wheel.set(at, context.waker().clone());
        self.timer = Some((timer, deadline));
        Poll::Pending
    }

    /// Takes the timer back, where a long time may pass until the next future.
    pub fn cancel(&mut self) {
        if let Some((timer, _)) = self.timer.take() {
            let waker = self.reactor.state.borrow_mut().wheel.cancel(timer);
            drop(waker);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// The future of [`Reactor::sleep_until`].
#[derive(Debug)]
pub struct Sleep {
    reactor: Rc<Reactor>,
    deadline: Instant,
    timer: Option<TimerKey>,
}

impl Future for Sleep {
    /// From the deadline to the moment that the sleeper runs again: the kernel's lateness, and the
    /// time of the tasks that were woken before.
    type Output = Duration;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Duration> {
        let Some(timer) = self.timer else {
            // A deadline that has passed needs no turn.
            let now = Instant::now();
            if self.deadline <= now {
                return Poll::Ready(now - self.deadline);
            }
            let deadline = self.reactor.nanos(self.deadline);
            let waker = context.waker().clone();
            let timer = self.reactor.state.borrow_mut().wheel.set(deadline, waker);
            self.timer = Some(timer);
            return Poll::Pending;
        };
        let updated = self.reactor.state.borrow_mut().wheel.update(timer, context.waker());
        match updated {
            // The replaced waker is dropped here, where nothing is borrowed.
            Ok(_replaced) => Poll::Pending,
            Err(_fired) => Poll::Ready(self.deadline.elapsed()),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let waker = self.reactor.state.borrow_mut().wheel.cancel(timer);
            drop(waker);
        }
    }
}
