//! The bytes of responses.
//!
//! A constant response is rendered once per core in each of its forms and kept by the reactor. Sending it
//! allocates and copies nothing.

use std::io::Write;
use std::rc::Rc;

use super::routes::Constant;
use crate::reactor::{KeptBytes, Reactor};

/// The form of a response, whatever its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseForm {
    /// Whether it has no body, as the response to HEAD.
    pub(super) head_only: bool,
    /// The `Connection` header.
    pub(super) connection: Connection,
}

/// The `Connection` header of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// None, which means keep-alive for an HTTP/1.1 client.
    Implied,
    /// `keep-alive`, which an HTTP/1.0 client needs.
    KeepAlive,
    /// `close`.
    Close,
}

const CONNECTIONS: [Connection; 3] =
    [Connection::Implied, Connection::KeepAlive, Connection::Close];

impl Connection {
    fn header(self) -> &'static str {
        match self {
            Connection::Implied => "",
            Connection::KeepAlive => "Connection: keep-alive\r\n",
            Connection::Close => "Connection: close\r\n",
        }
    }
}

/// A constant response in one of its forms, by its position in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseId(usize);

impl ResponseId {
    pub(super) fn new(constant: Constant, form: ResponseForm) -> Self {
        let row = constant as usize * 2 + usize::from(form.head_only);
        ResponseId(row * CONNECTIONS.len() + form.connection as usize)
    }
}

/// The constant responses of a core.
#[derive(Debug)]
pub(super) struct ConstantResponses {
    reactor: Rc<Reactor>,
    table: Vec<(KeptBytes, Box<[u8]>)>,
}

impl ConstantResponses {
    pub(super) fn new(reactor: &Rc<Reactor>) -> Self {
        let mut table = Vec::new();
        for constant in Constant::ALL {
            for head_only in [false, true] {
                for connection in CONNECTIONS {
                    let bytes = render(constant, ResponseForm { head_only, connection });
                    table.push((reactor.keep(bytes.clone()), bytes.into()));
                }
            }
        }
        ConstantResponses { reactor: reactor.clone(), table }
    }

    /// Returns an empty buffer to collect responses in.
    pub(super) fn buffer(&self) -> Vec<u8> {
        self.reactor.buffer()
    }

    /// Returns the response as the reactor keeps it, to be sent alone.
    pub(super) fn kept(&self, ResponseId(place): ResponseId) -> KeptBytes {
        self.table[place].0
    }

    /// Returns the response's bytes, to be sent with others.
    pub(super) fn bytes(&self, ResponseId(place): ResponseId) -> &[u8] {
        &self.table[place].1
    }
}

fn render(constant: Constant, form: ResponseForm) -> Vec<u8> {
    let (status, header, body) = constant.parts();
    let mut out = Vec::new();
    write_head(status, b"application/json", header, body.len(), form.connection, &mut out);
    if !form.head_only {
        out.extend_from_slice(body.as_bytes());
    }
    out
}

/// Appends the head of a 200 with a body of `len` bytes.
pub(super) fn write_ok(content_type: &[u8], len: usize, connection: Connection, out: &mut Vec<u8>) {
    write_head("200 OK", content_type, "", len, connection, out);
}

fn write_head(
    status: &str,
    content_type: &[u8],
    header: &str,
    len: usize,
    connection: Connection,
    out: &mut Vec<u8>,
) {
    let connection = connection.header();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_bytes());
    out.extend_from_slice(b"\r\nContent-Type: ");
    out.extend_from_slice(content_type);
    write!(out, "\r\nContent-Length: {len}\r\n{header}{connection}\r\n")
        .expect("a Vec takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::Backend;

    #[test]
    fn every_answer_is_found_in_its_place() {
        let reactor = Reactor::new(Backend::best()).unwrap();
        let answers = ConstantResponses::new(&reactor);
        for constant in Constant::ALL {
            for head_only in [false, true] {
                for connection in CONNECTIONS {
                    let form = ResponseForm { head_only, connection };
                    let id = ResponseId::new(constant, form);
                    assert_eq!(answers.bytes(id), render(constant, form), "{constant:?}");
                }
            }
        }
    }

    #[test]
    fn an_answer_is_its_status_its_headers_and_its_body() {
        let text = |constant, head_only, connection| {
            String::from_utf8(render(constant, ResponseForm { head_only, connection })).unwrap()
        };
        assert_eq!(
            text(Constant::Status, false, Connection::Implied),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n\
             {\"status\": \"healthy\"}"
        );
        assert_eq!(
            text(Constant::OnlyGet, true, Connection::Close),
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/json\r\n\
             Content-Length: 31\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n"
        );
    }
}
