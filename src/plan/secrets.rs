//! The texts that a run sends and no report shows.

use crate::scenario::Scenario;
use crate::session::{Auth, BaseUrl, Request, ResolvedUrl, Secrets, secrets_of_headers};

/// The secrets of a scenario, and the credentials that it and the URLs of its hosts have.
pub(super) fn secrets<'h>(
    scenario: &Scenario,
    hosts: impl Iterator<Item = &'h ResolvedUrl>,
) -> Secrets {
    let of_hosts = hosts.filter_map(|host| of_url(&host.url)).flatten();
    let of_users = scenario.users.iter().flat_map(|user| {
        let auth = user.auth.iter().flat_map(Auth::secrets);
        let headers = secrets_of_headers(&user.headers);
        let requests = user.steps().map(|step| &step.request).flat_map(Request::secrets);
        auth.chain(headers).chain(requests)
    });
    Secrets::new(scenario.secrets.iter().cloned().chain(of_hosts).chain(of_users))
}

fn of_url(url: &BaseUrl) -> Option<Vec<String>> {
    let (user, password) = url.basic_auth.clone()?;
    Some(Auth::basic(user, password).secrets())
}
