//! The progress of planning, for runs with very many classes.

use std::fmt;

use crate::units::grouped;

/// One more class is ready in one respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanProgress {
    /// What is ready.
    pub of: PlanPart,
    /// The number of classes that are ready.
    pub done: usize,
    /// The number of all classes.
    pub all: usize,
}

/// What takes long to prepare for a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanPart {
    /// The addresses of its hosts.
    Hosts,
    /// Its TLS configuration.
    Tls,
}

/// Writes `Preparing hosts: 12,000 of 30,000 classes`.
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
