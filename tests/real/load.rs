//! Users that only make requests.

use crate::harness::{Results, Run};

/// Makes a scenario of users who request these in turn, almost without a pause.
pub(crate) fn scenario(tasks: &[&str]) -> String {
    scenario_with("", tasks)
}

/// Makes the same scenario with more lines in the class.
pub(crate) fn scenario_with(more: &str, tasks: &[&str]) -> String {
    let wait = if more.contains("wait_time") { "" } else { "wait_time = \"1ms\"" };
    let tasks: Vec<String> = tasks.iter().map(|task| format!("[[user.task]]\n{task}\n")).collect();
    format!("[[user]]\nname = \"Asker\"\n{wait}\n{more}\n{}", tasks.concat())
}

/// Starts a run of this many users for this time, who may finish their tasks.
pub(crate) fn flags<'f>(host: &'f str, users: &'f str, run_time: &'f str) -> [&'f str; 8] {
    ["-H", host, "-u", users, "-t", run_time, "-r1000", "--stop-timeout=5s"]
}

/// Runs it to the end.
pub(crate) fn run(scenario: &str, host: &str) -> Results {
    Run::start_with_csv(scenario, &flags(host, "16", "1s")).results()
}

/// Runs this many tasks, for a server that may be too slow to see each kind of task in a second.
pub(crate) fn run_tasks(scenario: &str, host: &str, tasks: u32) -> Results {
    let tasks = format!("-i{tasks}");
    Run::start_with_csv(scenario, &[&flags(host, "16", "60s")[..], &[&tasks]].concat()).results()
}
