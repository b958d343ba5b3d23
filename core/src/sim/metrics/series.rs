//! Counts per interval of simulated time.

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
    interval: u64,
    max: usize,
    intervals: Vec<Counts>,
    /// Index and start of the last interval used: most records are in order of time.
    #[cfg_attr(feature = "serde", serde(skip))]
    index: usize,
    #[cfg_attr(feature = "serde", serde(skip))]
    from: u64,
}

impl Series {
    pub(super) fn new(interval: Duration, max: usize) -> Self {
        let (interval, max) = (nanos(interval).max(1), max.max(1));
        Self { interval, max, intervals: vec![Counts::default()], index: 0, from: 0 }
    }

    /// Returns the interval that contains `at`.
    #[inline(always)]
    pub(super) fn at(&mut self, at: Instant) -> &mut Counts {
        let at = at.as_nanos();
        // A time before `from` wraps around to a value beyond the interval.
        if at.wrapping_sub(self.from) >= self.interval {
            self.seek(at);
        }
        &mut self.intervals[self.index]
    }

    /// Each client of several cells begins at time 0, and what follows is mostly in the next interval: both spare a
    /// division, which takes long.
    #[inline]
    fn seek(&mut self, at: u64) {
        // It wraps around only at the end of time, where no interval follows.
        let next = self.from.wrapping_add(self.interval);
        if at < self.interval {
            (self.index, self.from) = (0, 0);
        } else if at.wrapping_sub(next) < self.interval && self.index + 1 < self.intervals.len() {
            (self.index, self.from) = (self.index + 1, next);
        } else {
            self.seek_far(at);
        }
    }

    #[inline(never)]
    fn seek_far(&mut self, at: u64) {
        let index = at / self.interval;
        if index >= self.intervals.len() as u64 {
            return self.extend(at);
        }
        (self.index, self.from) = (index as usize, index * self.interval);
    }

    /// Makes the interval that contains `at` the last one.
    #[cold]
    fn extend(&mut self, at: u64) {
        while at / self.interval >= self.max as u64 {
            self.double();
        }
        let index = at / self.interval;
        (self.index, self.from) = (index as usize, index * self.interval);
        if self.index >= self.intervals.len() {
            self.intervals.resize(self.index + 1, Counts::default());
        }
    }

    /// Doubles the length of the intervals.
    #[cold]
    fn double(&mut self) {
        let pairs = self.intervals.chunks(2);
        self.intervals =
            pairs.map(|pair| pair.iter().copied().fold(Counts::default(), Counts::plus)).collect();
        self.interval *= 2;
        (self.index, self.from) = (0, 0);
    }

    /// Adds the counts of another part of a run, in which the intervals had the same length at first.
    pub(super) fn merge(&mut self, mut other: Self) {
        while self.interval < other.interval {
            self.double();
        }
        while other.interval < self.interval {
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
        Duration::from_nanos(self.interval)
    }

    /// Returns the intervals. Interval `n`, from 0, begins at `n` times [`interval`](Self::interval).
    #[must_use]
    pub fn intervals(&self) -> &[Counts] {
        &self.intervals
    }
}
