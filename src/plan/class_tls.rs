//! The TLS configuration of a run, read before it starts.

use std::collections::HashMap;

use super::Error;
use crate::scenario::Scenario;
use crate::session::ResolvedUrl;
use crate::transport::tls::{Roots, Tls, TlsOptions};

/// The TLS configuration of each class. Classes with the same options share one, which holds a copy of
/// all authorities.
#[derive(Debug)]
pub(crate) struct ClassTls {
    kinds: Vec<Tls>,
    /// The index of each class's configuration, in the scenario's order.
    of_class: Vec<u16>,
}

impl ClassTls {
    /// Always reads the authorities that the system trusts, because a redirect may lead to `https://`.
    /// It is an error that there are none only if a URL of the plan needs them.
    pub(super) fn new(
        scenario: &Scenario,
        flags: &TlsOptions,
        targets: &[ResolvedUrl],
        other_hosts: &[ResolvedUrl],
        mut ready: impl FnMut(usize),
    ) -> Result<Self, Error> {
        let roots = Roots::default();
        flags.check().map_err(Error::TlsFlag)?;
        let other_hosts = other_hosts.iter().find(|host| host.url.secure);
        let (mut known, mut kinds) = (HashMap::new(), Vec::new());
        let mut of_class = Vec::with_capacity(targets.len());
        for (class, (user, target)) in scenario.users.iter().zip(targets).enumerate() {
            let options = user.policy.tls.clone().overridden(flags);
            let trusts_nobody = options.ca.is_none() && !options.insecure && roots.is_empty();
            let secure = Some(target).filter(|host| host.url.secure).or(other_hosts);
            if let Some(host) = secure.filter(|_| trusts_nobody) {
                return Err(Error::NoRoots(format!("https://{}", host.url.authority)));
            }
            of_class.push(match known.get(&options) {
                Some(&kind) => kind,
                None => {
                    let tls = Tls::new(&options, &roots);
                    kinds.push(tls.map_err(|error| Error::Tls { user: user.name.clone(), error })?);
                    let kind = (kinds.len() - 1) as u16;
                    known.insert(options, kind);
                    kind
                }
            });
            ready(class);
        }
        Ok(ClassTls { kinds, of_class })
    }

    /// Returns a copy for another core, because connections count their references to it.
    pub(crate) fn for_this_core(&self) -> Self {
        let kinds = self.kinds.iter().map(Tls::for_this_core).collect();
        ClassTls { kinds, of_class: self.of_class.clone() }
    }

    /// Returns the configuration of the class at this index of the scenario.
    ///
    /// # Panics
    ///
    /// Panics if the scenario has no such class.
    pub(crate) fn of(&self, class: usize) -> &Tls {
        &self.kinds[usize::from(self.of_class[class])]
    }

    /// Returns each distinct configuration.
    pub(crate) fn kinds(&self) -> &[Tls] {
        &self.kinds
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "tls")]
    #[test]
    fn classes_with_the_same_options_share_what_is_made_of_them() {
        use super::*;
        use crate::plan::{Options, Plan};
        use crate::scenario::{Step, User};

        let user =
            |name: &str, options: TlsOptions| User::new(name).task(Step::get("/")).tls(options);
        let resume = TlsOptions { resume: true, ..TlsOptions::default() };
        let insecure = TlsOptions { insecure: true, ..TlsOptions::default() };
        let mut scenario = Scenario::new("http://127.0.0.1:1");
        for n in 0..3000 {
            scenario = scenario.user(user(&format!("plain{n}"), TlsOptions::default()));
        }
        scenario = scenario.user(user("resume", resume)).user(user("insecure", insecure.clone()));
        scenario = scenario.user(user("insecure too", insecure));
        let plan = Plan::new(scenario, Options::default()).unwrap();
        for seals in [&plan.tls, &plan.tls.for_this_core()] {
            assert_eq!(seals.kinds().len(), 3);
            let insecure: Vec<bool> =
                [0, 2999, 3000, 3001, 3002].map(|class| seals.of(class).is_insecure()).to_vec();
            assert_eq!(insecure, [false, false, false, true, true]);
            assert!(std::ptr::eq(seals.of(7), seals.of(2999)));
        }
    }
}
