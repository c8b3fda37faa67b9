//! What the `_prepare` of the `locust` package asks for beside the plain keywords.

use std::path::PathBuf;

use super::super::object::{Object, View};
use super::auth::Auth;
use super::call::Call;
use crate::session::Variation;

/// The further parts of a request that Python has prepared.
#[derive(Default)]
pub(super) struct Prepared {
    /// The whole URL. The row is not named by it.
    pub(super) url: Option<Object>,
    pub(super) auth: Option<Auth>,
    /// The names of headers that are not sent.
    pub(super) absent: Vec<Object>,
    /// To connect and to read, in seconds; `None` for any time.
    pub(super) timeouts: Option<(Option<f64>, Option<f64>)>,
    pub(super) max_redirects: Option<u32>,
    /// Cookies that are sent after redirects too.
    pub(super) cookies: Option<Object>,
    /// How its server is reached, where it is not as with the others of the client.
    pub(super) variation: Variation,
    /// What is called with the response.
    pub(super) then: Vec<Object>,
    /// Why nothing is sent.
    pub(super) error: Option<Object>,
}

impl Prepared {
    /// Takes a value that Python has prepared. Returns `false` for one that means nothing.
    pub(super) fn take(&mut self, call: &mut Call, key: &str, value: View) -> bool {
        match key {
            // An empty one means the path.
            "name" => {
                call.name = value.as_str().filter(|name| !name.is_empty()).map(|_| value.to_owned())
            }
            "url" => self.url = Some(value.to_owned()),
            "headers" => call.headers = Some(value.to_owned()),
            "absent" => self.absent = value.items().unwrap_or_default(),
            "auth" => self.auth = Auth::read(value),
            "timeouts" => {
                let parts = value.items().unwrap_or_default();
                let mut parts = parts.iter().map(|part| part.view().as_number());
                self.timeouts = parts.next().zip(parts.next());
            }
            "max_redirects" => self.max_redirects = value.as_int().map(|most| most.max(0) as u32),
            "cookies" => self.cookies = Some(value.to_owned()),
            "verify" => set_verify(&mut self.variation, value),
            "cert" => {
                let paths = value.items().unwrap_or_default();
                let mut paths = paths.iter().map(|path| path.view().as_str().map(PathBuf::from));
                self.variation.cert =
                    paths.next().flatten().map(|cert| (cert, paths.next().flatten()));
            }
            "proxy" => self.variation.proxy = value.as_str().map(str::to_owned),
            "then" => self.then = value.items().unwrap_or_default(),
            "error" => self.error = Some(value.to_owned()),
            // A body is always read whole: its pieces are handed out from memory.
            "stream" => {}
            _ => return call.take(key, value),
        }
        true
    }
}

/// Reads `verify`: whether certificates are checked, or the path of the authorities to trust.
pub(super) fn set_verify(variation: &mut Variation, value: View) {
    match value.as_str() {
        Some(path) => variation.ca = Some(path.into()),
        None => variation.insecure = Some(!value.is_true()),
    }
}
