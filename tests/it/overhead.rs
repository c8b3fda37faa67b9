//! `gregaria overhead` measures the generator.

use crate::support::Run;

#[test]
fn overhead_measures_ourselves() {
    let measure = |more: &[&str]| {
        let run = Run::new(["overhead", "--seconds", "1", "--users", "3"]).args(more);
        run.go().code(0).stdout
    };
    let json: serde_json::Value = serde_json::from_str(&measure(&["--json"])).unwrap();
    let level = &json["levels"][0];
    let number = |pointer: &str| level.pointer(pointer).unwrap().as_f64().unwrap();
    assert_eq!(number("/users"), 3.0);
    assert!(number("/requests_per_s") > 100.0, "{json:#}");
    assert!(number("/requests_per_cpu_s") >= number("/requests_per_s"), "{json:#}");
    let cost = number("/cpu_us_per_request/user") + number("/cpu_us_per_request/system");
    assert!((cost * number("/requests_per_cpu_s") - 1e6).abs() < 1e3, "{json:#}");
    for times in ["latency_us", "lateness_us"] {
        let at = |share: &str| level[times][share].as_f64().unwrap();
        assert!(at("p50") > 0.0 && at("p50") <= at("p99") && at("p99") <= at("p99.9"), "{json:#}");
    }
    assert!(json["sample_ns"].as_f64().unwrap() > 1.0, "{json:#}");

    let text = measure(&[]);
    for part in ["\n     3 | ", "\nCeiling: ", "\nFloor: ", "\nTimers: with 3 users"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn overhead_refuses_what_it_cannot_measure() {
    let no_core = Run::new(["overhead", "--core", "999"]).go().code(2);
    assert!(no_core.stderr.contains("core 999 cannot be used"), "{}", no_core.stderr);
    let no_users = Run::new(["overhead", "--users", "0"]).go().code(2);
    assert!(no_users.stderr.contains("invalid value '0'"), "{}", no_users.stderr);
}
