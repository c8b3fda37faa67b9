//! Estimates what a run will use of a machine's scarce resources: descriptors and local ports.
//!
//! Connections that users keep for good are certain: one to every host that the class declares, once a
//! user has run each of its tasks, more for parallel requests, and at least one for tasks written in
//! Rust. If the server closes connections there are fewer, and `keep_alive = false` says so.
//!
//! Users whose connections end with their tasks have none while they wait, so there may be more of them
//! than descriptors and ports; an open load has as many as its arrivals need. How many of them are
//! active at once depends on how long the server takes, so it is only an estimate. `churn` estimates
//! whether the ports of closed connections are free again in time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use super::{Plan, key};
use crate::scenario::{Instruction, KeepAlive, Step, TaskAction, User};
use crate::session::{BaseUrl, ResolvedUrl, Via, is_absolute};

/// A host and port.
pub(super) type Key = (String, u16);

/// The connections of a run, as far as its plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// Connections that are kept for good, so that all of them are open at once.
    pub kept: u64,
    /// These, plus one for each other user: the number if no user waited.
    pub at_most: u64,
    /// The kept connections by host and port.
    pub routes: Vec<RouteForecast>,
}

/// The kept connections to one host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteForecast {
    /// The host and port, as in a URL.
    pub target: String,
    /// Connections to its addresses, including those to other names with the same addresses.
    pub connections: u64,
    /// The number of pairs of a local address and one of the target. Each pair has all ports.
    pub pairs: u64,
}

impl Forecast {
    pub(super) fn new(plan: &Plan) -> Self {
        let users = plan.users_of_classes();
        let (mut kept, mut total, mut likely) = (BTreeMap::new(), 0, 0);
        for (class, user) in plan.scenario.users.iter().enumerate() {
            if user.policy.keep_alive != KeepAlive::Always || plan.arrivals.is_some() {
                likely += users[class] * widest(user);
                continue;
            }
            let connections = connections(plan, class);
            total += connections.len() as u64 * users[class];
            for host in connections.into_iter().filter_map(|connection| connection.to) {
                *kept.entry(host).or_default() += users[class];
            }
        }
        Forecast { kept: total, at_most: total + likely, routes: routes(plan, &kept) }
    }
}

/// Returns the most parallel requests of a user.
fn widest(user: &User) -> u64 {
    let parts = actions(user).filter_map(|action| match action {
        TaskAction::Steps(parts) => Some(parts),
        TaskAction::Run(_) => None,
    });
    parts.flatten().map(Instruction::width).max().unwrap_or(1) as u64
}

fn actions(user: &User) -> impl Iterator<Item = &TaskAction> {
    user.tasks.iter().map(|task| &task.action).chain(&user.on_start)
}

/// A connection that a user makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Connection {
    /// The first lane, or a further one for parallel requests.
    lane: usize,
    /// The host and port of the TCP connection.
    pub(super) to: Option<Key>,
    /// The host and port behind a tunnel.
    beyond: Option<Key>,
}

/// Returns the connections that every user of a class has made at the end.
fn connections(plan: &Plan, class: usize) -> BTreeSet<Connection> {
    let (user, base) = (&plan.scenario.users[class], &plan.targets[class].url);
    actions(user).flat_map(|action| connections_of(action, base, &user.policy.via)).collect()
}

/// Returns the connections that an action declares, with this base URL. Only the first parallel request
/// of each lane is certain to use that lane, because they are taken in order.
pub(super) fn connections_of(
    action: &TaskAction,
    base: &BaseUrl,
    via: &Via,
) -> BTreeSet<Connection> {
    let TaskAction::Steps(parts) = action else {
        // It is unknown where a closure connects to; the base URL is assumed.
        return BTreeSet::from([connection(0, base, via)]);
    };
    let of_step = |(lane, step): (usize, &Step)| match &*step.request.path {
        path if is_absolute(path) => {
            let (url, _) = BaseUrl::split(path).expect("the plan has checked it");
            connection(lane, &url, via)
        }
        _ => connection(lane, base, via),
    };
    let mut first = BTreeSet::new();
    let mut add = |instruction: &Instruction| match instruction {
        Instruction::Request(step) => first.extend([of_step((0, step))]),
        Instruction::Parallel(parallel) => {
            first.extend(parallel.steps.iter().take(parallel.width()).enumerate().map(of_step));
        }
        _ => {}
    };
    parts.iter().for_each(|instruction| instruction.visit(&mut add));
    first
}

fn connection(lane: usize, url: &BaseUrl, via: &Via) -> Connection {
    let (to, beyond) = match via {
        Via::Direct => (Some(key(url)), None),
        Via::UnixSocket(_) => (None, None),
        Via::Proxy(proxy) => {
            let proxy = BaseUrl::parse(proxy).expect("the plan has checked it");
            (Some(key(&proxy)), url.secure.then(|| key(url)))
        }
    };
    Connection { lane, to, beyond }
}

/// Returns every resolved host by its key.
pub(super) fn resolved(plan: &Plan) -> BTreeMap<Key, &ResolvedUrl> {
    let resolved = plan.targets.iter().chain(&plan.other_hosts);
    // Hosts behind a proxy have no addresses.
    let resolved = resolved.filter(|host| !host.addresses.is_empty());
    resolved.map(|host| (key(&host.url), host)).collect()
}

/// Returns the number of pairs of a local address and one of the host.
pub(super) fn pairs(plan: &Plan, host: &ResolvedUrl) -> u64 {
    host.addresses.iter().map(|&address| plan.local_addresses.for_peer(address).len() as u64).sum()
}

fn routes(plan: &Plan, kept: &BTreeMap<Key, u64>) -> Vec<RouteForecast> {
    let resolved = resolved(plan);
    // Names with the same addresses share their ports, so they are one route.
    let mut known = HashMap::new();
    let mut groups: Vec<(BTreeSet<SocketAddr>, &ResolvedUrl, u64)> = Vec::new();
    for (host, connections) in kept {
        let own = resolved[host];
        let addresses: BTreeSet<SocketAddr> = own.addresses.iter().copied().collect();
        let group = *known.entry(addresses.clone()).or_insert(groups.len());
        match groups.get_mut(group) {
            Some((.., all)) => *all += connections,
            None => groups.push((addresses, own, *connections)),
        }
    }
    let mut by_first: HashMap<SocketAddr, Vec<(&BTreeSet<SocketAddr>, u64)>> = HashMap::new();
    for (addresses, _, connections) in &groups {
        let first = addresses.first().expect("a host that is resolved has addresses");
        by_first.entry(*first).or_default().push((addresses, *connections));
    }
    // Connections to any address of a group use its ports.
    let route = |(addresses, own, _): &(BTreeSet<SocketAddr>, &ResolvedUrl, u64)| {
        let others = addresses.iter().filter_map(|first| by_first.get(first)).flatten();
        let within = others.filter(|(other, _)| other.is_subset(addresses));
        RouteForecast {
            target: own.url.authority.clone(),
            connections: within.map(|(_, connections)| connections).sum(),
            pairs: pairs(plan, own),
        }
    };
    groups.iter().map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Parallel, Scenario, Task, User};
    use crate::session::Session;

    fn user(name: &str, path: &str) -> User {
        User::new(name).task(Step::get(path))
    }

    fn forecast(users: &[User], options: Options) -> Forecast {
        let scenario = Scenario::new("http://a:80");
        let scenario = users.iter().cloned().fold(scenario, Scenario::user);
        let resolve = ["a:80:127.0.0.1,127.0.0.2", "b:81:127.0.0.3", "c:81:127.0.0.3,127.0.0.4"];
        let resolve = [resolve.to_vec(), vec!["d:80:::1", "b2:81:127.0.0.3"]].concat();
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
    fn what_is_parallel_takes_connections_of_its_own() {
        let page = |connections| {
            let steps = ["/1", "/2", "http://b:81/", "/4"].map(Step::get).to_vec();
            let parts =
                vec![Step::get("/").into(), Parallel::new(steps).connections(connections).into()];
            User::new("u").task(Task::instructions("page", parts))
        };
        check(&[page(6)], (48, 48), &[("a", 36, 2), ("b:81", 12, 1)]);
        check(&[page(2)], (24, 24), &[("a", 24, 2)]);
        check(&[page(6).keep_alive(KeepAlive::Task)], (0, 48), &[]);
    }

    #[test]
    fn a_path_takes_no_ports_and_a_proxy_those_to_itself() {
        let both = |user: User| user.task(Step::get("http://b:81/"));
        let path = user("u", "/").unix_socket("/run/app");
        check(&[both(path)], (12, 12), &[]);
        let nowhere = user("u", "http://nowhere.invalid/").proxy("http://u:p@c:81");
        check(&[both(nowhere)], (12, 12), &[("c:81", 12, 2)]);
    }

    #[test]
    fn users_who_give_their_connections_back_are_only_likely_to_hold_few() {
        let task = user("task", "/").keep_alive(KeepAlive::Task);
        let never = user("never", "http://b:81/").keep_alive(KeepAlive::Never);
        check(&[task.clone(), never], (0, 12), &[]);
        check(&[task, user("u", "http://b:81/").weight(2.0)], (8, 12), &[("b:81", 8, 1)]);
    }

    #[test]
    fn users_of_an_open_load_come_only_when_they_are_needed() {
        let options = Options { rate: Some(100.0), ..Options::default() };
        let got = forecast(&[user("u", "/")], options);
        assert_eq!((got.kept, got.at_most, got.routes), (0, 1000, Vec::new()));
    }

    #[test]
    fn names_for_the_same_addresses_share_their_ports() {
        let users = [user("b", "http://b:81/"), user("c", "http://c:81/")];
        check(&users, (12, 12), &[("b:81", 6, 1), ("c:81", 12, 2)]);
        // b2 is another name for b, and so a part of the same route.
        let users = [&users[..], &[user("b2", "http://b2:81/"), user("b", "/")]].concat();
        let users = users.into_iter().zip(["1", "2", "3", "4"]);
        let users: Vec<User> =
            users.map(|(user, name)| User { name: name.into(), ..user }).collect();
        check(&users, (12, 12), &[("a", 3, 2), ("b:81", 6, 1), ("c:81", 9, 2)]);
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
