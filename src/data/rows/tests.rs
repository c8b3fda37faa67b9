use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::data::samples::{contents, numbers, table};

fn rng(seed: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed)
}

fn rows(count: usize, pick: Pick, at_end: AtEnd, cores: usize) -> Arc<Rows> {
    rows_of("numbers", count, pick, at_end, cores, 1)
}

fn rows_of(
    name: &str,
    count: usize,
    pick: Pick,
    at_end: AtEnd,
    cores: usize,
    seed: u64,
) -> Arc<Rows> {
    let source = Source::new(name, "numbers.csv").pick(pick).at_end(at_end);
    Rows::new(Arc::new(numbers(count)), &source, cores, seed)
}

/// Takes rows for iterations and gives each back at once.
fn indices(core: &Rc<CoreRows>, count: usize) -> Vec<usize> {
    let mut rng = rng(0);
    (0..count).map(|_| core.take_for_iteration(&mut rng).unwrap().index()).collect()
}

#[test]
fn a_row_has_the_cells_of_its_index() {
    for pick in Pick::ALL {
        let core = rows(100, pick, AtEnd::Recycle, 1).of_core();
        for seed in 0..200 {
            let taken = core.take_for_iteration(&mut rng(seed)).unwrap();
            let cells: Vec<_> = taken.row().cells().collect();
            assert!(cells == [crate::data::Cell::Text(&taken.index().to_string())], "{pick:?}");
        }
    }
}

#[test]
fn one_user_on_one_of_two_cores_has_all_rows_in_order() {
    for at_end in AtEnd::ALL {
        let rows = rows(1000, Pick::InOrder, at_end, 2);
        let (core, _idle) = (rows.of_core(), rows.of_core());
        assert!(indices(&core, 1000).into_iter().eq(0..1000));
        let next = core.take_for_iteration(&mut rng(0)).map(|taken| taken.index());
        match at_end {
            AtEnd::Recycle => assert_eq!(next, Ok(0)),
            AtEnd::StopUser => assert_eq!(next, Err(Ended::StopUser)),
            AtEnd::Fail => assert!(matches!(next, Err(Ended::Fail(_)))),
        }
    }
}

#[test]
fn few_users_on_two_cores_have_the_first_rows() {
    let rows = rows(1000, Pick::InOrder, AtEnd::Recycle, 2);
    let cores = [rows.of_core(), rows.of_core()];
    for turn in 0..32 {
        assert_eq!(indices(&cores[turn % 2], 1), [turn]);
    }
}

/// However many have gone before: the rows of lives are not in portions.
#[test]
fn users_have_rows_in_the_order_of_their_starts() {
    for pick in [Pick::InOrder, Pick::Unique] {
        for at_end in AtEnd::ALL {
            let rows = rows(5000, pick, at_end, 3);
            let cores = [rows.of_core(), rows.of_core(), rows.of_core()];
            for user in 0..5000 {
                let core = &cores[rng(user).usize(0..3)];
                let taken = core.take_for_life(&mut rng(user)).unwrap();
                assert_eq!(taken.index() as u64, user, "{pick:?} {at_end:?}");
            }
        }
    }
}

#[test]
fn rows_in_turn_are_given_once_before_the_end_and_equally_often_without() {
    for seed in 0..200 {
        let mut rng = rng(seed);
        let (count, cores) = (rng.usize(1..500), rng.usize(1..6));
        for pick in [Pick::InOrder, Pick::Shuffled, Pick::Unique] {
            let rows = rows(count, pick, AtEnd::StopUser, cores);
            let mut left: Vec<_> = (0..cores).map(|_| rows.of_core()).collect();
            let mut given = BTreeSet::new();
            while !left.is_empty() {
                let at = rng.usize(0..left.len());
                let is_life = rng.u8(0..5) == 0;
                let core = &left[at];
                let taken = match is_life {
                    true => core.take_for_life(&mut rng),
                    false => core.take_for_iteration(&mut rng),
                };
                match taken {
                    Ok(taken) => assert!(given.insert(taken.index()), "seed {seed}: {pick:?}"),
                    Err(ended) => {
                        assert_eq!(ended, Ended::StopUser);
                        left.swap_remove(at);
                    }
                }
            }
            assert!(given.into_iter().eq(0..count), "seed {seed}: {pick:?}");
        }
        for pick in [Pick::InOrder, Pick::Shuffled] {
            let rows = rows(count, pick, AtEnd::Recycle, cores);
            let cores: Vec<_> = (0..cores).map(|_| rows.of_core()).collect();
            let mut times = vec![0_usize; count];
            for _ in 0..20 * count {
                let taken = cores[rng.usize(0..cores.len())].take_for_iteration(&mut rng).unwrap();
                times[taken.index()] += 1;
            }
            // What cores have fetched and not given is missing.
            let kept = 64 * cores.len() / count + 2;
            let range = 20_usize.saturating_sub(kept)..=20 + kept;
            assert!(times.iter().all(|times| range.contains(times)), "seed {seed}: {times:?}");
        }
    }
}

#[test]
fn one_shuffled_order_is_given_in_turn() {
    let order = |name, seed| {
        let rows = rows_of(name, 200, Pick::Shuffled, AtEnd::Recycle, 2, seed);
        indices(&rows.of_core(), 400)
    };
    let first = order("a", 1);
    assert_eq!(first[..200], first[200..]);
    assert_eq!(first[..200].iter().collect::<HashSet<_>>().len(), 200);
    assert!(!first[..200].is_sorted());
    assert_eq!(first, order("a", 1));
    assert_ne!(first, order("a", 2));
    assert_ne!(first, order("b", 1));
}

/// All orders of three rows come equally often.
#[test]
fn shuffled_orders_are_fair() {
    let mut times = std::collections::BTreeMap::<_, u32>::new();
    for seed in 0..6000 {
        *times.entry(shuffled(3, seed)).or_default() += 1;
    }
    assert_eq!(times.len(), 6);
    assert!(times.values().all(|times| (850..1150).contains(times)), "{times:?}");
}

#[test]
fn random_rows_come_from_the_users_own_numbers() {
    for at_end in AtEnd::ALL {
        let core = rows(10, Pick::Random, at_end, 2).of_core();
        let take = |seed| {
            let mut rng = rng(seed);
            let taken = (0..1000).map(|_| core.take_for_iteration(&mut rng).unwrap().index());
            taken.collect::<Vec<_>>()
        };
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
        for row in 0..10 {
            let times = take(3).into_iter().filter(|&index| index == row).count();
            assert!((60..140).contains(&times), "{row}: {times}");
        }
    }
}

#[test]
fn unique_rows_are_given_again_when_their_users_have_gone() {
    let rows = rows(3, Pick::Unique, AtEnd::Recycle, 2);
    let cores = [rows.of_core(), rows.of_core()];
    let take = |core: usize| cores[core].take_for_life(&mut rng(0));
    let (a, b, c) = (take(0).unwrap(), take(1).unwrap(), take(0).unwrap());
    assert_eq!([a.index(), b.index(), c.index()], [0, 1, 2]);
    let sentence =
        "all 3 rows of numbers.csv are in use by other users; add rows, or run fewer users";
    for core in 0..2 {
        assert_eq!(take(core).unwrap_err().to_string(), sentence);
    }
    drop(b);
    assert_eq!(take(0).unwrap().index(), 1);
    assert_eq!(take(1).unwrap().index(), 1);
    drop((a, c));
    assert_eq!(take(1).unwrap().index(), 2);
    assert_eq!(take(0).unwrap().index(), 0);
}

#[test]
fn sentences_say_which_rows_have_ended() {
    let sentence = |count, pick, at_end| {
        let core = rows(count, pick, at_end, 1).of_core();
        let _all: Vec<_> = (0..count).map(|_| core.take_for_life(&mut rng(0)).unwrap()).collect();
        core.take_for_life(&mut rng(0)).unwrap_err().to_string()
    };
    let again = "add rows, or have them given again by at_end = \"recycle\"";
    for pick in [Pick::Unique, Pick::InOrder, Pick::Shuffled] {
        let expected = format!("all 1,000 rows of numbers.csv have been given; {again}");
        assert_eq!(sentence(1000, pick, AtEnd::Fail), expected);
        let expected = format!("the only row of numbers.csv has been given; {again}");
        assert_eq!(sentence(1, pick, AtEnd::Fail), expected);
    }
    let expected =
        "the only row of numbers.csv is in use by other users; add rows, or run fewer users";
    assert_eq!(sentence(1, Pick::Unique, AtEnd::Recycle), expected);
}

/// Threads as cores, whose users come and go for life or an iteration. There are as many rows as users, so each finds
/// one, and no two have the same.
#[test]
fn unique_rows_are_unique_over_threads() {
    const CORES: usize = 4;
    for (users, seed) in [(1, 0), (7, 1), (32, 2)] {
        let rows = rows(CORES * users, Pick::Unique, AtEnd::Recycle, CORES);
        let has: Vec<_> = (0..CORES * users).map(|_| AtomicBool::new(false)).collect();
        let lives = AtomicUsize::new(0);
        let work = |core: usize| {
            let own = rows.of_core();
            let mut rng = rng(100 * seed + core as u64);
            let mut living: Vec<Taken> = Vec::new();
            for _ in 0..20_000 {
                if living.len() < users && rng.bool() {
                    let taken = match rng.bool() {
                        true => own.take_for_life(&mut rng),
                        false => own.take_for_iteration(&mut rng),
                    };
                    let taken = taken.expect("there is a row for each user");
                    let had = has[taken.index()].swap(true, Ordering::SeqCst);
                    assert!(!had, "two users have row {}", taken.index());
                    living.push(taken);
                    lives.fetch_add(1, Ordering::Relaxed);
                } else if !living.is_empty() {
                    let taken = living.swap_remove(rng.usize(0..living.len()));
                    has[taken.index()].store(false, Ordering::SeqCst);
                }
            }
            living.iter().for_each(|taken| has[taken.index()].store(false, Ordering::SeqCst));
        };
        thread::scope(|scope| {
            for core in 0..CORES {
                let work = &work;
                scope.spawn(move || work(core));
            }
        });
        assert!(lives.into_inner() > 10_000 * CORES / 2);
        // All have been given back.
        let core = rows.of_core();
        let all: Vec<_> = std::iter::from_fn(|| core.take_for_life(&mut rng(0)).ok()).collect();
        assert_eq!(all.len(), CORES * users);
    }
}

/// More users than rows: some fail, and what is taken is unique all the same.
#[test]
fn rows_that_are_too_few_stay_unique_over_threads() {
    let rows = rows(10, Pick::Unique, AtEnd::Recycle, 4);
    let has: Vec<_> = (0..10).map(|_| AtomicBool::new(false)).collect();
    let failed = AtomicUsize::new(0);
    let work = || {
        let core = rows.of_core();
        let mut rng = rng(1);
        for _ in 0..5_000 {
            let taken: Vec<_> = (0..rng.usize(1..8))
                .filter_map(|_| match core.take_for_life(&mut rng) {
                    Ok(taken) => Some(taken),
                    Err(ended) => {
                        assert!(ended.to_string().starts_with("all 10 rows"), "{ended}");
                        failed.fetch_add(1, Ordering::Relaxed);
                        None
                    }
                })
                .collect();
            for taken in &taken {
                assert!(!has[taken.index()].swap(true, Ordering::SeqCst));
            }
            if rng.u8(0..8) == 0 {
                thread::yield_now();
            }
            for taken in taken {
                has[taken.index()].store(false, Ordering::SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let core = rows.of_core();
    let all: Vec<_> = std::iter::from_fn(|| core.take_for_life(&mut rng(0)).ok()).collect();
    assert_eq!(all.len(), 10);
}

/// What a waiting user keeps.
#[test]
fn a_row_in_a_users_hands_is_small() {
    assert_eq!(size_of::<Option<Taken>>(), 16);
}

#[test]
fn tables_and_rows_do_not_print_cells() {
    let secrets = table("secrets.csv", "name,password\nann,hunter2").unwrap();
    assert_eq!(contents(&secrets), [["ann", "hunter2"]]);
    let printed = format!("{secrets:?}");
    assert_eq!(
        printed,
        "Table { file: \"secrets.csv\", columns: [\"name\", \"password\"], rows: 1 }"
    );
    let rows = Rows::new(Arc::new(secrets), &Source::new("secrets", "secrets.csv"), 1, 1);
    assert_eq!(rows.table.columns(), ["name", "password"]);
    let taken = rows.of_core().take_for_life(&mut rng(0)).unwrap();
    assert_eq!(format!("{taken:?}"), "Taken { index: 0, .. }");
}
