//! The binary as a user runs it, except that a hang is a failed test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use tempfile::TempDir;

use super::{Server, Table, Terminal};

/// Far more than any run of these tests takes, on any machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// A run of the binary being put together: in a directory of its own, with no variable of ours.
pub(crate) struct Run {
    command: Command,
    dir: TempDir,
}

impl Run {
    pub(crate) fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        Run::through(Command::new(env!("CARGO_BIN_EXE_gregaria"))).args(args)
    }

    /// A run of this scenario that may open so many files and no more, unless it may raise the
    /// limit itself, and then it is none.
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

    /// A run of this scenario in a network of its own, with these local ports and the built-in
    /// server on port 5000, which takes its time; none where such a network cannot be had.
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

    /// The same with its stdout on the terminal, too.
    pub(crate) fn shown_on(terminal: &Terminal, scenario: &str) -> Self {
        let run = Run::through(Terminal::command_that_shows()).arg("s.toml");
        run.file("s.toml", scenario).stdin(terminal)
    }

    /// The same as a job of a shell: see [`Terminal::job`].
    pub(crate) fn job_on(terminal: &Terminal, scenario: &str) -> Self {
        Run::through(Terminal::job()).arg("s.toml").file("s.toml", scenario).stdin(terminal)
    }

    /// A run of this scenario that this script starts as `"$0" "$@"`.
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
        Run { command, dir }
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

    /// All of them at once.
    pub(crate) fn users(self, users: u32) -> Self {
        self.args(["-r", "1000000", "-u", &users.to_string()])
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    /// Runs to the end.
    pub(crate) fn go(self) -> Output {
        self.start().wait()
    }

    /// Runs until the server has seen this many requests, and then is interrupted.
    #[track_caller]
    pub(crate) fn go_until(self, server: &Server, requests: u64) -> Output {
        let running = self.start();
        server.await_requests(requests);
        running.signal(Signal::INT);
        running.wait()
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines_of(child.stdout.take().unwrap());
        let stderr = lines_of(child.stderr.take().unwrap());
        let deadline = Instant::now() + DEADLINE;
        Running {
            child,
            stdout: Pipe { lines: stdout, text: String::new() },
            stderr: Pipe { lines: stderr, text: String::new() },
            deadline,
            dir: self.dir,
        }
    }
}

/// The binary while it runs; it does not outlive this.
pub(crate) struct Running {
    child: Child,
    stdout: Pipe,
    stderr: Pipe,
    deadline: Instant,
    dir: TempDir,
}

struct Pipe {
    lines: Receiver<String>,
    text: String,
}

impl Running {
    /// Of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The most memory it has had at once, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// The same to the process that the shell of [`Run::job_on`] started.
    pub(crate) fn signal_job(&self, signal: Signal) {
        let shell = self.child.id();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let job = children.split_whitespace().next().unwrap().parse().unwrap();
        kill_process(Pid::from_raw(job).unwrap(), signal).unwrap();
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Waits for a file in its directory.
    #[track_caller]
    pub(crate) fn await_file(&self, file: &str) {
        while !self.path(file).exists() {
            assert!(Instant::now() < self.deadline, "{file} does not come");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The first line on stdout with this in it.
    pub(crate) fn stdout_line(&mut self, part: &str) -> String {
        self.stdout.line(part, self.deadline)
    }

    /// The first line on stderr with this in it.
    pub(crate) fn stderr_line(&mut self, part: &str) -> String {
        self.stderr.line(part, self.deadline)
    }

    pub(crate) fn wait(mut self) -> Output {
        // Both pipes are open as long as the process is.
        let ended = [&mut self.stdout, &mut self.stderr].map(|pipe| pipe.rest(self.deadline));
        if ended != [true, true] {
            self.child.kill().unwrap();
            let (stdout, stderr) = (&self.stdout.text, &self.stderr.text);
            panic!("it did not end within {DEADLINE:?}\n{stdout}\n{stderr}");
        }
        let status = self.child.wait().unwrap();
        let take = |pipe: &mut Pipe| std::mem::take(&mut pipe.text);
        let (stdout, stderr) = (take(&mut self.stdout), take(&mut self.stderr));
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        Output { status, stdout, stderr, dir }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pipe {
    fn line(&mut self, part: &str, deadline: Instant) -> String {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("there was no line with '{part}' in:\n{}", self.text);
            };
            self.text += &line;
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Reads to the end; `false` where there was none by the deadline.
    fn rest(&mut self, deadline: Instant) -> bool {
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.text += &line,
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).unwrap() > 0 {
            let text = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
            if sender.send(text).is_err() {
                return;
            }
        }
    });
    lines
}

/// What a run left behind.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    dir: TempDir,
}

impl Output {
    /// The same, if it ended with this exit code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.status.code(), Some(expected), "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// A CSV file it wrote.
    #[track_caller]
    pub(crate) fn csv(&self, file: &str) -> Table {
        Table::read(&self.path(file))
    }

    /// Requests and failures of the closing table's last row.
    #[track_caller]
    pub(crate) fn aggregated(&self) -> (u64, u64) {
        let line = self.stdout.lines().find(|line| line.trim_start().starts_with("Aggregated"));
        let line = line.unwrap_or_else(|| panic!("no table:\n{}\n{}", self.stdout, self.stderr));
        let mut cells = line.split_whitespace().skip(1);
        let requests = cells.next().unwrap().parse().unwrap();
        let failures = cells.next().unwrap().split('(').next().unwrap().parse().unwrap();
        (requests, failures)
    }

    /// What stands behind "Requests cancelled at the stop", or 0.
    pub(crate) fn cancelled(&self) -> u64 {
        self.told("Requests cancelled at the stop: ")
    }

    /// What stands behind "Requests sent again after a dead kept-alive connection", or 0.
    pub(crate) fn retries(&self) -> u64 {
        self.told("Requests sent again after a dead kept-alive connection: ")
    }

    fn told(&self, start: &str) -> u64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(start));
        line.map_or(0, |rest| rest.split(' ').next().unwrap().parse().unwrap())
    }
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
