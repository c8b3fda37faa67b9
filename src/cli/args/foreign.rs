//! Flags of other tools, and what to do instead of each. A similar flag of gregaria may mean something
//! else.

/// Flags of Locust, k6, wrk, hey, ab, vegeta, oha, bombardier or curl that gregaria does not have.
struct Foreign {
    flags: &'static [&'static str],
    /// What to do instead.
    cure: &'static str,
}

const fn foreign(flags: &'static [&'static str], cure: &'static str) -> Foreign {
    Foreign { flags, cure }
}

const ONE_HOST: &str = "gregaria runs on one host, on each core of it by itself, and has neither \
     master nor workers: leave it out, and choose cores with --cores 0-3 where not all are wanted";

const FOREIGN: [Foreign; 37] = [
    foreign(
        &[
            "--master",
            "--master-bind-host",
            "--master-bind-port",
            "--master-host",
            "--master-port",
            "--worker",
            "--slave",
            "--expect-workers",
            "--expect-workers-max-wait",
            "--expect-slaves",
            "--enable-rebalancing",
            "--processes",
        ],
        ONE_HOST,
    ),
    foreign(
        &["--cpus", "--threads", "--workers", "-w", "-cpus", "-workers"],
        "threads are cores: all that the process may use, or those of --cores 0-3",
    ),
    foreign(
        &["--web-login", "--web-auth"],
        "the page asks for a token: that of --web-token-file, or one that it tells where --web-host is \
         not this machine alone",
    ),
    foreign(&["--headful"], "--web opens the page, whatever else says that there is none"),
    foreign(&["--no-web"], "a run has no page without --web: leave it out"),
    foreign(
        &["--legacy-ui", "--modern-ui", "--build-path"],
        "there is one page, built in: leave it out",
    ),
    foreign(
        &["--web-host-display-name"],
        "the log tells the address of the page as it is: leave it out",
    ),
    foreign(
        &["--otel"],
        "there are no traces; --csv, --json-file and the page's /api/v1/events give the numbers",
    ),
    foreign(
        &["--check-fail-ratio"],
        "it is --abort-when 'fail_ratio > 1%', which ends the run with exit code 3",
    ),
    foreign(
        &["--check-rps"],
        "it is --abort-when 'rate < 100', which ends the run with exit code 3",
    ),
    foreign(
        &["--check-avg-response-time"],
        "it is --abort-when 'avg > 300ms', which ends the run with exit code 3",
    ),
    foreign(
        &["--console-stats-interval"],
        "tables are printed every two seconds; --only-summary leaves the final ones alone",
    ),
    foreign(
        &["-c", "--connections", "--concurrency", "--clients", "--vus", "-connections", "-clients"],
        "each user keeps a connection: a hundred at once are -u 100 -r 100 (--users, --spawn-rate)",
    ),
    foreign(
        &["-d", "--duration", "-duration", "-z", "--time"],
        "the run time is -t 30s (--run-time); a body is body = \"…\" in a scenario",
    ),
    foreign(
        &["-n", "--num-requests", "--amount", "-amount"],
        "the number of requests is --requests 1000; -i 1000 counts iterations",
    ),
    foreign(
        &["-R", "--rps", "--qps", "-qps", "-rate", "--rate-limit", "--ips", "--throughput"],
        "iterations per second are --rate 100, whatever the users do",
    ),
    foreign(
        &["-q"],
        "iterations per second are --rate 100, whatever the users do; --only-summary is what keeps quiet",
    ),
    foreign(
        &["-max-workers", "--max-vus", "--maxVUs"],
        "users that a rate may take are --max-users 2000",
    ),
    foreign(
        &["--stage", "--stages"],
        "stages are [[load.stage]] tables of a scenario, with duration, users and spawn_rate",
    ),
    foreign(
        &["--out", "-o", "--output", "--summary-export", "-output"],
        "results are written by --csv PREFIX, --json-file FILE and --html FILE, in any number",
    ),
    foreign(
        &["-e", "--env"],
        "a value for a scenario is --set NAME=VALUE, which [parameter.NAME] declares there",
    ),
    foreign(
        &["-m", "-X", "--method", "--request"],
        "the method is the key of a request in a scenario: post = \"/path\"",
    ),
    foreign(
        &["--header", "--headers", "-header", "--user-agent"],
        "headers are headers = { name = \"value\" } of a class or a request in a scenario",
    ),
    foreign(
        &["-b", "-D", "--data", "--body", "-body", "--json-body", "--form"],
        "a body is body, json, form or body_file of a request in a scenario",
    ),
    foreign(&["-x"], "a proxy is --proxy http://host:port"),
    foreign(
        &["-a", "-A", "--user-auth", "--basic-auth"],
        "user and password are in the URL, http://user:password@host, or in basic_auth of a scenario",
    ),
    foreign(
        &["--script", "--plan", "--targets", "-targets"],
        "what users do is a scenario file, written in TOML: gregaria scenario.toml",
    ),
    foreign(
        &["--timeout", "-timeout"],
        "a timeout is timeout = \"5s\" of a class or a request in a scenario; 60 s without it",
    ),
    foreign(
        &["--latency", "--latencies", "--percentiles"],
        "percentiles are always printed: leave it out",
    ),
    foreign(
        &["--latency-correction", "--u-latency"],
        "with --rate a latency counts from when its request was due: leave it out",
    ),
    foreign(
        &["-k", "--insecure-skip-tls-verify", "--skip-tls-verify", "-insecure"],
        "certificates are not checked with --insecure; connections are kept without any flag",
    ),
    foreign(
        &["--no-tui", "--quiet", "--no-progress", "--no-summary", "--print"],
        "--only-summary prints the final tables alone",
    ),
    foreign(
        &["--disable-keepalive", "--no-keepalive", "-keepalive", "-disable-keepalive"],
        "connections are closed after each request with keep_alive = false of a class in a scenario",
    ),
    foreign(
        &["--disable-redirects", "--no-redirect", "--max-redirects", "--redirect", "-redirects"],
        "redirects are not followed with redirects = false of a class or a request in a scenario",
    ),
    foreign(
        &["--disable-compression", "-disable-compression"],
        "compression is not asked for with compression = false of a class in a scenario",
    ),
    foreign(
        &["--http2", "--http-version", "--http3"],
        "requests are HTTP/1.1, and nothing else: leave it out",
    ),
    foreign(
        &["--no-thresholds", "--no-usage-report", "--no-color", "--no-connection-reuse"],
        "there is nothing to switch off: leave it out",
    ),
];

/// Returns what to do instead of this flag. A value may be attached to it.
pub(super) fn cure(word: &str) -> Option<&'static str> {
    let flag = word.split('=').next().unwrap_or_default();
    let found = FOREIGN.iter().find(|foreign| foreign.flags.contains(&flag))?;
    Some(found.cure)
}

/// Returns whether other tools read a word as one flag, and gregaria as several letters: `-rate=100`.
pub(super) fn is_bundle(word: &str) -> bool {
    word.len() > 2 && word.starts_with('-') && !word.starts_with("--") && cure(word).is_some()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Args;

    /// All flags in the `--help` of Locust 2.47.0, its hidden ones, and the most popular ones of
    /// locust-plugins.
    const LOCUST: &str = "-h --help -f --locustfile --config -H --host -u --users -r --spawn-rate -t --run-time \
        -l --list --config-users --web-host --web-port -P --headless --autostart --autoquit \
        --web-login --tls-cert --tls-key --class-picker --web-base-path --master --master-bind-host \
        --master-bind-port --expect-workers --expect-workers-max-wait --enable-rebalancing --worker \
        --processes --master-host --master-port -T --tags -E --exclude-tags --csv \
        --csv-full-history --print-stats --only-summary --reset-stats --html --json --json-file \
        --skip-log-setup --skip-log --loglevel -L --logfile --show-task-ratio \
        --show-task-ratio-json --version -V --exit-code-on-error -s --stop-timeout --equal-weights \
        --profile --otel \
        --headful --web-auth --legacy-ui --build-path --web-host-display-name --slave \
        --expect-slaves --no-web --modern-ui \
        -i --iterations --check-rps --check-fail-ratio --check-avg-response-time \
        --console-stats-interval --ips";

    /// Popular flags of k6, wrk, hey, ab, vegeta and oha.
    const OTHERS: &str = "--vus --duration --iterations --stage --rps --out --env --insecure-skip-tls-verify \
        -c -d -n -q -z -k -R --connections --threads --script --latency --timeout -rate=50 -duration=5s \
        -connections -workers --no-tui --disable-keepalive --http-version -m";

    /// Returns whether gregaria has this flag.
    fn is_ours(flag: &str) -> bool {
        let mut command = Args::command();
        command.build();
        command.get_arguments().any(|arg| {
            let long = arg.get_long_and_visible_aliases().unwrap_or_default();
            let hidden = arg.get_all_aliases().unwrap_or_default();
            let is_long = flag
                .strip_prefix("--")
                .is_some_and(|name| long.contains(&name) || hidden.contains(&name));
            let short = arg.get_short();
            is_long || short.is_some_and(|letter| flag == format!("-{letter}"))
        })
    }

    #[test]
    fn every_flag_of_locust_works_or_has_its_sentence() {
        for flag in LOCUST.split_whitespace().chain(OTHERS.split_whitespace()) {
            assert_ne!(is_ours(flag), cure(flag).is_some(), "{flag}");
        }
    }

    /// Returns the flags that a text recommends.
    fn recommended(cure: &str) -> impl Iterator<Item = &str> {
        let words = cure.split([' ', '(', ')', ',', ';', ':']);
        words.filter(|word| word.starts_with('-') && word.len() > 1)
    }

    #[test]
    fn a_sentence_names_flags_that_there_are_for_one_that_there_is_not() {
        for Foreign { flags, cure } in &FOREIGN {
            for flag in *flags {
                assert!(!is_ours(flag), "{flag} works");
                let others = FOREIGN.iter().filter(|foreign| foreign.flags.contains(flag));
                assert_eq!(others.count(), 1, "{flag} has two sentences");
            }
            for flag in recommended(cure) {
                assert!(is_ours(flag), "'{cure}' recommends {flag}");
            }
        }
    }

    #[test]
    fn a_value_or_a_single_dash_does_not_hide_a_flag() {
        assert_eq!(cure("--vus=10"), cure("-c"));
        assert!(is_bundle("-rate=100") && is_bundle("-duration") && !is_bundle("-u5"));
        assert!(!is_bundle("-c") && !is_bundle("--vus") && cure("--users").is_none());
    }
}
