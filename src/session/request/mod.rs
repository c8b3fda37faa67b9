//! Requests as data, as a scenario describes them.

pub(in crate::session) mod auth;
pub(in crate::session) mod authority;
pub(in crate::session) mod base_url;
pub(in crate::session) mod keep_alive;
pub(in crate::session) mod multipart;
pub(in crate::session) mod policy;
pub(in crate::session) mod upload;
pub(in crate::session) mod via;

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use crate::credentials::stripped;
use auth::Auth;
use upload::Upload;

/// A request as data. The path is appended to the user's base URL; an absolute URL is used as it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path with an optional query (`/users?page=2`), or an absolute URL.
    pub path: String,
    /// Query pairs to append to the path, percent-encoded when rendered.
    pub query: Vec<(String, String)>,
    /// The name that the request is counted under. Without one it is the path, without the user and
    /// password of a URL.
    pub name: Option<String>,
    /// Headers in the order they are sent, after the user's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body. It also sets `Content-Type`, unless there is a header for it.
    pub body: Body,
    /// Whether the body waits until the server asks for it, for at most a second:
    /// `Expect: 100-continue` (RFC 9110 section 10.1.1).
    pub expect_continue: bool,
    /// The authentication, in place of that of an absolute URL or of the class.
    pub auth: Option<Auth>,
    /// The timeout from the start of the request to the end of its response; by default the class's.
    pub timeout: Option<Duration>,
    /// Whether redirects are followed. By default the class decides, and those of HEAD requests are not
    /// followed.
    pub redirects: Option<bool>,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Body {
    /// No body. `Content-Length` is `0` for POST, PUT and PATCH, and missing for other methods.
    #[default]
    Empty,
    /// Bytes, without a content type.
    Bytes(Vec<u8>),
    /// JSON, sent as `application/json`.
    Json(serde_json::Value),
    /// Serialized JSON, sent as `application/json`.
    JsonText(Vec<u8>),
    /// Pairs, sent as `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// A file or a form with files, read before the run.
    Upload(Upload),
}

impl Request {
    /// Makes a request with this method and path, and nothing else.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            name: None,
            headers: Vec::new(),
            body: Body::Empty,
            expect_continue: false,
            auth: None,
            timeout: None,
            redirects: None,
        }
    }

    /// Returns the name that the request is counted under, without the user and password of a URL.
    pub fn display_name(&self) -> Cow<'_, str> {
        stripped(self.name.as_deref().unwrap_or(&self.path))
    }
}
