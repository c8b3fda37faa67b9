//! How long a user waits after a task: Locust's four functions under their own names, an exponential
//! one, and any other function.
//!
//! A wait is a pure function of the time at which the task ended, of the user's pace and of the user's
//! random numbers. Constructors accept any values; [`Scenario::validate`](super::Scenario::validate)
//! refuses those that are not valid, and before that the nearest valid wait is used.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::units;

use super::Error;

/// The wait after each task.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WaitTime {
    /// A fixed time.
    Constant(Duration),
    /// Uniformly distributed between the two.
    Between(Duration, Duration),
    /// So long that tasks start this far apart, and no wait after a task that took longer. Missed
    /// starts are not caught up, as in Locust.
    ConstantPacing(Duration),
    /// Exponential with this mean: the gaps of a Poisson process.
    Exponential(Duration),
    /// The result of a function.
    Function(WaitFn),
}

/// A function that returns how long a user waits, from the user's state and random numbers.
#[derive(Clone)]
pub struct WaitFn(Arc<Wait>);

type Wait = dyn Fn(&mut dyn Any, &mut fastrand::Rng) -> Duration + Send + Sync;

/// The state of [`WaitTime::ConstantPacing`] for one user: the start of the current period, as an
/// offset from any fixed instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Start of the current period.
    pub period_start: Duration,
}

impl WaitTime {
    /// Waits this long after every task.
    pub fn constant(wait: Duration) -> Self {
        WaitTime::Constant(wait)
    }

    /// Waits a uniformly distributed time between `min` and `max`.
    pub fn between(min: Duration, max: Duration) -> Self {
        WaitTime::Between(min, max)
    }

    /// Starts a task every `period`, or as soon as the previous one has ended if that is later.
    pub fn constant_pacing(period: Duration) -> Self {
        WaitTime::ConstantPacing(period)
    }

    /// Starts at most `rate` tasks per second: a pacing of `1 / rate` seconds.
    ///
    /// A rate that is not a positive finite number becomes an infinite period, which
    /// [`Scenario::validate`](super::Scenario::validate) refuses.
    pub fn constant_throughput(rate: f64) -> Self {
        let period = if rate.is_finite() { 1.0 / rate } else { f64::INFINITY };
        WaitTime::ConstantPacing(Duration::try_from_secs_f64(period).unwrap_or(Duration::MAX))
    }

    /// Waits exponentially distributed times with this mean, as independent visitors do.
    pub fn exponential(mean: Duration) -> Self {
        WaitTime::Exponential(mean)
    }

    /// Waits as long as the function says, which gets the user's random numbers. A function that also
    /// needs the user's state is given to a [`StatefulUser`](super::StatefulUser::wait_time). If it
    /// panics, an exception is counted and the user ends, as in Locust.
    pub fn function(wait: impl Fn(&mut fastrand::Rng) -> Duration + Send + Sync + 'static) -> Self {
        WaitTime::Function(WaitFn::new(move |_, rng| wait(rng)))
    }

    /// Returns the wait of a user without a state after a task that ended at `now`. `now` and `pace`
    /// are on the same clock.
    pub fn next(&self, pace: &mut Pace, now: Duration, rng: &mut fastrand::Rng) -> Duration {
        match self {
            WaitTime::Constant(wait) => *wait,
            WaitTime::Between(min, max) => uniform(*min, *max, rng),
            WaitTime::ConstantPacing(period) => pace.next(*period, now),
            WaitTime::Exponential(mean) => exponential(*mean, rng),
            WaitTime::Function(wait) => wait.call(&mut (), rng),
        }
    }

    /// Returns when the next task should have begun if the task that ended at `now` took longer than
    /// its period: the latency of the next one counts from there. Must be called before
    /// [`WaitTime::next`], which begins another period.
    pub fn overdue(&self, pace: &Pace, now: Duration) -> Option<Duration> {
        let WaitTime::ConstantPacing(period) = self else { return None };
        Some(pace.period_start.saturating_add(*period)).filter(|&due| due < now)
    }

    /// Returns whether [`WaitTime::next`] and [`WaitTime::overdue`] depend on the time.
    pub(crate) fn is_paced(&self) -> bool {
        matches!(self, WaitTime::ConstantPacing(_))
    }

    /// Returns the mean time from one task to the next if tasks take no time; `None` for a function.
    pub fn mean(&self) -> Option<Duration> {
        match *self {
            WaitTime::Between(min, max) => Some(min.saturating_add(max) / 2),
            WaitTime::Constant(time)
            | WaitTime::ConstantPacing(time)
            | WaitTime::Exponential(time) => Some(time),
            WaitTime::Function(_) => None,
        }
    }

    /// Returns an error if the wait is not valid.
    pub fn validate(&self) -> Result<(), Error> {
        let longest = match *self {
            WaitTime::Between(min, max) if min > max => {
                return Err(Error::WaitRange { min: units::short(min), max: units::short(max) });
            }
            WaitTime::ConstantPacing(period) if period > units::LONGEST => {
                return Err(Error::PacingTooLong);
            }
            WaitTime::Constant(wait)
            | WaitTime::Between(_, wait)
            | WaitTime::ConstantPacing(wait)
            | WaitTime::Exponential(wait) => wait,
            WaitTime::Function(_) => Duration::ZERO,
        };
        if longest > units::LONGEST { Err(Error::WaitTooLong) } else { Ok(()) }
    }
}

impl WaitFn {
    /// Makes a wait of a function of the user's state, which is `()` if the class has none.
    pub fn new(
        wait: impl Fn(&mut dyn Any, &mut fastrand::Rng) -> Duration + Send + Sync + 'static,
    ) -> Self {
        WaitFn(Arc::new(wait))
    }

    /// Returns the wait of a user with this state.
    pub(crate) fn call(&self, state: &mut dyn Any, rng: &mut fastrand::Rng) -> Duration {
        (self.0)(state, rng)
    }
}

impl fmt::Debug for WaitFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitFn(..)")
    }
}

impl PartialEq for WaitFn {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Pace {
    /// Makes the pace of a user that starts at `now`. Its first period begins here, so that the first
    /// wait includes `on_start`, as in Locust.
    pub fn new(now: Duration) -> Self {
        Pace { period_start: now }
    }

    /// Waits for the end of the current period and begins the next one there. After a task that took
    /// longer, the next period begins now: missed starts are not caught up.
    fn next(&mut self, period: Duration, now: Duration) -> Duration {
        let due = self.period_start.saturating_add(period);
        let wait = due.saturating_sub(now);
        self.period_start = now.saturating_add(wait);
        wait
    }
}

fn uniform(min: Duration, max: Duration, rng: &mut fastrand::Rng) -> Duration {
    let range = max.saturating_sub(min).as_nanos();
    let range = u64::try_from(range).unwrap_or(u64::MAX);
    min.saturating_add(Duration::from_nanos(rng.u64(0..=range)))
}

fn exponential(mean: Duration, rng: &mut fastrand::Rng) -> Duration {
    // 1 - u is in (0, 1], so the logarithm is finite and not above zero.
    let factor = -(1.0 - rng.f64()).ln();
    Duration::try_from_secs_f64(mean.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Ends tasks at these moments, in milliseconds, and compares the waits.
    #[track_caller]
    fn check(wait_time: &WaitTime, ends: &[u64], waits: &[u64]) {
        let mut pace = Pace::new(ms(0));
        let mut rng = fastrand::Rng::with_seed(1);
        let got: Vec<Duration> =
            ends.iter().map(|end| wait_time.next(&mut pace, ms(*end), &mut rng)).collect();
        let expected: Vec<Duration> = waits.iter().copied().map(ms).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_task_that_overran_makes_the_next_one_overdue() {
        let pacing = WaitTime::constant_pacing(ms(100));
        let (mut pace, mut rng) = (Pace::new(ms(0)), fastrand::Rng::with_seed(1));
        assert_eq!(pacing.overdue(&pace, ms(100)), None, "just in time");
        assert_eq!(pacing.overdue(&pace, ms(130)), Some(ms(100)));
        pacing.next(&mut pace, ms(130), &mut rng);
        assert_eq!(pacing.overdue(&pace, ms(230)), None, "what was missed is not caught up");
        assert_eq!(WaitTime::constant(ms(1)).overdue(&pace, ms(900)), None);
    }

    /// Draws many waits and gives each to the property, with the seed for its message.
    fn for_waits(wait_time: &WaitTime, holds: impl Fn(Duration) -> bool) {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut pace, mut now) = (Pace::new(ms(0)), ms(0));
            for _ in 0..100 {
                now += ms(rng.u64(0..3000));
                let wait = wait_time.next(&mut pace, now, &mut rng);
                assert!(holds(wait), "seed {seed}: {wait_time:?} waited {wait:?}");
                now += wait;
            }
        }
    }

    #[test]
    fn constant_waits_the_same_after_every_task() {
        check(&WaitTime::constant(ms(5)), &[0, 100, 7000], &[5, 5, 5]);
    }

    #[test]
    fn pacing_fills_the_period_up() {
        check(&WaitTime::constant_pacing(ms(1000)), &[300, 1100, 2999], &[700, 900, 1]);
    }

    #[test]
    fn pacing_counts_its_first_period_from_construction() {
        check(&WaitTime::constant_pacing(ms(1000)), &[0, 1000], &[1000, 1000]);
    }

    #[test]
    fn pacing_does_not_catch_up_what_a_slow_task_missed() {
        check(&WaitTime::constant_pacing(ms(1000)), &[3500, 3600, 4600], &[0, 900, 900]);
    }

    #[test]
    fn throughput_is_pacing_by_its_inverse() {
        assert_eq!(WaitTime::constant_throughput(4.0), WaitTime::constant_pacing(ms(250)));
        assert_eq!(WaitTime::constant_throughput(0.5), WaitTime::constant_pacing(ms(2000)));
    }

    #[test]
    fn a_throughput_that_is_no_rate_is_refused() {
        for rate in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300] {
            let wait_time = WaitTime::constant_throughput(rate);
            assert_eq!(wait_time.validate(), Err(Error::PacingTooLong), "{rate}");
        }
    }

    #[test]
    fn between_stays_between() {
        let (min, max) = (ms(1000), ms(3000));
        for_waits(&WaitTime::between(min, max), |wait| wait >= min && wait <= max);
        for_waits(&WaitTime::between(min, min), |wait| wait == min);
    }

    #[test]
    fn between_the_wrong_way_round_is_refused_and_waits_the_first() {
        let wait_time = WaitTime::between(ms(3000), ms(1000));
        for_waits(&wait_time, |wait| wait == ms(3000));
        let error = wait_time.validate().unwrap_err().to_string();
        assert_eq!(error, "wait_time between 3s and 1s: the first must not be above the second");
    }

    #[test]
    fn the_mean_of_between_is_its_middle() {
        let mean = mean(&WaitTime::between(ms(1000), ms(3000)));
        assert!((1.99..2.01).contains(&mean), "{mean}");
    }

    #[test]
    fn the_mean_of_exponential_is_its_mean() {
        let mean = mean(&WaitTime::exponential(ms(2000)));
        assert!((1.98..2.02).contains(&mean), "{mean}");
    }

    #[test]
    fn a_tenth_of_exponential_waits_is_longer_than_its_90th_percentile() {
        let limit = Duration::from_secs_f64(2.0 * 10_f64.ln());
        let mut rng = fastrand::Rng::with_seed(7);
        let (wait_time, mut pace) = (WaitTime::exponential(ms(2000)), Pace::new(ms(0)));
        let longer =
            (0..100_000).filter(|_| wait_time.next(&mut pace, ms(0), &mut rng) > limit).count();
        assert!((9_700..10_300).contains(&longer), "{longer}");
    }

    #[test]
    fn extreme_waits_neither_panic_nor_pass() {
        let max = Duration::MAX;
        for wait_time in [
            WaitTime::constant(max),
            WaitTime::between(ms(0), max),
            WaitTime::constant_pacing(max),
            WaitTime::exponential(max),
        ] {
            let (mut pace, mut rng) = (Pace::new(max), fastrand::Rng::with_seed(3));
            wait_time.next(&mut pace, ms(1), &mut rng);
            wait_time.next(&mut pace, max, &mut rng);
            assert!(wait_time.validate().is_err(), "{wait_time:?}");
        }
    }

    fn mean(wait_time: &WaitTime) -> f64 {
        let (mut pace, mut rng) = (Pace::new(ms(0)), fastrand::Rng::with_seed(42));
        let total: Duration =
            (0..100_000).map(|_| wait_time.next(&mut pace, ms(0), &mut rng)).sum();
        total.as_secs_f64() / 100_000.0
    }
}
