//! What a scenario with a load of this kind is refused for.

use super::*;
use crate::scenario::{Arrivals, Error, Load, RunTimeFrom, Scenario, Step, USERS_MAX, User};

fn scenario(load: Load) -> Scenario {
    let user = |name| User::new(name).task(Step::get("/"));
    Scenario::new("http://127.0.0.1:5000").user(user("APIUser")).user(user("Admin")).load(load)
}

fn load(shape: LoadShape) -> Load {
    Load { shape: Some(shape), ..Load::default() }
}

#[track_caller]
fn check(load: Load, expected: &str) {
    let refused = scenario(load).validate().map_err(|error| error.to_string());
    assert_eq!(refused, Err(expected.to_owned()));
}

#[track_caller]
fn check_stage(stage: Stage, expected: &str) {
    let shape = LoadShape::stages([Stage::new(secs(1), 1, 1.0), stage]);
    check(load(shape), &format!("stage 2: {expected}"));
}

#[test]
fn loads_that_can_be_meant_are_valid() {
    let mixed = Stage::new(secs(1), 0, 1.0).mix([("Admin", 0.5)]);
    for load in [
        Load::default(),
        load(LoadShape::stages(tutorial())),
        load(LoadShape::stages([mixed])),
        load(LoadShape::constant(USERS_MAX)),
        load(LoadShape::tick(|_| None)),
        load(LoadShape::custom(|_| None)),
        load(LoadShape::steps(10, secs(30), 10.0, secs(600))),
        load(LoadShape::spike(10, 100, secs(60), secs(30), 50.0)),
        load(LoadShape::sine(10, 10, secs(60))),
        load(LoadShape::double_wave(20, 60, 40, secs(600))),
        Load { arrivals: Some(Arrivals::new(Line::constant(1.0))), ..Load::default() },
    ] {
        assert_eq!(scenario(load).validate(), Ok(()));
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    let duration = "duration must be above 0 and at most 136 years";
    check_stage(Stage::new(Duration::ZERO, 1, 1.0), duration);
    check_stage(Stage::new(Duration::MAX, 1, 1.0), duration);
    for rate in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let expected = format!("spawn_rate must be a number above 0, not {rate}");
        check_stage(Stage::new(secs(1), 1, rate), &expected);
        check(load(LoadShape::ramp(1, rate)), &expected);
    }
    let many = "100000001 users are too many: at most 100000000 can be planned for";
    check_stage(Stage::new(secs(1), USERS_MAX + 1, 1.0), many);
    check(load(LoadShape::ramp(USERS_MAX + 1, 1.0)), many);
    check(load(LoadShape::constant(USERS_MAX + 1)), many);
    check(Load { users: Some(USERS_MAX + 1), ..Load::default() }, many);
    check(load(LoadShape::stages([])), "there are no stages; add one");
}

#[test]
fn shapes_that_make_no_sense_are_refused() {
    let (one, none) = (secs(1), Duration::ZERO);
    let below = |name, value| format!("{name} = {value} must not be below min = 5");
    let length = |name| format!("{name} must be above 0 and at most 136 years");
    let rate = "spawn_rate must be a number above 0, not 0".to_owned();
    let many = |users| format!("{users} users are too many: at most 100000000 can be planned for");
    let steps = "100001 steps are too many: at most 100000 are possible; make 'every' longer";
    for (shape, expected) in [
        (LoadShape::steps(1, none, 1.0, one), length("every")),
        (LoadShape::steps(1, one, 1.0, none), length("until")),
        (LoadShape::steps(1, one, 0.0, one), rate.clone()),
        (LoadShape::steps(1, one, 1.0, ms(100_000_001)), steps.to_owned()),
        (LoadShape::steps(1_000_001, one, 1.0, secs(100)), many(100_000_100)),
        (LoadShape::steps(u32::MAX, one, 1.0, secs(100)), many(u32::MAX)),
        (LoadShape::spike(1, 2, none, one, 1.0), length("at")),
        (LoadShape::spike(1, 2, one, none, 1.0), length("lasting")),
        (LoadShape::spike(1, 2, one, one, 0.0), rate),
        (LoadShape::spike(USERS_MAX + 1, 2, one, one, 1.0), many(USERS_MAX + 1)),
        (LoadShape::sine(5, 4, one), below("max", 4)),
        (LoadShape::sine(5, 6, none), length("period")),
        (LoadShape::double_wave(5, 4, 6, one), below("first", 4)),
        (LoadShape::double_wave(5, 6, 4, one), below("second", 4)),
        (LoadShape::double_wave(5, 6, 7, none), length("lasting")),
    ] {
        check(load(shape), &expected);
    }
}

#[test]
fn mixes_name_classes_once_and_with_weights() {
    let stage = |mix: &[(&str, f64)]| Stage::new(secs(1), 1, 1.0).mix(mix.to_vec());
    let empty = "the mix has no classes; name one with its weight, or leave the mix out";
    check_stage(stage(&[]), empty);
    let unknown = "there is no class of users named 'User'; a mix takes of APIUser, Admin";
    check_stage(stage(&[("Admin", 1.0), ("User", 1.0)]), unknown);
    let twice = "the mix names 'Admin' twice; keep one";
    check_stage(stage(&[("Admin", 1.0), ("Admin", 2.0)]), twice);
    let weight = "a weight in a mix must be a number above 0, not 0; leave the class out instead";
    check_stage(stage(&[("Admin", 0.0)]), weight);
}

#[test]
fn a_load_is_said_in_one_way() {
    let arrivals = Some(Arrivals::new(Line::constant(1.0)));
    let shape = Some(LoadShape::constant(1));
    for load in [
        Load { users: Some(1), shape: shape.clone(), ..Load::default() },
        Load { spawn_rate: Some(1.0), arrivals: arrivals.clone(), ..Load::default() },
        Load { shape, arrivals, ..Load::default() },
    ] {
        assert_eq!(scenario(load).validate(), Err(Error::TwoLoads));
    }
}

#[test]
fn a_run_time_is_counted_from_something() {
    let full = |shape: LoadShape, run_time| {
        let run_time_from = RunTimeFrom::Full;
        scenario(Load { run_time, run_time_from, ..load(shape) }).validate()
    };
    let ramp = || LoadShape::ramp(10, 1.0);
    assert_eq!(full(ramp(), Some(secs(1))), Ok(()));
    assert_eq!(full(ramp(), None), Err(Error::FullWithoutRunTime));
    let flees = LoadShape::tick(|at| Some((at.as_secs() as u32 * 2 + 10, 1.0)));
    assert_eq!(full(flees, Some(secs(1))), Err(Error::NeverFull));
    assert_eq!(full(LoadShape::constant(0), Some(secs(1))), Err(Error::NeverFull));
    let waves = [LoadShape::sine(1, 5, secs(1)), LoadShape::custom(|_| Some(1.0))];
    for wave in waves {
        assert_eq!(full(wave, Some(secs(1))), Err(Error::NeverFull));
    }
    let rising = Arrivals::new(Line::starting_at(0.0).approach(10.0, 1.0, secs(5)));
    let (run_time, run_time_from) = (Some(secs(1)), RunTimeFrom::Full);
    let load = Load { arrivals: Some(rising), run_time, run_time_from, ..Load::default() };
    assert_eq!(scenario(load).validate(), Err(Error::NeverFull));
}
