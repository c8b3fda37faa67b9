//! The load of a run: options and scenario, resolved into one shape or one rate.

use std::time::Duration;

use super::{Error, Options, selection};
use crate::scenario::{self, Arrivals, Line, LoadShape, RunTimeFrom, Scenario, USERS_MAX};
use crate::units;

/// The load of a run.
#[derive(Debug)]
pub(crate) struct ResolvedLoad {
    /// The number of users over time, if the load is not a rate.
    pub shape: LoadShape,
    /// The arrivals, if the load is a rate.
    pub arrivals: Option<Arrivals>,
    /// The time from the start of the run to the stop.
    pub run_time: Option<Duration>,
    /// The most users at the same time.
    pub users: u32,
    /// Options without effect because the load is a shape or a rate.
    pub ignored: Vec<&'static str>,
}

impl ResolvedLoad {
    /// Returns the load of this scenario's [`Plan`](super::Plan) without making the plan. Looks up
    /// nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the selection of classes and tasks or the load is not valid.
    pub(crate) fn new(mut scenario: Scenario, options: &Options) -> Result<Self, Error> {
        scenario.validate()?;
        selection::select(&mut scenario, options)?;
        let load = resolve(options, &scenario.load)?;
        let users = scenario::assign(&scenario.users, load.users as usize).len() as u32;
        Ok(ResolvedLoad { users, ..load })
    }
}

/// Checks that a scenario can run as it is, without options. Looks up nothing.
///
/// # Errors
///
/// Returns an error if the selection of classes and tasks, the load or a threshold is not valid.
pub(crate) fn check(scenario: Scenario) -> Result<(), Error> {
    let own = scenario.load.clone();
    let ResolvedLoad { shape, arrivals, run_time, .. } =
        ResolvedLoad::new(scenario, &Options::default())?;
    let end = end(&shape, arrivals.as_ref(), run_time, own.adaptive.is_some());
    super::refuse_idle_levels(&own.abort_when, own.abort_after, end)
}

/// Returns when a load ends by itself, if it does. A changed load no longer follows its shape.
pub(super) fn end(
    shape: &LoadShape,
    arrivals: Option<&Arrivals>,
    run_time: Option<Duration>,
    is_changed: bool,
) -> Option<Duration> {
    let own = match arrivals {
        Some(arrivals) => arrivals.end(),
        None => shape.end(),
    };
    run_time.into_iter().chain(own.filter(|_| !is_changed)).min()
}

/// Resolves options before the scenario's values before Locust's defaults of one user, one user per
/// second and no end.
pub(super) fn resolve(options: &Options, load: &scenario::Load) -> Result<ResolvedLoad, Error> {
    let run_time = options.run_time.or(load.run_time);
    if run_time.is_some_and(|time| time.is_zero()) {
        return Err(Error::NoRunTime);
    }
    ends(options)?;
    times(options, load)?;
    match arrivals(options, load)? {
        Some(arrivals) => {
            let ignored = options.spawn_rate.map(|_| "--spawn-rate").into_iter().collect();
            open(arrivals, load.run_time_from, run_time, ignored)
        }
        None => closed(options, load, run_time),
    }
}

/// Refuses a run that would end after zero iterations or requests.
fn ends(options: &Options) -> Result<(), Error> {
    let ends = [("--iterations", options.iterations), ("--requests", options.requests)];
    match ends.into_iter().find(|(_, given)| *given == Some(0)) {
        Some((flag, _)) => Err(Error::NoEnd(flag)),
        None => Ok(()),
    }
}

/// Refuses durations that are too long for a clock.
fn times(options: &Options, load: &scenario::Load) -> Result<(), Error> {
    options.dns_refresh.map_or(Ok(()), scenario::validate_dns_refresh)?;
    let times = [
        ("the run time", options.run_time),
        ("the stop timeout", options.stop_timeout.or(load.stop_timeout)),
        ("the time before levels are judged", options.abort_after.or(load.abort_after)),
    ];
    match times.into_iter().find(|(_, time)| *time > Some(units::LONGEST)) {
        Some((name, _)) => Err(Error::TooLong(name)),
        None => Ok(()),
    }
}

fn closed(
    options: &Options,
    load: &scenario::Load,
    run_time: Option<Duration>,
) -> Result<ResolvedLoad, Error> {
    let rate = options.spawn_rate.or(load.spawn_rate).unwrap_or(1.0);
    if !(rate > 0.0 && rate.is_finite()) {
        return Err(Error::SpawnRate(rate));
    }
    let users = options.users.or(load.users).unwrap_or(1);
    let shape = load.shape.clone().unwrap_or_else(|| LoadShape::ramp(users, rate));
    let run_time = counted(run_time, load.run_time_from, shape.full());
    // The peak of a function is known only up to the end of the run.
    let peak = shape.peak(None).or_else(|| shape.peak(run_time));
    let users = peak.ok_or(Error::UnknownPeak)?;
    if users > USERS_MAX {
        return Err(Error::TooManyUsers(users));
    }
    let ignored =
        [("--users", options.users.is_some()), ("--spawn-rate", options.spawn_rate.is_some())];
    let ignored = ignored.into_iter().filter(|&(_, given)| given && load.shape.is_some());
    let ignored = ignored.map(|(flag, _)| flag).collect();
    Ok(ResolvedLoad { shape, arrivals: None, run_time, users, ignored })
}

/// Returns the run time counted from the start of the run.
fn counted(
    run_time: Option<Duration>,
    from: RunTimeFrom,
    full: Option<Duration>,
) -> Option<Duration> {
    match from {
        RunTimeFrom::Start => run_time,
        RunTimeFrom::Full => run_time.map(|time| {
            let time = time.saturating_add(full.unwrap_or_default());
            time.min(units::LONGEST)
        }),
    }
}

fn open(
    mut arrivals: Arrivals,
    from: RunTimeFrom,
    run_time: Option<Duration>,
    ignored: Vec<&'static str>,
) -> Result<ResolvedLoad, Error> {
    let run_time = counted(run_time, from, arrivals.full());
    if let Some(run_time) = run_time {
        // This drops arrivals after the end even if a core is late.
        arrivals.rate = arrivals.rate.cut(run_time);
    }
    let users = arrivals.max_users;
    if users > USERS_MAX {
        return Err(Error::TooManyUsers(users));
    }
    // The shape is not used: users start when arrivals need them.
    let shape = LoadShape::constant(0);
    Ok(ResolvedLoad { shape, arrivals: Some(arrivals), run_time, users, ignored })
}

/// Returns the arrivals if the load is a rate, from the options or else the scenario.
fn arrivals(options: &Options, load: &scenario::Load) -> Result<Option<Arrivals>, Error> {
    let given = options.rate.map(|rate| Arrivals::new(Line::constant(rate)));
    // The scenario's other values for its rate also hold for the option's rate.
    let own = load.arrivals.clone();
    let Some(mut arrivals) = own.map_or(given.clone(), |own| {
        Some(Arrivals { rate: given.map_or(own.rate, |given| given.rate), ..own })
    }) else {
        return no_rate(options).map(|()| None);
    };
    if options.rate.is_some() && options.users.is_some() {
        return Err(Error::UsersAndRate);
    }
    arrivals.kind = options.arrivals.unwrap_or(arrivals.kind);
    arrivals.max_users = options.max_users.unwrap_or(arrivals.max_users);
    arrivals.validate()?;
    Ok(Some(arrivals))
}

/// Refuses options of arrivals without a rate.
fn no_rate(options: &Options) -> Result<(), Error> {
    let given =
        [("--arrivals", options.arrivals.is_some()), ("--max-users", options.max_users.is_some())];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::NoRate(flag)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, SelectedClass};
    use crate::scenario::{Share, Step, User};

    /// Of three classes, two of which have their numbers, on this host.
    fn scenario(host: &str, load: scenario::Load) -> Scenario {
        let user = |name: &str, share| {
            let user = User::new(name).task(Step::get("/"));
            User { share, ..user }
        };
        let scenario = Scenario { load, ..Scenario::new(host) }.user(user("a", Share::Fixed(3)));
        scenario.user(user("b", Share::Fixed(4))).user(user("c", Share::Weight(1.0)))
    }

    #[track_caller]
    fn check(load: scenario::Load, options: Options, users: u32) {
        let plan = Plan::new(scenario("http://127.0.0.1:1", load.clone()), options.clone());
        let plan = plan.unwrap();
        let load = ResolvedLoad::new(scenario("http://nowhere.invalid", load), &options).unwrap();
        assert_eq!((load.users, plan.users), (users, users));
        assert_eq!((load.shape, load.arrivals), (plan.shape, plan.arrivals));
        assert_eq!((load.run_time, load.ignored), (plan.run_time, plan.ignored));
    }

    #[test]
    fn a_load_is_that_of_its_plan_though_nothing_is_looked_up() {
        let shape = scenario::Load {
            shape: Some(LoadShape::ramp(20, 2.0)),
            run_time: Some(Duration::from_secs(9)),
            run_time_from: RunTimeFrom::Full,
            ..scenario::Load::default()
        };
        let counted = Some(["a", "b"].map(SelectedClass::new).to_vec());
        check(shape.clone(), Options::default(), 20);
        check(shape.clone(), Options { users: Some(5), ..Options::default() }, 20);
        check(shape, Options { classes: counted, ..Options::default() }, 7);
        let rate = Options { rate: Some(5.0), max_users: Some(50), ..Options::default() };
        check(scenario::Load::default(), rate, 50);
        // Times are limited to 136 years.
        let never_full = scenario::Load {
            shape: Some(LoadShape::ramp(20, 1e-300)),
            run_time: Some(Duration::from_secs(9)),
            run_time_from: RunTimeFrom::Full,
            ..scenario::Load::default()
        };
        let nobodys =
            ResolvedLoad::new(scenario("http://a", never_full), &Options::default()).unwrap();
        assert_eq!(nobodys.run_time, Some(units::LONGEST));
        let nobody = Scenario::new("http://127.0.0.1:1");
        assert!(ResolvedLoad::new(nobody, &Options::default()).is_err());
    }

    /// Those of the command line and of files are refused where they are read.
    #[test]
    fn times_beyond_all_clocks_are_refused() {
        let long = Some(Duration::MAX);
        let (own, options) = (scenario::Load::default(), Options::default());
        for (own, options, name) in [
            (own.clone(), Options { run_time: long, ..options.clone() }, "the run time"),
            (own.clone(), Options { stop_timeout: long, ..options.clone() }, "the stop timeout"),
            (
                scenario::Load { stop_timeout: long, ..own.clone() },
                options.clone(),
                "the stop timeout",
            ),
            (
                scenario::Load { abort_after: long, ..own.clone() },
                options.clone(),
                "the time before levels are judged",
            ),
        ] {
            let refused = Plan::new(scenario("http://127.0.0.1:1", own), options).unwrap_err();
            let expected = format!("{name} is too long: at most 136 years are possible");
            assert_eq!(refused.to_string(), expected);
        }
        let refresh = Options { dns_refresh: long, ..options };
        let refused = Plan::new(scenario("http://127.0.0.1:1", own), refresh).unwrap_err();
        assert!(refused.to_string().starts_with("dns_refresh must be 0.1 s or more"));
    }
}
