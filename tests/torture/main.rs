//! A server that misbehaves in every way that can be scripted, and the expected outcome of each: the response or
//! the failure, its exact text, and the number of requests that the server saw.
//!
//! It is its own test binary, because it counts the memory and the descriptors of the process.

// Tests are allowed to unwrap and print; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod case;
mod cases;
mod client;
mod rounds;
mod server;
mod table;
mod texts;
