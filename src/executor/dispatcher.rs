//! Dispatches the iterations of an open load at their arrival times, whatever the users do.
//!
//! An arrival that is due goes to an idle user, or to a new user if there may be more, or waits. The
//! queue of waiting arrivals takes no memory: arrival times are a pure function of the seed, so a second
//! iterator over them, behind the first, says when the oldest waiting one was due.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::lifecycle::Phase;
use super::per_core::PerCore;
use super::pinned::yield_now;
use super::user_handle::UserHandle;
use crate::control::{Change, ScheduledChange};
use crate::scenario::{ArrivalKind, ArrivalTimes, Arrivals, Line};
use crate::stats::{IterationStart, Recorder, StartGap};

/// The most arrivals that are dispatched in one turn, so that a core with many due ones still receives
/// responses and notices the end of the run.
const ARRIVALS_PER_TURN: u64 = 1000;

/// The arrivals of one core and the users they are for.
#[derive(Debug)]
pub(super) struct Dispatcher {
    /// Iterations per second, of all cores.
    rate: RefCell<Line>,
    kind: ArrivalKind,
    /// How many cores there are arrivals on.
    cores: usize,
    /// The times of arrivals that have no user yet.
    behind: RefCell<ArrivalTimes>,
    /// Arrivals that are due and have no user.
    waiting: Cell<u64>,
    /// Users that wait for an arrival; the one that became idle last is last.
    idle: RefCell<Vec<Rc<DispatchSlot>>>,
    /// Numbers of users that have ended, which are used again, and how many numbers there have been.
    free: RefCell<Vec<u32>>,
    places: Cell<u32>,
    places_max: u32,
    /// Whether all arrivals have been dispatched.
    closed: Cell<bool>,
    /// The intended and the actual time of the latest start.
    latest: Cell<Option<(Duration, Duration)>>,
    /// How many arrivals the rate asked for, up to the last record of it.
    asked: Cell<f64>,
}

/// A user of an open load, as the dispatcher sees it.
#[derive(Debug)]
pub(super) struct DispatchSlot {
    /// The user's number on its core.
    place: u32,
    handle: Rc<UserHandle>,
    /// Its next iteration.
    given: Cell<Option<Arrival>>,
}

/// An arrival that has a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// From the start of the run.
    intended: Duration,
    /// Whether it had to wait for a user.
    delayed: bool,
}

impl Dispatcher {
    pub(super) fn new(
        arrivals: &Arrivals,
        arrival_times: ArrivalTimes,
        places_max: u32,
        cores: usize,
    ) -> Self {
        Dispatcher {
            rate: RefCell::new(arrivals.rate.clone()),
            kind: arrivals.kind,
            cores,
            behind: RefCell::new(arrival_times),
            waiting: Cell::new(0),
            idle: RefCell::default(),
            free: RefCell::default(),
            places: Cell::new(0),
            places_max,
            closed: Cell::new(false),
            latest: Cell::new(None),
            asked: Cell::new(0.0),
        }
    }

    /// Gives an arrival that is due to a user, or lets it wait.
    fn dispatch(self: &Rc<Self>, core: &Rc<PerCore>) {
        let idle = if self.waiting.get() == 0 { self.idle.borrow_mut().pop() } else { None };
        if let Some(slot) = idle {
            slot.given.set(self.next_behind(false));
            slot.handle.wake(&core.pinned);
        } else if self.waiting.get() == 0
            && let Some(place) = self.new_place()
        {
            core.spawn_for_arrival(place, self.next_behind(false));
        } else {
            self.waiting.set(self.waiting.get() + 1);
        }
    }

    /// Dispatches the arrivals that are due by now, or as many of them as one turn may. `false` if no
    /// further iteration may be started.
    fn dispatch_due(
        self: &Rc<Self>,
        core: &Rc<PerCore>,
        ahead: &mut ArrivalTimes,
        now: Duration,
    ) -> bool {
        let mut due = 0;
        let mut may_start = true;
        while due < ARRIVALS_PER_TURN && ahead.due().is_some_and(|at| at <= now) {
            may_start = core.iterations.try_take();
            if !may_start {
                break;
            }
            self.dispatch(core);
            ahead.advance();
            due += 1;
        }
        if due > 0 {
            core.context.recorder.borrow_mut().arrivals_due(due, self.waiting.get());
        }
        may_start
    }

    /// Changes the rate from an instant on. Earlier arrivals stay the same, waiting ones included.
    fn change_rate(&self, change: ScheduledChange, ahead: &mut ArrivalTimes) {
        let Change::Rate(rate) = change.change else { return };
        let line = self.rate.borrow().clone().cut(change.at).jump(rate).forever();
        ahead.set_rate(line.clone());
        self.behind.borrow_mut().set_rate(line.clone());
        self.rate.replace(line);
    }

    fn next_behind(&self, delayed: bool) -> Option<Arrival> {
        let mut behind = self.behind.borrow_mut();
        let intended = behind.due()?;
        behind.advance();
        Some(Arrival { intended, delayed })
    }

    /// Returns a number for one more user, if there may be one.
    fn new_place(&self) -> Option<u32> {
        if let Some(place) = self.free.borrow_mut().pop() {
            return Some(place);
        }
        let place = self.places.get();
        (place < self.places_max).then(|| {
            self.places.set(place + 1);
            place
        })
    }

    /// Frees the slot of a user that has ended.
    pub(super) fn leave(self: &Rc<Self>, slot: &DispatchSlot, core: &Rc<PerCore>) {
        self.free.borrow_mut().push(slot.place);
        // A user whose `on_start` failed never starts its first iteration.
        if slot.given.take().is_some() {
            core.iterations.ended();
        }
        // A waiting arrival needs a new user in the place of this one.
        if core.lifecycle.phase() == Phase::Running
            && let Some(waiting) = self.waiting.get().checked_sub(1)
            && let Some(place) = self.new_place()
        {
            self.waiting.set(waiting);
            core.spawn_for_arrival(place, self.next_behind(true));
        }
    }

    /// Returns the next arrival for a user that has done its last one; `None` if the user is to
    /// end.
    pub(super) async fn next(
        &self,
        slot: &Rc<DispatchSlot>,
        phase: impl Fn() -> Phase,
    ) -> Option<Arrival> {
        if let Some(given) = slot.given.take() {
            return Some(given);
        }
        if let Some(waiting) = self.waiting.get().checked_sub(1) {
            self.waiting.set(waiting);
            return self.next_behind(true);
        }
        self.idle.borrow_mut().push(slot.clone());
        std::future::poll_fn(|_| {
            if let Some(given) = slot.given.take() {
                return Poll::Ready(Some(given));
            }
            // A change of either wakes the user.
            let is_over = self.closed.get() || phase() >= Phase::Stopping;
            if is_over { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// Records that an arrival is started `now`, from the start of the run.
    pub(super) fn start(&self, arrival: Arrival, now: Duration, recorder: &mut Recorder) {
        let Arrival { intended, delayed } = arrival;
        let gap = self.latest.replace(Some((intended, now))).map(|(intended_before, before)| {
            let (gap, wanted) = (now - before, intended.saturating_sub(intended_before));
            let of_mean = (self.kind == ArrivalKind::Poisson).then(|| {
                let rate = self.rate.borrow();
                (rate.area(now) - rate.area(before)) / self.cores as f64
            });
            StartGap { error: gap.abs_diff(wanted), of_mean }
        });
        recorder.iteration_started(IterationStart {
            lateness: now.saturating_sub(intended),
            delayed,
            gap,
        });
    }

    /// Records how many arrivals the rate asked for since the last call, up to this time of the run.
    pub(super) fn record_asked(&self, until: Duration, recorder: &mut Recorder) {
        let asked = self.rate.borrow().area(until) / self.cores as f64;
        let milli = |asked: f64| (asked * 1000.0).round() as u64;
        recorder.arrivals_expected(milli(asked).saturating_sub(milli(self.asked.replace(asked))));
    }

    /// Ends all idle users, because no more arrivals will come.
    fn close(&self, core: &PerCore) {
        self.closed.set(true);
        self.idle.borrow_mut().drain(..).for_each(|slot| slot.handle.wake(&core.pinned));
    }
}

impl DispatchSlot {
    pub(super) fn new(place: u32, handle: Rc<UserHandle>, given: Option<Arrival>) -> Rc<Self> {
        Rc::new(DispatchSlot { place, handle, given: Cell::new(given) })
    }
}

impl Arrival {
    /// Returns when it was due.
    pub(super) fn intended(&self, started: Instant) -> Instant {
        started + self.intended
    }
}

/// Dispatches each arrival when it is due, until the run stops or there are no more.
pub(super) async fn dispatch_all(core: Rc<PerCore>, dispatcher: Rc<Dispatcher>) {
    let mut seen = 0;
    // Nothing has been dispatched yet, so both iterators are at the same place.
    let mut ahead = dispatcher.behind.borrow().clone();
    while core.lifecycle.phase() == Phase::Running {
        // The wake-up is registered before commands are read, so that none in between is missed.
        let woken = core.pinned.reactor.woken();
        for change in core.job.control.changes_after(seen) {
            seen += 1;
            dispatcher.change_rate(change, &mut ahead);
        }
        let now = core.elapsed();
        if !dispatcher.dispatch_due(&core, &mut ahead, now) {
            break;
        }
        // The rate's own end is the end of the run, and not the last arrival before it.
        let end = dispatcher.rate.borrow().end();
        if end.is_some_and(|end| end <= now) {
            core.load_is_over();
            break;
        }
        if ahead.due().is_some_and(|at| at <= now) {
            yield_now().await;
            continue;
        }
        let next = ahead.due().or(end).map(|at| core.started + at);
        core.sleep_until_woken(next, woken).await;
    }
    dispatcher.close(&core);
    core.lifecycle.end();
}
