//! Where requests go: a scheme, a host and a port.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::addresses::Addresses;
use super::base_url::BaseUrl;
use super::resolved::ResolvedUrl;
use super::resolver::Resolver;

/// The most origins a core remembers. A plan names a few; only paths made on the way can be more.
const ORIGINS_MAX: usize = 1000;

/// A scheme, host and port as one core knows it (RFC 9110 section 4.3.1). Connections belong to an
/// origin.
#[derive(Debug)]
pub(super) struct Origin {
    /// Whether connections speak TLS.
    pub(super) secure: bool,
    host: String,
    port: u16,
    /// Whether the next request to the same host and port finds this origin again.
    pub(super) remembered: bool,
    pub(super) addresses: Addresses,
}

impl Origin {
    /// Name or address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

/// The origins a core knows.
#[derive(Debug)]
pub(super) struct Origins {
    known: RefCell<Vec<Rc<Origin>>>,
    resolver: Resolver,
    core: usize,
}

impl Origins {
    /// None yet, on the core with this number.
    pub(super) fn new(resolver: Resolver, core: usize) -> Self {
        Origins { known: RefCell::default(), resolver, core }
    }

    /// The origin of a host that the plan names: its addresses are known, and it is remembered
    /// however many there are.
    pub(super) fn know(&self, target: &ResolvedUrl) -> Rc<Origin> {
        let ResolvedUrl { url, addresses, by_hand } = target;
        self.find(url).unwrap_or_else(|| self.remember(self.origin(url, addresses, !by_hand, true)))
    }

    /// The origin of a host that is met on the way. Where too many were met already it is a new one
    /// each time, so that a task that makes up hosts does not fill the memory.
    pub(super) fn get(&self, url: &BaseUrl) -> Rc<Origin> {
        self.find(url).unwrap_or_else(|| {
            if self.known.borrow().len() < ORIGINS_MAX {
                self.remember(self.origin(url, &[], true, true))
            } else {
                self.origin(url, &[], false, false)
            }
        })
    }

    /// What looks names up.
    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    fn origin(
        &self,
        url: &BaseUrl,
        known: &[SocketAddr],
        may_change: bool,
        remembered: bool,
    ) -> Rc<Origin> {
        let BaseUrl { secure, host, port, .. } = url;
        let news = may_change.then(|| self.resolver.news_of(host, *port)).flatten();
        Rc::new(Origin {
            secure: *secure,
            host: host.clone(),
            port: *port,
            remembered,
            addresses: Addresses::new((host, *port), known, news, self.core),
        })
    }

    fn find(&self, url: &BaseUrl) -> Option<Rc<Origin>> {
        let is = |origin: &&Rc<Origin>| {
            (origin.secure, origin.port) == (url.secure, url.port)
                // Host names have no case (RFC 3986 section 3.2.2).
                && origin.host.eq_ignore_ascii_case(&url.host)
        };
        self.known.borrow().iter().find(is).cloned()
    }

    fn remember(&self, origin: Rc<Origin>) -> Rc<Origin> {
        self.known.borrow_mut().push(origin.clone());
        origin
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn url(host: &str, port: u16) -> BaseUrl {
        BaseUrl::parse(&format!("http://{host}:{port}")).unwrap()
    }

    fn origins() -> Origins {
        Origins::new(Resolver::start(None).unwrap(), 0)
    }

    #[test]
    fn a_task_that_makes_up_hosts_does_not_fill_the_memory() {
        let origins = origins();
        let met: Vec<_> =
            (0..ORIGINS_MAX).map(|n| origins.get(&url(&format!("h{n}"), 80))).collect();
        assert!(Rc::ptr_eq(&met[7], &origins.get(&url("H7", 80))) && met[7].remembered);
        let one_more = origins.get(&url("one-more", 80));
        assert!(!one_more.remembered && !Rc::ptr_eq(&one_more, &origins.get(&url("one-more", 80))));
        assert_eq!(origins.known.borrow().len(), ORIGINS_MAX);
    }

    #[test]
    fn a_host_that_the_plan_names_is_not_looked_up_again() {
        let origins = origins();
        let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 81))];
        let named = ResolvedUrl { url: url("Name", 81), addresses, by_hand: false };
        let known = origins.know(&named);
        assert!(Rc::ptr_eq(&known, &origins.get(&url("name", 81))));
        assert!(!Rc::ptr_eq(&known, &origins.get(&url("name", 82))));
        assert!(
            known.addresses.are_known() && !origins.get(&url("name", 82)).addresses.are_known()
        );
    }
}
