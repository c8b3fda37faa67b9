//! The web page, over its port.

mod course;
mod file;
mod flags;
mod leaks;
mod limits;
mod routes;
mod safety;

use crate::support::{Page, Run, Server};

/// A scenario of one class with short waits and no run time.
const SCENARIO: &str = "\
[[user]]
name = \"u\"
wait_time = \"20ms\"
[[user.task]]
get = \"/\"
name = \"home\"
";

/// Opens the page of that scenario against this server.
fn page(server: &Server) -> Page {
    Run::of(SCENARIO).host(server.address).arg("--only-summary").open_page()
}
