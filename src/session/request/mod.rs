//! A request as the scenario describes it: data only, nothing rendered, nothing sent.

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

/// A request as data. The path is joined to the user's host; an absolute `http://` URL is used as
/// it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path with an optional query (`/users?page=2`), or an absolute URL.
    pub path: String,
    /// Query pairs to append to the path, percent-encoded when rendered.
    pub query: Vec<(String, String)>,
    /// The name the request is counted under; without one, the path as written, but for a URL's
    /// user and password.
    pub name: Option<String>,
    /// Headers in the order they are sent, after the user's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, which also decides `Content-Type` where no header says it.
    pub body: Body,
    /// Whether the body waits for the server to ask for it, for at most a second, where there is one:
    /// `Expect: 100-continue` (RFC 9110 section 10.1.1).
    pub expect_continue: bool,
    /// Who it is from, in place of what an absolute URL or the class says.
    pub auth: Option<Auth>,
    /// From the start of the request to the end of its response; without one, the session's.
    pub timeout: Option<Duration>,
    /// Whether redirects are followed; without a word, as the class has it, and by a HEAD request not at
    /// all.
    pub redirects: Option<bool>,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Body {
    /// None: no `Content-Length` for methods that have no body by nature, `0` for the others.
    #[default]
    Empty,
    /// Bytes as they are, with no content type of their own.
    Bytes(Vec<u8>),
    /// JSON, sent as `application/json`.
    Json(serde_json::Value),
    /// The same, written already.
    JsonText(Vec<u8>),
    /// Pairs, sent as `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// What was made before the run: a file, or a form with files.
    Upload(Upload),
}

impl Request {
    /// A request with this method and path, and nothing else.
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

    /// The name the request is counted under: a URL's user and password are not for the tables.
    pub fn display_name(&self) -> Cow<'_, str> {
        stripped(self.name.as_deref().unwrap_or(&self.path))
    }
}
