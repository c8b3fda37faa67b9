//! Locustfiles behind a host that is told what to say.

use std::sync::Mutex;

use clap::Parser;

use super::*;

/// Describes a class and two arguments, and keeps what it was asked.
#[derive(Debug, Default)]
struct Fake {
    asked: Mutex<Vec<Load>>,
    /// What the first and what later calls return in place of the description.
    error: Option<LoadError>,
    later: Option<LoadError>,
    errors: Vec<LoadError>,
}

impl Host for Fake {
    fn load(&self, load: &Load) -> Result<Description, LoadError> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(load.clone());
        let refusal = if asked.len() == 1 { &self.error } else { &self.later };
        if let Some(error) = refusal {
            return Err(error.clone());
        }
        let count = load.arguments["values"]["count"].as_str().unwrap_or("3");
        let description = json!({
            "python": "3.11.7", "errors": self.errors,
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
}

fn error(text: &str, exit: u8) -> LoadError {
    LoadError { text: text.to_owned(), exit }
}

fn load(fake: Fake) -> (Arc<Fake>, Result<Locustfile, Error>) {
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
        let error = load(fake).1.unwrap_err();
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
