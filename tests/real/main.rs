//! The `gregaria` command against servers that we did not write: nginx, and Flask's development
//! server, which is where the tutorial starts.
//!
//! Where such a server is not installed, its tests say so and pass, unless
//! `GREGARIA_TEST_REAL_SERVERS=required` is set. `GREGARIA_TEST_PYTHON` names the Python that has
//! Flask. All load stays on the loopback interface.

// Tests are allowed to unwrap; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used)]

mod against_flask;
mod against_nginx;
mod command;
mod flask;
mod interrupted_nginx;
mod nginx;
mod server;
