//! Steps of scenario files: a request and its checks.

use http::Method;

use super::check::checks;
use super::error::{Problem, Result};
use super::reader::{Item, Table};
use super::upload::Files;
use crate::scenario::{Parallel, Step, StepGroup, validate};
use crate::session::{Auth, Body};

/// All keys of a step.
pub(super) const KEYS: [&str; 25] = [
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "method",
    "path",
    "name",
    "query",
    "headers",
    "body",
    "json",
    "form",
    "body_file",
    "multipart",
    "expect_continue",
    "basic_auth",
    "bearer",
    "digest_auth",
    "redirects",
    "timeout",
    "check",
    "checks",
];

/// The keys that name the method, with the path or beside it.
pub(super) const METHODS: [&str; 8] =
    ["get", "post", "put", "patch", "delete", "head", "options", "method"];

/// The keys of a step that stands for several requests at the same time.
const PARALLEL_KEYS: [&str; 2] = ["parallel", "connections"];

/// Reads `[ { get = "/" }, { parallel = [ … ] }, … ]`, or a single step.
pub(super) fn parts(item: Item<'_>, files: &Files) -> Result<Vec<StepGroup>> {
    some(item)?.into_iter().map(|item| part(item, files)).collect()
}

fn part(item: Item<'_>, files: &Files) -> Result<StepGroup> {
    let table = item.table(&[&KEYS[..], &PARALLEL_KEYS].concat())?;
    let Some(steps) = table.get("parallel") else {
        return match table.get("connections") {
            None => step(&table, files).map(StepGroup::One),
            Some(_) => Err(Problem::new(
                table.key_span("connections"),
                "'connections' needs parallel requests beside it; add parallel = [ … ]",
            )),
        };
    };
    if let Some((key, _)) = table.present(&KEYS).next() {
        let message = format!("'{key}' belongs to a request; move it into one of 'parallel'");
        return Err(Problem::new(table.key_span(key), message));
    }
    let steps = some(steps)?.into_iter().map(|item| step(&item.table(&KEYS)?, files));
    let mut parallel = Parallel::new(steps.collect::<Result<_>>()?);
    if let Some(item) = table.get("connections") {
        parallel.connections = item.count()?;
        item.judged(validate::connections(parallel.connections))?;
    }
    Ok(StepGroup::Parallel(parallel))
}

fn some(item: Item<'_>) -> Result<Vec<Item<'_>>> {
    let items = item.one_or_more();
    if items.is_empty() {
        return Err(item.problem(crate::scenario::Error::NoSteps));
    }
    Ok(items)
}

/// Reads a step from a table whose keys are known to be valid.
pub(super) fn step(table: &Table<'_>, files: &Files) -> Result<Step> {
    let mut step = request_line(table)?;
    let request = &mut step.request;
    if let Some(name) = table.get("name") {
        request.name = Some(name.shown()?);
    }
    if let Some(query) = table.get("query") {
        request.query = query.pairs()?;
    }
    if let Some(headers) = table.get("headers") {
        request.headers = headers.headers()?;
    }
    request.body = body(table, files)?;
    if let Some(item) = table.get("expect_continue") {
        request.expect_continue = item.boolean()?;
    }
    request.auth = auth(table)?;
    request.redirects = table.get("redirects").map(|item| item.boolean()).transpose()?;
    request.timeout = table.get("timeout").map(timeout).transpose()?;
    if let Some((_, item)) = table.at_most_one(&["check", "checks"])? {
        step.checks = checks(item)?;
    }
    Ok(step)
}

/// Reads `get = "/path"` and its like, or `method = "PURGE"` with `path = "/path"`.
fn request_line(table: &Table<'_>) -> Result<Step> {
    let Some((key, item)) = table.at_most_one(&METHODS)? else {
        return Err(table.problem("a request needs a method and a path, such as get = \"/\""));
    };
    if key == "method" {
        let path = table.require("path", "path = \"/\", which 'method' needs beside it")?;
        return Ok(Step::new(method(item)?, path_text(table, path)?));
    }
    if table.get("path").is_some() {
        let message = format!("'path' goes with 'method'; the path is in '{key}' already");
        return Err(Problem::new(table.key_span("path"), message));
    }
    let path = path_text(table, item)?;
    Ok(match key {
        "get" => Step::get(path),
        "post" => Step::post(path),
        "put" => Step::put(path),
        "patch" => Step::patch(path),
        "delete" => Step::delete(path),
        "head" => Step::head(path),
        _ => Step::options(path),
    })
}

fn method(item: Item<'_>) -> Result<Method> {
    let text = item.text()?;
    let upper = text.to_ascii_uppercase();
    let Ok(method) = Method::from_bytes(upper.as_bytes()) else {
        return Err(item.problem(format!("unknown method '{text}'; a method is one word")));
    };
    // Methods are case-sensitive (RFC 9110 section 9.1), so 'get' would be sent as another one.
    if upper != *text {
        return Err(item.problem(format!("unknown method '{text}', did you mean '{upper}'?")));
    }
    item.judged(validate::method(&method))?;
    Ok(method)
}

/// Reads a path, or a URL; reports show it where the request has no name, and errors show a URL's
/// host.
fn path_text(table: &Table<'_>, item: Item<'_>) -> Result<String> {
    let path = item.text()?;
    item.judged(validate::path(&path))?;
    let Some(secret) = item.secret() else { return Ok(path.into_owned()) };
    if !path.starts_with('/') {
        return item.shown_url();
    }
    if table.get("name").is_none() {
        return Err(Problem::new(
            item.span(),
            format!("reports would show the secret '{secret}'; give the request a name"),
        ));
    }
    Ok(path.into_owned())
}

fn body(table: &Table<'_>, files: &Files) -> Result<Body> {
    Ok(match table.at_most_one(&["body", "json", "form", "body_file", "multipart"])? {
        None => Body::Empty,
        Some(("body", item)) => Body::Bytes(item.text()?.as_bytes().to_vec()),
        Some(("json", item)) => Body::Json(item.json()?),
        Some(("form", item)) => Body::Form(item.pairs()?),
        Some(("body_file", item)) => Body::Upload(files.upload(item)?),
        Some((_, item)) => Body::Upload(files.multipart(item)?),
    })
}

/// Reads `basic_auth` or `digest_auth = { user = …, password = … }`, or `bearer = "…"`.
pub(super) fn auth(table: &Table<'_>) -> Result<Option<Auth>> {
    let Some((key, item)) = table.at_most_one(&["basic_auth", "bearer", "digest_auth"])? else {
        return Ok(None);
    };
    if key == "bearer" {
        let auth = Auth::Bearer(item.text()?.into_owned());
        item.judged(validate::auth(&auth))?;
        return Ok(Some(auth));
    }
    let table = item.table(&["user", "password"])?;
    let user = table.require("user", "user = \"…\"")?;
    let password = table.require("password", "password = \"…\"")?.text();
    let new = if key == "basic_auth" { Auth::basic } else { Auth::digest };
    let auth = new(user.text()?, password?);
    user.judged(validate::auth(&auth))?;
    Ok(Some(auth))
}

pub(super) fn timeout(item: Item<'_>) -> Result<std::time::Duration> {
    let timeout = item.duration()?;
    item.judged(validate::timeout(timeout))?;
    Ok(timeout)
}
