//! Starts the `gregaria` binary in its own directory, without `GREGARIA_` variables, and with a time limit.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use tempfile::TempDir;

use super::{Output, Refused, Running, Terminal};

/// The time limit: far more than any run of these tests takes, on any machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A run of the binary that is not started yet.
pub(crate) struct Run {
    command: Command,
    dir: TempDir,
    limit: Duration,
    refused: Option<Refused>,
}

impl Run {
    pub(crate) fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        Run::through(Command::new(env!("CARGO_BIN_EXE_gregaria"))).args(args)
    }

    /// Makes a run of another build of the binary.
    pub(crate) fn by(program: impl AsRef<OsStr>) -> Self {
        Run::through(Command::new(program))
    }

    /// Makes a run of this scenario with a limit of open files. `None` if this process may raise the limit.
    pub(crate) fn with_open_files(files: u32, scenario: &str) -> Option<Self> {
        let limits = |next: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("ulimit -n {files} && {next}")]);
            command
        };
        let more = limits(&format!("ulimit -n {}", files + 1)).stderr(Stdio::null()).status();
        let mut command = limits("exec \"$0\" \"$@\"");
        command.arg(env!("CARGO_BIN_EXE_gregaria"));
        let run = || Run::through(command).arg("s.toml").file("s.toml", scenario);
        (!more.unwrap().success()).then(run)
    }

    /// Makes a run of this scenario in its own network namespace, with these local ports and a slow built-in
    /// server on port 5000. `None` if the namespace cannot be made.
    pub(crate) fn with_local_ports(range: &str, scenario: &str) -> Option<Self> {
        let script = format!(
            "ip link set lo up && echo {range} > /proc/sys/net/ipv4/ip_local_port_range || exit 9
             \"$0\" serve --port 5000 --delay 200ms >/dev/null & server=$!
             until \"$0\" --requests 1 http://127.0.0.1:5000/ >/dev/null 2>&1; do sleep 0.1; done
             \"$0\" \"$@\"; code=$?
             kill $server; exit $code"
        );
        let own_network = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["-rn", "sh", "-c", script]);
            command
        };
        let may = own_network("ip link set lo up").stderr(Stdio::null()).status();
        let mut command = own_network(&script);
        command.arg(env!("CARGO_BIN_EXE_gregaria"));
        let run = || Run::through(command).arg("s.toml").file("s.toml", scenario);
        may.is_ok_and(|status| status.success()).then(run)
    }

    /// A run of this scenario in the foreground of a terminal.
    pub(crate) fn on(terminal: &Terminal, scenario: &str) -> Self {
        Run::through(Terminal::command()).arg("s.toml").file("s.toml", scenario).stdin(terminal)
    }

    /// Makes a run whose stdout is on the terminal, too.
    pub(crate) fn shown_on(terminal: &Terminal, scenario: &str) -> Self {
        let run = Run::through(Terminal::command_that_shows()).arg("s.toml");
        run.file("s.toml", scenario).stdin(terminal)
    }

    /// Makes a run as a job of a shell: see [`Terminal::job`].
    pub(crate) fn job_on(terminal: &Terminal, scenario: &str) -> Self {
        Run::through(Terminal::job()).arg("s.toml").file("s.toml", scenario).stdin(terminal)
    }

    /// Makes a run of this scenario that a script starts as `"$0" "$@"`.
    pub(crate) fn in_shell(script: &str, scenario: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_gregaria")]);
        Run::through(command).arg("s.toml").file("s.toml", scenario)
    }

    /// With a terminal to read from.
    pub(crate) fn stdin(mut self, terminal: &Terminal) -> Self {
        self.command.stdin(terminal.stdin());
        self
    }

    /// With this text to read from, through a pipe.
    pub(crate) fn input(mut self, text: &str) -> Self {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let text = text.to_owned();
        thread::spawn(move || writer.write_all(text.as_bytes()).unwrap());
        self.command.stdin(reader);
        self
    }

    fn through(mut command: Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ours = env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("GREGARIA_")) {
            command.env_remove(name);
        }
        command.current_dir(dir.path()).stdin(Stdio::null());
        Run { command, dir, limit: LIMIT, refused: None }
    }

    /// A run of this scenario, which is written to `s.toml`.
    pub(crate) fn of(scenario: &str) -> Self {
        Run::new(["s.toml"]).file("s.toml", scenario)
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn host(self, address: impl std::fmt::Display) -> Self {
        self.arg("--host").arg(format!("http://{address}"))
    }

    /// Starts this many users at once.
    pub(crate) fn users(self, users: u32) -> Self {
        self.args(["-r", "1000000", "-u", &users.to_string()])
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Runs to the end.
    pub(crate) fn go(self) -> Output {
        self.start().wait()
    }

    /// Sets the time limit.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// With these system calls refused to it.
    pub(crate) fn refused(mut self, refused: Refused) -> Self {
        self.refused = Some(refused);
        self
    }

    /// Starts the run.
    pub(crate) fn start(self) -> Running {
        let Run { mut command, dir, limit, refused } = self;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut spawn = move || command.spawn().unwrap();
        let child = match refused {
            Some(refused) => refused.run(spawn),
            None => spawn(),
        };
        Running::new(child, limit, dir)
    }
}
