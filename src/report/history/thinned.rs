//! A list of points over time that never grows beyond a number of points.

/// A point that can stand for its own time and that of the one after it.
pub(super) trait Merge {
    /// Takes in the point that follows.
    fn merge(&mut self, later: Self);

    /// How many seconds it stands for.
    fn lasting(&self) -> f64;
}

/// Points, each of about the same time, which doubles when there are too many.
#[derive(Debug)]
pub(super) struct Thinned<P> {
    points: Vec<P>,
    most: usize,
    step: f64,
}

/// Seconds are not exact, and so many of them are still one step.
const TOLERANCE: f64 = 1.02;
/// What is shorter is the rest of a second, and goes with the time before it.
const REST: f64 = 0.5;

impl<P: Merge> Thinned<P> {
    /// No points yet, and never more than so many.
    pub(super) fn new(most: usize) -> Self {
        Thinned { points: Vec::new(), most, step: 1.0 }
    }

    /// Adds the time after the latest point.
    pub(super) fn push(&mut self, point: P) {
        let (step, rest) = (self.step * TOLERANCE, point.lasting());
        match self.points.last_mut() {
            Some(last) if rest < REST || last.lasting() + rest <= step => last.merge(point),
            _ => self.points.push(point),
        }
        if self.points.len() > self.most {
            self.thin();
        }
    }

    fn thin(&mut self) {
        self.step *= 2.0;
        let mut kept: Vec<P> = Vec::with_capacity(self.most);
        let mut points = std::mem::take(&mut self.points).into_iter();
        while let Some(mut point) = points.next() {
            if let Some(later) = points.next() {
                point.merge(later);
            }
            kept.push(point);
        }
        self.points = kept;
    }

    /// Seconds that a point stands for.
    pub(super) fn step(&self) -> f64 {
        self.step
    }

    /// The latest point.
    pub(super) fn latest(&self) -> Option<&P> {
        self.points.last()
    }

    /// All points, in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, P> {
        self.points.iter()
    }
}
