//! Requests whose path and name are literals in a task's source code: rendered once.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;

use super::counted::refuse;
use super::unanswered::Unanswered;
use crate::http1::KeepBody;
use crate::session::request::Request;
use crate::session::wire::context::Context;
use crate::session::wire::prepared::Prepared;
use crate::session::wire::render::Defaults;

/// The most literal requests of a class on a core. What is rendered for them is kept until the run
/// ends. Only generated code has more, or text that is leaked to make it `'static`.
const LITERALS_MAX: usize = 1000;

/// The literal requests of a class on a core. There are only as many as in the source code, so a
/// linear search will do. Literals are compared by their addresses.
#[derive(Debug, Default)]
pub(super) struct Literals(RefCell<Vec<(Literal, Rc<Prepared>)>>);

#[derive(Debug)]
struct Literal {
    method: Method,
    path: &'static str,
    name: Option<&'static str>,
    keep_body: KeepBody,
}

impl Literal {
    fn is(&self, other: &Literal) -> bool {
        let same = |a: &str, b: &str| a.as_ptr() == b.as_ptr() && a.len() == b.len();
        let same_name = match (self.name, other.name) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        same(self.path, other.path)
            && same_name
            && self.method == other.method
            && self.keep_body == other.keep_body
    }
}

impl Literals {
    /// Returns a literal request, rendered; `None` if there are too many already.
    pub(in crate::session) fn get(
        &self,
        context: &Rc<Context>,
        defaults: &Defaults,
        method: &Method,
        path: &'static str,
        name: Option<&'static str>,
        keep_body: KeepBody,
    ) -> Result<Option<Rc<Prepared>>, Box<Unanswered>> {
        let literal = Literal { method: method.clone(), path, name, keep_body };
        if let Some((_, known)) = self.0.borrow().iter().find(|(known, _)| known.is(&literal)) {
            return Ok(Some(known.clone()));
        }
        if self.0.borrow().len() >= LITERALS_MAX {
            return Ok(None);
        }
        let request =
            Request { name: name.map(str::to_owned), ..Request::new(method.clone(), path) };
        let prepared = Prepared::new(context, defaults, &request, keep_body).map_err(|error| {
            let entry = context
                .recorder
                .borrow_mut()
                .entry(request.method.as_str(), &request.display_name());
            refuse(context, entry, None, error.to_string())
        })?;
        let prepared = Rc::new(prepared);
        self.0.borrow_mut().push((literal, prepared.clone()));
        Ok(Some(prepared))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::reactor::{Backend, Reactor};
    use crate::session::{BaseUrl, LocalAddresses, Policy, ResolvedUrl, Resolver};
    use crate::stats::{Recorder, RowLimits};

    #[test]
    fn paths_leaked_to_be_literal_do_not_fill_the_memory() {
        let recorder = Recorder::new(0, Instant::now(), RowLimits::default());
        let (reactor, resolver) =
            (Reactor::new(Backend::best()).unwrap(), Resolver::start(None).unwrap());
        let context = Context::new(reactor, recorder, LocalAddresses::default(), resolver);
        let url = BaseUrl::parse("http://127.0.0.1:9").unwrap();
        let target = ResolvedUrl::look_up(url).unwrap();
        let defaults = Defaults::new(&context, &target, &[], None, Policy::default());
        let literals = Literals::default();
        let is_kept = |path| {
            let got = literals.get(&context, &defaults, &Method::GET, path, None, KeepBody::Yes);
            got.unwrap().is_some()
        };
        let leaked = |n: usize| -> &'static str { format!("/{n}").leak() };
        assert!(is_kept("/first") && (1..LITERALS_MAX).all(|n| is_kept(leaked(n))));
        assert!(!is_kept("/one-more") && is_kept("/first"));
    }
}
