//! Locustfiles on the command line: which files a name stands for, and what is said where it stands for none.
//! Their runs need a Python, and are skipped where there is none.

use std::env;
use std::process::Command;

use gregaria::target;
use serde_json::{Value, json};

use crate::support::{Output, Run, Server, Signal, plain_server};

/// Runs these words beside `a.py` and `empty/_b.py`. Returns the error.
#[track_caller]
fn refused(words: &[&str], code: i32) -> String {
    let run = Run::new(words).file("a.py", "").file("empty/_b.py", "");
    run.go().code(code).stderr
}

/// The texts and the exit code of Locust 2.47.0.
#[test]
fn a_locustfile_that_is_not_there_is_told_as_locust_tells_it() {
    for (words, expected) in [
        (
            &["-f", "none.py"][..],
            "Could not find 'none.py'. Ensure your locustfile ends with '.py'",
        ),
        (&["none.py", "--headless"], "Could not find 'none.py'."),
        (&["-f", "a.py,none.py", "-l"], "Could not find 'none.py'."),
        (&["-f", "empty"], "Could not find any locustfiles in directory 'empty'"),
        (&["check", "none.py"], "Could not find 'none.py'."),
    ] {
        let error = refused(words, 1);
        assert!(error.starts_with(&format!("gregaria: error: {expected}")), "{words:?}: {error}");
    }
}

#[test]
fn the_url_of_a_file_of_python_is_not_loaded_with_requests() {
    let url = "http://127.0.0.1:9/a.py";
    for words in [&[url, "-u", "5", "-t", "1s"][..], &["-f", url]] {
        let error = refused(words, 2);
        assert!(error.contains("curl -fsSO 'http://127.0.0.1:9/a.py'"), "{words:?}: {error}");
    }
}

#[test]
fn help_is_there_though_a_locustfile_cannot_be_loaded() {
    let run = Run::new(["-f", "none.py", "--help"]).go().code(0);
    assert!(run.stdout.contains("--headless"), "{}", run.stdout);
    assert!(run.stderr.starts_with("gregaria: no arguments of none.py are listed: Could not find"));
}

/// Locust's file with an argument of each kind, listeners that print, and a class or two.
const FILE: &str = r#"
from locust import HttpUser, User, constant, events, task

runners = []

def says(event):
    def listener(environment=None, **kwargs):
        if environment:
            runners[:] = [type(environment.runner).__name__]
        print("event", event, *runners, "" if environment else kwargs, flush=True)
    getattr(events, event).add_listener(listener)

for event in ("init", "test_start", "test_stopping", "test_stop", "quit"):
    says(event)

@events.init_command_line_parser.add_listener
def arguments(parser):
    parser.add_argument("--count", "-c", type=int, default=3, env_var="OWN_COUNT", help="How many of them")
    parser.add_argument("--rate", default="slow", help="Not gregaria's")
    parser.add_argument("--token", is_secret=True, default="")
    parser.add_argument("--kind", choices=["a", "b"], default="a", is_required=True)
    parser.add_argument("--internal", default="x", include_in_web_ui=False)
    parser.add_argument("--fast", action="store_true")

@events.quitting.add_listener
def quitting(environment, **kwargs):
    options = environment.parsed_options
    print("event quitting", type(environment.runner).__name__, options.count, options.rate, options.fast, options.kind, flush=True)
    if options.count == 9:
        environment.process_exit_code = 42
    if options.count == 8:
        raise ValueError("no")

class Asker(HttpUser):
    wait_time = constant(0.05)

    @task
    def root(self):
        self.client.get("/")

class Other(Asker):
    weight = 2
"#;

/// Returns whether there is a Python that runs locustfiles. CI has one.
fn has_python() -> bool {
    let script = "import sys; sys.exit(sys.version_info < (3, 11))";
    let status = Command::new("python3").args(["-c", script]).status();
    let is_there = status.is_ok_and(|status| status.success());
    let is_required = env::var("GREGARIA_TEST_REAL_SERVERS").is_ok_and(|value| value == "required");
    assert!(is_there || !is_required, "there is no python3 from 3.11 on");
    if !is_there {
        eprintln!("skipped: there is no python3 from 3.11 on");
    }
    is_there
}

/// Makes a run of the file without a page.
fn headless(server: &Server, words: &[&str]) -> Run {
    let run = Run::new(["-f", "locustfile.py", "--headless", "-u2", "-r9", "--cores=0"]);
    run.file("locustfile.py", FILE).host(server.address).args(words)
}

fn events(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines().filter_map(|line| line.strip_prefix("event "));
    lines.filter(|line| !line.contains("WorkerRunner")).map(str::trim_end).collect()
}

/// The order of Locust 2.47.0 at the end of the run time.
#[test]
fn a_locustfile_runs_with_its_own_flags_and_events() {
    if !has_python() {
        return;
    }
    let server = plain_server();
    let run =
        headless(&server, &["-t1", "-c", "7", "--rate=fast", "--fast", "--kind", "b", "Asker"]);
    // A class that is not picked may be one that could not run.
    let file = FILE.to_owned() + "class Idle(HttpUser):\n    pass\n";
    let output = run.file("locustfile.py", &file).env("OWN_COUNT", "5").go().code(0);
    let (requests, failures) = output.aggregated();
    assert!(requests > 0 && failures == 0, "{}", output.stdout);
    let expected = [
        "init MasterRunner",
        "test_start MasterRunner",
        "test_stopping MasterRunner",
        "test_stop MasterRunner",
        "quitting MasterRunner 7 fast True b",
        "quit MasterRunner {'exit_code': 0}",
    ];
    assert_eq!(events(&output), expected, "{}", output.stderr);
    assert!(
        output.stderr.contains("--rate is of the locustfile, and gregaria's is --gregaria-rate")
    );
    assert!(output.stderr.contains("All users spawned: {\"Asker\": 2}"), "{}", output.stderr);
}

#[test]
fn a_listener_decides_the_exit_code() {
    if !has_python() {
        return;
    }
    let server = plain_server();
    let output = headless(&server, &["-t1"]).env("OWN_COUNT", "9").go().code(42);
    assert_eq!(events(&output).last(), Some(&"quit MasterRunner {'exit_code': 42}"));
    let output = headless(&server, &["-t1", "-c8"]).go().code(2);
    assert!(output.stderr.contains("ValueError: no"), "{}", output.stderr);
}

#[test]
fn a_signal_ends_the_command_with_quitting_first() {
    if !has_python() {
        return;
    }
    let server = plain_server();
    let mut running = headless(&server, &[]).start();
    running.stderr_line("All users spawned");
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    let names: Vec<_> = events(&output).iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["init", "test_start", "quitting", "test_stopping", "test_stop", "quit"]);
}

/// Where there is a traceback, it has the user's code only.
#[test]
fn what_is_wrong_with_a_locustfile_is_told_before_anything_runs() {
    if !has_python() {
        return;
    }
    let refused = |file: &str, words: &[&str], code: i32, expected: &str| {
        let run = Run::new(["locustfile.py", "--headless"]).file("locustfile.py", file).args(words);
        let stderr = run.go().code(code).stderr;
        assert!(stderr.contains(expected), "no '{expected}' in:\n{stderr}");
        assert!(!stderr.contains("<gregaria>") && !stderr.contains("importlib"), "{stderr}");
    };
    refused("def f(:\n", &[], 2, "locustfile.py\", line 1\n    def f(:\n");
    refused(
        "import none_of_these\n",
        &[],
        2,
        "ModuleNotFoundError: No module named 'none_of_these'",
    );
    refused("def f():\n    raise ValueError('x')\nf()\n", &[], 2, "line 2, in f\n");
    refused("x = 1\n", &[], 1, "No User class found!");
    let user =
        "from locust import HttpUser, task\nclass A(HttpUser):\n    @task\n    def a(self): pass\n";
    refused(user, &[], 2, "locustfile.py:2: user 'A' has no host: give one with --host");
    refused(&(user.to_owned() + "    host = ''\n"), &[], 2, "user 'A' has no host");
    refused(&(user.to_owned() + "    weight = '3'\n"), &[], 2, "locustfile.py:2: A.weight is '3'");
    let idle = FILE.to_owned() + "class Idle(HttpUser):\n    pass\n";
    refused(&idle, &[], 2, ": Idle has no task: mark its methods with @task");
    refused(&idle, &["Asker", "Nobody"], 1, "Unknown User(s): Nobody; there are Asker, Other");
    refused(FILE, &["--count", "x"], 2, "argument --count/-c: invalid int value: 'x'");
    refused(FILE, &["--kind=c"], 2, "argument --kind: invalid choice: 'c'");
    refused(FILE, &["--conut", "5"], 2, "a similar argument exists: '--count'");
    refused(FILE, &["--python", "/none"], 2, "there is no Python at /none, which --python names");
}

#[test]
fn flags_of_a_locustfile_are_in_the_help_and_in_files_of_flags() {
    if !has_python() {
        return;
    }
    let of = |words: &[&str]| Run::new(words).file("locustfile.py", FILE);
    let help = of(&["--help"]).go().code(0).stdout;
    let (_, own) = help.split_once("\nCustom arguments of the locustfile:\n").unwrap();
    assert!(own.contains("-c, --count <COUNT>") && own.contains("How many of them"), "{own}");
    assert!(own.contains("[env: OWN_COUNT]") && help.contains("--gregaria-rate <RATE>"), "{help}");
    let list = of(&["-l"]).go().code(0).stdout;
    // Locust 2.47.0 fires no event before the list, either.
    assert_eq!(list, "Available Users:\n    Asker\n    Other\n");
    let ratio = of(&["--show-task-ratio"]).go().code(0).stdout;
    assert!(
        ratio.starts_with("\n Task ratio per User class\n") && ratio.contains(" 66.7       Other"),
        "{ratio}"
    );
    let wrong = of(&["-l"]).file("locust.conf", "count = many\n").go().code(2).stderr;
    assert!(wrong.contains("argument --count/-c: invalid int value: 'many'"), "{wrong}");
    let elsewhere = |run: Run| run.file("other.py", FILE).go().code(0).stdout;
    let named = Run::new(["-l"]).file("locust.conf", "locustfile = other.py\n");
    assert_eq!(elsewhere(named), list);
    assert_eq!(elsewhere(Run::new(["-l"]).env("LOCUST_LOCUSTFILE", "other.py")), list);
    let wrong = of(&["-l"]).env("LOCUST_USERS", "many").go().code(2).stderr;
    assert!(wrong.contains("LOCUST_USERS: invalid value 'many' for '--users <N>'"), "{wrong}");
}

/// Task sets, and the layout of Locust 2.47.0.
#[test]
fn ratios_have_the_tasks_of_sets() {
    if !has_python() {
        return;
    }
    let file = "from locust import HttpUser, TaskSet, tag, task\n\
        class Shop(TaskSet):\n    \
            @tag('slow')\n    @task(3)\n    def buy(self): pass\n    \
            @task\n    def look(self): pass\n\
        class A(HttpUser):\n    tasks = {Shop: 1}\n    host = 'http://127.0.0.1:9'\n    \
            @task(3)\n    def home(self): pass\n\
        class B(A):\n    pass\n";
    let ratio = |words: &[&str]| {
        let run = Run::new(["locustfile.py", "--show-task-ratio", "-u4"]).args(words);
        let stdout = run.file("locustfile.py", file).go().code(0).stdout;
        let lines = stdout.lines().map(str::trim_end).filter(|line| line.starts_with(' '));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let expected = [
        " Task ratio per User class",
        " 50.0       A",
        "   25.0       Shop",
        "     75.0       buy",
        "     25.0       look",
        "   75.0       home",
    ];
    let all = ratio(&[]);
    assert_eq!(all[..6], expected);
    let total = all.iter().position(|line| line == " Total task ratio").unwrap();
    let expected = ["   12.5       Shop", "     9.4        buy", "     3.1        look"];
    assert_eq!(all[total + 2..total + 5], expected);
    let slow = ratio(&["-T", "slow"]);
    assert_eq!(slow[2..4], ["   100.0      Shop", "     100.0      buy"]);
}

/// The fields of Locust's own form; a value that the file's parser refuses is told beside its field.
#[test]
fn a_locustfile_opens_the_page_whose_form_has_its_arguments() {
    if !has_python() {
        return;
    }
    let server = plain_server();
    let words = ["--cores=0", "--count=4", "--token", "hunter2"];
    let of = |words: &[&str]| Run::new(words).file("locustfile.py", FILE).host(server.address);
    let mut running = of(&["-P0"]).start();
    running.stderr_line("Starting web interface at");
    running.signal(Signal::INT);
    running.wait().code(0);

    let page = of(&words).open_page();
    let form = page.read("/api/v1/form");
    let shown = |name: &str| {
        let parameters = form["parameters"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == name).cloned()
    };
    assert_eq!(shown("count").unwrap()["default"], "4");
    let kind = shown("kind").unwrap();
    assert_eq!((&kind["choices"], &kind["required"]), (&json!(["a", "b"]), &json!(true)));
    assert_eq!(shown("fast").unwrap()["kind"], "switch");
    let token = shown("token").unwrap();
    assert_eq!((&token["secret"], &token["default"]), (&json!(true), &json!(null)));
    assert_eq!(shown("internal"), None);

    let start = |parameters: Value| {
        let body = json!({"users": 1, "spawn_rate": 9, "run_time": "1s", "parameters": parameters});
        page.post("/api/v1/runs", &body)
    };
    assert_eq!(start(json!({"count": "x"})).fields(), ["parameters.count"]);
    assert_eq!(start(json!({"kind": ""})).fields(), ["parameters.kind"]);
    assert_eq!(start(json!({"count": "6", "fast": "true", "kind": "b"})).status, 201);
    page.events().find(|event| event.data["view"]["state"] == "stopped");
    let output = page.quit().code(0);
    let told = events(&output).join("\n");
    assert!(told.contains("quitting MasterRunner 6 slow True b"), "{told}");
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
}

/// A response that is judged late, never, or kept by the file beyond its user. Locust counts none of those
/// that are never judged.
#[test]
fn every_request_is_counted_whenever_the_file_judges_it() {
    if !has_python() {
        return;
    }
    let file = r#"
import gevent
from locust import FastHttpUser, constant, events, task

kept = []

@events.quitting.add_listener
def quitting(environment, **kwargs):
    print("event freed", type(environment.runner).__name__, len(kept), flush=True)
    kept.clear()

class Keeper(FastHttpUser):
    wait_time = constant(0)
    turn = 0

    def ask(self, host, name, caught=True):
        return self.client.get(f"{host}/", name=name, catch_response=caught)

    @task
    def keep(self):
        for host, name in ((self.host, "answered"), ("http://127.0.0.1:9", "unanswered")):
            kept.append(self.ask(host, f"{name}, never judged"))
            kept.append(self.ask(host, f"{name}, not to be judged", caught=False))
            self.cycle = self.ask(host, f"{name}, in a cycle")
            self.cycle.of = self
            late = self.ask(host, f"{name}, judged late")
            gevent.sleep(0.01)
            with late as response:
                response.failure("late")
            with self.ask(host, f"{name}, forgiven") as response:
                response.success()
        with self.ask(host, "unanswered, stopped in its block"):
            gevent.sleep(60)
"#;
    let server = plain_server();
    let words =
        ["-f", "locustfile.py", "--headless", "-u2", "-r9", "--cores=0", "-t2", "--csv=out"];
    let run = Run::new(words).file("locustfile.py", file).host(server.address);
    let output = run.go().code(1);
    assert!(output.stdout.contains("event freed WorkerRunner 8"), "{}", output.stdout);
    for (name, failures) in [
        ("answered, never judged", 0),
        ("answered, not to be judged", 0),
        ("answered, in a cycle", 0),
        ("answered, judged late", 2),
        ("answered, forgiven", 0),
        ("unanswered, never judged", 2),
        ("unanswered, not to be judged", 2),
        ("unanswered, in a cycle", 2),
        ("unanswered, judged late", 2),
        ("unanswered, forgiven", 0),
        ("unanswered, stopped in its block", 2),
    ] {
        let of = |column: &str| output.csv("out_stats.csv").count(name, column);
        let counted = (of("Request Count"), of("Failure Count"));
        assert_eq!(counted, (2, failures), "{name}: {}", output.stdout);
    }
}

#[test]
fn without_a_python_that_can_run_it_a_locustfile_is_refused() {
    let error = refused(&["-f", "a.py", "--headless", "--python", "/nonexistent"], 2);
    assert_eq!(
        error,
        "gregaria: error: there is no Python at /nonexistent, which --python names\n"
    );
}

/// Python frees an object on the thread that loses the last reference: here one beside the core, which
/// runs while the core sleeps, and judges responses as well.
#[test]
fn responses_and_clients_may_be_judged_and_freed_on_any_thread() {
    if !has_python() {
        return;
    }
    let file = r#"
import threading, time
from locust import HttpUser, constant, events, task
from locust.clients import HttpSession

given, judged_there = [], []

def free():
    while True:
        while judged_there:
            with judged_there.pop() as response:
                response.success()
        given.clear()
        time.sleep(0.001)

@events.test_start.add_listener
def start(**_):
    threading.Thread(target=free, daemon=True).start()

class A(HttpUser):
    wait_time = constant(0.005)

    @task
    def asks(self):
        events = self.environment.events
        client = HttpSession(base_url=self.host, request_event=events.request, user=self)
        given.append(client.get("/"))
        with client.get("/", catch_response=True) as response:
            given.append(response)
        given.append(client.get("/", catch_response=True))
        given.append(client)
        judged_there.append(client.get("/", catch_response=True))
        time.sleep(0.002)
"#;
    let server = target::Server::start(target::Options::default()).unwrap();
    let words = ["-f", "locustfile.py", "--headless", "-u10", "-r100", "-t2", "--cores=0"];
    let run = Run::new(words).file("locustfile.py", file).host(server.address());
    let output = run.go().code(0);
    let ((requests, failures), stopped) = (output.aggregated(), output.cancelled());
    assert!(requests > 100 && failures == 0, "{}\n{}", output.stdout, output.stderr);
    let seen = server.counters().requests;
    assert!((requests..=requests + stopped).contains(&seen), "{seen}\n{}", output.stdout);
}
