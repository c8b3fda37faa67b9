//! What the parts do together, one module per outside format or behaviour.

// Tests are allowed to unwrap and print; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod abort;
mod adaptive;
mod addresses;
mod bodies;
mod cli;
mod connections;
mod conservation;
mod cookies;
mod credentials;
mod csv;
mod digest;
mod ends;
mod faults;
mod files;
mod flags;
#[path = "../harness/mod.rs"]
mod harness;
mod heads;
mod health;
mod help;
mod io;
mod json;
mod keys;
mod limits;
mod load;
mod locust_page;
mod numbers;
mod open_load;
mod openapi;
mod overhead;
mod pace;
mod parameters;
mod proxies;
mod redirects;
mod report_files;
mod requests;
mod reset;
mod rooms;
mod scale;
mod scenarios;
mod selection;
mod serve;
mod shapes;
mod state;
mod statuses;
mod support;
mod tidy;
mod timeouts;
mod tls;
mod tunnels;
mod unix_sockets;
mod uploads;
mod web;
