//! What a start form asks for, laid over scenario and command line; and which field a refusal is
//! about.

use std::collections::{BTreeSet, HashMap};

use crate::cli::args::Cores;
use crate::cli::{Error, RunArgs};
use crate::credentials::{hidden, is_hidden};
use crate::plan::{self, Options, Picked};
use crate::scenario::file::{self, Values};
use crate::scenario::{Parameter, Scenario};
use crate::web::{Fault, Start};

/// The same with the texts that the form shows without their credentials as they were, where nobody
/// has changed them. `host` is what it shows of the host.
///
/// # Errors
///
/// Where a text has been changed and its credentials are still hidden: they are for nobody else.
pub(super) fn restored(
    start: &Start,
    host: Option<&str>,
    args: &RunArgs,
    known: &[Parameter],
) -> Result<Start, Fault> {
    let mut start = start.clone();
    let lost = |field: String| {
        let message = "user and password are hidden here: type them anew, or leave all as it was";
        Fault::of(field, message)
    };
    if start.host.as_deref().is_some_and(is_hidden) {
        if start.host.as_deref() != host {
            return Err(lost("host".to_owned()));
        }
        start.host = None;
    }
    let given = args.set.values();
    for (name, value) in start.parameters.iter_mut().filter(|(_, value)| is_hidden(value)) {
        let parameter = known.iter().find(|parameter| parameter.name == *name);
        let offered = parameter.into_iter().flat_map(|it| it.default.iter().chain(&it.choices));
        let offered = given.get(name).into_iter().chain(offered.map(String::as_str));
        let meant: BTreeSet<&str> = offered.filter(|text| hidden(text) == *value).collect();
        match meant.first() {
            Some(&text) if meant.len() == 1 => *value = text.to_owned(),
            _ => return Err(lost(format!("parameters.{name}"))),
        }
    }
    Ok(start)
}

/// The flags, as if what was asked for had been typed.
pub(super) fn overlaid(args: &RunArgs, start: &Start) -> RunArgs {
    let mut args = args.clone();
    // A rate takes the place of users, and the reverse, whichever of them was typed.
    if start.rate.is_some() {
        (args.users, args.spawn_rate) = (None, None);
    }
    if start.users.is_some() {
        (args.rate, args.arrivals, args.max_users) = (None, None, None);
    }
    args.users = start.users.or(args.users);
    args.spawn_rate = start.spawn_rate.or(args.spawn_rate);
    args.rate = start.rate.or(args.rate);
    args.host = start.host.clone().or(args.host);
    args.run_time = start.run_time.unwrap_or(args.run_time);
    args.tags = start.tags.clone().unwrap_or(args.tags);
    args.exclude_tags = start.exclude_tags.clone().unwrap_or(args.exclude_tags);
    if let Some(classes) = &start.classes {
        args.user_classes = weighted(classes, &args.user_classes);
    }
    args.cores = start.cores.clone().map(Cores).or(args.cores);
    args.profile = start.profile.clone().or(args.profile).filter(|name| !name.is_empty());
    args
}

/// What these ask of the plan.
pub(super) fn options(args: &RunArgs, start: &Start) -> Options {
    let options = args.options();
    let picked = start.classes.as_ref().map(|_| args.user_classes.clone());
    Options { classes: picked.or(options.classes), ..options }
}

/// These classes; who comes without a weight has the one that was typed.
fn weighted(classes: &[Picked], typed: &[Picked]) -> Vec<Picked> {
    let typed: HashMap<&str, Option<f64>> =
        typed.iter().rev().map(|class| (class.name.as_str(), class.weight)).collect();
    let weight_of = |class: &Picked| typed.get(class.name.as_str()).copied().flatten();
    let weighted = classes
        .iter()
        .map(|class| Picked { weight: class.weight.or_else(|| weight_of(class)), ..class.clone() });
    weighted.collect()
}

/// Why this cannot be meant, where the plan would not say so: a rate starts users as it needs them.
/// Locust's form always has both numbers, which are as good as none there.
pub(super) fn contradiction(args: &RunArgs, scenario: &Scenario, start: &Start) -> Option<Fault> {
    let is_rate = args.rate.is_some() || scenario.load.arrivals.is_some();
    let message = "the load is a rate, which starts users as it needs them: leave this empty";
    let is_alone = start.spawn_rate.is_some() && start.users.is_none();
    (is_rate && is_alone).then(|| Fault::of("spawn_rate", message))
}

/// The values of the scenario's parameters. An empty field is the empty value of one that has another
/// to begin with; of the rest and of secrets, which are never shown, it says nothing.
pub(super) fn values(args: &RunArgs, start: &Start, known: &[Parameter]) -> Values {
    let mut values = args.set.values();
    for (name, value) in &start.parameters {
        let is_shown = |parameter: &Parameter| {
            let usual = values.get(name).or(parameter.default.as_deref());
            parameter.name == *name && !parameter.secret && usual.is_some()
        };
        if !value.is_empty() || known.iter().any(is_shown) {
            values.set(name, value);
        }
    }
    values
}

/// A parameter that the scenario does not have.
pub(super) fn unknown(known: &[Parameter], start: &Start) -> Option<Fault> {
    let is_known = |name: &str| known.iter().any(|parameter| parameter.name == name);
    let name = start.parameters.keys().find(|name| !is_known(name))?;
    let message = format!("the scenario has no parameter '{name}'");
    Some(Fault::of(format!("parameters.{name}"), message))
}

/// Why there is no run with these values, beside the field that is to be changed.
pub(super) fn fault(error: &Error, start: &Start, values: &Values) -> Fault {
    // The file's line with a mark below it is for terminals.
    if let Some(file::Error::Invalid { file, line, column, message, parameter, .. }) =
        error.downcast_ref()
    {
        return match parameter {
            Some(name) if values.get(name).is_none() => {
                Fault::of(format!("parameters.{name}"), format!("'{name}' needs a value"))
            }
            Some(name) => Fault::of(format!("parameters.{name}"), message),
            None => Fault::of("", format!("{file}:{line}:{column}: {message}")),
        };
    }
    let field = error.downcast_ref().map_or("", |error| field(error, start));
    Fault::of(field, error)
}

fn field(error: &plan::Error, start: &Start) -> &'static str {
    use plan::Error as E;
    match error {
        E::NoHost(_) | E::Url(_) | E::Resolve { .. } => "host",
        E::UnknownClass { .. } | E::PickedTwice(_) | E::NothingPicked(_) | E::MixGone(_) => {
            "classes"
        }
        E::UnknownTag { tag, .. }
            if start.exclude_tags.as_ref().is_some_and(|tags| tags.contains(tag)) =>
        {
            "exclude_tags"
        }
        E::UnknownTag { .. } | E::NothingTagged(_) => "tags",
        E::TooManyUsers(_) => "users",
        E::SpawnRate(_) => "spawn_rate",
        E::UsersAndRate => "rate",
        E::NoRunTime | E::UnknownPeak | E::NeverJudged { .. } => "run_time",
        E::Core { .. } | E::NoCores => "cores",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::plan::Plan;
    use crate::scenario::{Step, Task, User};

    #[derive(Parser)]
    struct Own {
        #[command(flatten)]
        run: RunArgs,
    }

    fn typed(args: &[&str]) -> RunArgs {
        Own::parse_from([&["gregaria"], args].concat()).run
    }

    #[test]
    fn a_class_without_a_weight_has_the_one_that_was_typed() {
        let weighted = |name: &str, weight| Picked { weight, ..Picked::new(name) };
        let args = typed(&["--user-classes", "A=3,B=2,C"]);
        let classes = vec![weighted("B", Some(1.0)), Picked::new("A"), Picked::new("D")];
        let start = Start { classes: Some(classes), ..Start::default() };
        let args = overlaid(&args, &start);
        let expected = [weighted("B", Some(1.0)), weighted("A", Some(3.0)), Picked::new("D")];
        assert_eq!(args.user_classes, expected);
        assert_eq!(options(&args, &start).classes, Some(args.user_classes));
    }

    #[test]
    fn what_is_asked_for_takes_the_place_of_what_was_typed() {
        let args = typed(&["-u", "5", "-r", "2", "-t", "60", "-T", "a", "-H", "http://h"]);
        let same = overlaid(&args, &Start::default()).options();
        assert_eq!(same, args.options());
        let start = Start {
            users: Some(7),
            run_time: Some(Some(Duration::from_secs(9))),
            tags: Some(vec!["b".into()]),
            ..Start::default()
        };
        let options = overlaid(&args, &start).options();
        assert_eq!((options.users, options.spawn_rate), (Some(7), Some(2.0)));
        assert_eq!(options.run_time, Some(Duration::from_secs(9)));
        assert_eq!((options.tags, options.host), (vec!["b".into()], Some("http://h".into())));
    }

    #[test]
    fn an_emptied_field_takes_away_what_was_typed() {
        let args = typed(&["-t", "60", "-T", "a", "--profile", "p", "--set", "a=1"]);
        let text = |text: &str| Some(text.to_owned());
        let start = Start {
            run_time: Some(None),
            tags: Some(Vec::new()),
            profile: text(""),
            parameters: ["a", "b", "c", "d"].map(|name| (name.into(), String::new())).into(),
            ..Start::default()
        };
        let overlaid = overlaid(&args, &start);
        assert_eq!((overlaid.run_time, overlaid.profile), (None, None));
        assert!(overlaid.tags.is_empty());
        let parameter = |name: &str| Parameter { name: name.into(), ..Parameter::default() };
        let b = Parameter { default: text("2"), ..parameter("b") };
        let c = Parameter { secret: true, default: text("3"), ..parameter("c") };
        let values = values(&args, &start, &[parameter("a"), b, c, parameter("d")]);
        let got = ["a", "b", "c", "d"].map(|name| values.get(name));
        assert_eq!(got, [Some(""), Some(""), None, None]);
    }

    #[test]
    fn users_and_a_rate_take_the_place_of_each_other() {
        let rate = Start { rate: Some(9.0), ..Start::default() };
        let options = overlaid(&typed(&["-u", "5", "-r", "2"]), &rate).options();
        assert_eq!((options.users, options.spawn_rate, options.rate), (None, None, Some(9.0)));
        let users = Start { users: Some(3), ..Start::default() };
        let args = typed(&["--rate", "9", "--max-users", "5", "--arrivals", "uniform"]);
        let options = overlaid(&args, &users).options();
        assert_eq!((options.users, options.rate), (Some(3), None));
        assert_eq!((options.max_users, options.arrivals), (None, None));
    }

    #[test]
    fn a_spawn_rate_is_of_no_use_with_a_rate() {
        let start = Start { spawn_rate: Some(5.0), ..Start::default() };
        let field = |args: &[&str], start: &Start| {
            let fault = contradiction(&overlaid(&typed(args), start), &Scenario::default(), start);
            fault.map(|fault| fault.field)
        };
        assert_eq!(field(&["--rate", "9"], &start).as_deref(), Some("spawn_rate"));
        assert_eq!(field(&["--rate", "9"], &Start { users: Some(1), ..start.clone() }), None);
        assert_eq!((field(&[], &start), field(&["--rate", "9"], &Start::default())), (None, None));
    }

    /// The time on the form, or that of a level on the command line: only one of them is on the page.
    #[test]
    fn a_run_that_is_over_before_its_levels_are_judged_is_refused_beside_its_time() {
        let scenario = Scenario::new("http://127.0.0.1:1");
        let scenario = scenario.user(User::new("u").task(Step::get("/")));
        let start = Start { run_time: Some(Some(Duration::from_secs(5))), ..Start::default() };
        let args = typed(&["--abort-when", "p95 > 1s", "--abort-after", "7s", "-t", "60"]);
        let plan =
            |args: &RunArgs, start: &Start| Plan::new(scenario.clone(), options(args, start));
        assert!(plan(&args, &Start::default()).is_ok());
        let error: Error = plan(&overlaid(&args, &start), &start).unwrap_err().into();
        assert_eq!(fault(&error, &start, &Values::default()).field, "run_time", "{error}");
    }

    #[track_caller]
    fn check(start: Start, field: &str) {
        let task = Task::steps("t", vec![Step::get("/")]).tags(["known"]);
        let scenario = Scenario { users: vec![User::new("u").task(task)], ..Scenario::default() };
        let host = start.host.clone().unwrap_or("http://127.0.0.1:1".into());
        let start = Start { host: Some(host).filter(|host| !host.is_empty()), ..start };
        let args = overlaid(&typed(&[]), &start);
        let error: Error = Plan::new(scenario, options(&args, &start)).unwrap_err().into();
        assert_eq!(fault(&error, &start, &Values::default()).field, field, "{error}");
    }

    #[test]
    fn a_fault_of_the_file_is_told_without_its_place_where_a_form_can_mend_it() {
        let told = |text: &str, values: &Values| {
            let error: Error = file::parse_with("s.toml", text, values).unwrap_err().into();
            let Fault { field, message } = fault(&error, &Start::default(), values);
            (field, message)
        };
        let pair = |field: &str, message: &str| (field.to_owned(), message.to_owned());
        let text = "[parameter.a]\nrequired = true\nchoices = [\"x\"]";
        let missing = pair("parameters.a", "'a' needs a value");
        assert_eq!(told(text, &Values::default()), missing);
        let (field, message) = told(text, &Values::from_iter([("a", "y")]));
        assert!(field == "parameters.a" && message.starts_with("the parameter 'a' cannot be 'y'"));
        let (field, message) = told("hots = 1", &Values::default());
        assert_eq!((&*field, message.lines().count()), ("", 1));
        assert!(message.starts_with("s.toml:1:1: unknown key 'hots'"), "{message}");
        let start = Start { parameters: [("b".into(), "1".into())].into(), ..Start::default() };
        assert_eq!(unknown(&[], &start).unwrap().field, "parameters.b");
        let known = [Parameter { name: "b".into(), ..Parameter::default() }];
        assert_eq!(unknown(&known, &start), None);
    }

    #[test]
    fn a_refusal_is_beside_the_field_that_is_to_be_changed() {
        let start = Start::default;
        let unknown = || Some(vec!["unknown".to_owned()]);
        check(Start { host: Some(String::new()), ..start() }, "host");
        check(Start { host: Some("nonsense".into()), ..start() }, "host");
        check(Start { users: Some(u32::MAX), ..start() }, "users");
        check(Start { users: Some(1), rate: Some(1.0), ..start() }, "rate");
        check(Start { run_time: Some(Some(Duration::ZERO)), ..start() }, "run_time");
        check(Start { tags: unknown(), ..start() }, "tags");
        check(Start { exclude_tags: unknown(), ..start() }, "exclude_tags");
        check(Start { exclude_tags: Some(vec!["known".into()]), ..start() }, "tags");
        check(Start { classes: Some(Vec::new()), ..start() }, "classes");
        check(Start { cores: Some(vec![65_000]), ..start() }, "cores");
    }
}
