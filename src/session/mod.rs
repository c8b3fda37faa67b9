//! The session of a running user: connections, requests, checks, responses.
//!
//! A task calls `session.get("/cart").check(status(200)).send().await?`. The session renders the
//! request, or takes the bytes that it rendered the first time, sends it on its kept-alive connection
//! or on a new one, reads the response and applies the checks. Each request is counted once, however
//! it ends.

mod api;
mod body;
mod budget;
mod connection;
mod failure;
mod identity;
mod request;
mod wire;

pub use api::capture::{Capture, InvalidCapture, Pick};
pub use api::check::{
    Check, Condition, InvalidPattern, InvalidStatus, Pattern, StatusRange, body_contains,
    body_matches, header, header_equals, json_equals, json_exists, json_length, max_time, status,
    statuses,
};
pub use api::measurement::Measurement;
pub use api::pending::PendingRequest;
pub use api::random::Random;
pub use api::request_builder::{Path, RequestBuilder};
pub use api::response::Response;
pub use api::session::Session;
pub use api::unanswered::RequestFailed;
pub use body::decoding::DecodeError;
pub use body::json::{Pointer, PointerError};
pub use connection::resolved::{InvalidResolve, Resolve};
pub use failure::redirect::RedirectError;
pub use failure::{BodyProgress, ConnectError, Failure, Interruption, RequestPhase};
pub use identity::client_state::{Cookies, InvalidCookie};
pub use request::auth::Auth;
pub use request::base_url::{BaseUrl, UrlError};
pub use request::keep_alive::KeepAlive;
pub use request::multipart::Part;
pub use request::policy::{Policy, Timeouts};
pub use request::upload::Upload;
pub use request::via::Via;
pub use request::{Body, Request};

pub use crate::http1::{Error as HttpError, Malformed};
pub use crate::reactor::TcpOptions;
pub use crate::transport::tls::{LoadError, TlsError, TlsOptions, TlsVersion};
pub use crate::transport::{CertificateFault, FirstBytes};

// What benches, fuzz targets and the torture tests use of the engine. It is not part of the
// library's interface.
#[doc(hidden)]
pub use api::check::{ResponseView, first_failure};
#[doc(hidden)]
pub use api::session::SessionClass;
#[doc(hidden)]
pub use body::decoding::{Coding, Decoders};
#[doc(hidden)]
pub use connection::local_addresses::LocalAddresses;
#[doc(hidden)]
pub use connection::resolved::ResolvedUrl;
#[doc(hidden)]
pub use connection::resolver::Resolver;
#[doc(hidden)]
pub use wire::context::Context;
#[doc(hidden)]
pub use wire::prepared::Prepared;
#[doc(hidden)]
pub use wire::render::Defaults;

pub(crate) use api::capture::Kind as CapturedKind;
pub(crate) use api::check::needs_body;
pub(crate) use api::sent::Sent;
pub(crate) use api::unanswered::{Made, Unanswered};
pub(crate) use api::variation::Variation;
pub(crate) use body::json::at as json_at;
pub(crate) use budget::Budget;
pub(crate) use identity::cookies::StoredCookie;
pub(crate) use identity::secrets::{Secrets, secrets_of_headers};
pub(crate) use request::base_url::{host_header, is_absolute};
pub(crate) use wire::trail::Redirect;
