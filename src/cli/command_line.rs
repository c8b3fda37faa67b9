//! The command of a run as text: as it was given, and one that repeats the run.

use std::env;
use std::fmt::Display;

use clap::ValueEnum;

use super::RunArgs;
use crate::credentials::hidden;
use crate::plan::Plan;
use crate::scenario::{Parameter, ParameterKind};

/// Returns the command as it was given, without the credentials in URLs and the values of secrets. What
/// is not UTF-8 is replaced.
pub(super) fn typed(parameters: &[Parameter]) -> String {
    let words = env::args_os().map(|word| word.to_string_lossy().into_owned());
    command_line(words, parameters)
}

/// Returns a command that repeats this run of a scenario: with its seed, and with the page's form as
/// flags. Changes of the running test are not in it.
pub(super) fn to_repeat(scenario: &str, args: &RunArgs, plan: &Plan) -> String {
    let mut line = Line(vec!["gregaria".to_owned(), scenario.to_owned()]);
    line.load(args);
    line.choice(args);
    line.connections(args);
    line.flag("--stop-timeout", seconds(args.stop_timeout));
    line.flag("--cores", Some(list(plan.cores.iter().map(|core| core.id))));
    line.flag("--io", word(args.io));
    line.flag("--seed", Some(plan.seed));
    command_line(line.0.into_iter(), &plan.scenario.parameters)
}

/// One of several words.
fn word(value: Option<impl ValueEnum>) -> Option<String> {
    Some(value?.to_possible_value()?.get_name().to_owned())
}

/// The words of a command.
struct Line(Vec<String>);

impl Line {
    fn flag(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.0.extend([name.to_owned(), value.to_string()]);
        }
    }

    fn load(&mut self, args: &RunArgs) {
        self.flag("--host", args.host.as_ref());
        self.flag("--users", args.users);
        self.flag("--spawn-rate", args.spawn_rate);
        self.flag("--rate", args.rate);
        self.flag("--arrivals", word(args.arrivals));
        self.flag("--max-users", args.max_users);
        self.flag("--iterations", args.iterations);
        self.flag("--requests", args.requests);
        self.flag("--run-time", seconds(args.run_time));
        for level in &args.abort_when {
            self.flag("--abort-when", Some(level));
        }
        self.flag("--abort-after", seconds(args.abort_after));
    }

    /// Adds which parts of the scenario run.
    fn choice(&mut self, args: &RunArgs) {
        let words = |words: &[String]| (!words.is_empty()).then(|| words.join(","));
        let classes = (!args.user_classes.is_empty()).then(|| list(args.user_classes.iter()));
        self.flag("--user-classes", classes);
        self.flag("--tags", words(&args.tags));
        self.flag("--exclude-tags", words(&args.exclude_tags));
        for settings in args.class_settings() {
            self.flag("--config-users", Some(settings));
        }
        self.flag("--python", args.python.as_ref().map(|path| path.display()));
        if args.equal_weights {
            self.0.push("--equal-weights".to_owned());
        }
        self.0.extend(args.custom.iter().cloned());
        for (name, value) in args.set.values().iter() {
            self.flag("--set", Some(format!("{name}={value}")));
        }
    }

    fn connections(&mut self, args: &RunArgs) {
        let resolve = args.resolve.iter().map(|resolve| {
            let addresses = list(resolve.addresses.iter().map(|address| address.ip()));
            let authority = &resolve.url.authority;
            let port =
                if authority.ends_with(|c: char| c.is_ascii_digit()) && authority.contains(':') {
                    String::new()
                } else {
                    format!(":{}", resolve.addresses[0].port())
                };
            format!("{authority}{port}:{addresses}")
        });
        let resolve: Vec<String> = resolve.collect();
        let local = (!args.local_address.is_empty()).then(|| list(args.local_address.iter()));
        let paths = [
            ("--unix-socket", &args.unix_socket),
            ("--ca", &args.ca),
            ("--cert", &args.cert),
            ("--key", &args.key),
        ];
        self.flag("--local-address", local);
        self.flag("--resolve", (!resolve.is_empty()).then(|| resolve.join(" ")));
        self.flag("--dns-refresh", seconds(args.dns_refresh));
        self.flag("--proxy", args.proxy.as_ref());
        for (name, path) in paths {
            self.flag(name, path.as_ref().map(|path| path.display()));
        }
        if args.insecure {
            self.0.push("--insecure".to_owned());
        }
    }
}

fn seconds(time: Option<std::time::Duration>) -> Option<String> {
    time.map(|time| format!("{}s", time.as_secs_f64()))
}

fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}

/// Quotes the words for a shell, without the credentials in URLs and the values of secrets.
fn command_line(words: impl Iterator<Item = String>, parameters: &[Parameter]) -> String {
    // The secret whose flag the last word was.
    let mut begun: Option<&Parameter> = None;
    let shown = |word: String| {
        if let Some(secret) = begun.take().filter(|_| !word.starts_with('-')) {
            begun = Some(secret).filter(|secret| secret.kind == ParameterKind::Several);
            return "***".to_owned();
        }
        begun = parameters.iter().find(|it| it.secret && it.flags.contains(&word));
        without_secret(&word, parameters)
            .or_else(|| without_secret_of_flag(&word, parameters))
            .unwrap_or_else(|| hidden(&word).into_owned())
    };
    words.map(shown).map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

/// Returns `name=***` for a word that gives a secret its value, after `--set` or with `--set=`.
fn without_secret(word: &str, parameters: &[Parameter]) -> Option<String> {
    let assignment = word.strip_prefix("--set=").unwrap_or(word);
    let (name, value) = assignment.split_once('=')?;
    let is_secret = parameters.iter().any(|known| known.secret && known.name == name);
    is_secret.then(|| format!("{}***", &word[..word.len() - value.len()]))
}

/// Returns `--flag=***` or `-f***` for a word that has the flag of a secret and its value.
fn without_secret_of_flag(word: &str, parameters: &[Parameter]) -> Option<String> {
    let secrets = parameters.iter().filter(|parameter| parameter.secret);
    secrets.flat_map(|secret| &secret.flags).find_map(|flag| match word.strip_prefix(&**flag)? {
        "" => None,
        value if value.starts_with('=') => Some(format!("{flag}=***")),
        _ => (!flag.starts_with("--")).then(|| format!("{flag}***")),
    })
}

/// Puts a word in single quotes if it has characters that mean something to a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Args;
    use crate::options;
    use crate::plan;
    use crate::scenario::{Scenario, Step, User};

    /// Returns the flags in these words, and the words of the command that repeats the run.
    fn again_of(words: &[&str]) -> (RunArgs, Vec<String>) {
        let args = Args::try_parse_from(words).unwrap().run;
        let user = User::new("A").task(Step::get("/"));
        let plan =
            Plan::new(Scenario::new("http://127.0.0.1:1").user(user), args.options()).unwrap();
        let line = to_repeat("a.toml", &args, &plan);
        (args, line.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect())
    }

    #[test]
    fn a_run_can_be_had_again_with_the_same_options() {
        let lines = [
            "gregaria a.toml --seed 7 --cores 0",
            "gregaria a.toml --seed 7 --cores 0 -u 5 -r 2.5 -t 1m30s -s 5s -H http://127.0.0.1:2",
            "gregaria a.toml --seed 7 --cores 0 --rate 20.5 --arrivals poisson --max-users 9 -i 3 --requests 4",
            "gregaria a.toml --seed 7 --cores 0 --local-address 127.0.0.1,127.0.0.2 --user-classes A --resolve x:80:127.0.0.1,127.0.0.2",
            #[cfg(feature = "tls")]
            "gregaria a.toml --seed 7 --cores 0 --dns-refresh 1.5s --proxy http://127.0.0.1:3 --insecure",
            "gregaria a.toml --seed 7 --cores 0 --user-classes A=2.5",
        ];
        for line in lines {
            let (args, words) = again_of(&line.split(' ').collect::<Vec<_>>());
            let parsed =
                Args::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(parsed.run.options(), args.options(), "{words:?}");
        }
        let (_, words) = again_of(&["gregaria", "a.toml"]);
        let seed = words.iter().position(|word| word == "--seed").unwrap();
        assert!(words[seed + 1].parse::<u64>().is_ok(), "{words:?}");
    }

    #[test]
    fn every_option_that_changes_a_run_is_in_the_command_that_has_it_again() {
        let scenario =
            Scenario::new("http://127.0.0.1:1").user(User::new("A").task(Step::get("/")));
        let plan = Plan::new(scenario, plan::Options::default()).unwrap();
        for option in options::samples::of_a_run() {
            let words = options::samples::command_line(option);
            let line = to_repeat("a.toml", &Args::try_parse_from(words).unwrap().run, &plan) + " ";
            assert!(line.contains(&format!(" --{} ", option.flag())), "{}: {line}", option.name);
        }
    }

    #[test]
    fn a_command_line_can_be_typed_again() {
        let line = |words: &[&str]| command_line(words.iter().map(|&word| word.to_owned()), &[]);
        assert_eq!(line(&["gregaria", "a.toml", "-u", "5"]), "gregaria a.toml -u 5");
        assert_eq!(line(&["--abort-when", "p95 > 2s", ""]), "--abort-when 'p95 > 2s' ''");
        assert_eq!(line(&["it's"]), r"'it'\''s'");
        assert_eq!(
            line(&["http://u:p@h/@x", "--proxy=http://u:p:q@h"]),
            "'http://***@h/@x' '--proxy=http://***@h'"
        );
        assert_eq!(line(&["http://u@h/", "http://h/a:b@c"]), "'http://***@h/' http://h/a:b@c");
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
        let flags = |flags: &[&str]| flags.iter().map(|&flag| flag.to_owned()).collect();
        let token = Parameter { flags: flags(&["--token", "-k"]), ..parameter("token", true) };
        let kind = ParameterKind::Several;
        let keys = Parameter { kind, flags: flags(&["--keys"]), ..parameter("keys", true) };
        let plain = Parameter { flags: flags(&["--region"]), ..parameter("region", false) };
        let line = |line: &str| {
            let words = line.split(' ').map(str::to_owned);
            command_line(words, &[token.clone(), keys.clone(), plain.clone()]).replace('\'', "")
        };
        assert_eq!(line("--token x a.py -kx -k x A"), "--token *** a.py -k*** -k *** A");
        assert_eq!(line("--token=x --keys a b -u 5"), "--token=*** --keys *** *** -u 5");
        assert_eq!(
            line("--region eu --tokens x --token -u 5"),
            "--region eu --tokens x --token -u 5"
        );
    }
}
