//! How long each stretch of a run takes to watch.
//!
//! A run plays in about fifteen seconds. Where nothing happens for longer than two flights of a packet, time is folded: the
//! stretch plays faster than the rest, but long enough to see a wait run down. So packets stay visible between waits that
//! are a hundred times as long as their flights. [`Folds`] maps simulated time to play time and back.

#[cfg(test)]
mod tests;

/// A stretch without an event that plays faster than the rest, in nanoseconds of simulated time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Fold {
    /// Returns its length in nanoseconds of simulated time.
    pub(crate) const fn length(self) -> u64 {
        self.to - self.from
    }
}

/// A point of the map: a simulated time, and the play time at which it is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Knot {
    at: u64,
    play: f64,
}

/// The map between simulated time in nanoseconds and play time in seconds, linear between knots.
#[derive(Debug)]
pub(crate) struct Folds {
    /// In order; the first one is at 0.
    knots: Vec<Knot>,
    folds: Vec<Fold>,
}

/// Play time of a whole run, in seconds.
const WHOLE: f64 = 15.0;

/// Maximum play time in seconds per stretch between two events, on average: a run of few events is shorter.
const PER_STRETCH: f64 = 2.5;

/// Minimum play time of a flight in seconds. If it is less even with folds, there is too much to show: nothing is folded.
const VISIBLE: f64 = 0.1;

/// Maximum play time of a folded stretch, in flights.
const DEEPEST: f64 = 8.0;

impl Folds {
    /// Creates the map of a run with these moments, in order, at which something happens, and this end. `flight` is how long
    /// a packet takes.
    pub(crate) fn new(moments: &[u64], end: u64, flight: u64) -> Self {
        let folded = Self::build(moments, end, flight);
        let visible = folded.play(flight) >= VISIBLE;
        if folded.folds.is_empty() || visible {
            folded
        } else {
            Self::build(moments, end, u64::MAX)
        }
    }

    fn build(moments: &[u64], end: u64, flight: u64) -> Self {
        let count = stretches(moments, end).count();
        let shown: f64 = stretches(moments, end).map(|stretch| flights(stretch, flight)).sum();
        let second = WHOLE.min(PER_STRETCH * count as f64) / shown;
        let mut map = Self { knots: vec![Knot { at: 0, play: 0.0 }], folds: Vec::new() };
        let mut play = 0.0;
        for stretch in stretches(moments, end) {
            let before = Knot { at: stretch.from, play };
            play += flights(stretch, flight) * second;
            if is_wait(stretch, flight) {
                map.reach(before);
                map.reach(Knot { at: stretch.to, play });
                map.folds.push(stretch);
            }
        }
        map.reach(Knot { at: end, play });
        map
    }

    /// Adds a knot, unless the last one is there.
    fn reach(&mut self, knot: Knot) {
        if self.end() < knot.at {
            self.knots.push(knot);
        }
    }

    /// Returns the end of the run.
    fn end(&self) -> u64 {
        self.knots.last().map_or(0, |knot| knot.at)
    }

    /// Returns the play time of the whole run in seconds.
    pub(crate) fn length(&self) -> f64 {
        self.knots.last().map_or(0.0, |knot| knot.play)
    }

    /// Returns the stretches that are folded, in order.
    pub(crate) fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// Returns the play time in seconds at which a simulated time is reached.
    pub(crate) fn play(&self, at: u64) -> f64 {
        let Some((from, to)) = self.around(|knot| knot.at <= at) else { return self.length() };
        let share = (at - from.at) as f64 / (to.at - from.at) as f64;
        from.play + share * (to.play - from.play)
    }

    /// Returns the share of the whole play time at which a simulated time is reached; 0 if there is nothing to play.
    pub(crate) fn share(&self, at: u64) -> f64 {
        if self.length() == 0.0 { 0.0 } else { self.play(at) / self.length() }
    }

    /// Returns the simulated time that is reached at a play time in seconds.
    pub(crate) fn at(&self, play: f64) -> u64 {
        let play = play.max(0.0);
        let Some((from, to)) = self.around(|knot| knot.play <= play) else { return self.end() };
        let share = (play - from.play) / (to.play - from.play);
        (from.at + (share * (to.at - from.at) as f64).round() as u64).min(to.at)
    }

    /// Returns the simulated time that is reached `seconds` of play after `at`, at `rate` times the usual speed. It is later
    /// than `at`, except at the end.
    pub(crate) fn advance(&self, at: u64, seconds: f64, rate: f64) -> u64 {
        let to = self.at(self.play(at) + seconds * rate);
        to.max(at.saturating_add(1)).min(self.end())
    }

    /// Returns the last knot that `is_before` a position and the next one; `None` at the end.
    fn around(&self, is_before: impl Fn(&Knot) -> bool) -> Option<(Knot, Knot)> {
        let next = self.knots.partition_point(is_before);
        Some((*self.knots.get(next.checked_sub(1)?)?, *self.knots.get(next)?))
    }
}

/// Returns true if a stretch is folded.
const fn is_wait(stretch: Fold, flight: u64) -> bool {
    stretch.length() > flight.saturating_mul(2)
}

/// Returns the time for which a stretch is shown, in flights. A wait of two flights is shown for the time of one, and one
/// that is four times as long for twice the time, so that a reader sees waits grow.
fn flights(stretch: Fold, flight: u64) -> f64 {
    let flights = stretch.length() as f64 / flight.max(1) as f64;
    if is_wait(stretch, flight) { (flights / 2.0).sqrt().min(DEEPEST) } else { flights }
}

/// Returns the stretches between the moments of a run from 0 to `end`.
fn stretches(moments: &[u64], end: u64) -> impl Iterator<Item = Fold> {
    let times = moments.iter().copied().take_while(move |at| *at < end).chain([end]);
    let mut from = 0;
    times.filter_map(move |to| {
        let stretch = Fold { from, to };
        from = to;
        (stretch.length() > 0).then_some(stretch)
    })
}
