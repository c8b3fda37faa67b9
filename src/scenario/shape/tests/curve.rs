//! Counts of users: against the ideal, at every instant that matters, and shared by cores.

use super::*;

/// Every change of a shape until `until`: when, and to how many users.
fn changes(shape: &LoadShape, until: Duration) -> Vec<(Duration, Option<u32>)> {
    let mut curve = shape.curve(None);
    let (mut changes, mut next) = (Vec::new(), Some(Duration::ZERO));
    while let Some(at) = next.filter(|at| *at <= until) {
        changes.push((at, curve.at(at).map(|wanted| wanted.users)));
        next = curve.next_change(at);
    }
    changes
}

/// The value of stages at every millisecond, by small steps: nothing here knows of lines.
fn ideal(stages: &[Stage]) -> Vec<f64> {
    let (mut value, mut values) = (0.0, Vec::new());
    for stage in stages {
        for _ in 0..stage.duration.as_millis() {
            values.push(value);
            let target = f64::from(stage.users);
            let step = stage.spawn_rate / 1000.0;
            value =
                if value < target { target.min(value + step) } else { target.max(value - step) };
        }
    }
    values
}

#[test]
fn user_k_starts_at_k_over_the_rate_exactly() {
    for rate in [0.3, 1.0, 2.4, 3.0, 7.0, 10.0, 33.3, 1000.0, 123_456.7] {
        let shape = LoadShape::ramp(500, rate);
        let changes = changes(&shape, Duration::MAX);
        assert_eq!(changes.len(), 500, "{rate}");
        for (k, change) in (0..).zip(&changes) {
            let starts = Duration::from_secs_f64(f64::from(k) / rate);
            assert_eq!(*change, (starts, Some(k + 1)), "{rate}");
        }
        assert_eq!(shape.full(), Some(changes[499].0));
        assert_eq!((shape.end(), shape.peak(None)), (None, Some(500)));
    }
}

#[test]
fn a_ramp_is_what_users_and_spawn_rate_ask_for() {
    check(
        &LoadShape::ramp(5, 2.0),
        &[(0, 1), (499, 1), (500, 2), (1999, 4), (2000, 5), (99_000, 5)],
    );
    assert_eq!(LoadShape::ramp(5, 2.0).curve(None).next_change(secs(2)), None);
    assert_eq!(LoadShape::ramp(100, 1.0).peak(Some(secs(10))), Some(10));
    assert_eq!(LoadShape::ramp(100, 1.0).peak(Some(ms(10_001))), Some(11));
    assert_eq!(LoadShape::ramp(0, 1.0).peak(None), Some(0));
    check(&LoadShape::ramp(0, 1.0), &[(0, 0), (5000, 0)]);
}

#[test]
fn a_constant_is_all_of_them_at_once() {
    let shape = LoadShape::constant(50);
    check(&shape, &[(0, 50), (1_000_000, 50)]);
    assert_eq!(changes(&shape, Duration::MAX), [(Duration::ZERO, Some(50))]);
    assert_eq!((shape.full(), shape.peak(None)), (Some(Duration::ZERO), Some(50)));
}

#[test]
fn the_first_user_leaves_at_once_and_the_others_evenly() {
    let shape = LoadShape::stages([Stage::new(secs(1), 4, 1e9), Stage::new(secs(4), 1, 2.0)]);
    check(&shape, &[(999, 4), (1000, 3), (1499, 3), (1500, 2), (1999, 2), (2000, 1), (4999, 1)]);
    assert_eq!(count(&shape, 5000), None);
    assert_eq!(shape.peak(None), Some(4));
}

#[test]
fn the_tutorials_stages_are_within_a_user_of_the_ideal() {
    let (stages, shape) = (tutorial(), LoadShape::stages(tutorial()));
    let ideal = ideal(&stages);
    assert_eq!(ideal.len(), 210_000);
    let mut rng = fastrand::Rng::with_seed(7);
    let random: Vec<usize> = (0..20_000).map(|_| rng.usize(0..210_000)).collect();
    for at in (0..210_000).step_by(1000).chain(random) {
        let users = f64::from(count(&shape, at as u64).unwrap());
        assert!((users - ideal[at]).abs() < 1.001, "{users} {} at {at} ms", ideal[at]);
    }
    let plateaus = [(29_999, 10), (89_999, 50), (119_999, 20), (159_999, 80), (179_999, 30)];
    check(&shape, &plateaus);
    check(&shape, &[(209_999, 0)]);
    assert_eq!(count(&shape, 210_000), None);
    assert_eq!((shape.end(), shape.peak(None)), (Some(secs(210)), Some(80)));
    assert_eq!(shape.full(), Some(ms(4500)));
}

#[test]
fn any_stages_are_within_a_user_of_the_ideal() {
    for seed in 0..50 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut stages = some_stages(&mut rng);
        for stage in &mut stages {
            stage.duration = ms(stage.duration.as_millis().max(1) as u64);
        }
        let shape = LoadShape::stages(stages.clone());
        let steepest = stages.iter().map(|stage| stage.spawn_rate).fold(0.0, f64::max);
        for (at, ideal) in (0..).zip(ideal(&stages)) {
            let users = f64::from(count(&shape, at).unwrap());
            // One user, and what a millisecond of the steepest slope may add.
            let allowed = 1.001 + steepest / 1000.0;
            assert!((users - ideal).abs() <= allowed, "seed {seed}: {users} {ideal} at {at} ms");
        }
    }
}

#[test]
fn a_stage_that_is_too_short_hands_on_what_it_came_to() {
    // 7.5 users after 1.5 s: the line goes on from there, and not from the 8 who are here.
    let stages = [Stage::new(ms(1500), 100, 5.0), Stage::new(secs(10), 10, 1.0)];
    let shape = LoadShape::stages(stages);
    check(&shape, &[(1400, 8), (1499, 8), (1500, 8), (1999, 8), (2000, 9), (3000, 10), (9000, 10)]);
    assert_eq!(shape.full(), Some(secs(3)));
    // Many short stages are one long one.
    let short = vec![Stage::new(ms(300), 10, 1.0); 50];
    let long = LoadShape::ramp(10, 1.0);
    let expected = changes(&long, secs(14));
    assert_eq!(changes(&LoadShape::stages(short), secs(14)), expected);
}

#[test]
fn a_ramp_that_turns_round_goes_back_from_where_it_is() {
    let stages = [Stage::new(ms(7500), 100, 1.0), Stage::new(secs(20), 0, 1.0)];
    let shape = LoadShape::stages(stages);
    check(&shape, &[(7499, 8), (7500, 7), (7999, 7), (8000, 6), (13_999, 1), (14_000, 0)]);
    assert_eq!(shape.peak(None), Some(8));
    // Nobody reached 100, and nobody is no target.
    assert_eq!(shape.full(), None);
}

#[test]
fn nothing_changes_between_two_changes_and_something_does_at_each() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let shape = LoadShape::stages(some_stages(&mut rng));
        let changes = changes(&shape, Duration::MAX);
        let end = shape.end().unwrap();
        assert_eq!(changes.last(), Some(&(end, None)), "seed {seed}");
        for pair in changes.windows(2) {
            let ((from, users), (until, next)) = (pair[0], pair[1]);
            assert!(from < until && users != next, "seed {seed}: {pair:?}");
            for part in [0.0, rng.f64(), rng.f64(), 1.0] {
                let at = from + (until - from - Duration::from_nanos(1)).mul_f64(part);
                let got = shape.curve(None).at(at).map(|wanted| wanted.users);
                assert_eq!(got, users, "seed {seed}: at {at:?} in {pair:?}");
            }
        }
        let peak = changes.iter().filter_map(|(_, users)| *users).max();
        assert_eq!(shape.peak(None), peak, "seed {seed}");
        let cut = end.mul_f64(rng.f64());
        let peak = changes.iter().filter(|(at, _)| *at < cut).filter_map(|(_, users)| *users).max();
        assert_eq!(shape.peak(Some(cut)), peak.or(Some(0)), "seed {seed}");
    }
}

#[test]
fn a_run_time_cuts_a_shape_short_and_does_not_lengthen_it() {
    let shape = LoadShape::stages(tutorial());
    let mut cut = shape.curve(Some(secs(180)));
    assert_eq!(cut.at(ms(179_999)).map(|wanted| wanted.users), Some(30));
    assert_eq!(cut.next_change(secs(170)), Some(ms(170_000) + ms(1000) / 3));
    assert_eq!(cut.next_change(ms(179_999)), Some(secs(180)));
    assert_eq!((cut.at(secs(180)), cut.next_change(secs(180))), (None, None));
    let mut whole = shape.curve(Some(secs(1000)));
    assert_eq!((whole.at(secs(210)), whole.next_change(secs(210))), (None, None));
    let mut ramp = LoadShape::ramp(5, 1.0).curve(Some(secs(60)));
    assert_eq!(ramp.next_change(secs(4)), Some(secs(60)));
}

#[test]
fn users_are_of_the_mix_of_the_stage_that_adds_them() {
    let (few, many) = ([("A", 3.0), ("B", 1.0)], [("B", 1.0)]);
    let stage = || Stage::new(secs(10), 5, 1.0);
    let shape = LoadShape::stages([stage(), stage().mix(few), stage().mix(many), stage().mix(few)]);
    let mix = |of: &[(&str, f64)]| -> Mix { of.iter().map(|(n, w)| ((*n).into(), *w)).collect() };
    assert_eq!(shape.mixes(), [&[][..], &mix(&few), &mix(&many)]);
    let mut curve = shape.curve(None);
    let at = [0, 9999, 10_000, 19_999, 20_000, 30_000, 39_999];
    assert_eq!(at.map(|at| curve.at(ms(at)).unwrap().mix), [0, 0, 1, 1, 2, 1, 1]);
    assert_eq!(LoadShape::constant(3).mixes(), [&[][..]]);
}

#[test]
fn cores_have_all_users_and_move_exactly_the_difference() {
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let cores = rng.usize(1..65);
        let (before, bits) = (rng.u32(..), rng.u32(0..32));
        let after = rng.u32(..) >> bits;
        let shares = |users| (0..cores).map(move |core| u64::from(share(users, core, cores)));
        assert_eq!(shares(before).sum::<u64>(), u64::from(before), "seed {seed}");
        let moved: u64 = shares(before).zip(shares(after)).map(|(a, b)| a.abs_diff(b)).sum();
        assert_eq!(moved, u64::from(before.abs_diff(after)), "seed {seed}");
    }
}

#[test]
fn cores_that_ask_at_instants_of_their_own_add_up_to_the_whole() {
    for seed in 0..100 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let shape = LoadShape::stages(some_stages(&mut rng));
        let end = shape.end().unwrap();
        let cores = rng.usize(1..9);
        let mut own: Vec<Curve> = (0..cores).map(|_| shape.curve(None)).collect();
        let mut common: Vec<Duration> = (0..20).map(|_| end.mul_f64(rng.f64())).collect();
        common.sort();
        let mut last = Duration::ZERO;
        for at in common {
            let mut sum = 0;
            for (core, curve) in own.iter_mut().enumerate() {
                // On the way each core looks when it likes.
                let mut looks: Vec<f64> = (0..rng.usize(0..4)).map(|_| rng.f64()).collect();
                looks.sort_by(f64::total_cmp);
                for part in looks {
                    curve.at(last + (at - last).mul_f64(part));
                }
                sum += curve.at(at).map_or(0, |wanted| share(wanted.users, core, cores));
            }
            let whole = shape.curve(None).at(at).map(|wanted| wanted.users);
            assert_eq!(Some(sum), whole, "seed {seed}: at {at:?}");
            last = at;
        }
    }
}

#[test]
fn absurd_shapes_neither_panic_nor_hang() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300, 1e15] {
        for users in [0, 1, u32::MAX] {
            let stages = vec![Stage::new(secs(1), users, rate), Stage::new(Duration::MAX, 3, rate)];
            for shape in [LoadShape::ramp(users, rate), LoadShape::stages(stages)] {
                let mut curve = shape.curve(None);
                for at in [0, 1, 1_000_000_000, u64::MAX].map(Duration::from_nanos) {
                    curve.at(at);
                    curve.next_change(at);
                }
                shape.full();
                assert!(shape.peak(None).is_some(), "{rate} {users}");
            }
        }
    }
}

#[test]
fn who_steers_a_run_goes_on_from_the_users_of_that_instant() {
    let mut curve = LoadShape::ramp(10, 2.0).curve(Some(secs(60)));
    let users = |curve: &mut Curve, at| curve.at(at).map(|wanted| wanted.users);
    assert_eq!(users(&mut curve, secs(2)), Some(5));
    curve.steer(secs(2), 1, 1.0);
    assert_eq!((users(&mut curve, secs(2)), curve.next_change(secs(2))), (Some(4), Some(secs(3))));
    assert_eq!(users(&mut curve, secs(4)), Some(2));
    // Once more while that lasts; the end of the shape is no end any more.
    curve.steer(secs(4), 30, 100.0);
    assert_eq!((users(&mut curve, secs(90)), curve.next_change(secs(90))), (Some(30), None));
}

#[test]
fn who_steers_a_run_that_is_over_goes_on_from_its_last_users() {
    let stage = Stage::new(secs(10), 4, 4.0).mix([("b", 1.0)]);
    let mut curve = LoadShape::stages([stage]).curve(None);
    let last = curve.at(secs(9)).unwrap();
    assert_eq!((last.users, last.mix, curve.at(secs(10))), (4, 1, None));
    curve.steer(secs(11), 6, 1.0);
    let wanted = [11, 12, 20].map(|at| curve.at(secs(at)).unwrap().users);
    assert_eq!((wanted, curve.at(secs(20)).unwrap().mix), ([5, 6, 6], 0));
}
