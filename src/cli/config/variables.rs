//! The variables of Locust, which hold for locustfiles.

use super::{File, Setting, Value};

/// What they begin with.
const PREFIX: &str = "LOCUST_";

/// Variables whose names are not those of their flags. `LOCUST_LOCUSTFILE` is read before all flags.
const OTHERS: [(&str, &str); 5] = [
    ("USERCLASS_PICKER", "class-picker"),
    ("MODE_MASTER", "master"),
    ("MODE_WORKER", "worker"),
    ("ENABLE_OPENTELEMETRY", "otel"),
    ("MASTER_NODE_HOST", "master-host"),
];

/// Variables that hold several words.
const LISTS: [&str; 3] = ["tags", "exclude-tags", "user-classes"];

/// Returns the flags that these variables give. An empty one gives none.
pub(super) fn flags(variables: impl Iterator<Item = (String, String)>) -> File {
    let mut settings: Vec<Setting> = variables.filter_map(setting).collect();
    settings.sort_by(|one, other| one.flag.cmp(&other.flag));
    File { name: format!("{PREFIX}… variables"), of_locust: true, settings }
}

fn setting((variable, text): (String, String)) -> Option<Setting> {
    let name = variable.strip_prefix(PREFIX).filter(|name| *name != "LOCUSTFILE")?;
    if text.is_empty() {
        return None;
    }
    let other = OTHERS.iter().find(|(other, _)| *other == name);
    let own = || name.to_lowercase().replace('_', "-");
    let flag = other.map_or_else(own, |(_, flag)| (*flag).to_owned());
    let texts = match LISTS.contains(&&*flag) {
        true => text.split_whitespace().map(str::to_owned).collect(),
        false => vec![text],
    };
    Some(Setting { flag, value: Value::Texts(texts), place: variable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_locust_gives_its_flag() {
        let variables = [
            ("LOCUST_USERS", "5"),
            ("LOCUST_USERCLASS_PICKER", "true"),
            ("LOCUST_TAGS", "a  b"),
            ("LOCUST_CSV", ""),
            ("LOCUST_LOCUSTFILE", "x.py"),
            ("USERS", "7"),
        ];
        let pairs = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let settings = flags(pairs.into_iter()).settings;
        let texts =
            |texts: &[&str]| Value::Texts(texts.iter().map(|&text| text.to_owned()).collect());
        let got: Vec<_> =
            settings.iter().map(|it| (&*it.flag, it.value.clone(), &*it.place)).collect();
        let expected = [
            ("class-picker", texts(&["true"]), "LOCUST_USERCLASS_PICKER"),
            ("tags", texts(&["a", "b"]), "LOCUST_TAGS"),
            ("users", texts(&["5"]), "LOCUST_USERS"),
        ];
        assert_eq!(got, expected);
    }
}
