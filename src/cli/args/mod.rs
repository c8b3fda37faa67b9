//! The command line as typed: nothing is resolved here.

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

use clap::builder::BoolishValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;

use crate::cli::class_settings::ClassSettings;
use crate::log::Level;
use crate::plan::{Options, Picked};
use crate::scenario::{ArrivalKind, Scenario};
use crate::session::{Resolve, Via};
use crate::threshold::Threshold;
use crate::transport::tls::TlsOptions;
use crate::units;

pub(super) use help::{GREETING, command};
pub use overhead::OverheadArgs;
pub(super) use read::{Read, Unread, read};
pub(super) use scenario::USUAL;
pub use serve::ServeArgs;
pub use set::SetArgs;
pub(super) use value::Cores;
pub use web::WebArgs;

use value::{
    HostUrl, ProxyUrl, class, cores, count, interval, one_or_more, picked, rate, span, spawn_rate,
    unix_socket, words,
};

/// A load engine for one Linux host.
///
/// Runs the users of a scenario file, or one user class that GETs a URL, and reports as Locust does.
/// Every flag can be given as an environment variable, or in gregaria.toml; the scenario's `load` and
/// `report` tables hold defaults.
#[derive(Debug, Parser)]
#[command(name = "gregaria", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// A scenario file, or an http:// or https:// URL to GET
    #[arg(value_name = "SCENARIO.toml | URL")]
    pub scenario: Option<String>,

    /// The scenario file, by Locust's flag
    // No conflict with `scenario` here: clap would see one where the variable is set, too.
    #[arg(
        short = 'f',
        long = "file",
        alias = "locustfile",
        value_name = "FILE",
        env = "GREGARIA_FILE"
    )]
    pub file: Option<String>,

    /// The run's flags.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What can be done instead of a run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the tutorial's checked scenario, without its waits, against the built-in server
    Demo(Box<RunArgs>),
    /// Serve the tutorial's API: GET /, /users and /status
    Serve(ServeArgs),
    /// Measure what the generator itself costs on this machine
    Overhead(OverheadArgs),
    /// Say whether a scenario file is right, and run nothing
    Check {
        /// The scenario file
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

/// The flags of a run, under Locust's names where Locust has them.
#[derive(Debug, Clone, ClapArgs)]
pub struct RunArgs {
    /// Classes of users to run, as behind --user-classes; all without any
    #[arg(value_name = "CLASS", value_delimiter = ',', value_parser = class)]
    pub classes: Vec<Picked>,

    /// Base URL to test, such as http://127.0.0.1:5000; overrides the scenario's
    #[arg(short = 'H', long, value_name = "URL", env = "GREGARIA_HOST", value_parser = HostUrl)]
    pub host: Option<String>,

    /// Run these classes of users only, with weights in place of their own where there are: A,B=3
    #[arg(
        long,
        value_name = "NAME[=WEIGHT],...",
        value_delimiter = ',',
        value_parser = class,
        env = "GREGARIA_USER_CLASSES"
    )]
    pub user_classes: Vec<Picked>,

    /// Run tasks that have one of these tags: -T read fast, or read,fast
    #[arg(short = 'T', long, value_name = "TAG", num_args = 1.., env = "GREGARIA_TAGS")]
    pub tags: Vec<String>,

    /// Run no task that has one of these tags
    #[arg(short = 'E', long, value_name = "TAG", num_args = 1.., env = "GREGARIA_EXCLUDE_TAGS")]
    pub exclude_tags: Vec<String>,

    /// Change classes as Locust does: a JSON object, an array of such, or a .json file of them, with
    /// "user_class_name" and "host", "weight", "fixed_count" or the "tasks" to keep
    #[arg(
        long,
        value_name = "JSON",
        num_args = 1..,
        value_parser = ClassSettings::parse,
        env = "GREGARIA_CONFIG_USERS"
    )]
    pub config_users: Vec<ClassSettings>,

    /// Give all classes and all tasks the same weight
    #[arg(long, env = "GREGARIA_EQUAL_WEIGHTS", value_parser = BoolishValueParser::new())]
    pub equal_weights: bool,

    /// The values of the scenario's parameters.
    #[command(flatten)]
    pub set: SetArgs,

    /// Peak number of concurrent users
    #[arg(short, long, value_name = "N", value_parser = count, env = "GREGARIA_USERS")]
    pub users: Option<u32>,

    /// Users started per second
    #[arg(short = 'r', long, value_name = "RATE", env = "GREGARIA_SPAWN_RATE", value_parser = spawn_rate)]
    pub spawn_rate: Option<f64>,

    /// Release iterations at this rate per second, whatever the users do, instead of -u and -r
    #[arg(long, value_name = "RATE", env = "GREGARIA_RATE", value_parser = rate)]
    pub rate: Option<f64>,

    /// How the iterations of a rate lie in time
    #[arg(long, value_name = "KIND", env = "GREGARIA_ARRIVALS", ignore_case = true)]
    pub arrivals: Option<ArrivalKind>,

    /// Users that a rate may take at most [default: 1000]
    #[arg(long, value_name = "N", value_parser = one_or_more, env = "GREGARIA_MAX_USERS")]
    pub max_users: Option<u32>,

    /// Stop when this many iterations (tasks) are done
    #[arg(short, long, value_name = "N", value_parser = one_or_more, env = "GREGARIA_ITERATIONS")]
    pub iterations: Option<u32>,

    /// Stop when this many requests are done
    #[arg(long, value_name = "N", value_parser = one_or_more, env = "GREGARIA_REQUESTS")]
    pub requests: Option<u32>,

    /// Stop with exit code 3 when the last ten seconds break this level: 'fail_ratio > 5%',
    /// 'p95 > 2s', 'avg > 300ms', 'rate < 100', 'fail_rate > 1'; several: separated by ';'. What was
    /// not judged by the end of the run is judged there. A server that stops answering breaks a rate
    /// at once, and the others when its requests time out
    #[arg(long, value_name = "LEVEL", env = "GREGARIA_ABORT_WHEN", value_delimiter = ';')]
    pub abort_when: Vec<Threshold>,

    /// Judge --abort-when from this time after the start on [default: 10s]
    #[arg(long, value_name = "TIME", env = "GREGARIA_ABORT_AFTER", value_parser = units::parse_duration)]
    pub abort_after: Option<Duration>,

    /// Begin the statistics anew when all users are spawned
    #[arg(long, env = "GREGARIA_RESET_STATS", value_parser = BoolishValueParser::new())]
    pub reset_stats: bool,

    /// Stop after this time from the start: 20, 20s, 3m, 2h, 1h20m
    #[arg(short = 't', long, value_name = "TIME", env = "GREGARIA_RUN_TIME", value_parser = span)]
    pub run_time: Option<Duration>,

    /// Let users finish their tasks for this long at the stop
    #[arg(short = 's', long, value_name = "TIME", env = "GREGARIA_STOP_TIMEOUT", value_parser = span)]
    pub stop_timeout: Option<Duration>,

    /// Run without a web page: the default
    #[arg(long, env = "GREGARIA_HEADLESS", value_parser = BoolishValueParser::new())]
    pub headless: bool,

    /// The web page's flags.
    #[command(flatten)]
    pub web: WebArgs,

    /// Cores to run on: 0-3,6; all allowed ones by default
    #[arg(long, value_name = "LIST", env = "GREGARIA_CORES", value_parser = cores)]
    pub cores: Option<Cores>,

    /// Seed of every random choice of the run; printed, random by default
    #[arg(long, value_name = "N", env = "GREGARIA_SEED")]
    pub seed: Option<u64>,

    /// Connect from these addresses of this host, which connections take in turn
    #[arg(long, value_name = "ADDRESS,...", value_delimiter = ',', env = "GREGARIA_LOCAL_ADDRESS")]
    pub local_address: Vec<IpAddr>,

    /// Look names up again this often; new connections go to the addresses found then
    #[arg(long, value_name = "TIME", env = "GREGARIA_DNS_REFRESH", value_parser = interval)]
    pub dns_refresh: Option<Duration>,

    /// Send every request through this HTTP proxy: http://host:port, or http://user:password@host:port
    #[arg(long, value_name = "URL", env = "GREGARIA_PROXY", value_parser = ProxyUrl)]
    pub proxy: Option<String>,

    /// Connect to this socket of the file system, whatever the URLs say
    #[arg(long, value_name = "PATH", env = "GREGARIA_UNIX_SOCKET", value_parser = unix_socket, conflicts_with = "proxy")]
    pub unix_socket: Option<PathBuf>,

    /// Take these addresses for a host and port, and spread the connections over them
    #[arg(
        long,
        value_name = "HOST:PORT:ADDRESS,...",
        value_delimiter = ' ',
        env = "GREGARIA_RESOLVE"
    )]
    pub resolve: Vec<Resolve>,

    /// Trust the authorities in this PEM file beside those of the system
    #[arg(long, value_name = "FILE", env = "GREGARIA_CA")]
    pub ca: Option<PathBuf>,

    /// Show the certificate in this PEM file to servers that ask for one
    #[arg(long, value_name = "FILE", env = "GREGARIA_CERT")]
    pub cert: Option<PathBuf>,

    /// The key of --cert, where it is not in the same file
    #[arg(long, value_name = "FILE", requires = "cert", env = "GREGARIA_KEY")]
    pub key: Option<PathBuf>,

    /// Do not check the certificates of servers
    #[arg(long, env = "GREGARIA_INSECURE", value_parser = BoolishValueParser::new())]
    pub insecure: bool,

    /// Write PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv, PREFIX_exceptions.csv,
    /// PREFIX_status_codes.csv
    #[arg(long, value_name = "PREFIX", env = "GREGARIA_CSV")]
    pub csv: Option<PathBuf>,

    /// Write a history row per entry, not only the aggregated one
    #[arg(
        long,
        env = "GREGARIA_CSV_FULL_HISTORY",
        value_parser = BoolishValueParser::new()
    )]
    pub csv_full_history: bool,

    /// Print the final statistics as JSON to stdout, as Locust does, and the tables to stderr
    #[arg(long, env = "GREGARIA_JSON", value_parser = BoolishValueParser::new())]
    pub json: bool,

    /// Write all that is known of the run to this file at its end, as JSON; without an ending in its
    /// name .json is added
    #[arg(long, value_name = "FILE", env = "GREGARIA_JSON_FILE")]
    pub json_file: Option<PathBuf>,

    /// Write tables and charts of the run to this file at its end; {u}, {r} and {t} in its name become
    /// users, spawn rate and run time in seconds
    #[arg(long, value_name = "FILE", env = "GREGARIA_HTML")]
    pub html: Option<PathBuf>,

    /// A name for the run, for reports
    #[arg(long, value_name = "NAME", env = "GREGARIA_PROFILE")]
    pub profile: Option<String>,

    /// Print the final tables only
    #[arg(long, env = "GREGARIA_ONLY_SUMMARY", value_parser = BoolishValueParser::new())]
    pub only_summary: bool,

    /// Print tables in the course of a run that has a page, too
    #[arg(long, env = "GREGARIA_PRINT_STATS", value_parser = BoolishValueParser::new())]
    pub print_stats: bool,

    /// Exit code of a run with failures or exceptions [default: 1]
    #[arg(long, value_name = "CODE", env = "GREGARIA_EXIT_CODE_ON_ERROR")]
    pub exit_code_on_error: Option<u8>,

    /// Print the names of the user classes and exit
    #[arg(short, long, env = "GREGARIA_LIST", value_parser = BoolishValueParser::new())]
    pub list: bool,

    /// Print how often each task is chosen and exit
    #[arg(long, env = "GREGARIA_SHOW_TASK_RATIO", value_parser = BoolishValueParser::new())]
    pub show_task_ratio: bool,

    /// The same as JSON
    #[arg(long, env = "GREGARIA_SHOW_TASK_RATIO_JSON", value_parser = BoolishValueParser::new())]
    pub show_task_ratio_json: bool,

    /// Read flags from this file, too: as gregaria.toml has them, or as Locust's
    #[arg(long, value_name = "FILE", env = "GREGARIA_CONFIG")]
    pub config: Option<PathBuf>,

    /// Show warnings and errors only, whatever --loglevel says; with Locust the log is not set up then
    #[arg(
        long,
        alias = "skip-log",
        env = "GREGARIA_SKIP_LOG_SETUP",
        value_parser = BoolishValueParser::new()
    )]
    pub skip_log_setup: bool,

    /// Least important log lines to show
    #[arg(
        short = 'L',
        long,
        value_name = "LEVEL",
        default_value = "INFO",
        ignore_case = true,
        env = "GREGARIA_LOGLEVEL"
    )]
    pub loglevel: Level,

    /// Write log lines to this file instead of stderr
    #[arg(long, value_name = "FILE", env = "GREGARIA_LOGFILE")]
    pub logfile: Option<PathBuf>,

    /// Which files of flags were read.
    #[arg(skip)]
    pub(in crate::cli) told: Vec<String>,
}

impl RunArgs {
    /// The same, with what the scenario asks to be kept where nobody else says anything.
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

    /// What the flags and variables ask of the plan.
    pub fn options(&self) -> Options {
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
        assert_eq!(got.classes, Some(vec![Picked::new("A"), Picked::new("B C")]));
        let weighted = options(&["--user-classes", "A = 2.5,B"]).classes.unwrap();
        assert_eq!(weighted[0], Picked { weight: Some(2.5), ..Picked::new("A") });
        assert_eq!(weighted[1..], [Picked::new("B")]);
        let none = options(&["--tags=", "--user-classes="]);
        assert_eq!((none.tags, none.classes), (vec![], None));
    }

    #[test]
    fn the_flags_are_consistent() {
        command::<Args>(&[]).debug_assert();
        command::<Args>(&["-h".into()]).debug_assert();
    }
}
