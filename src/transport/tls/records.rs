//! The records of one connection after its handshake: plaintext in, ciphertext out, and back.
//!
//! The handshake is rustls's, and so is the protection of the records; what is here is what rustls
//! leaves to whoever takes its keys, as a kernel does (`rustls::kernel`). Its own connection would
//! copy every record it decrypts into memory of its own; here a record is decrypted where it was
//! received, and a connection that waits holds two keys and no buffer.

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
/// Records that are left for what a request takes beside a long body: its head, with a short body behind
/// it, and the close. A mebibyte, for a key that is good for 256 GiB.
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
    /// Records that the sending key is good for.
    limit: u64,
    /// What the keys come from, and where tickets go.
    keys: KernelConnection<ClientConnectionData>,
    /// Whether tickets are of use.
    resumes: bool,
    /// The beginning of a message whose end is in the next record.
    message: Vec<u8>,
    /// Records that must go out before the next one with data.
    pub(super) due: Vec<u8>,
}

/// What a record brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Data, at this place of the record.
    Data(Range<usize>),
    /// Something for the connection itself, which has been seen to.
    Nothing,
    /// The peer will send no more.
    Closed,
}

/// The length of the record that begins here, header and all; `None` where that is not known yet.
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

    /// The length of the record that this much data is sealed as.
    pub(super) fn sealed_len(&self, plain: usize) -> usize {
        HEADER + self.sealer.encrypted_payload_len(plain)
    }

    /// Whether so much data can still be sent. Since TLS 1.3 there is always another key; before, a
    /// connection ends with its own.
    pub(super) fn has_room_for(&self, plain: usize) -> bool {
        let records = plain / PLAINTEXT_MAX + SPARE_RECORDS;
        self.is_13() || self.limit.saturating_sub(self.sealed) >= records as u64
    }

    #[cold]
    fn renew_sending_key(&mut self) -> Result<(), TlsError> {
        if self.is_13() { self.update_sending_key() } else { Err(TlsError::KeyUsedUp) }
    }

    /// Says that nothing more will be sent.
    pub(super) fn seal_close(&mut self) -> Result<Vec<u8>, TlsError> {
        // A warning, in TLS 1.2; since then the level has no meaning.
        self.seal_as(ContentType::Alert, &[1, AlertDescription::CloseNotify.into()])
    }

    fn seal_as(&mut self, typ: ContentType, plain: &[u8]) -> Result<Vec<u8>, TlsError> {
        let payload = OutboundChunks::Single(plain);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        let record = self.sealer.encrypt(message, self.sealed)?;
        self.sealed += 1;
        Ok(record.encode())
    }

    /// Opens a whole record in its place.
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
            // RFC 8446 section 6: all others are errors since TLS 1.3, whatever their level.
            _ if level == WARNING && !self.is_13() => Ok(Opened::Nothing),
            description => Err(TlsError::Alert(description)),
        }
    }

    /// Takes messages of the handshake protocol, which may come in pieces.
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
            // RFC 5246 section 7.4.1.1: a client that will not negotiate anew may ignore it.
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
            // One answer will do for all that were asked for before it goes out.
            [REQUESTED] if self.due.is_empty() => self.update_sending_key(),
            [0 | REQUESTED] => Ok(()),
            _ => Err(TlsError::UnexpectedMessage),
        }
    }

    fn update_sending_key(&mut self) -> Result<(), TlsError> {
        let key_update = [HandshakeType::KeyUpdate.into(), 0, 0, 1, 0];
        // Before the message is sealed: in TLS 1.2 there is no such thing.
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
        // Not the keys.
        f.debug_struct("Records").field("suite", &self.suite.suite()).finish_non_exhaustive()
    }
}

/// How many records a key may seal: 2^24 of AES-GCM (RFC 8446 section 5.5), any number of others.
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

/// What seals records from this number on.
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
        // The cipher takes the first number it sees for 0, and refuses one that is lower than the
        // last. In TLS 1.2 it is 1, because 0 was in the handshake. What is sealed here stays here.
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
