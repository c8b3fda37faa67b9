//! The end of a core's run: what ends it, and how its users are stopped.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::lifecycle::Phase;
use super::per_core::PerCore;
use crate::plan::Plan;
use crate::stats::Ending;

/// The least time that `on_stop` has, where the stop timeout leaves it less.
pub(super) const ON_STOP_GRACE: Duration = Duration::from_secs(1);

impl PerCore {
    /// Waits for the end of the run and stops every user in time.
    pub(super) async fn stop_in_time(&self) {
        let reactor = &self.pinned.reactor;
        let Plan { run_time, stop_timeout, .. } = *self.job.plan;
        match run_time {
            Some(run_time) => {
                if reactor.until(self.started + run_time, self.stop_asked()).await.is_err() {
                    self.job.control.ended_by(Ending::RunTime);
                }
            }
            None => self.stop_asked().await,
        }

        self.stopped.set(Some(self.elapsed()));
        self.advance(Phase::Stopping);
        let stopping = Instant::now();
        if !stop_timeout.is_zero() {
            // Where no request is left, users that want another one need no time to finish.
            let done = race(self.lifecycle.all_ended(), self.context.requests_spent());
            let _ = reactor.until(stopping + stop_timeout, done).await;
        }
        self.advance(Phase::Killed);
        let last = (stopping + stop_timeout).max(Instant::now() + ON_STOP_GRACE);
        if reactor.until(last, self.lifecycle.all_ended()).await.is_err() {
            self.advance(Phase::Over);
            self.lifecycle.all_ended().await;
        }
    }

    /// Moves the core on to a later phase and wakes all tasks.
    fn advance(&self, phase: Phase) {
        self.lifecycle.advance(phase);
        self.pinned.wake_all();
    }

    /// Completes when the run is asked to stop, when its load is over, or when no user is left.
    async fn stop_asked(&self) {
        loop {
            // The wake-up is registered before the flag is read, so that no stop in between is missed.
            let woken = self.pinned.reactor.woken();
            if self.job.control.is_stopping() {
                return;
            }
            let all_ended = async {
                race(self.lifecycle.all_ended(), self.over.happened()).await;
                true
            };
            let woken = async {
                woken.await;
                false
            };
            if race(all_ended, woken).await {
                return;
            }
        }
    }
}

/// Returns the output of the future that is done first, and drops the other.
pub(super) async fn race<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> T {
    let (mut first, mut second) = (pin!(first), pin!(second));
    std::future::poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => second.as_mut().poll(context),
    })
    .await
}
