//! How servers are reached: addresses, routes, proxies, and open connections.

pub(in crate::session) mod addresses;
pub(in crate::session) mod local_addresses;
pub(in crate::session) mod network;
pub(in crate::session) mod origin;
pub(in crate::session) mod pool;
pub(in crate::session) mod proxy;
pub(in crate::session) mod resolved;
pub(in crate::session) mod resolver;
pub(in crate::session) mod route;
