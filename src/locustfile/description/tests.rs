use serde_json::json;

use super::*;
use crate::locustfile::Described;
use crate::scenario::Share;

/// Locust's tutorial, as the package describes it.
fn tutorial() -> Value {
    json!({
        "python": "3.11.2",
        "classes": [{
            "name": "HelloWorldUser", "host": "http://127.0.0.1:5000", "weight": 1,
            "fixed_count": 0, "wait": {"kind": "between", "a": 1, "b": 2.5}, "flat": true,
            "tasks": [
                {"name": "hello", "weight": 3, "tags": ["a"], "kind": "function", "tasks": []},
                {"name": "never", "weight": 0, "tags": [], "kind": "function", "tasks": []},
                {"name": "shop", "weight": 1, "tags": [], "kind": "set", "tasks": [
                    {"name": "buy", "weight": 1, "tags": ["b", "no name"], "kind": "function"},
                ]},
            ],
            "on_start": true, "on_stop": false, "client": "http", "document": null,
            "settings": {"insecure": true}, "custom": {}, "file": "locustfile.py", "line": 4,
        }],
        "shapes": [], "arguments": [], "stats": {}, "warnings": [], "errors": [],
    })
}

fn read(description: Value) -> Description {
    serde_json::from_value(description).unwrap()
}

#[test]
fn a_class_becomes_a_user_with_the_tasks_that_can_be_chosen() {
    let scenario = read(tutorial()).scenario(&Described).unwrap();
    let user = &scenario.users[0];
    assert_eq!((&*user.name, user.share), ("HelloWorldUser", Share::Weight(1.0)));
    assert_eq!(user.host.as_deref(), Some("http://127.0.0.1:5000"));
    let between = WaitTime::between(Duration::from_secs(1), Duration::from_millis(2500));
    assert_eq!(user.wait_time, between);
    let tasks: Vec<_> = user.tasks.iter().map(|task| (&*task.name, task.weight)).collect();
    assert_eq!(tasks, [("hello", 3), ("shop", 1)]);
    assert_eq!((&user.tasks[0].tags, &user.tasks[1].tags), (&vec!["a".into()], &vec!["b".into()]));
}

#[test]
fn certificates_are_checked_for_the_client_that_checks_them_in_locust() {
    let insecure = |client: &str| {
        let mut description = tutorial();
        description["classes"][0]["client"] = json!(client);
        read(description).scenario(&Described).unwrap().users[0].policy.tls.insecure
    };
    assert_eq!(["fast", "http", "none"].map(insecure), [true, false, false]);
}

/// A task keeps its number though one before it is left out.
#[test]
fn actions_are_asked_for_by_their_places_in_the_description() {
    use std::sync::{Arc, Mutex};

    use crate::scenario::{StateFactory, TaskFn, WaitFn};

    #[derive(Default)]
    struct Asked(Mutex<Vec<(usize, usize)>>);
    impl Actions for Asked {
        fn state(&self, class: usize) -> StateFactory {
            Described.state(class)
        }
        fn task(&self, class: usize, task: usize) -> Arc<dyn TaskFn> {
            self.0.lock().unwrap().push((class, task));
            Described.task(class, task)
        }
        fn on_start(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
            Described.on_start(class)
        }
        fn on_stop(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
            Described.on_stop(class)
        }
        fn wait(&self, class: usize) -> WaitFn {
            Described.wait(class)
        }
    }
    let asked = Asked::default();
    read(tutorial()).scenario(&asked).unwrap();
    assert_eq!(asked.0.into_inner().unwrap(), [(0, 0), (0, 2)]);
}

#[test]
fn waits_are_taken_as_python_takes_them() {
    let wait = |wait: Value| {
        let mut description = tutorial();
        description["classes"][0]["wait"] = wait;
        read(description).scenario(&Described).unwrap().users[0].wait_time.clone()
    };
    let second = Duration::from_secs(1);
    let reversed = wait(json!({"kind": "between", "a": 2, "b": 1}));
    assert_eq!(reversed, WaitTime::between(second, 2 * second));
    assert_eq!(wait(json!({"kind": "constant", "a": -1})), WaitTime::constant(Duration::ZERO));
    assert_eq!(wait(json!({"kind": "pacing", "a": 1})), WaitTime::constant_pacing(second));
    let own = wait(json!({"kind": "function"}));
    assert!(matches!(own, WaitTime::Function(_)), "{own:?}");
}

#[test]
fn a_user_without_a_client_of_ours_needs_no_host() {
    let host = |client: &str| {
        let mut description = tutorial();
        description["classes"][0]["host"] = Value::Null;
        description["classes"][0]["client"] = client.into();
        read(description).scenario(&Described).unwrap().users[0].host.clone()
    };
    assert_eq!((host("http"), host("fast")), (None, None));
    assert_eq!(host("none").as_deref(), Some(NO_HOST));
}

#[test]
fn files_with_errors_make_no_scenario() {
    let mut description = tutorial();
    description["errors"] = json!([
        {"text": "a.py:1: one", "exit": 1},
        {"text": "a.py:2: two", "exit": 2},
    ]);
    let refused = read(description).scenario(&Described).unwrap_err();
    let both = LoadError { text: "a.py:1: one\na.py:2: two".into(), exit: 2 };
    assert_eq!(refused, DescriptionError::File(both));
    let mut description = tutorial();
    description["classes"] = json!([]);
    let refused = read(description).scenario(&Described).unwrap_err();
    assert_eq!(refused.to_string(), "there are no users; add a class of users with a task");
}
