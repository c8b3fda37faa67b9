//! Iterations that are released at a rate, whatever the users do.
//!
//! A release whose time has come takes an idle user, or else a new one as long as there may be more,
//! or else waits. What waits needs no memory of its own: the stream of releases is a pure function of
//! the seed, so a second reading of it, behind the first, says when the oldest of them was due.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::life::Life;
use super::lifecycle::Phase;
use super::per_core::PerCore;
use super::pinned::yield_now;
use crate::control::{Change, Order};
use crate::scenario::{ArrivalKind, Arrivals, Line, Releases};
use crate::stats::{Gap, Recorder, Start};

/// The most that are released between two looks at the kernel, where many are due: a stream that runs
/// away must keep the core neither from the answers to it nor from its end.
const RELEASES_PER_TURN: u64 = 1000;

/// The releases of one core and the users they are for.
#[derive(Debug)]
pub(super) struct Open {
    /// Iterations per second, of all cores.
    rate: RefCell<Line>,
    kind: ArrivalKind,
    /// How many cores there are releases on.
    cores: usize,
    /// The stream up to what has been given to a user.
    behind: RefCell<Releases>,
    /// Releases that are due and have no user.
    waiting: Cell<u64>,
    /// Users who wait for a release, the latest to come last.
    idle: RefCell<Vec<Rc<Seat>>>,
    /// Places of users who have ended, and how many places there have been.
    free: RefCell<Vec<u32>>,
    places: Cell<u32>,
    places_max: u32,
    /// No more releases will come.
    closed: Cell<bool>,
    /// When the latest start was intended, and when it was.
    latest: Cell<Option<(Duration, Duration)>>,
    /// Releases that were asked for, as far as that has been told.
    asked: Cell<f64>,
}

/// Where a user of an open load waits for work.
#[derive(Debug)]
pub(super) struct Seat {
    /// The user's place on its core.
    place: u32,
    life: Rc<Life>,
    /// What it is to do next.
    given: Cell<Option<Release>>,
}

/// A release that has a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release {
    /// From the start of the run.
    intended: Duration,
    /// It had to wait for the user.
    delayed: bool,
}

impl Open {
    pub(super) fn new(
        arrivals: &Arrivals,
        releases: Releases,
        places_max: u32,
        cores: usize,
    ) -> Self {
        Open {
            rate: RefCell::new(arrivals.rate.clone()),
            kind: arrivals.kind,
            cores,
            behind: RefCell::new(releases),
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

    /// A release is due: it gets a user, or waits.
    fn release(self: &Rc<Self>, core: &Rc<PerCore>) {
        let idle = if self.waiting.get() == 0 { self.idle.borrow_mut().pop() } else { None };
        if let Some(seat) = idle {
            seat.given.set(self.next_behind(false));
            seat.life.wake(&core.pinned);
        } else if self.waiting.get() == 0
            && let Some(place) = self.new_place()
        {
            core.spawn_seated(place, self.next_behind(false));
        } else {
            self.waiting.set(self.waiting.get() + 1);
        }
    }

    /// Releases what is due by now, or as much of it as one turn may; `false` where no iteration is
    /// left that may be started.
    fn release_due(
        self: &Rc<Self>,
        core: &Rc<PerCore>,
        ahead: &mut Releases,
        now: Duration,
    ) -> bool {
        let mut due = 0;
        let mut may_start = true;
        while due < RELEASES_PER_TURN && ahead.due().is_some_and(|at| at <= now) {
            may_start = core.iterations.try_take();
            if !may_start {
                break;
            }
            self.release(core);
            ahead.advance();
            due += 1;
        }
        if due > 0 {
            core.context.recorder.borrow_mut().due(due, self.waiting.get());
        }
        may_start
    }

    /// Another rate from an instant on. Up to there the releases are the same, those that wait among
    /// them.
    fn take_order(&self, order: Order, ahead: &mut Releases) {
        let Change::Rate(rate) = order.change else { return };
        let line = self.rate.borrow().clone().cut(order.at).jump(rate).forever();
        ahead.set_rate(line.clone());
        self.behind.borrow_mut().set_rate(line.clone());
        self.rate.replace(line);
    }

    fn next_behind(&self, delayed: bool) -> Option<Release> {
        let mut behind = self.behind.borrow_mut();
        let intended = behind.due()?;
        behind.advance();
        Some(Release { intended, delayed })
    }

    /// A place for one more user, if there may be one.
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

    /// The user of this seat has ended.
    pub(super) fn leave(self: &Rc<Self>, seat: &Seat, core: &Rc<PerCore>) {
        self.free.borrow_mut().push(seat.place);
        // One whose `on_start` failed takes the release that it came for with it.
        if seat.given.take().is_some() {
            core.iterations.ended();
        }
        // What waits was to be taken by a user who works, and this one does no longer.
        if core.lifecycle.phase() == Phase::Running
            && let Some(waiting) = self.waiting.get().checked_sub(1)
            && let Some(place) = self.new_place()
        {
            self.waiting.set(waiting);
            core.spawn_seated(place, self.next_behind(true));
        }
    }

    /// The next release for a user that has done its last; `None` where it is to end.
    pub(super) async fn next(&self, seat: &Rc<Seat>, phase: impl Fn() -> Phase) -> Option<Release> {
        if let Some(given) = seat.given.take() {
            return Some(given);
        }
        if let Some(waiting) = self.waiting.get().checked_sub(1) {
            self.waiting.set(waiting);
            return self.next_behind(true);
        }
        self.idle.borrow_mut().push(seat.clone());
        std::future::poll_fn(|_| {
            if let Some(given) = seat.given.take() {
                return Poll::Ready(Some(given));
            }
            // Whoever changes one of these wakes the user.
            let is_over = self.closed.get() || phase() >= Phase::Stopping;
            if is_over { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// A release is started `now`, from the start of the run.
    pub(super) fn start(&self, release: Release, now: Duration, recorder: &mut Recorder) {
        let Release { intended, delayed } = release;
        let gap = self.latest.replace(Some((intended, now))).map(|(intended_before, before)| {
            let (gap, wanted) = (now - before, intended.saturating_sub(intended_before));
            let of_mean = (self.kind == ArrivalKind::Poisson).then(|| {
                let rate = self.rate.borrow();
                (rate.area(now) - rate.area(before)) / self.cores as f64
            });
            Gap { error: gap.abs_diff(wanted), of_mean }
        });
        recorder.start(Start { lateness: now.saturating_sub(intended), delayed, gap });
    }

    /// How many releases were asked for since this was last told, up to this time of the run.
    pub(super) fn tell_asked(&self, until: Duration, recorder: &mut Recorder) {
        let asked = self.rate.borrow().area(until) / self.cores as f64;
        let milli = |asked: f64| (asked * 1000.0).round() as u64;
        recorder.asked(milli(asked).saturating_sub(milli(self.asked.replace(asked))));
    }

    /// No more releases will come: who waits for one is to end.
    fn close(&self, core: &PerCore) {
        self.closed.set(true);
        self.idle.borrow_mut().drain(..).for_each(|seat| seat.life.wake(&core.pinned));
    }
}

impl Seat {
    pub(super) fn new(place: u32, life: Rc<Life>, given: Option<Release>) -> Rc<Self> {
        Rc::new(Seat { place, life, given: Cell::new(given) })
    }
}

impl Release {
    /// When it was due.
    pub(super) fn intended(&self, started: Instant) -> Instant {
        started + self.intended
    }
}

/// Releases what is due, when it is due, until the run stops or there is no more.
pub(super) async fn release_all(core: Rc<PerCore>, open: Rc<Open>) {
    let mut heard = 0;
    // Nothing has been released yet, so the one reading is where the other is.
    let mut ahead = open.behind.borrow().clone();
    while core.lifecycle.phase() == Phase::Running {
        // First the wake-up, then the look: an order in between is not missed.
        let woken = core.pinned.reactor.woken();
        for order in core.job.control.orders_after(heard) {
            heard += 1;
            open.take_order(order, &mut ahead);
        }
        let now = core.elapsed();
        if !open.release_due(&core, &mut ahead, now) {
            break;
        }
        // The rate's own end is the end of the run, and not the last release before it.
        let end = open.rate.borrow().end();
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
    open.close(&core);
    core.lifecycle.end();
}
