//! What a core process is to run, as data: it plans the same run as the command.

use serde::{Deserialize, Serialize};

use super::Actions;
use super::description::Description;
use crate::plan::{self, Options, Plan};
use crate::scenario::{Scenario, Share, Task};

/// One core's share of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    /// The core's number in the run.
    pub(super) core: usize,
    pub(super) cores: usize,
    description: Description,
    /// What the plan has left of the description, in its order.
    classes: Vec<PlannedClass>,
    options: Options,
    /// Whether the load will be changed while it runs.
    pub(super) expects_changes: bool,
}

/// A class of a plan, as far as options and flags may change it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PlannedClass {
    name: String,
    host: Option<String>,
    share: Share,
    tasks: Vec<PlannedTask>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PlannedTask {
    name: String,
    weight: u32,
    tags: Vec<String>,
}

/// Why a core process cannot plan its run. The command has planned it, so the two do not agree.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Description(#[from] super::DescriptionError),
    #[error("there is no class of users named '{0}'")]
    NoClass(String),
    #[error("the class '{0}' has no task '{1}' where the plan has one")]
    NoTask(String, String),
    #[error(transparent)]
    Plan(#[from] plan::Error),
}

impl Assignment {
    /// Makes the assignment of core `core` from the command's own plan.
    pub(super) fn new(
        core: usize,
        description: &Description,
        options: &Options,
        plan: &Plan,
        expects_changes: bool,
    ) -> Self {
        Assignment {
            core,
            cores: plan.cores.len(),
            description: description.clone(),
            classes: plan.scenario.users.iter().map(PlannedClass::of).collect(),
            options: Options {
                // The plan has applied them.
                classes: None,
                tags: Vec::new(),
                exclude_tags: Vec::new(),
                // The command has chosen them for all.
                seed: Some(plan.seed),
                cores: Some(plan.cores.iter().map(|core| core.id).collect()),
                ..options.clone()
            },
            expects_changes,
        }
    }

    /// Plans the run, whose users do what these actions do.
    pub(super) fn plan(self, actions: &dyn Actions) -> Result<Plan, Error> {
        let scenario = self.description.scenario(actions)?;
        let scenario = kept(scenario, &self.classes)?;
        Ok(Plan::new(scenario, self.options)?)
    }
}

impl PlannedClass {
    fn of(user: &crate::scenario::User) -> Self {
        PlannedClass {
            name: user.name.clone(),
            host: user.host.clone(),
            share: user.share,
            tasks: user.tasks.iter().map(PlannedTask::of).collect(),
        }
    }
}

impl PlannedTask {
    fn of(task: &Task) -> Self {
        PlannedTask { name: task.name.clone(), weight: task.weight, tags: task.tags.clone() }
    }

    fn is_of(&self, task: &Task) -> bool {
        self.name == task.name && self.tags == task.tags
    }
}

/// Leaves of a scenario the classes and tasks of the plan, in their order.
fn kept(mut scenario: Scenario, classes: &[PlannedClass]) -> Result<Scenario, Error> {
    let mut users = std::mem::take(&mut scenario.users);
    for PlannedClass { name, host, share, tasks } in classes {
        let place = users.iter().position(|user| user.name == *name);
        let place = place.ok_or_else(|| Error::NoClass(name.clone()))?;
        let mut user = users.swap_remove(place);
        (user.host, user.share) = (host.clone(), *share);
        // The plan has kept their order, and may have changed their weights.
        let mut described = std::mem::take(&mut user.tasks).into_iter();
        for planned in tasks {
            let task = described.find(|task| planned.is_of(task));
            let task = task.ok_or_else(|| Error::NoTask(name.clone(), planned.name.clone()))?;
            user.tasks.push(task.weight(planned.weight));
        }
        scenario.users.push(user);
    }
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::locustfile::Described;
    use crate::plan::SelectedClass;

    fn description() -> Description {
        let task = |name: &str, tag: &str| json!({"name": name, "weight": 2, "tags": [tag], "kind": "function"});
        let class = |name: &str| {
            json!({
                "name": name, "weight": 1, "wait": {"kind": "constant"}, "client": "fast",
                "tasks": [task("read", "r"), task("write", "w")], "file": "l.py", "line": 1,
            })
        };
        let classes = json!({"python": "3", "classes": [class("A"), class("B"), class("C")]});
        serde_json::from_value(classes).unwrap()
    }

    #[test]
    fn a_core_process_plans_what_the_command_has_planned() {
        let options = Options {
            classes: Some(vec![SelectedClass::new("C"), SelectedClass::new("B")]),
            tags: vec!["w".into()],
            host: Some("http://127.0.0.1:1".into()),
            users: Some(7),
            ..Options::default()
        };
        let mut scenario = description().scenario(&Described).unwrap();
        scenario.users[1].share = Share::Fixed(2);
        scenario.users[2].host = Some("http://127.0.0.1:2".into());
        // As --equal-weights does.
        scenario.users[2].tasks.iter_mut().for_each(|task| task.weight = 1);
        let plan = Plan::new(scenario, options.clone()).unwrap();
        let assignment = Assignment::new(1, &description(), &options, &plan, true);
        let text = serde_json::to_string(&assignment).unwrap();
        let assignment: Assignment = serde_json::from_str(&text).unwrap();
        assert_eq!((assignment.core, assignment.expects_changes), (1, true));
        let own = assignment.plan(&Described).unwrap();
        assert_eq!((own.seed, &own.cores, &own.classes), (plan.seed, &plan.cores, &plan.classes));
        assert_eq!((own.users, &own.shape, &own.targets), (7, &plan.shape, &plan.targets));
        let names = |plan: &Plan| {
            let users = plan.scenario.users.iter();
            let tasks = |user: &crate::scenario::User| {
                user.tasks.iter().map(|task| (task.name.clone(), task.weight)).collect::<Vec<_>>()
            };
            users.map(|user| (user.name.clone(), user.share, tasks(user))).collect::<Vec<_>>()
        };
        assert_eq!(names(&own), names(&plan));
        assert_eq!(names(&own)[0], ("B".into(), Share::Fixed(2), vec![("write".to_owned(), 2)]));
        assert_eq!(names(&own)[1].2, [("write".to_owned(), 1)]);
    }
}
