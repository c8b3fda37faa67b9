//! How requests are made, of scenario files.

use std::num::NonZeroU32;

use super::error::Result;
use super::reader::{Item, Table};
use super::step::timeout;
use super::tls::tls;
use super::upload::Files;
use crate::scenario::{KeepAlive, validate};
use crate::session::{Policy, TcpOptions, Timeouts, Via};

/// The keys of a table that says how requests are made.
pub(super) const KEYS: [&str; 11] = [
    "timeout",
    "keep_alive",
    "max_requests_per_connection",
    "proxy",
    "unix_socket",
    "tcp",
    "tls",
    "cookies",
    "redirects",
    "compression",
    "max_body",
];

/// Changes what a table says otherwise.
pub(super) fn policy(table: &Table<'_>, files: &Files, policy: &mut Policy) -> Result<()> {
    if let Some(item) = table.get("timeout") {
        timeouts(item, &mut policy.timeouts)?;
    }
    if let Some(item) = table.get("keep_alive") {
        policy.keep_alive = keep_alive(item)?;
    }
    if let Some(item) = table.get("max_requests_per_connection") {
        let requests = NonZeroU32::new(item.count()?);
        let needed = "max_requests_per_connection must be 1 or more; leave it out for any number";
        policy.max_requests_per_connection = Some(item.judged(requests.ok_or(needed))?);
    }
    if let Some(item) = table.get("tls") {
        tls(item, files, &mut policy.tls)?;
    }
    if let Some(item) = table.get("cookies") {
        policy.cookies = item.boolean()?;
    }
    if let Some(item) = table.get("redirects") {
        policy.redirects = item.boolean()?;
    }
    if let Some(item) = table.get("compression") {
        policy.compression = item.boolean()?;
    }
    if let Some(item) = table.get("max_body") {
        policy.max_body = item.size()?;
        item.judged(validate::max_body(policy.max_body))?;
    }
    match table.at_most_one(&["proxy", "unix_socket"])? {
        None => {}
        Some((key, item)) => {
            policy.via = match key {
                "proxy" => Via::Proxy(item.shown_url()?),
                _ => Via::UnixSocket(files.path(item)?),
            };
            item.judged(validate::via(&policy.via))?;
        }
    }
    if let Some(item) = table.get("tcp") {
        tcp(item, &mut policy.tcp)?;
    }
    Ok(())
}

/// Returns the options of TCP connections.
fn tcp(item: Item<'_>, tcp: &mut TcpOptions) -> Result<()> {
    let table = item.table(&["nodelay", "keepalive", "linger"])?;
    if let Some(item) = table.get("nodelay") {
        tcp.nodelay = item.boolean()?;
    }
    if let Some(item) = table.get("keepalive") {
        let idle = item.duration()?;
        item.judged(validate::keepalive(idle))?;
        tcp.keepalive = Some(idle);
    }
    if let Some(item) = table.get("linger") {
        // Any other time would let a close wait for the peer, and with it a core.
        if !item.duration()?.is_zero() {
            let message = "linger can only be \"0s\": close by a reset; leave it out otherwise";
            return Err(item.problem(message));
        }
        tcp.reset_on_close = true;
    }
    Ok(())
}

/// Reads a time for the whole request, or a table of those of its parts.
fn timeouts(item: Item<'_>, timeouts: &mut Timeouts) -> Result<()> {
    if !item.is_table() {
        timeouts.total = timeout(item)?;
        return Ok(());
    }
    let table = item.table(&["connect", "tls", "first_byte", "read", "total"])?;
    let part = |key| table.get(key).map(timeout).transpose();
    timeouts.connect = part("connect")?;
    timeouts.tls = part("tls")?;
    timeouts.first_byte = part("first_byte")?;
    timeouts.read = part("read")?;
    timeouts.total = part("total")?.unwrap_or(timeouts.total);
    item.judged(validate::timeouts(timeouts))
}

/// Reads `true`, `false` or `"task"`.
fn keep_alive(item: Item<'_>) -> Result<KeepAlive> {
    if !item.is_text() {
        let keep = item.boolean().map_err(|_| item.expected("true, false or \"task\""))?;
        return Ok(if keep { KeepAlive::Always } else { KeepAlive::Never });
    }
    match &*item.text()? {
        "task" => Ok(KeepAlive::Task),
        word => Err(item.problem(format!("expected true, false or \"task\", found \"{word}\""))),
    }
}
