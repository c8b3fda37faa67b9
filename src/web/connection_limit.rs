//! A limit to the number of open connections. When it is reached, a new connection replaces the one
//! that has been open longest of those that answer no request.
//!
//! A client that opens thousands of connections and sends nothing cannot lock others out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

/// The open connections and how many there may be.
#[derive(Debug, Clone)]
pub(super) struct ConnectionLimit {
    max: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    next_number: u64,
    /// By number: the oldest connection is first.
    connections: BTreeMap<u64, Arc<Connection>>,
}

#[derive(Debug, Default)]
struct Connection {
    /// How many requests are being answered.
    active_requests: AtomicUsize,
    evicted: Notify,
}

/// Permits one connection to be open. Dropping it makes room for another.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    number: u64,
    connection: Arc<Connection>,
    limit: ConnectionLimit,
}

/// Marks a request as being answered until it is dropped.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Connection>);

impl ConnectionLimit {
    pub(super) fn new(max: usize) -> Self {
        ConnectionLimit { max, open: Arc::default() }
    }

    /// Admits a connection. At the limit the oldest idle connection is evicted for it; `None` where
    /// all connections are answering requests.
    pub(super) fn admit(&self) -> Option<ConnectionPermit> {
        let mut open = self.open();
        if open.connections.len() >= self.max {
            let idle = open.connections.iter().find(|(_, connection)| connection.is_idle());
            let number = idle.map(|(number, _)| *number)?;
            let connection = open.connections.remove(&number)?;
            connection.evicted.notify_one();
        }
        let (number, connection) = (open.next_number, Arc::<Connection>::default());
        open.next_number += 1;
        open.connections.insert(number, connection.clone());
        Some(ConnectionPermit { number, connection, limit: self.clone() })
    }

    /// Returns whether no connection is answering a request.
    pub(super) fn is_idle(&self) -> bool {
        self.open().connections.values().all(|connection| connection.is_idle())
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.active_requests.load(Ordering::Relaxed) == 0
    }
}

impl ConnectionPermit {
    /// Keeps the connection from being evicted while a request is being answered.
    pub(super) fn begin_request(&self) -> ActiveRequest {
        self.connection.active_requests.fetch_add(1, Ordering::Relaxed);
        ActiveRequest(self.connection.clone())
    }

    /// Waits until the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.connection.evicted.notified().await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limit.open().connections.remove(&self.number);
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active_requests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(limit: &ConnectionLimit) -> Vec<u64> {
        limit.open().connections.keys().copied().collect()
    }

    #[test]
    fn at_the_limit_the_oldest_idle_connection_is_evicted() {
        let limit = ConnectionLimit::new(3);
        let [first, second, third] = [(); 3].map(|()| limit.admit().unwrap());
        let answering = first.begin_request();
        let fourth = limit.admit().unwrap();
        assert_eq!(numbers(&limit), [0, 2, 3], "the first is busy");
        drop(second);
        assert_eq!(
            numbers(&limit),
            [0, 2, 3],
            "an evicted permit makes no room when it is dropped"
        );
        let _others = [third.begin_request(), fourth.begin_request()];
        assert!(limit.admit().is_none() && !limit.is_idle());
        drop(answering);
        assert!(limit.admit().is_some());
    }
}
