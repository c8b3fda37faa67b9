//! The built-in server: the tutorial's API, and the other end when we measure ourselves.
//!
//! It stands on the same reactor as the users do: one pinned executor per core, each with its own
//! listener on the same port, one task per connection, one send for all the answers to what one
//! receive has brought. Constant answers are rendered once per core. [`Options`] hold the faults by
//! which a load test can be made to fail: errors, broken promises, closes; and a [`Pathology`], the
//! delays and silences of which the latencies are known that a load test must report ([`ExpectedLatencies`]).
//!
//! | path | answer |
//! |---|---|
//! | `/` | `{"message": "Welcome to the API!"}` |
//! | `/users` | `{"users": ["Alice", "Bob", "Charlie"]}` |
//! | `/status` | `{"status": "healthy"}` |
//! | `/bytes/N` | N bytes, up to 64 MiB |
//! | `POST /echo` | the body of the request, with its content type |
//!
//! # How late answers leave
//!
//! After what the script says, as a client on the other core of a 2-core VM sees it that others use
//! as well; `lateness.rs` measures it. Where many have waited for the end of a stall, the last of
//! them waits for the others to be sent.
//!
//! | answers due at an instant | median | 90 % |
//! |---|---|---|
//! | without a script, there and back | 44 us | 52 us |
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
