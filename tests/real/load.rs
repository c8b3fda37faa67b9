//! Users that do nothing but ask.

use crate::harness::{Results, Run};

/// Users that ask for these in turn, almost without a pause.
pub(crate) fn scenario(tasks: &[&str]) -> String {
    scenario_with("", tasks)
}

/// The same, with more said of the users.
pub(crate) fn scenario_with(more: &str, tasks: &[&str]) -> String {
    let wait = if more.contains("wait_time") { "" } else { "wait_time = \"1ms\"" };
    let tasks: Vec<String> = tasks.iter().map(|task| format!("[[user.task]]\n{task}\n")).collect();
    format!("[[user]]\nname = \"Asker\"\n{wait}\n{more}\n{}", tasks.concat())
}

/// So many users for so long, with the time to finish what they began.
pub(crate) fn flags<'f>(host: &'f str, users: &'f str, run_time: &'f str) -> [&'f str; 8] {
    ["-H", host, "-u", users, "-t", run_time, "-r1000", "--stop-timeout=5s"]
}

/// The end of a run of that.
pub(crate) fn run(scenario: &str, host: &str) -> Results {
    Run::start_with_csv(scenario, &flags(host, "16", "1s")).results()
}

/// The end of a run of so many tasks, for a server that may be too slow to see each kind of them in
/// a second.
pub(crate) fn run_tasks(scenario: &str, host: &str, tasks: u32) -> Results {
    let tasks = format!("-i{tasks}");
    Run::start_with_csv(scenario, &[&flags(host, "16", "60s")[..], &[&tasks]].concat()).results()
}
