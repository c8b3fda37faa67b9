//! The web page as browsers and scripts meet it: over its port.

mod course;
mod file;
mod flags;
mod leaks;
mod limits;
mod routes;
mod safety;

use crate::support::{Page, Run, Server};

/// A scenario of one class that waits little, without an end.
const SCENARIO: &str = "\
[[user]]
name = \"u\"
wait_time = \"20ms\"
[[user.task]]
get = \"/\"
name = \"home\"
";

/// The page of that scenario, against this server.
fn page(server: &Server) -> Page {
    Run::of(SCENARIO).host(server.address).arg("--only-summary").open_page()
}
