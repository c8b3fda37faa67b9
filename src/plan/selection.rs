//! Which classes and tasks of a scenario a run is of: those that are picked and tagged so.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Error, Options};
use crate::nearest::hint;
use crate::scenario::{LoadShape, Scenario, Share, TagSelection, User};

/// A class of users that is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SelectedClass {
    /// The class's name.
    pub name: String,
    /// Its weight, in place of its own weight or count; without one it keeps these.
    pub weight: Option<f64>,
}

impl SelectedClass {
    /// The class of this name, with its own weight or count.
    pub fn new(name: impl Into<String>) -> Self {
        SelectedClass { name: name.into(), weight: None }
    }
}

/// As `--user-classes` takes it: `Browser`, `Browser=3`.
impl fmt::Display for SelectedClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.weight.map_or(Ok(()), |weight| write!(f, "={weight}"))
    }
}

/// Leaves of a valid scenario what the options ask for, which is valid, too. Returns the names of
/// classes that went because no task of theirs is tagged as it must be.
pub(super) fn select(scenario: &mut Scenario, options: &Options) -> Result<Vec<String>, Error> {
    let Options { classes, tags, exclude_tags, .. } = options;
    if classes.is_none() && tags.is_empty() && exclude_tags.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<String> = scenario.tags().into_iter().map(Into::into).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    // An unknown one to exclude would run what must not be run.
    if let Some(tag) = tags.iter().chain(exclude_tags).find(|tag| !known.contains(&tag.as_str())) {
        return Err(Error::UnknownTag { tag: tag.clone(), hint: hint(tag, &known, "there are") });
    }
    if let Some(classes) = classes {
        pick(scenario, classes)?;
    }
    let selection = TagSelection { tags, exclude_tags };
    for user in &mut scenario.users {
        user.tasks.retain_mut(|task| task.select(&selection));
    }
    let is_idle = |user: &mut User| user.tasks.is_empty();
    let idle = scenario.users.extract_if(.., is_idle).map(|user| user.name).collect();
    if scenario.users.is_empty() {
        return Err(Error::NothingTagged(known.join(", ")));
    }
    keep_to_mixes(scenario)?;
    scenario.validate()?;
    Ok(idle)
}

/// Leaves the picked classes, in the scenario's order.
fn pick(scenario: &mut Scenario, classes: &[SelectedClass]) -> Result<(), Error> {
    let names: Vec<&str> = scenario.users.iter().map(|user| &*user.name).collect();
    if classes.is_empty() {
        return Err(Error::NothingPicked(names.join(", ")));
    }
    let known: HashSet<&str> = names.iter().copied().collect();
    let mut weights = HashMap::new();
    for SelectedClass { name, weight } in classes {
        if !known.contains(name.as_str()) {
            let hint = hint(name, &names, "there are");
            return Err(Error::UnknownClass { name: name.clone(), hint });
        }
        if weights.insert(name.as_str(), *weight).is_some() {
            return Err(Error::PickedTwice(name.clone()));
        }
    }
    scenario.users.retain_mut(|user| {
        let Some(weight) = weights.get(user.name.as_str()) else { return false };
        user.share = weight.map_or(user.share, Share::Weight);
        true
    });
    Ok(())
}

/// Takes classes that are gone out of the mixes of stages.
fn keep_to_mixes(scenario: &mut Scenario) -> Result<(), Error> {
    let Some(LoadShape::Stages(stages)) = &mut scenario.load.shape else { return Ok(()) };
    let left: HashSet<&str> = scenario.users.iter().map(|user| &*user.name).collect();
    let is_left = |name: &str| left.contains(name);
    for mix in stages.iter_mut().filter_map(|stage| stage.mix.as_mut()) {
        let names: Vec<&str> = mix.iter().map(|(name, _)| name.as_str()).collect();
        if !names.iter().copied().any(is_left) {
            return Err(Error::MixGone(names.join(", ")));
        }
        mix.retain(|(name, _)| is_left(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::{Stage, Step, Task, TaskPart};

    /// Reads: A (list, look) and B (look); writes: A (buy).
    fn shop() -> Scenario {
        let task = |name: &str, tags: &[&str]| {
            Task::steps(name, vec![Step::get("/")]).tags(tags.iter().copied())
        };
        let a = User::new("A").weight(3.0).task(task("list", &["read", "slow"]));
        let a = a.task(task("look", &["read"])).task(task("buy", &["write"]));
        let a = a.task(task("idle", &[])).on_start_steps(vec![Step::get("/login")]);
        let b = User::new("B").fixed_count(2).task(task("look", &["read"]));
        Scenario::new("http://127.0.0.1:1").user(a).user(b)
    }

    fn words(words: &str) -> Vec<String> {
        words.split_whitespace().map(Into::into).collect()
    }

    fn tags(tags: &str, exclude_tags: &str) -> Options {
        let (tags, exclude_tags) = (words(tags), words(exclude_tags));
        Options { tags, exclude_tags, ..Options::default() }
    }

    fn picks(classes: &[(&str, Option<f64>)]) -> Options {
        let picked = |(name, weight): &(&str, _)| SelectedClass {
            weight: *weight,
            ..SelectedClass::new(*name)
        };
        Options { classes: Some(classes.iter().map(picked).collect()), ..Options::default() }
    }

    /// What is left, such as `A: list look; B: look`, and the classes that went for want of tasks.
    fn left(options: &Options) -> Result<(String, String), String> {
        let mut scenario = shop();
        let idle = select(&mut scenario, options).map_err(|error| error.to_string())?;
        let users = scenario.users.iter().map(|user| {
            let tasks: Vec<&str> = user.tasks.iter().map(|task| &*task.name).collect();
            format!("{}: {}", user.name, tasks.join(" "))
        });
        Ok((users.collect::<Vec<_>>().join("; "), idle.join(" ")))
    }

    #[test]
    fn a_task_is_left_that_has_one_of_the_tags_and_none_of_the_excluded() {
        for (include, exclude, expected, idle) in [
            ("", "", "A: list look buy idle; B: look", ""),
            ("read", "", "A: list look; B: look", ""),
            ("slow write", "", "A: list buy", "B"),
            ("", "read", "A: buy idle", "B"),
            ("read", "slow", "A: look; B: look", ""),
            ("read write", "write", "A: list look; B: look", ""),
        ] {
            let got = left(&tags(include, exclude));
            assert_eq!(got, Ok((expected.into(), idle.into())), "{include} - {exclude}");
        }
    }

    /// As `filter_tasks_by_tags` of Locust 2.47.0 leaves task sets.
    #[test]
    fn a_set_of_tasks_is_left_that_has_a_task_which_is() {
        let words = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
        let part = |name: &str, tags: &[&str]| {
            let mut part = TaskPart::new(name, 1);
            part.tags = words(tags);
            part
        };
        let mut inner = part("inner", &[]);
        inner.parts = vec![part("b", &["b"])];
        let set = Task::steps("set", vec![Step::get("/")]).of_parts(vec![
            part("a", &["a", "slow"]),
            inner,
            part("none", &[]),
        ]);
        assert_eq!(set.tags, ["a", "slow", "b"]);
        let left = |tags: &[&str], exclude: &[&str]| {
            let (tags, exclude_tags) = (words(tags), words(exclude));
            let mut set = set.clone();
            set.select(&TagSelection { tags: &tags, exclude_tags: &exclude_tags })
                .then(|| set.parts.iter().map(|part| &*part.name).collect::<Vec<_>>().join(" "))
        };
        let some = |names: &str| Some(names.to_owned());
        assert_eq!(left(&[], &[]), some("a inner none"));
        assert_eq!((left(&["b"], &[]), left(&[], &["a", "b"])), (some("inner"), some("none")));
        assert_eq!((left(&["a"], &["slow"]), left(&["c"], &[])), (None, None));
        assert_eq!(left(&["a"], &["b"]), some("a"));
    }

    #[test]
    fn what_begins_a_users_life_has_no_tags() {
        let mut scenario = shop();
        select(&mut scenario, &tags("write", "")).unwrap();
        assert_eq!(scenario.users[0].on_start, shop().users[0].on_start);
    }

    #[test]
    fn tags_that_no_task_has_and_those_that_leave_none_are_refused() {
        for (include, exclude, expected) in [
            ("raed", "", "no task has the tag 'raed', did you mean 'read'?"),
            ("read", "all", "no task has the tag 'all'; there are read, slow, write"),
            ("slow", "read", "the tags leave no task to run; there are read, slow, write"),
        ] {
            assert_eq!(left(&tags(include, exclude)), Err(expected.into()));
        }
        let mut untagged = Scenario::default().user(User::new("u").task(Step::get("/")));
        let error = select(&mut untagged, &tags("x", "")).unwrap_err().to_string();
        assert_eq!(error, "no task has the tag 'x'");
    }

    #[test]
    fn picked_classes_keep_their_shares_unless_they_get_a_weight() {
        let shares = |options| {
            let mut scenario = shop();
            select(&mut scenario, &options).unwrap();
            scenario.users.into_iter().map(|user| (user.name, user.share)).collect::<Vec<_>>()
        };
        let (a, b) = (|share| ("A".to_owned(), share), |share| ("B".to_owned(), share));
        assert_eq!(shares(picks(&[("B", None)])), [b(Share::Fixed(2))]);
        assert_eq!(shares(picks(&[("B", Some(1.5))])), [b(Share::Weight(1.5))]);
        let both = [a(Share::Weight(3.0)), b(Share::Weight(2.0))];
        assert_eq!(shares(picks(&[("B", Some(2.0)), ("A", None)])), both);
    }

    #[test]
    fn classes_that_cannot_be_picked_are_refused() {
        for (classes, expected) in [
            (&[("C", None)][..], "there is no class of users named 'C', did you mean 'A'?"),
            (&[("Admin", None)], "there is no class of users named 'Admin'; there are A, B"),
            (&[("A", None), ("A", Some(1.0))], "the class of users 'A' is picked twice"),
            (&[], "no class of users is picked; there are A, B"),
            (&[("A", Some(f64::NAN))], "user 'A': weight must be a number above 0, not NaN"),
            (
                &[("A", Some(0.0))],
                "there are no users with weight > 0; give one class a weight or a count",
            ),
        ] {
            assert_eq!(left(&picks(classes)), Err(expected.into()));
        }
    }

    #[test]
    fn tags_are_of_the_picked_classes() {
        let options = Options { tags: words("write"), ..picks(&[("B", None)]) };
        let expected = "the tags leave no task to run; there are read, slow, write";
        assert_eq!(left(&options), Err(expected.into()));
    }

    #[test]
    fn mixes_lose_the_classes_that_are_gone() {
        let staged = |mixes: [&[(&str, f64)]; 2]| {
            let stages = mixes
                .map(|mix| Stage::new(Duration::from_secs(1), 1, 1.0).mix(mix.iter().copied()));
            shop().shape(LoadShape::stages(stages))
        };
        let mut scenario = staged([&[("A", 1.0), ("B", 2.0)], &[("A", 3.0)]]);
        select(&mut scenario, &picks(&[("A", None)])).unwrap();
        let shape = scenario.load.shape.unwrap();
        assert_eq!(shape.mixes()[1..], [&[("A".into(), 1.0)], &[("A".to_owned(), 3.0)]]);

        let mut scenario = staged([&[("A", 1.0), ("B", 2.0)], &[("A", 3.0)]]);
        let error = select(&mut scenario, &picks(&[("B", None)])).unwrap_err().to_string();
        assert_eq!(error, "a stage's mix is of classes that do not run: A; pick one of them, too");
    }
}
