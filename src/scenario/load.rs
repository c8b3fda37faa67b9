//! The load that a scenario asks for.

use std::net::IpAddr;
use std::time::Duration;

use super::{Adaptive, Arrivals, Error, LoadShape, User, validate};
use crate::threshold::Threshold;

/// The load that a scenario asks for, in one of three ways: users and a spawn rate, a shape, or
/// arrivals.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// The number of users over time.
    pub shape: Option<LoadShape>,
    /// The arrivals of an open load, which replace a number of users.
    pub arrivals: Option<Arrivals>,
    /// A function that changes the load depending on the run so far.
    pub adaptive: Option<Adaptive>,
    /// How long the run takes.
    pub run_time: Option<Duration>,
    /// What the run time is counted from.
    pub run_time_from: RunTimeFrom,
    /// Iterations after which the run ends.
    pub iterations: Option<u32>,
    /// Requests after which the run ends.
    pub requests: Option<u32>,
    /// How long users may go on with their tasks after the stop.
    pub stop_timeout: Option<Duration>,
    /// Levels that stop the run when they are broken.
    pub abort_when: Vec<Threshold>,
    /// The time from which these are judged.
    pub abort_after: Option<Duration>,
    /// The local addresses of connections; if empty, the kernel chooses.
    pub local_addresses: Vec<IpAddr>,
    /// How often names are looked up again during the run; `None` for never.
    pub dns_refresh: Option<Duration>,
}

/// What a run time is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RunTimeFrom {
    /// The start of the run.
    #[default]
    Start,
    /// The instant at which all users of the first target are running, or the rate has reached its
    /// first target.
    Full,
}

impl Load {
    /// Returns an error if the load is not valid for these user classes.
    pub(super) fn validate(&self, users: &[User]) -> Result<(), Error> {
        self.users.map_or(Ok(()), validate::users)?;
        self.spawn_rate.map_or(Ok(()), validate::spawn_rate)?;
        self.run_time.map_or(Ok(()), validate::run_time)?;
        self.dns_refresh.map_or(Ok(()), validate::dns_refresh)?;
        for (end, number) in [("iterations", self.iterations), ("requests", self.requests)] {
            number.map_or(Ok(()), |number| validate::end(end, number))?;
        }
        let by_hand = self.users.is_some() || self.spawn_rate.is_some();
        let ways = [by_hand, self.shape.is_some(), self.arrivals.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(Error::TwoLoads);
        }
        if let Some(shape) = &self.shape {
            shape.validate(users)?;
        }
        self.arrivals.as_ref().map_or(Ok(()), Arrivals::validate)?;
        self.run_time_is_known()
    }

    /// Returns an error if the run time is counted from a moment that never comes, or is missing.
    pub(super) fn run_time_is_known(&self) -> Result<(), Error> {
        if self.run_time_from == RunTimeFrom::Start {
            return Ok(());
        }
        let is_never_full = match (&self.shape, &self.arrivals) {
            (Some(shape), _) => shape.full().is_none(),
            (None, Some(arrivals)) => arrivals.full().is_none(),
            (None, None) => false,
        };
        if self.run_time.is_none() {
            return Err(Error::FullWithoutRunTime);
        }
        if is_never_full { Err(Error::NeverFull) } else { Ok(()) }
    }
}
