//! What a request has behind its head, and how it is sent.

use http::HeaderValue;

use super::context::Context;
use crate::reactor::KeptBytes;
use crate::session::request::Body;
use crate::session::request::upload::Upload;
use crate::transport::Stream;

/// The longest body that is sent in one piece with its head. A longer one is not copied, and goes out
/// as fast as the peer takes it, while whatever the peer says meanwhile is heard.
const TOGETHER_MAX: usize = 64 << 10;

/// The most uploads that tasks make known to a core: it keeps them to the end of the run. Of others
/// each send makes a copy.
const UPLOADS_MAX: usize = 1000;

/// The bytes of a body.
#[derive(Debug, Clone)]
pub(in crate::session) enum Content {
    Bytes(Vec<u8>),
    Upload(Upload),
    /// The reactor has them.
    Kept(KeptBytes),
}

/// A body that is sent apart from its head.
#[derive(Debug)]
pub(in crate::session) struct SeparateBody {
    pub(in crate::session) content: Content,
    /// It waits for `100 Continue` (RFC 9110 section 10.1.1).
    pub(in crate::session) expects: bool,
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes)
    }
}

impl Content {
    pub(in crate::session) const EMPTY: Self = Content::Bytes(Vec::new());

    /// The content of a body, and its type where it has one.
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

    /// Whether it is sent apart from the head.
    pub(in crate::session) fn is_sent_separately(&self, expects: bool) -> bool {
        expects || self.len() > TOGETHER_MAX
    }

    /// Sends it behind the head; how many bytes go over the wire.
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
    /// The same with its bytes at the reactor's, for as long as the core runs.
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
