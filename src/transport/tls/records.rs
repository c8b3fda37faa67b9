//! The records of a connection after its handshake.
//!
//! rustls makes the handshake and has the ciphers. Here is what it leaves to an owner of its keys such as a
//! kernel (`rustls::kernel`). The connection of rustls would copy every record that it decrypts. Here a
//! record is decrypted where it was received, and a waiting connection holds two keys and no buffer.

use std::ops::Range;

use rustls::client::ClientConnectionData;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks,
    OutboundPlainMessage,
};
use rustls::kernel::KernelConnection;
use rustls::{
    AlertDescription, ConnectionTrafficSecrets, ContentType, ExtractedSecrets, HandshakeType,
    ProtocolVersion, SupportedCipherSuite,
};

use super::error::TlsError;

/// Bytes of a record's header: type, version, length (RFC 8446 section 5.1).
pub(super) const HEADER: usize = 5;
/// The most plaintext of a record.
pub(super) const PLAINTEXT_MAX: usize = 1 << 14;
/// The most ciphertext of a record: what TLS 1.2 lets encryption add (RFC 5246 section 6.2.3).
const CIPHERTEXT_MAX: usize = PLAINTEXT_MAX + 2048;
/// Records that are reserved beside those of a long body: for a head, a short body and the close. They are
/// a mebibyte, where a key is good for 256 GiB.
const SPARE_RECORDS: usize = 64;
/// The longest message after the handshake: a ticket of the longest kind (RFC 8446 section 4.6.1).
const MESSAGE_MAX: usize = 4 + 4 + 4 + 1 + 255 + 2 + 0xffff + 2 + 0xffff;

/// Seals and opens the records of a connection.
pub(super) struct Records {
    suite: SupportedCipherSuite,
    opener: Box<dyn MessageDecrypter>,
    sealer: Box<dyn MessageEncrypter>,
    opened: u64,
    sealed: u64,
    /// How many records the sending key is good for.
    limit: u64,
    /// Derives new keys and takes tickets.
    keys: KernelConnection<ClientConnectionData>,
    /// Whether sessions are resumed, so that tickets are kept.
    resumes: bool,
    /// The beginning of a message that continues in the next record.
    message: Vec<u8>,
    /// Records that must be sent before the next one with data.
    pub(super) due: Vec<u8>,
}

/// The content of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Data, in this range of the record.
    Data(Range<usize>),
    /// A message of the protocol, which has been processed.
    Nothing,
    /// A `close_notify`.
    Closed,
}

/// Returns the length of the record that begins here, with its header; `None` if too little of it is there.
pub(super) fn record_len(start: &[u8]) -> Result<Option<usize>, TlsError> {
    let [kind, major, _, high, low, ..] = *start else { return Ok(None) };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if !(0x14..=0x17).contains(&kind) || major != 3 || len > CIPHERTEXT_MAX {
        return Err(TlsError::BadRecord);
    }
    Ok(Some(HEADER + len))
}

impl Records {
    pub(super) fn new(
        secrets: ExtractedSecrets,
        keys: KernelConnection<ClientConnectionData>,
        resumes: bool,
    ) -> Result<Self, TlsError> {
        let suite = keys.negotiated_cipher_suite();
        let ((sealed, seals), (opened, opens)) = (secrets.tx, secrets.rx);
        Ok(Records {
            suite,
            opener: opener(suite, opens),
            sealer: sealer(suite, seals, sealed)?,
            opened,
            sealed,
            limit: confidentiality_limit(suite),
            keys,
            resumes,
            message: Vec::new(),
            due: Vec::new(),
        })
    }

    /// Seals up to [`PLAINTEXT_MAX`] bytes of data as one record.
    pub(super) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, TlsError> {
        if self.sealed >= self.limit {
            self.renew_sending_key()?;
        }
        self.seal_as(ContentType::ApplicationData, plain)
    }

    /// Returns the length of the record with this much data.
    pub(super) fn sealed_len(&self, plain: usize) -> usize {
        HEADER + self.sealer.encrypted_payload_len(plain)
    }

    /// Returns whether so much data can still be sent. In TLS 1.3 the key can be renewed; in TLS 1.2 the
    /// connection ends with its key.
    pub(super) fn has_room_for(&self, plain: usize) -> bool {
        let records = plain / PLAINTEXT_MAX + SPARE_RECORDS;
        self.is_13() || self.limit.saturating_sub(self.sealed) >= records as u64
    }

    #[cold]
    fn renew_sending_key(&mut self) -> Result<(), TlsError> {
        if self.is_13() { self.update_sending_key() } else { Err(TlsError::KeyUsedUp) }
    }

    /// Makes the record of a `close_notify`.
    pub(super) fn seal_close(&mut self) -> Result<Vec<u8>, TlsError> {
        // Its level is a warning in TLS 1.2 and has no meaning in TLS 1.3.
        self.seal_as(ContentType::Alert, &[1, AlertDescription::CloseNotify.into()])
    }

    fn seal_as(&mut self, typ: ContentType, plain: &[u8]) -> Result<Vec<u8>, TlsError> {
        let payload = OutboundChunks::Single(plain);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        let record = self.sealer.encrypt(message, self.sealed)?;
        self.sealed += 1;
        Ok(record.encode())
    }

    /// Decrypts a complete record in place.
    pub(super) fn open(&mut self, record: &mut [u8]) -> Result<Opened, TlsError> {
        let start = record.as_ptr().addr();
        let kind = ContentType::from(record[0]);
        let version = ProtocolVersion::from(u16::from_be_bytes([record[1], record[2]]));
        let message = InboundOpaqueMessage::new(kind, version, &mut record[HEADER..]);
        let plain = self.opener.decrypt(message, self.opened)?;
        self.opened += 1;
        match plain.typ {
            ContentType::ApplicationData => {
                let from = plain.payload.as_ptr().addr() - start;
                Ok(Opened::Data(from..from + plain.payload.len()))
            }
            ContentType::Alert => self.alert(plain.payload),
            ContentType::Handshake => self.messages(plain.payload),
            _ => Err(TlsError::UnexpectedMessage),
        }
    }

    fn is_13(&self) -> bool {
        matches!(self.suite, SupportedCipherSuite::Tls13(_))
    }

    fn alert(&self, alert: &[u8]) -> Result<Opened, TlsError> {
        const WARNING: u8 = 1;
        let &[level, description] = alert else { return Err(TlsError::BadRecord) };
        match AlertDescription::from(description) {
            AlertDescription::CloseNotify => Ok(Opened::Closed),
            AlertDescription::UserCanceled => Ok(Opened::Nothing),
            // In TLS 1.3 all others are errors, whatever their level (RFC 8446 section 6).
            _ if level == WARNING && !self.is_13() => Ok(Opened::Nothing),
            description => Err(TlsError::Alert(description)),
        }
    }

    /// Processes messages of the handshake protocol, which may be split over records.
    fn messages(&mut self, bytes: &[u8]) -> Result<Opened, TlsError> {
        let mut joined = std::mem::take(&mut self.message);
        joined.extend_from_slice(bytes);
        let mut rest = &joined[..];
        while let &[kind, a, b, c, ref behind @ ..] = rest {
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            if len > MESSAGE_MAX {
                return Err(TlsError::UnexpectedMessage);
            }
            let Some((body, behind)) = behind.split_at_checked(len) else { break };
            self.message(HandshakeType::from(kind), body, behind.is_empty())?;
            rest = behind;
        }
        self.message.extend_from_slice(rest);
        Ok(Opened::Nothing)
    }

    fn message(&mut self, kind: HandshakeType, body: &[u8], last: bool) -> Result<(), TlsError> {
        match kind {
            HandshakeType::NewSessionTicket if self.is_13() && self.resumes => {
                Ok(self.keys.handle_new_session_ticket(body)?)
            }
            HandshakeType::NewSessionTicket if self.is_13() => Ok(()),
            // A message may not span a change of keys (RFC 8446 section 5.1).
            HandshakeType::KeyUpdate if self.is_13() && last => self.update_receiving_key(body),
            // A client that does not renegotiate may ignore it (RFC 5246 section 7.4.1.1).
            HandshakeType::HelloRequest if !self.is_13() => Ok(()),
            _ => Err(TlsError::UnexpectedMessage),
        }
    }

    fn update_receiving_key(&mut self, body: &[u8]) -> Result<(), TlsError> {
        const REQUESTED: u8 = 1;
        let (opened, secrets) = self.keys.update_rx_secret()?;
        self.opener = opener(self.suite, secrets);
        self.opened = opened;
        match *body {
            // One update answers all requests that come before it is sent.
            [REQUESTED] if self.due.is_empty() => self.update_sending_key(),
            [0 | REQUESTED] => Ok(()),
            _ => Err(TlsError::UnexpectedMessage),
        }
    }

    fn update_sending_key(&mut self) -> Result<(), TlsError> {
        let key_update = [HandshakeType::KeyUpdate.into(), 0, 0, 1, 0];
        // Before the message is encrypted: in TLS 1.2 there is no such message.
        let (sealed, secrets) = self.keys.update_tx_secret()?;
        let record = self.seal_as(ContentType::Handshake, &key_update)?;
        self.due.extend_from_slice(&record);
        self.sealer = sealer(self.suite, secrets, sealed)?;
        self.sealed = sealed;
        Ok(())
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the keys.
        f.debug_struct("Records").field("suite", &self.suite.suite()).finish_non_exhaustive()
    }
}

/// Returns how many records a key may encrypt: 2^24 by AES-GCM (RFC 8446 section 5.5), any number by
/// others.
fn confidentiality_limit(suite: SupportedCipherSuite) -> u64 {
    match suite {
        SupportedCipherSuite::Tls13(suite) => suite.common.confidentiality_limit,
        SupportedCipherSuite::Tls12(suite) => suite.common.confidentiality_limit,
    }
}

fn opener(
    suite: SupportedCipherSuite,
    secrets: ConnectionTrafficSecrets,
) -> Box<dyn MessageDecrypter> {
    let (key, iv) = key_and_iv(secrets);
    match suite {
        SupportedCipherSuite::Tls13(suite) => suite.aead_alg.decrypter(key, iv),
        SupportedCipherSuite::Tls12(suite) => {
            let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
            suite.aead_alg.decrypter(key, &iv.as_ref()[..fixed])
        }
    }
}

/// Makes an encrypter for records from this number on.
fn sealer(
    suite: SupportedCipherSuite,
    secrets: ConnectionTrafficSecrets,
    sealed: u64,
) -> Result<Box<dyn MessageEncrypter>, TlsError> {
    let (key, iv) = key_and_iv(secrets);
    let mut sealer = match suite {
        SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
        SupportedCipherSuite::Tls12(suite) => {
            let shape = suite.aead_alg.key_block_shape();
            let (fixed, explicit) = iv.as_ref().split_at(shape.fixed_iv_len);
            suite.aead_alg.encrypter(key, fixed, &explicit[..shape.explicit_nonce_len])
        }
    };
    if sealed > 0 {
        // The cipher takes the first sequence number for 0 and refuses one that is lower than the last. In
        // TLS 1.2 it is 1, because 0 was in the handshake. This record is not sent.
        let payload = OutboundChunks::Single(&[]);
        let (typ, version) = (ContentType::ApplicationData, ProtocolVersion::TLSv1_2);
        sealer.encrypt(OutboundPlainMessage { typ, version, payload }, 0)?;
    }
    Ok(sealer)
}

fn key_and_iv(secrets: ConnectionTrafficSecrets) -> (AeadKey, Iv) {
    use ConnectionTrafficSecrets::{Aes128Gcm, Aes256Gcm, Chacha20Poly1305};
    match secrets {
        Aes128Gcm { key, iv } | Aes256Gcm { key, iv } | Chacha20Poly1305 { key, iv } => (key, iv),
        _ => unreachable!("the provider has no other ciphers"),
    }
}
