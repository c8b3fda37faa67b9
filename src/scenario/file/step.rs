//! Steps of scenario files: a request and its checks.

use std::borrow::Cow;

use http::Method;

use super::capture::captures;
use super::check::checks;
use super::error::{Problem, Result};
use super::reader::{Item, Table};
use super::upload::Files;
use crate::scenario::{Step, validate};
use crate::session::{Auth, Body};
use crate::template::Scope;

/// All keys of a step.
pub(super) const KEYS: [&str; 26] = [
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
    "capture",
];

/// The keys that name the method, with the path or beside it.
pub(super) const METHODS: [&str; 8] =
    ["get", "post", "put", "patch", "delete", "head", "options", "method"];

/// Reads a step from a table whose keys are known to be valid. Its texts are templates with these variables.
pub(super) fn step(table: &Table<'_>, files: &Files, variables: &Scope) -> Result<Step> {
    let template = |key| Some(table.get(key)?.with_variables(variables));
    let mut step = request_line(table, variables)?;
    let request = &mut step.request;
    if let Some(name) = template("name") {
        request.name = Some(name.shown()?);
    }
    if let Some(query) = template("query") {
        request.query = query.pairs()?;
    }
    if let Some(headers) = template("headers") {
        request.headers = headers.headers()?;
    }
    request.body = body(table, files, variables)?;
    if let Some(item) = table.get("expect_continue") {
        request.expect_continue = item.boolean()?;
    }
    request.auth = auth(table, Some(variables))?;
    request.redirects = table.get("redirects").map(|item| item.boolean()).transpose()?;
    request.timeout = table.get("timeout").map(timeout).transpose()?;
    if let Some((_, item)) = table.at_most_one(&["check", "checks"])? {
        step.checks = checks(item)?;
    }
    if let Some(item) = table.get("capture") {
        step.captures = captures(item)?;
    }
    Ok(step)
}

/// Reads `get = "/path"` and its like, or `method = "PURGE"` with `path = "/path"`.
fn request_line(table: &Table<'_>, variables: &Scope) -> Result<Step> {
    let Some((key, item)) = table.at_most_one(&METHODS)? else {
        return Err(table.problem("a request needs a method and a path, such as get = \"/\""));
    };
    if key == "method" {
        let path = table.require("path", "path = \"/\", which 'method' needs beside it")?;
        return Ok(Step::new(method(item)?, path_text(table, path.with_variables(variables))?));
    }
    if table.get("path").is_some() {
        let message = format!("'path' goes with 'method'; the path is in '{key}' already");
        return Err(Problem::new(table.key_span("path"), message));
    }
    let path = path_text(table, item.with_variables(variables))?;
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

fn body(table: &Table<'_>, files: &Files, variables: &Scope) -> Result<Body> {
    Ok(match table.at_most_one(&["body", "json", "form", "body_file", "multipart"])? {
        None => Body::Empty,
        Some(("body", item)) => {
            Body::Bytes(item.with_variables(variables).text()?.as_bytes().to_vec())
        }
        Some(("json", item)) => Body::Json(item.with_variables(variables).json()?),
        Some(("form", item)) => Body::Form(item.with_variables(variables).pairs()?),
        Some(("body_file", item)) => Body::Upload(files.upload(item)?),
        Some((_, item)) => Body::Upload(files.multipart(item)?),
    })
}

/// Reads `basic_auth` or `digest_auth = { user = …, password = … }`, or `bearer = "…"`. With variables, the
/// texts are templates.
pub(super) fn auth(table: &Table<'_>, variables: Option<&Scope>) -> Result<Option<Auth>> {
    let Some((key, item)) = table.at_most_one(&["basic_auth", "bearer", "digest_auth"])? else {
        return Ok(None);
    };
    let template = |item: Item<'_>| match variables {
        Some(variables) => item.with_variables(variables).text().map(Cow::into_owned),
        None => item.text().map(Cow::into_owned),
    };
    if key == "bearer" {
        let auth = Auth::Bearer(template(item)?);
        item.judged(validate::auth(&auth))?;
        return Ok(Some(auth));
    }
    let table = item.table(&["user", "password"])?;
    let user = table.require("user", "user = \"…\"")?;
    let password = template(table.require("password", "password = \"…\"")?)?;
    let new = if key == "basic_auth" { Auth::basic } else { Auth::digest };
    let auth = new(template(user)?, password);
    user.judged(validate::auth(&auth))?;
    Ok(Some(auth))
}

pub(super) fn timeout(item: Item<'_>) -> Result<std::time::Duration> {
    let timeout = item.duration()?;
    item.judged(validate::timeout(timeout))?;
    Ok(timeout)
}
