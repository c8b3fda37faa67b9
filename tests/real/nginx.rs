//! An nginx of the test's own. The number in its log is that of the connection.

use std::fs;

use rustix::process::Signal;

use crate::daemon::{Daemon, Program, is_root};

/// How many requests a connection carries before nginx closes it, having said so.
pub(crate) const KEEPALIVE_REQUESTS: u64 = 100;

const NGINX: Program = Program {
    name: "nginx",
    version: "-v",
    arguments: &["-p", "DIR", "-e", "error.log", "-c", "config"],
    quit: Signal::QUIT,
};

/// As small as nginx gets, in one directory. Paths are relative to it. A page that goes through
/// the SSI filter has no length beforehand: it is chunked, or delimited by the close.
const CONFIG: &str = "
daemon off;
USER
worker_processes 2;
error_log error.log;
pid pid;
events { worker_connections 512; }
http {
    log_format tls '$ssl_protocol $ssl_session_reused $ssl_client_s_dn';
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
    limit_conn_zone $server_port zone=connections:1m;
    limit_req_zone $server_port zone=requests:1m rate=100r/s;
    server {
        listen 127.0.0.1:PORTSECURE;
        root www;
        location = /missing { return 404; }
        location = /broken { return 500; }
        location = /nothing { return 204; }
        location = /moved { return 301 /page; }
        location = /chunked { ssi on; ssi_types *; try_files /page =404; }
        location = /gzip { gzip on; gzip_types *; try_files /large =404; }
        location = /closed {
            ssi on;
            ssi_types *;
            chunked_transfer_encoding off;
            try_files /page =404;
        }
        MORE
    }
}
";

/// Starts it, or says that there is none.
pub(crate) fn start() -> Option<Daemon> {
    start_with("")
}

/// Starts it with more directives in its `server` block.
pub(crate) fn start_with(more: &str) -> Option<Daemon> {
    launch("", more, &[])
}

/// Starts it for HTTPS, with more directives, and files beside its configuration: `cert.pem` and
/// `key.pem` are its own. What it saw of TLS is in `tls.log`.
pub(crate) fn start_secure(more: &str, files: &[(&str, String)]) -> Option<Daemon> {
    let more = format!(
        "ssl_certificate cert.pem; ssl_certificate_key key.pem; access_log access.log line; \
         access_log tls.log tls; {more}"
    );
    launch(" ssl", &more, files)
}

fn launch(secure: &str, more: &str, files: &[(&str, String)]) -> Option<Daemon> {
    // Its workers give up root's rights, and with them the right to read the directory.
    let user = if is_root() { "user root root;" } else { "" };
    Daemon::start(&NGINX, |dir, port| {
        files.iter().for_each(|(name, text)| fs::write(dir.join(name), text).unwrap());
        CONFIG
            .replace("USER", user)
            .replace("PORT", &port.to_string())
            .replace("SECURE", secure)
            .replace("REQUESTS", &KEEPALIVE_REQUESTS.to_string())
            .replace("MORE", more)
    })
}
