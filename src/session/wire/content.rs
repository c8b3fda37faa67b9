//! What a request has behind its head, and how it is sent.

use std::borrow::Cow;

use http::HeaderValue;

use crate::reactor::Kept;
use crate::session::context::Context;
use crate::session::request::Body;
use crate::session::request::upload::Upload;
use crate::transport::Stream;

/// The longest body that is sent in one piece with its head. A longer one is not copied, and goes out
/// as fast as the peer takes it, while whatever the peer says meanwhile is heard.
const TOGETHER_MAX: usize = 64 << 10;

/// The most uploads that tasks make known to a core: it keeps them to the end of the run. Of others
/// each send makes a copy.
const UPLOADS_MAX: usize = 1000;

/// A request's content, rendered.
pub(in crate::session) enum Content<'r> {
    Bytes(Cow<'r, [u8]>),
    Upload(&'r Upload),
}

/// A body that is sent apart from its head.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct Apart<'r> {
    pub(in crate::session) bytes: Source<'r>,
    /// It waits for `100 Continue` (RFC 9110 section 10.1.1).
    pub(super) expects: bool,
}

/// Where its bytes are.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) enum Source<'r> {
    Kept(Kept),
    Borrowed(&'r [u8]),
}

impl<'r> Content<'r> {
    pub(super) const EMPTY: Self = Content::Bytes(Cow::Borrowed(&[]));

    /// The content of a body, and its type where it has one.
    pub(in crate::session) fn of(body: &'r Body) -> (Self, Option<HeaderValue>) {
        let bytes = |bytes| Content::Bytes(bytes);
        let typed = |text, content_type| {
            (Content::Bytes(Cow::Owned(text)), Some(HeaderValue::from_static(content_type)))
        };
        match body {
            Body::Empty => (bytes(Cow::Borrowed(&[])), None),
            Body::Bytes(given) => (bytes(Cow::Borrowed(given)), None),
            Body::Json(value) => {
                let text = serde_json::to_vec(value).expect("a JSON value can be written as JSON");
                typed(text, "application/json")
            }
            Body::JsonText(text) => {
                let content_type = HeaderValue::from_static("application/json");
                (bytes(Cow::Borrowed(text)), Some(content_type))
            }
            Body::Form(pairs) => {
                let mut text = form_urlencoded::Serializer::new(String::new());
                let text = text.extend_pairs(pairs).finish().into_bytes();
                typed(text, "application/x-www-form-urlencoded")
            }
            Body::Upload(upload) => (Content::Upload(upload), upload.own_content_type().cloned()),
        }
    }

    pub(in crate::session) fn bytes(&self) -> &[u8] {
        match self {
            Content::Bytes(bytes) => bytes,
            Content::Upload(upload) => upload.bytes(),
        }
    }

    /// Whether it is sent apart from the head.
    pub(super) fn is_apart(&self, expects: bool) -> bool {
        expects || self.bytes().len() > TOGETHER_MAX
    }
}

impl Content<'_> {
    /// Where one send finds the bytes.
    pub(in crate::session) fn source(&self, context: &Context) -> Source<'_> {
        let kept = match self {
            Content::Bytes(_) => None,
            Content::Upload(upload) => context.keep_upload(upload, UPLOADS_MAX),
        };
        kept.map_or_else(|| Source::Borrowed(self.bytes()), Source::Kept)
    }

    /// The bytes for as long as the core runs.
    pub(in crate::session) fn keep(&self, context: &Context) -> Kept {
        let kept = match self {
            Content::Bytes(_) => None,
            Content::Upload(upload) => context.keep_upload(upload, usize::MAX),
        };
        kept.unwrap_or_else(|| context.reactor.keep(self.bytes()))
    }
}

impl Apart<'_> {
    pub(in crate::session) fn len(&self) -> usize {
        match self.bytes {
            Source::Kept(kept) => kept.len(),
            Source::Borrowed(bytes) => bytes.len(),
        }
    }

    /// Sends it behind the head; how many bytes go over the wire.
    pub(in crate::session) fn send(&self, stream: &mut Stream) -> u64 {
        match self.bytes {
            Source::Kept(kept) => stream.send_kept_behind(kept),
            Source::Borrowed(bytes) => stream.send_behind(bytes.to_vec()),
        }
    }
}
