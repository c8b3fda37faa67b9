//! A value of each option, for tests that compare the places where options are given with the table.

use serde_json::{Value as Json, json};

use super::{GROUPS, RunOption, Value};

/// Returns a value, as flags and `POST /swarm` have it.
pub(crate) fn text(option: &RunOption) -> &'static str {
    match (option.name, option.value) {
        ("host" | "proxy", _) => "http://127.0.0.1:1",
        ("arrivals", _) => "poisson",
        ("abort_when", _) => "p95 > 2s",
        ("set", _) => "a=b",
        ("config_users", _) => r#"{"user_class_name":"A","weight":3}"#,
        ("local_address" | "web_host", _) => "127.0.0.2",
        ("resolve", _) => "h:80:127.0.0.1",
        ("web_base_path", _) => "/example",
        ("loglevel", _) => "DEBUG",
        ("cores", _) => "0",
        ("io", _) => "epoll",
        (_, Value::Switch) => "true",
        (_, Value::Whole { .. } | Value::PerSecond { .. }) => "7",
        (_, Value::Time) => "90s",
        (_, Value::Text(_) | Value::Texts(_)) => "example",
    }
}

/// Returns the value as `POST /api/v1/runs` has it.
pub(crate) fn json(option: &RunOption) -> Json {
    match option.name {
        "user_classes" => json!([text(option)]),
        _ => text(option).into(),
    }
}

/// Returns the value as a word of a command line.
pub(crate) fn word(option: &RunOption) -> String {
    match option.value {
        Value::Switch => format!("--{}", option.flag()),
        _ => format!("--{}={}", option.flag(), text(option)),
    }
}

/// Returns the value as a line of a scenario file.
pub(crate) fn line(option: &RunOption) -> String {
    let text = text(option);
    match option.value {
        Value::Switch | Value::Whole { .. } | Value::PerSecond { .. } => {
            format!("{} = {text}", option.name)
        }
        Value::Time | Value::Text(_) | Value::Texts(_) => format!("{} = \"{text}\"", option.name),
    }
}

/// Returns the options that change what a run does: all but those of reports, page and log, those that name
/// the scenario, and those that print something instead of a run.
pub(crate) fn of_a_run() -> impl Iterator<Item = &'static RunOption> {
    let others = ["file", "list", "show_task_ratio", "show_task_ratio_json"];
    let is_about_runs = |heading| !["Reports", "Web page", "Log and help"].contains(&heading);
    let groups = GROUPS.iter().filter(move |group| is_about_runs(group.heading));
    groups.flat_map(|group| group.options).filter(move |option| !others.contains(&option.name))
}

/// Returns a command line with this option and the option that it requires.
pub(crate) fn command_line(option: &RunOption) -> Vec<String> {
    let beside = (option.name == "key").then(|| "--cert=example".to_owned());
    let words = ["gregaria", "a.toml"].map(str::to_owned).into_iter();
    words.chain(beside).chain([word(option)]).collect()
}
