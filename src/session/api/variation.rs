//! Requests that reach their server in another way than those of their class.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::counted::refuse;
use super::parallel::ParallelConnections;
use super::pending::PendingRequest;
use super::request_builder::RequestBuilder;
use super::response::Carrier;
use super::session::{Session, SessionClass, SessionRefs};
use super::unanswered::Made;
use crate::session::request::base_url::BaseUrl;
use crate::session::request::policy::Timeouts;
use crate::session::request::via::Via;
use crate::session::wire::attempt::Settings;
use crate::session::wire::context::Context;
use crate::transport::tls::{Roots, Tls, TlsOptions};

/// The most variants of a class that a core keeps. A task that makes up more has them made each time.
const VARIANTS_MAX: usize = 64;

/// What few requests set.
#[derive(Debug)]
pub(in crate::session) struct Overrides {
    pub(super) variation: Option<Variation>,
    pub(super) settings: Settings,
    /// The names of headers that are not sent, although the class or the engine would send them.
    pub(super) absent: Vec<Vec<u8>>,
}

/// What a request has in place of its class's settings. Such requests have connections of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Variation {
    /// Whether any certificate is accepted.
    pub(crate) insecure: Option<bool>,
    /// A PEM file of authorities to trust.
    pub(crate) ca: Option<PathBuf>,
    /// PEM files of a client certificate and, unless that is in the same one, its key.
    pub(crate) cert: Option<(PathBuf, Option<PathBuf>)>,
    /// The URL of an HTTP proxy.
    pub(crate) proxy: Option<String>,
}

/// The variants of a class that a core has made.
#[derive(Debug, Default)]
pub(super) struct Variants(RefCell<Vec<(Variation, Rc<SessionClass>)>>);

impl SessionClass {
    /// Returns the class with this variation. It is made once per core.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    fn varied(&self, context: &Context, variation: &Variation) -> Result<Rc<Self>, String> {
        let mut variants = self.variants.0.borrow_mut();
        if let Some((_, class)) = variants.iter().find(|(known, _)| known == variation) {
            return Ok(class.clone());
        }
        let mut policy = self.defaults.policy.clone();
        variation.apply(&mut policy.tls);
        if let Some(proxy) = &variation.proxy {
            BaseUrl::parse(proxy).map_err(|error| format!("proxy: {error}"))?;
            policy.via = Via::Proxy(proxy.clone());
        }
        let tls = Tls::new(&policy.tls, &Roots::default()).map_err(|error| error.to_string())?;
        let class = SessionClass::new(self.defaults.varied(context, policy, tls));
        if variants.len() < VARIANTS_MAX {
            variants.push((variation.clone(), class.clone()));
        }
        Ok(class)
    }
}

impl Variation {
    fn apply(&self, tls: &mut TlsOptions) {
        if let Some(insecure) = self.insecure {
            tls.insecure = insecure;
        }
        if let Some(ca) = &self.ca {
            (tls.insecure, tls.ca) = (false, Some(ca.clone()));
        }
        if let Some((cert, key)) = &self.cert {
            (tls.cert, tls.key) = (Some(cert.clone()), key.clone());
        }
    }
}

impl RequestBuilder<'_> {
    /// Reaches the server in another way, if it is another one than the class's.
    pub(crate) fn varied(self, mut variation: Variation) -> Self {
        let of_class = self.session.class.defaults().policy.tls.insecure;
        if variation.ca.is_none() && variation.insecure == Some(of_class) {
            variation.insecure = None;
        }
        if variation == Variation::default() {
            return self;
        }
        self.overridden(|of| of.variation = Some(variation))
    }

    /// Follows at most so many redirects.
    pub(crate) fn max_redirects(self, most: u32) -> Self {
        self.overridden(|of| of.settings.redirects_max = most)
    }

    /// Gives up if connecting or the TLS handshake takes longer than `connect`, or if nothing of the
    /// response comes for as long as `read`. The whole may take any time.
    pub(crate) fn timeouts(self, connect: Option<Duration>, read: Option<Duration>) -> Self {
        let timeouts = Timeouts::of_parts(connect, read);
        self.overridden(|of| of.settings.timeouts = timeouts)
    }

    /// Sends these cookies after redirects too: `a=1; b=2`.
    pub(crate) fn cookies_after_redirects(self, cookies: &str) -> Self {
        self.overridden(|of| of.settings.cookies = Some(cookies.to_owned()))
    }

    /// Leaves a header out that the class or the engine would send.
    pub(crate) fn without_header(self, name: &[u8]) -> Self {
        self.overridden(|of| of.absent.push(name.to_vec()))
    }

    /// Sends nothing: the request fails under this text.
    pub(crate) fn mistaken(mut self, reason: String) -> Self {
        self.request.parts().mistake = Some(reason);
        self.special()
    }

    /// Keeps the redirects that lead to the response.
    pub(crate) fn keep_trail(mut self) -> Self {
        self.request.parts().keep_trail = true;
        self
    }

    #[cold]
    fn overridden(mut self, set: impl FnOnce(&mut Overrides)) -> Self {
        let settings = &self.session.class.defaults().settings;
        let overrides = self.request.parts().overrides.get_or_insert_with(|| {
            let settings = settings.clone();
            Box::new(Overrides { variation: None, settings, absent: Vec::new() })
        });
        set(overrides);
        self.special()
    }
}

impl Session {
    /// Makes a request with this variation of the class.
    #[cold]
    pub(super) async fn make_varied<R: Carrier>(
        &self,
        request: PendingRequest,
        variation: &Variation,
    ) -> Made<R> {
        let class = match self.class.varied(&self.context, variation) {
            Ok(class) => class,
            Err(reason) => {
                let entry = request.entry(&self.context);
                return Err(refuse(
                    &self.context,
                    entry,
                    self.intended.take(&self.context),
                    reason,
                ));
            }
        };
        let mut connections =
            self.with_parallel(|further| further.pop_varied(&class, &self.context));
        let session = SessionRefs { class: &class, ..self.refs() };
        let made = request.make(session, &mut connections).await;
        self.with_parallel(|further| further.push_varied(class.clone(), connections));
        made
    }

    /// Closes all connections that carry no request.
    pub(crate) fn close_idle(&self) {
        if let Ok(mut connections) = self.connections.try_borrow_mut() {
            connections.close();
        }
        self.with_parallel(ParallelConnections::close);
    }
}
