//! A list of points over time with a limited number of points.

/// A point that can be merged with the one after it.
pub(super) trait Merge {
    /// Merges the point that follows.
    fn merge(&mut self, later: Self);

    /// Returns how many seconds it covers.
    fn lasting(&self) -> f64;
}

/// Points that each cover about the same time, which doubles when there are too many.
#[derive(Debug)]
pub(super) struct Thinned<P> {
    points: Vec<P>,
    most: usize,
    step: f64,
}

/// Seconds are not exact; within this factor they count as one step.
const TOLERANCE: f64 = 1.02;
/// A shorter point is the rest of a second, and is merged with the one before.
const REST: f64 = 0.5;

impl<P: Merge> Thinned<P> {
    /// Makes an empty list of at most this many points.
    pub(super) fn new(most: usize) -> Self {
        Thinned { points: Vec::new(), most, step: 1.0 }
    }

    /// Adds the point after the latest one.
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

    /// Returns how many seconds a point covers.
    pub(super) fn step(&self) -> f64 {
        self.step
    }

    /// Returns the latest point.
    pub(super) fn latest(&self) -> Option<&P> {
        self.points.last()
    }

    /// Returns all points, in order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, P> {
        self.points.iter()
    }
}
