//! The `gregaria` command against real servers, each with its own configuration. The tables agree with the server's
//! log.
//!
//! If a server is not installed, its tests say so and pass, unless `GREGARIA_TEST_REAL_SERVERS=required` is set.
//! `GREGARIA_TEST_PYTHON` names the Python with the packages from PyPI. All load stays on the loopback interface.

// Tests are allowed to unwrap; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used)]

mod access_log;
mod against_apache;
mod against_exporters;
mod against_flask;
mod against_haproxy;
mod against_httpbin;
mod against_lighttpd;
mod against_locust;
mod against_nginx;
mod against_node;
mod against_old_http;
mod against_secure_nginx;
mod apache;
mod browser;
mod certificates;
mod daemon;
mod flask;
mod haproxy;
#[path = "../harness/mod.rs"]
mod harness;
mod httpbin;
mod interrupted_nginx;
mod journeys;
mod lighttpd;
mod load;
mod locustfile_processes;
mod long_run;
mod nginx;
mod node;
mod on_the_page;
mod over_tls;
mod python_packages;
mod pythons;
mod script;
mod server;
mod through_apache;
