//! The built-in server: the tutorial's API, and the other end when we measure ourselves.
//!
//! It stands on the same reactor as the users do: one pinned executor per core, each with its own
//! listener on the same port, one task per connection, one send for all the answers to what one
//! receive has brought. Constant answers are rendered once per core. [`Options`] hold the faults by
//! which a load test can be made to fail: delays, errors, broken promises, closes.
//!
//! | path | answer |
//! |---|---|
//! | `/` | `{"message": "Welcome to the API!"}` |
//! | `/users` | `{"users": ["Alice", "Bob", "Charlie"]}` |
//! | `/status` | `{"status": "healthy"}` |
//! | `/bytes/N` | N bytes, up to 64 MiB |
//! | `POST /echo` | the body of the request, with its content type |
//!
//! Left out: TLS, HTTP/2, the `Date` header, and a log line per request.

mod answers;
mod connection;
mod conversation;
mod counters;
mod error;
mod faults;
mod options;
mod outbox;
mod pathology;
mod routes;
mod server;
#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use error::Error;
pub use options::{Close, Options};
pub use pathology::{Bimodal, Pathology, PathologyError, SlowStart, Stall, Stop, Truth, uniform};
pub use server::Server;
