use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::control::Control;
use crate::plan::{Options, Plan};

#[test]
#[ignore]
fn trial() {
    use crate::locustfile::{Interpreter, Load};
    let library = std::env::var("LIBPYTHON").unwrap();
    interpreter::open(Path::new(&library)).unwrap();
    unsafe { (api::api().Py_InitializeEx)(0) };
    let mut python = Python::take_over().unwrap();
    let files = vec![std::env::var("FILE").unwrap()];
    let load = Load {
        files,
        options: serde_json::json!({"host": std::env::var("HOST").unwrap()}),
        arguments: serde_json::json!({"words": []}),
    };
    let described = python.load(&load).unwrap_or_else(|error| panic!("{error}"));
    let actions = python.actions(0, 1).unwrap_or_else(|error| panic!("{error}"));
    let mut scenario = described.scenario(&*actions).unwrap();
    scenario.host = Some(std::env::var("HOST").unwrap());
    let users = std::env::var("USERS").map_or(10, |users| users.parse().unwrap());
    let options = Options {
        users: Some(users),
        spawn_rate: Some(1e5),
        run_time: Some(Duration::from_secs(4)),
        cores: Some(vec![0]),
        ..Options::default()
    };
    let plan = Arc::new(Plan::new(scenario, options).unwrap());
    let control = Arc::new(Control::of(false));
    let before = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let summary = crate::run::run(&plan, &control, Vec::new(), |_| ()).unwrap();
    let total = &summary.snapshot.total;
    eprintln!(
        "requests {} failures {} exceptions {:?}",
        total.requests, total.failures, summary.snapshot.exceptions
    );
    for failure in &summary.snapshot.failures {
        eprintln!("{failure:?}");
    }
    let busy = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let us = |time: rustix::time::Timespec| time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
    eprintln!("us per request {}", (us(busy) - us(before)) / total.requests as f64);
}
