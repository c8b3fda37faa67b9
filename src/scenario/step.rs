//! A step: one request as data, and the checks on its response.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use crate::session::{Auth, Body, Capture, Check, Request, Upload};
use crate::template::label;

/// A request and the checks on its response. Path, name, query, headers, body and credentials are
/// templates: `${…}` in them is an expression, whose value is put in each time; see
/// [`Instruction`](super::Instruction).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The request.
    pub request: Request,
    /// Checks on the response. The first one that does not hold is the failure.
    pub checks: Vec<Check>,
    /// What is taken out of the response, under the names of variables.
    pub captures: Vec<(String, Capture)>,
}

impl Step {
    /// Makes a request with this method.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Step { request: Request::new(method, path), checks: Vec::new(), captures: Vec::new() }
    }

    /// Makes a `GET` request.
    pub fn get(path: impl Into<String>) -> Self {
        Step::new(Method::GET, path)
    }

    /// Makes a `POST` request.
    pub fn post(path: impl Into<String>) -> Self {
        Step::new(Method::POST, path)
    }

    /// Makes a `PUT` request.
    pub fn put(path: impl Into<String>) -> Self {
        Step::new(Method::PUT, path)
    }

    /// Makes a `PATCH` request.
    pub fn patch(path: impl Into<String>) -> Self {
        Step::new(Method::PATCH, path)
    }

    /// Makes a `DELETE` request.
    pub fn delete(path: impl Into<String>) -> Self {
        Step::new(Method::DELETE, path)
    }

    /// Makes a `HEAD` request.
    pub fn head(path: impl Into<String>) -> Self {
        Step::new(Method::HEAD, path)
    }

    /// Makes an `OPTIONS` request.
    pub fn options(path: impl Into<String>) -> Self {
        Step::new(Method::OPTIONS, path)
    }

    /// Sets the name under which the request is counted.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.request.name = Some(name.into());
        self
    }

    /// Adds a query pair to the path.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.query.push((name.into(), value.into()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers.push((name, value));
        self
    }

    /// Sends these bytes.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.request.body = Body::Bytes(bytes.into());
        self
    }

    /// Sends this value as JSON.
    pub fn json(mut self, value: impl Into<serde_json::Value>) -> Self {
        self.request.body = Body::Json(value.into());
        self
    }

    /// Adds a pair to the form that is sent.
    pub fn form(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let pair = (name.into(), value.into());
        match &mut self.request.body {
            Body::Form(pairs) => pairs.push(pair),
            body => *body = Body::Form(vec![pair]),
        }
        self
    }

    /// Sends a file or a form with files.
    pub fn upload(mut self, upload: Upload) -> Self {
        self.request.body = Body::Upload(upload);
        self
    }

    /// Delays the body until the server asks for it, for at most a second (RFC 9110 section 10.1.1).
    pub fn expect_continue(mut self) -> Self {
        self.request.expect_continue = true;
        self
    }

    /// Sends basic authentication.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.request.auth = Some(Auth::basic(user, password));
        self
    }

    /// Sends a bearer token.
    pub fn bearer_auth(mut self, token: impl Into<String>) -> Self {
        self.request.auth = Some(Auth::Bearer(token.into()));
        self
    }

    /// Sends digest authentication.
    pub fn digest_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.request.auth = Some(Auth::digest(user, password));
        self
    }

    /// Sets whether redirects are followed, which overrides the class. Redirects of `HEAD` requests are
    /// followed only if this is set.
    pub fn redirects(mut self, follow: bool) -> Self {
        self.request.redirects = Some(follow);
        self
    }

    /// Sets the timeout, which overrides that of the class.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(timeout);
        self
    }

    /// Adds a check on the response.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Takes a value out of the response, for the requests and conditions that follow: `${name}`. Where it is
    /// not there and has no default, the request fails, and its task ends.
    pub fn capture(mut self, name: impl Into<String>, capture: Capture) -> Self {
        self.captures.push((name.into(), capture));
        self
    }

    /// Returns the name of a task that consists of this step: the request's name, or its method and
    /// path.
    pub fn label(&self) -> String {
        match &self.request.name {
            Some(_) => self.report_name(),
            None => format!("{} {}", self.request.method, self.report_name()),
        }
    }

    /// Returns the name that the request is counted under; where values are put in, names of variables and
    /// functions stand for them: `/items/[id]`.
    pub fn report_name(&self) -> String {
        label(&self.request.display_name()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_constructor() {
        for (step, method) in [
            (Step::get("/"), "GET"),
            (Step::post("/"), "POST"),
            (Step::put("/"), "PUT"),
            (Step::patch("/"), "PATCH"),
            (Step::delete("/"), "DELETE"),
            (Step::head("/"), "HEAD"),
            (Step::options("/"), "OPTIONS"),
        ] {
            assert_eq!(step.request, Request::new(method.parse().unwrap(), "/"));
        }
    }

    #[test]
    fn form_pairs_keep_their_order_and_replace_another_body() {
        let step = Step::post("/").body("x").form("b", "1").form("a", "2");
        let pairs = [("b", "1"), ("a", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(step.request.body, Body::Form(pairs.to_vec()));
    }

    #[test]
    fn the_label_is_the_name_or_the_method_and_path() {
        assert_eq!(Step::get("/users?page=1").label(), "GET /users?page=1");
        assert_eq!(Step::get("/users?page=1").name("users").label(), "users");
    }
}
