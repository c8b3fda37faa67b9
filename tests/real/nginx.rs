//! An nginx of the test's own: its configuration, its files, its access log.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::server::{Server, skip, wait_for};

/// The body of `/large`.
pub(crate) const LARGE: usize = 1024 * 1024;
/// How many requests a connection carries before nginx closes it, having said so.
pub(crate) const KEEPALIVE_REQUESTS: u64 = 100;

/// As small as nginx gets, in one directory. Paths are relative to it. A page that goes through
/// the SSI filter has no length beforehand: it is chunked, or delimited by the close.
const CONFIG: &str = "
daemon off;
USER
worker_processes 2;
error_log error.log;
pid nginx.pid;
events { worker_connections 512; }
http {
    log_format line '$request_method $request_uri $status $connection';
    access_log access.log line;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type text/plain;
    keepalive_requests REQUESTS;
    keepalive_timeout 1;
    server {
        listen 127.0.0.1:PORT;
        root www;
        location = /missing { return 404; }
        location = /broken { return 500; }
        location = /nothing { return 204; }
        location = /moved { return 301 /page; }
        location = /chunked { ssi on; ssi_types *; try_files /page =404; }
        location = /closed {
            ssi on;
            ssi_types *;
            chunked_transfer_encoding off;
            try_files /page =404;
        }
    }
}
";

/// How often nginx may find that its port has been taken.
const ATTEMPTS: u32 = 5;

/// What every `/page` holds.
pub(crate) const PAGE: &str = "one page\n";

pub(crate) struct Nginx {
    server: Server,
    dir: TempDir,
}

impl Nginx {
    /// Starts it, or says that there is none.
    pub(crate) fn start() -> Option<Nginx> {
        // It is where only administrators look.
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
            let version = Command::new(program).arg("-v").stderr(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        });
        let Some(program) = program else {
            skip("nginx");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        write_pages(&dir.path().join("www"));
        let server = (0..ATTEMPTS).find_map(|_| start(program, dir.path()));
        let server = server.expect("nginx ended before it had a port; its error.log says why");
        Some(Nginx { server, dir })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Has it read its configuration again: new workers start, the old ones finish what they have
    /// and close their idle connections.
    pub(crate) fn reload(&self) {
        kill_process(self.server.pid(), Signal::HUP).unwrap();
    }

    /// Has it end as it does for an upgrade: requests are finished, connections are not.
    pub(crate) fn quit(&self) {
        kill_process(self.server.pid(), Signal::QUIT).unwrap();
    }

    /// Ends it and its workers at once.
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// The lines of the access log after the last worker has written its own.
    pub(crate) fn close(mut self) -> Vec<Line> {
        self.quit();
        self.server.wait();
        self.log()
    }

    /// The lines of the access log so far.
    pub(crate) fn log(&self) -> Vec<Line> {
        let text = fs::read_to_string(self.dir.path().join("access.log")).unwrap();
        text.lines().map(Line::parse).collect()
    }

    /// Waits until so many requests are in the access log.
    pub(crate) fn has_seen(&self, requests: usize) {
        wait_for("requests in the access log", || (self.log().len() >= requests).then_some(()));
    }
}

/// One line of the access log.
pub(crate) struct Line {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) connection: u64,
}

impl Line {
    fn parse(line: &str) -> Line {
        let words: Vec<&str> = line.split(' ').collect();
        let [method, path, status, connection] = words[..] else { panic!("{line}") };
        Line {
            method: method.to_owned(),
            path: path.to_owned(),
            status: status.parse().unwrap(),
            connection: connection.parse().unwrap(),
        }
    }
}

/// Starts nginx on a port that is free now; nothing where somebody else had it first.
fn start(program: &str, dir: &Path) -> Option<Server> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    fs::write(dir.join("nginx.conf"), config(port)).unwrap();
    let mut command = Command::new(program);
    command.arg("-p").arg(dir).args(["-e", "error.log", "-c", "nginx.conf"]).stderr(Stdio::null());
    // It writes its number once it listens.
    Server::start(command, || dir.join("nginx.pid").exists().then_some(port))
}

fn write_pages(www: &Path) {
    fs::create_dir(www).unwrap();
    fs::write(www.join("page"), PAGE).unwrap();
    fs::write(www.join("empty"), "").unwrap();
    fs::write(www.join("large"), vec![b'x'; LARGE]).unwrap();
}

fn config(port: u16) -> String {
    // Its workers give up root's rights, and with them the right to read the directory.
    let user = if rustix::process::getuid().is_root() { "user root root;" } else { "" };
    CONFIG
        .replace("USER", user)
        .replace("PORT", &port.to_string())
        .replace("REQUESTS", &KEEPALIVE_REQUESTS.to_string())
}
