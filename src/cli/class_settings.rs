//! `--config-users` and `--equal-weights`: change the classes of a scenario, as Locust does.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use crate::files::{self, TEXT_MAX};
use crate::scenario::{Scenario, Share, User, hint, validate_host};

/// Changes of one class. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct ClassSettings {
    name: String,
    host: Option<String>,
    /// 0 removes the class.
    weight: Option<f64>,
    /// 0 replaces a fixed count by a weight.
    fixed_count: Option<u32>,
    /// The names of the tasks to keep.
    tasks: Option<Vec<String>>,
    /// Other attributes, which only classes of a locustfile have.
    others: Map<String, Value>,
    /// Changes of further classes, from the same file or text.
    more: Vec<ClassSettings>,
}

const KEYS: [&str; 5] = ["user_class_name", "host", "weight", "fixed_count", "tasks"];

impl ClassSettings {
    /// Parses a JSON object, an array of objects, or the name of a `.json` file with either.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let read = |path: &str| {
            let bytes = files::read(Path::new(path), TEXT_MAX);
            bytes.map_err(|error| format!("cannot read {path}: {error}"))
        };
        let json = if text.ends_with(".json") { read(text)? } else { text.as_bytes().to_vec() };
        let json: Value = serde_json::from_slice(&json)
            .map_err(|error| format!("neither a .json file nor JSON: {error}"))?;
        let objects = match json {
            Value::Array(objects) => objects,
            object => vec![object],
        };
        let mut all = objects.iter().map(|object| match object {
            Value::Object(object) => ClassSettings::of(object),
            _ => Err("expected an object, or an array of objects".to_owned()),
        });
        let first = all.next().unwrap_or_else(|| Err("there is no object in it".to_owned()))?;
        Ok(ClassSettings { more: all.collect::<Result<_, _>>()?, ..first })
    }

    fn of(object: &Map<String, Value>) -> Result<Self, String> {
        let others = object.iter().filter(|(key, _)| !KEYS.contains(&&***key));
        let others = others.map(|(key, value)| (key.clone(), value.clone())).collect();
        let wrong = |key: &str, expected: &str| format!("'{key}' must be {expected}");
        let text = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(key, "a string")),
        };
        let number = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number >= 0.0 => Ok(Some(number)),
                _ => Err(wrong(key, "a number of 0 or more")),
            },
        };
        let Some(name) = text("user_class_name")? else {
            return Err("each object needs \"user_class_name\"".to_owned());
        };
        let host = text("host")?;
        host.as_deref().map_or(Ok(()), validate_host).map_err(|error| error.to_string())?;
        let fixed_count = match number("fixed_count")? {
            Some(count) if count.fract() != 0.0 || count > f64::from(u32::MAX) => {
                return Err(wrong("fixed_count", "a whole number"));
            }
            count => count.map(|count| count as u32),
        };
        let tasks = match object.get("tasks") {
            None | Some(Value::Null) => None,
            Some(Value::Array(names)) => {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                let Some(names) = names.collect::<Option<Vec<_>>>() else {
                    return Err(wrong("tasks", "an array of names"));
                };
                Some(names)
            }
            Some(_) => return Err(wrong("tasks", "an array of names")),
        };
        Ok(ClassSettings {
            name,
            host,
            weight: number("weight")?,
            fixed_count,
            tasks,
            others,
            more: Vec::new(),
        })
    }

    /// Returns an error for an attribute that a class of a scenario does not have.
    fn refuse_others(&self) -> Result<(), String> {
        if let Some(key) = self.others.keys().next() {
            let hint = hint(key, &KEYS, "there are");
            return Err(format!("'{key}' is nothing that can be set of a class{hint}"));
        }
        self.more.iter().try_for_each(ClassSettings::refuse_others)
    }

    /// Applies the changes, and those in `more`.
    fn apply(&self, classes: &mut Classes) -> Result<(), String> {
        let Some(user) = classes.take(&self.name) else {
            let names: Vec<&str> = classes.users.iter().flatten().map(|user| &*user.name).collect();
            let hint = hint(&self.name, &names, "there are");
            return Err(format!("there is no class of users named '{}'{hint}", self.name));
        };
        if let Some(user) = self.changed(user)? {
            classes.put_back(user);
        }
        self.more.iter().try_for_each(|more| more.apply(classes))
    }

    /// Returns the changed class, or `None` if it is removed.
    fn changed(&self, mut user: User) -> Result<Option<User>, String> {
        if self.weight == Some(0.0) {
            return Ok(None);
        }
        user.host = self.host.clone().or(user.host.take());
        user.share = self.share(user.share);
        if let Some(tasks) = &self.tasks {
            let names: Vec<&str> = user.tasks.iter().map(|task| &*task.name).collect();
            if let Some(task) = tasks.iter().find(|task| !names.contains(&&***task)) {
                let hint = hint(task, &names, "there are");
                return Err(format!("the class '{}' has no task '{task}'{hint}", self.name));
            }
            user.tasks.retain(|task| tasks.contains(&task.name));
            if user.tasks.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(user))
    }

    /// Returns the new share. As in Locust, a fixed count replaces a weight, and a weight replaces only a
    /// weight.
    fn share(&self, own: Share) -> Share {
        match (self.fixed_count, own) {
            (Some(count @ 1..), _) => Share::Fixed(count),
            (None, Share::Fixed(count)) => Share::Fixed(count),
            (Some(0), Share::Fixed(_)) => Share::Weight(self.weight.unwrap_or(1.0)),
            (_, Share::Weight(weight)) => Share::Weight(self.weight.unwrap_or(weight)),
        }
    }
}

/// The classes of a scenario by their names. A removed class leaves an empty place.
struct Classes {
    users: Vec<Option<User>>,
    places: HashMap<String, usize>,
}

impl Classes {
    fn new(users: Vec<User>) -> Self {
        // The first class of each name. A second one is an error later.
        let places = users.iter().enumerate().rev().map(|(place, user)| (user.name.clone(), place));
        Classes { places: places.collect(), users: users.into_iter().map(Some).collect() }
    }

    fn take(&mut self, name: &str) -> Option<User> {
        self.users[*self.places.get(name)?].take()
    }

    fn put_back(&mut self, user: User) {
        let place = self.places[&user.name];
        self.users[place] = Some(user);
    }
}

impl ClassSettings {
    /// Returns the settings as objects, one for each class.
    pub(super) fn as_json(&self) -> Vec<Value> {
        let object = |one: &ClassSettings| {
            let mut object = Map::new();
            object.insert("user_class_name".into(), one.name.clone().into());
            let host = one.host.clone().map(Value::from);
            let (weight, count) = (one.weight.map(Value::from), one.fixed_count.map(Value::from));
            let tasks = one.tasks.clone().map(Value::from);
            let set =
                [("host", host), ("weight", weight), ("fixed_count", count), ("tasks", tasks)];
            object.extend(set.into_iter().filter_map(|(key, value)| Some((key.into(), value?))));
            object.extend(one.others.clone());
            Value::Object(object)
        };
        std::iter::once(self).chain(&self.more).map(object).collect()
    }
}

/// Prints the settings as `--config-users` takes them.
impl fmt::Display for ClassSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Value::Array(self.as_json()))
    }
}

/// What flags change of the classes of a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ClassChanges {
    pub(super) classes: Vec<ClassSettings>,
    pub(super) equal_weights: bool,
    /// Whether the classes are of Python, where any attribute can be set.
    pub(super) of_python: bool,
}

impl ClassChanges {
    /// The scenario with these changes.
    pub(super) fn applied(&self, mut scenario: Scenario) -> Result<Scenario, String> {
        if self.equal_weights {
            for user in &mut scenario.users {
                user.share = Share::Weight(1.0);
                user.tasks.iter_mut().for_each(|task| task.weight = 1);
            }
        }
        if !self.classes.is_empty() {
            let mut classes = Classes::new(scenario.users);
            for class in &self.classes {
                if !self.of_python {
                    class.refuse_others().map_err(|error| format!("--config-users: {error}"))?;
                }
                class.apply(&mut classes).map_err(|error| format!("--config-users: {error}"))?;
            }
            scenario.users = classes.users.into_iter().flatten().collect();
        }
        if scenario.users.is_empty() && !self.classes.is_empty() {
            return Err("--config-users leaves no class of users".to_owned());
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Step, Task};

    fn shop() -> Scenario {
        let task = |name: &str, weight| Task::steps(name, vec![Step::get("/")]).weight(weight);
        let a = User::new("A").weight(3.0).task(task("look", 3)).task(task("buy", 1));
        let b = User::new("B").fixed_count(2).task(task("look", 2));
        Scenario::new("http://h").user(a).user(b)
    }

    fn changed(texts: &[&str]) -> Result<Scenario, String> {
        let classes =
            texts.iter().map(|text| ClassSettings::parse(text)).collect::<Result<_, _>>()?;
        ClassChanges { classes, ..ClassChanges::default() }.applied(shop())
    }

    #[track_caller]
    fn shares(texts: &[&str], expected: &[(&str, Share)]) {
        let scenario = changed(texts).unwrap();
        let shares: Vec<_> = scenario.users.iter().map(|user| (&*user.name, user.share)).collect();
        assert_eq!(shares, expected, "{texts:?}");
    }

    #[test]
    fn classes_get_what_is_set_of_them() {
        use Share::{Fixed, Weight};
        let a = |rest: &str| format!("{{\"user_class_name\": \"A\", {rest}}}");
        let b = |rest: &str| format!("{{\"user_class_name\": \"B\", {rest}}}");
        shares(&[&a("\"weight\": 5")], &[("A", Weight(5.0)), ("B", Fixed(2))]);
        shares(&[&a("\"weight\": 0")], &[("B", Fixed(2))]);
        shares(&[&a("\"fixed_count\": 4")], &[("A", Fixed(4)), ("B", Fixed(2))]);
        // In Locust a fixed count takes precedence over a weight, and 0 is no fixed count.
        shares(&[&b("\"weight\": 5")], &[("A", Weight(3.0)), ("B", Fixed(2))]);
        shares(
            &[&b("\"weight\": 5, \"fixed_count\": 0")],
            &[("A", Weight(3.0)), ("B", Weight(5.0))],
        );
        let both = format!("[{}, {}]", a("\"weight\": 1"), b("\"fixed_count\": 1"));
        shares(&[&both], &[("A", Weight(1.0)), ("B", Fixed(1))]);
        shares(
            &[&a("\"weight\": 2"), &b("\"fixed_count\": 1")],
            &[("A", Weight(2.0)), ("B", Fixed(1))],
        );
        let host = changed(&[&a("\"host\": \"http://other\", \"tasks\": [\"buy\"]")]).unwrap();
        assert_eq!(host.users[0].host.as_deref(), Some("http://other"));
        assert_eq!(host.users[0].tasks.len(), 1);
        assert_eq!(host.users[0].tasks[0].name, "buy");
    }

    #[test]
    fn a_file_of_json_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.json");
        std::fs::write(&path, "[{\"user_class_name\": \"A\", \"weight\": 7}]").unwrap();
        shares(&[path.to_str().unwrap()], &[("A", Share::Weight(7.0)), ("B", Share::Fixed(2))]);
    }

    #[test]
    fn what_cannot_be_set_is_told() {
        for (text, expected) in [
            ("none.json", "cannot read none.json: No such file"),
            ("{", "neither a .json file nor JSON: "),
            ("[]", "there is no object in it"),
            ("[1]", "expected an object, or an array of objects"),
            ("{\"weight\": 5}", "each object needs \"user_class_name\""),
            (
                "{\"user_class_name\": \"C\"}",
                "--config-users: there is no class of users named 'C'",
            ),
            (
                "{\"user_class_name\": \"A\", \"wieght\": 1}",
                "--config-users: 'wieght' is nothing that can be set of a class, did you mean 'weight'?",
            ),
            (
                "{\"user_class_name\": \"A\", \"weight\": -1}",
                "'weight' must be a number of 0 or more",
            ),
            (
                "{\"user_class_name\": \"A\", \"fixed_count\": 1.5}",
                "'fixed_count' must be a whole number",
            ),
            ("{\"user_class_name\": \"A\", \"host\": \"h\"}", "'h' has no scheme"),
            (
                "{\"user_class_name\": \"A\", \"tasks\": [\"bye\"]}",
                "the class 'A' has no task 'bye'; there are look, buy",
            ),
            (
                "[{\"user_class_name\":\"A\",\"weight\":0},{\"user_class_name\":\"B\",\"weight\":0}]",
                "leaves no class",
            ),
        ] {
            let error = changed(&[text]).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn settings_can_be_typed_again() {
        let text = "[{\"user_class_name\":\"A\",\"weight\":2.0},{\"user_class_name\":\"B\",\"tasks\":[\"look\"]}]";
        let settings = ClassSettings::parse(text).unwrap();
        assert_eq!(settings.to_string(), text);
    }

    #[test]
    fn a_class_of_python_has_any_attribute() {
        let text = "[{\"user_class_name\":\"A\",\"weight\":2.0,\"token\":\"x\"}]";
        let classes = vec![ClassSettings::parse(text).unwrap()];
        let changes = ClassChanges { classes, of_python: true, ..ClassChanges::default() };
        assert_eq!(changes.applied(shop()).unwrap().users[0].share, Share::Weight(2.0));
        assert_eq!(changes.classes[0].to_string(), text);
    }

    #[test]
    fn equal_weights_are_of_classes_and_tasks() {
        let changes = ClassChanges { equal_weights: true, ..ClassChanges::default() };
        let scenario = changes.applied(shop()).unwrap();
        assert!(scenario.users.iter().all(|user| user.share == Share::Weight(1.0)));
        assert!(scenario.users.iter().flat_map(|user| &user.tasks).all(|task| task.weight == 1));
    }
}
