//! Node's http, as `server.js` uses it. The number in its log is how many requests had come on the
//! connection, that one included.

use std::process::Command;

use crate::script::{Script, program};

/// Starts it with this keep-alive timeout in milliseconds, or says that there is none.
pub(crate) fn start(keep_alive: &str) -> Option<Script> {
    Some(Script::start(node()?, "server.js", &[keep_alive]))
}

/// Starts it for HTTPS, with the certificates in this directory.
pub(crate) fn start_secure(keep_alive: &str, certificates: &str) -> Option<Script> {
    Some(Script::start(node()?, "server.js", &[keep_alive, certificates]))
}

fn node() -> Option<Command> {
    program("node".into(), &["--version"], "Node")
}
