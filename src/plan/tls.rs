//! What TLS needs, read before the run.

use super::Error;
use crate::scenario::Scenario;
use crate::session::ResolvedUrl;
use crate::transport::tls::{Roots, Tls, TlsOptions};

/// How the connections of each class are sealed. The authorities that the system trusts are read in
/// any case: a redirect may lead to `https://`. It is an error that there are none only where a URL
/// of the plan needs them.
pub(super) fn tls(
    scenario: &Scenario,
    flags: &TlsOptions,
    targets: &[ResolvedUrl],
    elsewhere: &[ResolvedUrl],
) -> Result<Vec<Tls>, Error> {
    let roots = Roots::default();
    flags.check().map_err(Error::TlsFlag)?;
    let classes = scenario.users.iter().zip(targets).map(|(user, target)| {
        let options = user.policy.tls.clone().overridden(flags);
        let trusts_nobody = options.ca.is_none() && !options.insecure && roots.is_empty();
        let mut urls = [target].into_iter().chain(elsewhere).map(|host| &host.url);
        if let Some(url) = urls.find(|url| url.secure).filter(|_| trusts_nobody) {
            return Err(Error::NoRoots(format!("https://{}", url.authority)));
        }
        Tls::new(&options, &roots).map_err(|error| Error::Tls { user: user.name.clone(), error })
    });
    classes.collect()
}
