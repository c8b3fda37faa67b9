//! What a run is, for whoever reads of it later.

use std::collections::BTreeSet;
use std::env;

use super::RunArgs;
use super::milestones;
use super::source::Source;
use crate::plan::Plan;
use crate::report::view::Facts;
use crate::scenario::{LoadShape, Parameter, Scenario};

/// The facts of a plan that was made from `source`.
pub(super) fn facts(plan: &Plan, args: &RunArgs, source: &Source) -> Facts {
    let hosts: BTreeSet<String> = plan
        .targets
        .iter()
        .map(|target| {
            let scheme = if target.url.secure { "https" } else { "http" };
            format!("{scheme}://{}", target.url.authority)
        })
        .collect();
    let spawn_rate = match plan.shape {
        LoadShape::Ramp { spawn_rate, .. } => Some(spawn_rate),
        _ => None,
    };
    Facts {
        scenario: without_password(source.name()),
        scenario_text: source.text(),
        host: hosts.into_iter().collect::<Vec<_>>().join(", "),
        seed: plan.seed,
        command_line: command_line(typed(), &plan.scenario.parameters),
        users: plan.users,
        spawn_rate,
        run_time: plan.run_time,
        load: milestones::load(plan),
        cores: plan.cores.iter().map(|core| core.id).collect(),
        profile: args.profile.clone(),
    }
}

/// What is known where there can be no plan yet.
pub(super) fn without_plan(scenario: &Scenario, args: &RunArgs, source: &Source) -> Facts {
    Facts {
        scenario: without_password(source.name()),
        scenario_text: source.text(),
        host: without_password(args.host.as_ref().or(scenario.host.as_ref()).map_or("", |h| h)),
        command_line: command_line(typed(), &scenario.parameters),
        run_time: args.run_time.or(scenario.load.run_time),
        profile: args.profile.clone(),
        ..Facts::default()
    }
}

/// The command as typed, where it is not text with something in the place of what is none.
fn typed() -> impl Iterator<Item = String> {
    env::args_os().map(|word| word.to_string_lossy().into_owned())
}

/// The words as a shell takes them again, without the passwords in URLs and the values of secrets.
fn command_line(words: impl Iterator<Item = String>, parameters: &[Parameter]) -> String {
    let shown = |word: &str| without_secret(word, parameters).unwrap_or(without_password(word));
    words.map(|word| quoted(&shown(&word))).collect::<Vec<_>>().join(" ")
}

/// `name=***` where a secret is given its value, behind `--set` or `--set=`.
fn without_secret(word: &str, parameters: &[Parameter]) -> Option<String> {
    let assignment = word.strip_prefix("--set=").unwrap_or(word);
    let (name, value) = assignment.split_once('=')?;
    let is_secret = parameters.iter().any(|known| known.secret && known.name == name);
    is_secret.then(|| format!("{}***", &word[..word.len() - value.len()]))
}

/// In single quotes where a shell would take it for something else.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `http://user:***@host` of a URL with a password: a report is passed on.
pub(super) fn without_password(word: &str) -> String {
    let hidden = || {
        let (before, rest) = word.split_once("://")?;
        let (authority, _) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
        let (userinfo, _) = authority.rsplit_once('@')?;
        let (user, _) = userinfo.split_once(':')?;
        Some(format!("{before}://{user}:***{}", &rest[userinfo.len()..]))
    };
    hidden().unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_typed_again() {
        let line = |words: &[&str]| command_line(words.iter().map(|&word| word.to_owned()), &[]);
        assert_eq!(line(&["gregaria", "a.toml", "-u", "5"]), "gregaria a.toml -u 5");
        assert_eq!(line(&["--abort-when", "p95 > 2s", ""]), "--abort-when 'p95 > 2s' ''");
        assert_eq!(line(&["it's"]), r"'it'\''s'");
        assert_eq!(
            line(&["http://u:p@h/@x", "--proxy=http://u:p:q@h"]),
            "'http://u:***@h/@x' '--proxy=http://u:***@h'"
        );
        assert_eq!(line(&["http://u@h/", "http://h/a:b@c"]), "http://u@h/ http://h/a:b@c");
    }

    #[test]
    fn a_command_line_does_not_tell_secrets() {
        let parameter =
            |name: &str, secret| Parameter { name: name.into(), secret, ..Parameter::default() };
        let parameters = [parameter("region", false), parameter("token", true)];
        let words = ["--set", "region=eu", "--set", "token=a=b", "--set=token=c", "token="];
        assert_eq!(
            command_line(words.map(str::to_owned).into_iter(), &parameters),
            "--set region=eu --set 'token=***' '--set=token=***' 'token=***'"
        );
    }
}
