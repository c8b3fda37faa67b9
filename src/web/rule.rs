//! What a route is for: which methods it has, and whether they change the run.

use axum::http::Method;

/// What may be done at a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The methods that are answered; all others are refused.
    pub(super) methods: &'static [Method],
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// It is the page, which links lead to.
    Page,
    /// It shows something.
    Read,
    /// It changes something.
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

    /// As Locust has it.
    pub(super) const fn change_by_get() -> Self {
        Rule { methods: &[Method::GET, Method::POST], access: Access::Change }
    }

    /// Of a path at which there is nothing, whatever is asked.
    pub(super) const fn nothing() -> Self {
        Rule { methods: &[], access: Access::Read }
    }

    /// For `Allow` (RFC 9110 section 10.2.1).
    pub(super) fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn is_page(&self) -> bool {
        self.access == Access::Page
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// A method that is not safe (RFC 9110 section 9.2.1) counts as a change wherever it is sent.
    pub(super) fn is_change(&self, method: &Method) -> bool {
        self.access == Access::Change || !matches!(*method, Method::GET | Method::HEAD)
    }
}
