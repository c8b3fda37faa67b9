use super::*;
use crate::report::samples::{core, row, snapshot};
use crate::stats::Standstill;

const MS: Duration = Duration::from_millis(1);

/// A run of so many seconds in which so many requests ended in each.
fn history(seconds: u64, per_second: impl Fn(u64) -> u64) -> History {
    let mut history = History::new(Box::new(|elapsed| Some(elapsed.as_secs_f64())));
    let mut requests = 0;
    for second in 1..=seconds {
        requests += per_second(second);
        history.add(&at(second, requests));
    }
    history
}

fn at(second: u64, requests: u64) -> Snapshot {
    let mut run = snapshot(vec![row("GET", "/", requests, second as u32 * MS)], 7 * MS);
    run.elapsed = Duration::from_secs(second);
    run.users_wanted = None;
    run
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|one| one.as_f64().unwrap()).collect()
}

#[test]
fn each_second_is_a_point_with_its_own_rate() {
    let json = history(3, |second| second * 10).json(true);
    assert_eq!(json["at_s"], json!([1, 2, 3]));
    assert_eq!(json["rps"], json!([10, 20, 30]));
    assert_eq!((&json["asked"], &json["users"]), (&json!([1, 2, 3]), &json!([3, 3, 3])));
    assert_eq!(json["percentiles"]["99%"], json!([7, 7, 7]));
    assert_eq!(json["entries"][0]["rps"], json!([10, 20, 30]));
    assert_eq!(json["entries"][0]["95%"], json!([1, 2, 3]));
    assert_eq!(json["step_s"], 1.0);
}

#[test]
fn a_day_has_no_more_points_than_ten_minutes_and_the_same_requests() {
    for seconds in [599, 600, 601, 5000, 86_400] {
        let json = history(seconds, |second| second % 7).json(true);
        let (times, rates) = (numbers(&json["at_s"]), numbers(&json["rps"]));
        assert!(times.len() <= POINTS_MAX && times.len() >= POINTS_MAX / 2 - 1, "{}", times.len());
        assert_eq!(*times.last().unwrap(), seconds as f64);
        let starts = [0.0].into_iter().chain(times.iter().copied());
        let requests: f64 =
            starts.zip(&times).zip(&rates).map(|((from, to), rate)| (to - from) * rate).sum();
        let expected: u64 = (1..=seconds).map(|second| second % 7).sum();
        assert!((requests - expected as f64).abs() < expected as f64 * 0.01, "{requests}");
        assert!(numbers(&json["entry_at_s"]).len() <= ENTRY_POINTS_MAX);
        assert_eq!(
            json["entries"][0]["rps"].as_array().unwrap().len(),
            numbers(&json["entry_at_s"]).len()
        );
    }
}

#[test]
fn thinning_hides_no_peak() {
    let mut history = History::new(Box::new(|_| None));
    for second in 1..=5000 {
        let slow = if second == 1234 { 900 * MS } else { 2 * MS };
        let mut run = snapshot(vec![row("GET", "/", second, slow)], slow);
        run.elapsed = Duration::from_secs(second);
        history.add(&run);
    }
    let json = history.json(true);
    let longest = |list: &Value| numbers(list).into_iter().fold(0.0, f64::max);
    assert_eq!(longest(&json["percentiles"]["50%"]), 900.0);
    assert_eq!(longest(&json["entries"][0]["99%"]), 900.0);
}

#[test]
fn a_reset_is_no_negative_rate_and_the_same_instant_no_point() {
    let mut history = history(2, |_| 10);
    // More than before, so that the numbers alone do not tell.
    let mut anew = at(3, 44);
    anew.since = Duration::from_secs(2);
    history.add(&anew);
    history.add(&anew);
    let json = history.json(true);
    assert_eq!(json["rps"], json!([10, 10, 44]));
    assert_eq!(json["entries"][0]["rps"], json!([10, 10, 44]));
}

#[test]
fn an_entry_that_came_later_has_nothing_before_and_the_generator_is_there() {
    let mut history = history(2, |_| 10);
    let mut run = at(4, 40);
    run.entries.push(row("GET", "/new", 6, MS));
    run.health.cores.push(core(5, 0.5, 0));
    run.health.latest_lateness = run.total.latency.clone();
    history.add(&run);
    let json = history.json(true);
    assert_eq!(
        json["entries"][1],
        json!({
            "method": "GET", "name": "/new", "rps": [0, 0, 3], "fps": [0, 0, 0],
            "50%": [null, null, 1], "95%": [null, null, 1], "99%": [null, null, 1],
        })
    );
    assert_eq!(json["cores"], json!([{ "core": 5, "busy": [null, null, 0.25] }]));
    assert_eq!(json["lateness_ms"], json!([null, null, 7]));
    assert_eq!(json["completions_per_turn"], json!([0, 0, 3.5]));
    let latest = history.latest().unwrap();
    assert_eq!(
        (&latest["at_s"], &latest["rps"], &latest["cores"]),
        (&json!(4), &json!(10), &json!([0.25]))
    );
    let key = |name: &str| EntryKey { method: "GET".to_owned(), name: name.to_owned() };
    assert_eq!(history.latest_of(&key("/new")).requests, 3.0);
    assert_eq!(history.entry_json(&key("/new")).unwrap()["at_s"], json!([1, 2, 4]));
    assert_eq!(history.entry_json(&key("/none")), None);
}

#[test]
fn the_rest_of_a_second_at_the_end_is_no_rate_of_its_own() {
    let mut history = history(3, |_| 10);
    let mut last = at(3, 32);
    last.elapsed = Duration::from_millis(3100);
    last.users[0].running = 0;
    history.add(&last);
    let json = history.json(true);
    assert_eq!(json["at_s"], json!([1, 2, 3.1]));
    assert_eq!(json["rps"], json!([10, 10, 10.91]), "12 in 1.1 s");
    assert_eq!(history.latest().unwrap()["at_s"], 3);
    assert_eq!((history.latest_users()[0].running, &json["users"]), (3, &json!([3, 3, 0])));
}

/// The others' seconds were told while the core stood still, so it is known of them afterwards only.
#[test]
fn the_seconds_in_which_a_core_stood_still_are_marked() {
    let mut history = history(5, |_| 10);
    let still = |cores: &[usize], from: u32, lasting: u32| StandstillRow {
        cores: cores.to_vec(),
        time: Standstill { from: from * MS, lasting: lasting * MS, in_task: false },
    };
    let mut run = at(6, 60);
    run.health.standstills =
        vec![still(&[1], 2400, 2000), still(&[0, 1], 5250, 500), still(&[2], 5500, 500)];
    history.add(&run);
    assert_eq!(history.json(false)["stood_still_ms"], json!([0, 0, 600, 1000, 400, 750]));
    assert_eq!(history.latest().unwrap()["stood_still_ms"], 750);
}
