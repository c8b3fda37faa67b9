//! Tunnels through HTTP proxies.

use http::{HeaderValue, Method};

use super::network::Network;
use crate::http1::{self, Limits, Parsed, parse_response};
use crate::reactor::Socket;
use crate::session::failure::{Failure, Interruption, RequestPhase};
use crate::session::request::authority::without_zone;
use crate::session::request::base_url::BaseUrl;
use crate::transport::FirstBytes;

/// Returns the CONNECT request for a tunnel to a host (RFC 9110 section 9.3.6).
pub(super) fn connect_request(to: &BaseUrl, authorization: Option<&HeaderValue>) -> Vec<u8> {
    let (host, port) = (without_zone(&to.host), to.port);
    // The port is required, and so are the brackets of an IPv6 address (RFC 9112 section 3.2.3).
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let agent = http1::PRODUCT;
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\n")
            .into_bytes();
    if let Some(authorization) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Opens a tunnel on a connection to a proxy. After that the connection leads to the host.
pub(super) async fn open_tunnel(
    network: Network<'_>,
    socket: Socket,
    request: &[u8],
) -> Result<Socket, Failure> {
    let mut text = network.reactor.buffer();
    text.extend_from_slice(request);
    socket.send(text);
    let (mut answer, mut passed) = (Vec::new(), 0);
    let status = loop {
        let at = if answer.is_empty() { RequestPhase::FirstByte } else { RequestPhase::Head };
        let how = match socket.receive().await {
            Ok(Some(piece)) => {
                answer.extend_from_slice(&piece);
                match status(&mut answer, &mut passed, network.limits)? {
                    Some(status) => break status,
                    None => continue,
                }
            }
            Ok(None) => Interruption::Closed,
            Err(error) => error.into(),
        };
        return Err(of_proxy(Failure::Interrupted { how, at }));
    };
    if (200..300).contains(&status) { Ok(socket) } else { Err(Failure::Tunnel(status)) }
}

/// Returns the status of the proxy's response, once its head is complete. Interim responses before it
/// are skipped; together they may be as long as one head. Bytes behind the head of a success are an
/// error: they come from the host, and in HTTP and TLS the server does not begin.
fn status(
    answer: &mut Vec<u8>,
    passed: &mut usize,
    limits: &Limits,
) -> Result<Option<u16>, Failure> {
    loop {
        // The framing does not matter: a success has no body, and that of a refusal is not read.
        let head = match parse_response(answer, &Method::HEAD, limits) {
            Ok(Parsed::Complete(head)) => head,
            Ok(Parsed::Partial) => return Ok(None),
            Err(error) => {
                let other = FirstBytes::other_than_http(answer);
                return Err(of_proxy(other.map_or(Failure::Http(error), Failure::NotHttp)));
            }
        };
        if !head.is_interim() {
            let behind = &answer[head.head_len..];
            let is_opened = (200..300).contains(&head.status);
            return match FirstBytes::of(behind).filter(|_| is_opened) {
                Some(first_bytes) => Err(of_proxy(Failure::NotHttp(first_bytes))),
                None => Ok(Some(head.status)),
            };
        }
        answer.drain(..head.head_len);
        *passed += head.head_len;
        if *passed > limits.head_bytes {
            return Err(of_proxy(Failure::Http(http1::Error::HeadTooLarge)));
        }
    }
}

/// Marks a failure as the proxy's.
pub(super) fn of_proxy(failure: Failure) -> Failure {
    Failure::Proxy(Box::new(failure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Auth;

    #[test]
    fn a_tunnel_is_asked_for_by_host_and_port() {
        let request = |url, authorization: Option<&HeaderValue>| {
            let request = connect_request(&BaseUrl::parse(url).unwrap(), authorization);
            String::from_utf8(request).unwrap()
        };
        let plain = request("http://example.org", None);
        assert!(plain.starts_with("CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n"));
        assert!(plain.ends_with("\r\n\r\n") && !plain.contains("Proxy-Authorization"));
        let authorized =
            request("http://[::1]:8443", Auth::basic("user", "pass").header().as_ref());
        assert!(authorized.starts_with("CONNECT [::1]:8443 HTTP/1.1\r\n"));
        assert!(authorized.ends_with("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"));
    }
}
