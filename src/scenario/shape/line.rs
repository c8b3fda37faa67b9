//! Piecewise linear functions of the time since the start: how many users, or how many iterations
//! per second.
//!
//! A line starts at a value, and every method continues from the end of the piece before. Values and
//! slopes are numbers, times are whole nanoseconds. Invalid lines (a negative rate, a value that is not
//! a number) are refused where the line is used; before that the nearest valid line is drawn.

use std::time::Duration;

use crate::units;

/// A piecewise linear function of the time since the start, with values of at least zero.
///
/// Its pieces follow each other from 0 on without gaps. At the border of two pieces the value may jump;
/// it is then that of the later piece. The last piece may be infinite, and is then constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pieces: Vec<Piece>,
    /// The value at which the next piece begins.
    value: f64,
    arrival: Option<Arrival>,
}

/// When a line first reaches a positive target, and that target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrival {
    pub(super) at: Duration,
    pub(super) value: f64,
}

/// A straight piece of a line, which is never empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) start: Duration,
    /// `None` for a constant piece without an end.
    pub(super) end: Option<Duration>,
    pub(super) from: f64,
    /// The value at its end. It is stored beside the slope, so that a target is met exactly.
    pub(super) to: f64,
    /// The change of the value per second.
    pub(super) slope: f64,
    /// The area of all pieces before this one.
    area: f64,
}

impl Line {
    /// Makes a line that starts at this value and has no pieces yet.
    pub fn starting_at(value: f64) -> Self {
        Line { pieces: Vec::new(), value, arrival: None }
    }

    /// Makes a line that is constant without an end.
    pub fn constant(value: f64) -> Self {
        Line::starting_at(value).forever()
    }

    /// Keeps the value for this long.
    pub fn hold(mut self, lasting: Duration) -> Self {
        self.arrive();
        self.push(self.value, 0.0, lasting);
        self
    }

    /// Keeps the value without an end. Later pieces are ignored.
    pub fn forever(mut self) -> Self {
        self.arrive();
        if let Some(start) = self.drawn() {
            let (area, value) = (self.area(start), self.value);
            let level = Piece { start, end: None, from: value, to: value, slope: 0.0, area };
            self.pieces.push(level);
        }
        self
    }

    /// Jumps to another value.
    pub fn jump(mut self, to: f64) -> Self {
        self.value = to;
        self
    }

    /// Goes straight to `to` within exactly this time; jumps if it is zero.
    pub fn ramp(mut self, to: f64, within: Duration) -> Self {
        if !within.is_zero() {
            let slope = (to - self.value) / within.as_secs_f64();
            self.push(to, slope, within);
        }
        self.value = to;
        self.arrive();
        self
    }

    /// Goes towards `to` by `rate` per second for this long: keeps `to` when it is reached, and stops
    /// earlier if the time is too short.
    pub fn approach(self, to: f64, rate: f64, within: Duration) -> Self {
        let (slope, needed) = self.way(to, rate);
        if needed <= within {
            return self.go(to, slope, needed).hold(within - needed);
        }
        let mut line = self;
        let on_the_way = line.value + slope * within.as_secs_f64();
        line.push(on_the_way, slope, within);
        line.value = on_the_way;
        line
    }

    /// Goes to `to` by `rate` per second, however long that takes; `units::LONGEST` if the rate is
    /// zero.
    pub fn reach(self, to: f64, rate: f64) -> Self {
        let (slope, needed) = self.way(to, rate);
        self.go(to, slope, needed)
    }

    /// Cuts the line at this instant; the next piece begins there.
    pub fn cut(mut self, end: Duration) -> Self {
        self.value = self.value_at(end).unwrap_or(self.value);
        self.pieces.retain(|piece| piece.start < end);
        if let Some(last) = self.pieces.last_mut()
            && last.end.is_none_or(|last| last > end)
        {
            (last.to, last.end) = (last.value_at(end), Some(end));
        }
        self.arrival = self.arrival.filter(|arrival| arrival.at < end);
        self
    }

    /// Returns the value at this instant; `None` from the end on.
    pub fn value_at(&self, elapsed: Duration) -> Option<f64> {
        let piece = self.piece_at(elapsed)?;
        Some(piece.value_at(elapsed))
    }

    /// Returns the end of the line, if there is one.
    pub fn end(&self) -> Option<Duration> {
        self.drawn()
    }

    /// Returns the largest value, or the limit before a jump or the end.
    pub fn peak(&self) -> f64 {
        let ends = self.pieces.iter().flat_map(|piece| [piece.from, piece.to]);
        ends.fold(0.0, f64::max)
    }

    /// Returns the area under the line from 0 to this instant, in value x seconds. It no longer grows
    /// after the end.
    pub fn area(&self, elapsed: Duration) -> f64 {
        let begun = self.pieces.partition_point(|piece| piece.start <= elapsed);
        self.pieces[..begun].last().map_or(0.0, |piece| piece.area + piece.area_at(elapsed))
    }

    /// Returns the inverse of [`Line::area`]: the instant after which the area is larger than this one,
    /// to the nearest nanosecond; `None` if it never is.
    ///
    /// If the value is zero when the area is reached, this is the instant at which it rises again. The
    /// area of the whole line gives `None`.
    pub fn time_of_area(&self, area: f64) -> Option<Duration> {
        let begun = self.pieces.partition_point(|piece| piece.area <= area.max(0.0));
        let piece = self.pieces[..begun].last()?;
        let time = piece.time_of_area(area.max(0.0) - piece.area);
        if let Some(time) = time.filter(|time| piece.end.is_none_or(|end| *time < end)) {
            return Some(time);
        }
        // Because of rounding the area belongs to the next piece with an area.
        let later = self.pieces[begun..].iter().find(|piece| piece.has_area());
        later.map(|piece| piece.start)
    }

    /// Returns when the line first reaches a positive target, if it does.
    pub fn full(&self) -> Option<Duration> {
        self.arrival.map(|arrival| arrival.at)
    }

    /// Returns whether all values are finite and not negative, and the end fits into every clock.
    pub(in crate::scenario) fn is_sane(&self) -> bool {
        let ends = self.pieces.iter().flat_map(|piece| [piece.from, piece.to]);
        ends.chain([self.value]).all(|value| value >= 0.0 && value.is_finite())
            && self.end().is_none_or(|end| end <= units::LONGEST)
    }

    pub(super) fn arrival(&self) -> Option<Arrival> {
        self.arrival
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns the index of the piece at this instant.
    pub(super) fn index_at(&self, elapsed: Duration) -> Option<usize> {
        let index = self.pieces.partition_point(|piece| piece.start <= elapsed).checked_sub(1)?;
        self.pieces[index].end.is_none_or(|end| elapsed < end).then_some(index)
    }

    fn piece_at(&self, elapsed: Duration) -> Option<&Piece> {
        self.index_at(elapsed).map(|index| &self.pieces[index])
    }

    /// Returns the end of the last piece; `None` if it has none.
    fn drawn(&self) -> Option<Duration> {
        self.pieces.last().map_or(Some(Duration::ZERO), |piece| piece.end)
    }

    /// Returns the slope towards `to` at this rate, and the time that it takes.
    fn way(&self, to: f64, rate: f64) -> (f64, Duration) {
        let (way, rate) = (to - self.value, rate.max(0.0));
        let needed = if way == 0.0 { Duration::ZERO } else { seconds(way.abs() / rate) };
        (rate.copysign(way), needed)
    }

    fn go(mut self, to: f64, slope: f64, needed: Duration) -> Self {
        self.push(to, slope, needed);
        self.value = to;
        self.arrive();
        self
    }

    fn push(&mut self, to: f64, slope: f64, lasting: Duration) {
        let Some(start) = self.drawn().filter(|_| !lasting.is_zero()) else { return };
        let end = Some(start.saturating_add(lasting));
        let area = self.area(start);
        self.pieces.push(Piece { start, end, from: self.value, to, slope, area });
    }

    fn arrive(&mut self) {
        if let (None, Some(at), true) = (self.arrival, self.drawn(), self.value > 0.0) {
            self.arrival = Some(Arrival { at, value: self.value });
        }
    }
}

impl Piece {
    fn value_at(&self, elapsed: Duration) -> f64 {
        let value = self.from + self.slope * elapsed.saturating_sub(self.start).as_secs_f64();
        // The slope is rounded, the target is not.
        match self.slope {
            slope if slope > 0.0 => value.min(self.to),
            slope if slope < 0.0 => value.max(self.to),
            _ => self.from,
        }
    }

    /// Returns the area from the start of the piece to this instant, or to its end.
    fn area_at(&self, elapsed: Duration) -> f64 {
        let until = self.end.map_or(elapsed, |end| end.min(elapsed));
        let width = until.saturating_sub(self.start).as_secs_f64();
        (self.from + self.value_at(until)) / 2.0 * width
    }

    fn has_area(&self) -> bool {
        self.from > 0.0 || self.to > 0.0
    }

    /// Returns the instant at which the piece reaches this area, as if it had no end.
    ///
    /// With the time `x` since its start, `area = from x + slope x^2 / 2`. This is the non-negative
    /// root, in the form that neither divides by the slope nor subtracts two numbers that may be nearly
    /// equal.
    fn time_of_area(&self, area: f64) -> Option<Duration> {
        if !self.has_area() {
            return None;
        }
        if area <= 0.0 {
            return Some(self.start);
        }
        let root = match self.slope {
            // Not by way of the square, so that it is the plain quotient.
            0.0 => self.from,
            slope => (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt(),
        };
        Some(self.start.saturating_add(seconds(2.0 * area / (self.from + root))))
    }
}

/// Returns this many seconds, to the nearest nanosecond. A number beyond all time, or none at all,
/// becomes a time beyond all runs.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(units::LONGEST).min(units::LONGEST)
}
