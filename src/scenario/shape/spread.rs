//! Which core each user is on.
//!
//! In each round of as many users as there are cores, every core gets one. Classes of users come in an order that
//! repeats, so the cores take another turn in each round; else all users of a class could be on the same core.

/// Returns the number of the user of the run that is this core's at this place: its first one is at place 0.
pub(crate) fn user_number(place: usize, core: usize, cores: usize) -> usize {
    place * cores + rank(place as u64, core, cores)
}

/// Returns how many of the run's first `users` users are on this core. There is at least one core.
///
/// The sum over all cores is `users`, so changes of the run and of its cores agree.
pub(crate) fn share(users: u32, core: usize, cores: usize) -> u32 {
    let of_all = cores as u64;
    let (each, rest) = (u64::from(users) / of_all, u64::from(users) % of_all);
    // No more than all of them.
    (each + u64::from((rank(each, core, cores) as u64) < rest)) as u32
}

/// Returns which user of a round is this core's. The fractions of the multiples of a square root have no period and
/// are even in each arithmetic progression, so a class is even on all cores after whatever the order repeats. Of what
/// was tried (the golden ratio, e, the root of 3, hashes) the root of 2 was best on 2 to 16 cores.
fn rank(round: u64, core: usize, cores: usize) -> usize {
    // Its fraction, times 2 to the power of 64.
    const ROOT_OF_2: u64 = 0x6a09_e667_f3bc_c909;
    let turn = (u128::from(round.wrapping_mul(ROOT_OF_2)) * cores as u128) >> 64;
    (core + turn as usize) % cores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::User;
    use crate::scenario::classes::assign;

    #[test]
    fn each_user_is_on_one_core_and_shares_say_on_how_many() {
        for seed in 0..2000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (users, cores) = (rng.usize(0..500), rng.usize(1..65));
            let own = |core| (0..).map(move |place| user_number(place, core, cores));
            let mut all = Vec::new();
            for core in 0..cores {
                let numbers: Vec<_> = own(core).take_while(|&number| number < users).collect();
                assert_eq!(share(users as u32, core, cores) as usize, numbers.len(), "seed {seed}");
                all.extend(numbers);
            }
            all.sort_unstable();
            assert!(all.into_iter().eq(0..users), "seed {seed}");
        }
    }

    /// With a user on the core at its number modulo the cores, two classes on two cores had a core each.
    #[test]
    fn each_class_is_even_on_all_cores() {
        for weights in
            [&[1.0, 1.0][..], &[3.0, 1.0], &[1.0; 4], &[1.0, 2.0, 3.0], &[7.0, 1.0], &[1.0; 8]]
        {
            let of_weight =
                |(at, &weight): (usize, &f64)| User::new(format!("{at}")).weight(weight);
            let users: Vec<User> = weights.iter().enumerate().map(of_weight).collect();
            for cores in [1, 2, 3, 4, 7, 8, 16] {
                let classes = assign(&users, 960);
                for class in 0..weights.len() {
                    let count = |core| {
                        let numbers = (0..960 / cores).map(|place| user_number(place, core, cores));
                        numbers.filter(|&number| usize::from(classes[number]) == class).count()
                    };
                    let all: usize = (0..cores).map(count).sum();
                    for core in 0..cores {
                        let beyond = count(core).abs_diff(all / cores);
                        assert!(
                            beyond <= 8,
                            "{weights:?} {class}: {beyond} on core {core} of {cores}"
                        );
                    }
                }
            }
        }
    }
}
