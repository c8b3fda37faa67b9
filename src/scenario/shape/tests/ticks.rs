//! Locust's tick function.

use super::*;

/// The tutorial's stages as its own tick function says them.
fn tutorial_tick(elapsed: Duration) -> Option<(u32, f64)> {
    let mut rest = elapsed;
    for stage in tutorial() {
        if rest < stage.duration {
            return Some((stage.users, stage.spawn_rate));
        }
        rest -= stage.duration;
    }
    None
}

fn count(curve: &mut Curve, at: Duration) -> Option<u32> {
    curve.at(at).map(|wanted| wanted.users)
}

#[test]
fn a_tick_function_says_what_stages_say() {
    let (stages, tick) = (LoadShape::stages(tutorial()), LoadShape::tick(tutorial_tick));
    let (mut stages_curve, mut tick_curve) = (stages.curve(None), tick.curve(None));
    let mut at = Some(Duration::ZERO);
    while let Some(now) = at {
        assert_eq!(stages_curve.at(now), tick_curve.at(now), "at {now:?}");
        at = stages_curve.next_change(now);
    }
    assert_eq!(tick.full(), stages.full());
    assert_eq!(tick.peak(Some(secs(3600))), Some(80));
    assert_eq!(tick.peak(Some(secs(60))), stages.peak(Some(secs(60))));
    assert_eq!((tick.peak(None), tick.end()), (None, None));
    assert_eq!(tick.peak(Some(LoadShape::LOOK_AHEAD + secs(1))), None);
}

#[test]
fn the_answer_does_not_depend_on_when_it_is_asked_for() {
    for seed in 0..100 {
        // A function that changes its mind at any second.
        let plan: Vec<(u32, f64)> = {
            let mut rng = fastrand::Rng::with_seed(seed);
            (0..60).map(|_| (rng.u32(0..50), [0.7, 3.0, 40.0][rng.usize(0..3)])).collect()
        };
        let answers = plan.clone();
        let shape = LoadShape::tick(move |at| answers.get(at.as_secs() as usize / 3).copied());
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut instants: Vec<Duration> = (0..200).map(|_| secs(190).mul_f64(rng.f64())).collect();
        instants.sort();
        let mut seldom = shape.curve(None);
        let mut often = shape.curve(None);
        let mut next = Some(Duration::ZERO);
        let mut peak = 0;
        for at in instants {
            let mut users = None;
            while let Some(change) = next.filter(|change| *change <= at) {
                users = Some(count(&mut often, change));
                peak = peak.max(users.flatten().unwrap_or(0));
                next = often.next_change(change);
            }
            // Nothing has changed since the last change.
            let by_changes = users.unwrap_or_else(|| count(&mut often, at));
            assert_eq!(count(&mut seldom, at), by_changes, "seed {seed}: at {at:?}");
            assert_eq!(count(&mut shape.curve(None), at), by_changes, "seed {seed}: at {at:?}");
        }
        assert_eq!(shape.peak(Some(secs(190))), Some(peak), "seed {seed}");
    }
}

#[test]
fn ramps_of_one_answer_are_one_ramp() {
    let shape = LoadShape::tick(|at| (at < secs(60)).then_some((12, 0.3)));
    let mut curve = shape.curve(None);
    for k in 0..12 {
        let starts = Duration::from_secs_f64(f64::from(k) / 0.3);
        assert_eq!(count(&mut curve, starts), Some(k + 1));
        let between = starts + ms(3000);
        assert_eq!(count(&mut curve, between), Some(k + 1));
    }
    assert_eq!(count(&mut curve, ms(59_999)), Some(12));
    assert_eq!((count(&mut curve, secs(60)), curve.next_change(secs(60))), (None, None));
    assert_eq!(count(&mut curve, secs(70)), None);
}

#[test]
fn a_target_that_flees_is_never_full() {
    let shape = LoadShape::tick(|at| (at < secs(100)).then(|| (at.as_secs() as u32 * 2 + 10, 1.0)));
    assert_eq!(shape.full(), None);
    let shape = LoadShape::tick(|at| Some((if at < secs(5) { 100 } else { 7 }, 1.0)));
    assert_eq!(shape.full(), Some(secs(6)));
}

#[test]
fn functions_are_equal_when_they_are_the_same_one() {
    let shape = LoadShape::tick(tutorial_tick);
    assert_eq!(shape, shape.clone());
    assert_ne!(shape, LoadShape::tick(|_| None));
    assert_eq!(format!("{shape:?}"), "Tick(ShapeFn)");
}
