//! Checks whether a load shape can be run.

use std::collections::HashSet;

use super::course::steps;
use super::{LoadShape, Mix, Stage};
use crate::scenario::{Error, User, validate};

impl LoadShape {
    /// Returns an error if the shape is not valid for these classes of users.
    pub(in crate::scenario) fn validate(&self, classes: &[User]) -> Result<(), Error> {
        match self {
            LoadShape::Line(line) if !line.is_sane() => Err(Error::RateLine),
            // `as` limits the value to the largest number.
            LoadShape::Line(line) => validate::users(line.peak() as u32),
            LoadShape::Constant(users) => validate::users(*users),
            LoadShape::Ramp { users, spawn_rate } => {
                validate::users(*users).and_then(|()| validate::spawn_rate(*spawn_rate))
            }
            LoadShape::Stages(stages) if stages.is_empty() => Err(Error::NoStages),
            LoadShape::Stages(stages) => (1..).zip(stages).try_for_each(|(number, stage)| {
                stage.validate(classes).map_err(|error| error.at(format!("stage {number}")))
            }),
            LoadShape::Steps { users, every, spawn_rate, until } => {
                validate::spawn_rate(*spawn_rate)?;
                validate::length("every", *every)?;
                validate::length("until", *until)?;
                step_count(*users, steps(*every, *until))
            }
            LoadShape::Spike { base, peak, at, lasting, spawn_rate } => {
                validate::users(*base.max(peak))?;
                validate::length("at", *at)?;
                validate::length("lasting", *lasting)?;
                validate::spawn_rate(*spawn_rate)
            }
            LoadShape::Sine { min, max, period } => {
                validate::users(*max)?;
                validate::length("period", *period)?;
                at_least(*min, "max", *max)
            }
            LoadShape::DoubleWave { min, first, second, lasting } => {
                validate::users(*first.max(second))?;
                validate::length("lasting", *lasting)?;
                at_least(*min, "first", *first)?;
                at_least(*min, "second", *second)
            }
            // The results of a function are known only when it is called.
            LoadShape::Custom(_) | LoadShape::Tick(_) => Ok(()),
        }
    }
}

impl Stage {
    fn validate(&self, classes: &[User]) -> Result<(), Error> {
        validate::length("duration", self.duration)?;
        validate::users(self.users)?;
        validate::spawn_rate(self.spawn_rate)?;
        self.mix.as_ref().map_or(Ok(()), |mix| mix_of(mix, classes))
    }
}

/// Returns an error for too many steps, or too many users on the last one.
fn step_count(users: u32, steps: u64) -> Result<(), Error> {
    if steps > LoadShape::STEPS_MAX {
        return Err(Error::TooManySteps(steps));
    }
    validate::users(u32::try_from(u64::from(users) * steps).unwrap_or(u32::MAX))
}

/// Returns an error if the value of this name is below `min`.
fn at_least(min: u32, name: &'static str, value: u32) -> Result<(), Error> {
    if value >= min { Ok(()) } else { Err(Error::BelowMin { min, name, value }) }
}

fn mix_of(mix: &Mix, classes: &[User]) -> Result<(), Error> {
    if mix.is_empty() {
        return Err(Error::EmptyMix);
    }
    let known = names(classes);
    let mut names = HashSet::new();
    mix.iter().try_for_each(|(name, weight)| {
        if !names.insert(name) {
            return Err(Error::MixNamesTwice(name.clone()));
        }
        mix_class(name, &known, classes)?;
        mix_weight(*weight)
    })
}

/// Returns the names of the classes.
pub(in crate::scenario) fn names(classes: &[User]) -> HashSet<&str> {
    classes.iter().map(|class| class.name.as_str()).collect()
}

/// Returns an error if no class has this name.
pub(in crate::scenario) fn mix_class(
    name: &str,
    known: &HashSet<&str>,
    classes: &[User],
) -> Result<(), Error> {
    if known.contains(name) {
        return Ok(());
    }
    let names: Vec<&str> = classes.iter().map(|class| &*class.name).collect();
    Err(Error::MixClass { name: name.to_owned(), classes: names.join(", ") })
}

pub(in crate::scenario) fn mix_weight(weight: f64) -> Result<(), Error> {
    let is_weight = weight > 0.0 && weight.is_finite();
    if is_weight { Ok(()) } else { Err(Error::MixWeight(weight.to_string())) }
}
