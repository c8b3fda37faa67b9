//! HTTP/1.1 as values: requests into bytes, bytes into responses, and no I/O.
//!
//! ```text
//! RequestHead::encode -> bytes ~ socket ~ bytes -> ResponseReader { parse_response, Decoder }
//! ```
//!
//! A leaf: nothing here reads a clock, touches a socket or knows who calls. The parsers take what
//! has arrived and say `Complete`, `Partial` or one [`Error`]; splitting a stream of bytes in any
//! other way never changes what they say. (One exception, for speed: a split head that turns bad and
//! is then cut off by a close may be called torn instead of malformed.) Left out: TLS, HTTP/2,
//! content codings, trailers' values, `CONNECT`, pipelining.

mod body;
mod content_type;
mod error;
mod exchange;
mod framing;
mod headers;
mod incoming;
mod known;
mod limits;
mod mend;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use body::{Decoder, Step};
pub use content_type::{charset, media_type};
pub use error::{Error, Malformed};
pub use exchange::{KeepBody, Progress, ResponseReader};
pub use framing::{Framing, Version};
pub use headers::{Headers, header, headers, reason};
pub use incoming::{IncomingRequest, parse_request};
pub use known::KnownHead;
pub use limits::Limits;
pub(crate) use request::Given;
pub use request::{PRODUCT, RequestHead};
pub use response::{Head, Status, parse_response};
