//! What a run will hold of what a machine has little of: descriptors and local ports.
//!
//! Certain are the connections of users who keep them for good: one to every host that the class
//! declares, once a user has had each of its tasks, and one at least where tasks are written in
//! Rust. Servers that close connections make it fewer, and then `keep_alive = false` says so.
//!
//! An open load takes as many users as its releases need, so of the most that it may take nothing is
//! certain.
//!
//! Users whose connections end with their tasks hold none while they wait, so they may outnumber
//! descriptors and ports. That few enough are at work at once is only likely: it depends on how long
//! the server takes. A port that was used is not free at once either, but after 60 s (`TIME_WAIT`),
//! or after 1 s on loopback (`net.ipv4.tcp_tw_reuse`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{Plan, key};
use crate::scenario::{Action, KeepAlive};
use crate::session::{BaseUrl, is_absolute};

/// A host and port.
type Key = (String, u16);

/// Connections of a run, as far as its plan tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Connections that are kept for good: that many will be open at once.
    pub kept: u64,
    /// These, and one of each other user: as many would be open if nobody waited.
    pub at_most: u64,
    /// The kept ones by where they lead.
    pub routes: Vec<Route>,
}

/// Connections that are kept to one host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The host and port, as a URL would say them.
    pub target: String,
    /// Connections to its addresses: those of other names for the same ones are among them.
    pub connections: u64,
    /// Pairs of an address of ours and one of the target, each with all the ports there are.
    pub pairs: u64,
}

impl Forecast {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut users = vec![0; plan.targets.len()];
        plan.classes.iter().for_each(|&class| users[usize::from(class)] += 1);
        let (mut kept, mut given_back) = (BTreeMap::new(), 0);
        for (class, user) in plan.scenario.users.iter().enumerate() {
            if user.keep_alive != KeepAlive::Always || plan.arrivals.is_some() {
                given_back += users[class];
                continue;
            }
            for host in hosts(plan, class) {
                *kept.entry(host).or_default() += users[class];
            }
        }
        let total = kept.values().sum();
        Forecast { kept: total, at_most: total + given_back, routes: routes(plan, &kept) }
    }
}

/// The hosts to which every user of a class connects in the end.
fn hosts(plan: &Plan, class: usize) -> BTreeSet<Key> {
    let (user, base) = (&plan.scenario.users[class], &plan.targets[class].url);
    let mut hosts = BTreeSet::new();
    for action in user.tasks.iter().map(|task| &task.action).chain(&user.on_start) {
        let Action::Steps(steps) = action else {
            // Nobody knows where a closure connects to; the base is as good as any.
            hosts.insert(key(base));
            continue;
        };
        hosts.extend(steps.iter().map(|step| match &*step.request.path {
            path if is_absolute(path) => {
                let (url, _) = BaseUrl::split(path).expect("the plan has resolved it");
                key(&url)
            }
            _ => key(base),
        }));
    }
    hosts
}

fn routes(plan: &Plan, kept: &BTreeMap<Key, u64>) -> Vec<Route> {
    let resolved = plan.targets.iter().chain(&plan.elsewhere);
    let resolved: BTreeMap<_, _> = resolved.map(|host| (key(&host.url), host)).collect();
    let route = |host| {
        let own = resolved[host];
        // Names share the ports of an address that they share.
        let is_own = |address: &SocketAddr| own.addresses.contains(address);
        let within = kept.iter().filter(|(name, _)| resolved[name].addresses.iter().all(is_own));
        let sources = own.addresses.iter().map(|&address| plan.sources.to(address).len() as u64);
        Route {
            target: own.url.authority.clone(),
            connections: within.map(|(_, connections)| connections).sum(),
            pairs: sources.sum(),
        }
    };
    kept.keys().map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, Task, User};
    use crate::session::Session;

    fn user(name: &str, path: &str) -> User {
        User::new(name).task(Step::get(path))
    }

    fn forecast(users: &[User], options: Options) -> Forecast {
        let scenario = Scenario::new("http://a:80");
        let scenario = users.iter().cloned().fold(scenario, Scenario::user);
        let resolve = ["a:80:127.0.0.1,127.0.0.2", "b:81:127.0.0.3", "c:81:127.0.0.3,127.0.0.4"];
        let resolve = [resolve.to_vec(), vec!["d:80:::1"]].concat();
        let resolve = resolve.iter().map(|text| text.parse().unwrap()).collect();
        let users = options.rate.is_none().then_some(12);
        let options = Options { users, resolve, ..options };
        Plan::new(scenario, options).unwrap().forecast()
    }

    #[track_caller]
    fn check(users: &[User], (kept, at_most): (u64, u64), routes: &[(&str, u64, u64)]) {
        let got = forecast(users, Options::default());
        assert_eq!((got.kept, got.at_most), (kept, at_most));
        let got: Vec<_> = got.routes.iter().map(|r| (&*r.target, r.connections, r.pairs)).collect();
        assert_eq!(got, routes);
    }

    #[test]
    fn a_user_keeps_one_connection_to_every_host_that_its_class_declares() {
        check(&[user("u", "/")], (12, 12), &[("a", 12, 2)]);
        let both = user("u", "/").task(Step::get("/2")).task(Step::get("http://B:81/"));
        check(&[both], (24, 24), &[("a", 12, 2), ("b:81", 12, 1)]);
        let start = user("u", "http://b:81/").on_start_steps(vec![Step::get("http://d/")]);
        check(&[start], (24, 24), &[("b:81", 12, 1), ("d", 12, 1)]);
        let code = Task::new("code", async |_: &mut Session| Ok(()));
        check(&[User::new("u").task(code)], (12, 12), &[("a", 12, 2)]);
    }

    #[test]
    fn users_who_give_their_connections_back_are_only_likely_to_hold_few() {
        let task = user("task", "/").keep_alive(KeepAlive::Task);
        let never = user("never", "http://b:81/").keep_alive(KeepAlive::Never);
        check(&[task.clone(), never], (0, 12), &[]);
        check(&[task, user("u", "http://b:81/").weight(2.0)], (8, 12), &[("b:81", 8, 1)]);
    }

    #[test]
    fn an_open_load_may_do_with_fewer_users_than_it_might_take() {
        let options = Options { rate: Some(5.0), max_users: Some(50_000), ..Options::default() };
        let got = forecast(&[user("u", "/")], options);
        assert_eq!(got, Forecast { kept: 0, at_most: 50_000, routes: Vec::new() });
    }

    #[test]
    fn names_for_the_same_addresses_share_their_ports() {
        let users = [user("b", "http://b:81/"), user("c", "http://c:81/")];
        check(&users, (12, 12), &[("b:81", 6, 1), ("c:81", 12, 2)]);
    }

    #[test]
    fn every_address_of_ours_of_the_right_family_has_ports_of_its_own() {
        let local =
            ["127.0.0.5", "127.0.0.6", "127.0.0.7", "::1"].map(|text| text.parse().unwrap());
        let options = Options { local_addresses: local.to_vec(), ..Options::default() };
        let got = forecast(&[user("u", "/").task(Step::get("http://d/"))], options);
        assert_eq!(got.routes.iter().map(|route| route.pairs).collect::<Vec<_>>(), [6, 1]);
    }
}
