//! Histogram of the durations of exchanges.

use crate::time::{Duration, nanos};
use core::fmt;
use hdrhistogram::Histogram;

/// Times of many exchanges, in nanoseconds to three digits. The histogram takes 450 kB for any number of
/// exchanges (HdrHistogram by Tene).
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "form::Form", into = "form::Form")
)]
pub struct Times {
    histogram: Histogram<u64>,
    sum: u128,
    longest: u64,
}

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(u64::MAX, 3);
        let histogram = histogram.expect("three digits of any number are within what it can do");
        Self { histogram, sum: 0, longest: 0 }
    }
}

impl Times {
    /// Adds a time.
    #[inline]
    pub fn add(&mut self, time: Duration) {
        let time = nanos(time);
        self.histogram.saturating_record(time);
        self.sum += u128::from(time);
        self.longest = self.longest.max(time);
    }

    /// Adds the times of another part of a run.
    pub(super) fn merge(&mut self, other: &Self) {
        let added = self.histogram.add(&other.histogram);
        added.expect("both have the same range and the same digits");
        self.sum += other.sum;
        self.longest = self.longest.max(other.longest);
    }

    /// Returns the number of times.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns the quantile `ten_thousandths / 10,000`: 5,000 is the median, 9,999 is p99.99. `None`
    /// without times, and above 10,000.
    ///
    /// The result is exact below two microseconds, otherwise at most a thousandth too long, and at most
    /// the maximum.
    #[must_use]
    pub fn quantile(&self, ten_thousandths: u32) -> Option<Duration> {
        self.at_rank(rank(ten_thousandths, self.count()))
    }

    /// Returns the `rank`-th shortest time, from 1; `None` if there are fewer.
    pub(super) fn at_rank(&self, rank: u64) -> Option<Duration> {
        self.at_ranks([rank])[0]
    }

    /// Returns the shortest times with these ranks, which ascend, in one pass from the minimum.
    pub(super) fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [Option<Duration>; N] {
        let (mut value, mut reached) = (self.histogram.min(), 0);
        let mut slot = value;
        ranks.map(|rank| {
            if rank > self.count() {
                return None;
            }
            while reached < rank {
                reached += self.histogram.count_at(value);
                slot = value;
                value = self.histogram.next_non_equivalent(value);
            }
            let time = self.histogram.highest_equivalent(slot).min(self.longest);
            Some(Duration::from_nanos(time))
        })
    }

    /// Returns the exact maximum; `None` without times.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(Duration::from_nanos(self.longest))
    }

    /// Returns the mean, rounded down to a nanosecond; `None` without times.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}

/// The times in serde's forms: the number of times up to each of some values, without those that have none.
#[cfg(feature = "serde")]
mod form {
    use super::Times;
    use alloc::vec::Vec;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Form {
        counts: Vec<(u64, u64)>,
        #[serde(with = "crate::value::wide")]
        sum: u128,
        longest: u64,
    }

    impl From<Times> for Form {
        fn from(Times { histogram, sum, longest }: Times) -> Self {
            let counts = histogram.iter_recorded();
            let counts = counts.map(|at| (at.value_iterated_to(), at.count_at_value())).collect();
            Self { counts, sum, longest }
        }
    }

    impl From<Form> for Times {
        fn from(Form { counts, sum, longest }: Form) -> Self {
            let mut times = Self { sum, longest, ..Self::default() };
            for (value, count) in counts {
                times.histogram.saturating_record_n(value, count);
            }
            times
        }
    }
}

/// Leaves out the counts, which would fill pages.
impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, mean, max) = (self.count(), self.mean(), self.max());
        write!(f, "Times {{ count: {count}, mean: {mean:?}, max: {max:?} }}")
    }
}

/// Returns the rank, from 1, of the quantile among `count` times. It uses integers to avoid rounding.
pub(super) fn rank(ten_thousandths: u32, count: u64) -> u64 {
    let rank = (u128::from(ten_thousandths) * u128::from(count)).div_ceil(10_000);
    u64::try_from(rank).unwrap_or(u64::MAX).max(1)
}
