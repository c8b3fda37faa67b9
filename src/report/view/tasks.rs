//! How often each task is chosen, in the shape of Locust's `/tasks`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::scenario::{Scenario, User};
use crate::stats::UserCount;

/// `per_class` with the shares of a class's tasks, `total` with those of all running users: by class
/// `ratio` and `tasks`, by task `ratio`. As in Locust, nobody's share is 0.
pub fn tasks(scenario: &Scenario, running: &[UserCount]) -> Value {
    let all: u64 = running.iter().map(|class| class.running).sum();
    let of_class: HashMap<&str, u64> =
        running.iter().map(|class| (class.class.as_str(), class.running)).collect();
    let share = |user: &User| {
        let running = of_class.get(user.name.as_str()).copied().unwrap_or_default();
        running as f64 / all.max(1) as f64
    };
    let classes = |of: fn(f64) -> f64| -> Map<String, Value> {
        let users = scenario.users.iter();
        users.map(|user| (user.name.clone(), class(user, share(user), of(share(user))))).collect()
    };
    json!({ "per_class": classes(|_| 1.0), "total": classes(|share| share) })
}

/// A class with this share of the users, whose tasks have this share of the work.
fn class(user: &User, ratio: f64, of_all: f64) -> Value {
    let weights: u64 = user.tasks.iter().map(|task| u64::from(task.weight)).sum();
    let mut tasks: Map<String, Value> = Map::new();
    for task in &user.tasks {
        let share = of_all * f64::from(task.weight) / weights.max(1) as f64;
        // Tasks of one name are one row, as their requests are.
        let before = tasks.get(&task.name).and_then(|task| task["ratio"].as_f64());
        tasks.insert(task.name.clone(), json!({ "ratio": before.unwrap_or_default() + share }));
    }
    json!({ "ratio": ratio, "tasks": tasks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Step, Task};

    #[test]
    fn shares_are_of_the_class_and_of_all_who_run() {
        let task = |path: &str, weight| Task::from(Step::get(path)).weight(weight);
        let scenario = Scenario::default()
            .user(User::new("A").task(task("/a", 3)).task(task("/b", 1)))
            .user(User::new("B").task(task("/c", 1)));
        let running = |class: &str, running| UserCount { class: class.to_owned(), running };
        let all = tasks(&scenario, &[running("A", 1), running("B", 3)]);
        assert_eq!(
            all["per_class"]["A"],
            json!({ "ratio": 0.25, "tasks": { "GET /a": { "ratio": 0.75 }, "GET /b": { "ratio": 0.25 } } })
        );
        assert_eq!(
            all["total"]["A"],
            json!({ "ratio": 0.25, "tasks": { "GET /a": { "ratio": 0.1875 }, "GET /b": { "ratio": 0.0625 } } })
        );
        assert_eq!(all["total"]["B"]["tasks"]["GET /c"]["ratio"], 0.75);
        let nobody = tasks(&scenario, &[]);
        assert_eq!(
            (&nobody["total"]["A"]["ratio"], &nobody["per_class"]["A"]["tasks"]["GET /a"]["ratio"]),
            (&json!(0.0), &json!(0.75))
        );
    }
}
