//! A log-normal distribution that is given by two of its quantiles, such as the median and the 99th percentile.

use super::cut::{MAX_TIME, float, latency};
use crate::text::{Scaled, parse_exact};
use crate::time::{Duration, WithUnit, parse_duration};
use core::fmt;

/// Units of a [`Level`] in the whole: a level has four decimals of a per cent.
const WHOLE: u32 = 1_000_000;

/// Percentile: more than 0 and less than 100 per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Level(u32);

impl Level {
    /// Reads `p50`, `p99.9` or, as tables write the latter, `p999`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['p', 'P'])?;
        let level = match digits.strip_prefix("99") {
            Some(nines) if !nines.is_empty() && !nines.starts_with('.') => {
                99 * 10_000 + parse_exact(&alloc::format!("0.{nines}"), 4)?
            }
            _ => parse_exact(digits, 4)?,
        };
        u32::try_from(level).ok().filter(|level| (1..WHOLE).contains(level)).map(Self)
    }

    /// Returns the number of standard deviations by which this quantile of a normal distribution exceeds the mean.
    fn deviations(self) -> f64 {
        let (tail, sign) = if self.0 > WHOLE / 2 { (WHOLE - self.0, 1.0) } else { (self.0, -1.0) };
        let tail = f64::from(tail) / f64::from(WHOLE);
        // Even the smallest tail begins below six deviations.
        let (mut low, mut high) = (0.0, 6.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if 0.5 * libm::erfc(middle * core::f64::consts::FRAC_1_SQRT_2) > tail {
                low = middle;
            } else {
                high = middle;
            }
        }
        sign * low
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", Scaled(self.0.into(), 4))
    }
}

/// Two quantiles and the log-normal distribution that has them.
#[derive(Clone, Copy, Debug)]
pub struct Quantiles {
    points: [(Level, Duration); 2],
    /// Mean and standard deviation of the logarithm of the time in nanoseconds.
    mu: f64,
    sigma: f64,
}

/// The points determine the rest.
impl PartialEq for Quantiles {
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points
    }
}

impl Eq for Quantiles {}

impl Quantiles {
    /// Fits the distribution to quantiles with ascending levels, and times that do not descend.
    fn fit(points: [(Level, Duration); 2]) -> Self {
        // A time of zero has no logarithm.
        let [low, high] = points.map(|(_, time)| libm::log(float(time).max(1.0)));
        let [z_low, z_high] = points.map(|(level, _)| level.deviations());
        let sigma = (high - low) / (z_high - z_low);
        Self { points, mu: low - sigma * z_low, sigma }
    }

    /// Reads `p50=8ms` and `p99=60ms`, in any order.
    pub(super) fn read(points: [&str; 2]) -> Option<Self> {
        let point = |text: &str| {
            let (level, time) = text.split_once('=')?;
            let time = parse_duration(time).filter(|time| *time <= MAX_TIME && !time.is_zero())?;
            Some((Level::parse(level)?, time))
        };
        let (one, two) = (point(points[0])?, point(points[1])?);
        let (low, high) = if one.0 < two.0 { (one, two) } else { (two, one) };
        (low.0 < high.0 && low.1 < high.1).then(|| Self::fit([low, high]))
    }

    /// Returns the distribution of half the time, in whole nanoseconds.
    pub(super) fn map(&self, half: impl Fn(&Duration) -> Duration) -> Self {
        Self::fit(self.points.map(|(level, time)| (level, half(&time))))
    }

    /// Returns the time that lies `z` standard deviations above the median on the scale of logarithms.
    pub(super) fn at(&self, z: f64) -> Duration {
        latency(libm::exp(self.mu + self.sigma * z))
    }

    /// Returns the two quantiles by which it is given: their levels, written as `p99`, and their times.
    pub fn points(&self) -> [(impl fmt::Display + use<>, Duration); 2] {
        self.points
    }

    /// Returns the median.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.at(0.0)
    }

    /// Returns the standard deviation of the logarithm of the time.
    #[must_use]
    pub const fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Returns the mean.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.at(self.sigma / 2.0)
    }
}

/// Writes `quantiles p50=8ms p99=60ms`.
impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("quantiles")?;
        self.points.iter().try_for_each(|(level, time)| write!(f, " {level}={}", WithUnit(*time)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::*;
    use alloc::string::ToString;

    fn quantiles(text: &str) -> Option<Quantiles> {
        match text.parse() {
            Ok(Distribution::Quantiles(quantiles)) => Some(quantiles),
            _ => None,
        }
    }

    #[test]
    fn quantiles_are_read_and_shown() {
        for (text, canonical) in [
            ("quantiles p50=8ms p99=60ms", "quantiles p50=8ms p99=60ms"),
            ("Quantiles  P999=1s  p5=0.5ms", "quantiles p5=500us p99.9=1s"),
            ("quantiles p99.99=2s p90=1s", "quantiles p90=1s p99.99=2s"),
            ("quantiles p0.0001=1ns p999999=1h", "quantiles p0.0001=1ns p99.9999=1h"),
        ] {
            let shown = quantiles(text).map(|quantiles| quantiles.to_string());
            assert_eq!(shown.as_deref(), Some(canonical));
            assert_eq!(quantiles(canonical), quantiles(text));
        }
        for bad in [
            "quantiles",
            "quantiles p50=8ms",
            "quantiles p50=8ms p50=9ms",
            "quantiles p50=8ms p99=8ms",
            "quantiles p50=8ms p99=7ms",
            "quantiles p0=8ms p99=9ms",
            "quantiles p50=8ms p100=9ms",
            "quantiles p50=0s p99=9ms",
            "quantiles p50=8ms p99=2h",
            "quantiles p50=8 p99=60ms",
            "quantiles 50=8ms 99=60ms",
            "quantiles p50=8ms p9999999=60ms",
            "quantiles p50=8ms p90=20ms p99=60ms",
        ] {
            assert_eq!(quantiles(bad), None, "{bad}");
        }
    }

    /// Quantiles of the standard normal distribution, from tables.
    #[test]
    fn levels_are_those_of_the_normal_distribution() {
        for (level, expected) in [
            ("p50", 0.0),
            ("p90", 1.281_551_565_5),
            ("p99", 2.326_347_874_0),
            ("p99.9", 3.090_232_306_2),
            ("p1", -2.326_347_874_0),
            ("p99.9999", 4.753_424_308_8),
        ] {
            let found = Level::parse(level).unwrap().deviations();
            assert!((found - expected).abs() < 1e-9, "{level}: {found}");
        }
    }

    #[test]
    fn the_fit_has_both_quantiles() {
        let fit = quantiles("quantiles p50=8ms p99=60ms").unwrap();
        assert_eq!(fit.median(), Duration::from_millis(8));
        assert_eq!(fit.at(2.326_347_874_0), Duration::from_millis(60));
        assert!((fit.sigma() - 7.5f64.ln() / 2.326_347_874_0).abs() < 1e-9);
        let mean = 8e6 * (fit.sigma() * fit.sigma() / 2.0).exp();
        assert!((float(fit.mean()) - mean).abs() < 1.0);
        let upper = quantiles("quantiles p90=10ms p99=100ms").unwrap();
        assert!((upper.median() < Duration::from_millis(1)) && upper.sigma() > 2.0, "{upper:?}");
        assert_eq!(
            Distribution::Quantiles(upper).half(true).to_string(),
            "quantiles p90=5ms p99=50ms"
        );
        let tiny = Distribution::Quantiles(quantiles("quantiles p50=1ns p99=2ns").unwrap());
        assert_eq!(tiny.half(false).to_string(), "quantiles p50=0s p99=1ns");
        assert!(
            tiny.half(false).at(40.0) <= Duration::from_nanos(1),
            "a time of zero has no logarithm"
        );
    }
}
