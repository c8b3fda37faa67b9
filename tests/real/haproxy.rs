//! An HAProxy of the test's own in front of a backend. The number in its log is the client's port.

use rustix::process::Signal;

use crate::certificates;
use crate::daemon::{Daemon, Program};

const HAPROXY: Program = Program {
    name: "haproxy",
    version: "-v",
    // A master and a worker: only a master writes the file `pid`.
    arguments: &["-W", "-f", "config", "-p", "pid"],
    quit: Signal::USR1,
};

/// Its standard output is the access log. With several threads it would lose lines instead of waiting.
const CONFIG: &str = "
global
    log stdout format raw local0
    maxconn 200
    nbthread 1
defaults
    mode http
    log global
    log-format '%HM %HPO %ST %cp'
    option dontlognull
    retries 0
    timeout connect 500ms
    timeout client 5s
    timeout server 1s
    timeout http-request 2s
    timeout http-keep-alive 1s
frontend in
    bind 127.0.0.1:PORT SECURE
    http-request deny if { path /denied }
    http-request deny deny_status 429 if { path /often }
    http-request return status 200 content-type text/plain string one if { path /own }
    http-request tarpit deny_status 408 if { path /tarpit }
    timeout tarpit 200ms
    use_backend gone if { path /gone }
    default_backend behind
backend behind
    server one BEHIND
backend gone
    server none 127.0.0.1:1
";

/// Starts it in front of `http://HOST:PORT`, or says that there is none.
pub(crate) fn start(behind: &str) -> Option<Daemon> {
    Daemon::start(&HAPROXY, |_, port| config(port, "", behind))
}

/// Starts it where TLS ends, with `ca.pem` beside its configuration.
pub(crate) fn start_secure(behind: &str) -> Option<Daemon> {
    Daemon::start(&HAPROXY, |dir, port| {
        certificates::write(dir);
        config(port, "ssl crt server.pem", behind)
    })
}

fn config(port: u16, secure: &str, behind: &str) -> String {
    let behind = behind.strip_prefix("http://").unwrap();
    CONFIG.replace("PORT", &port.to_string()).replace("SECURE", secure).replace("BEHIND", behind)
}
