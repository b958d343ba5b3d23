//! Means and shares of samples, with their 95 % confidence intervals.
//!
//! ```
//! use retrylab_core::stats::{Mean, wilson};
//!
//! let mean: Mean = [1.9, 2.0, 1.8, 2.1, 1.7].into_iter().collect();
//! let (low, high) = mean.t_interval().unwrap();
//! assert!((mean.mean() - 1.9).abs() < 1e-12);
//! assert!((high - low - 2.0 * 2.776445 * (0.025_f64 / 5.0).sqrt()).abs() < 1e-6);
//! // 0 of 30 gave up: the true share may be up to 11 %.
//! let (low, high) = wilson(0, 30);
//! assert!(low == 0.0 && (high - 0.11352).abs() < 1e-5);
//! ```

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2};

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

    /// Returns the 95 % confidence interval of the mean; `None` for fewer than two numbers.
    ///
    /// It is exact for independent numbers from a normal distribution, and a good approximation for many
    /// numbers from nearly any other.
    #[must_use]
    pub fn t_interval(&self) -> Option<(f64, f64)> {
        let error = libm::sqrt(self.variance()? / self.count as f64);
        let reach = student_95(self.count - 1) * error;
        Some((self.mean - reach, self.mean + reach))
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

/// Returns the distance from 0 that contains 95 % of Student's t distribution with `freedom` degrees of
/// freedom: its quantile at 0.975. It is infinite for 0 degrees.
///
/// The result has 11 correct digits. Below 1,000 degrees it inverts the finite series 26.7.3 and 26.7.4
/// of Abramowitz and Stegun; from 1,000, their expansion 26.7.5 is as exact.
#[must_use]
pub(crate) fn student_95(freedom: u64) -> f64 {
    match freedom {
        0 => f64::INFINITY,
        1..1_000 => student_by_series(freedom),
        _ => student_by_expansion(freedom as f64),
    }
}

fn student_by_series(freedom: u64) -> f64 {
    // With t = sqrt(freedom) tan(angle). Each round halves the interval; after 60 it is a point.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if student_within(middle, freedom) < 0.95 { low = middle } else { high = middle }
    }
    libm::sqrt(freedom as f64) * libm::tan(0.5 * (low + high))
}

/// Returns the probability that |T| is below `sqrt(freedom) tan(angle)`.
fn student_within(angle: f64, freedom: u64) -> f64 {
    let (sine, cosine) = libm::sincos(angle);
    let odd = freedom % 2 == 1;
    if freedom == 1 {
        return FRAC_2_PI * angle;
    }
    let (mut term, shift) = if odd { (cosine, 1.0) } else { (1.0, 0.0) };
    let mut sum = term;
    for k in 1..freedom / 2 {
        let even = 2.0 * k as f64;
        // 2/3 4/5 6/7 …, or 1/2 3/4 5/6 …
        term *= (even - 1.0 + shift) / (even + shift) * cosine * cosine;
        sum += term;
    }
    if odd { FRAC_2_PI * (angle + sine * sum) } else { sine * sum }
}

fn student_by_expansion(freedom: f64) -> f64 {
    let z = NORMAL_95;
    let square = z * z;
    // Horner's method in z^2, highest power first.
    let odd = |powers: &[f64]| z * powers.iter().fold(0.0, |sum, factor| sum * square + factor);
    let terms = [
        odd(&[1.0, 1.0]) / 4.0,
        odd(&[5.0, 16.0, 3.0]) / 96.0,
        odd(&[3.0, 19.0, 17.0, -15.0]) / 384.0,
        odd(&[79.0, 776.0, 1482.0, -1920.0, -945.0]) / 92_160.0,
    ];
    z + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / freedom)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Name, Purpose};

    #[track_caller]
    fn near(value: f64, expected: f64, within: f64) {
        assert!((value - expected).abs() <= within, "{value} instead of {expected}");
    }

    /// Compares with a table of Student's distribution, Abramowitz and Stegun 26.10.
    #[test]
    fn students_quantiles_match_published_tables() {
        for (freedom, t) in [
            (1, 12.706_204_736_2),
            (2, 4.302_652_729_7),
            (3, 3.182_446_305_3),
            (4, 2.776_445_105_2),
            (9, 2.262_157_162_8),
            (10, 2.228_138_851_9),
            (30, 2.042_272_456_3),
            (99, 1.984_216_951_5),
            (1_000, 1.962_339_080_8),
        ] {
            near(student_95(freedom), t, 1e-9);
        }
        assert_eq!(student_95(0), f64::INFINITY);
        near(student_95(u64::MAX), NORMAL_95, 1e-15);
    }

    #[test]
    fn series_and_expansion_agree_where_they_meet() {
        for freedom in [998, 999] {
            near(student_by_series(freedom), student_by_expansion(freedom as f64), 1e-11);
        }
        for freedom in 1..1_100 {
            assert!(student_95(freedom) > student_95(freedom + 1), "{freedom}");
        }
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
    fn one_number_has_no_interval() {
        let one: Mean = [3.0].into_iter().collect();
        assert_eq!((one.mean(), one.variance(), one.t_interval()), (3.0, None, None));
        assert_eq!(Mean::default().t_interval(), None);
    }

    /// Of 4,000 intervals of five numbers each, 95 % contain the mean, within five standard errors.
    #[test]
    fn ninety_five_percent_of_intervals_contain_the_mean() {
        let (seed, n) = (11, 4_000.0_f64);
        let mut stream = Name::exchange(seed, 1, 1).stream(Purpose::Think);
        let contains = |_: &u32| {
            let mean: Mean = (0..5).map(|_| 10.0 + 3.0 * stream.standard_normal()).collect();
            mean.t_interval().is_some_and(|(low, high)| low <= 10.0 && 10.0 <= high)
        };
        let share = (0..4_000).filter(contains).count() as f64 / n;
        let error = (0.95 * 0.05 / n).sqrt();
        assert!((share - 0.95).abs() < 5.0 * error, "seed {seed}: {share}");
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
}
