//! An Apache of the test's own, with the event MPM. The number in its log is how many requests its
//! connection had carried before.

use std::fs;

use rustix::process::Signal;

use crate::certificates;
use crate::daemon::{Daemon, Program, is_root};

/// How many requests a connection carries beyond its first before Apache closes it, having said so.
pub(crate) const KEEPALIVE_REQUESTS: u64 = 50;

const APACHE: Program = Program {
    name: "apache2",
    version: "-v",
    arguments: &["-DFOREGROUND", "-d", "DIR", "-f", "config"],
    quit: Signal::WINCH,
};

/// Paths are relative to the directory, but those of modules.
const CONFIG: &str = "
ServerName localhost
Listen 127.0.0.1:PORT
PidFile pid
DefaultRuntimeDir .
ErrorLog error.log
USER
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
LoadModule include_module /usr/lib/apache2/modules/mod_include.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so
StartServers 1
ServerLimit 2
ThreadsPerChild 25
MaxRequestWorkers 50
KeepAlive On
MaxKeepAliveRequests REQUESTS
KeepAliveTimeout TIMEOUT
TypesConfig /dev/null
AddType text/plain .txt
AddType text/html page
LogFormat \"%m %U %>s %k\" line
CustomLog access.log line
DocumentRoot DIR/www
Redirect permanent /moved /page
<Location /words.txt>
    SetOutputFilter DEFLATE
</Location>
<Location /page>
    SetOutputFilter INCLUDES
</Location>
";

/// Directives that make it an open proxy.
const PROXY: &str = "
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyRequests On
";

/// Directives for HTTPS.
const SECURE: &str = "
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile cert.pem
SSLCertificateKeyFile key.pem
";

/// Starts it with this keep-alive timeout, or says that there is none.
pub(crate) fn start(keep_alive_timeout: &str) -> Option<Daemon> {
    start_with(keep_alive_timeout, "", &[])
}

/// Starts it as a proxy.
pub(crate) fn start_proxy() -> Option<Daemon> {
    start_with("5", PROXY, &[])
}

/// Starts it for HTTPS, with `ca.pem` beside its configuration.
pub(crate) fn start_secure() -> Option<Daemon> {
    start_with("5", SECURE, &certificates::issue())
}

fn start_with(keep_alive_timeout: &str, more: &str, files: &[(&str, String)]) -> Option<Daemon> {
    // It does not serve as root, and needs another user.
    let user = if is_root() { "User www-data\nGroup www-data" } else { "" };
    Daemon::start(&APACHE, |dir, port| {
        files.iter().for_each(|(name, text)| fs::write(dir.join(name), text).unwrap());
        format!("{CONFIG}{more}")
            .replace("DIR", dir.to_str().unwrap())
            .replace("USER", user)
            .replace("PORT", &port.to_string())
            .replace("REQUESTS", &KEEPALIVE_REQUESTS.to_string())
            .replace("TIMEOUT", keep_alive_timeout)
    })
}
