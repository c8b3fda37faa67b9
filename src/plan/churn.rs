//! Estimates how often a run connects to hosts whose connections are given back.
//!
//! The side that closes a connection occupies its port for a while, so a rate of connects needs a
//! number of ports. A user who gives its connections back after each task connects once per task to
//! each of the task's hosts. It runs a task as often as its wait allows, or less often if tasks take
//! long, so this is an upper bound. If every request asks the server to close (`keep_alive = false`),
//! the ports are the server's. There is no estimate for users who do not wait, or for an open load.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Plan;
use super::forecast::{Key, connections_of, pairs, resolved};
use crate::scenario::KeepAlive;

/// Connects to one host and port whose connections are closed by this side.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Churn {
    /// The host and port, as in a URL.
    pub target: String,
    /// The highest number of connects per second, when all users are running.
    pub per_second: f64,
    /// The number of pairs of a local address and one of the target. Each pair has all ports.
    pub pairs: u64,
    /// Whether all addresses of the target are loopback addresses.
    pub is_loopback: bool,
}

pub(super) fn churn(plan: &Plan) -> Vec<Churn> {
    let mut rates: BTreeMap<Key, f64> = BTreeMap::new();
    let users = plan.users_of_classes();
    for (class, user) in plan.scenario.users.iter().enumerate() {
        let Some(wait) = user.wait_time.mean() else { continue };
        // A connection that is reset by this side frees its port at once.
        let takes_ports =
            user.policy.keep_alive == KeepAlive::Task && !user.policy.tcp.reset_on_close;
        if !takes_ports || wait.is_zero() || plan.arrivals.is_some() {
            continue;
        }
        let weights: f64 = user.tasks.iter().map(|task| f64::from(task.weight)).sum();
        for task in &user.tasks {
            let share = f64::from(task.weight) / weights;
            let base = &plan.targets[class].url;
            let connections = connections_of(&task.action, base, &user.policy.via);
            for host in connections.into_iter().filter_map(|connection| connection.to) {
                *rates.entry(host).or_default() += share * per_second(users[class], wait);
            }
        }
    }
    let resolved = resolved(plan);
    let churn = |(host, per_second)| {
        let host = resolved[&host];
        Churn {
            target: host.url.authority.clone(),
            per_second,
            pairs: pairs(plan, host),
            is_loopback: host.addresses.iter().all(|address| address.ip().is_loopback()),
        }
    };
    rates.into_iter().map(churn).collect()
}

fn per_second(users: u64, wait: Duration) -> f64 {
    users as f64 / wait.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, User, WaitTime};

    fn user(name: &str, path: &str, wait: WaitTime) -> User {
        let step = Step::get(path);
        User::new(name).task(step).wait_time(wait).keep_alive(KeepAlive::Task)
    }

    #[track_caller]
    fn check(users: &[User], expected: &[(&str, f64, u64, bool)]) {
        let scenario = Scenario::new("http://a:80");
        let scenario = users.iter().cloned().fold(scenario, Scenario::user);
        let resolve = ["a:80:127.0.0.1,127.0.0.2", "b:81:192.0.2.1,127.0.0.3"];
        let resolve = resolve.map(|text| text.parse().unwrap()).to_vec();
        let options = Options { users: Some(120), resolve, ..Options::default() };
        let got = Plan::new(scenario, options).unwrap().churn();
        let got = got.iter().map(|c| (&*c.target, c.per_second, c.pairs, c.is_loopback));
        assert_eq!(got.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn users_connect_as_often_as_their_wait_lets_them() {
        let secs = Duration::from_secs;
        check(&[user("u", "/", WaitTime::constant(secs(2)))], &[("a", 60.0, 2, true)]);
        let between = WaitTime::between(secs(10), secs(30));
        check(&[user("u", "http://b:81/", between)], &[("b:81", 6.0, 2, false)]);
        let other = Step::get("http://b:81/");
        let both = user("u", "/", WaitTime::exponential(secs(3))).task(other);
        check(&[both], &[("a", 20.0, 2, true), ("b:81", 20.0, 2, false)]);
    }

    #[test]
    fn who_keeps_its_connection_or_does_not_wait_is_not_told() {
        let wait = WaitTime::constant(Duration::from_secs(1));
        check(&[user("u", "/", wait.clone()).keep_alive(KeepAlive::Always)], &[]);
        check(&[user("u", "/", wait).keep_alive(KeepAlive::Never)], &[]);
        check(&[user("u", "/", WaitTime::constant(Duration::ZERO))], &[]);
    }
}
