use std::time::Duration;

use super::{
    Bimodal, ExpectedLatencies, Pathology, PathologyError, SlowStart, Stall, Stop, uniform,
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn stalled(text: &str) -> Pathology {
    Pathology { stall: Some(text.parse().unwrap()), ..Pathology::default() }
}

#[test]
fn without_a_script_an_answer_takes_no_time_and_with_a_delay_just_that() {
    for nth in 0..100 {
        assert_eq!(Pathology::default().answer_time(ms(nth * 7), nth), Duration::ZERO);
        let delayed = Pathology { delay: ms(5), ..Pathology::default() };
        assert_eq!(delayed.answer_time(ms(nth * 7), nth), ms(5));
    }
}

#[test]
fn a_stall_holds_what_is_ready_in_it_until_it_ends() {
    let pathology = Pathology { delay: ms(5), ..stalled("100ms/1s") };
    for (arrival, time) in [
        (0, 100),
        (60, 40),
        (95, 5),
        (99, 5), // ready after the end
        (500, 5),
        (994, 5),
        (995, 105), // ready at the start of the next
        (1000, 100),
        (7999, 101),
    ] {
        assert_eq!(pathology.answer_time(ms(arrival), 0), ms(time), "at {arrival} ms");
    }
}

#[test]
fn a_stop_holds_once() {
    let pathology = Pathology { stop: Some("3s/2s".parse().unwrap()), ..Pathology::default() };
    for (arrival, time) in [(0, 0), (2999, 0), (3000, 2000), (4999, 1), (5000, 0), (8000, 0)] {
        assert_eq!(pathology.answer_time(ms(arrival), 0), ms(time), "at {arrival} ms");
    }
}

#[test]
fn a_stop_that_ends_in_a_stall_is_followed_by_the_stall() {
    let stop = Some(Stop::new(ms(950), ms(1050)).unwrap());
    let pathology = Pathology { stop, ..stalled("100ms/1s") };
    assert_eq!(pathology.answer_time(ms(940), 0), ms(0));
    assert_eq!(pathology.answer_time(ms(950), 0), ms(1150));
    // And one that starts in a stall holds what the stall would have let go.
    let stop = Some(Stop::new(ms(1050), ms(500)).unwrap());
    let pathology = Pathology { stop, ..stalled("100ms/1s") };
    assert_eq!(pathology.answer_time(ms(1010), 0), ms(540));
}

#[test]
fn a_slow_start_falls_in_a_line() {
    let slow_start = Some("200ms/5s".parse().unwrap());
    let pathology = Pathology { delay: ms(1), slow_start, ..Pathology::default() };
    for (arrival, time) in [(0, 201), (1250, 151), (2500, 101), (4975, 2), (5000, 1), (9999, 1)] {
        assert_eq!(pathology.answer_time(ms(arrival), 0), ms(time), "at {arrival} ms");
    }
}

#[test]
fn the_slow_ones_are_their_share_of_every_stretch_of_a_run() {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let share = rng.f64().powi(3);
        let bimodal = Bimodal::new(share, ms(50)).unwrap().seed(rng.u64(..));
        for _ in 0..20 {
            let (first, len) = (rng.u64(0..1 << 40), rng.u64(1..20_000));
            let slow = (first..first + len).filter(|&nth| bimodal.is_slow(nth)).count();
            let off = slow as f64 - share * len as f64;
            // Five times what chance does, and a few for where that is nearly nothing.
            let chance = (share * (1.0 - share) * len as f64).sqrt();
            assert!(off.abs() < 5.0 * chance + 3.0, "seed {seed}: {off} off at {share} of {len}");
        }
    }
}

#[test]
fn the_slow_ones_keep_no_step_with_any_number_of_users() {
    let bimodal: Bimodal = "5%:50ms".parse().unwrap();
    for users in 1..500 {
        // What one of them gets who asks in turn.
        let slow = (0..2000).filter(|round| bimodal.is_slow(round * users)).count();
        assert!((40..170).contains(&slow), "{slow} of 2000 for one of {users}");
    }
}

#[test]
fn a_share_of_nothing_hits_none_and_of_all_hits_all() {
    let (none, all) = (Bimodal::new(0.0, ms(1)).unwrap(), Bimodal::new(1.0, ms(1)).unwrap());
    assert!((0..10_000).all(|nth| !none.is_slow(nth) && all.is_slow(nth)));
}

#[test]
fn other_seeds_hit_other_requests() {
    let hits = |seed| {
        let bimodal = Bimodal::new(0.3, ms(1)).unwrap().seed(seed);
        (0..64).map(|nth| bimodal.is_slow(nth)).collect::<Vec<_>>()
    };
    assert_eq!(hits(3), hits(3));
    assert_ne!(hits(3), hits(4));
}

/// A script in whole milliseconds, as its author thinks of it.
#[derive(Debug)]
struct Script {
    delay: u64,
    slow: u64,
    stall: u64,
    every: u64,
    at: u64,
    lasting: u64,
}

impl Script {
    fn random(rng: &mut fastrand::Rng) -> Self {
        let mut up_to = |most: u64| if rng.bool() { rng.u64(0..=most) } else { 0 };
        let every = 1 + up_to(200);
        Script {
            delay: up_to(20),
            slow: up_to(60),
            stall: up_to(every - 1),
            every,
            at: up_to(300),
            lasting: up_to(300),
        }
    }

    fn pathology(&self) -> Pathology {
        Pathology {
            delay: ms(self.delay),
            slow_start: None,
            bimodal: Some(Bimodal::new(0.3, ms(self.slow)).unwrap()),
            stall: Some(Stall::new(ms(self.stall), ms(self.every)).unwrap()),
            stop: Some(Stop::new(ms(self.at), ms(self.lasting)).unwrap()),
        }
    }

    fn is_silent(&self, now: u64) -> bool {
        now % self.every < self.stall || (self.at..self.at + self.lasting).contains(&now)
    }
}

/// A server in virtual time: every millisecond it looks whether it may speak, and if so it says all
/// that is ready.
#[test]
fn a_server_that_does_as_the_script_says_takes_the_time_it_computes() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let script = Script::random(&mut rng);
        let pathology = script.pathology();
        let bimodal = pathology.bimodal.unwrap();
        let mut waiting = Vec::new();
        let mut arrivals = 0;
        for now in 0..2000 {
            if now < 1000 && rng.f64() < 0.3 {
                let slow = if bimodal.is_slow(arrivals) { script.slow } else { 0 };
                waiting.push((now, now + script.delay + slow, arrivals));
                arrivals += 1;
            }
            let speaks = !script.is_silent(now);
            for (arrival, _, nth) in
                waiting.extract_if(.., |&mut (_, ready, _)| speaks && ready <= now)
            {
                let computed = pathology.answer_time(ms(arrival), nth);
                assert_eq!(computed, ms(now - arrival), "seed {seed}, {arrival} ms: {script:?}");
            }
        }
        assert!(waiting.is_empty(), "seed {seed}: {script:?}");
    }
}

/// What holds at every instant, not only at whole milliseconds.
#[test]
fn nothing_leaves_through_a_gate_that_is_shut_and_nothing_overtakes_there() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let script = Script::random(&mut rng);
        let pathology = script.pathology();
        let mut instants: Vec<_> =
            (0..200).map(|_| Duration::from_nanos(rng.u64(0..700_000_000))).collect();
        instants.sort_unstable();
        let mut latest = Duration::ZERO;
        for ready in instants {
            let leave = pathology.leave(ready);
            assert!(!script.is_silent(leave.as_millis() as u64), "seed {seed}: {script:?}");
            let held = leave > ready;
            assert_eq!(held, script.is_silent(ready.as_millis() as u64), "seed {seed}: {script:?}");
            assert!(leave >= latest, "seed {seed}: {script:?}");
            latest = leave;
        }
    }
}

#[test]
fn the_truth_of_a_stall_is_what_paper_says() {
    // Of a thousand a second, 110 come in the stall: they take 110 ms, 109 ms, ... 1 ms.
    let truth = ExpectedLatencies::new(&stalled("110ms/1s"), uniform(1000.0, ms(10_000)));
    assert_eq!(truth.latencies().len(), 10_000);
    for (share, latency) in [(0.5, 0), (0.89, 0), (0.9, 10), (0.99, 100), (0.999, 109), (1.0, 110)]
    {
        assert_eq!(truth.percentile(share), Some(ms(latency)), "{share}");
    }
}

#[test]
fn the_truth_of_the_other_scripts_is_what_paper_says() {
    let check = |pathology: Pathology, expected: [(f64, u64); 4]| {
        let truth = ExpectedLatencies::new(&pathology, uniform(1000.0, ms(10_000)));
        for (share, latency) in expected {
            assert_eq!(truth.percentile(share), Some(ms(latency)), "{share} of {pathology:?}");
        }
    };
    let none = Pathology { delay: ms(2), ..Pathology::default() };
    check(
        Pathology { stop: Some("3s/2s".parse().unwrap()), ..none },
        [(0.5, 2), (0.9, 1002), (0.99, 1902), (1.0, 2002)],
    );
    check(
        Pathology { bimodal: Some("5%:50ms".parse().unwrap()), ..none },
        [(0.5, 2), (0.94, 2), (0.96, 52), (1.0, 52)],
    );
    // 5,000 on the line, 40 us apart: the 5,000th of all has nothing more, the last has all of it.
    check(
        Pathology { slow_start: Some("200ms/5s".parse().unwrap()), ..none },
        [(0.5, 2), (0.75, 102), (0.9, 162), (1.0, 202)],
    );
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let arrivals = (0..100).map(ms);
    let slow_start = Some(SlowStart::new(ms(100), ms(100)).unwrap());
    // 100 ms, 99 ms, ... 1 ms.
    let truth = ExpectedLatencies::new(&Pathology { slow_start, ..Pathology::default() }, arrivals);
    for (share, latency) in [(0.0, 1), (0.01, 1), (0.07, 7), (0.29, 29), (0.295, 30), (1.0, 100)] {
        assert_eq!(truth.percentile(share), Some(ms(latency)), "{share}");
    }
    assert_eq!(ExpectedLatencies::new(&Pathology::default(), []).percentile(0.5), None);
}

#[test]
fn uniform_arrivals_are_a_step_apart_and_end_before_the_end() {
    let instants: Vec<_> = uniform(1000.0, ms(3)).collect();
    assert_eq!(instants, [ms(0), ms(1), ms(2)]);
    assert_eq!(uniform(3.0, ms(1001)).last(), Some(ms(1000)));
    assert_eq!(uniform(1000.0, Duration::ZERO).count(), 0);
}

#[track_caller]
fn check_refused<T: std::str::FromStr<Err = PathologyError> + std::fmt::Debug>(
    texts: &[&str],
    reason: &str,
) {
    for text in texts {
        let error = text.parse::<T>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn what_is_no_script_is_told_what_one_looks_like() {
    check_refused::<Stall>(&["", "100ms", "100ms:1s"], "a stall and its period, such as 100ms/1s");
    check_refused::<Stall>(&["2s/1s", "1s/1s", "0s/0s"], "must be shorter than its period");
    check_refused::<Stall>(&["/1s", "1s/", "1s/2s/3s", "a/b"], "invalid duration");
    check_refused::<Stop>(&["3s", "3s 2s"], "such as 3s/2s");
    check_refused::<SlowStart>(&["200ms"], "such as 200ms/5s");
    check_refused::<SlowStart>(&["200ms/0"], "must take some time");
    check_refused::<Bimodal>(&["5%", "5%/50ms"], "such as 5%:50ms");
    check_refused::<Bimodal>(&["105%:50ms", "x:50ms", "-0.1:1s"], "a share between 0 and 1");
    check_refused::<Bimodal>(&["5%:fast"], "invalid duration");
    let text = Stop::new(ms(1), Duration::MAX).unwrap_err().to_string();
    assert!(text.contains("too long"), "{text}");
    assert!(Bimodal::new(f64::NAN, ms(1)).is_err());
}

#[test]
fn the_longest_durations_do_not_overflow() {
    let long = crate::units::LONGEST;
    let pathology = Pathology {
        delay: long,
        slow_start: Some(SlowStart::new(long, long).unwrap()),
        bimodal: Some(Bimodal::new(1.0, long).unwrap()),
        stall: Some(Stall::new(long - ms(1), long).unwrap()),
        stop: Some(Stop::new(long, long).unwrap()),
    };
    assert_eq!(pathology.answer_time(Duration::ZERO, u64::MAX), 4 * long - ms(1));
}
