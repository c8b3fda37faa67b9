//! How far the making of a plan has come, for who would wait without a word.

use std::fmt;

use crate::units::grouped;

/// A class more is ready in one respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanProgress {
    /// In which one.
    pub of: PlanPart,
    /// Classes that are.
    pub done: usize,
    /// All classes.
    pub all: usize,
}

/// What a class needs that may take long: names are looked up, files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanPart {
    /// The addresses of its hosts.
    Hosts,
    /// What its connections are sealed with.
    Tls,
}

/// `Preparing hosts: 12,000 of 30,000 classes`.
impl fmt::Display for PlanProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlanProgress { of, done, all } = self;
        let of = match of {
            PlanPart::Hosts => "hosts",
            PlanPart::Tls => "TLS",
        };
        let (done, all) = (grouped(*done as u64), grouped(*all as u64));
        write!(f, "Preparing {of}: {done} of {all} classes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, Plan};
    use crate::scenario::{Scenario, Step, User};

    #[test]
    fn every_class_is_told_of_once_in_each_respect() {
        let mut scenario = Scenario::new("http://127.0.0.1:1");
        for n in 0..3000 {
            scenario = scenario.user(User::new(format!("u{n}")).task(Step::get("/")));
        }
        let mut told = Vec::new();
        Plan::watched(scenario, Options::default(), |progress| told.push(progress)).unwrap();
        let of = |of| (1..=3000).map(move |done| PlanProgress { of, done, all: 3000 });
        assert_eq!(told, of(PlanPart::Hosts).chain(of(PlanPart::Tls)).collect::<Vec<_>>());
        assert_eq!(told[1199].to_string(), "Preparing hosts: 1,200 of 3,000 classes");
        assert_eq!(told[5999].to_string(), "Preparing TLS: 3,000 of 3,000 classes");
    }
}
