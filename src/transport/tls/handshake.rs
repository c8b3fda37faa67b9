//! From a connection to a stream: the handshake of a client.

use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData};
use rustls::{ClientConfig, HandshakeKind};

use super::TlsStream;
use super::channel::Channel;
use super::error::{FirstBytes, TlsError};
use super::records::Records;
use crate::reactor::Socket;
use crate::transport::Error;

/// A handshake without its socket.
pub(super) struct Handshake {
    connection: UnbufferedClientConnection,
    /// What came and has not been used up.
    pub(super) received: Vec<u8>,
    /// What is to be sent.
    pub(super) flight: Vec<u8>,
}

/// What a handshake needs to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The flight must go out.
    Send,
    /// More must come.
    Receive,
    /// Nothing, but that the flight goes out before or with the first data.
    Done,
}

/// Makes the handshake on a connection whose server has this name.
///
/// The last flight goes out with the first data, in one piece.
///
/// # Errors
///
/// What the system or the server says, or what is wrong with the server or its certificate.
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
                // Only what comes first says what it is: further pieces may begin anywhere in a record.
                if std::mem::take(&mut is_first)
                    && let Some(first_bytes) = FirstBytes::other_than_tls(&piece)
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

    /// Goes as far as it can.
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
                // What has begun to come is the connection's own, such as a ticket: rustls may have
                // seen to a part of it.
                ConnectionState::WriteTraffic(_) if discard < received => Some(Next::Receive),
                ConnectionState::WriteTraffic(_) => Some(Next::Done),
                // Data before the request, or the end of it.
                _ => return Err(TlsError::UnexpectedMessage),
            };
            self.received.drain(..discard);
            if let Some(next) = next {
                return Ok(next);
            }
        }
    }

    /// Tells the server why there will be no connection.
    fn alert(&mut self, socket: &Socket) {
        // Once: rustls has the alert ready before it looks at what else has come.
        if let Ok(ConnectionState::EncodeTlsData(alert)) =
            self.connection.process_tls_records(&mut self.received).state
            && encode(alert, &mut self.flight).is_ok()
        {
            socket.send_last(&self.flight);
        }
    }

    /// What the handshake has made, with its last flight, and whether it resumed a session.
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
