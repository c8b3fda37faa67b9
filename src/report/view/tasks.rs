//! Task ratios, in the format of Locust's `/tasks`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::stats::UserCount;
use crate::workload::{ClassTasks, Workload};

/// Returns `per_class` with the shares of a class's tasks, `total` with those of all running users: by
/// class `ratio` and `tasks`, by task `ratio`. Without running users the shares are 0, as in Locust.
pub fn tasks(workload: &Workload, running: &[UserCount]) -> Value {
    let all: u64 = running.iter().map(|class| class.running).sum();
    let of_class: HashMap<&str, u64> =
        running.iter().map(|class| (class.class.as_str(), class.running)).collect();
    let share = |class: &ClassTasks| {
        let running = of_class.get(class.name.as_str()).copied().unwrap_or_default();
        running as f64 / all.max(1) as f64
    };
    let classes = |of: fn(f64) -> f64| -> Map<String, Value> {
        let classes = workload.classes.iter();
        let ratios = |one: &ClassTasks| class(one, share(one), of(share(one)));
        classes.map(|one| (one.name.clone(), ratios(one))).collect()
    };
    json!({ "per_class": classes(|_| 1.0), "total": classes(|share| share) })
}

/// Returns a class with this share of the users, whose tasks have this share of the work.
fn class(class: &ClassTasks, ratio: f64, of_all: f64) -> Value {
    let weights: u64 = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
    let mut tasks: Map<String, Value> = Map::new();
    for task in &class.tasks {
        let share = of_all * f64::from(task.weight) / weights.max(1) as f64;
        // Tasks of the same name are one row, as their requests are.
        let before = tasks.get(&task.name).and_then(|task| task["ratio"].as_f64());
        tasks.insert(task.name.clone(), json!({ "ratio": before.unwrap_or_default() + share }));
    }
    json!({ "ratio": ratio, "tasks": tasks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, Step, Task, User};

    #[test]
    fn shares_are_of_the_class_and_of_all_who_run() {
        let task = |path: &str, weight| Task::from(Step::get(path)).weight(weight);
        let workload = Scenario::default()
            .user(User::new("A").task(task("/a", 3)).task(task("/b", 1)))
            .user(User::new("B").task(task("/c", 1)))
            .workload();
        let running = |class: &str, running| UserCount { class: class.to_owned(), running };
        let all = tasks(&workload, &[running("A", 1), running("B", 3)]);
        assert_eq!(
            all["per_class"]["A"],
            json!({ "ratio": 0.25, "tasks": { "GET /a": { "ratio": 0.75 }, "GET /b": { "ratio": 0.25 } } })
        );
        assert_eq!(
            all["total"]["A"],
            json!({ "ratio": 0.25, "tasks": { "GET /a": { "ratio": 0.1875 }, "GET /b": { "ratio": 0.0625 } } })
        );
        assert_eq!(all["total"]["B"]["tasks"]["GET /c"]["ratio"], 0.75);
        let nobody = tasks(&workload, &[]);
        assert_eq!(
            (&nobody["total"]["A"]["ratio"], &nobody["per_class"]["A"]["tasks"]["GET /a"]["ratio"]),
            (&json!(0.0), &json!(0.75))
        );
    }
}
