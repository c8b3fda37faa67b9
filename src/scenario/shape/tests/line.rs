//! Lines: values, areas and their inverse.

use super::*;
use crate::units;

/// A line of up to eight verbs, with values up to some power of ten; also whether it has no jumps.
fn some_line(rng: &mut fastrand::Rng) -> (Line, bool) {
    let scale = 10_f64.powi(rng.i32(0..6));
    let start = if rng.bool() { 0.0 } else { rng.f64() * scale };
    let (mut line, mut is_continuous) = (Line::starting_at(start), true);
    for _ in 0..rng.usize(1..8) {
        let lasting = Duration::from_nanos(rng.u64(1..30_000_000_000));
        let to = if rng.u32(0..4) == 0 { 0.0 } else { rng.f64() * scale };
        line = match rng.u32(0..5) {
            0 => line.hold(lasting),
            1 => line.ramp(to, lasting),
            2 => line.approach(to, rng.f64() * scale, lasting),
            3 => line.reach(to, (rng.f64() + 0.05) * scale),
            _ => {
                is_continuous = false;
                line.jump(to).hold(lasting)
            }
        };
    }
    (if rng.bool() { line.forever() } else { line }, is_continuous)
}

/// Some instants of a line, in order, its pieces' borders among them.
fn instants(rng: &mut fastrand::Rng, line: &Line) -> Vec<Duration> {
    let end = line.end().unwrap_or(secs(300));
    let mut instants: Vec<Duration> = (line.pieces().iter())
        .flat_map(|piece| [piece.start, piece.start.saturating_sub(Duration::from_nanos(1))])
        .chain((0..100).map(|_| end.mul_f64(rng.f64())))
        .filter(|at| *at < end)
        .collect();
    instants.sort();
    instants
}

#[track_caller]
fn check(line: &Line, values: &[(u64, Option<f64>)]) {
    for (at, expected) in values {
        assert_eq!(line.value_at(ms(*at)), *expected, "at {at} ms");
    }
}

#[test]
fn a_line_is_drawn_from_where_it_came_to() {
    let line = Line::starting_at(0.0).ramp(10.0, secs(2)).hold(secs(1)).jump(4.0).hold(secs(1));
    let values = [(0, 0.0), (500, 2.5), (2000, 10.0), (2999, 10.0), (3000, 4.0), (3999, 4.0)];
    check(&line, &values.map(|(at, value)| (at, Some(value))));
    check(&line, &[(4000, None), (9000, None)]);
    assert_eq!((line.end(), line.peak()), (Some(secs(4)), 10.0));
}

#[test]
fn a_line_stops_on_the_way_where_the_time_is_too_short() {
    let line = Line::starting_at(8.0).approach(0.0, 2.0, secs(3)).approach(10.0, 4.0, secs(4));
    let values = [(0, 8.0), (1000, 6.0), (3000, 2.0), (4000, 6.0), (5000, 10.0), (6999, 10.0)];
    check(&line, &values.map(|(at, value)| (at, Some(value))));
    assert_eq!((line.end(), line.full()), (Some(secs(7)), Some(secs(5))));
}

#[test]
fn a_line_without_end_has_no_end() {
    let line = Line::starting_at(0.0).reach(3.0, 0.5).forever();
    check(&line, &[(5000, Some(2.5)), (6000, Some(3.0)), (u64::MAX / 2, Some(3.0))]);
    assert_eq!((line.end(), line.full(), line.peak()), (None, Some(secs(6)), 3.0));
    assert_eq!(line.clone().jump(9.0).hold(secs(1)).value_at(secs(7)), Some(3.0));
    assert_eq!(Line::constant(2.0).area(secs(60)), 120.0);
}

#[test]
fn a_line_of_nothing_is_over_at_once() {
    let line = Line::starting_at(5.0);
    check(&line, &[(0, None)]);
    assert_eq!((line.end(), line.peak()), (Some(Duration::ZERO), 0.0));
    assert_eq!((line.area(secs(1)), line.time_of_area(0.0)), (0.0, None));
}

#[test]
fn what_makes_no_sense_draws_something_and_is_known() {
    for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let line = Line::starting_at(1.0).ramp(bad, secs(1)).forever();
        assert!(!line.is_sane(), "{bad}");
        line.time_of_area(0.5);
        line.area(secs(2));
        let line = Line::starting_at(0.0).approach(5.0, bad, secs(2)).reach(7.0, bad).forever();
        line.value_at(secs(1));
        line.time_of_area(0.5);
    }
    let never = Line::starting_at(0.0).reach(1.0, f64::MIN_POSITIVE);
    assert_eq!(never.end(), Some(units::LONGEST));
    assert!(!never.hold(secs(1)).is_sane());
    assert!(Line::constant(0.0).is_sane());
}

#[test]
fn a_line_without_jumps_is_continuous() {
    for seed in 0..500 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (line, is_continuous) = some_line(&mut rng);
        if !is_continuous {
            continue;
        }
        let steepest = line.pieces().iter().map(|p| p.slope.abs()).fold(0.0, f64::max);
        let step = Duration::from_nanos(10);
        for at in instants(&mut rng, &line) {
            let (Some(before), Some(after)) = (line.value_at(at), line.value_at(at + step)) else {
                continue;
            };
            // Ten nanoseconds, one more for rounded times, and what numbers of that size lose.
            let allowed = steepest * 11e-9 + line.peak() * 1e-12;
            assert!((after - before).abs() <= allowed, "seed {seed}: {before} {after} at {at:?}");
        }
    }
}

#[test]
fn the_area_is_that_of_many_thin_strips() {
    for seed in 0..50 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (line, _) = some_line(&mut rng);
        let until = line.end().unwrap_or(secs(300)).mul_f64(rng.f64());
        let strips = 200_000;
        let width = until.as_secs_f64() / f64::from(strips);
        let middles = (0..strips).map(|i| width * (f64::from(i) + 0.5));
        let values = middles.map(|at| line.value_at(Duration::from_secs_f64(at)).unwrap_or(0.0));
        let sum: f64 = values.sum();
        let (expected, got) = (sum * width, line.area(until));
        let allowed = line.peak() * until.as_secs_f64() * 1e-4 + 1e-9;
        assert!((expected - got).abs() < allowed, "seed {seed}: {expected} {got}");
    }
}

#[test]
fn the_area_only_grows_and_not_beyond_the_end() {
    for seed in 0..500 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (line, _) = some_line(&mut rng);
        let areas: Vec<f64> =
            instants(&mut rng, &line).into_iter().map(|at| line.area(at)).collect();
        let whole = areas.last().copied().unwrap_or(0.0);
        // A sum of many pieces may lose a little where the value is next to nothing.
        let ordered = areas.windows(2).all(|pair| pair[0] <= pair[1] + whole * 1e-15);
        assert!(ordered, "seed {seed}");
        if let Some(end) = line.end() {
            assert_eq!(line.area(end), line.area(end + secs(100)), "seed {seed}");
        }
    }
}

#[test]
fn the_time_of_an_area_is_the_time_at_which_it_is_met() {
    let mut tried = 0;
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (line, _) = some_line(&mut rng);
        for at in instants(&mut rng, &line) {
            let area = line.area(at);
            let Some(time) = line.time_of_area(area) else { continue };
            let back = line.area(time);
            // A nanosecond of the largest value there is, and what a sum of that size loses.
            let allowed = line.peak() * 1e-9 + area * 1e-13;
            assert!((back - area).abs() <= allowed, "seed {seed}: {area} {back} at {at:?}");
            // Where the line is well above zero, no two instants have the same area.
            if line.value_at(at).is_some_and(|value| value > line.peak() / 10.0) {
                assert!(
                    time.abs_diff(at) < Duration::from_micros(1),
                    "seed {seed}: {time:?} {at:?}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 50_000, "the property was hardly tried: {tried}");
}

#[test]
fn a_larger_area_is_not_met_earlier() {
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (line, _) = some_line(&mut rng);
        let whole = line.area(line.end().unwrap_or(secs(300)));
        let mut areas: Vec<f64> = (0..100).map(|_| whole * rng.f64()).collect();
        areas.extend((0..100).map(|_| whole * (1.0 - rng.f64() * 1e-14)));
        areas.extend(line.pieces().iter().map(|piece| line.area(piece.start)));
        areas.sort_by(f64::total_cmp);
        // After the last that is met come those that are not.
        let times = areas.iter().map(|area| line.time_of_area(*area).unwrap_or(Duration::MAX));
        let times: Vec<Duration> = times.collect();
        let rounding = Duration::from_nanos(1);
        let ordered = times.windows(2).all(|pair| pair[0].saturating_sub(rounding) <= pair[1]);
        assert!(ordered, "seed {seed}");
    }
}

#[test]
fn the_inverse_is_stable_where_the_slope_is_next_to_nothing() {
    for slope in [1e-15, 1e-12, 1e-9, 1e-6, 1e-3] {
        for sign in [1.0, -1.0] {
            let line = Line::starting_at(1000.0).ramp(1000.0 + sign * slope * 1e5, secs(100_000));
            for at in [1, 10_000, 50_000, 99_999].map(secs) {
                let time = line.time_of_area(line.area(at)).unwrap();
                assert!(time.abs_diff(at) < Duration::from_nanos(20), "{slope} {time:?} {at:?}");
            }
        }
    }
}

#[test]
fn an_area_is_met_as_often_as_the_line_is_long() {
    // 5 per second for 10 s: areas 0 to 49, and 50 is at the end, where the line is no more.
    let line = Line::constant(5.0);
    let line = (line.time_of_area(50.0), Line::starting_at(5.0).hold(secs(10)));
    assert_eq!(line.0, Some(secs(10)));
    assert_eq!(line.1.time_of_area(49.0), Some(ms(9800)));
    assert_eq!(line.1.time_of_area(50.0), None);
    // Thirds of a second do not add up exactly, and must not make one more or one less.
    for rate in [0.3, 0.7, 1.1, 3.3, 1e6 / 3.0] {
        let thirds = (0..30).fold(Line::starting_at(rate), |line, _| line.hold(ms(1000)));
        let whole = (rate * 30.0).round();
        let count = (0..).take_while(|k| thirds.time_of_area(f64::from(*k)).is_some()).count();
        assert_eq!(count as f64, whole, "{rate}");
    }
}

#[test]
fn an_area_that_is_met_where_nothing_is_comes_when_something_is_again() {
    let line = Line::starting_at(0.0).hold(secs(30)).jump(10.0).hold(secs(30));
    assert_eq!(line.time_of_area(0.0), Some(secs(30)));
    let line = line.jump(0.0).hold(secs(30)).ramp(10.0, secs(10));
    assert_eq!(line.time_of_area(299.0), Some(ms(59_900)));
    assert_eq!(line.time_of_area(300.0), Some(secs(90)));
    let line = Line::starting_at(0.1).hold(secs(30)).jump(0.0).hold(secs(30)).jump(0.1).forever();
    assert_eq!(line.time_of_area(3.0), Some(secs(60)));
    assert_eq!(Line::constant(0.0).time_of_area(0.0), None);
}
