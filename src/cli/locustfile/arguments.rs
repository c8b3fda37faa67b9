//! The arguments that a locustfile adds, as parameters of its scenario.

use serde_json::Value;

use crate::locustfile::Argument;
use crate::scenario::{Parameter, ParameterKind};

/// Returns an argument as a parameter. `current` is the same argument with the value that holds now, which
/// the form begins with, but for a secret: its default stands in the file, and its value does not.
pub(super) fn parameter(argument: &Argument, current: &Argument) -> Parameter {
    let value = if argument.is_secret { &argument.default } else { &current.default };
    let is_another = argument.is_secret && argument.default != current.default;
    let kind = match (&*argument.kind, &argument.default) {
        ("switch", Value::Bool(_) | Value::Null) | (_, Value::Bool(_)) => ParameterKind::Switch,
        ("many", _) | (_, Value::Array(_)) => ParameterKind::Several,
        _ if argument.is_multiple => ParameterKind::Several,
        _ => ParameterKind::Text,
    };
    Parameter {
        name: argument.dest.clone(),
        kind,
        default: text(value).filter(|_| !is_another),
        help: argument.help.clone(),
        choices: argument.choices.iter().flatten().filter_map(text).collect(),
        secret: argument.is_secret,
        required: argument.is_required,
        unlisted: !argument.include_in_web_ui,
        flags: argument.flags.clone(),
    }
}

/// Returns the text of the secrets among the values that hold now.
pub(super) fn secrets(arguments: &[Argument]) -> Vec<String> {
    let secrets = arguments.iter().filter(|argument| argument.is_secret);
    secrets.filter_map(|argument| text(&argument.default)).filter(|it| !it.is_empty()).collect()
}

/// Returns a value as forms have it: a list is separated by commas. `None` for Python's `None`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => Some(values.iter().filter_map(text).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
}

/// Returns the argument that an error of argparse is about: `argument --my-arg/-m: …`.
pub(super) fn named_in<'a>(error: &str, arguments: &'a [Argument]) -> Option<&'a Argument> {
    let (names, _) = error.strip_prefix("argument ")?.split_once(": ")?;
    let is_it = |argument: &&Argument| argument.flags.join("/") == names || argument.dest == names;
    arguments.iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn argument(more: Value) -> Argument {
        let mut whole = json!({"dest": "a", "flags": ["--a", "-x"], "kind": "one"});
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    #[track_caller]
    fn check(more: Value, kind: ParameterKind, default: Option<&str>) {
        let argument = argument(more);
        let parameter = parameter(&argument, &argument);
        assert_eq!((parameter.kind, parameter.default.as_deref()), (kind, default));
    }

    #[test]
    fn values_of_python_are_texts_of_a_form() {
        use ParameterKind::{Several, Switch, Text};
        check(json!({}), Text, None);
        check(json!({"default": 5}), Text, Some("5"));
        check(json!({"default": "x,y"}), Text, Some("x,y"));
        check(json!({"default": false, "kind": "switch"}), Switch, Some("false"));
        check(json!({"default": true}), Switch, Some("true"));
        check(json!({"default": 0, "kind": "switch"}), Text, Some("0"));
        check(json!({"default": ["p", "q"], "is_multiple": true}), Several, Some("p,q"));
        check(json!({"default": null, "kind": "many"}), Several, None);
    }

    #[test]
    fn the_form_begins_with_the_value_that_holds_but_of_a_secret_with_that_of_the_file() {
        let plain = parameter(&argument(json!({"default": 1})), &argument(json!({"default": 2})));
        assert_eq!(plain.default.as_deref(), Some("2"));
        let secret = |default| argument(json!({"default": default, "is_secret": true}));
        assert_eq!(parameter(&secret("a"), &secret("a")).default.as_deref(), Some("a"));
        assert_eq!(parameter(&secret("a"), &secret("hunter2")).default, None);
        assert_eq!(secrets(&[secret("hunter2"), argument(json!({"default": "b"}))]), ["hunter2"]);
    }

    /// As argparse names an argument: by all its flags.
    #[test]
    fn an_error_of_argparse_names_its_argument() {
        let arguments = [argument(json!({}))];
        let error = "argument --a/-x: invalid int value: 'q'";
        assert_eq!(named_in(error, &arguments), Some(&arguments[0]));
        assert_eq!(named_in("argument --b: invalid int value: 'q'", &arguments), None);
        assert_eq!(named_in("unrecognized arguments: --c", &arguments), None);
    }
}
