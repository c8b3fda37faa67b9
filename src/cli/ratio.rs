//! `--list` and `--show-task-ratio`: the classes and tasks of a scenario, in Locust's layout.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value};

use crate::plan::Plan;
use crate::report::view::tasks;
use crate::scenario::{Scenario, Share};
use crate::stats::UserCount;

/// Lists the names of the user classes.
pub(super) fn list(scenario: &Scenario) -> String {
    let mut text = String::from("Available Users:\n");
    for user in &scenario.users {
        let _ = writeln!(text, "    {}", user.name);
    }
    text
}

/// Returns the number of users at which classes have exactly the ratio of their weights: as in Locust,
/// the sum of the weights. `None` if the scenario has a number of users, or classes have fixed counts.
pub(super) fn enough_users(scenario: &Scenario) -> Option<u32> {
    let load = &scenario.load;
    if load.users.is_some() || load.shape.is_some() || load.arrivals.is_some() {
        return None;
    }
    let weights = scenario.users.iter().map(|user| match user.share {
        Share::Weight(weight) => Some(weight),
        Share::Fixed(_) => None,
    });
    let weights: Vec<f64> = weights.collect::<Option<_>>()?;
    let is_whole = weights.iter().all(|weight| weight.fract() == 0.0);
    let total = weights.iter().sum::<f64>() * if is_whole { 1.0 } else { 1000.0 };
    Some(total.clamp(1.0, 1e6) as u32)
}

/// Prints how often each task is chosen: first within its class, then among all users of the plan.
pub(super) fn text(plan: &Plan) -> String {
    let ratios = ratios(plan);
    let mut text = String::new();
    for (title, key) in [("Task ratio per User class", "per_class"), ("Total task ratio", "total")]
    {
        let _ = writeln!(text, "\n {title}\n{}", "-".repeat(80));
        lines(&mut text, 0, &ratios[key]);
    }
    text.push('\n');
    text
}

/// Returns the same as JSON, as Locust has it.
pub(super) fn json(plan: &Plan) -> String {
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut serializer = Serializer::with_formatter(&mut text, formatter);
    // Writing a JSON value to memory cannot fail.
    let _ = ratios(plan).serialize(&mut serializer);
    String::from_utf8_lossy(&text).into_owned() + "\n"
}

fn ratios(plan: &Plan) -> Value {
    let users = plan.scenario.users.iter().zip(plan.users_of_classes());
    let counts: Vec<UserCount> =
        users.map(|(user, running)| UserCount { class: user.name.clone(), running }).collect();
    tasks(&plan.scenario.workload(), &counts)
}

/// Prints classes or tasks with their shares, and below each what is in it.
fn lines(text: &mut String, level: usize, ratios: &Value) {
    for (name, node) in ratios.as_object().into_iter().flatten() {
        line(text, level, node["ratio"].as_f64().unwrap_or_default(), name);
        lines(text, level + 1, &node["tasks"]);
    }
}

/// Prints a percentage and a name, both indented by two spaces per level.
fn line(text: &mut String, level: usize, ratio: f64, name: &str) {
    let pad = "  ".repeat(level);
    let percent = format!("{pad}{:<6.1}", ratio * 100.0);
    let _ = writeln!(text, " {percent:<10} {:<50}", format!("{pad}{name}"));
}
