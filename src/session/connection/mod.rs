//! How servers are reached: addresses, routes, proxies, and the connections that are open.

pub(in crate::session) mod addresses;
pub(in crate::session) mod local_addresses;
pub(in crate::session) mod network;
pub(in crate::session) mod origin;
pub(in crate::session) mod pool;
pub(in crate::session) mod proxy;
pub(in crate::session) mod resolved;
pub(in crate::session) mod resolver;
pub(in crate::session) mod route;
