//! Locustfiles behind a host that is told what to say.

use std::sync::Mutex;

use clap::Parser;

use super::*;
use crate::locustfile::LoadError;
use crate::scenario::{Adaptation, Adaptive};

/// Describes a class and two arguments, and keeps what it was asked.
#[derive(Debug, Default)]
pub(super) struct Fake {
    asked: Mutex<Vec<Load>>,
    fired: Mutex<Vec<String>>,
    shapes: Value,
    /// What the first and what later calls return in place of the description.
    error: Option<LoadError>,
    later: Option<LoadError>,
    errors: Vec<LoadError>,
}

impl Fake {
    /// Returns the events that were fired.
    pub(super) fn fired(&self) -> Vec<String> {
        self.fired.lock().unwrap().clone()
    }
}

impl Host for Fake {
    fn load(&self, load: Load) -> Result<Description, HostError> {
        let mut asked = self.asked.lock().unwrap();
        let count = load.arguments["values"]["count"].as_str().unwrap_or("3").to_owned();
        asked.push(load);
        let refusal = if asked.len() == 1 { &self.error } else { &self.later };
        if let Some(error) = refusal {
            return Err(error.clone().into());
        }
        let shapes = if self.shapes.is_null() { json!([]) } else { self.shapes.clone() };
        let description = json!({
            "python": "3.11.7", "errors": self.errors, "shapes": shapes,
            "classes": [{
                "name": "A", "host": "http://127.0.0.1:1", "weight": 1, "client": "http",
                "wait": {"kind": "constant", "a": 0, "b": 0}, "file": "a.py", "line": 1,
                "tasks": [{"name": "t", "weight": 1, "kind": "function"}],
            }],
            "arguments": [
                {"dest": "count", "flags": ["--count"], "default": count, "kind": "one"},
                {"dest": "token", "flags": ["--token"], "is_secret": true, "default": "hunter2"},
            ],
        });
        Ok(serde_json::from_value(description).unwrap())
    }

    fn fire(&self, event: &str, _: Value) -> Result<Value, HostError> {
        self.fired.lock().unwrap().push(event.to_owned());
        Ok(json!({"process_exit_code": null, "listener_failed": false}))
    }

    fn shape(&self, name: Option<&str>) -> Result<Option<Adaptive>, HostError> {
        Ok(name.map(|_| Adaptive::new(|_| Adaptation::Stop)))
    }

    fn run(
        &self,
        _: &Description,
        _: &Options,
        _: Run<'_>,
        _: &mut dyn FnMut(&ReportError),
    ) -> Result<Summary, run::Error> {
        unreachable!("no test runs a plan here")
    }

    fn on_quit(&self, _: Box<dyn Fn() + Send>) {}

    fn end(&self) {}
}

fn error(text: &str, exit: u8) -> LoadError {
    LoadError { text: text.to_owned(), exit }
}

pub(super) fn load(fake: Fake) -> (Arc<Fake>, Result<Locustfile, Error>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.py");
    std::fs::write(&file, "").unwrap();
    let fake = Arc::new(fake);
    let host = fake.clone();
    (fake, Locustfile::load(file.to_str().unwrap(), || Ok(host)))
}

fn args(words: &[&str]) -> RunArgs {
    #[derive(Parser)]
    struct Own {
        #[command(flatten)]
        run: RunArgs,
    }
    Own::parse_from([&["gregaria"], words].concat()).run
}

#[test]
fn a_scenario_has_the_classes_and_the_arguments_as_parameters() {
    let (fake, loaded) = load(Fake::default());
    let mut args = args(&["-u", "5", "-t", "1m", "-T", "a,b"]);
    args.custom = vec!["--token=x".into()];
    let values = Values::from_iter([("count", "7")]);
    let locustfile = loaded.unwrap().with_arguments(&args, &values).unwrap();
    let scenario = locustfile.scenario().unwrap();
    assert_eq!((scenario.users.len(), &*scenario.users[0].name), (1, "A"));
    assert_eq!(scenario.parameters[0].default.as_deref(), Some("7"));
    assert_eq!(scenario.secrets, ["hunter2"]);

    let asked = fake.asked.lock().unwrap();
    assert!(asked[0].files[0].ends_with("/a.py") && asked[0].files == asked[1].files);
    assert_eq!(asked[1].arguments, json!({"words": ["--token=x"], "values": {"count": "7"}}));
    let options = &asked[1].options;
    assert_eq!((&options["num_users"], &options["run_time"]), (&json!(5), &json!(60)));
    assert_eq!((&options["tags"], &options["exclude_tags"]), (&json!(["a", "b"]), &Value::Null));
}

#[test]
fn what_the_files_do_not_take_is_an_error_about_it() {
    let refused = |text: &str, exit| {
        let (_, loaded) = load(Fake { later: Some(error(text, exit)), ..Fake::default() });
        loaded.unwrap().with_arguments(&args(&[]), &Values::default()).unwrap_err()
    };
    let of_count = refused("argument --count: invalid int value: 'x'\n", 2);
    assert_eq!(of_count.to_string(), "argument --count: invalid int value: 'x'");
    assert_eq!(of_count.downcast_ref::<WrongArgument>().unwrap().name, "count");
    let of_secret = refused("argument --token: invalid int value: 'hunter2'", 2).to_string();
    assert_eq!(of_secret, "the value of the secret 'token' is not valid");
    let of_init = refused("a listener of init raised (see above)", 1);
    assert_eq!(of_init.downcast_ref::<Unstarted>().unwrap().code, 1);

    let (fake, loaded) = load(Fake::default());
    let values = Values::from_iter([("cuont", "7")]);
    let error = loaded.unwrap().with_arguments(&args(&[]), &values).unwrap_err();
    assert_eq!(error.to_string(), "there is no parameter 'cuont', did you mean 'count'?");
    assert_eq!(fake.asked.lock().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_loaded_ends_with_the_exit_code_that_locust_has_if_it_says_the_same() {
    let failure = |fake| {
        let error = load(fake).1.and_then(|loaded| loaded.scenario().map(drop)).unwrap_err();
        let unstarted: &Unstarted = error.downcast_ref().unwrap();
        (unstarted.code, unstarted.to_string())
    };
    let traceback = "Traceback (most recent call last):\nSyntaxError: invalid syntax";
    let (code, text) = failure(Fake { error: Some(error(traceback, 2)), ..Fake::default() });
    assert_eq!(code, 2);
    assert!(text.ends_with(&format!("/a.py cannot be loaded\n{traceback}")), "{text}");
    for (text, code) in [("No User class found!", 1), ("a.py:3: a task is async def", 2)] {
        let errors = vec![error(text, code)];
        assert_eq!(failure(Fake { errors, ..Fake::default() }), (code, text.to_owned()));
    }
    let error = Locustfile::load("none.py", || unreachable!()).unwrap_err();
    assert_eq!(error.downcast_ref::<Unstarted>().unwrap().code, 1);
}

#[test]
fn a_class_that_is_not_there_is_told_as_locust_tells_it() {
    let (_, loaded) = load(Fake::default());
    let picked = |names: &[&str]| {
        let picked: Vec<_> = names.iter().map(|&name| SelectedClass::new(name)).collect();
        loaded.as_ref().unwrap().refuse_unknown_classes(&picked)
    };
    assert!(picked(&["A"]).is_ok() && picked(&[""]).is_ok() && picked(&[]).is_ok());
    let error = picked(&["C", "A", "Dd"]).unwrap_err();
    assert_eq!((error.code, &*error.to_string()), (1, "Unknown User(s): C, Dd, did you mean 'A'?"));
}

/// As in Locust, the first shape of the files makes the load; the flags that it does not heed are told.
#[test]
fn a_shape_makes_the_load_unless_there_is_a_rate_or_another_one_is_picked() {
    let shapes = json!([
        {"name": "Steps", "use_common_options": false},
        {"name": "Own", "use_common_options": true},
    ]);
    let shaped = |words: &[&str], picked: Option<Option<&str>>| {
        let (_, loaded) = load(Fake { shapes: shapes.clone(), ..Fake::default() });
        let mut args = args(words);
        args.web.shape = picked.map(|name| name.map(str::to_owned));
        let locustfile = loaded.unwrap().with_arguments(&args, &Values::default()).unwrap();
        let mut options = args.options();
        let told = locustfile.without_ignored(&mut options).last().cloned().unwrap_or_default();
        let scenario = locustfile.with_shape(locustfile.scenario().unwrap()).unwrap();
        let shape = locustfile.shape().map(str::to_owned);
        (shape, told, options.users, scenario.load.users, scenario.load.adaptive.is_some())
    };
    let named = |name: &str| Some(name.to_owned());
    let told = "The following option(s) will be ignored: --users, --run-time".to_owned();
    let flags = ["-u", "5", "-t", "9"];
    assert_eq!(shaped(&flags, None), (named("Steps"), told, None, Some(0), true));
    assert_eq!(
        shaped(&flags, Some(Some("Own"))),
        (named("Own"), String::new(), None, Some(0), true)
    );
    let by_users = (None, String::new(), Some(5), None, false);
    assert_eq!(shaped(&flags, Some(None)), by_users);
    assert_eq!(shaped(&["--rate", "9"], None), (None, String::new(), None, None, false));
}
