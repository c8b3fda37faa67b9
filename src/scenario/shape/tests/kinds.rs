//! Steps, spikes, waves and functions.

use super::*;

#[test]
fn steps_are_locusts_step_load() {
    // Five steps of 10 users in 30 s each, the last of 15 s.
    let shape = LoadShape::steps(10, secs(30), 10.0, secs(135));
    check(&shape, &[(0, 1), (899, 9), (900, 10), (29_999, 10), (30_000, 11), (30_900, 20)]);
    check(&shape, &[(119_999, 40), (120_900, 50), (134_999, 50)]);
    assert_eq!((count(&shape, 135_000), shape.end()), (None, Some(secs(135))));
    assert_eq!((shape.peak(None), shape.peak(Some(secs(61)))), (Some(50), Some(30)));
    assert_eq!(shape.full(), Some(ms(900)));
    let tick =
        LoadShape::tick(|at| (at < secs(135)).then(|| ((at.as_secs() / 30 + 1) as u32 * 10, 10.0)));
    let (mut steps, mut ticks) = (shape.curve(None), tick.curve(None));
    let mut at = Some(Duration::ZERO);
    while let Some(now) = at {
        assert_eq!(steps.at(now), ticks.at(now), "at {now:?}");
        at = steps.next_change(now);
    }
    let short = LoadShape::steps(10, secs(30), 10.0, secs(5));
    assert_eq!((short.end(), short.peak(None)), (Some(secs(5)), Some(10)));
}

#[test]
fn a_spike_goes_up_and_comes_back() {
    let shape = LoadShape::spike(10, 100, secs(60), secs(30), 10.0);
    check(&shape, &[(0, 1), (900, 10), (59_999, 10), (60_000, 11), (68_900, 100), (89_999, 100)]);
    check(&shape, &[(90_000, 99), (98_900, 10), (1_000_000, 10)]);
    assert_eq!((shape.end(), shape.full(), shape.peak(None)), (None, Some(ms(900)), Some(100)));
}

#[test]
fn a_sine_goes_from_min_to_max_and_back_in_a_period() {
    let shape = LoadShape::sine(10, 110, secs(60));
    check(
        &shape,
        &[(0, 10), (10_000, 35), (15_000, 60), (30_000, 110), (45_000, 60), (60_000, 10)],
    );
    // As exactly after a year.
    let waves = |at| waves::sine(10, 110, secs(60), at);
    assert!((waves(secs(60 * 525_600 + 10)) - waves(secs(10))).abs() < 1e-5);
    assert_eq!((shape.peak(None), shape.peak(Some(secs(10)))), (Some(110), Some(35)));
    assert_eq!((shape.end(), shape.full()), (None, None));
}

#[test]
fn a_double_wave_has_its_peaks_at_the_thirds() {
    let shape = LoadShape::double_wave(20, 60, 40, secs(600));
    // Between the peaks 60 / e^6.25 are left of both, which is a tenth of a user.
    check(&shape, &[(0, 20), (200_000, 60), (300_000, 20), (400_000, 40), (599_990, 20)]);
    // A standard deviation off the first peak: e^-0.5 of its height.
    let deviation = 600_000.0 / (15.0 * 2_f64.sqrt());
    check(&shape, &[((200_000.0 + deviation) as u64, 44), ((200_000.0 - deviation) as u64, 44)]);
    assert_eq!((count(&shape, 600_000), shape.end()), (None, Some(secs(600))));
    assert_eq!((shape.peak(None), shape.peak(Some(secs(900)))), (Some(60), Some(60)));
    assert_eq!(shape.peak(Some(secs(100))), Some(20));
    let odd = LoadShape::double_wave(1, 2, 3, Duration::from_micros(10_005));
    assert_eq!(odd.curve(None).next_change(ms(10)), Some(Duration::from_micros(10_005)));
}

#[test]
fn locusts_own_formula_gives_the_same_double_wave() {
    let (min, one, two, limit) = (20.0, 60.0, 40.0, 600.0);
    for second in 0..600_u32 {
        let part = f64::from(second) / (limit / 10.0 * 2.0 / 3.0);
        let wave = |height: f64, at: f64| (height - min) * 1_f64.exp().powf(-(part - at).powi(2));
        let expected = wave(one, 5.0) + wave(two, 10.0) + min;
        let got = waves::double_wave([20, 60, 40], secs(600), secs(second.into())).unwrap();
        assert!((got - expected).abs() < 1e-9, "{second} {got} {expected}");
    }
}

#[test]
fn a_function_is_looked_at_every_ten_milliseconds() {
    let shape = LoadShape::custom(|at| (at < ms(95)).then_some(at.as_secs_f64() * 1000.0));
    check(&shape, &[(0, 0), (9, 0), (10, 10), (19, 10), (20, 20), (99, 90)]);
    let mut curve = shape.curve(None);
    let at = [0, 9, 10, 99, 100].map(|at| curve.next_change(ms(at)));
    assert_eq!(at, [10, 10, 20, 100, 0].map(|next| (next > 0).then(|| ms(next))));
    assert_eq!(shape.peak(Some(secs(1))), Some(90));
    assert_eq!((shape.peak(Some(ms(41))), shape.peak(None)), (Some(40), None));
    assert_eq!((shape.end(), shape.full()), (None, None));
    assert_eq!(shape.peak(Some(LoadShape::LOOK_AHEAD + secs(1))), None);
}

#[test]
fn an_end_is_the_end_whoever_looks_when() {
    // A function that changes its mind: for 10 ms it wants the run to be over.
    let shape = LoadShape::custom(|at| (at.as_millis() / 10 != 5).then_some(7.4));
    check(&shape, &[(0, 7), (49, 7)]);
    assert_eq!((count(&shape, 55), count(&shape, 80)), (None, None));
}

#[test]
fn what_is_no_number_of_users_is_nobody() {
    for (value, users) in [(f64::NAN, 0), (-5.0, 0), (0.5, 1), (1e300, u32::MAX)] {
        assert_eq!(count(&LoadShape::custom(move |_| Some(value)), 0), Some(users), "{value}");
    }
    let absurd = LoadShape::steps(u32::MAX, Duration::ZERO, f64::NAN, Duration::MAX);
    assert!(absurd.peak(None).is_some());
    assert_eq!(count(&LoadShape::sine(1, 2, Duration::ZERO), 50), Some(0));
}

#[test]
fn all_cores_see_the_same_function() {
    let shape = LoadShape::custom(|at| Some(50.0 + 40.0 * at.as_secs_f64().sin()));
    for seed in 0..50 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let cores = rng.usize(1..9);
        let mut curves: Vec<Curve> = (0..cores).map(|_| shape.curve(None)).collect();
        for slot in 1..50 {
            let (before, at) = (ms(200) * (slot - 1), ms(200) * slot);
            let shares = (0..).zip(&mut curves).map(|(core, curve)| {
                // On the way each core looks when it likes.
                curve.at(before + ms(rng.u64(0..200)));
                share(curve.at(at).unwrap().users, core, cores)
            });
            let sum: u32 = shares.sum();
            assert_eq!(Some(sum), count(&shape, at.as_millis() as u64), "seed {seed}");
        }
    }
}
