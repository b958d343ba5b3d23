//! Means, medians and shares of samples, with their 95 % confidence intervals.
//!
//! [`wilson`] is for the share of independent trials. [`Sample::median_interval`] is valid for any independent
//! numbers, also if they fall into two groups, such as runs that collapsed and runs that did not. There is no
//! interval for a mean: the usual one, with Student's t distribution, is valid for numbers that are nearly normal, and in
//! an overload the results of runs are not.
//!
//! ```
//! use retrylab_core::stats::{Mean, Sample, wilson};
//!
//! let mean: Mean = [1.9, 2.0, 1.8, 2.1, 1.7].into_iter().collect();
//! assert!((mean.mean() - 1.9).abs() < 1e-12);
//! // 0 of 30 gave up: the true share may be up to 11 %.
//! let (low, high) = wilson(0, 30);
//! assert!(low == 0.0 && (high - 0.11352).abs() < 1e-5);
//! // Ten runs, three of which collapsed. Where the median lies is not known well.
//! let runs: Sample = [0.99, 0.98, 0.2, 0.99, 0.98, 0.97, 0.1, 0.99, 0.6, 0.98].into_iter().collect();
//! assert_eq!((runs.median(), runs.median_interval()), (Some(0.98), Some((0.2, 0.99))));
//! ```

use alloc::vec::Vec;

/// Distance from 0 that contains 95 % of the standard normal distribution.
pub(crate) const NORMAL_95: f64 = 1.959_963_984_540_054;

/// Running mean and variance (Welford 1962).
///
/// It stores three numbers. The variance is exact even for numbers that are large and close together,
/// and the order of the numbers changes only the last bits.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Mean {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Mean {
    /// Adds a number.
    pub fn add(&mut self, number: f64) {
        self.count += 1;
        let before = number - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (number - self.mean);
    }

    /// Returns the count of numbers.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the mean; 0 without numbers.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the unbiased variance, over `n - 1`; `None` for fewer than two numbers.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Returns the standard deviation; `None` for fewer than two numbers.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        self.variance().map(libm::sqrt)
    }
}

impl Extend<f64> for Mean {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, numbers: I) {
        numbers.into_iter().for_each(|number| self.add(number));
    }
}

impl FromIterator<f64> for Mean {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut mean = Self::default();
        mean.extend(numbers);
        mean
    }
}

/// Returns Wilson's 95 % confidence interval (1927) of a share, for `successes` of `n`.
///
/// The interval stays within 0 and 1. It is useful even if none or all succeeded, where the usual
/// `p ± 1.96 sqrt(p (1 - p) / n)` has no width. For `n = 0` it is 0 to 1.
#[must_use]
pub fn wilson(successes: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let count = n as f64;
    let share = successes.min(n) as f64 / count;
    let square = NORMAL_95 * NORMAL_95;
    let scale = 1.0 + square / count;
    let centre = (share + square / (2.0 * count)) / scale;
    let spread = share * (1.0 - share) / count + square / (4.0 * count * count);
    let reach = NORMAL_95 * libm::sqrt(spread) / scale;
    // Rounding would miss the exact ends.
    let low = if successes == 0 { 0.0 } else { centre - reach };
    let high = if successes >= n { 1.0 } else { centre + reach };
    (low, high)
}

/// Numbers in ascending order. They may be infinite, but not NaN: a reply that never came took longer than any.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Sample(Vec<f64>);

/// Ignores NaN.
impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().filter(|number| !number.is_nan()).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        Self(numbers)
    }
}

impl Sample {
    /// Returns the numbers in ascending order.
    #[must_use]
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    /// Returns the median: the middle number, or the mean of the two in the middle. `None` without numbers,
    /// and if the two in the middle are the two infinities.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let upper = *self.0.get(self.0.len() / 2)?;
        let lower = self.0[(self.0.len() - 1) / 2];
        let middle =
            if lower.total_cmp(&upper).is_eq() { lower } else { f64::midpoint(lower, upper) };
        (!middle.is_nan()).then_some(middle)
    }

    /// Returns the 95 % confidence interval of the median of the distribution that the numbers are from;
    /// `None` for fewer than six numbers.
    ///
    /// Its ends are two of the numbers, so that it never leaves their range. It contains the median with a
    /// probability of at least 95 %, whatever the distribution (David, Order Statistics, 1981, section 2.5).
    #[must_use]
    pub fn median_interval(&self) -> Option<(f64, f64)> {
        let rank = sign_rank(self.0.len() as u64)? as usize;
        Some((self.0[rank - 1], self.0[self.0.len() - rank]))
    }
}

/// Returns true if of `plus + minus` fair coins, the two sides are so unequal in less than 5 % of all cases:
/// the sign test. The counts are those of pairs whose difference is positive or negative.
#[must_use]
pub fn differs_by_sign(plus: u64, minus: u64) -> bool {
    sign_rank(plus.saturating_add(minus)).is_some_and(|rank| plus.min(minus) < rank)
}

/// Returns the largest `rank` such that of `n` fair coins, fewer than `rank` show heads with a probability of
/// at most 2.5 %; `None` if there is none, for fewer than six coins.
fn sign_rank(n: u64) -> Option<u64> {
    // The probabilities below would underflow. The normal distribution is as exact for such large numbers.
    if n > 1_000 {
        return Some(sign_rank_of_many(n as f64));
    }
    // Binomial probabilities of 0, 1, … heads.
    let mut probability = libm::exp2(-(n as f64));
    let (mut rank, mut sum) = (0, probability);
    while sum <= 0.025 {
        probability *= (n - rank) as f64 / (rank + 1) as f64;
        sum += probability;
        rank += 1;
    }
    (rank > 0).then_some(rank)
}

fn sign_rank_of_many(n: f64) -> u64 {
    // With the correction for continuity: fewer than `rank` is at most `rank - 1/2`.
    (0.5 * (n + 1.0 - NORMAL_95 * libm::sqrt(n))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Name, Purpose};

    #[track_caller]
    fn near(value: f64, expected: f64, within: f64) {
        assert!((value - expected).abs() <= within, "{value} instead of {expected}");
    }

    #[test]
    fn means_and_deviations_are_exact() {
        let mean: Mean = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
        assert_eq!((mean.count(), mean.mean()), (8, 5.0));
        near(mean.variance().unwrap(), 32.0 / 7.0, 1e-12);
        // Plain sums of squares would lose all digits.
        let far: Mean = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0].into_iter().collect();
        assert_eq!(far.variance(), Some(30.0));
        let equal: Mean = [0.1; 10].into_iter().collect();
        assert_eq!(equal.deviation(), Some(0.0));
    }

    #[test]
    fn one_number_has_no_deviation() {
        let one: Mean = [3.0].into_iter().collect();
        assert_eq!((one.mean(), one.variance()), (3.0, None));
        assert_eq!((Mean::default().count(), Mean::default().deviation()), (0, None));
    }

    /// Compares with values computed by hand: the roots of `(p - x)^2 = z^2 x (1 - x) / n`.
    #[test]
    fn wilsons_intervals_solve_his_equation() {
        for (successes, n, low, high) in [
            (1, 10, 0.017_876, 0.404_150),
            (0, 10, 0.0, 0.277_533),
            (10, 10, 0.722_467, 1.0),
            (5, 10, 0.236_593, 0.763_407),
        ] {
            let interval = wilson(successes, n);
            near(interval.0, low, 1e-6);
            near(interval.1, high, 1e-6);
        }
        for (successes, n) in [(1, 10), (7, 9), (312, 10_000), (3, 1_000_000_007)] {
            let (low, high) = wilson(successes, n);
            let (p, count) = (successes as f64 / n as f64, n as f64);
            for x in [low, high] {
                let allowed = NORMAL_95 * NORMAL_95 * x * (1.0 - x) / count;
                near((p - x) * (p - x) / allowed, 1.0, 1e-6);
            }
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert_eq!(wilson(0, u64::MAX).0, 0.0);
        assert_eq!(wilson(7, 7).1, 1.0);
    }

    /// Compares with ranks from exact binomial sums, in integers.
    #[test]
    fn ranks_of_the_median_match_exact_sums() {
        for (n, rank) in [
            (5, None),
            (6, Some(1)),
            (8, Some(1)),
            (9, Some(2)),
            (10, Some(2)),
            (20, Some(6)),
            (30, Some(10)),
            (100, Some(40)),
            (1_000, Some(469)),
        ] {
            assert_eq!(sign_rank(n), rank, "{n}");
        }
        for n in 200..=1_000 {
            let (exact, many) = (sign_rank(n).unwrap(), sign_rank_of_many(n as f64));
            assert!(exact.abs_diff(many) <= 1, "{n}: {exact}, {many}");
        }
        assert_eq!((differs_by_sign(10, 0), differs_by_sign(5, 0)), (true, false));
        assert_eq!((differs_by_sign(9, 21), differs_by_sign(10, 20)), (true, false));
    }

    #[test]
    fn medians_of_small_samples() {
        let sample = |numbers: &[f64]| numbers.iter().copied().collect::<Sample>();
        let forever = f64::INFINITY;
        for (numbers, median) in [
            (&[][..], None),
            (&[3.0][..], Some(3.0)),
            (&[4.0, 1.0], Some(2.5)),
            (&[9.0, 1.0, 2.0], Some(2.0)),
            (&[forever, 1.0], Some(forever)),
            (&[forever, forever], Some(forever)),
            (&[-forever, forever], None),
            (&[f64::NAN, 1.0], Some(1.0)),
        ] {
            assert_eq!(sample(numbers).median(), median, "{numbers:?}");
        }
        assert_eq!(sample(&[1.0; 5]).median_interval(), None);
        assert_eq!(
            sample(&[1.0, 2.0, 3.0, 4.0, 5.0, forever]).median_interval(),
            Some((1.0, forever))
        );
    }

    /// Of 4,000 intervals, at least 95 % contain the median of a normal, a skewed and a two-valued
    /// distribution, less five standard errors.
    #[test]
    fn intervals_of_the_median_cover_it_for_any_distribution() {
        let seed = 12;
        let mut stream = Name::exchange(seed, 1, 1).stream(Purpose::Think);
        type Form = fn(f64) -> f64;
        let log_normal: Form = |z| (3.0 * z).exp();
        // Seven runs of ten are at 1.
        let two_modes: Form = |z| if z < 0.524 { 1.0 } else { 0.1 };
        let normal: Form = |z| z;
        for (name, median, form) in
            [("normal", 0.0, normal), ("log-normal", 1.0, log_normal), ("modes", 1.0, two_modes)]
        {
            for size in [10, 30] {
                let contains = |_: &u32| {
                    let sample: Sample =
                        (0..size).map(|_| form(stream.standard_normal())).collect();
                    let (low, high) = sample.median_interval().unwrap();
                    low <= median && median <= high
                };
                let share = (0..4_000).filter(contains).count() as f64 / 4_000.0;
                assert!(
                    share > 0.95 - 5.0 * (0.95 * 0.05 / 4_000.0_f64).sqrt(),
                    "{name}, {size}: {share}"
                );
            }
        }
    }
}
