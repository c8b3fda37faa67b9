//! A lighttpd of the test's own. The number in its log is the client's port.

use rustix::process::Signal;

use crate::daemon::{Daemon, Program};

const LIGHTTPD: Program = Program {
    name: "lighttpd",
    version: "-v",
    arguments: &["-D", "-f", "config"],
    quit: Signal::INT,
};

const CONFIG: &str = "
server.modules = (\"mod_accesslog\", \"mod_redirect\", \"mod_ssi\")
server.bind = \"127.0.0.1\"
server.port = PORT
server.document-root = \"DIR/www\"
server.pid-file = \"DIR/pid\"
server.errorlog = \"DIR/error.log\"
server.max-keep-alive-requests = 20
server.max-keep-alive-idle = 1
accesslog.filename = \"DIR/access.log\"
accesslog.format = \"%m %U %s %{remote}p\"
url.redirect = (\"^/moved$\" => \"/page\")
mimetype.assign = (\".txt\" => \"text/plain\", \"\" => \"text/html\")
";

/// Starts it, or says that there is none.
pub(crate) fn start() -> Option<Daemon> {
    Daemon::start(&LIGHTTPD, |dir, port| {
        CONFIG.replace("DIR", dir.to_str().unwrap()).replace("PORT", &port.to_string())
    })
}
