//! HTTP/1.1 as values: requests into bytes, bytes into responses, and no I/O.
//!
//! ```text
//! RequestHead::encode -> bytes ~ socket ~ bytes -> ResponseReader { parse_response, Decoder }
//! ```
//!
//! Nothing here reads a clock or uses a socket. The parsers take the bytes that have arrived and return
//! `Complete`, `Partial` or an [`Error`]. The result does not depend on how the bytes are split, with one
//! exception, for speed: a split head that is malformed and then cut off may be called torn. Left out:
//! TLS, HTTP/2, content codings, values of trailers, `CONNECT`, pipelining.

mod body;
mod content_type;
mod error;
mod framing;
mod headers;
mod incoming_request;
mod known_head;
mod limits;
mod repair;
mod request;
mod response;
mod response_reader;
#[cfg(test)]
mod tests;

pub use body::{Decoder, Step};
pub use content_type::{charset, media_type};
pub use error::{Error, Malformed};
pub use framing::{Framing, Version};
pub use headers::{Headers, header, headers, reason};
pub use incoming_request::{IncomingRequest, parse_request};
pub use known_head::KnownHead;
pub use limits::Limits;
pub(crate) use request::GivenHeaders;
pub use request::{PRODUCT, RequestHead};
pub use response::{Head, Parsed, parse_response};
pub use response_reader::{KeepBody, Progress, ResponseReader};
