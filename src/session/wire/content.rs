//! The content of a request's body, and how it is sent.

use http::HeaderValue;

use super::context::Context;
use crate::reactor::KeptBytes;
use crate::session::request::Body;
use crate::session::request::upload::Upload;
use crate::transport::Stream;

/// The longest body that is sent in one piece with its head. A longer one is not copied. It is sent as
/// fast as the peer takes it, and the response is read meanwhile.
const TOGETHER_MAX: usize = 64 << 10;

/// The most uploads of tasks that a core keeps until the run ends. Others are copied for each send.
const UPLOADS_MAX: usize = 1000;

/// The bytes of a body.
#[derive(Debug, Clone)]
pub(in crate::session) enum Content {
    Bytes(Vec<u8>),
    Upload(Upload),
    /// The reactor keeps them.
    Kept(KeptBytes),
}

/// A body that is sent separately from its head.
#[derive(Debug)]
pub(in crate::session) struct SeparateBody {
    pub(in crate::session) content: Content,
    /// Whether it waits for `100 Continue` (RFC 9110 section 10.1.1).
    pub(in crate::session) expects: bool,
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes)
    }
}

impl Content {
    pub(in crate::session) const EMPTY: Self = Content::Bytes(Vec::new());

    /// Returns the content of a body, and its content type if it has one.
    pub(in crate::session) fn of(body: Body) -> (Self, Option<HeaderValue>) {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
        match body {
            Body::Empty => (Content::EMPTY, None),
            Body::Bytes(given) => (given.into(), None),
            Body::Json(value) => {
                let text = serde_json::to_vec(&value).expect("a JSON value can be written as JSON");
                (text.into(), Some(JSON))
            }
            Body::JsonText(text) => (text.into(), Some(JSON)),
            Body::Form(pairs) => {
                let mut text = form_urlencoded::Serializer::new(String::new());
                let text = text.extend_pairs(pairs).finish().into_bytes();
                (text.into(), Some(FORM))
            }
            Body::Upload(upload) => {
                let content_type = upload.own_content_type().cloned();
                (Content::Upload(upload), content_type)
            }
        }
    }

    pub(in crate::session) fn len(&self) -> usize {
        match self {
            Content::Bytes(bytes) => bytes.len(),
            Content::Upload(upload) => upload.bytes().len(),
            Content::Kept(kept) => kept.len(),
        }
    }

    pub(in crate::session) fn bytes<'b>(&'b self, context: &'b Context) -> &'b [u8] {
        match self {
            Content::Bytes(bytes) => bytes,
            Content::Upload(upload) => upload.bytes(),
            Content::Kept(kept) => context.reactor.kept(*kept),
        }
    }

    /// Returns whether it is sent separately from the head.
    pub(in crate::session) fn is_sent_separately(&self, expects: bool) -> bool {
        expects || self.len() > TOGETHER_MAX
    }

    /// Sends it behind the head. Returns the number of bytes on the wire.
    pub(in crate::session) fn send(&self, context: &Context, stream: &mut Stream) -> u64 {
        let known = match self {
            Content::Kept(kept) => Some(*kept),
            Content::Upload(upload) => context.keep_upload(upload, UPLOADS_MAX),
            Content::Bytes(_) => None,
        };
        match known {
            Some(kept) => stream.send_kept_behind(kept),
            None => stream.send_behind(self.bytes(context).to_vec()),
        }
    }
}

impl SeparateBody {
    /// Has the reactor keep its bytes until the core ends.
    pub(in crate::session) fn kept(self, context: &Context) -> Self {
        let known = match &self.content {
            Content::Kept(kept) => Some(*kept),
            Content::Upload(upload) => context.keep_upload(upload, usize::MAX),
            Content::Bytes(_) => None,
        };
        let kept = known.unwrap_or_else(|| context.reactor.keep(self.content.bytes(context)));
        SeparateBody { content: Content::Kept(kept), ..self }
    }
}
