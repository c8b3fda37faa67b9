//! The access rule of a route: its methods, and whether they change the run.

use axum::http::Method;

/// The access rule of a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The methods that are allowed; empty for all.
    pub(super) methods: &'static [Method],
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// The page itself, which other sites may link to.
    Page,
    /// Changes nothing.
    Read,
    /// Changes the run.
    Change,
}

impl Rule {
    pub(super) const fn page() -> Self {
        Rule { methods: &[Method::GET, Method::HEAD], access: Access::Page }
    }

    pub(super) const fn read() -> Self {
        Rule { methods: &[Method::GET, Method::HEAD], access: Access::Read }
    }

    pub(super) const fn change() -> Self {
        Rule { methods: &[Method::POST], access: Access::Change }
    }

    /// Changes the run by GET as well, as some of Locust's routes do.
    pub(super) const fn change_by_get() -> Self {
        Rule { methods: &[Method::GET, Method::POST], access: Access::Change }
    }

    /// Returns the rule of all other paths, which answer 404 to every method.
    pub(super) const fn not_found() -> Self {
        Rule { methods: &[], access: Access::Read }
    }

    /// Returns the value of `Allow` (RFC 9110 section 10.2.1).
    pub(super) fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn is_page(&self) -> bool {
        self.access == Access::Page
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// Returns whether the request changes the run. A method that is not safe (RFC 9110 section 9.2.1) always
    /// counts as a change.
    pub(super) fn is_change(&self, method: &Method) -> bool {
        self.access == Access::Change || !matches!(*method, Method::GET | Method::HEAD)
    }
}
