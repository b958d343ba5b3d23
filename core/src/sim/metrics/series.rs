//! What happened when: counts by intervals of simulated time.

use crate::time::{Duration, Instant, nanos};
use alloc::vec;
use alloc::vec::Vec;

/// The most intervals that are kept.
pub const MAX_INTERVALS: usize = 1_024;

/// What was counted in one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Exchanges whose first copy was sent.
    pub begun: u64,
    /// Copies of requests sent, first ones included: the load that is offered to the network.
    pub sends: u64,
    /// Exchanges that a reply ended: goodput.
    pub answered: u64,
    /// Exchanges that ended without one, those whose first copy was never sent included.
    pub gave_up: u64,
    /// Failures that clients heard of.
    pub failed: u64,
    /// Requests whose work was done, by a server that takes time.
    pub served: u64,
    /// Replies sent, failures included.
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

/// Counts by intervals of equal length, from time 0 to the last one in which something was counted.
///
/// Its memory is bounded: when a time comes for which [`MAX_INTERVALS`] are too few, the interval
/// doubles, and neighbours become one, until they suffice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    interval: u64,
    intervals: Vec<Counts>,
    /// The one that was counted in last, and when it begins: most records come in the order of time.
    index: usize,
    from: u64,
}

impl Series {
    pub(super) fn new(interval: Duration) -> Self {
        let interval = nanos(interval).max(1);
        Self { interval, intervals: vec![Counts::default()], index: 0, from: 0 }
    }

    /// The interval that `at` lies in.
    #[inline(always)]
    pub(super) fn at(&mut self, at: Instant) -> &mut Counts {
        let at = at.as_nanos();
        // A time before `from` wraps around to far beyond the interval.
        if at.wrapping_sub(self.from) >= self.interval {
            self.seek(at);
        }
        &mut self.intervals[self.index]
    }

    #[cold]
    fn seek(&mut self, at: u64) {
        while at / self.interval >= MAX_INTERVALS as u64 {
            let pairs = self.intervals.chunks(2);
            self.intervals = pairs
                .map(|pair| pair.iter().copied().fold(Counts::default(), Counts::plus))
                .collect();
            self.interval *= 2;
        }
        self.index = (at / self.interval) as usize;
        self.from = self.index as u64 * self.interval;
        if self.index >= self.intervals.len() {
            self.intervals.resize(self.index + 1, Counts::default());
        }
    }

    /// How long each interval is: what was asked for, or that many times doubled.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// The intervals: the `n`-th, from 0, begins at `n` times [`interval`](Self::interval).
    #[must_use]
    pub fn intervals(&self) -> &[Counts] {
        &self.intervals
    }
}
