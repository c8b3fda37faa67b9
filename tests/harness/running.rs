//! A running process of the binary.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::Output;

/// A run that has been started. Dropping it kills the process.
pub(crate) struct Running {
    child: Child,
    stdout: Pipe,
    stderr: Pipe,
    limit: Duration,
    deadline: Instant,
    dir: TempDir,
}

struct Pipe {
    lines: Receiver<String>,
    text: String,
}

impl Running {
    /// Reads the output of this process, which runs in this directory.
    pub(super) fn new(mut child: Child, limit: Duration, dir: TempDir) -> Self {
        let stdout = Pipe::new(child.stdout.take().unwrap());
        let stderr = Pipe::new(child.stderr.take().unwrap());
        Running { child, stdout, stderr, limit, deadline: Instant::now() + limit, dir }
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The largest resident memory so far, in bytes (proc_pid_status(5), VmHWM).
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Signals the process that the shell of [`Run::job_on`](super::Run::job_on) started.
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

    /// Waits for the first line on stdout that contains this text.
    pub(crate) fn stdout_line(&mut self, part: &str) -> String {
        self.stdout.line(part, self.deadline)
    }

    /// Waits for the first line on stderr that contains this text.
    pub(crate) fn stderr_line(&mut self, part: &str) -> String {
        self.stderr.line(part, self.deadline)
    }

    /// Waits until `gregaria serve` listens, and returns its address.
    pub(crate) fn serving_at(&mut self) -> String {
        address(&self.stdout_line("Serving GET /, /users, /status at http://"))
    }

    /// Waits until the page is open, and returns its address.
    pub(crate) fn page_at(&mut self) -> String {
        address(&self.stderr_line("Starting web interface at http://"))
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Output {
        // Both pipes close when the process ends.
        let ended = [&mut self.stdout, &mut self.stderr].map(|pipe| pipe.rest(self.deadline));
        if ended != [true, true] {
            self.child.kill().unwrap();
            let (stdout, stderr) = (&self.stdout.text, &self.stderr.text);
            panic!("it did not end within {:?}\n{stdout}\n{stderr}", self.limit);
        }
        let status = self.child.wait().unwrap();
        let take = |pipe: &mut Pipe| std::mem::take(&mut pipe.text);
        let (stdout, stderr) = (take(&mut self.stdout), take(&mut self.stderr));
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        Output::new(status, stdout, stderr, dir)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pipe {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        Pipe { lines: lines_of(pipe), text: String::new() }
    }

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

    /// Reads to the end; returns `false` where the end did not come by the deadline.
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

/// The host and port in the first URL of a line.
fn address(line: &str) -> String {
    let url = line.split("http://").nth(1).unwrap();
    url.split([' ', '/', '\n']).next().unwrap().to_owned()
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
