//! Decides the user class of user number *i*, by Locust's deterministic rule.
//!
//! Classes with a fixed count come first, then the weighted ones. Within each group the next user is of
//! the class that brings the shares nearest to the weights. The priority of a class of weight `w` that
//! has `n` users already is
//!
//! ```text
//! k = w * log2((w + n) / (w + n + 1))
//! ```
//!
//! and the class with the smallest `k` is next; ties go to the smaller `w + n`, then the smaller `w`,
//! then the name. So the order does not depend on the order of declaration, and the first users of a
//! larger run are exactly those of a smaller one: a ramp up only adds users, a ramp down only removes
//! them.

use std::cmp::{Ordering, Reverse};
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, HashMap};

use super::{Share, User};

/// Returns the classes of the run's first `count` users, each as an index into `users`.
///
/// There are fewer than `count` if only classes with a fixed count are left and all counts are reached.
pub(crate) fn assign(users: &[User], count: usize) -> Vec<u16> {
    Classes::new(users).take(count).collect()
}

/// Iterates over the classes of the run's users, as indexes into the given classes; without end if a
/// class has a weight.
///
/// It uses heaps, because the priority of a class depends only on the class itself: the cost per user
/// is the logarithm of the number of classes.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    /// Classes whose count is not reached. In both heaps the next class is on top.
    fixed: BinaryHeap<Reverse<Candidate>>,
    weighted: BinaryHeap<Reverse<Candidate>>,
}

/// One class that may be next.
#[derive(Debug, Clone)]
struct Candidate {
    class: u16,
    /// Its index among all classes sorted by name.
    place: u16,
    weight: f64,
    emitted: u32,
    /// Stored, because computing a logarithm per class and user would be the main cost.
    priority: f64,
}

impl Classes {
    /// Makes the order of these classes. Classes of weight or count 0 never come.
    pub(crate) fn new(users: &[User]) -> Self {
        // `zip` advances the numbers second, so they never go beyond the last `u16`.
        let mut by_name: Vec<(&User, u16)> = users.iter().zip(0..).collect();
        by_name.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let mut classes = Classes { fixed: BinaryHeap::new(), weighted: BinaryHeap::new() };
        for ((user, class), place) in by_name.into_iter().zip(0..) {
            let candidate = |weight| Reverse(Candidate::new(class, place, weight));
            match user.share {
                Share::Fixed(0) => {}
                Share::Fixed(count) => classes.fixed.push(candidate(f64::from(count))),
                Share::Weight(weight) if weight > 0.0 => {
                    classes.weighted.push(candidate(weight));
                }
                Share::Weight(_) => {}
            }
        }
        classes
    }

    /// Makes the order of users of these classes only.
    pub(crate) fn picked(users: &[User], names: &[String]) -> Self {
        let picked = users.iter().map(|user| {
            let is_picked = names.contains(&user.name);
            let share = if is_picked { user.share } else { Share::Weight(0.0) };
            User { share, ..User::new(&*user.name) }
        });
        Classes::new(&picked.collect::<Vec<_>>())
    }

    /// Makes the order of users that are added with this mix, which replaces weights and counts of the
    /// classes. An empty mix gives the order of [`Classes::new`].
    ///
    /// The class of a user thus depends only on its number and its mix, and is the same on every core.
    pub(crate) fn of_mix(users: &[User], mix: &[(String, f64)]) -> Self {
        if mix.is_empty() {
            return Classes::new(users);
        }
        let weights: HashMap<&str, f64> =
            mix.iter().map(|(name, weight)| (name.as_str(), *weight)).collect();
        let mixed = users.iter().map(|user| {
            let weight = weights.get(user.name.as_str()).copied().unwrap_or_default();
            User::new(&*user.name).weight(weight)
        });
        Classes::new(&mixed.collect::<Vec<_>>())
    }
}

impl Iterator for Classes {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(mut next) = self.fixed.peek_mut() {
            let class = next.0.emit();
            if f64::from(next.0.emitted) >= next.0.weight {
                PeekMut::pop(next);
            }
            return Some(class);
        }
        // The heap restores its order when the reference is dropped.
        Some(self.weighted.peek_mut()?.0.emit())
    }
}

/// The smallest priority is next.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let level = self.level().total_cmp(&other.level());
        let by_level = level.then_with(|| self.weight.total_cmp(&other.weight));
        let by_priority = self.priority.total_cmp(&other.priority);
        by_priority.then(by_level).then_with(|| self.place.cmp(&other.place))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

impl Candidate {
    fn new(class: u16, place: u16, weight: f64) -> Self {
        let mut candidate = Candidate { class, place, weight, emitted: 0, priority: 0.0 };
        candidate.prioritise();
        candidate
    }

    fn emit(&mut self) -> u16 {
        self.emitted += 1;
        self.prioritise();
        self.class
    }

    fn prioritise(&mut self) {
        let level = self.level();
        // Adding 0.0 turns a negative zero, which comes from rounding, into a positive one.
        self.priority = self.weight * (level / (level + 1.0)).log2() + 0.0;
    }

    fn level(&self) -> f64 {
        self.weight + f64::from(self.emitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(classes: &[(&str, f64)]) -> Vec<User> {
        classes.iter().map(|(name, weight)| User::new(*name).weight(*weight)).collect()
    }

    fn names(users: &[User], count: usize) -> String {
        let names: Vec<&str> =
            assign(users, count).iter().map(|i| users[usize::from(*i)].name.as_str()).collect();
        names.join(" ")
    }

    /// The first users of these classes, as many as the expected text has.
    #[track_caller]
    fn check(users: &[User], expected: &str) {
        assert_eq!(names(users, expected.split(' ').count()), expected);
    }

    #[test]
    fn weighted_classes_come_in_locusts_order() {
        check(&weighted(&[("A", 5.0), ("B", 1.0)]), "A A B A A A A A B A A A");
        check(&weighted(&[("A", 3.0), ("B", 1.0)]), "A B A A A B A A A B");
        check(&weighted(&[("A", 1.0), ("B", 1.0)]), "A B A B");
        check(&weighted(&[("A", 2.0), ("B", 1.0), ("C", 1.0)]), "A B C A A B C A");
        check(&weighted(&[("A", 1.0), ("B", 2.0), ("C", 3.0)]), "C B A C B C C B A C B C");
        check(&weighted(&[("A", 20.0), ("B", 25.0)]), "B A B A B A B A B B");
    }

    #[test]
    fn the_order_of_declaration_does_not_matter() {
        check(&weighted(&[("C", 3.0), ("A", 1.0), ("B", 2.0)]), "C B A C B C C B A C B C");
        let users = weighted(&[("B", 1.0), ("A", 1.0)]);
        assert_eq!(assign(&users, 4), [1, 0, 1, 0]);
    }

    #[test]
    fn fixed_counts_come_first_and_exactly() {
        let mut users = weighted(&[("A", 3.0), ("B", 1.0)]);
        users.push(User::new("Z").fixed_count(2));
        check(&users, "Z Z A B A A A B");
        users.push(User::new("Y").fixed_count(1));
        check(&users, "Z Y Z A B A A A B");
    }

    #[test]
    fn fixed_counts_are_interleaved_as_weights_are_until_each_is_reached() {
        let users = [User::new("A").fixed_count(5), User::new("B").fixed_count(1)];
        check(&users, "A A B A A A");
        assert_eq!(assign(&users, 100).len(), 6);
    }

    #[test]
    fn classes_of_weight_or_count_zero_never_come() {
        let mut users = weighted(&[("A", 0.0), ("B", 1.0)]);
        users.push(User::new("C").fixed_count(0));
        check(&users, "B B B");
        assert!(assign(&users[..1], 3).is_empty());
        assert!(assign(&[], 3).is_empty());
    }

    #[test]
    fn a_mix_takes_the_place_of_weights_and_counts() {
        let users = [User::new("A").weight(9.0), User::new("B").fixed_count(1), User::new("C")];
        let mix = |mix: &[(&str, f64)]| {
            let mix: Vec<_> = mix.iter().map(|(name, weight)| ((*name).into(), *weight)).collect();
            Classes::of_mix(&users, &mix).take(6).collect::<Vec<u16>>()
        };
        assert_eq!(mix(&[("B", 2.0), ("C", 1.0)]), [1, 2, 1, 1, 2, 1]);
        assert_eq!(mix(&[("C", 5.0)]), [2; 6]);
        assert_eq!(mix(&[]), assign(&users, 6));
    }

    /// The rule word for word: all classes are looked at for each user.
    fn by_looking_at_all(users: &[User], count: usize) -> Vec<u16> {
        let mut by_name: Vec<u16> = (0..users.len() as u16).collect();
        by_name.sort_by_key(|&class| &users[usize::from(class)].name);
        let mut emitted = vec![0_u32; users.len()];
        let key = |class: u16, emitted: u32| {
            let (weight, fixed) = match users[usize::from(class)].share {
                Share::Weight(weight) => (weight, false),
                Share::Fixed(count) => (f64::from(count), true),
            };
            let level = weight + f64::from(emitted);
            let is_left = weight > 0.0 && (!fixed || f64::from(emitted) < weight);
            is_left.then(|| (!fixed, weight * (level / (level + 1.0)).log2(), level, weight))
        };
        let next = |_| {
            let left = by_name
                .iter()
                .filter_map(|&class| Some((key(class, emitted[usize::from(class)])?, class)));
            let (_, class) =
                left.reduce(|best, other| if other.0 < best.0 { other } else { best })?;
            emitted[usize::from(class)] += 1;
            Some(class)
        };
        (0..count).map_while(next).collect()
    }

    #[test]
    fn the_order_is_that_of_looking_at_all_classes_for_each_user() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            // Few different weights make ties, and the smallest underflow.
            let weights = [0.0, 5e-324, 1e-9, 0.5, 1.0, 1.0, 2.0, 3.0, 1e9];
            let mut users: Vec<User> = (0..rng.usize(1..40))
                .map(|i| {
                    let user = User::new(format!("u{i}"));
                    match rng.usize(0..12) {
                        choice @ 0..9 => user.weight(weights[choice]),
                        9 => user.weight(rng.f64() * 10.0),
                        _ => user.fixed_count(rng.u32(0..6)),
                    }
                })
                .collect();
            rng.shuffle(&mut users);
            assert_eq!(assign(&users, 300), by_looking_at_all(&users, 300), "seed {seed}");
        }
    }

    #[test]
    fn as_many_classes_as_there_may_be_take_a_user_each() {
        let users: Vec<User> = (0..u16::MAX).map(|i| User::new(format!("u{i:05}"))).collect();
        let everyone: Vec<u16> = (0..u16::MAX).collect();
        assert_eq!(assign(&users, users.len()), everyone);
        let mix: Vec<_> = users.iter().map(|user| (user.name.clone(), 1.0)).collect();
        let mixed: Vec<u16> = Classes::of_mix(&users, &mix).take(users.len()).collect();
        assert_eq!(mixed, everyone);
    }

    #[test]
    fn a_smaller_run_is_the_beginning_of_a_larger_one_and_shares_follow_weights() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut users: Vec<User> = (0..rng.usize(1..6))
                .map(|i| User::new(format!("u{i}")).weight(f64::from(rng.u32(1..100)) / 4.0))
                .collect();
            users.push(User::new("fixed").fixed_count(rng.u32(0..20)));
            rng.shuffle(&mut users);
            let all = assign(&users, 1000);
            let count = rng.usize(0..1000);
            assert_eq!(assign(&users, count), all[..count], "seed {seed}");

            let share = |user: &User| match user.share {
                Share::Weight(weight) => weight,
                Share::Fixed(_) => 0.0,
            };
            let fixed = all.iter().filter(|i| share(&users[usize::from(**i)]) == 0.0).count();
            let total: f64 = users.iter().map(share).sum();
            for (i, user) in users.iter().enumerate().filter(|(_, user)| share(user) > 0.0) {
                let got = all.iter().filter(|class| usize::from(**class) == i).count() as f64;
                let want = share(user) / total * (1000 - fixed) as f64;
                assert!((got - want).abs() <= 2.0, "seed {seed}: {} {got} {want}", user.name);
            }
        }
    }
}
