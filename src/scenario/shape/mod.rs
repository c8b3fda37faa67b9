//! Load shapes: the number of users as a pure function of the time since the start.
//!
//! Every core computes the function itself, so that no messages about users between cores are needed,
//! and none can be late. A shape describes as data what Locust's `LoadTestShape` returns from `tick`;
//! [`LoadShape::tick`] also takes such a function.

mod course;
mod curve;
mod function;
mod grid;
mod line;
mod spread;
mod staircase;
mod ticks;
mod validate;
mod waves;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use curve::Curve;
pub(crate) use curve::UserTarget;
pub use function::ShapeFn;
pub use line::Line;
pub(crate) use spread::{share, user_number};

use course::Course;

pub(super) use validate::{mix_class, mix_weight, names};

/// Classes of users by name, with their weights.
pub type Mix = Vec<(String, f64)>;

/// The number of users over time.
///
/// The tutorial's six stages, as `scenarios/stages.toml` has them:
///
/// ```
/// use std::time::Duration;
///
/// use gregaria::scenario::{LoadShape, Scenario, Stage, Step, User};
///
/// let stage = |secs, users, spawn_rate| Stage::new(Duration::from_secs(secs), users, spawn_rate);
/// let shape = LoadShape::stages([
///     stage(30, 10, 2.0), // up to 10 users at 2 per second, for 30 s in all
///     stage(60, 50, 5.0),
///     stage(30, 20, 2.0), // and down to 20
///     stage(40, 80, 10.0),
///     stage(20, 30, 3.0),
///     stage(30, 0, 5.0),
/// ]);
/// assert_eq!(shape.end(), Some(Duration::from_secs(210)));
/// assert_eq!(shape.peak(None), Some(80));
///
/// let user = User::new("APIUser").task(Step::get("/"));
/// let scenario = Scenario::new("http://127.0.0.1:5000").user(user).shape(shape);
/// assert_eq!(scenario.validate(), Ok(()));
/// ```
///
/// The same as a `tick` of Locust:
///
/// ```
/// # use std::time::Duration;
/// # use gregaria::scenario::LoadShape;
/// let shape = LoadShape::tick(|elapsed| match elapsed.as_secs() {
///     0..30 => Some((10, 2.0)),
///     30..90 => Some((50, 5.0)),
///     90..120 => Some((20, 2.0)),
///     120..160 => Some((80, 10.0)),
///     160..180 => Some((30, 3.0)),
///     180..210 => Some((0, 5.0)),
///     _ => None,
/// });
/// assert_eq!(shape.peak(Some(Duration::from_secs(210))), Some(80));
/// ```
///
/// Constructors accept any values; [`Scenario::validate`](super::Scenario::validate) refuses those that
/// are not valid.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LoadShape {
    /// A constant number.
    Constant(u32),
    /// A ramp up to a number of users, which then stay.
    Ramp {
        /// The target.
        users: u32,
        /// Users started per second.
        spawn_rate: f64,
    },
    /// Any line.
    Line(Line),
    /// Stages one after the other; the run ends after the last one.
    Stages(Vec<Stage>),
    /// Steps of equal size and length. The run ends at `until`.
    Steps {
        /// Users that each step adds.
        users: u32,
        /// The length of a step, including its ramp.
        every: Duration,
        /// Users started per second.
        spawn_rate: f64,
        /// The end of the run.
        until: Duration,
    },
    /// A number of users, for some time another one, and then the first again.
    Spike {
        /// Users before and after.
        base: u32,
        /// Users of the spike.
        peak: u32,
        /// When the spike begins, from the start of the run.
        at: Duration,
        /// Its length, including its ramp up and without its ramp down.
        lasting: Duration,
        /// Users started or stopped per second.
        spawn_rate: f64,
    },
    /// A wave between two numbers of users.
    Sine {
        /// Users at the start, and after each period.
        min: u32,
        /// Users after half a period.
        max: u32,
        /// The time between two minima.
        period: Duration,
    },
    /// Two peaks. The run ends after `lasting`.
    DoubleWave {
        /// Users at the start, in between, and at the end.
        min: u32,
        /// Users at a third of the time.
        first: u32,
        /// Users at two thirds of the time.
        second: u32,
        /// The end of the run.
        lasting: Duration,
    },
    /// A function of the time, evaluated every 10 ms and rounded to whole users.
    Custom(ShapeFn<f64>),
    /// Locust's `tick`, which returns users and spawn rate, called once per second of the run.
    Tick(ShapeFn<(u32, f64)>),
}

/// A stage of a run, with its own target.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stage {
    /// The length of the stage, including its ramp.
    pub duration: Duration,
    /// The target number of users.
    pub users: u32,
    /// Users started or stopped per second until the target is reached.
    pub spawn_rate: f64,
    /// The classes of users that are added in this stage, which replace weights and counts of the
    /// classes; `None` to use these. Running users keep their class.
    pub mix: Option<Mix>,
}

impl Stage {
    /// Makes a stage of this length with this target and rate.
    pub fn new(duration: Duration, users: u32, spawn_rate: f64) -> Self {
        Stage { duration, users, spawn_rate, mix: None }
    }

    /// Sets the classes of users that are added in this stage, by name, with their weights.
    pub fn mix<N: Into<String>>(mut self, mix: impl IntoIterator<Item = (N, f64)>) -> Self {
        self.mix = Some(mix.into_iter().map(|(name, weight)| (name.into(), weight)).collect());
        self
    }
}

impl LoadShape {
    /// How far ahead the results of a function are computed: a week.
    pub const LOOK_AHEAD: Duration = Duration::from_secs(7 * 24 * 3600);

    /// The most steps: somewhat more than one per second of a day.
    pub const STEPS_MAX: u64 = 100_000;

    /// Makes a constant number of users.
    pub fn constant(users: u32) -> Self {
        LoadShape::Constant(users)
    }

    /// Makes a ramp to a number of users, as `--users` and `--spawn-rate` do. User *k* starts at `k /
    /// spawn_rate`.
    pub fn ramp(users: u32, spawn_rate: f64) -> Self {
        LoadShape::Ramp { users, spawn_rate }
    }

    /// Makes a shape of any line. On its slopes users start or stop one by one.
    pub fn line(line: Line) -> Self {
        LoadShape::Line(line)
    }

    /// Makes a shape of stages. In each, users start or stop at its spawn rate until its target is
    /// reached, and then stay. If a stage is too short for that, the next one continues from the number
    /// reached. The run ends after the last stage.
    pub fn stages(stages: impl IntoIterator<Item = Stage>) -> Self {
        LoadShape::Stages(stages.into_iter().collect())
    }

    /// Makes Locust's step load: `users` more every `every`, started at the spawn rate, until the run
    /// ends at `until`.
    pub fn steps(users: u32, every: Duration, spawn_rate: f64, until: Duration) -> Self {
        LoadShape::Steps { users, every, spawn_rate, until }
    }

    /// Makes a spike: `base` users, from `at` on `peak` users for `lasting`, then `base` again, all at
    /// the same spawn rate and without an end.
    pub fn spike(base: u32, peak: u32, at: Duration, lasting: Duration, spawn_rate: f64) -> Self {
        LoadShape::Spike { base, peak, at, lasting, spawn_rate }
    }

    /// Makes a wave between two numbers of users, without an end. At `t` seconds since the start, with
    /// `period` in seconds, there are
    ///
    /// ```text
    /// users(t) = min + (max - min) (1 - cos(2 pi t / period)) / 2
    /// ```
    ///
    /// rounded: `min` at the start, `max` after half a period.
    pub fn sine(min: u32, max: u32, period: Duration) -> Self {
        LoadShape::Sine { min, max, period }
    }

    /// Makes two normal peaks, like the meals of a day, as in Locust's example of that name. At `t`
    /// seconds since the start, with `lasting` in seconds, there are
    ///
    /// ```text
    /// users(t) = min + (first - min) e^-(x - 5)^2 + (second - min) e^-(x - 10)^2
    ///        x = 15 t / lasting
    /// ```
    ///
    /// rounded. The peaks are at a third and at two thirds of the time, and each has a standard
    /// deviation of `lasting / (15 sqrt(2))`, a twentieth of it.
    pub fn double_wave(min: u32, first: u32, second: u32, lasting: Duration) -> Self {
        LoadShape::DoubleWave { min, first, second, lasting }
    }

    /// Makes a shape of a function of the time since the start, evaluated every 10 ms and rounded to
    /// whole users. `None` ends the run.
    pub fn custom(function: impl Fn(Duration) -> Option<f64> + Send + Sync + 'static) -> Self {
        LoadShape::Custom(ShapeFn::new(function))
    }

    /// Makes a shape of a `tick` as in Locust: the function gets 0 s, 1 s, 2 s, … since the start, and
    /// returns the number of users and how many start or stop per second. `None` ends the run.
    ///
    /// Unlike Locust's it depends on the time alone, not on the run.
    pub fn tick(function: impl Fn(Duration) -> Option<(u32, f64)> + Send + Sync + 'static) -> Self {
        LoadShape::Tick(ShapeFn::new(function))
    }

    /// Returns the shape as followed by one core, in a run that ends at `limit` or with the shape.
    pub fn curve(&self, limit: Option<Duration>) -> Curve {
        let limit = limit.into_iter().chain(self.end()).min();
        Curve::new(Course::new(self), self.mix_of_stages(), limit)
    }

    /// Returns when the shape ends the run; `None` if it does not, or if only its function knows.
    pub fn end(&self) -> Option<Duration> {
        match (self, Course::new(self)) {
            (LoadShape::DoubleWave { lasting, .. }, _) => Some(*lasting),
            (_, Course::Line(users)) => users.end(),
            _ => None,
        }
    }

    /// Returns when the users of the first target above zero are all running; `None` without a target,
    /// as in a wave, or if a `tick` reaches none within [`LoadShape::LOOK_AHEAD`].
    pub fn full(&self) -> Option<Duration> {
        match Course::new(self) {
            Course::Line(users) => users.full(),
            Course::Ticks(ticks) => ticks.full(LoadShape::LOOK_AHEAD),
            Course::Grid(_) => None,
        }
    }

    /// Returns the largest number of users in a run of this length, or of any length; `None` if only a
    /// function knows: without a run time, or with one beyond [`LoadShape::LOOK_AHEAD`].
    pub fn peak(&self, run_time: Option<Duration>) -> Option<u32> {
        let ahead = run_time.filter(|time| *time <= LoadShape::LOOK_AHEAD);
        match (Course::new(self), self, ahead) {
            (Course::Line(users), ..) => Some(users.peak(run_time)),
            (Course::Ticks(ticks), _, Some(ahead)) => Some(ticks.peak(ahead)),
            (Course::Grid(grid), _, Some(ahead)) => Some(grid.peak(ahead)),
            (_, LoadShape::Sine { max, .. }, None) => Some(*max),
            // At the peak of one wave the other adds e^-25 of itself: less than a user.
            (_, LoadShape::DoubleWave { first, second, .. }, None) => Some(*first.max(second)),
            (Course::Ticks(_) | Course::Grid(_), _, None) => None,
        }
    }

    /// Returns the mixes that `UserTarget::mix` refers to, each once. The first one is empty and means
    /// the scenario's own weights.
    pub(crate) fn mixes(&self) -> Vec<&[(String, f64)]> {
        let mut mixes: Vec<&[(String, f64)]> = vec![&[]];
        for mix in self.stage_mixes().flatten() {
            if !mixes.contains(&&mix[..]) {
                mixes.push(mix);
            }
        }
        mixes
    }

    fn stage_mixes(&self) -> impl Iterator<Item = Option<&Mix>> {
        let stages = match self {
            LoadShape::Stages(stages) => &stages[..],
            _ => &[],
        };
        stages.iter().map(|stage| stage.mix.as_ref())
    }

    /// Returns the end of each stage and its index in [`LoadShape::mixes`].
    fn mix_of_stages(&self) -> Vec<(Duration, usize)> {
        let LoadShape::Stages(stages) = self else { return Vec::new() };
        let mixes = self.mixes();
        let mut end = Duration::ZERO;
        let stages = stages.iter().map(|stage| {
            end = end.saturating_add(stage.duration);
            let mix = stage.mix.as_deref().and_then(|mix| mixes.iter().position(|m| *m == mix));
            (end, mix.unwrap_or(0))
        });
        stages.collect()
    }
}
