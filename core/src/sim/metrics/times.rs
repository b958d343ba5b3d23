//! Histogram of the durations of exchanges.

use crate::time::{Duration, nanos};
use alloc::{vec, vec::Vec};
use core::fmt;

/// Number of leading bits that a time keeps: three digits.
const BITS: u32 = 11;

/// Number of ranges of times with one count each, up to the longest time of 64 bits.
const RANGES: usize = range_of(u64::MAX) + 1;

/// Returns the number of the range that contains a time. Below 2^11 ns each nanosecond has its own; from
/// there on, each power of two has 2^10 ranges of equal width (HdrHistogram by Tene).
#[inline]
const fn range_of(time: u64) -> usize {
    let shift = u64::BITS - (time | ((1 << BITS) - 1)).leading_zeros() - BITS;
    ((shift << (BITS - 1)) as u64 + (time >> shift)) as usize
}

/// Returns the longest time of a range.
const fn longest_of(range: usize) -> u64 {
    let range = range as u64;
    let shift = (range >> (BITS - 1)).saturating_sub(1);
    let kept = range - (shift << (BITS - 1));
    kept << shift | ((1 << shift) - 1)
}

/// Times of many exchanges, in nanoseconds to three digits. The histogram takes 450 kB for any number of
/// exchanges.
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "form::Form", into = "form::Form")
)]
pub struct Times {
    /// Number of times in each range.
    ranges: Vec<u64>,
    count: u64,
    sum: u128,
    longest: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { ranges: vec![0; RANGES], count: 0, sum: 0, longest: 0 }
    }
}

impl Times {
    /// Adds a time.
    #[inline]
    pub fn add(&mut self, time: Duration) {
        let time = nanos(time);
        self.ranges[range_of(time)] += 1;
        self.count += 1;
        self.sum += u128::from(time);
        self.longest = self.longest.max(time);
    }

    /// Adds the times of another part of a run.
    pub(super) fn merge(&mut self, other: &Self) {
        for (own, more) in self.ranges.iter_mut().zip(&other.ranges) {
            *own += more;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.longest = self.longest.max(other.longest);
    }

    /// Returns the number of times.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
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

    /// Returns the shortest times with these ranks, which ascend, in one pass.
    pub(super) fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [Option<Duration>; N] {
        // The next range, and the number of times that are shorter.
        let (mut next, mut reached) = (0, 0);
        ranks.map(|rank| {
            if rank > self.count {
                return None;
            }
            while reached < rank {
                reached += self.ranges[next];
                next += 1;
            }
            let time = longest_of(next.saturating_sub(1)).min(self.longest);
            Some(Duration::from_nanos(time))
        })
    }

    /// Returns the exact maximum; `None` without times.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then_some(Duration::from_nanos(self.longest))
    }

    /// Returns the mean, rounded down to a nanosecond; `None` without times.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}

/// The times in serde's forms: the number of times up to each of some values, without those that have none.
#[cfg(feature = "serde")]
mod form {
    use super::{Times, longest_of, range_of};
    use alloc::vec::Vec;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Form {
        counts: Vec<(u64, u64)>,
        #[serde(with = "crate::value::wide")]
        sum: u128,
        longest: u64,
    }

    impl From<Times> for Form {
        fn from(Times { ranges, count: _, sum, longest }: Times) -> Self {
            let counts = ranges.into_iter().enumerate().filter(|(_, count)| *count > 0);
            let counts = counts.map(|(range, count)| (longest_of(range), count)).collect();
            Self { counts, sum, longest }
        }
    }

    impl From<Form> for Times {
        fn from(Form { counts, sum, longest }: Form) -> Self {
            let mut times = Self { sum, longest, ..Self::default() };
            for (value, count) in counts {
                let range = &mut times.ranges[range_of(value)];
                *range = range.saturating_add(count);
                times.count = times.count.saturating_add(count);
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Ranges follow each other without a gap, and none is wider than a thousandth of its times.
        #[test]
        fn a_time_is_in_its_range(time: u64, shift in 0u32..64) {
            let time = time >> shift;
            let range = range_of(time);
            let before = range.checked_sub(1).map_or(0, |before| longest_of(before) + 1);
            proptest::prop_assert!((before..=longest_of(range)).contains(&time));
            proptest::prop_assert!(longest_of(range) - before <= time / 1_000);
            proptest::prop_assert_eq!(range_of(longest_of(range)), range);
        }
    }

    #[test]
    fn the_ranges_cover_all_times() {
        assert_eq!((range_of(0), longest_of(0)), (0, 0));
        assert_eq!((RANGES, longest_of(RANGES - 1)), (56_320, u64::MAX));
    }
}
