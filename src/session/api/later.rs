//! Requests that have been put together, and how they are made.

use std::borrow::Cow;
use std::rc::Rc;

use http::Method;

use super::check::Check;
use super::response::Response;
use super::session::Sharing;
use crate::http1::KeepBody;
use crate::session::request::Request;
use crate::session::wire::envelope::Message;
use crate::session::wire::exchange::{Connections, Outbound, RequestFailed, refuse};
use crate::session::wire::prepared::Prepared;
use crate::session::wire::render::Outline;

/// A request that has been put together and waits for the session; see
/// [`Call::later`](crate::session::Call::later).
#[derive(Debug)]
#[must_use = "a request that waits is made by parallel()"]
pub struct Later {
    pub(in crate::session) path: Cow<'static, str>,
    pub(in crate::session) name: Option<Cow<'static, str>>,
    pub(in crate::session) request: Request,
    pub(super) checks: Vec<Check>,
    pub(in crate::session) keep_body: KeepBody,
    pub(in crate::session) plain: bool,
    pub(super) mistake: Option<String>,
}

impl Later {
    pub(super) async fn make(
        self,
        sharing: Sharing<'_>,
        connections: &mut Connections,
    ) -> Result<Response, RequestFailed> {
        let Later { path, name, mut request, checks, keep_body, plain, mistake } = self;
        let prepared = match (&path, &name) {
            (Cow::Borrowed(path), None) if plain => {
                sharing.prepared(&request.method, path, None, keep_body)?
            }
            (Cow::Borrowed(path), Some(Cow::Borrowed(name))) if plain => {
                sharing.prepared(&request.method, path, Some(name), keep_body)?
            }
            _ => None,
        };
        let mut response = match prepared {
            Some(prepared) => sharing.perform(connections, &prepared).await?,
            None => {
                request.path = path.into_owned();
                request.name = name.map(Cow::into_owned);
                let made = sharing.perform_once(connections, &request, keep_body, mistake).await;
                let mut response = made?;
                if request.auth.is_some() || !request.headers.is_empty() {
                    response.answers(request);
                }
                response
            }
        };
        response.judge(&checks);
        Ok(response)
    }
}

impl Sharing<'_> {
    /// Renders a request and makes it.
    async fn perform_once(
        self,
        connections: &mut Connections,
        request: &Request,
        keep_body: KeepBody,
        mistake: Option<String>,
    ) -> Result<Response, RequestFailed> {
        let (context, defaults) = (self.context, &self.class.defaults);
        let entry = {
            let mut recorder = context.recorder.borrow_mut();
            recorder.entry(request.method.as_str(), &request.display_name())
        };
        let outline = match mistake {
            Some(mistake) => Err(mistake),
            None => Outline::new(context, defaults, request).map_err(|error| error.to_string()),
        };
        let outline = match outline {
            Ok(outline) => outline,
            Err(reason) => return Err(refuse(context, entry, self.intended.take(context), reason)),
        };
        let outbound = Outbound {
            entry,
            request,
            defaults,
            first: Message::of(&outline, context),
            timeout: request.timeout.unwrap_or(defaults.policy.timeouts.total),
            keep_body,
            follows: request.follows_redirects(&defaults.policy),
            intended: self.intended.take(context),
        };
        connections.request(context, self.sender, &outbound).await
    }

    /// The rendered form of a request that is all literals: made once per class and core, unless
    /// there are too many.
    fn prepared(
        self,
        method: &Method,
        path: &'static str,
        name: Option<&'static str>,
        keep_body: KeepBody,
    ) -> Result<Option<Rc<Prepared>>, RequestFailed> {
        self.class.literals.get(self.context, &self.class.defaults, method, path, name, keep_body)
    }
}
