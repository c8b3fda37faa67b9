//! The table of options.

use super::{Field, Group, LoadKind, RATE_MAX, RunOption, Section, Value};

/// All options of a run, under the headings of the help and in its order.
pub(crate) const GROUPS: [Group; 7] = [
    Group { heading: "Load", options: LOAD },
    Group { heading: "Scenario", options: SCENARIO },
    Group { heading: "Reports", options: REPORTS },
    Group { heading: "Web page", options: WEB_PAGE },
    Group { heading: "Connections", options: CONNECTIONS },
    Group { heading: "Machine", options: MACHINE },
    Group { heading: "Log and help", options: LOG_AND_HELP },
];

const LOAD: &[RunOption] = &[
    option(
        "host",
        text("URL"),
        "Base URL to test, such as http://127.0.0.1:5000; overrides the scenario's",
    )
    .short('H')
    .field("Host"),
    option("users", COUNT, "Peak number of concurrent users")
        .short('u')
        .in_load()
        .of_users()
        .field("Number of users (peak concurrency)")
        .swarm("user_count"),
    option("spawn_rate", PER_SECOND, "Users started per second")
        .short('r')
        .in_load()
        .of_users()
        .field("Ramp up (users started/second)"),
    option("run_time", TIME, "Stop after this time from the start: 20, 20s, 3m, 2h, 1h20m")
        .short('t')
        .in_load()
        .field("Run time (e.g. 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.)"),
    option("rate", RATE, "Release iterations at this rate per second, whatever the users do")
        .when_typed(", instead of -u and -r")
        .in_load()
        .of_rate()
        .field("Rate (iterations released/second)"),
    option("arrivals", text("KIND"), "How the iterations of a rate lie in time")
        .in_load()
        .of_rate(),
    option("max_users", COUNT_ABOVE_0, "Users that a rate may take at most [default: 1000]")
        .in_load()
        .of_rate(),
    option("iterations", COUNT_ABOVE_0, "Stop when this many iterations (tasks) are done")
        .short('i')
        .in_load(),
    option("requests", COUNT_ABOVE_0, "Stop when this many requests are done").in_load(),
    option("stop_timeout", TIME, "Let users finish their tasks for this long at the stop")
        .short('s')
        .in_load(),
    option(
        "abort_when",
        texts("LEVEL"),
        "Stop with exit code 3 when the last ten seconds break this level: \
         'fail_ratio > 5%', 'p95 > 2s', 'avg > 300ms', 'rate < 100', 'fail_rate > \
         1'; several: separated by ';'. What was not judged by the end of the run \
         is judged there. A server that stops answering breaks a rate at once, and \
         the others when its requests time out",
    )
    .in_load(),
    option(
        "abort_after",
        TIME,
        "Judge --abort-when from this time after the start on [default: 10s]",
    )
    .in_load(),
];

const SCENARIO: &[RunOption] = &[
    option(
        "file",
        text("FILE"),
        "The scenario file, or the locustfile: also several, a.py,b.py, or a directory of them",
    )
    .short('f')
    .alias("locustfile")
    .typed_only(),
    option(
        "user_classes",
        texts("NAME[=WEIGHT],..."),
        "Run these classes of users only, with weights in place of their own where \
         there are: A,B=3",
    )
    .field("User classes")
    .named_in_forms("classes"),
    option("tags", texts("TAG"), "Run tasks that have one of these tags")
        .when_typed(": -T read fast, or read,fast")
        .short('T')
        .field("Tags"),
    option("exclude_tags", texts("TAG"), "Run no task that has one of these tags")
        .short('E')
        .field("Exclude tags"),
    option(
        "set",
        texts("NAME=VALUE"),
        "Give a parameter of the scenario file this value; several: by more flags, \
         or separated by ';' in the variable",
    ),
    option(
        "config_users",
        texts("JSON"),
        "Change classes as Locust does: a JSON object, an array of such, or a \
         .json file of them, with \"user_class_name\" and \"host\", \"weight\", \
         \"fixed_count\" or the \"tasks\" to keep",
    ),
    option(
        "python",
        text("PATH"),
        "The Python that runs the locustfile; without it that of VIRTUAL_ENV, the one beside \
         gregaria, or python3",
    ),
    option("equal_weights", SWITCH, "Give all classes and all tasks the same weight"),
    option("list", SWITCH, "Print the names of the user classes and exit").short('l'),
    option("show_task_ratio", SWITCH, "Print how often each task is chosen and exit"),
    option("show_task_ratio_json", SWITCH, "The same as JSON"),
];

const REPORTS: &[RunOption] = &[
    option(
        "csv",
        text("PREFIX"),
        "Write PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv, \
         PREFIX_exceptions.csv, PREFIX_status_codes.csv",
    )
    .in_report(),
    option(
        "csv_full_history",
        SWITCH,
        "Write a history row per entry, not only the aggregated one",
    )
    .in_report(),
    option(
        "html",
        text("FILE"),
        "Write tables and charts of the run to this file at its end; {u}, {r} and \
         {t} in its name become users, spawn rate and run time in seconds",
    )
    .in_report(),
    option(
        "json",
        SWITCH,
        "Print the final statistics as JSON to stdout, as Locust does, and the \
         tables to stderr",
    ),
    option(
        "json_file",
        text("FILE"),
        "Write all that is known of the run to this file at its end, as JSON; \
         without an ending in its name .json is added",
    )
    .in_report(),
    option("profile", text("NAME"), "A name for the run, for reports").in_report().field("Profile"),
    option("only_summary", SWITCH, "Print the final tables only").in_report(),
    option("print_stats", SWITCH, "Print tables in the course of a run that has a page, too"),
    option("reset_stats", SWITCH, "Begin the statistics anew when all users are spawned")
        .in_report(),
    option(
        "exit_code_on_error",
        whole("CODE", 0, u8::MAX as u64),
        "Exit code of a run with failures or exceptions [default: 1]",
    )
    .in_report(),
];

const WEB_PAGE: &[RunOption] = &[
    option(
        "web",
        SWITCH,
        "Open a web page to start, watch and steer runs on: the default with a locustfile",
    ),
    option("headless", SWITCH, "Run without a web page: the default with a scenario file"),
    option(
        "web_host",
        text("ADDRESS"),
        "Address of the web page; * for all of this host, where it then needs a \
         token",
    ),
    option(
        "web_port",
        whole("PORT", 0, u16::MAX as u64),
        "Port of the web page; 0 lets the system choose",
    )
    .short('P'),
    option("web_base_path", text("PATH"), "What all paths of the web page begin with: /load"),
    option(
        "web_token_file",
        text("FILE"),
        "Show the web page only to those who know the token in this file",
    ),
    option(
        "tls_cert",
        text("FILE"),
        "Serve the web page by HTTPS with the certificate in this PEM file",
    ),
    option("tls_key", text("FILE"), "The key of --tls-cert"),
    option("autostart", SWITCH, "Start a run at once, and open the web page all the same"),
    option(
        "autoquit",
        whole("SECONDS", 0, u32::MAX as u64),
        "End this many seconds after the run that was started at once",
    ),
    option(
        "class_picker",
        SWITCH,
        "Let classes be picked on the web page, as it always does; taken because Locust has it",
    ),
];

const CONNECTIONS: &[RunOption] = &[
    option(
        "proxy",
        text("URL"),
        "Send every request through this HTTP proxy: http://host:port, or \
         http://user:password@host:port",
    ),
    option(
        "unix_socket",
        text("PATH"),
        "Connect to this socket of the file system, whatever the URLs say",
    ),
    option(
        "local_address",
        texts("ADDRESS,..."),
        "Connect from these addresses of this host, which connections take in turn",
    )
    .in_load(),
    option(
        "resolve",
        texts("HOST:PORT:ADDRESS,..."),
        "Take these addresses for a host and port, and spread the connections over \
         them",
    ),
    option(
        "dns_refresh",
        TIME,
        "Look names up again this often; new connections go to the addresses found \
         then",
    )
    .in_load(),
    option("ca", text("FILE"), "Trust the authorities in this PEM file beside those of the system"),
    option(
        "cert",
        text("FILE"),
        "Show the certificate in this PEM file to servers that ask for one",
    ),
    option("key", text("FILE"), "The key of --cert, where it is not in the same file"),
    option("insecure", SWITCH, "Do not check the certificates of servers"),
];

const MACHINE: &[RunOption] = &[
    option("cores", text("LIST"), "Cores to run on: 0-3,6; all allowed ones by default")
        .field("Cores"),
    option(
        "io",
        text("KIND"),
        "What sockets go through; auto is io_uring where this process may use it, else epoll \
         [default: auto]",
    ),
    option(
        "seed",
        whole("N", 0, u64::MAX),
        "Seed of every random choice of the run; printed, random by default",
    ),
];

const LOG_AND_HELP: &[RunOption] = &[
    option(
        "config",
        text("FILE"),
        "Read flags from this file, too: as gregaria.toml has them, or as Locust's",
    )
    .typed_only(),
    option("loglevel", text("LEVEL"), "Least important log lines to show").short('L'),
    option("logfile", text("FILE"), "Write log lines to this file instead of stderr"),
    option(
        "skip_log_setup",
        SWITCH,
        "Show warnings and errors only, whatever --loglevel says; with Locust the \
         log is not set up then",
    )
    .alias("skip-log"),
];

const SWITCH: Value = Value::Switch;
const PER_SECOND: Value = Value::PerSecond { most: None };
const RATE: Value = Value::PerSecond { most: Some(RATE_MAX) };
const TIME: Value = Value::Time;
const COUNT: Value = whole("N", 0, u32::MAX as u64);
const COUNT_ABOVE_0: Value = whole("N", 1, u32::MAX as u64);

const fn whole(name: &'static str, least: u64, most: u64) -> Value {
    Value::Whole { name, least, most }
}

const fn text(name: &'static str) -> Value {
    Value::Text(name)
}

const fn texts(name: &'static str) -> Value {
    Value::Texts(name)
}

/// Makes an option that flag, variable and files of flags can give, and nothing else.
const fn option(name: &'static str, value: Value, help: &'static str) -> RunOption {
    RunOption {
        name,
        value,
        help,
        typed_help: "",
        short: None,
        alias: None,
        typed_only: false,
        section: None,
        load: None,
        field: None,
    }
}

impl RunOption {
    const fn short(self, letter: char) -> Self {
        RunOption { short: Some(letter), ..self }
    }

    const fn alias(self, alias: &'static str) -> Self {
        RunOption { alias: Some(alias), ..self }
    }

    /// Adds to the help on the command line.
    const fn when_typed(self, typed_help: &'static str) -> Self {
        RunOption { typed_help, ..self }
    }

    const fn typed_only(self) -> Self {
        RunOption { typed_only: true, ..self }
    }

    /// Adds it to `[load]` of scenario files.
    const fn in_load(self) -> Self {
        RunOption { section: Some(Section::Load), ..self }
    }

    /// Adds it to `[report]` of scenario files.
    const fn in_report(self) -> Self {
        RunOption { section: Some(Section::Report), ..self }
    }

    const fn of_users(self) -> Self {
        RunOption { load: Some(LoadKind::Users), ..self }
    }

    const fn of_rate(self) -> Self {
        RunOption { load: Some(LoadKind::Rate), ..self }
    }

    /// Adds it to forms under its own name, with this label on the page.
    const fn field(self, label: &'static str) -> Self {
        RunOption { field: Some(Field { name: self.name, swarm: self.name, label }), ..self }
    }

    /// Sets its name in the form of `POST /swarm`.
    const fn swarm(self, swarm: &'static str) -> Self {
        match self.field {
            Some(field) => RunOption { field: Some(Field { swarm, ..field }), ..self },
            None => self,
        }
    }

    /// Sets its name on the page and in `POST /api/v1/runs`.
    const fn named_in_forms(self, name: &'static str) -> Self {
        match self.field {
            Some(field) => RunOption { field: Some(Field { name, ..field }), ..self },
            None => self,
        }
    }
}
