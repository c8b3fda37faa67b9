//! Task ratios, in the format of Locust's `/tasks`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::stats::UserCount;
use crate::workload::{ClassTasks, TaskWeight, Workload};

/// Returns `per_class` with the shares of a class's tasks, `total` with those of all running users: by
/// class `ratio` and `tasks`, by task `ratio`, and of a set of tasks its `tasks`. Without running users the
/// shares are 0, as in Locust.
pub fn tasks(workload: &Workload, running: &[UserCount]) -> Value {
    let all: u64 = running.iter().map(|class| class.running).sum();
    let of_class: HashMap<&str, u64> =
        running.iter().map(|class| (class.class.as_str(), class.running)).collect();
    let share = |class: &ClassTasks| {
        let running = of_class.get(class.name.as_str()).copied().unwrap_or_default();
        running as f64 / all.max(1) as f64
    };
    let classes = |of: Base| -> Map<String, Value> {
        let ratios = |class: &ClassTasks| {
            let share = share(class);
            let tasks = ratios(&class.tasks, of, of.below(share));
            (class.name.clone(), json!({ "ratio": share, "tasks": tasks }))
        };
        workload.classes.iter().map(ratios).collect()
    };
    json!({ "per_class": classes(Base::Parent), "total": classes(Base::All) })
}

/// What shares are of.
#[derive(Clone, Copy)]
enum Base {
    /// The class or the set that a task is in.
    Parent,
    /// All that users do.
    All,
}

impl Base {
    /// Returns what the shares in something of this share add up to.
    fn below(self, share: f64) -> f64 {
        match self {
            Base::Parent => 1.0,
            Base::All => share,
        }
    }
}

/// Returns the shares of these tasks, which add up to `whole`.
fn ratios(tasks: &[TaskWeight], of: Base, whole: f64) -> Map<String, Value> {
    let weights: u64 = tasks.iter().map(|task| u64::from(task.weight)).sum();
    let mut ratios: Map<String, Value> = Map::new();
    for task in tasks {
        let share = whole * f64::from(task.weight) / weights.max(1) as f64;
        // Tasks of the same name are one row, as their requests are.
        let before = ratios.get(&task.name).and_then(|task| task["ratio"].as_f64());
        let mut ratio = json!({ "ratio": before.unwrap_or_default() + share });
        if !task.tasks.is_empty() {
            ratio["tasks"] = self::ratios(&task.tasks, of, of.below(share)).into();
        }
        ratios.insert(task.name.clone(), ratio);
    }
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, Step, Task, TaskPart, User};

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
        let parts = vec![TaskPart::new("a", 3), TaskPart::new("b", 1)];
        let set = Task::from(Step::get("/")).of_parts(parts);
        let set = Scenario::default().user(User::new("A").task(set).task(task("/a", 1)));
        let all = tasks(&set.workload(), &[running("A", 1), running("B", 1)]);
        let of = |section: &str| all[section]["A"]["tasks"]["GET /"].clone();
        let inner = |a: f64, b: f64| json!({ "a": { "ratio": a }, "b": { "ratio": b } });
        assert_eq!(of("per_class"), json!({ "ratio": 0.5, "tasks": inner(0.75, 0.25) }));
        assert_eq!(of("total"), json!({ "ratio": 0.25, "tasks": inner(0.1875, 0.0625) }));
        let nobody = tasks(&workload, &[]);
        assert_eq!(
            (&nobody["total"]["A"]["ratio"], &nobody["per_class"]["A"]["tasks"]["GET /a"]["ratio"]),
            (&json!(0.0), &json!(0.75))
        );
    }
}
