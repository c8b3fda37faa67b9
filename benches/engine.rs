//! The whole engine on one core: users, tasks, checks, statistics, against the built-in server.
//!
//! The server is in this process, on another core if there is one. CPU time is that of the core's thread, and
//! requests are those that the server has seen, both between the same two instants in the middle of the run,
//! without the start and the collector. `floor.rs` measures the kernel's part, and `scripts/compare` measures
//! whole processes.
//!
//! ```text
//! cargo bench --bench engine                                    one second of each case
//! cargo bench --bench engine -- --case plain --seconds 3 --rounds 5
//! ```
//!
//! One line of JSON per run.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::plan::{Options, Plan};
use gregaria::run;
use gregaria::scenario::{Scenario, Step, Task, TaskResult, User, WaitTime, file};
use gregaria::session::Session;
use gregaria::target::{self, Close, Server};
use http::{HeaderName, HeaderValue};

/// The time from the start of the run to the start of the measurement.
const WARM_UP: Duration = Duration::from_millis(300);
const CASES: [Case; 6] =
    [Case::Plain, Case::Checks, Case::Close, Case::Large, Case::Constant, Case::Dynamic];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// `GET /`, checking only the status.
    Plain,
    /// The tutorial's three weighted endpoints and their checks, without the waits.
    Checks,
    /// `GET /` from a server that closes after each answer.
    Close,
    /// Bodies of 1 MiB.
    Large,
    /// A path with a query, a header, and two headers of the class, as a step: rendered once.
    Constant,
    /// The same from code, with another number in path and header each time.
    Dynamic,
}

struct Args {
    cases: Vec<Case>,
    users: Option<u32>,
    time: Duration,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse()?;
    for _ in 0..args.rounds {
        for &case in &args.cases {
            measure(case, &args)?;
        }
    }
    Ok(())
}

impl Args {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parsed =
            Args { cases: CASES.to_vec(), users: None, time: Duration::from_secs(1), rounds: 1 };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--case" => parsed.cases = vec![Case::named(&value()?)?],
                "--users" => parsed.users = Some(value()?.parse()?),
                "--seconds" => parsed.time = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--rounds" => parsed.rounds = value()?.parse()?,
                // Arguments of cargo.
                "--bench" => {}
                _ => return Err(format!("unknown argument {arg}").into()),
            }
        }
        Ok(parsed)
    }
}

impl Case {
    fn named(name: &str) -> Result<Self, String> {
        let case = CASES.into_iter().find(|case| case.name() == name);
        case.ok_or_else(|| format!("unknown case {name}"))
    }

    fn name(self) -> &'static str {
        match self {
            Case::Plain => "plain",
            Case::Checks => "checks",
            Case::Close => "close",
            Case::Large => "large",
            Case::Constant => "constant",
            Case::Dynamic => "dynamic",
        }
    }

    fn users(self) -> u32 {
        if self == Case::Large { 16 } else { 64 }
    }

    fn close(self) -> Close {
        if self == Case::Close { Close::Announced(1) } else { Close::Never }
    }

    fn scenario(self) -> Result<Scenario, Box<dyn Error>> {
        let one = |path| Scenario::default().user(User::new("User").task(Step::get(path)));
        Ok(match self {
            Case::Plain | Case::Close => one("/"),
            Case::Large => one("/bytes/1048576"),
            Case::Constant => {
                let step = Step::get("/?page=1000000").header(REQUEST_ID, NUMBER);
                Scenario::default().user(with_headers(User::new("User").task(step)))
            }
            Case::Dynamic => {
                let user = User::with_state("User", String::new).task(1, "item", item);
                Scenario::default().user(user.class(with_headers))
            }
            Case::Checks => {
                let tutorial = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/checks.toml");
                let mut scenario = file::load(tutorial)?;
                for user in &mut scenario.users {
                    user.wait_time = WaitTime::Constant(Duration::ZERO);
                }
                scenario
            }
        })
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NUMBER: HeaderValue = HeaderValue::from_static("1000000");

/// Two headers of the class.
fn with_headers(user: User) -> User {
    let tenant = HeaderName::from_static("x-tenant");
    let user = user.header(tenant, HeaderValue::from_static("laboratory"));
    user.header(http::header::ACCEPT_LANGUAGE, HeaderValue::from_static("en"))
}

/// A hundred requests, so that the future of the task does not count.
async fn item(number: &mut String, http: &mut Session) -> TaskResult {
    for _ in 0..100 {
        number.clear();
        write!(number, "{}", http.rng().u32(1_000_000..2_000_000))?;
        let request = http.get(format_args!("/?page={number}")).name("/?page=[n]");
        request.header("x-request-id", &*number).send().await?;
    }
    Ok(())
}

/// Makes one run and prints its line.
fn measure(case: Case, args: &Args) -> Result<(), Box<dyn Error>> {
    let cores = allowed_cores();
    let (first, last) = (cores.first().ok_or("no core")?, cores.last().ok_or("no core")?);
    let options =
        target::Options { cores: vec![*last], close: case.close(), ..target::Options::default() };
    let server = Arc::new(Server::start(options)?);

    let seen = Arc::new(Mutex::new(None));
    let users = args.users.unwrap_or(case.users());
    let plan = Plan::new(
        case.scenario()?.user(witness(&server, &seen, args.time)),
        Options {
            host: Some(format!("http://{}", server.address())),
            users: Some(users + 1),
            spawn_rate: Some(1e6),
            run_time: Some(WARM_UP + args.time + WARM_UP),
            cores: Some(vec![first.id]),
            seed: Some(1),
            ..Options::default()
        },
    )?;
    let summary = run::run(&Arc::new(plan), &Arc::default(), Vec::new(), |_| {})?;
    let failures = summary.snapshot.total.failures;
    if failures > 0 {
        return Err(format!("{}: {failures} requests failed", case.name()).into());
    }
    let seen = seen.lock().map_err(|_| "the witness panicked")?.take();
    let (begin, end) = seen.ok_or("the run was over before the measurement")?;
    print(case, users, &begin, &end);
    Ok(())
}

/// The server's count and the thread's CPU time at one instant.
#[derive(Debug)]
struct Reading {
    at: Instant,
    requests: u64,
    user_s: f64,
    system_s: f64,
    /// The sum of both, with finer resolution.
    cpu_s: f64,
}

type Seen = Arc<Mutex<Option<(Reading, Reading)>>>;

/// A user on the measured thread, which reads the clocks, sleeps, and reads them again.
fn witness(server: &Arc<Server>, seen: &Seen, time: Duration) -> User {
    let (server, seen) = (server.clone(), seen.clone());
    let task = Task::new("witness", async move |session: &mut Session| {
        session.sleep(WARM_UP).await;
        let begin = Reading::now(&server)?;
        session.sleep(time).await;
        let end = Reading::now(&server)?;
        if let Ok(mut seen) = seen.lock() {
            *seen = Some((begin, end));
        }
        session.sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    User::new("witness").fixed_count(1).task(task)
}

impl Reading {
    fn now(server: &Server) -> std::io::Result<Self> {
        // In clock ticks of 10 ms, from after the name in parentheses: fields 14 and 15 of proc(5).
        let stat = fs::read_to_string("/proc/thread-self/stat")?;
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut ticks = fields.split_whitespace().skip(11).map_while(|ticks| ticks.parse().ok());
        let mut seconds = || ticks.next().map_or(f64::NAN, |ticks: f64| ticks / 100.0);
        let (user_s, system_s) = (seconds(), seconds());
        // In nanoseconds.
        let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
        let on_cpu = schedstat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
        let cpu_s = on_cpu.map_or(f64::NAN, |nanos| nanos / 1e9);
        let requests = server.counters().requests;
        Ok(Reading { at: Instant::now(), requests, user_s, system_s, cpu_s })
    }
}

fn print(case: Case, users: u32, begin: &Reading, end: &Reading) {
    let requests = (end.requests - begin.requests) as f64;
    let cpu = end.cpu_s - begin.cpu_s;
    let (user, system) = (end.user_s - begin.user_s, end.system_s - begin.system_s);
    let share = user / (user + system);
    let wall = (end.at - begin.at).as_secs_f64();
    println!(
        "{{\"case\":\"{}\",\"users\":{users},\"requests\":{requests},\"wall_s\":{wall:.3},\
         \"busy\":{:.3},\"cpu_us_per_request\":{:.3},\"user_us\":{:.3},\"system_us\":{:.3},\
         \"requests_per_cpu_s\":{:.0}}}",
        case.name(),
        cpu / wall,
        1e6 * cpu / requests,
        1e6 * cpu * share / requests,
        1e6 * cpu * (1.0 - share) / requests,
        requests / cpu,
    );
}
