//! What reports show of a scenario.

use std::collections::HashMap;

use super::{Scenario, Task, TaskPart, User};
use crate::session::Check;
use crate::stats::EntryKey;
use crate::workload::{ClassTasks, DeclaredCheck, TaskWeight, Workload};

impl Scenario {
    /// Returns its classes, tasks and declared checks as the plain data that reports show.
    pub fn workload(&self) -> Workload {
        Workload { classes: self.users.iter().map(class).collect(), checks: self.checks() }
    }

    fn checks(&self) -> Vec<DeclaredCheck> {
        let mut order: Vec<EntryKey> = Vec::new();
        let mut declared: HashMap<EntryKey, Vec<&Check>> = HashMap::new();
        let steps = self.users.iter().flat_map(User::steps);
        for step in steps.filter(|step| !step.checks.is_empty()) {
            let entry =
                EntryKey { method: step.request.method.to_string(), name: step.report_name() };
            let checks = declared.entry(entry.clone()).or_default();
            if checks.is_empty() {
                order.push(entry);
            }
            for check in &step.checks {
                // Several tasks may make the same request.
                if !checks.contains(&check) {
                    checks.push(check);
                }
            }
        }
        let of_entry = |entry: &EntryKey| {
            let check = |check: &&Check| DeclaredCheck {
                entry: entry.clone(),
                condition: check.condition.to_string(),
                failures: check.failure_texts(),
            };
            declared[entry].iter().map(check).collect::<Vec<_>>()
        };
        order.iter().flat_map(of_entry).collect()
    }
}

fn class(user: &User) -> ClassTasks {
    let task = |task: &Task| TaskWeight {
        name: task.name.clone(),
        weight: task.weight,
        tasks: task.parts.iter().map(part).collect(),
    };
    ClassTasks { name: user.name.clone(), tasks: user.tasks.iter().map(task).collect() }
}

fn part(part: &TaskPart) -> TaskWeight {
    let tasks = part.parts.iter().map(self::part).collect();
    TaskWeight { name: part.name.clone(), weight: part.weight, tasks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Step;
    use crate::session::{json_exists, status};

    #[test]
    fn checks_are_grouped_by_entry_and_each_is_there_once() {
        let home = || Step::get("/").check(status(200));
        let user = User::new("A")
            .task(Task::from(home()).weight(3))
            .task(Step::get("/a").check(status(204)))
            .task(home().check(json_exists("/b")));
        let workload = Scenario::default().user(user).workload();
        let checks = workload.checks.iter();
        let checks: Vec<_> =
            checks.map(|c| (c.entry.name.as_str(), c.condition.as_str())).collect();
        let expected =
            [("/", "status is 200"), ("/", "JSON has a value at /b"), ("/a", "status is 204")];
        assert_eq!(checks, expected);
        assert_eq!(
            workload.classes[0].tasks[0],
            TaskWeight { name: "GET /".into(), weight: 3, tasks: Vec::new() }
        );
    }
}
