//! Node's http, as `server.js` uses it. The number in its log is how many requests had come on the
//! connection, that one included.

use crate::script::{Script, program};

/// Starts it with this keep-alive timeout in milliseconds, or says that there is none.
pub(crate) fn start(keep_alive: &str) -> Option<Script> {
    let node = program("node".into(), &["--version"], "Node")?;
    Some(Script::start(node, "server.js", &[keep_alive]))
}
