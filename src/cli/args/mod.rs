//! The flags of the command, as they were given.

mod custom;
mod early;
mod foreign;
mod help;
mod overhead;
mod read;
mod scenario;
mod serve;
mod set;
mod value;
mod web;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;

use crate::log::Level;
use crate::plan::{Options, SelectedClass};
use crate::reactor::BackendChoice;
use crate::scenario::{ArrivalKind, ClassSettings, Scenario};
use crate::session::{Resolve, Via};
use crate::threshold::Threshold;
use crate::transport::tls::TlsOptions;
use crate::units;

pub(super) use custom::renamed;
pub(super) use early::{Early, early};
use help::described;
pub(super) use help::{USAGE, command};
pub(super) use overhead::OverheadArgs;
pub(super) use read::{ArgsError, Parsed, read};
pub(super) use scenario::DEFAULT_SCENARIO;
pub(super) use serve::ServeArgs;
pub(super) use set::SetArgs;
pub(super) use value::{ClassSettingsList, Cores};
pub(super) use web::WebArgs;

use value::{
    HostUrl, ProxyUrl, class, class_settings, cores, count, interval, one_or_more, picked, rate,
    span, spawn_rate, unix_socket, words,
};

/// A load engine for one Linux host.
///
/// Runs the users of a scenario file, or one user class that GETs a URL, and reports as Locust does.
/// Every flag can be given as an environment variable, or in gregaria.toml; the scenario's `load` and
/// `report` tables hold defaults.
#[derive(Debug, Parser)]
#[command(name = "gregaria", version, args_conflicts_with_subcommands = true)]
#[command(mut_args = described)]
pub struct Args {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub(in crate::cli) command: Option<Command>,

    /// A scenario file, a locustfile or a directory of them, or an http:// or https:// URL to GET
    #[arg(value_name = "SCENARIO.toml | LOCUSTFILE.py | URL")]
    pub(in crate::cli) scenario: Option<String>,

    // No conflict with `scenario` here: clap would see one where the variable is set, too.
    #[arg(long)]
    pub(in crate::cli) file: Option<String>,

    /// The run's flags.
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Run the tutorial's checked scenario, without its waits, against the built-in server
    Demo(Box<RunArgs>),
    /// Serve the tutorial's API: GET /, /users and /status
    Serve(ServeArgs),
    /// Measure what the generator itself costs on this machine
    Overhead(OverheadArgs),
    /// Say whether a scenario file or a locustfile is right, and run nothing
    Check {
        /// The file
        file: PathBuf,
        /// The values of its parameters.
        #[command(flatten)]
        set: SetArgs,
    },
    /// Print the completions of a shell, to be put where it looks for them
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// The flags of a run: the type of each, and how it is parsed. Their names and help are in
/// `options::GROUPS`.
#[derive(Debug, Clone, ClapArgs)]
#[command(mut_args = described)]
pub(in crate::cli) struct RunArgs {
    /// Classes of users to run, as behind --user-classes; all without any
    #[arg(value_name = "CLASS", value_delimiter = ',', value_parser = class)]
    pub(in crate::cli) classes: Vec<SelectedClass>,
    #[arg(long, value_parser = HostUrl)]
    pub(in crate::cli) host: Option<String>,
    #[arg(long, value_delimiter = ',', value_parser = class)]
    pub(in crate::cli) user_classes: Vec<SelectedClass>,
    #[arg(long, num_args = 1..)]
    pub(in crate::cli) tags: Vec<String>,
    #[arg(long, num_args = 1..)]
    pub(in crate::cli) exclude_tags: Vec<String>,
    #[arg(long, num_args = 1.., value_parser = class_settings)]
    pub(in crate::cli) config_users: Vec<ClassSettingsList>,
    #[arg(long)]
    pub(in crate::cli) equal_weights: bool,
    #[arg(long)]
    pub(in crate::cli) python: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) set: SetArgs,
    #[arg(long, value_parser = count)]
    pub(in crate::cli) users: Option<u32>,
    #[arg(long, value_parser = spawn_rate)]
    pub(in crate::cli) spawn_rate: Option<f64>,
    #[arg(long, value_parser = rate)]
    pub(in crate::cli) rate: Option<f64>,
    #[arg(long, ignore_case = true)]
    pub(in crate::cli) arrivals: Option<ArrivalKind>,
    #[arg(long, value_parser = one_or_more)]
    pub(in crate::cli) max_users: Option<u32>,
    #[arg(long, value_parser = one_or_more)]
    pub(in crate::cli) iterations: Option<u32>,
    #[arg(long, value_parser = one_or_more)]
    pub(in crate::cli) requests: Option<u32>,
    #[arg(long, value_delimiter = ';')]
    pub(in crate::cli) abort_when: Vec<Threshold>,
    #[arg(long, value_parser = units::parse_duration)]
    pub(in crate::cli) abort_after: Option<Duration>,
    #[arg(long)]
    pub(in crate::cli) reset_stats: bool,
    #[arg(long, value_parser = span)]
    pub(in crate::cli) run_time: Option<Duration>,
    #[arg(long, value_parser = span)]
    pub(in crate::cli) stop_timeout: Option<Duration>,
    #[arg(long)]
    pub(in crate::cli) headless: bool,
    #[command(flatten)]
    pub(in crate::cli) web: WebArgs,
    #[arg(long, value_parser = cores)]
    pub(in crate::cli) cores: Option<Cores>,
    #[arg(long, ignore_case = true)]
    pub(in crate::cli) io: Option<BackendChoice>,
    #[arg(long)]
    pub(in crate::cli) seed: Option<u64>,
    #[arg(long, value_delimiter = ',')]
    pub(in crate::cli) local_address: Vec<IpAddr>,
    #[arg(long, value_parser = interval)]
    pub(in crate::cli) dns_refresh: Option<Duration>,
    #[arg(long, value_parser = ProxyUrl)]
    pub(in crate::cli) proxy: Option<String>,
    #[arg(long, value_parser = unix_socket, conflicts_with = "proxy")]
    pub(in crate::cli) unix_socket: Option<PathBuf>,
    #[arg(long, value_delimiter = ' ')]
    pub(in crate::cli) resolve: Vec<Resolve>,
    #[arg(long)]
    pub(in crate::cli) ca: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) cert: Option<PathBuf>,
    #[arg(long, requires = "cert")]
    pub(in crate::cli) key: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) insecure: bool,
    #[arg(long)]
    pub(in crate::cli) csv: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) csv_full_history: bool,
    #[arg(long)]
    pub(in crate::cli) json: bool,
    #[arg(long)]
    pub(in crate::cli) json_file: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) html: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) profile: Option<String>,
    #[arg(long)]
    pub(in crate::cli) only_summary: bool,
    #[arg(long)]
    pub(in crate::cli) print_stats: bool,
    #[arg(long)]
    pub(in crate::cli) exit_code_on_error: Option<u8>,
    #[arg(long)]
    pub(in crate::cli) list: bool,
    #[arg(long)]
    pub(in crate::cli) show_task_ratio: bool,
    #[arg(long)]
    pub(in crate::cli) show_task_ratio_json: bool,
    #[arg(long)]
    pub(in crate::cli) config: Option<PathBuf>,
    #[arg(long)]
    pub(in crate::cli) skip_log_setup: bool,
    #[arg(long, default_value = "INFO", ignore_case = true)]
    pub(in crate::cli) loglevel: Level,
    #[arg(long)]
    pub(in crate::cli) logfile: Option<PathBuf>,

    /// Log lines about the files of flags that were read.
    #[arg(skip)]
    pub(in crate::cli) flag_files: Vec<String>,
    /// The words for the parser of the locustfile.
    #[arg(skip)]
    pub(in crate::cli) custom: Vec<String>,
}

impl RunArgs {
    /// Returns the flags, with those of the scenario's `[report]` that were not given.
    pub(super) fn with_reports_of(&self, scenario: &Scenario) -> RunArgs {
        let (mut args, own) = (self.clone(), scenario.reports.clone());
        args.csv = args.csv.or(own.csv);
        args.csv_full_history |= own.csv_full_history;
        args.html = args.html.or(own.html);
        args.json_file = args.json_file.or(own.json_file);
        args.profile = args.profile.or(own.profile);
        args.only_summary |= own.only_summary;
        args.reset_stats |= own.reset_stats;
        args.exit_code_on_error = args.exit_code_on_error.or(own.exit_code_on_error);
        args
    }

    /// Returns what is set of classes, the later settings after the earlier.
    pub(super) fn class_settings(&self) -> impl Iterator<Item = &ClassSettings> {
        self.config_users.iter().flat_map(|list| &list.0)
    }

    /// Makes the options of the plan.
    pub(super) fn options(&self) -> Options {
        Options {
            host: self.host.clone(),
            classes: picked(&self.user_classes),
            tags: words(&self.tags),
            exclude_tags: words(&self.exclude_tags),
            users: self.users,
            spawn_rate: self.spawn_rate,
            rate: self.rate,
            arrivals: self.arrivals,
            max_users: self.max_users,
            iterations: self.iterations,
            requests: self.requests,
            run_time: self.run_time,
            abort_when: self.abort_when.clone(),
            abort_after: self.abort_after,
            stop_timeout: self.stop_timeout,
            cores: self.cores.clone().map(|cores| cores.0),
            io: self.io.unwrap_or_default(),
            seed: self.seed,
            journal: self.loglevel == Level::Debug,
            local_addresses: self.local_address.clone(),
            dns_refresh: self.dns_refresh,
            via: match (&self.proxy, &self.unix_socket) {
                (Some(url), _) => Some(Via::Proxy(url.clone())),
                (None, Some(path)) => Some(Via::UnixSocket(path.clone())),
                (None, None) => None,
            },
            resolve: self.resolve.clone(),
            tls: TlsOptions {
                ca: self.ca.clone(),
                cert: self.cert.clone(),
                key: self.key.clone(),
                insecure: self.insecure,
                ..TlsOptions::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{self, Value};

    #[test]
    fn tags_and_classes_are_lists() {
        #[derive(Parser)]
        struct Own {
            #[command(flatten)]
            run: RunArgs,
        }
        let options = |args: &[&str]| Own::parse_from([&["x"], args].concat()).run.options();
        let got = options(&["-T", "read,fast", "-T", "a b", "-E=slow", "--user-classes", "A, B C"]);
        assert_eq!(got.tags, ["read", "fast", "a", "b"]);
        assert_eq!(got.exclude_tags, ["slow"]);
        assert_eq!(got.classes, Some(vec![SelectedClass::new("A"), SelectedClass::new("B C")]));
        let weighted = options(&["--user-classes", "A = 2.5,B"]).classes.unwrap();
        assert_eq!(weighted[0], SelectedClass { weight: Some(2.5), ..SelectedClass::new("A") });
        assert_eq!(weighted[1..], [SelectedClass::new("B")]);
        let none = options(&["--tags=", "--user-classes="]);
        assert_eq!((none.tags, none.classes), (vec![], None));
    }

    #[test]
    fn every_flag_of_a_run_is_in_the_table_of_options_and_the_reverse() {
        let command = command::<Args>(&[]);
        let longs = command.get_arguments().filter_map(|arg| arg.get_long());
        let mut flags: Vec<String> =
            longs.filter(|long| !["help", "version"].contains(long)).map(str::to_owned).collect();
        let mut options: Vec<String> = options::all().map(|option| option.flag()).collect();
        flags.sort_unstable();
        options.sort_unstable();
        assert_eq!(flags, options);
    }

    #[test]
    fn every_option_that_changes_a_run_reaches_the_plan() {
        let options = |words: &[String]| Args::try_parse_from(words).unwrap().run.options();
        // They change the scenario, and not the plan.
        let others = ["set", "config_users", "equal_weights", "python"];
        for option in options::samples::of_a_run().filter(|it| !others.contains(&it.name)) {
            let words = options::samples::command_line(option);
            let without = &words[..words.len() - 1];
            assert_ne!(options(&words), options(without), "{}", option.name);
        }
    }

    #[test]
    fn whole_numbers_are_taken_as_far_as_the_table_says() {
        let is_taken = |flag: &str, number: i128| {
            Args::try_parse_from(["gregaria", "a.toml", &format!("--{flag}={number}")]).is_ok()
        };
        let mut seen = 0;
        for option in options::all() {
            let Value::Whole { least, most, .. } = option.value else { continue };
            let (flag, least, most) = (option.flag(), least.into(), most.into());
            assert!(is_taken(&flag, least) && is_taken(&flag, most), "{flag}");
            assert!(!is_taken(&flag, least - 1) && !is_taken(&flag, most + 1), "{flag}");
            seen += 1;
        }
        assert!(seen > 5);
    }

    #[test]
    fn the_flags_are_consistent() {
        command::<Args>(&[]).debug_assert();
        command::<Args>(&["-h".into()]).debug_assert();
    }
}
