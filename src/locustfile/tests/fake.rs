//! An interpreter without Python: users are Rust, and a fork is another process of this test binary.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::Pid;
use serde_json::{Value, json};

use crate::locustfile::connection::Connection;
use crate::locustfile::{
    Actions, Caller, Deliver, Described, Description, Forked, Interpreter, Load, LoadError, Tick,
    core, fork_server, host,
};
use crate::scenario::{StateFactory, TaskFn, TaskResult, WaitFn};
use crate::session::Session;

/// What the users of a fake file do; the variable tells a core process.
const FILE: &str = "GREGARIA_FAKE_FILE";

#[derive(Default)]
pub(super) struct Fake {
    caller: Option<Arc<dyn Caller>>,
    file: String,
    ticks: u32,
    is_fork_server: bool,
    /// Messages that came, as `from: type`.
    messages: Arc<Mutex<Vec<String>>>,
}

/// Returns the command of a host process.
pub(super) fn command() -> Command {
    this_binary("locustfile::tests::fake::host_process")
}

/// Returns this test binary as a program that runs this test only.
fn this_binary(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--quiet"]).stdout(Stdio::null());
    command
}

/// Is a host process where the variable says so.
#[test]
fn host_process() -> ExitCode {
    match env::var_os(host::HOST) {
        Some(_) => match host::main(&mut Fake::default()) {
            host::Process::Host(code) | host::Process::Forked(code) => code,
        },
        None => ExitCode::SUCCESS,
    }
}

/// Is a fork server where the variable says so.
#[test]
fn fork_server_process() -> ExitCode {
    let Ok(file) = env::var(FILE) else { return ExitCode::SUCCESS };
    fork_server::main(socket(), &mut Fake { file, is_fork_server: true, ..Fake::default() })
}

/// Is a core process where the variable says so.
#[test]
fn core_process() -> ExitCode {
    let Ok(file) = env::var(FILE) else { return ExitCode::SUCCESS };
    core::main(socket(), &mut Fake { file, ..Fake::default() })
}

fn socket() -> Connection {
    io::stdin().as_fd().try_clone_to_owned().unwrap().into()
}

impl Fake {
    fn call(&self, name: &str, details: Value) -> Result<Value, String> {
        let (give, answer) = mpsc::channel();
        let caller = self.caller.as_ref().unwrap();
        caller.call(name, details, Box::new(move |result| give.send(result).unwrap()));
        answer.recv().unwrap()
    }
}

impl Fake {
    /// The host greets the cores, and a core says how many messages came before.
    fn start_greeting(&self, details: &Value) -> Result<Value, String> {
        let told = match details.as_u64() {
            None => "hello".to_owned(),
            Some(given) => format!("start {given} after {}", self.messages.lock().unwrap().len()),
        };
        self.call("message", json!({"type": told, "client_id": null}))
    }
}

/// Notes a message, and returns its type.
fn note(messages: &Mutex<Vec<String>>, message: &Value) -> String {
    let kind = message["type"].as_str().unwrap().to_owned();
    messages.lock().unwrap().push(format!("{}: {kind}", message["from"].as_str().unwrap()));
    kind
}

impl Interpreter for Fake {
    fn connect(&mut self, caller: Arc<dyn Caller>) {
        self.caller = Some(caller);
    }

    fn load(&mut self, load: &Load) -> Result<Description, LoadError> {
        self.file = load.files.concat();
        if self.file == "broken" {
            return Err(LoadError { text: "broken:1: no".to_owned(), exit: 1 });
        }
        let class = |name: &str| {
            json!({
                "name": name, "weight": 1, "wait": {"kind": "constant", "a": 0.002}, "client": "http",
                "tasks": [{"name": self.file, "weight": 1, "kind": "function"}],
                "file": "fake", "line": 1,
            })
        };
        let description = json!({"python": "0", "classes": [class("A"), class("B")]});
        Ok(serde_json::from_value(description).unwrap())
    }

    fn init(&mut self) -> Result<Description, LoadError> {
        let files = vec![self.file.clone()];
        self.load(&Load { files, ..Load::default() })
    }

    fn fire(&mut self, event: &str, details: &Value) -> Result<Value, String> {
        match event {
            "test_start" if self.file == "greeting" => self.start_greeting(details),
            "stats" | "stop" => self.call(event, json!({})),
            "hang" => loop {
                thread::sleep(Duration::from_secs(1));
            },
            // As a listener does that waits for what the cores send.
            "await a message" => {
                let begin = Instant::now();
                while self.messages.lock().unwrap().is_empty() {
                    assert!(begin.elapsed() < Duration::from_secs(60), "no message came");
                    thread::sleep(Duration::from_millis(5));
                }
                Ok(Value::Null)
            }
            "messages" => Ok(json!(*self.messages.lock().unwrap())),
            "greet" => self.call("message", json!({"type": "hello", "data": 1, "client_id": null})),
            _ => Ok(Value::Null),
        }
    }

    fn shape(&mut self, _: Option<&str>) -> Result<(), String> {
        self.ticks = 0;
        Ok(())
    }

    fn tick(&mut self, state: &Value) -> Result<Option<Tick>, String> {
        assert!(state["user_count"].is_u64(), "{state}");
        self.ticks += 1;
        if self.file == "slow shape" {
            thread::sleep(Duration::from_secs(3600));
        }
        let only = |name: &str| Some(vec![name.to_owned()]);
        let (users, user_classes) = match (self.ticks, &*self.file) {
            (_, "failing shape") => return Err("Traceback: no".to_owned()),
            (_, "unknown shape") => (1, only("C")),
            (1, _) => (4, only("A")),
            (2, _) => (10, only("B")),
            (_, _) => return Ok(None),
        };
        Ok(Some(Tick { users, spawn_rate: 100.0, user_classes }))
    }

    /// A core answers a greeting.
    fn message(&mut self, message: &Value) -> Result<(), String> {
        if note(&self.messages, message) == "hello" {
            self.call("message", json!({"type": "answer", "data": 2, "client_id": null}))?;
        }
        Ok(())
    }

    fn deliverer(&mut self) -> Deliver {
        let messages = self.messages.clone();
        Box::new(move |message| drop(note(&messages, message)))
    }

    fn fork(&mut self, socket: BorrowedFd<'_>) -> io::Result<Forked> {
        let is = if self.is_fork_server { "core_process" } else { "fork_server_process" };
        let mut command = this_binary(&format!("locustfile::tests::fake::{is}"));
        command.env_remove(host::HOST).env(FILE, &self.file);
        let child = command.stdin(Stdio::from(socket.try_clone_to_owned()?)).spawn()?;
        Ok(Forked::Parent(Pid::from_child(&child)))
    }

    fn actions(&mut self, _: usize, _: usize) -> Result<Arc<dyn Actions>, String> {
        match &*self.file {
            "no actions" => Err("Traceback: no actions".to_owned()),
            "slow start" => loop {
                thread::sleep(Duration::from_secs(1));
            },
            file => Ok(Arc::new(FakeActions { is_stuck: file == "stuck" })),
        }
    }
}

struct FakeActions {
    is_stuck: bool,
}

impl Actions for FakeActions {
    fn state(&self, _: usize) -> StateFactory {
        StateFactory::new(|user| Box::new(user))
    }

    /// A request, after which a stuck user blocks its core as Python may.
    fn task(&self, _: usize, _: usize) -> Arc<dyn TaskFn> {
        let is_stuck = self.is_stuck;
        Arc::new(async move |session: &mut Session| -> TaskResult {
            session.get("/").send().await?;
            if is_stuck {
                thread::sleep(Duration::from_secs(3600));
            }
            Ok(())
        })
    }

    fn on_start(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
        Described.on_start(class)
    }

    fn on_stop(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
        Described.on_stop(class)
    }

    fn wait(&self, class: usize) -> WaitFn {
        Described.wait(class)
    }
}
