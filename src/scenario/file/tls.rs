//! TLS of scenario files.

use super::error::Result;
use super::reader::Item;
use super::upload::Files;
use crate::transport::tls::{TlsOptions, TlsVersion};

const KEYS: [&str; 8] =
    ["ca", "cert", "key", "insecure", "resume", "min_version", "max_version", "server_name"];

/// Changes what a `tls` table says.
pub(super) fn tls(item: Item<'_>, files: &Files, options: &mut TlsOptions) -> Result<()> {
    let table = item.table(&KEYS)?;
    let path = |key| table.get(key).map(|item| files.path(item)).transpose();
    let version = |key| table.get(key).map(version).transpose();
    let said = TlsOptions {
        ca: path("ca")?,
        cert: path("cert")?,
        key: path("key")?,
        min_version: version("min_version")?,
        max_version: version("max_version")?,
        server_name: table.get("server_name").map(|name| name.shown()).transpose()?,
        ..TlsOptions::default()
    };
    *options = options.clone().overridden(&said);
    // A class may switch off what is set for all classes.
    if let Some(item) = table.get("insecure") {
        options.insecure = item.boolean()?;
    }
    if let Some(item) = table.get("resume") {
        options.resume = item.boolean()?;
    }
    options.check().map_err(|error| table.get(error.option).unwrap_or(item).problem(error))
}

fn version(item: Item<'_>) -> Result<TlsVersion> {
    let expected = "expected \"1.2\" or \"1.3\"";
    if !item.is_text() {
        return Err(item.problem(expected));
    }
    match &*item.text()? {
        "1.2" => Ok(TlsVersion::V1_2),
        "1.3" => Ok(TlsVersion::V1_3),
        _ => Err(item.problem(expected)),
    }
}
