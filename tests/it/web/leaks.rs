//! Many runs on one page: no memory, threads or descriptors are leaked.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::SCENARIO;
use crate::support::{Page, Run, plain_server};

/// Runs after which all that is kept for later runs exists.
const WARM_UP: u64 = 20;
const RUNS: u64 = 200;
/// The tolerated growth of memory, which the allocator keeps. A leaked history for each run would be more.
const GROWTH_MAX: u64 = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

/// The resources of a process: descriptors, threads, resident bytes.
fn holdings(page: &Page) -> (usize, usize, u64) {
    let process = format!("/proc/{}", page.running.id());
    let count = |folder: &str| fs::read_dir(format!("{process}/{folder}")).unwrap().count();
    let statm = fs::read_to_string(format!("{process}/statm")).unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    (count("fd"), count("task"), pages * rustix::param::page_size() as u64)
}

/// Connections of the page that were just closed may still be open in the process.
fn settled(page: &Page, most: (usize, usize)) -> (usize, usize, u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = holdings(page);
        if (now.0 <= most.0 && now.1 <= most.1) || Instant::now() > deadline {
            return now;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_runs_leave_descriptors_threads_and_memory_where_they_were() {
    let server = plain_server();
    let run = Run::of(SCENARIO).host(server.address).args(["--iterations", "1"]);
    let page = run.args(["--only-summary"]).open_page();
    let mut before = None;
    for number in 1..=RUNS {
        let deadline = Instant::now() + PATIENCE;
        assert_eq!(page.command("/api/v1/runs", &json!({})), json!({ "run": number }));
        while page.view()["state"] != "stopped" {
            assert!(Instant::now() < deadline, "run {number} does not end");
        }
        if number == WARM_UP {
            before = Some(holdings(&page));
        }
    }
    let (files, threads, memory) = before.unwrap();
    let after = settled(&page, (files, threads));
    assert!(after.0 <= files, "{files} descriptors became {}", after.0);
    assert!(after.1 <= threads, "{threads} threads became {}", after.1);
    assert!(after.2 <= memory + GROWTH_MAX, "{memory} bytes became {}", after.2);
    assert_eq!(server.count(), RUNS);
    page.quit().code(0);
}
