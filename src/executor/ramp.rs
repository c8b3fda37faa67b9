//! Users who come and go with the load shape, and with what is asked for in its place.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::life::Life;
use super::lifecycle::Phase;
use super::per_core::PerCore;
use super::pinned::yield_now;
use super::stopping::ON_STOP_GRACE;
use crate::control::{Change, Order};
use crate::scenario::{Curve, Wanted, share};

/// Users that come or go in one go where the core is late with them.
const AT_ONCE: usize = 64;

/// Follows the plan's shape from change to change until the run stops. Counts as alive as long as
/// there are changes to come, so that "all have ended" also says that nobody will start any more.
pub(super) async fn follow(core: Rc<PerCore>) {
    let (mut course, mut crew) = (Course::new(&core), Crew::default());
    let mut is_counted = true;
    while core.lifecycle.phase() == Phase::Running {
        // First the wake-up, then the look: an order in between is not missed.
        let woken = core.pinned.reactor.woken();
        course.hear(&core);
        let now = Instant::now();
        while let Some(wanted) = course.next_until(now - core.started) {
            match wanted {
                Some(wanted) => crew.reach(&core, wanted, now).await,
                None => {
                    core.context.recorder.borrow_mut().users_wanted(None);
                    core.load_is_over();
                }
            }
        }
        crew.see_out(&core, now);
        if is_counted != course.due().is_some() {
            is_counted = !is_counted;
            if is_counted { core.lifecycle.begin() } else { core.lifecycle.end() }
        }
        let next = course.due().map(|due| core.started + due);
        let next = next.into_iter().chain(crew.next_end()).min();
        core.sleep_until_woken(next, woken).await;
    }
    core.context.recorder.borrow_mut().users_wanted(None);
    if is_counted {
        core.lifecycle.end();
    }
}

/// The curve that is followed, and who steers it.
struct Course {
    curve: Curve,
    /// When the number of users next changes, from the start of the run.
    change: Option<Duration>,
    orders: VecDeque<Order>,
    heard: usize,
}

impl Course {
    fn new(core: &PerCore) -> Self {
        let curve = core.plan().shape.curve(core.plan().run_time);
        Course { curve, change: Some(Duration::ZERO), orders: VecDeque::new(), heard: 0 }
    }

    /// Learns of new orders.
    fn hear(&mut self, core: &PerCore) {
        let orders = core.job.control.orders_after(self.heard);
        self.heard += orders.len();
        self.orders.extend(orders);
    }

    /// When there is something to do next.
    fn due(&self) -> Option<Duration> {
        self.change.into_iter().chain(self.orders.front().map(|order| order.at)).min()
    }

    /// The next change that is due by now: what is wanted from then on, and where that is `None`,
    /// the run is over.
    fn next_until(&mut self, now: Duration) -> Option<Option<Wanted>> {
        let due = self.due().filter(|&due| due <= now)?;
        let order = self.orders.pop_front_if(|order| order.at <= due);
        if let Some(Order { at, change: Change::Users { users, spawn_rate } }) = order {
            self.curve.steer(at, users, spawn_rate);
        }
        self.change = self.curve.next_change(due);
        Some(self.curve.at(due))
    }
}

/// This core's users by their numbers, and those who are on their way out.
#[derive(Debug, Default)]
struct Crew {
    /// User *core* + *n* * *cores* of the run at *n*.
    lives: Vec<Rc<Life>>,
    /// Whose tasks are cut off when, and whose `on_stop`: each in order of time.
    to_kill: VecDeque<(Instant, Rc<Life>)>,
    to_end: VecDeque<(Instant, Rc<Life>)>,
    /// How many have come or gone.
    moves: usize,
}

impl Crew {
    /// Starts or retires users until there are so many.
    async fn reach(&mut self, core: &Rc<PerCore>, wanted: Wanted, now: Instant) {
        let users = share(wanted.users, core.number(), core.count());
        core.context.recorder.borrow_mut().users_wanted(Some(users.into()));
        let users = users as usize;
        while self.lives.len() != users && core.lifecycle.phase() == Phase::Running {
            if self.lives.len() < users {
                let number = core.number() + self.lives.len() * core.count();
                let Some(class) = core.class_of(number, wanted.mix) else { return };
                self.lives.push(core.spawn_user(number, class));
            } else if let Some(life) = self.lives.pop() {
                self.retire(core, life, now);
            }
            self.moves += 1;
            if self.moves.is_multiple_of(AT_ONCE) {
                // Those who are there have their turn, and the wish to stop is heard.
                yield_now().await;
            }
        }
    }

    /// The latest to come is the first to go, as in Locust, and has the stop timeout to finish what
    /// it does.
    fn retire(&mut self, core: &PerCore, life: Rc<Life>, now: Instant) {
        life.advance(Phase::Stopping, &core.pinned);
        self.to_kill.push_back((now + core.plan().stop_timeout, life));
    }

    /// Cuts off those whose time is over.
    fn see_out(&mut self, core: &PerCore, now: Instant) {
        while let Some((_, life)) = self.to_kill.pop_front_if(|(at, _)| *at <= now) {
            life.advance(Phase::Killed, &core.pinned);
            self.to_end.push_back((now + ON_STOP_GRACE, life));
        }
        while let Some((_, life)) = self.to_end.pop_front_if(|(at, _)| *at <= now) {
            life.advance(Phase::Over, &core.pinned);
        }
    }

    fn next_end(&self) -> Option<Instant> {
        let first = |queue: &VecDeque<(Instant, Rc<Life>)>| queue.front().map(|(at, _)| *at);
        first(&self.to_kill).into_iter().chain(first(&self.to_end)).min()
    }
}
