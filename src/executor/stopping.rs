//! The end of a core's run: who may end it, and how its users are seen out.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::lifecycle::Phase;
use super::per_core::PerCore;
use crate::plan::Plan;
use crate::stats::Ending;

/// What `on_stop` may take where the stop timeout leaves it less.
pub(super) const ON_STOP_GRACE: Duration = Duration::from_secs(1);

impl PerCore {
    /// Waits for the end of the run and sees to it that every user ends in time.
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
            // Where the requests are spent, whoever wants another one waits for nothing.
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

    /// Goes on to a later phase and tells everybody.
    fn advance(&self, phase: Phase) {
        self.lifecycle.advance(phase);
        self.pinned.wake_all();
    }

    /// Completes when somebody asks the run to stop, when its load is over, or when no user is left.
    async fn stop_asked(&self) {
        loop {
            // First the wake-up, then the look: a wish in between is not missed.
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

/// The output of whichever future is done first; the other is dropped.
pub(super) async fn race<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> T {
    let (mut first, mut second) = (pin!(first), pin!(second));
    std::future::poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => second.as_mut().poll(context),
    })
    .await
}
