//! `--config-users`, `--equal-weights` and `POST /user` of the page: change the classes of a scenario, as Locust
//! does.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Scenario, Share, Task, User, validate_host};
use crate::files::{self, TEXT_MAX};
use crate::nearest::hint;

/// Changes of one class. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ClassSettings {
    name: String,
    /// Empty for no host of its own.
    host: Option<String>,
    /// 0 removes the class.
    weight: Option<f64>,
    /// 0 replaces a fixed count by a weight.
    fixed_count: Option<u32>,
    /// The names of the tasks to keep.
    tasks: Option<Vec<String>>,
    /// Other attributes, which only classes of a locustfile have.
    others: Map<String, Value>,
}

/// Why settings cannot be.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SettingError {
    /// The key that is wrong; empty for the settings as a whole.
    pub(crate) key: String,
    /// What is wrong with it.
    pub(crate) message: String,
}

const NAME: &str = "user_class_name";
const KEYS: [&str; 5] = [NAME, "host", "weight", "fixed_count", "tasks"];

impl SettingError {
    fn new(key: &str, message: impl Into<String>) -> Self {
        SettingError { key: key.to_owned(), message: message.into() }
    }

    fn expected(key: &str, expected: &str) -> Self {
        SettingError::new(key, format!("'{key}' must be {expected}"))
    }
}

impl ClassSettings {
    /// Parses a JSON object, an array of objects, or the name of a `.json` file with either.
    pub(crate) fn list(text: &str) -> Result<Vec<Self>, String> {
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
        if objects.is_empty() {
            return Err("there is no object in it".to_owned());
        }
        let one = |object: &Value| match object {
            Value::Object(object) => ClassSettings::of(object).map_err(|error| error.to_string()),
            _ => Err("expected an object, or an array of objects".to_owned()),
        };
        objects.iter().map(one).collect()
    }

    /// Reads the settings of one class, by Locust's keys. What is null stays as it is.
    pub(crate) fn of(object: &Map<String, Value>) -> Result<Self, SettingError> {
        use SettingError as E;
        let others = object.iter().filter(|(key, _)| !KEYS.contains(&&***key));
        let others = others.map(|(key, value)| (key.clone(), value.clone())).collect();
        let text = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(E::expected(key, "a string")),
        };
        let number = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number >= 0.0 => Ok(Some(number)),
                _ => Err(E::expected(key, "a number of 0 or more")),
            },
        };
        let Some(name) = text(NAME)? else {
            return Err(E::new(NAME, format!("each object needs \"{NAME}\"")));
        };
        let host = text("host")?;
        if let Some(host) = host.as_deref().filter(|host| !host.is_empty()) {
            validate_host(host).map_err(|error| E::new("host", error.to_string()))?;
        }
        let fixed_count = match number("fixed_count")? {
            Some(count) if count.fract() != 0.0 || count > f64::from(u32::MAX) => {
                return Err(E::expected("fixed_count", "a whole number"));
            }
            count => count.map(|count| count as u32),
        };
        let names = |list: &Vec<Value>| {
            let names = list.iter().map(|name| name.as_str().map(str::to_owned));
            names.collect::<Option<Vec<_>>>()
        };
        let tasks = match object.get("tasks") {
            None | Some(Value::Null) => None,
            Some(Value::Array(list)) if list.is_empty() => {
                return Err(E::new(
                    "tasks",
                    format!("'{name}' needs a task; or leave the class out"),
                ));
            }
            Some(list) => match list.as_array().and_then(names) {
                None => return Err(E::expected("tasks", "an array of names")),
                names => names,
            },
        };
        Ok(ClassSettings { name, host, weight: number("weight")?, fixed_count, tasks, others })
    }

    /// Returns the name of the class.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether they leave the class out.
    pub(crate) fn removes(&self) -> bool {
        self.weight == Some(0.0)
    }

    /// Returns whether they say how many users of the class there are.
    pub(crate) fn has_share(&self) -> bool {
        self.weight.is_some() || self.fixed_count.is_some()
    }

    /// Adds later settings of the same class.
    pub(crate) fn update(&mut self, later: &ClassSettings) {
        let later = later.clone();
        self.host = later.host.or(self.host.take());
        self.weight = later.weight.or(self.weight);
        self.fixed_count = later.fixed_count.or(self.fixed_count);
        self.tasks = later.tasks.or(self.tasks.take());
        self.others.extend(later.others);
    }

    /// Returns an error for an attribute that a class of a scenario does not have.
    fn refuse_others(&self) -> Result<(), SettingError> {
        let Some(key) = self.others.keys().next() else { return Ok(()) };
        let hint = hint(key, &KEYS, "there are");
        let message = format!("'{key}' is nothing that can be set of a class{hint}");
        Err(SettingError::new(key, message))
    }

    /// Returns the changed class, or `None` if it is removed.
    fn changed(&self, mut user: User) -> Result<Option<User>, SettingError> {
        if let Some(tasks) = &self.tasks {
            let names: Vec<&str> = user.tasks.iter().map(|task| &*task.name).collect();
            if let Some(task) = tasks.iter().find(|task| !names.contains(&&***task)) {
                let hint = hint(task, &names, "there are");
                let message = format!("the class '{}' has no task '{task}'{hint}", self.name);
                return Err(SettingError::new("tasks", message));
            }
            user.tasks.retain(|task| tasks.contains(&task.name));
        }
        if self.removes() {
            return Ok(None);
        }
        let host = self.host.clone().or(user.host.take());
        user.host = host.filter(|host| !host.is_empty());
        user.share = self.share(user.share);
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

    /// Returns the settings as an object.
    pub(crate) fn as_json(&self) -> Value {
        let host = self.host.clone().map(Value::from);
        let (weight, count) = (self.weight.map(Value::from), self.fixed_count.map(Value::from));
        let tasks = self.tasks.clone().map(Value::from);
        let set = [("host", host), ("weight", weight), ("fixed_count", count), ("tasks", tasks)];
        let set = set.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let mut object = Map::from_iter([(NAME.to_owned(), self.name.clone().into())]);
        object.extend(set.chain(self.others.clone()));
        Value::Object(object)
    }
}

/// Prints the settings as `--config-users` takes them.
impl fmt::Display for ClassSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_json())
    }
}

/// What is changed of the classes of a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ClassChanges {
    /// Of several settings of one class the later ones win.
    pub(crate) classes: Vec<ClassSettings>,
    pub(crate) equal_weights: bool,
    /// Whether the classes are of Python, where any attribute can be set.
    pub(crate) of_python: bool,
}

impl ClassChanges {
    /// The scenario with these changes.
    pub(crate) fn applied(&self, mut scenario: Scenario) -> Result<Scenario, SettingError> {
        if self.equal_weights {
            for user in &mut scenario.users {
                user.share = Share::Weight(1.0);
                user.tasks.iter_mut().for_each(Task::equalize);
            }
        }
        if self.classes.is_empty() {
            return Ok(scenario);
        }
        let names: Vec<&str> = scenario.users.iter().map(|user| &*user.name).collect();
        let known: HashSet<&str> = names.iter().copied().collect();
        let settings = self.of_each();
        if let Some(name) = settings.keys().find(|name| !known.contains(*name)) {
            let hint = hint(name, &names, "there are");
            let message = format!("there is no class of users named '{name}'{hint}");
            return Err(SettingError::new(NAME, message));
        }
        if !self.of_python {
            settings.values().try_for_each(ClassSettings::refuse_others)?;
        }
        let changed = scenario.users.into_iter().map(|user| match settings.get(&*user.name) {
            Some(settings) => settings.changed(user),
            None => Ok(Some(user)),
        });
        let changed = changed.collect::<Result<Vec<_>, _>>()?;
        scenario.users = changed.into_iter().flatten().collect();
        if scenario.users.is_empty() {
            return Err(SettingError::new("weight", "no class of users is left"));
        }
        Ok(scenario)
    }

    /// Returns the settings of each class, all of them together.
    fn of_each(&self) -> BTreeMap<&str, ClassSettings> {
        let mut of_each: BTreeMap<&str, ClassSettings> = BTreeMap::new();
        for settings in &self.classes {
            match of_each.get_mut(&*settings.name) {
                Some(earlier) => earlier.update(settings),
                None => drop(of_each.insert(&settings.name, settings.clone())),
            }
        }
        of_each
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
        let classes = texts.iter().map(|text| ClassSettings::list(text));
        let classes = classes.collect::<Result<Vec<_>, _>>()?.concat();
        let changes = ClassChanges { classes, ..ClassChanges::default() };
        changes.applied(shop()).map_err(|error| error.to_string())
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

    /// As in Locust, which sets one attribute after the other, and looks tasks up among those of the file.
    #[test]
    fn later_settings_of_a_class_win() {
        let a = |rest: &str| format!("{{\"user_class_name\": \"A\", {rest}}}");
        let removed = a("\"weight\": 0, \"tasks\": [\"look\"], \"host\": \"http://a\"");
        let back = a("\"weight\": 2, \"tasks\": [\"buy\"], \"host\": \"\"");
        let scenario = changed(&[&removed, &back]).unwrap();
        let user = &scenario.users[0];
        assert_eq!((user.share, &*user.tasks[0].name), (Share::Weight(2.0), "buy"));
        assert_eq!((user.tasks.len(), &user.host), (1, &None));
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
            ("{\"user_class_name\": \"C\"}", "there is no class of users named 'C'"),
            (
                "{\"user_class_name\": \"A\", \"wieght\": 1}",
                "'wieght' is nothing that can be set of a class, did you mean 'weight'?",
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
                "{\"user_class_name\": \"A\", \"tasks\": \"buy\"}",
                "'tasks' must be an array of names",
            ),
            (
                "{\"user_class_name\": \"A\", \"tasks\": []}",
                "'A' needs a task; or leave the class out",
            ),
            (
                "{\"user_class_name\": \"A\", \"tasks\": [\"bye\"]}",
                "the class 'A' has no task 'bye'; there are look, buy",
            ),
            (
                "[{\"user_class_name\":\"A\",\"weight\":0},{\"user_class_name\":\"B\",\"weight\":0}]",
                "no class of users is left",
            ),
        ] {
            let error = changed(&[text]).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn settings_can_be_typed_again() {
        for text in [
            "{\"user_class_name\":\"A\",\"weight\":2.0,\"fixed_count\":1}",
            "{\"user_class_name\":\"B\",\"host\":\"\",\"tasks\":[\"look\"]}",
        ] {
            assert_eq!(ClassSettings::list(text).unwrap()[0].to_string(), text);
        }
    }

    #[test]
    fn a_class_of_python_has_any_attribute() {
        let text = "{\"user_class_name\":\"A\",\"weight\":2.0,\"token\":\"x\"}";
        let classes = ClassSettings::list(text).unwrap();
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
