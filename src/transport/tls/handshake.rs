//! The TLS handshake of a client.

use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData};
use rustls::{ClientConfig, HandshakeKind};

use super::TlsStream;
use super::channel::Channel;
use super::error::{TlsError, other_than_tls};
use super::records::Records;
use crate::reactor::Socket;
use crate::transport::Error;

/// A handshake without its socket.
pub(super) struct Handshake {
    connection: UnbufferedClientConnection,
    /// Received bytes that have not been processed.
    pub(super) received: Vec<u8>,
    /// Bytes to send.
    pub(super) flight: Vec<u8>,
}

/// What a handshake needs next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The flight must be sent.
    Send,
    /// More bytes must be received.
    Receive,
    /// Nothing. The flight is sent before or with the first data.
    Done,
}

/// Makes the handshake with a server of this name. Also returns whether it resumed a session.
///
/// The last flight is sent with the first data, in one piece.
///
/// # Errors
///
/// Returns an error if the connection fails, or the server or its certificate is refused.
pub(super) async fn handshake(
    socket: Socket,
    config: Arc<ClientConfig>,
    resumes: bool,
    name: ServerName<'static>,
) -> Result<(TlsStream, bool), Error> {
    let mut handshake = Handshake::new(config, name)?;
    let mut is_first = true;
    let (mut sent, mut received) = (0, 0);
    loop {
        let next = handshake.advance().inspect_err(|_| handshake.alert(&socket))?;
        match next {
            Next::Send => {
                sent += handshake.flight.len() as u64;
                socket.send(std::mem::take(&mut handshake.flight));
            }
            Next::Receive => {
                let Some(piece) = socket.receive().await? else { return Err(Error::Closed) };
                received += piece.len() as u64;
                // Only the first piece shows the protocol: further ones may begin inside a record.
                if std::mem::take(&mut is_first)
                    && let Some(first_bytes) = other_than_tls(&piece)
                {
                    return Err(TlsError::NotTls(first_bytes).into());
                }
                handshake.received.extend_from_slice(&piece);
            }
            Next::Done => {
                let (channel, resumed) = handshake.finish(resumes)?;
                return Ok((TlsStream::new(socket, channel, (sent, received)), resumed));
            }
        }
    }
}

impl Handshake {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, TlsError> {
        let connection = UnbufferedClientConnection::new(config, name)?;
        Ok(Handshake { connection, received: Vec::new(), flight: Vec::new() })
    }

    /// Advances as far as possible.
    pub(super) fn advance(&mut self) -> Result<Next, TlsError> {
        loop {
            let received = self.received.len();
            let status = self.connection.process_tls_records(&mut self.received);
            let discard = status.discard;
            let state = match status.state {
                Ok(state) => state,
                Err(error) => {
                    self.received.drain(..discard);
                    return Err(error.into());
                }
            };
            let next = match state {
                ConnectionState::EncodeTlsData(data) => {
                    encode(data, &mut self.flight)?;
                    None
                }
                ConnectionState::TransmitTlsData(mut transmit) => {
                    let is_last = transmit.may_encrypt_app_data().is_some();
                    transmit.done();
                    if is_last { None } else { Some(Next::Send) }
                }
                ConnectionState::BlockedHandshake => Some(Next::Receive),
                // A message such as a ticket is incomplete, and rustls may have processed a part of it.
                ConnectionState::WriteTraffic(_) if discard < received => Some(Next::Receive),
                ConnectionState::WriteTraffic(_) => Some(Next::Done),
                // The server sent data before the request, or closed.
                _ => return Err(TlsError::UnexpectedMessage),
            };
            self.received.drain(..discard);
            if let Some(next) = next {
                return Ok(next);
            }
        }
    }

    /// Sends the server an alert.
    fn alert(&mut self, socket: &Socket) {
        // One call will do: rustls returns the alert before it processes more bytes.
        if let Ok(ConnectionState::EncodeTlsData(alert)) =
            self.connection.process_tls_records(&mut self.received).state
            && encode(alert, &mut self.flight).is_ok()
        {
            socket.send_last(&self.flight);
        }
    }

    /// Returns the channel, with the last flight, and whether the handshake resumed a session.
    pub(super) fn finish(self, resumes: bool) -> Result<(Channel, bool), TlsError> {
        let resumed = self.connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let (secrets, keys) = self.connection.dangerous_into_kernel_connection()?;
        let mut channel = Channel::new(Records::new(secrets, keys, resumes)?);
        channel.send_first(self.flight);
        Ok((channel, resumed))
    }
}

fn encode(
    mut data: EncodeTlsData<'_, ClientConnectionData>,
    flight: &mut Vec<u8>,
) -> Result<(), TlsError> {
    let begin = flight.len();
    let needed = match data.encode(&mut []) {
        Err(EncodeError::InsufficientSize(short)) => short.required_size,
        other => return other.map(drop).map_err(|error| TlsError::Other(error.to_string())),
    };
    flight.resize(begin + needed, 0);
    data.encode(&mut flight[begin..]).map_err(|error| TlsError::Other(error.to_string()))?;
    Ok(())
}
