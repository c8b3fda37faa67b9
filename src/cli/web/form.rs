//! The start form as JSON, filled in with the values of the command line and the scenario.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::RunArgs;
use crate::cli::locustfile::Locustfile;
use crate::cli::milestones;
use crate::cli::scenario_template::ScenarioTemplate;
use crate::cores::allowed_cores;
use crate::credentials::hidden;
use crate::plan::{ResolvedLoad, SelectedClass};
use crate::scenario::file::Values;
use crate::scenario::{ClassSettings, Parameter, ParameterKind, Scenario, Share, User};
use crate::units;
use crate::web::FormOf;

/// Returns what makes the form of a scenario, which the template has made without changes of classes.
pub(super) fn form(template: &ScenarioTemplate, original: Scenario, args: &RunArgs) -> FormOf {
    let (template, args) = (template.clone(), args.clone());
    Arc::new(move |settings| {
        let scenario = template.changed(original.clone(), settings)?;
        let mut form = filled_in(&template, &scenario, &args);
        form["classes"] = classes(&original.users, &scenario.users, settings, &args);
        Ok(form)
    })
}

/// Makes the form of a scenario, but for its classes.
fn filled_in(template: &ScenarioTemplate, scenario: &Scenario, args: &RunArgs) -> Value {
    let own = &scenario.load;
    let locustfile = template.locustfile();
    let shape = locustfile.and_then(Locustfile::shape);
    let kind = match (&own.shape, &own.arrivals) {
        _ if args.rate.is_some() => "rate",
        _ if shape.is_some() => "shape",
        (_, Some(_)) => "rate",
        (Some(_), None) => "shape",
        (None, None) => "users",
    };
    let allowed: Vec<usize> = allowed_cores().into_iter().map(|core| core.id).collect();
    let cores = args.cores.as_ref().map_or(&allowed, |cores| &cores.0);
    let (users, spawn_rate) = match kind {
        "users" => (
            Some(args.users.or(own.users).unwrap_or(1)),
            Some(args.spawn_rate.or(own.spawn_rate).unwrap_or(1.0)),
        ),
        _ => (None, None),
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "scenario": hidden(template.name()),
        "users": users,
        "spawn_rate": spawn_rate,
        "host": args.host.as_deref().or(host(scenario)).map(hidden),
        "run_time": args.run_time.or(own.run_time).map(units::short),
        "load": kind,
        "rate": args.rate,
        "load_text": shape.map_or_else(
            || load_text(scenario, args),
            |name| format!("Following the load shape {name}"),
        ),
        "tags": scenario.tags(),
        "cores": units::cores(cores),
        "profile": args.profile.as_deref().or(scenario.reports.profile.as_deref()).map(hidden),
        "allowed_cores": allowed,
        "full_history": args.csv.is_some() && args.csv_full_history,
        "shapes": locustfile.map(Locustfile::shapes).unwrap_or_default(),
        "shape": shape,
        "parameters": parameters(scenario, &args.set.values()),
    })
}

/// Describes the load as text; empty for a scenario that has no valid load yet.
fn load_text(scenario: &Scenario, args: &RunArgs) -> String {
    let load = ResolvedLoad::new(scenario.clone(), &args.options());
    let text =
        |load: ResolvedLoad| milestones::load(&load.shape, load.arrivals.as_ref(), load.users);
    load.map(text).unwrap_or_default()
}

/// Returns what makes this form with the parameters of a scenario of which only those are known.
pub(super) fn with_parameters(form: &Value, scenario: &Scenario, args: &RunArgs) -> FormOf {
    let mut form = form.clone();
    form["parameters"] = parameters(scenario, &args.set.values());
    Arc::new(move |_| Ok(form.clone()))
}

/// Returns the host to show, if sending it back unchanged changes nothing: no class has a host of its
/// own, and the host does not depend on parameters.
fn host(scenario: &Scenario) -> Option<&str> {
    let is_everybodys = scenario.users.iter().all(|user| user.host.is_none());
    scenario.host.as_deref().filter(|_| is_everybodys && scenario.parameters.is_empty())
}

/// Lists the parameters. Values from the command line are filled in, except for secrets.
fn parameters(scenario: &Scenario, values: &Values) -> Value {
    let parameter = |parameter: &Parameter| {
        let given = values.get(&parameter.name).filter(|_| !parameter.secret);
        let choices: Vec<_> = parameter.choices.iter().map(|choice| hidden(choice)).collect();
        json!({
            "name": parameter.name,
            "default": given.or(parameter.default.as_deref()).map(hidden),
            "help": parameter.help.as_deref().map(hidden),
            "choices": (!choices.is_empty()).then_some(choices),
            "secret": parameter.secret,
            "required": parameter.required,
            "kind": match parameter.kind {
                ParameterKind::Text => "text",
                ParameterKind::Switch => "switch",
                ParameterKind::Several => "several",
            },
        })
    };
    scenario.parameters.iter().filter(|parameter| !parameter.unlisted).map(parameter).collect()
}

/// Maps names to the picked classes; the first of each name counts.
fn by_name(picked: &[SelectedClass]) -> HashMap<&str, &SelectedClass> {
    picked.iter().rev().map(|one| (one.name.as_str(), one)).collect()
}

/// Describes the classes of the file as they are after the changes. A weight of the command line gives way
/// to settings, which come later.
fn classes(
    original: &[User],
    changed: &[User],
    settings: &[ClassSettings],
    args: &RunArgs,
) -> Value {
    let mut picked = args.options().classes;
    without_weights(picked.iter_mut().flatten(), settings);
    let picked = picked.as_deref().map(by_name);
    let changed: HashMap<&str, &User> = changed.iter().map(|user| (&*user.name, user)).collect();
    let one = |user: &User| class(user, changed.get(&*user.name).copied(), &picked);
    original.iter().map(one).collect()
}

/// Takes the weights of classes away of which settings say how many users there are.
pub(super) fn without_weights<'c>(
    classes: impl Iterator<Item = &'c mut SelectedClass>,
    settings: &[ClassSettings],
) {
    let sharing = settings.iter().filter(|settings| settings.has_share());
    let sharing: HashSet<&str> = sharing.map(ClassSettings::name).collect();
    classes.filter(|class| sharing.contains(&*class.name)).for_each(|class| class.weight = None);
}

/// Describes a class as the file has it and as it is now, if it is there, and whether the command line picks
/// it.
fn class(
    original: &User,
    changed: Option<&User>,
    picked: &Option<HashMap<&str, &SelectedClass>>,
) -> Value {
    let own = picked.as_ref().and_then(|picked| picked.get(original.name.as_str()));
    let is_picked = changed.is_some() && (picked.is_none() || own.is_some());
    let share = changed.map_or(Share::Weight(0.0), |user| user.share);
    let (weight, count) = match own.and_then(|own| own.weight).map_or(share, Share::Weight) {
        Share::Weight(weight) => (Some(weight), None),
        Share::Fixed(count) => (None, Some(count)),
    };
    let now = changed.unwrap_or(original);
    let tasks = |user: &User| user.tasks.iter().map(|task| task.name.clone()).collect::<Value>();
    json!({
        "name": original.name,
        "weight": weight,
        "fixed_count": count,
        "picked": is_picked,
        "host": now.host.as_deref().map(hidden),
        "tasks": tasks(original),
        "kept_tasks": tasks(now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_shown_only_where_it_changes_nothing_when_it_comes_back() {
        let shared = Scenario::new("http://a").user(User::new("u"));
        assert_eq!(host(&shared), Some("http://a"));
        let own = User { host: Some("http://b".into()), ..User::new("own") };
        assert_eq!(host(&shared.clone().user(own)), None);
        let parameters = vec![Parameter { name: "region".into(), ..Parameter::default() }];
        assert_eq!(host(&Scenario { parameters, ..shared }), None);
        assert_eq!(host(&Scenario::default()), None);
    }

    #[test]
    fn classes_are_picked_by_the_command_line_or_all() {
        let picked = |names: Option<Vec<SelectedClass>>| {
            let names = names.as_deref().map(by_name);
            ["a", "b"].map(|name| {
                let user = User::new(name);
                class(&user, Some(&user), &names)["picked"].as_bool().unwrap()
            })
        };
        assert_eq!(picked(None), [true, true]);
        assert_eq!(picked(Some(vec![SelectedClass::new("b")])), [false, true]);
        let fixed = User::new("a").fixed_count(2);
        let weight = |weight| {
            let picked = [SelectedClass { weight, ..SelectedClass::new("a") }];
            class(&fixed, Some(&fixed), &Some(by_name(&picked)))
        };
        let (own, typed) = (weight(None), weight(Some(3.0)));
        assert_eq!((&own["weight"], &own["fixed_count"]), (&Value::Null, &json!(2)));
        assert_eq!((&typed["weight"], &typed["fixed_count"]), (&json!(3.0), &Value::Null));
    }

    #[test]
    fn parameters_show_what_the_command_line_gives_but_no_secrets() {
        let parameter = |name: &str| Parameter { name: name.into(), ..Parameter::default() };
        let (region, token) = (parameter("region"), parameter("token"));
        let parameters = vec![
            Parameter { default: Some("eu".into()), choices: vec!["eu".into()], ..region },
            Parameter {
                help: Some("from whom".into()),
                secret: true,
                required: true,
                kind: ParameterKind::Switch,
                ..token
            },
            Parameter {
                default: Some("".into()),
                kind: ParameterKind::Several,
                ..parameter("more")
            },
            Parameter { unlisted: true, ..parameter("internal") },
        ];
        let scenario = Scenario { parameters, ..Scenario::default() };
        let values = Values::from_iter([("token", "hunter2"), ("more", "x")]);
        assert_eq!(
            super::parameters(&scenario, &values),
            json!([
                {"name": "region", "default": "eu", "help": null, "choices": ["eu"], "secret": false, "required": false, "kind": "text"},
                {"name": "token", "default": null, "help": "from whom", "choices": null, "secret": true, "required": true, "kind": "switch"},
                {"name": "more", "default": "x", "help": null, "choices": null, "secret": false, "required": false, "kind": "several"},
            ])
        );
    }
}
