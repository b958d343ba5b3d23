//! How long exchanges took.

use crate::time::{Duration, nanos};
use core::fmt;
use hdrhistogram::Histogram;

/// Longer times are counted as a year.
const YEAR: u64 = 365 * 24 * 3_600 * 1_000_000_000;

/// The times of many exchanges, in nanoseconds to three digits: a histogram of 370 kB, however many
/// they are (HdrHistogram by Tene).
#[derive(Clone)]
pub struct Times {
    histogram: Histogram<u64>,
    sum: u128,
    longest: u64,
}

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(YEAR, 3);
        let histogram = histogram.expect("three digits up to a year are within what it can do");
        Self { histogram, sum: 0, longest: 0 }
    }
}

impl Times {
    #[inline]
    pub(super) fn add(&mut self, time: Duration) {
        let time = nanos(time);
        self.histogram.saturating_record(time);
        self.sum += u128::from(time);
        self.longest = self.longest.max(time);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The shortest time that at least so many ten-thousandths of all do not exceed: 5,000 asks for the
    /// median, 9,999 for p99.99. `None` without times, and above 10,000.
    ///
    /// Exact below two microseconds, then at most a thousandth too long, and never beyond the longest.
    #[must_use]
    pub fn quantile(&self, ten_thousandths: u32) -> Option<Duration> {
        self.at_rank(rank(ten_thousandths, self.count()))
    }

    /// The `rank`-th shortest time, from 1.
    pub(super) fn at_rank(&self, rank: u64) -> Option<Duration> {
        let mut reached = 0;
        let found = self.histogram.iter_recorded().find(|step| {
            reached += step.count_since_last_iteration();
            reached >= rank
        })?;
        Some(Duration::from_nanos(found.value_iterated_to().min(self.longest)))
    }

    /// The longest one, exactly; `None` without times.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(Duration::from_nanos(self.longest))
    }

    /// Their mean, to the nanosecond; `None` without times.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}

/// The counts would fill pages.
impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, mean, max) = (self.count(), self.mean(), self.max());
        write!(f, "Times {{ count: {count}, mean: {mean:?}, max: {max:?} }}")
    }
}

/// The rank, from 1, of the quantile among `count` times; in whole numbers, so that no rounding moves it.
pub(super) fn rank(ten_thousandths: u32, count: u64) -> u64 {
    let rank = (u128::from(ten_thousandths) * u128::from(count)).div_ceil(10_000);
    u64::try_from(rank).unwrap_or(u64::MAX).max(1)
}
