//! Locust behaves as the records of `tests/locustfiles/golden` say, and gregaria behaves as Locust does. `LOCUST` names
//! its command.

use std::env;
use std::process::Command;

use crate::script::{program, python_with};

/// A few of all kinds, so that CI does not take minutes: `compare.py` without names runs them all.
const FILES: [&str; 11] = [
    "cookies_session",
    "csrf_form",
    "fast_checks",
    "gevent_pool",
    "http_details",
    "nested_sets",
    "own_samples",
    "rest_crud",
    "search_params",
    "sequential_checkout",
    "shape_classes",
];

/// Runs `compare.py` with these arguments, and expects that nothing differs.
#[track_caller]
fn check_same(mut python: Command, arguments: &[&str]) {
    let script = format!("{}/tests/locustfiles/compare.py", env!("CARGO_MANIFEST_DIR"));
    python.arg(script).args(arguments).args(FILES);
    python.env("GREGARIA", env!("CARGO_BIN_EXE_gregaria"));
    let output = python.output().unwrap();
    let [told, errors] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{told}{errors}");
}

#[test]
fn locust_behaves_as_recorded() {
    let locust = env::var_os("LOCUST").unwrap_or_else(|| "locust".into());
    if let (Some(_), Some(python)) =
        (program(locust, &["--version"], "Locust"), python_with("json"))
    {
        check_same(python, &["--locust"]);
    }
}

#[test]
fn locustfiles_do_the_same_under_gregaria() {
    if let Some(python) = python_with("requests") {
        check_same(python, &[]);
    }
}
