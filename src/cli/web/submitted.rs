//! The submitted start form: applies it to the command line and the scenario, and assigns errors to its
//! fields.

use std::collections::{BTreeSet, HashMap};

use super::form::without_weights;
use crate::cli::args::{ClassSettingsList, Cores};
use crate::cli::locustfile::WrongArgument;
use crate::cli::{Error, RunArgs};
use crate::credentials::{hidden, is_hidden};
use crate::nearest::hint;
use crate::plan::{self, Options, SelectedClass};
use crate::scenario::file::{self, Values};
use crate::scenario::{ClassSettings, Parameter, Scenario};
use crate::web::{FieldError, StartForm};

/// Puts the hidden credentials back into texts that came back as the form shows them. `host` is the
/// host as the form shows it.
///
/// # Errors
///
/// Fails where a text was changed and still has hidden credentials, because they must not go to
/// another host.
pub(super) fn restored(
    start: &StartForm,
    host: Option<&str>,
    args: &RunArgs,
    known: &[Parameter],
) -> Result<StartForm, FieldError> {
    let mut start = start.clone();
    let lost = |field: String| {
        let message = "user and password are hidden here: type them anew, or leave all as it was";
        FieldError::new(field, message)
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

/// Returns the flags with the values of the form and what was set of classes in place.
pub(super) fn overlaid(args: &RunArgs, start: &StartForm, settings: &[ClassSettings]) -> RunArgs {
    let mut args = args.clone();
    without_weights(args.user_classes.iter_mut(), settings);
    if !settings.is_empty() {
        args.config_users.push(ClassSettingsList(settings.to_vec()));
    }
    // A rate replaces users on the command line, and the reverse.
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
    let picked = start.shape_class.clone();
    let picked = picked.map(|name| Some(name).filter(|name| !name.is_empty()));
    args.web.shape = picked.or(args.web.shape);
    args.profile = start.profile.clone().or(args.profile).filter(|name| !name.is_empty());
    args
}

/// Makes the options of the plan.
pub(super) fn options(args: &RunArgs, start: &StartForm) -> Options {
    let options = args.options();
    let picked = start.classes.as_ref().map(|_| args.user_classes.clone());
    Options { classes: picked.or(options.classes), ..options }
}

/// Returns these classes; one without a weight has the weight from the command line.
fn weighted(classes: &[SelectedClass], typed: &[SelectedClass]) -> Vec<SelectedClass> {
    let typed: HashMap<&str, Option<f64>> =
        typed.iter().rev().map(|class| (class.name.as_str(), class.weight)).collect();
    let weight_of = |class: &SelectedClass| typed.get(class.name.as_str()).copied().flatten();
    let weighted = classes.iter().map(|class| SelectedClass {
        weight: class.weight.or_else(|| weight_of(class)),
        ..class.clone()
    });
    weighted.collect()
}

/// Refuses a spawn rate without users for an open load, which the plan would ignore. Locust's form
/// always sends both numbers, so both together are accepted.
pub(super) fn contradiction(
    args: &RunArgs,
    scenario: &Scenario,
    start: &StartForm,
) -> Option<FieldError> {
    let is_rate = args.rate.is_some() || scenario.load.arrivals.is_some();
    let message = "the load is a rate, which starts users as it needs them: leave this empty";
    let is_alone = start.spawn_rate.is_some() && start.users.is_none();
    (is_rate && is_alone).then(|| FieldError::new("spawn_rate", message))
}

/// Returns the values of the scenario's parameters. An empty field sets an empty value only where the
/// form showed another one. It changes nothing for secrets, which are never shown.
pub(super) fn values(args: &RunArgs, start: &StartForm, known: &[Parameter]) -> Values {
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

/// Returns an error for a picked class that was left out on the page.
pub(super) fn left_out(start: &StartForm, settings: &[ClassSettings]) -> Option<FieldError> {
    let removed: Vec<&str> =
        settings.iter().filter(|one| one.removes()).map(ClassSettings::name).collect();
    let mut picked = start.classes.iter().flatten();
    let SelectedClass { name, .. } = picked.find(|class| removed.contains(&&*class.name))?;
    let message = format!("'{name}' has the weight 0: edit it, or leave it out");
    Some(FieldError::new("classes", message))
}

/// Returns an error for a parameter that the scenario does not have.
pub(super) fn unknown(known: &[Parameter], start: &StartForm) -> Option<FieldError> {
    let is_known = |name: &str| known.iter().any(|parameter| parameter.name == name);
    let name = start.parameters.keys().find(|name| !is_known(name))?;
    let message = format!("the scenario has no parameter '{name}'");
    Some(FieldError::new(format!("parameters.{name}"), message))
}

/// Returns an error for a shape class that is none of these.
pub(super) fn unknown_shape(shapes: &[&str], start: &StartForm) -> Option<FieldError> {
    let name = start.shape_class.as_deref().filter(|name| !name.is_empty())?;
    let is_unknown = !shapes.contains(&name);
    let hint = hint(name, shapes, "there are");
    is_unknown.then(|| FieldError::new("shape_class", format!("there is no shape '{name}'{hint}")))
}

/// Returns an error for a parameter that needs a value and has none.
pub(super) fn missing(known: &[Parameter], values: &Values) -> Option<FieldError> {
    let value =
        |it: &'_ Parameter| values.get(&it.name).or(it.default.as_deref()).map(str::is_empty);
    let is_missing = |it: &&Parameter| it.required && !it.unlisted && value(it).unwrap_or(true);
    let Parameter { name, .. } = known.iter().find(is_missing)?;
    Some(FieldError::new(format!("parameters.{name}"), format!("'{name}' needs a value")))
}

/// Assigns an error to the field that has to be changed.
pub(super) fn fault(error: &Error, start: &StartForm, values: &Values) -> FieldError {
    // The marked line of the file is left out: it is meant for terminals.
    if let Some(file::Error::Invalid { file, line, column, message, parameter, .. }) =
        error.downcast_ref()
    {
        return match parameter {
            Some(name) if values.get(name).is_none() => {
                FieldError::new(format!("parameters.{name}"), format!("'{name}' needs a value"))
            }
            Some(name) => FieldError::new(format!("parameters.{name}"), message),
            None => FieldError::new("", format!("{file}:{line}:{column}: {message}")),
        };
    }
    if let Some(WrongArgument { name, .. }) = error.downcast_ref() {
        return FieldError::new(format!("parameters.{name}"), error);
    }
    let field = error.downcast_ref().map_or("", |error| field(error, start));
    FieldError::new(field, error)
}

fn field(error: &plan::Error, start: &StartForm) -> &'static str {
    use plan::Error as E;
    match error {
        E::NoHost { .. } | E::Url(_) | E::Resolve { .. } => "host",
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
    use serde_json::json;

    use super::*;
    use crate::options::{self, LoadKind};
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
        let weighted = |name: &str, weight| SelectedClass { weight, ..SelectedClass::new(name) };
        let args = typed(&["--user-classes", "A=3,B=2,C"]);
        let classes =
            vec![weighted("B", Some(1.0)), SelectedClass::new("A"), SelectedClass::new("D")];
        let start = StartForm { classes: Some(classes), ..StartForm::default() };
        let args = overlaid(&args, &start, &[]);
        let expected =
            [weighted("B", Some(1.0)), weighted("A", Some(3.0)), SelectedClass::new("D")];
        assert_eq!(args.user_classes, expected);
        assert_eq!(options(&args, &start).classes, Some(args.user_classes));
    }

    #[test]
    fn what_was_set_of_a_class_comes_after_what_was_typed() {
        let settings = |json: &str| ClassSettings::list(json).unwrap();
        let set = settings(r#"[{"user_class_name": "A", "weight": 2}]"#);
        let args = typed(&["--user-classes", "A=3,B=4"]);
        let overlaid = overlaid(&args, &StartForm::default(), &set);
        let weights: Vec<_> = overlaid.user_classes.iter().map(|class| class.weight).collect();
        assert_eq!(weights, [None, Some(4.0)]);
        assert_eq!(overlaid.class_settings().cloned().collect::<Vec<_>>(), set);
        let classes = Some(vec![SelectedClass::new("B"), SelectedClass::new("A")]);
        let start = StartForm { classes, ..StartForm::default() };
        assert_eq!(left_out(&start, &set), None);
        let gone = settings(r#"[{"user_class_name": "A", "weight": 0}]"#);
        assert_eq!(left_out(&start, &gone).unwrap().field, "classes");
    }

    #[test]
    fn what_is_asked_for_takes_the_place_of_what_was_typed() {
        let args = typed(&["-u", "5", "-r", "2", "-t", "60", "-T", "a", "-H", "http://h"]);
        let same = overlaid(&args, &StartForm::default(), &[]).options();
        assert_eq!(same, args.options());
        let start = StartForm {
            users: Some(7),
            run_time: Some(Some(Duration::from_secs(9))),
            tags: Some(vec!["b".into()]),
            ..StartForm::default()
        };
        let options = overlaid(&args, &start, &[]).options();
        assert_eq!((options.users, options.spawn_rate), (Some(7), Some(2.0)));
        assert_eq!(options.run_time, Some(Duration::from_secs(9)));
        assert_eq!((options.tags, options.host), (vec!["b".into()], Some("http://h".into())));
    }

    #[test]
    fn every_field_of_the_options_takes_the_place_of_its_flag() {
        for (option, field) in options::fields() {
            let form = json!({ field.name: options::samples::json(option) });
            let by_form = overlaid(&typed(&[]), &StartForm::from_json(&form).unwrap(), &[]);
            let by_flag = typed(&[&options::samples::word(option)]);
            assert_eq!(format!("{by_form:?}"), format!("{by_flag:?}"));
        }
    }

    #[test]
    fn what_belongs_to_the_other_kind_of_load_is_taken_away() {
        let of_users = StartForm { users: Some(7), ..StartForm::default() };
        let of_rate = StartForm { rate: Some(7.0), ..StartForm::default() };
        for option in options::all() {
            let start = match option.load {
                Some(LoadKind::Users) => &of_rate,
                Some(LoadKind::Rate) => &of_users,
                None => continue,
            };
            let of_both = overlaid(&typed(&[&options::samples::word(option)]), start, &[]);
            let of_form = overlaid(&typed(&[]), start, &[]);
            assert_eq!(format!("{of_both:?}"), format!("{of_form:?}"), "{}", option.name);
        }
    }

    #[test]
    fn an_emptied_field_takes_away_what_was_typed() {
        let args = typed(&["-t", "60", "-T", "a", "--profile", "p", "--set", "a=1"]);
        let text = |text: &str| Some(text.to_owned());
        let start = StartForm {
            run_time: Some(None),
            tags: Some(Vec::new()),
            profile: text(""),
            parameters: ["a", "b", "c", "d"].map(|name| (name.into(), String::new())).into(),
            ..StartForm::default()
        };
        let overlaid = overlaid(&args, &start, &[]);
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
        let rate = StartForm { rate: Some(9.0), ..StartForm::default() };
        let options = overlaid(&typed(&["-u", "5", "-r", "2"]), &rate, &[]).options();
        assert_eq!((options.users, options.spawn_rate, options.rate), (None, None, Some(9.0)));
        let users = StartForm { users: Some(3), ..StartForm::default() };
        let args = typed(&["--rate", "9", "--max-users", "5", "--arrivals", "uniform"]);
        let options = overlaid(&args, &users, &[]).options();
        assert_eq!((options.users, options.rate), (Some(3), None));
        assert_eq!((options.max_users, options.arrivals), (None, None));
    }

    #[test]
    fn a_spawn_rate_is_of_no_use_with_a_rate() {
        let start = StartForm { spawn_rate: Some(5.0), ..StartForm::default() };
        let field = |args: &[&str], start: &StartForm| {
            let fault =
                contradiction(&overlaid(&typed(args), start, &[]), &Scenario::default(), start);
            fault.map(|fault| fault.field)
        };
        assert_eq!(field(&["--rate", "9"], &start).as_deref(), Some("spawn_rate"));
        assert_eq!(field(&["--rate", "9"], &StartForm { users: Some(1), ..start.clone() }), None);
        assert_eq!(
            (field(&[], &start), field(&["--rate", "9"], &StartForm::default())),
            (None, None)
        );
    }

    /// The time on the form, or that of a level on the command line: only one of them is on the page.
    #[test]
    fn a_run_that_is_over_before_its_levels_are_judged_is_refused_beside_its_time() {
        let scenario = Scenario::new("http://127.0.0.1:1");
        let scenario = scenario.user(User::new("u").task(Step::get("/")));
        let start =
            StartForm { run_time: Some(Some(Duration::from_secs(5))), ..StartForm::default() };
        let args = typed(&["--abort-when", "p95 > 1s", "--abort-after", "7s", "-t", "60"]);
        let plan =
            |args: &RunArgs, start: &StartForm| Plan::new(scenario.clone(), options(args, start));
        assert!(plan(&args, &StartForm::default()).is_ok());
        let error: Error = plan(&overlaid(&args, &start, &[]), &start).unwrap_err().into();
        assert_eq!(fault(&error, &start, &Values::default()).field, "run_time", "{error}");
    }

    #[track_caller]
    fn check(start: StartForm, field: &str) {
        let task = Task::steps("t", vec![Step::get("/")]).tags(["known"]);
        let scenario = Scenario { users: vec![User::new("u").task(task)], ..Scenario::default() };
        let host = start.host.clone().unwrap_or("http://127.0.0.1:1".into());
        let start = StartForm { host: Some(host).filter(|host| !host.is_empty()), ..start };
        let args = overlaid(&typed(&[]), &start, &[]);
        let error: Error = Plan::new(scenario, options(&args, &start)).unwrap_err().into();
        assert_eq!(fault(&error, &start, &Values::default()).field, field, "{error}");
    }

    #[test]
    fn a_fault_of_the_file_is_told_without_its_place_where_a_form_can_mend_it() {
        let told = |text: &str, values: &Values| {
            let error: Error = file::parse_with("s.toml", text, values).unwrap_err().into();
            let FieldError { field, message } = fault(&error, &StartForm::default(), values);
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
        let start =
            StartForm { parameters: [("b".into(), "1".into())].into(), ..StartForm::default() };
        assert_eq!(unknown(&[], &start).unwrap().field, "parameters.b");
        let known = [Parameter { name: "b".into(), ..Parameter::default() }];
        assert_eq!(unknown(&known, &start), None);
    }

    #[test]
    fn a_refusal_is_beside_the_field_that_is_to_be_changed() {
        let start = StartForm::default;
        let unknown = || Some(vec!["unknown".to_owned()]);
        check(StartForm { host: Some(String::new()), ..start() }, "host");
        check(StartForm { host: Some("nonsense".into()), ..start() }, "host");
        check(StartForm { users: Some(u32::MAX), ..start() }, "users");
        check(StartForm { users: Some(1), rate: Some(1.0), ..start() }, "rate");
        check(StartForm { run_time: Some(Some(Duration::ZERO)), ..start() }, "run_time");
        check(StartForm { tags: unknown(), ..start() }, "tags");
        check(StartForm { exclude_tags: unknown(), ..start() }, "exclude_tags");
        check(StartForm { exclude_tags: Some(vec!["known".into()]), ..start() }, "tags");
        check(StartForm { classes: Some(Vec::new()), ..start() }, "classes");
        check(StartForm { cores: Some(vec![65_000]), ..start() }, "cores");
    }
}
