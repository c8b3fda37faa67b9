//! A server that misbehaves in every way that can be scripted, and what must come of each: the
//! response or the failure, its exact text, and how often the server was asked.
//!
//! A binary of its own, because the memory and the descriptors of the process are counted.

// Tests are allowed to unwrap and print; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod case;
mod cases;
mod client;
mod rounds;
mod server;
mod table;
mod texts;
