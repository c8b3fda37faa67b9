//! Piecewise linear functions of the time since the start: how many users, or how many iterations
//! per second.
//!
//! A line is drawn like one on paper: it starts at a value, and every verb goes on from where the
//! one before came to. Values and slopes are numbers, times are whole nanoseconds. What makes no
//! sense (a rate below zero, a value that is no number) is refused where the line is used, and
//! until then draws the nearest sane line.

use std::time::Duration;

use crate::units;

/// A piecewise linear function of the time since the start, of values from zero up.
///
/// Its pieces follow each other from 0 on without gaps. Between two of them the value may jump, and
/// is then that of the later piece. The last piece may go on without end, and is level then.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pieces: Vec<Piece>,
    /// Where the next piece begins.
    value: f64,
    arrival: Option<Arrival>,
}

/// When a line first came to a value above zero that it was sent to, and that value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrival {
    pub(super) at: Duration,
    pub(super) value: f64,
}

/// One straight piece of a line. None is empty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) start: Duration,
    /// Without one, the piece is level and goes on for ever.
    pub(super) end: Option<Duration>,
    pub(super) from: f64,
    /// What the value comes to. Kept beside the slope, because a target is to be met exactly.
    pub(super) to: f64,
    /// Change of the value per second.
    pub(super) slope: f64,
    /// Area of all pieces before this one.
    area: f64,
}

impl Line {
    /// A line at this value that nothing has been drawn of yet: it is over at once.
    pub fn starting_at(value: f64) -> Self {
        Line { pieces: Vec::new(), value, arrival: None }
    }

    /// Always this value.
    pub fn constant(value: f64) -> Self {
        Line::starting_at(value).forever()
    }

    /// Stays where it is for this long.
    pub fn hold(mut self, lasting: Duration) -> Self {
        self.arrive();
        self.push(self.value, 0.0, lasting);
        self
    }

    /// Stays where it is without end. What is drawn after that is never reached, and left out.
    pub fn forever(mut self) -> Self {
        self.arrive();
        if let Some(start) = self.drawn() {
            let (area, value) = (self.area(start), self.value);
            let level = Piece { start, end: None, from: value, to: value, slope: 0.0, area };
            self.pieces.push(level);
        }
        self
    }

    /// Goes on from another value.
    pub fn jump(mut self, to: f64) -> Self {
        self.value = to;
        self
    }

    /// Goes straight to `to`, in exactly this time; jumps where there is none.
    pub fn ramp(mut self, to: f64, within: Duration) -> Self {
        if !within.is_zero() {
            let slope = (to - self.value) / within.as_secs_f64();
            self.push(to, slope, within);
        }
        self.value = to;
        self.arrive();
        self
    }

    /// Goes towards `to` by `rate` per second for this long: stays there when it comes there, and
    /// stops on the way where the time is too short.
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

    /// Goes to `to` by `rate` per second, however long that takes; a rate that is none takes
    /// `units::LONGEST`.
    pub fn reach(self, to: f64, rate: f64) -> Self {
        let (slope, needed) = self.way(to, rate);
        self.go(to, slope, needed)
    }

    /// What is drawn up to this instant, where whatever is drawn next goes on.
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

    /// The value at this instant, or none from the end on.
    pub fn value_at(&self, elapsed: Duration) -> Option<f64> {
        let piece = self.piece_at(elapsed)?;
        Some(piece.value_at(elapsed))
    }

    /// When the line is over, where it ever is.
    pub fn end(&self) -> Option<Duration> {
        self.drawn()
    }

    /// The largest value: reached, or come as near to as one likes before a jump or the end.
    pub fn peak(&self) -> f64 {
        let ends = self.pieces.iter().flat_map(|piece| [piece.from, piece.to]);
        ends.fold(0.0, f64::max)
    }

    /// The area under the line from 0 to this instant, in value x seconds. From the end on it no
    /// longer grows.
    pub fn area(&self, elapsed: Duration) -> f64 {
        let begun = self.pieces.partition_point(|piece| piece.start <= elapsed);
        self.pieces[..begun].last().map_or(0.0, |piece| piece.area + piece.area_at(elapsed))
    }

    /// The inverse of [`Line::area`]: the instant from which on the area is larger than this one,
    /// to the nearest nanosecond, or none where it never is.
    ///
    /// So an area that is met where the value is zero gives the instant at which it rises again,
    /// and the area of the whole line gives none.
    pub fn time_of_area(&self, area: f64) -> Option<Duration> {
        let begun = self.pieces.partition_point(|piece| piece.area <= area.max(0.0));
        let piece = self.pieces[..begun].last()?;
        let time = piece.time_of_area(area.max(0.0) - piece.area);
        if let Some(time) = time.filter(|time| piece.end.is_none_or(|end| *time < end)) {
            return Some(time);
        }
        // By a rounding it belongs to the next piece that has an area at all.
        let later = self.pieces[begun..].iter().find(|piece| piece.has_area());
        later.map(|piece| piece.start)
    }

    /// When the line first comes to a value above zero that it was sent to, where it ever does.
    pub fn full(&self) -> Option<Duration> {
        self.arrival.map(|arrival| arrival.at)
    }

    /// No value is below zero, infinite or not a number, and the end is not beyond all clocks.
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

    /// The index of the piece that this instant lies in.
    pub(super) fn index_at(&self, elapsed: Duration) -> Option<usize> {
        let index = self.pieces.partition_point(|piece| piece.start <= elapsed).checked_sub(1)?;
        self.pieces[index].end.is_none_or(|end| elapsed < end).then_some(index)
    }

    fn piece_at(&self, elapsed: Duration) -> Option<&Piece> {
        self.index_at(elapsed).map(|index| &self.pieces[index])
    }

    /// How far the line has been drawn; none where it goes on for ever.
    fn drawn(&self) -> Option<Duration> {
        self.pieces.last().map_or(Some(Duration::ZERO), |piece| piece.end)
    }

    /// The slope of the way to `to` at this rate, and how long the way takes.
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

    /// The area from the start of the piece to this instant, or to its end.
    fn area_at(&self, elapsed: Duration) -> f64 {
        let until = self.end.map_or(elapsed, |end| end.min(elapsed));
        let width = until.saturating_sub(self.start).as_secs_f64();
        (self.from + self.value_at(until)) / 2.0 * width
    }

    fn has_area(&self) -> bool {
        self.from > 0.0 || self.to > 0.0
    }

    /// The instant at which the piece has this area behind it, as if it had no end.
    ///
    /// With the time `x` since its start, `area = from x + slope x^2 / 2`. Of the two roots this is
    /// the one from zero up, in the form that neither divides by the slope nor subtracts two
    /// numbers that may be nearly equal.
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

/// This many seconds to the nearest nanosecond. What is beyond all time, or no number, is merely
/// beyond all runs.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(units::LONGEST).min(units::LONGEST)
}
