//! The built-in server: the API of the tutorial, and the server for our own measurements.
//!
//! It uses the same reactor as the users: one pinned executor per core, each with its own listener on the
//! same port, one task per connection, and one send for all responses to what was received at once.
//! Constant responses are rendered once per core. [`Options`] has the faults that make a load test fail
//! (errors, missing keys, closed connections), and a [`Pathology`]: scripted delays and silences, for
//! which the latencies are known that a load test must report ([`ExpectedLatencies`]).
//!
//! | path | answer |
//! |---|---|
//! | `/` | `{"message": "Welcome to the API!"}` |
//! | `/users` | `{"users": ["Alice", "Bob", "Charlie"]}` |
//! | `/status` | `{"status": "healthy"}` |
//! | `/bytes/N` | N bytes, up to 64 MiB |
//! | `POST /echo` | the body of the request, with its content type |
//!
//! # Lateness of responses
//!
//! How late responses are, compared with the script, for a client on the other core of a shared 2-core VM,
//! measured by `lateness.rs`. If many wait for the end of a stall, the last one waits until the others are
//! sent.
//!
//! | responses due at the same instant | median | 90 % |
//! |---|---|---|
//! | without a script: the round trip | 44 us | 52 us |
//! | 1 | 55 us | 136 us |
//! | 10 | 0.2 ms | 0.3 ms |
//! | 100 | 1.0 ms | 5 ms |
//! | 1,000 | 8 ms | 15 ms |
//!
//! Left out: TLS, HTTP/2, the `Date` header, and a log line per request.

mod connection;
mod constant_responses;
mod counters;
mod error;
mod faults;
mod options;
mod outbox;
mod pathology;
mod request_reader;
mod routes;
mod script;
mod server;
#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use error::Error;
pub use options::{Close, Options};
pub use pathology::{
    Bimodal, ExpectedLatencies, Pathology, PathologyError, SlowStart, Stall, Stop, uniform,
};
pub use server::Server;
