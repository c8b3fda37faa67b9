//! An installed server, with its own directory, configuration and access log.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::access_log::{self, Line};
use crate::server::{Server, skip, wait_for};

/// How often to try another port when it is in use.
const ATTEMPTS: u32 = 5;

/// What every `/page` holds.
pub(crate) const PAGE: &str = "one page\n";
/// The size of the body of `/large`.
pub(crate) const LARGE: usize = 1024 * 1024;
/// The size of the body of `/words.txt`, which compresses well.
pub(crate) const WORDS: usize = 48 * 1024;

/// How to run a server. Its configuration is in its directory, as `config`, and names everything
/// else there: pages in `www`, the access log `access.log` with [`Line`]s, and the file `pid`,
/// which it writes once it listens.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The arguments that show whether it is installed.
    pub(crate) version: &'static str,
    /// The arguments that start it in the foreground; `DIR` is its directory.
    pub(crate) arguments: &'static [&'static str],
    /// The signal with which it finishes its requests and ends.
    pub(crate) quit: Signal,
}

pub(crate) struct Daemon {
    server: Server,
    quit: Signal,
    dir: TempDir,
}

impl Daemon {
    /// Starts it with the configuration for a directory and a port, or prints that it is missing.
    pub(crate) fn start(
        program: &Program,
        config: impl Fn(&Path, u16) -> String,
    ) -> Option<Daemon> {
        let Some(path) = find(program) else {
            skip(program.name);
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        // Workers may drop root's rights, and must be able to read it.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        write_pages(&dir.path().join("www"));
        let server = (0..ATTEMPTS).find_map(|_| {
            // It is free now, but another process may take it first.
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            fs::write(dir.path().join("config"), config(dir.path(), port)).unwrap();
            run(program, &path, dir.path(), port)
        });
        let server = server.unwrap_or_else(|| {
            let log = fs::read_to_string(dir.path().join("output")).unwrap();
            panic!("{} ended before it had a port:\n{log}", program.name)
        });
        Some(Daemon { server, quit: program.quit, dir })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// A file of its directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Sends a signal to the server, not to its workers.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.server.pid(), signal).unwrap();
    }

    /// Lets it finish its requests, but not wait for connections, and end.
    pub(crate) fn quit(&self) {
        self.signal(self.quit);
    }

    /// Ends it and its workers at once.
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// Returns the lines of the access log after the last worker has written.
    pub(crate) fn close(mut self) -> Vec<Line> {
        self.quit();
        self.server.wait();
        self.log()
    }

    /// The lines of the access log so far.
    pub(crate) fn log(&self) -> Vec<Line> {
        access_log::lines(&self.dir.path().join("access.log"))
    }

    /// Waits until this many requests are in the access log.
    pub(crate) fn has_seen(&self, requests: usize) {
        wait_for("requests in the access log", || (self.log().len() >= requests).then_some(()));
    }
}

/// Returns the path of the program, also in the directories of administrators.
fn find(program: &Program) -> Option<PathBuf> {
    let name = program.name;
    let mut places = [PathBuf::from(name), Path::new("/usr/sbin").join(name)].into_iter();
    places.find(|path| {
        let mut ask = Command::new(path);
        ask.arg(program.version).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    })
}

fn run(program: &Program, path: &Path, dir: &Path, port: u16) -> Option<Server> {
    let dir_text = dir.to_str().unwrap();
    let output = File::create(dir.join("output")).unwrap();
    let mut command = Command::new(path);
    command
        .args(program.arguments.iter().map(|argument| argument.replace("DIR", dir_text)))
        .current_dir(dir)
        .stdout(File::options().create(true).append(true).open(dir.join("access.log")).unwrap())
        .stderr(output);
    let written = || fs::metadata(dir.join("pid")).is_ok_and(|file| file.len() > 0);
    Server::start(command, || written().then_some(port))
}

fn write_pages(www: &Path) {
    fs::create_dir(www).unwrap();
    fs::write(www.join("page"), PAGE).unwrap();
    fs::write(www.join("empty"), "").unwrap();
    fs::write(www.join("large"), vec![b'x'; LARGE]).unwrap();
    fs::write(www.join("words.txt"), &"as words go, ".repeat(WORDS)[..WORDS]).unwrap();
}

/// Returns whether the tests have root's rights, which servers drop by default.
pub(crate) fn is_root() -> bool {
    rustix::process::getuid().is_root()
}
