//! The source of a load shape's number of users: a line, ticks, or a formula.

use std::time::Duration;

use super::function::ShapeFn;
use super::grid::Grid;
use super::line::Line;
use super::staircase::Staircase;
use super::ticks::Ticks;
use super::{LoadShape, waves};

/// The source of a load shape's number of users, read at increasing times.
#[derive(Debug, Clone)]
pub(super) enum Course {
    Line(Staircase),
    Ticks(Ticks),
    Grid(Grid),
}

impl Course {
    pub(super) fn new(shape: &LoadShape) -> Self {
        let nobody = Line::starting_at(0.0);
        let line = match *shape {
            LoadShape::Line(ref line) => line.clone(),
            LoadShape::Constant(users) => Line::constant(f64::from(users)),
            LoadShape::Ramp { users, spawn_rate } => {
                nobody.reach(f64::from(users), spawn_rate).forever()
            }
            LoadShape::Stages(ref stages) => stages.iter().fold(nobody, |line, stage| {
                line.approach(f64::from(stage.users), stage.spawn_rate, stage.duration)
            }),
            LoadShape::Steps { users, every, spawn_rate, until } => {
                stairs(users, every, spawn_rate, until)
            }
            LoadShape::Spike { base, peak, at, lasting, spawn_rate } => {
                let (base, peak) = (f64::from(base), f64::from(peak));
                let up = nobody.approach(base, spawn_rate, at).approach(peak, spawn_rate, lasting);
                up.reach(base, spawn_rate).forever()
            }
            LoadShape::Sine { min, max, period } => {
                return Course::formula(move |at| Some(waves::sine(min, max, period, at)));
            }
            LoadShape::DoubleWave { min, first, second, lasting } => {
                let heights = [min, first, second];
                return Course::formula(move |at| waves::double_wave(heights, lasting, at));
            }
            LoadShape::Custom(ref function) => return Course::Grid(Grid::new(function.clone())),
            LoadShape::Tick(ref function) => return Course::Ticks(Ticks::new(function.clone())),
        };
        Course::Line(Staircase::new(line))
    }

    fn formula(users: impl Fn(Duration) -> Option<f64> + Send + Sync + 'static) -> Self {
        Course::Grid(Grid::new(ShapeFn::new(users)))
    }

    pub(super) fn count_at(&mut self, elapsed: Duration) -> Option<u32> {
        match self {
            Course::Line(users) => users.count_at(elapsed),
            Course::Ticks(ticks) => ticks.count_at(elapsed),
            Course::Grid(grid) => grid.count_at(elapsed),
        }
    }

    pub(super) fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        match self {
            Course::Line(users) => users.next_change(elapsed),
            Course::Ticks(ticks) => ticks.next_change(elapsed),
            Course::Grid(grid) => grid.next_change(elapsed),
        }
    }
}

/// Returns a line that rises one step at a time; the last step may be cut short.
fn stairs(users: u32, every: Duration, spawn_rate: f64, until: Duration) -> Line {
    let mut line = Line::starting_at(0.0);
    for step in 1..=steps(every, until).min(LoadShape::STEPS_MAX) {
        let begun = line.end().unwrap_or(until);
        let target = f64::from(users) * step as f64;
        line = line.approach(target, spawn_rate, every.min(until.saturating_sub(begun)));
    }
    line
}

/// Returns the number of steps until then, including the last one that may be cut short.
pub(super) fn steps(every: Duration, until: Duration) -> u64 {
    let steps = until.as_nanos().div_ceil(every.as_nanos().max(1));
    u64::try_from(steps).unwrap_or(u64::MAX)
}
