//! Starts and stops users as the load shape says, or the commands that replace it.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::lifecycle::Phase;
use super::per_core::PerCore;
use super::pinned::yield_now;
use super::stopping::ON_STOP_GRACE;
use super::user_handle::UserHandle;
use crate::control::{Change, ScheduledChange};
use crate::scenario::{Classes, Curve, User, UserTarget, share, user_number};

/// How many users start or stop before the core has a turn, where it is late with them.
const AT_ONCE: usize = 64;

/// Follows the plan's shape from change to change until the run stops. Counts as alive as long as
/// there are changes to come, so that "all have ended" also says that no user will start any more.
pub(super) async fn follow(core: Rc<PerCore>) {
    let (mut schedule, mut users) = (UserSchedule::new(&core), CoreUsers::default());
    let mut is_counted = true;
    while core.lifecycle.phase() == Phase::Running {
        // The wake-up is registered before commands are read, so that none in between is missed.
        let woken = core.pinned.reactor.woken();
        schedule.read_changes(&core);
        let now = Instant::now();
        while let Some(wanted) = schedule.next_until(&core, now - core.started) {
            match wanted {
                Some(wanted) => {
                    let classes = schedule.classes.as_mut();
                    users.reach(&core, wanted, classes, now).await;
                }
                None => {
                    core.context.recorder.borrow_mut().users_wanted(None);
                    core.load_is_over();
                }
            }
        }
        users.cancel_due(&core, now);
        if is_counted != schedule.due().is_some() {
            is_counted = !is_counted;
            if is_counted { core.lifecycle.begin() } else { core.lifecycle.end() }
        }
        let next = schedule.due().map(|due| core.started + due);
        let next = next.into_iter().chain(users.next_end()).min();
        core.sleep_until_woken(next, woken).await;
    }
    core.context.recorder.borrow_mut().users_wanted(None);
    if is_counted {
        core.lifecycle.end();
    }
}

/// When the number of users changes: by the load shape, and by commands.
struct UserSchedule {
    curve: Curve,
    /// When the number of users next changes, from the start of the run.
    change: Option<Duration>,
    changes: VecDeque<ScheduledChange>,
    seen: usize,
    /// The classes of users that start, where a command has named them.
    classes: Option<PickedClasses>,
}

/// The class of each user by its number, as only classes that were picked would have them.
struct PickedClasses {
    order: Classes,
    known: Vec<u16>,
}

impl UserSchedule {
    fn new(core: &PerCore) -> Self {
        let curve = core.plan().shape.curve(core.plan().run_time);
        let changes = VecDeque::new();
        UserSchedule { curve, change: Some(Duration::ZERO), changes, seen: 0, classes: None }
    }

    /// Reads new commands.
    fn read_changes(&mut self, core: &PerCore) {
        let changes = core.job.control.changes_after(self.seen);
        self.seen += changes.len();
        self.changes.extend(changes);
    }

    /// Returns when the number of users or its target changes next.
    fn due(&self) -> Option<Duration> {
        self.change.into_iter().chain(self.changes.front().map(|scheduled| scheduled.at)).min()
    }

    /// Takes the next change that is due by now. The inner `None` means that the load is over.
    fn next_until(&mut self, core: &PerCore, now: Duration) -> Option<Option<UserTarget>> {
        let due = self.due().filter(|&due| due <= now)?;
        let scheduled = self.changes.pop_front_if(|scheduled| scheduled.at <= due);
        if let Some(ScheduledChange { at, change: Change::Users { users, spawn_rate }, classes }) =
            scheduled
        {
            self.curve.steer(at, users, spawn_rate);
            let users = &core.plan().scenario.users;
            self.classes = classes.map(|names| PickedClasses::new(users, &names));
        }
        self.change = self.curve.next_change(due);
        Some(self.curve.at(due))
    }
}

impl PickedClasses {
    fn new(users: &[User], names: &[String]) -> Self {
        PickedClasses { order: Classes::picked(users, names), known: Vec::new() }
    }

    /// Returns the class of the user with this number.
    fn of(&mut self, number: usize) -> Option<usize> {
        let missing = (number + 1).saturating_sub(self.known.len());
        self.known.extend(self.order.by_ref().take(missing));
        self.known.get(number).map(|&class| usize::from(class))
    }
}

/// This core's users by their numbers, and those that are stopping.
#[derive(Debug, Default)]
struct CoreUsers {
    /// By their places on this core.
    lives: Vec<Rc<UserHandle>>,
    /// When the tasks of stopping users are cancelled, and when their `on_stop` is; each in order of
    /// time.
    to_kill: VecDeque<(Instant, Rc<UserHandle>)>,
    to_end: VecDeque<(Instant, Rc<UserHandle>)>,
    /// How many users were started or stopped so far.
    changes: usize,
}

impl CoreUsers {
    /// Starts or stops users until there are as many as wanted.
    async fn reach(
        &mut self,
        core: &Rc<PerCore>,
        wanted: UserTarget,
        mut classes: Option<&mut PickedClasses>,
        now: Instant,
    ) {
        let users = share(wanted.users, core.number(), core.count());
        core.context.recorder.borrow_mut().users_wanted(Some(users.into()));
        let users = users as usize;
        while self.lives.len() != users && core.lifecycle.phase() == Phase::Running {
            if self.lives.len() < users {
                let number = user_number(self.lives.len(), core.number(), core.count());
                let class = match &mut classes {
                    Some(classes) => classes.of(number),
                    None => core.class_of(number, wanted.mix),
                };
                let Some(class) = class else { return };
                self.lives.push(core.spawn_user(number, class));
            } else if let Some(handle) = self.lives.pop() {
                self.stop(core, handle, now);
            }
            self.changes += 1;
            if self.changes.is_multiple_of(AT_ONCE) {
                // Other users have their turn, and a stop of the run is noticed.
                yield_now().await;
            }
        }
    }

    /// Stops a user. The newest goes first, as in Locust, and has the stop timeout to finish its task.
    fn stop(&mut self, core: &PerCore, handle: Rc<UserHandle>, now: Instant) {
        handle.advance(Phase::Stopping, &core.pinned);
        self.to_kill.push_back((now + core.plan().stop_timeout, handle));
    }

    /// Cancels the tasks of stopping users whose time is over, and then their `on_stop`.
    fn cancel_due(&mut self, core: &PerCore, now: Instant) {
        while let Some((_, handle)) = self.to_kill.pop_front_if(|(at, _)| *at <= now) {
            handle.advance(Phase::Killed, &core.pinned);
            self.to_end.push_back((now + ON_STOP_GRACE, handle));
        }
        while let Some((_, handle)) = self.to_end.pop_front_if(|(at, _)| *at <= now) {
            handle.advance(Phase::Over, &core.pinned);
        }
    }

    fn next_end(&self) -> Option<Instant> {
        let first = |queue: &VecDeque<(Instant, Rc<UserHandle>)>| queue.front().map(|(at, _)| *at);
        first(&self.to_kill).into_iter().chain(first(&self.to_end)).min()
    }
}
