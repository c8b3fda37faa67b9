//! Checks whether a scenario can be run.
//!
//! Each small function checks one value. A scenario file calls them when it reads the value, so that
//! the error has a line number. [`Scenario::validate`] calls them for all values, so that the same
//! rules hold for a scenario written in Rust.

mod instructions;
mod request;
mod templates;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use crate::data::Source;
use crate::session::{Auth, BaseUrl, StatusRange, TcpOptions, Timeouts, Via};
use crate::units;

use instructions::Place;
pub(super) use instructions::{connections, pause};
use request::headers;
pub(super) use request::{header, header_name, method, path};

use super::{Error, Scenario, Share, Task, TaskAction, USERS_MAX, User, order};

/// The shortest time between two look-ups of a name, to spare name servers.
const DNS_REFRESH_MIN: Duration = Duration::from_millis(100);

/// The highest status of three digits. Statuses from 600 on have no meaning (RFC 9110 section 15), but
/// some servers send them.
const STATUS_MAX: u16 = 999;

/// The longest path of a Unix socket.
const UNIX_PATH_MAX: usize = 107;
/// The range of seconds that the kernel accepts for `TCP_KEEPIDLE`.
const KEEPALIVE: RangeInclusive<u64> = 1..=32_767;

impl Scenario {
    /// Returns an error with its place if the scenario cannot be run.
    pub fn validate(&self) -> Result<(), Error> {
        self.host.as_deref().map_or(Ok(()), host)?;
        if self.users.is_empty() {
            return Err(Error::NoUsers);
        }
        if self.users.len() > usize::from(u16::MAX) {
            return Err(Error::TooManyClasses(self.users.len()));
        }
        let mut sets = HashSet::new();
        if let Some(set) = self.data.iter().find(|set| !sets.insert(set.name())) {
            return Err(Error::DuplicateData(set.name().to_owned()));
        }
        let mut names = HashSet::new();
        for class in &self.users {
            user(class, &self.data).map_err(|error| error.at(format!("user '{}'", class.name)))?;
            if !names.insert(class.name.as_str()) {
                return Err(Error::DuplicateUser(class.name.clone()));
            }
        }
        self.load.validate(&self.users)?;
        let runs = |class: &User| match class.share {
            Share::Weight(weight) => weight > 0.0,
            Share::Fixed(count) => count > 0,
        };
        if self.users.iter().any(runs) { Ok(()) } else { Err(Error::NoWeight) }
    }
}

/// Returns an error if requests cannot be joined to this base URL.
///
/// `--host` follows the same rules.
pub(crate) fn host(host: &str) -> Result<(), Error> {
    BaseUrl::parse(host)?;
    Ok(())
}

pub(super) fn auth(auth: &Auth) -> Result<(), Error> {
    let is_template = match auth {
        Auth::Bearer(token) => token.contains("${"),
        Auth::Basic { user, .. } | Auth::Digest { user, .. } => user.contains("${"),
    };
    match auth.fault() {
        // It is judged when it has its values.
        Some(fault) if !is_template => Err(Error::Auth(fault)),
        _ => Ok(()),
    }
}

pub(super) fn timeout(timeout: Duration) -> Result<(), Error> {
    if is_usable(timeout) { Ok(()) } else { Err(Error::Timeout) }
}

pub(super) fn timeouts(timeouts: &Timeouts) -> Result<(), Error> {
    let Timeouts { connect, tls, first_byte, read, total } = *timeouts;
    timeout(total)?;
    let parts = [("connect", connect), ("tls", tls), ("first_byte", first_byte), ("read", read)];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        timeout(part)?;
        if part >= total {
            return Err(Error::PartTimeout(name, units::short(total)));
        }
    }
    Ok(())
}

pub(super) fn max_body(bytes: u64) -> Result<(), Error> {
    if bytes > 0 { Ok(()) } else { Err(Error::MaxBody) }
}

pub(super) fn via(via: &Via) -> Result<(), Error> {
    match via {
        Via::Direct => Ok(()),
        Via::Proxy(url) => proxy(url),
        Via::UnixSocket(path) => unix_socket(path),
    }
}

/// Returns an error if this is not the URL of a proxy.
///
/// `--proxy` follows the same rules.
pub(crate) fn proxy(url: &str) -> Result<(), Error> {
    match BaseUrl::parse(url)? {
        BaseUrl { secure: true, .. } => Err(Error::SecureProxy),
        BaseUrl { path, .. } if !path.is_empty() => Err(Error::ProxyPath(path)),
        _ => Ok(()),
    }
}

/// Returns an error if the kernel cannot connect to this path (`unix(7)`).
///
/// `--unix-socket` follows the same rules.
pub(crate) fn unix_socket(path: &Path) -> Result<(), Error> {
    let length = path.as_os_str().len();
    if (1..=UNIX_PATH_MAX).contains(&length) && !path.as_os_str().as_bytes().contains(&0) {
        return Ok(());
    }
    Err(Error::UnixSocket(length))
}

pub(super) fn tcp(tcp: &TcpOptions) -> Result<(), Error> {
    tcp.keepalive.map_or(Ok(()), keepalive)
}

pub(super) fn keepalive(idle: Duration) -> Result<(), Error> {
    let is_possible = KEEPALIVE.contains(&idle.as_secs()) && idle.subsec_nanos() == 0;
    if is_possible { Ok(()) } else { Err(Error::Keepalive) }
}

pub(super) fn spawn_rate(rate: f64) -> Result<(), Error> {
    if rate > 0.0 && rate.is_finite() { Ok(()) } else { Err(Error::SpawnRate(rate.to_string())) }
}

/// Returns an error if a run would end after zero iterations or requests.
pub(super) fn end(name: &'static str, number: u32) -> Result<(), Error> {
    if number == 0 { Err(Error::NoEnd(name)) } else { Ok(()) }
}

pub(super) fn run_time(run_time: Duration) -> Result<(), Error> {
    if is_usable(run_time) { Ok(()) } else { Err(Error::RunTime) }
}

/// Returns an error if names would be looked up too often.
///
/// `--dns-refresh` follows the same rules.
pub(crate) fn dns_refresh(every: Duration) -> Result<(), Error> {
    let is_usable = is_usable(every) && every >= DNS_REFRESH_MIN;
    if is_usable { Ok(()) } else { Err(Error::DnsRefresh) }
}

pub(super) fn users(users: u32) -> Result<(), Error> {
    if users <= USERS_MAX { Ok(()) } else { Err(Error::TooManyUsers(users)) }
}

/// Returns an error if a duration of a load is zero or too long; `name` is its name.
pub(super) fn length(name: &'static str, length: Duration) -> Result<(), Error> {
    if is_usable(length) { Ok(()) } else { Err(Error::Length(name)) }
}

pub(super) fn task_weight(weight: u32) -> Result<(), Error> {
    if weight == 0 { Err(Error::TaskWeight) } else { Ok(()) }
}

pub(super) fn status(range: StatusRange) -> Result<(), Error> {
    let is_possible = 100 <= range.first && range.first <= range.last && range.last <= STATUS_MAX;
    if is_possible { Ok(()) } else { Err(Error::Status(range.to_string())) }
}

/// Returns whether a duration is above zero and fits into every clock.
fn is_usable(duration: Duration) -> bool {
    !duration.is_zero() && duration <= units::LONGEST
}

fn user(user: &User, sources: &[Source]) -> Result<(), Error> {
    if user.name.is_empty() {
        return Err(Error::EmptyName);
    }
    printable(&user.name)?;
    // A weight of 0 switches a class off, as in Locust. It is an error only if no class is left.
    if let Share::Weight(weight) = user.share
        && !(weight.is_finite() && weight >= 0.0)
    {
        return Err(Error::UserWeight(weight.to_string()));
    }
    user.host.as_deref().map_or(Ok(()), host)?;
    user.wait_time.validate()?;
    headers(&user.headers)?;
    user.auth.as_ref().map_or(Ok(()), auth)?;
    timeouts(&user.policy.timeouts)?;
    max_body(user.policy.max_body)?;
    via(&user.policy.via)?;
    tcp(&user.policy.tcp)?;
    if user.tasks.is_empty() {
        return Err(Error::NoTasks);
    }
    order::validate(&user.tasks, user.order)?;
    user.tasks.iter().try_for_each(|one| task(one, Place::default()))?;
    templates::all(user, sources)?;
    for (name, hook) in [("on_start", &user.on_start), ("on_stop", &user.on_stop)] {
        hook.as_ref()
            .map_or(Ok(()), |hook| action(hook, Place::default()))
            .map_err(|error| error.at(name.to_owned()))?;
    }
    Ok(())
}

pub(super) fn printable(name: &str) -> Result<(), Error> {
    if name.contains(char::is_control) { Err(Error::ControlInName) } else { Ok(()) }
}

/// Returns an error if `--tags` could not be given this tag.
pub(super) fn tag(tag: &str) -> Result<(), Error> {
    let separates = |c: char| c == ',' || c.is_whitespace() || c.is_control();
    let is_word = !tag.is_empty() && !tag.contains(separates);
    if is_word { Ok(()) } else { Err(Error::Tag(tag.to_owned())) }
}

fn task(task: &Task, place: Place) -> Result<(), Error> {
    printable(&task.name)
        .and_then(|()| task_weight(task.weight))
        .and_then(|()| task.tags.iter().try_for_each(|word| tag(word)))
        .and_then(|()| action(&task.action, place))
        .map_err(|error| error.at(format!("task '{}'", task.name)))
}

fn action(action: &TaskAction, place: Place) -> Result<(), Error> {
    match action {
        TaskAction::Run(_) => Ok(()),
        TaskAction::Steps(steps) if steps.is_empty() => Err(Error::NoSteps),
        TaskAction::Steps(instructions) => instructions::all(instructions, place),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Load, Parallel, Step, WaitTime};
    use super::*;
    use crate::session::{Check, Condition, StatusRange, status};

    fn api_user() -> User {
        User::new("APIUser").task(Step::get("/"))
    }

    fn scenario(user: User) -> Scenario {
        Scenario::new("http://127.0.0.1:5000").user(user)
    }

    fn with_step(step: Step) -> Scenario {
        scenario(User::new("u").task(Task::steps("t", vec![step])))
    }

    #[track_caller]
    fn check(scenario: Scenario, expected: &str) {
        assert_eq!(
            scenario.validate().map_err(|error| error.to_string()),
            Err(expected.to_owned())
        );
    }

    #[track_caller]
    #[test]
    fn a_scenario_with_a_user_and_a_task_is_valid() {
        assert_eq!(scenario(api_user()).validate(), Ok(()));
        let run = Task::new("t", async |_: &mut crate::session::Session| Ok(()));
        assert_eq!(Scenario::default().user(User::new("u").task(run)).validate(), Ok(()));
    }

    #[test]
    fn a_scenario_needs_a_user_that_runs() {
        check(Scenario::default(), "there are no users; add a class of users with a task");
        let idle = "there are no users with weight > 0; give one class a weight or a count";
        check(scenario(api_user().weight(0.0)), idle);
        check(scenario(api_user().fixed_count(0)), idle);
        let other = User::new("Other").task(Step::get("/"));
        assert_eq!(scenario(api_user().weight(0.0)).user(other).validate(), Ok(()));
    }

    #[test]
    fn users_have_names_of_their_own() {
        let twice = scenario(api_user()).user(api_user());
        check(twice, "there are two classes of users named 'APIUser'; rename one");
        let control = User::new("a\u{1b}[31m").task(Step::get("/"));
        let refused = scenario(control).validate().map_err(|error| error.to_string());
        assert!(refused.is_err_and(|text| text.contains("the name has a control character")));
        let nameless = User::new("").task(Step::get("/"));
        check(scenario(nameless), "user '': the name of a class of users must not be empty");
    }

    #[test]
    fn users_have_tasks_and_tasks_have_weights_and_steps() {
        check(scenario(User::new("u")), "user 'u': there are no tasks; add one");
        let idle = Task::from(Step::get("/")).weight(0);
        let expected =
            "user 'u': task 'GET /': weight must be 1 or more; leave the task out instead";
        check(scenario(User::new("u").task(idle)), expected);
        let commas = User::new("u").task(Task::from(Step::get("/")).tags(["a,b"]));
        let expected = "user 'u': task 'GET /': a tag is one word without commas, and not 'a,b'";
        check(scenario(commas), expected);
        let empty = User::new("u").task(Task::steps("t", vec![]));
        check(scenario(empty), "user 'u': task 't': there are no steps; add a request");
        let expected = "user 'APIUser': on_stop: there are no steps; add a request";
        check(scenario(api_user().on_stop_steps(vec![])), expected);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let at = "user 'APIUser'";
        check(
            scenario(api_user().weight(f64::NAN)),
            &format!("{at}: weight must be a number above 0, not NaN"),
        );
        check(
            scenario(api_user().timeout(Duration::ZERO)),
            &format!("{at}: timeout must be above 0 and at most 136 years"),
        );
        check(
            scenario(api_user().wait_time(WaitTime::constant_throughput(0.0))),
            &format!(
                "{at}: wait_time must be at most 136 years; a throughput must be above 0 and finite"
            ),
        );
        let load = Load { spawn_rate: Some(0.0), ..Load::default() };
        check(scenario(api_user()).load(load), "spawn_rate must be a number above 0, not 0");
        let load = Load { run_time: Some(Duration::ZERO), ..Load::default() };
        check(scenario(api_user()).load(load), "run_time must be above 0 and at most 136 years");
    }

    #[test]
    fn a_user_has_a_bound_of_parallel_connections() {
        let of = |connections| {
            let parallel = Parallel::new(vec![Step::get("/")]).connections(connections);
            scenario(User::new("u").task(Task::instructions("t", vec![parallel.into()])))
        };
        let at = "user 'u': task 't'";
        check(
            of(0),
            &format!("{at}: connections must be 1 or more; parallel requests need one at least"),
        );
        assert_eq!(of(Parallel::CONNECTIONS_MAX).validate(), Ok(()));
        let many = "connections are too many: at most 1000 are possible per user";
        check(of(1001), &format!("{at}: 1001 {many}"));
        check(of(u32::MAX), &format!("{at}: 4294967295 {many}"));
    }

    #[test]
    fn requests_that_cannot_be_sent_are_refused() {
        let at = "user 'u': task 't'";
        let value = http::HeaderValue::from_static;
        for (step, expected) in [
            (Step::get("users"), "path 'users' must start with '/'; write '/users'"),
            (Step::get(""), "path '' must start with '/'; write '/'"),
            (Step::get("/a b"), "path '/a b' must be percent-encoded; write '/a%20b'"),
            (Step::get("/ü"), "path '/ü' must be percent-encoded; write '/%C3%BC'"),
            (Step::get("/#x"), "path '/#x' has a fragment, which is never sent; leave it out"),
            (Step::get("ftp://a/"), "'ftp://a/': only http:// and https:// can be tested"),
            (
                Step::new(http::Method::CONNECT, "/"),
                "method CONNECT opens a tunnel, which is not a request to measure",
            ),
            (
                Step::get("http://caf\u{e9}.example/\u{e9}"),
                "path 'http://caf\u{e9}.example/\u{e9}' must be percent-encoded; \
                 write 'http://caf\u{e9}.example/%C3%A9'",
            ),
            (
                Step::get("/").header(http::header::HOST, value("a b")),
                "header 'host' cannot be 'a b'; write a host, with a port where one is needed: \
                 'example.org:8080'",
            ),
            (
                Step::get("/")
                    .header(http::header::HOST, value("a"))
                    .header(http::header::HOST, value("b")),
                "header 'host' may be there once only; leave the others out",
            ),
            (
                Step::get("/").header(http::header::CONTENT_LENGTH, value("3")),
                "header 'content-length' follows from the body; leave it out",
            ),
            (
                Step::get("/").basic_auth("a:b", "c"),
                "the user of basic authentication must not contain ':'",
            ),
            (
                Step::get("/").bearer_auth("a\nb"),
                "a bearer token has letters, digits and any of -._~+/, and = at its end",
            ),
            (
                Step::get("/").digest_auth("a:b", "c"),
                "the user of digest authentication must not contain ':'",
            ),
            (Step::get("/").check(status(1000)), "status 1000 is not from 100 to 999"),
        ] {
            check(with_step(step), &format!("{at}: {expected}"));
        }
        assert_eq!(with_step(Step::get("http://a.b/c?d=e")).validate(), Ok(()));
        assert_eq!(with_step(Step::get("/item/{1..100}?q=%20")).validate(), Ok(()));
    }

    #[test]
    fn a_status_check_can_be_satisfied() {
        let ranges = |ranges| Check { condition: Condition::Status(ranges), message: None };
        let at = "user 'u': task 't'";
        let none = with_step(Step::get("/").check(ranges(vec![])));
        check(none, &format!("{at}: a status check needs a status"));
        let reversed = StatusRange { first: 300, last: 200 };
        let reversed = with_step(Step::get("/").check(ranges(vec![reversed])));
        check(reversed, &format!("{at}: status 300-200 is not from 100 to 999"));
    }

    #[test]
    fn a_host_is_a_base_url() {
        assert_eq!(host("http://user:pass@example.com:80/api"), Ok(()));
        for bad in ["127.0.0.1:5000", "", "ftp://a", "http://a:0", "http://a/?b=c"] {
            assert!(matches!(host(bad), Err(Error::Url(_))), "{bad}");
        }
    }
}
