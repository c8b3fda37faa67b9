//! Arrivals: all of them, where they belong, and as random as they should be.

use super::*;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// From nothing to 400 per second and back, with a pause: 12,000 iterations in 90 s.
fn hill() -> Line {
    let up = Line::starting_at(0.0).ramp(400.0, secs(10)).hold(secs(20));
    up.jump(0.0).hold(secs(30)).jump(100.0).ramp(33.3, secs(30))
}

fn poisson(rate: Line) -> Arrivals {
    Arrivals::new(rate).kind(ArrivalKind::Poisson)
}

/// The arrivals of all cores together, in order.
fn all(arrivals: &Arrivals, seed: u64, cores: usize, until: Duration) -> Vec<Duration> {
    let streams = (0..cores).map(|core| arrivals.times(seed, core, cores));
    let mut all: Vec<Duration> =
        streams.flat_map(|stream| stream.take_while(|at| *at < until)).collect();
    all.sort();
    all
}

/// Mean and variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (count - 1.0))
}

/// The areas between one release and the next: exponential of mean 1 at any rate.
fn gaps(rate: &Line, arrival_times: &[Duration]) -> Vec<f64> {
    arrival_times.windows(2).map(|pair| rate.area(pair[1]) - rate.area(pair[0])).collect()
}

#[test]
fn uniform_iterations_begin_at_their_number_over_the_rate() {
    for rate in [0.7, 3.0, 10.0, 333.3, 5000.0, 1_234_567.0] {
        let arrival_times = Arrivals::new(Line::constant(rate)).times(1, 0, 1);
        for (k, at) in (0..2000).zip(arrival_times) {
            assert_eq!(at, Duration::from_secs_f64(f64::from(k) / rate), "{rate}");
        }
    }
}

#[test]
fn uniform_streams_of_all_cores_are_the_whole_sequence() {
    let arrivals = Arrivals::new(hill());
    let whole: Vec<Duration> = arrivals.times(1, 0, 1).collect();
    for cores in 1..9 {
        assert_eq!(all(&arrivals, 1, cores, secs(1000)), whole, "{cores}");
        let second: Vec<Duration> = arrivals.times(1, cores - 1, cores).collect();
        let every: Vec<Duration> = whole.iter().skip(cores - 1).step_by(cores).copied().collect();
        assert_eq!(second, every);
    }
}

#[test]
fn as_many_begin_by_any_time_as_the_area_says() {
    let rate = hill();
    let arrivals = Arrivals::new(rate.clone());
    let whole: Vec<Duration> = arrivals.times(1, 0, 1).collect();
    assert_eq!(whole.len() as f64, rate.area(secs(90)).ceil());
    assert!(whole.is_sorted());
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..1000 {
        let at = secs(90).mul_f64(rng.f64());
        let begun = whole.iter().filter(|release| **release < at).count();
        assert!((begun as f64 - rate.area(at)).abs() < 1.001, "{begun} at {at:?}");
    }
    assert!(whole.iter().all(|at| !(secs(30)..secs(60)).contains(at)), "nothing comes in a pause");
}

#[test]
fn a_stream_is_over_where_the_rate_is_and_stays_so() {
    let mut arrival_times = Arrivals::new(Line::starting_at(5.0).hold(secs(2))).times(1, 0, 1);
    assert_eq!(arrival_times.by_ref().count(), 10);
    assert_eq!((arrival_times.next(), arrival_times.next()), (None, None));
    assert_eq!(Arrivals::new(Line::constant(0.0)).times(1, 0, 1).next(), None);
    let mut poisson = poisson(Line::starting_at(5.0).hold(secs(2))).times(1, 0, 1);
    assert!(poisson.by_ref().count() < 40);
    assert_eq!(poisson.next(), None);
}

#[test]
fn a_clone_replays_what_is_to_come() {
    for arrivals in [Arrivals::new(hill()), poisson(hill())] {
        let mut ahead = arrivals.times(42, 1, 3);
        ahead.by_ref().take(100).for_each(drop);
        let behind: Vec<Duration> = ahead.clone().collect();
        assert_eq!(ahead.collect::<Vec<_>>(), behind);
    }
}

#[test]
fn poisson_arrivals_come_from_the_seed_and_the_core_alone() {
    let first = |seed, core| poisson(hill()).times(seed, core, 4).next();
    assert_eq!(first(1, 0), first(1, 0));
    let mut firsts: Vec<_> =
        (0..100).flat_map(|seed| [0, 1, 2, 3].map(|c| first(seed, c))).collect();
    firsts.sort();
    firsts.dedup();
    assert_eq!(firsts.len(), 400);
}

#[test]
fn poisson_gaps_are_exponential() {
    for cores in [1, 4] {
        for rate in [Line::constant(1000.0), hill()] {
            let arrivals = poisson(rate.clone());
            let gaps: Vec<f64> = (0..20)
                .flat_map(|seed| gaps(&rate, &all(&arrivals, seed, cores, secs(90))))
                .collect();
            let (mean, variance) = moments(&gaps);
            // Some 200,000 gaps: four standard deviations are 0.01 of the mean, 0.03 of the variance.
            assert!((mean - 1.0).abs() < 0.01, "{cores}: mean {mean}");
            assert!((variance - 1.0).abs() < 0.03, "{cores}: variance {variance}");
            let longer = gaps.iter().filter(|gap| **gap > 10_f64.ln()).count() as f64;
            let share = longer / gaps.len() as f64;
            assert!((share - 0.1).abs() < 0.003, "{cores}: {share} are above the 90th percentile");
        }
    }
}

#[test]
fn poisson_counts_have_the_variance_of_their_mean() {
    for cores in [1, 4] {
        let arrivals = poisson(Line::constant(50.0));
        let arrival_times = all(&arrivals, 7, cores, secs(4000));
        let mut counts = vec![0.0; 4000];
        for at in arrival_times {
            counts[at.as_secs() as usize] += 1.0;
        }
        let (mean, variance) = moments(&counts);
        // Four standard deviations of 4,000 windows.
        assert!((mean - 50.0).abs() < 0.45, "{cores}: mean {mean}");
        assert!((variance - 50.0).abs() < 4.5, "{cores}: variance {variance}");
        // Windows next to each other know nothing of each other.
        let products = counts.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean));
        let correlation = products.sum::<f64>() / 4000.0 / variance;
        assert!(correlation.abs() < 0.065, "{cores}: correlation {correlation}");
    }
}

#[test]
fn poisson_arrivals_follow_a_rate_that_changes() {
    let rate = hill();
    let arrivals = poisson(rate.clone());
    for (from, to) in [(0, 10), (10, 30), (30, 60), (60, 90)] {
        let (from, to) = (secs(from), secs(to));
        let expected = rate.area(to) - rate.area(from);
        let counts: Vec<f64> = (0..400)
            .map(|seed| {
                let within = |at: &Duration| (from..to).contains(at);
                all(&arrivals, seed, 2, secs(90)).into_iter().filter(within).count() as f64
            })
            .collect();
        let (mean, variance) = moments(&counts);
        assert!((mean - expected).abs() <= 4.0 * (expected / 400.0).sqrt(), "{mean} {expected}");
        let allowed = 4.0 * expected * (2.0_f64 / 399.0).sqrt();
        assert!((variance - expected).abs() <= allowed, "{variance} {expected}");
    }
}

#[test]
fn arrivals_that_cannot_be_meant_are_refused() {
    assert_eq!(Arrivals::new(Line::constant(5.0)).validate(), Ok(()));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Arrivals::new(Line::constant(bad)).validate(), Err(Error::RateLine), "{bad}");
        poisson(Line::constant(bad)).times(1, 0, 1).take(3).for_each(drop);
    }
    let never = Line::starting_at(0.0).hold(secs(10));
    assert_eq!(Arrivals::new(never).validate(), Err(Error::NothingArrives));
    assert_eq!(Arrivals::new(Line::constant(Arrivals::RATE_MAX)).validate(), Ok(()));
    let too_high = Err(Error::RateTooHigh("1e300".to_owned()));
    let high = Line::starting_at(1.0).ramp(1e300, secs(1));
    assert_eq!(Arrivals::new(high).validate(), too_high);
    assert_eq!((rate(1e300), stage_rate(1e300)), (too_high.clone(), too_high));
    let arrivals = Arrivals::new(Line::constant(5.0));
    assert_eq!(arrivals.clone().max_users(0).validate(), Err(Error::MaxUsers));
    let many = USERS_MAX + 1;
    assert_eq!(arrivals.max_users(many).validate(), Err(Error::TooManyUsers(many)));
}
