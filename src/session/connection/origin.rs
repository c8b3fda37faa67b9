//! The origins of requests: scheme, host and port.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::rc::Rc;

use super::addresses::Addresses;
use super::proxy::connect_request;
use super::resolved::ResolvedUrl;
use super::resolver::Resolver;
use super::route::Route;
use crate::reactor::Peer;
use crate::session::request::auth::Auth;
use crate::session::request::base_url::BaseUrl;
use crate::session::request::via::Via;

/// The most origins that a core keeps, beyond those of the plan. Only a task that makes up hosts has
/// more.
const ORIGINS_MAX: usize = 1000;

/// A scheme, host and port on one core (RFC 9110 section 4.3.1), and how it is reached.
#[derive(Debug)]
pub(in crate::session) struct Origin {
    /// Whether connections use TLS.
    pub(in crate::session) secure: bool,
    host: String,
    port: u16,
    /// The value of the `Host` header.
    pub(in crate::session) authority: String,
    via: Via,
    /// How connections to it are made. Connections belong to a route.
    pub(in crate::session) route: Rc<Route>,
    /// Whether the next request to the same host and port has the same route.
    pub(in crate::session) remembered: bool,
}

/// The origins a core knows.
#[derive(Debug)]
pub(in crate::session) struct Origins {
    known: RefCell<Vec<Rc<Origin>>>,
    /// The same origins by [`key_of`].
    by_key: RefCell<HashMap<u64, Vec<Rc<Origin>>>>,
    resolver: Resolver,
    core: usize,
}

impl Origins {
    /// Starts without origins, on the core with this number.
    pub(in crate::session) fn new(resolver: Resolver, core: usize) -> Self {
        Origins { known: RefCell::default(), by_key: RefCell::default(), resolver, core }
    }

    /// Returns the origin of a host that the plan names. Its addresses are known, and it is kept however
    /// many there are.
    pub(in crate::session) fn know(&self, target: &ResolvedUrl) -> Rc<Origin> {
        let ResolvedUrl { url, addresses, by_hand } = target;
        self.find(url, &Via::Direct).unwrap_or_else(|| {
            let route = Route::Direct(self.addresses(url, addresses, !by_hand));
            self.remember(Origin::new(url, Via::Direct, Rc::new(route), true))
        })
    }

    /// Returns the origin of a host of a single request. Beyond [`ORIGINS_MAX`] it is a new one each time, so
    /// that a task that makes up hosts does not fill the memory.
    pub(in crate::session) fn get(&self, url: &BaseUrl, via: &Via) -> Rc<Origin> {
        self.find(url, via).unwrap_or_else(|| {
            let has_room = self.known.borrow().len() < ORIGINS_MAX;
            let shared = self.shared_route(url, via);
            let remembered = has_room || shared.is_some();
            let route = shared.unwrap_or_else(|| Rc::new(self.route(url, via, has_room)));
            let origin = Origin::new(url, via.clone(), route, remembered);
            if has_room { self.remember(origin) } else { origin }
        })
    }

    /// Returns the resolver.
    pub(in crate::session) fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    fn route(&self, url: &BaseUrl, via: &Via, may_change: bool) -> Route {
        let proxy = match via {
            Via::Direct => return Route::Direct(self.addresses(url, &[], may_change)),
            Via::UnixSocket(path) => {
                let peer = Peer::unix(path).expect("the plan has checked the path");
                return Route::Unix(peer);
            }
            Via::Proxy(proxy) => BaseUrl::parse(proxy).expect("the plan has checked the proxy"),
        };
        let own = self.get(&proxy, &Via::Direct).route.clone();
        let addresses = own.addresses().expect("a direct route has addresses").clone();
        let credentials = proxy.basic_auth.as_ref();
        let authorization =
            credentials.and_then(|(user, password)| Auth::basic(user, password).header());
        if url.secure {
            Route::Tunnel(addresses, connect_request(url, authorization.as_ref()).into())
        } else {
            Route::Proxy(addresses, authorization)
        }
    }

    /// Returns the route that all hosts share, if there is one: by plain HTTP through a proxy, or to a Unix
    /// socket.
    fn shared_route(&self, url: &BaseUrl, via: &Via) -> Option<Rc<Route>> {
        let is_shared = |origin: &&Rc<Origin>| {
            let is_for_all = matches!(&*origin.route, Route::Proxy(..) | Route::Unix(_));
            is_for_all && origin.via == *via && !origin.secure && !url.secure
        };
        self.known.borrow().iter().find(is_shared).map(|origin| origin.route.clone())
    }

    fn addresses(&self, url: &BaseUrl, known: &[SocketAddr], may_change: bool) -> Rc<Addresses> {
        let BaseUrl { host, port, .. } = url;
        let subscription = may_change.then(|| self.resolver.subscribe(host, *port)).flatten();
        Rc::new(Addresses::new((host, *port), known, subscription, self.core))
    }

    fn find(&self, url: &BaseUrl, via: &Via) -> Option<Rc<Origin>> {
        let is = |origin: &&Rc<Origin>| {
            (origin.secure, origin.port) == (url.secure, url.port)
                // Host names have no case (RFC 3986 section 3.2.2).
                && origin.host.eq_ignore_ascii_case(&url.host)
                && origin.via == *via
        };
        let key = key_of(url.secure, &url.host, url.port);
        self.by_key.borrow().get(&key)?.iter().find(is).cloned()
    }

    fn remember(&self, origin: Rc<Origin>) -> Rc<Origin> {
        let key = key_of(origin.secure, &origin.host, origin.port);
        self.by_key.borrow_mut().entry(key).or_default().push(origin.clone());
        self.known.borrow_mut().push(origin.clone());
        origin
    }
}

/// Returns the key that an origin is found by. It is a hash, so that no lower-case copy of the host is
/// made.
fn key_of(secure: bool, host: &str, port: u16) -> u64 {
    let mut hasher = DefaultHasher::new();
    (secure, port).hash(&mut hasher);
    host.bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    hasher.finish()
}

impl Origin {
    /// Returns the name or address, without brackets.
    pub(in crate::session) fn host(&self) -> &str {
        &self.host
    }

    fn new(url: &BaseUrl, via: Via, route: Rc<Route>, remembered: bool) -> Rc<Self> {
        let &BaseUrl { secure, ref host, port, ref authority, .. } = url;
        let (host, authority) = (host.clone(), authority.clone());
        Rc::new(Origin { secure, host, port, authority, via, route, remembered })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn url(host: &str, port: u16) -> BaseUrl {
        BaseUrl::parse(&format!("http://{host}:{port}")).unwrap()
    }

    fn get(origins: &Origins, host: &str, port: u16) -> Rc<Origin> {
        origins.get(&url(host, port), &Via::Direct)
    }

    fn are_known(origin: &Origin) -> bool {
        origin.route.addresses().is_some_and(|addresses| addresses.are_known())
    }

    fn origins() -> Origins {
        Origins::new(Resolver::start(None).unwrap(), 0)
    }

    #[test]
    fn a_task_that_makes_up_hosts_does_not_fill_the_memory() {
        let origins = origins();
        let met: Vec<_> = (0..ORIGINS_MAX).map(|n| get(&origins, &format!("h{n}"), 80)).collect();
        assert!(Rc::ptr_eq(&met[7], &get(&origins, "H7", 80)) && met[7].remembered);
        let one_more = get(&origins, "one-more", 80);
        assert!(!one_more.remembered && !Rc::ptr_eq(&one_more, &get(&origins, "one-more", 80)));
        assert_eq!(origins.known.borrow().len(), ORIGINS_MAX);
    }

    #[test]
    fn a_host_that_the_plan_names_is_not_looked_up_again() {
        let origins = origins();
        let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 81))];
        let named = ResolvedUrl { url: url("Name", 81), addresses, by_hand: false };
        let known = origins.know(&named);
        assert!(Rc::ptr_eq(&known, &get(&origins, "name", 81)));
        assert!(!Rc::ptr_eq(&known, &get(&origins, "name", 82)));
        assert!(are_known(&known) && !are_known(&get(&origins, "name", 82)));
    }

    #[test]
    fn plain_requests_through_a_proxy_share_its_connections_and_tunnels_have_their_own() {
        let origins = origins();
        let via = Via::Proxy("http://u:p@proxy:3128".into());
        let [a, b] = ["a", "b"].map(|host| origins.get(&url(host, 80), &via));
        assert!(!Rc::ptr_eq(&a, &b) && Rc::ptr_eq(&a.route, &b.route));
        assert!(matches!(&*a.route, Route::Proxy(_, Some(_))));
        let secure = |host| BaseUrl { secure: true, ..url(host, 443) };
        let [c, d] = ["c", "d"].map(|host| origins.get(&secure(host), &via));
        assert!(
            !Rc::ptr_eq(&c.route, &d.route) && Rc::ptr_eq(&c, &origins.get(&secure("C"), &via))
        );
        assert!(matches!(&*c.route, Route::Tunnel(..)));
        let own = get(&origins, "proxy", 3128);
        for route in [&a.route, &c.route] {
            let shared = [&own.route, route].map(|route| route.addresses().unwrap());
            assert!(Rc::ptr_eq(shared[0], shared[1]), "the proxy is one, and looked up once");
        }
        assert!(!Rc::ptr_eq(&own.route, &a.route), "what it serves itself is asked otherwise");
        assert!(!Rc::ptr_eq(&a, &get(&origins, "a", 80)), "who has no proxy goes there directly");
    }

    #[test]
    fn all_hosts_behind_a_path_share_its_connections() {
        let origins = origins();
        let via = Via::UnixSocket("/run/app".into());
        let [a, b] = ["a", "b"].map(|host| origins.get(&url(host, 80), &via));
        assert!(Rc::ptr_eq(&a.route, &b.route) && matches!(&*a.route, Route::Unix(_)));
        let other = origins.get(&url("a", 80), &Via::UnixSocket("/run/other".into()));
        assert!(!Rc::ptr_eq(&a.route, &other.route));
    }
}
