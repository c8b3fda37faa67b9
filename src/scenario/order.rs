//! In which order the tasks of a user, or of a set of tasks, follow each other.

use super::{Error, Task};

/// In which order tasks follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Order {
    /// Each next one is chosen by weight.
    #[default]
    Weighted,
    /// One after the other as they are declared, and then again, as in Locust's `SequentialTaskSet`.
    Sequential,
    /// Each next one is chosen of those that may follow the last one, by the weights in [`Task::next`], as in
    /// Locust's `MarkovTaskSet`. The first one is the one that is declared first.
    Markov,
}

/// The choice of the next task. It is made once per class or set and shared by its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tasks {
    Weighted(Weights),
    /// So many.
    Sequential(usize),
    /// What may follow each task: the weights, and the tasks that they are of.
    Markov(Vec<(Weights, Vec<usize>)>),
}

/// A weighted choice. It takes one random number and one search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Weights {
    /// The cumulative weights. A random number below the last of them selects each one as often as its weight
    /// says.
    bounds: Vec<u64>,
}

impl Tasks {
    /// Makes the choice between these tasks.
    pub(crate) fn new(tasks: &[Task], order: Order) -> Self {
        match order {
            Order::Weighted => Tasks::Weighted(Weights::new(tasks.iter().map(|task| task.weight))),
            Order::Sequential => Tasks::Sequential(tasks.len()),
            Order::Markov => {
                let position = |name: &str| tasks.iter().position(|task| task.name == name);
                let next = |task: &Task| {
                    let known = || {
                        task.next
                            .iter()
                            .filter_map(|(name, weight)| Some((position(name)?, *weight)))
                    };
                    (
                        Weights::new(known().map(|(_, weight)| weight)),
                        known().map(|(task, _)| task).collect(),
                    )
                };
                Tasks::Markov(tasks.iter().map(next).collect())
            }
        }
    }

    /// Returns the index of the task that follows this one. A single task needs no random number. If all
    /// weights are 0, it is the first task.
    pub(crate) fn pick(&self, last: Option<usize>, rng: &mut fastrand::Rng) -> usize {
        match (self, last) {
            (Tasks::Weighted(weights), _) => weights.pick(rng),
            (_, None) => 0,
            (Tasks::Sequential(tasks), Some(last)) => (last + 1) % tasks.max(&1),
            (Tasks::Markov(next), Some(last)) => match next.get(last) {
                Some((weights, tasks)) => tasks.get(weights.pick(rng)).copied().unwrap_or(0),
                None => 0,
            },
        }
    }

    /// Returns whether the choice depends on the last task.
    pub(crate) fn has_order(&self) -> bool {
        !matches!(self, Tasks::Weighted(_))
    }
}

impl Weights {
    fn new(weights: impl Iterator<Item = u32>) -> Self {
        let bounds = weights.scan(0, |sum, weight| {
            *sum += u64::from(weight);
            Some(*sum)
        });
        Weights { bounds: bounds.collect() }
    }

    fn pick(&self, rng: &mut fastrand::Rng) -> usize {
        match self.bounds.as_slice() {
            [] | [_] | [.., 0] => 0,
            bounds @ [.., total] => {
                let roll = rng.u64(0..*total);
                bounds.partition_point(|bound| *bound <= roll)
            }
        }
    }
}

/// Returns an error if these tasks cannot follow each other in this order.
pub(super) fn validate(tasks: &[Task], order: Order) -> Result<(), Error> {
    for task in tasks {
        match (order, task.next.is_empty()) {
            (Order::Markov, true) => return Err(Error::NoNext(task.name.clone())),
            (Order::Weighted | Order::Sequential, false) => return Err(Error::NextWithoutOrder),
            _ => {}
        }
        for (name, weight) in &task.next {
            if *weight == 0 {
                return Err(Error::TaskWeight);
            }
            match tasks.iter().filter(|task| task.name == *name).count() {
                1 => {}
                0 => return Err(Error::NextTask(name.clone())),
                _ => return Err(Error::NextTaskTwice(name.clone())),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Step;

    /// Picks 100,000 times and compares how often each task came with its weight's share.
    #[track_caller]
    fn check_shares(weights: &[u32]) {
        const PICKS: u32 = 100_000;
        let tasks: Vec<Task> =
            weights.iter().map(|w| Task::from(Step::get("/")).weight(*w)).collect();
        let (tasks, seed) = (Tasks::new(&tasks, Order::Weighted), 11);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut counts = vec![0_u32; weights.len()];
        for _ in 0..PICKS {
            counts[tasks.pick(None, &mut rng)] += 1;
        }
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        for (weight, count) in weights.iter().zip(&counts) {
            let share = f64::from(*weight) / total;
            let got = f64::from(*count) / f64::from(PICKS);
            assert!((got - share).abs() < 0.005, "seed {seed}: {weights:?} gave {counts:?}");
        }
    }

    #[test]
    fn tasks_come_as_often_as_their_weights_say() {
        check_shares(&[1]);
        check_shares(&[3, 2, 1]);
        check_shares(&[1, 1, 1, 1, 1, 1, 1]);
        check_shares(&[1, 1000]);
        check_shares(&[u32::MAX, u32::MAX, u32::MAX]);
    }

    #[test]
    fn a_task_of_weight_zero_never_comes() {
        check_shares(&[0, 1, 0, 1, 0]);
    }

    #[test]
    fn without_tasks_or_weights_the_pick_does_not_panic() {
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(Tasks::new(&[], Order::Weighted).pick(None, &mut rng), 0);
        let idle = [Task::from(Step::get("/")).weight(0), Task::from(Step::get("/")).weight(0)];
        assert_eq!(Tasks::new(&idle, Order::Weighted).pick(None, &mut rng), 0);
    }

    #[test]
    fn the_same_seed_picks_the_same_tasks() {
        let tasks =
            Tasks::new(&[3, 2, 1].map(|w| Task::from(Step::get("/")).weight(w)), Order::Weighted);
        let picks = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            (0..100).map(|_| tasks.pick(None, &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(picks(5), picks(5));
        assert_ne!(picks(5), picks(6));
    }

    fn named(name: &str) -> Task {
        Task::steps(name, vec![Step::get("/")])
    }

    #[test]
    fn a_sequence_begins_anew_at_its_end() {
        let tasks = Tasks::new(&[named("a"), named("b"), named("c")], Order::Sequential);
        let (mut rng, mut last, mut picked) = (fastrand::Rng::with_seed(1), None, Vec::new());
        for _ in 0..5 {
            let task = tasks.pick(last, &mut rng);
            picked.push(task);
            last = Some(task);
        }
        assert_eq!(picked, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn each_task_of_a_chain_leads_to_the_next_by_weight() {
        let tasks = [
            named("a").next("b", 3).next("c", 1),
            named("b").next("a", 1),
            named("c").next("c", 1).next("a", 1),
        ];
        assert_eq!(validate(&tasks, Order::Markov), Ok(()));
        let tasks = Tasks::new(&tasks, Order::Markov);
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(tasks.pick(None, &mut rng), 0);
        let mut counts = [[0_u32; 3]; 3];
        let mut last = 0;
        for _ in 0..60_000 {
            let next = tasks.pick(Some(last), &mut rng);
            counts[last][next] += 1;
            last = next;
        }
        let share = |from: usize, to: usize| {
            f64::from(counts[from][to]) / f64::from(counts[from].iter().sum::<u32>())
        };
        for (from, to, expected) in
            [(0, 1, 0.75), (0, 2, 0.25), (1, 0, 1.0), (2, 2, 0.5), (2, 0, 0.5)]
        {
            assert!((share(from, to) - expected).abs() < 0.02, "{counts:?}");
        }
    }

    #[test]
    fn tasks_that_cannot_follow_each_other_are_refused() {
        let message = |tasks: &[Task], order| validate(tasks, order).unwrap_err().to_string();
        assert_eq!(
            message(&[named("a").next("b", 1)], Order::Markov),
            "there is no task named 'b' beside it, which could follow"
        );
        assert_eq!(
            message(&[named("a").next("a", 1), named("b")], Order::Markov),
            "no task can follow 'b'; give it next = { NAME = WEIGHT }, as the others have"
        );
        assert_eq!(
            message(
                &[named("a").next("b", 1), named("b").next("a", 1), named("b").next("a", 1)],
                Order::Markov
            ),
            "there are two tasks named 'b', so neither can be named as the next; rename one"
        );
        assert_eq!(
            message(&[named("a").next("a", 1)], Order::Sequential),
            "'next' needs order = \"markov\""
        );
    }
}
