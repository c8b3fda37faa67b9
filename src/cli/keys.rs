//! Keys during a run, as in Locust: `w` and `W` add 1 or 10 users, `s` and `S` remove as many. They change
//! the rate of an open load by as many iterations per second.

use std::io;
use std::sync::Arc;
use std::thread;

use super::terminal::Terminal;
use crate::control::{Change, Control, Refused};
use crate::log::Log;
use crate::plan::Plan;
use crate::scenario::USERS_MAX;

/// The spawn rate of changes by keys, as in Locust (main.py).
const SPAWN_RATE: f64 = 100.0;

/// Starts a thread that changes the run by the terminal's keys. `run` returns the active run, if there is
/// one. Nothing waits for the thread.
pub(super) fn steer(
    terminal: &Terminal,
    log: &Log,
    run: impl Fn() -> Option<(Arc<Plan>, Arc<Control>)> + Send + 'static,
) -> io::Result<()> {
    let (terminal, log) = (terminal.clone(), log.clone());
    thread::Builder::new().name("gregaria-keys".into()).spawn(move || {
        while let Some(pressed) = terminal.keys() {
            let Some((plan, control)) = run() else { continue };
            let keys = Keys { plan, control, log: log.clone() };
            pressed.into_iter().filter_map(step).for_each(|by| keys.change(by));
        }
    })?;
    Ok(())
}

/// Returns by how many users, or iterations per second, a key changes the load.
fn step(key: u8) -> Option<i32> {
    match key {
        b'w' => Some(1),
        b'W' => Some(10),
        b's' => Some(-1),
        b'S' => Some(-10),
        _ => None,
    }
}

/// The run that the keys change.
struct Keys {
    plan: Arc<Plan>,
    control: Arc<Control>,
    log: Log,
}

impl Keys {
    fn change(&self, by: i32) {
        if self.control.is_stopping() {
            return;
        }
        let is_open = self.plan.arrivals.is_some();
        let changed = if is_open { self.change_rate(by) } else { self.change_users(by) };
        match changed {
            Ok(Some(change)) => self.log.info("runners", change),
            Ok(None) => {}
            Err(refused) => self.log.warning("runners", refused),
        }
    }

    /// Does nothing if there are no users to remove.
    fn change_users(&self, by: i32) -> Result<Option<Change>, Refused> {
        let now = self.users();
        let users = now.saturating_add_signed(by).min(USERS_MAX);
        if users == now {
            return Ok(None);
        }
        self.control.set_users(users, SPAWN_RATE)?;
        Ok(Some(Change::Users { users, spawn_rate: SPAWN_RATE }))
    }

    fn change_rate(&self, by: i32) -> Result<Option<Change>, Refused> {
        let now = self.rate();
        let rate = (now + f64::from(by)).max(0.0);
        if rate == now {
            return Ok(None);
        }
        self.control.set_rate(rate)?;
        Ok(Some(Change::Rate(rate)))
    }

    /// Returns the number of users that was last asked for, so that fast keys add up; without one, that of the
    /// shape at this instant.
    fn users(&self) -> u32 {
        self.control.users_wanted().unwrap_or_else(|| {
            let mut curve = self.plan.shape.curve(self.plan.run_time);
            curve.at(self.control.elapsed()).map_or(self.plan.users, |wanted| wanted.users)
        })
    }

    fn rate(&self) -> f64 {
        let elapsed = self.control.elapsed();
        let planned = || self.plan.arrivals.as_ref()?.rate.value_at(elapsed);
        self.control.rate_wanted().or_else(planned).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::log::Level;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, User};

    /// Users, or the rate, after these keys in a run of this age.
    #[track_caller]
    fn after(options: Options, secs: u64, pressed: &[u8]) -> f64 {
        let user = User::new("u").task(Step::get("/"));
        let plan = Plan::new(Scenario::new("http://127.0.0.1:1").user(user), options).unwrap();
        let control = Control::default();
        let started = Instant::now().checked_sub(Duration::from_secs(secs)).unwrap();
        control.begin(started, plan.arrivals.is_some());
        let log = Log::new(Level::Critical, None).unwrap();
        let keys = Keys { plan: Arc::new(plan), control: Arc::new(control), log };
        pressed.iter().copied().filter_map(step).for_each(|by| keys.change(by));
        if keys.plan.arrivals.is_some() { keys.rate() } else { f64::from(keys.users()) }
    }

    #[test]
    fn keys_add_up_from_what_the_load_wants_now() {
        let users = |count, rate| Options {
            users: Some(count),
            spawn_rate: Some(rate),
            ..Options::default()
        };
        assert_eq!(after(users(5, 1e6), 1, b"www"), 8.0);
        assert_eq!(after(users(5, 1e6), 1, b"Wsx\n"), 14.0);
        assert_eq!(after(users(5, 1e6), 1, b"SSw"), 1.0, "there are no fewer than none");
        assert_eq!(after(users(100, 0.01), 30, b"w"), 2.0, "one of a hundred has come so far");
    }

    #[test]
    fn keys_change_a_rate_by_as_much() {
        let rate = || Options { rate: Some(2.5), ..Options::default() };
        assert_eq!(after(rate(), 1, b"wW"), 13.5);
        assert_eq!(after(rate(), 1, b"S"), 0.0);
        assert_eq!(after(rate(), 1, b"Sw"), 1.0);
    }
}
