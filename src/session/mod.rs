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

pub(crate) use budget::Budget;

pub use api::check::{
    Check, Condition, InvalidStatus, ResponseView, StatusRange, body_contains, first_failure,
    has_status_check, header, header_equals, json_equals, json_exists, max_time, needs_body,
    status, statuses,
};
pub use api::counted::RequestFailed;
pub use api::measurement::Measurement;
pub use api::pending::PendingRequest;
pub use api::random::Random;
pub use api::request_builder::{Path, RequestBuilder};
pub use api::response::Response;
pub use api::session::{Session, SessionClass};
pub use body::decoding::{Coding, DecodeError, Decoders, codings};
pub use body::json::{InvalidJson, Pointer, PointerError, equals, exists, find};
pub use connection::local_addresses::LocalAddresses;
pub use connection::resolved::{InvalidResolve, Resolve, ResolvedUrl};
pub use connection::resolver::Resolver;
pub use failure::redirect::RedirectError;
pub use failure::{BodyProgress, ConnectError, Failure, FirstBytes, Interruption, RequestPhase};
pub use identity::client_state::{Cookies, InvalidCookie};
pub use identity::secrets::{Secrets, secrets_of_headers};
pub use request::auth::Auth;
pub use request::base_url::{BaseUrl, UrlError, host_header, is_absolute};
pub use request::keep_alive::KeepAlive;
pub use request::multipart::Part;
pub use request::policy::{Policy, Timeouts};
pub use request::upload::Upload;
pub use request::via::Via;
pub use request::{Body, Request};
pub use wire::context::Context;
pub use wire::prepared::Prepared;
pub use wire::render::Defaults;

pub use crate::reactor::TcpOptions;
