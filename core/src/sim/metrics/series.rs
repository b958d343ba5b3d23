//! Counts per interval of simulated time.

use super::divisor::Divisor;
use crate::time::{Duration, Instant, nanos};
use alloc::vec;
use alloc::vec::Vec;

/// Maximum number of intervals, unless another one is chosen.
pub const MAX_INTERVALS: usize = 1_024;

/// Counts of one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counts {
    /// Number of exchanges that begin: first sends, and exchanges that end without a send.
    pub begun: u64,
    /// Number of sends, first ones included: the load offered to the network.
    pub sends: u64,
    /// Number of exchanges that ended with a reply: goodput.
    pub answered: u64,
    /// Number of exchanges that ended without a reply, those that sent nothing included.
    pub gave_up: u64,
    /// Number of failures that reached a client.
    pub failed: u64,
    /// Number of requests processed by a server that takes time.
    pub served: u64,
    /// Number of replies sent, failures included.
    pub replies: u64,
}

impl Counts {
    const fn plus(self, other: Self) -> Self {
        Self {
            begun: self.begun + other.begun,
            sends: self.sends + other.sends,
            answered: self.answered + other.answered,
            gave_up: self.gave_up + other.gave_up,
            failed: self.failed + other.failed,
            served: self.served + other.served,
            replies: self.replies + other.replies,
        }
    }
}

/// Counts in intervals of equal length, from time 0 to the last interval with a count.
///
/// Memory is bounded: when a time does not fit in the maximum number of intervals, the length of the intervals
/// doubles and neighbours are merged, as often as necessary.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Series {
    interval: Divisor,
    max: usize,
    intervals: Vec<Counts>,
}

impl Series {
    pub(super) fn new(interval: Duration, max: usize) -> Self {
        let (interval, max) = (Divisor::new(nanos(interval)), max.max(1));
        Self { interval, max, intervals: vec![Counts::default()] }
    }

    /// Returns the interval that contains `at`.
    #[inline(always)]
    pub(super) fn at(&mut self, at: Instant) -> &mut Counts {
        let at = at.as_nanos();
        let index = self.interval.divide(at);
        if index >= self.intervals.len() as u64 {
            return self.extend(at);
        }
        &mut self.intervals[index as usize]
    }

    /// Makes the interval that contains `at` the last one.
    #[cold]
    fn extend(&mut self, at: u64) -> &mut Counts {
        while self.interval.divide(at) >= self.max as u64 {
            self.double();
        }
        let index = self.interval.divide(at) as usize;
        if index >= self.intervals.len() {
            self.intervals.resize(index + 1, Counts::default());
        }
        &mut self.intervals[index]
    }

    /// Doubles the length of the intervals.
    fn double(&mut self) {
        let pairs = self.intervals.chunks(2);
        self.intervals =
            pairs.map(|pair| pair.iter().copied().fold(Counts::default(), Counts::plus)).collect();
        self.interval = Divisor::new(self.interval.value() * 2);
    }

    /// Adds the counts of another part of a run, in which the intervals had the same length at first.
    pub(super) fn merge(&mut self, mut other: Self) {
        while self.interval.value() < other.interval.value() {
            self.double();
        }
        while other.interval.value() < self.interval.value() {
            other.double();
        }
        let len = self.intervals.len().max(other.intervals.len());
        self.intervals.resize(len, Counts::default());
        for (own, more) in self.intervals.iter_mut().zip(other.intervals) {
            *own = own.plus(more);
        }
    }

    /// Returns the length of an interval: the requested one, doubled as often as necessary.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval.value())
    }

    /// Returns the intervals. Interval `n`, from 0, begins at `n` times [`interval`](Self::interval).
    #[must_use]
    pub fn intervals(&self) -> &[Counts] {
        &self.intervals
    }
}
