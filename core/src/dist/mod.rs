//! Distributions of times, such as latencies and service times.

mod cut;
mod quantiles;

pub use cut::MAX_TIME;
pub use quantiles::Quantiles;

use crate::random::Stream;
use crate::text::words;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Factor, Grammar, TimeList, phrase};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use cut::{float, latency};

/// Distribution of a time, such as the one-way latency of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distribution {
    /// Always the same time.
    Constant(Duration),
    /// Uniform between two bounds, both included.
    Uniform(Duration, Duration),
    /// Absolute value of a normal variable with this mean and standard deviation: reflected at zero,
    /// because nothing arrives before it was sent.
    Normal(Duration, Duration),
    /// Log-normal, with the mean and standard deviation of the time itself, not of its logarithm.
    LogNormal(Duration, Duration),
    /// Log-normal, by two of its quantiles.
    Quantiles(Quantiles),
    /// Pareto, with its minimum and shape: `x` times the minimum is exceeded with probability
    /// `x^-shape`. The mean is the minimum times `shape / (shape - 1)`. It is infinite for a shape of 1,
    /// and the deviation is infinite for a shape of 2 or less.
    Pareto(Duration, Factor),
    /// Exponential with this mean.
    Exponential(Duration),
    /// One of these measured samples, all with equal probability.
    Table(Samples),
}

/// Measured latencies, from one to [`Samples::MAX_LEN`], each at most [`MAX_TIME`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples(Arc<[Duration]>);

impl Samples {
    /// Maximum number of samples.
    pub const MAX_LEN: usize = 1_000_000;

    /// Creates a table of `samples` and sorts them; `None` if there are no samples or too many, or if
    /// one is too long.
    #[must_use]
    pub fn new(mut samples: Vec<Duration>) -> Option<Self> {
        samples.sort_unstable();
        let fit = samples.last().is_some_and(|longest| *longest <= MAX_TIME);
        (fit && samples.len() <= Self::MAX_LEN).then(|| Self(samples.into()))
    }

    /// Returns the samples in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[Duration] {
        &self.0
    }
}

impl Distribution {
    /// Returns the mean before reflection and cut; [`MAX_TIME`] if the mean is infinite.
    #[must_use]
    pub fn mean(&self) -> Duration {
        match self {
            Self::Constant(mean)
            | Self::Normal(mean, _)
            | Self::LogNormal(mean, _)
            | Self::Exponential(mean) => *mean,
            Self::Quantiles(quantiles) => quantiles.mean(),
            Self::Uniform(low, high) => Duration::from_nanos(nanos(*low) / 2 + nanos(*high) / 2),
            Self::Pareto(least, shape) => {
                let shape = as_f64(*shape);
                latency(float(*least) * shape / (shape - 1.0))
            }
            Self::Table(Samples(samples)) => {
                latency(samples.iter().map(|s| float(*s)).sum::<f64>() / samples.len() as f64)
            }
        }
    }

    /// Returns the mean of the draws in seconds: after the reflection at zero and the cut to [`MAX_TIME`], where they
    /// matter.
    pub(crate) fn mean_drawn(&self) -> f64 {
        let nanos = match self {
            Self::Normal(mean, deviation) if !deviation.is_zero() => {
                let (mean, deviation) = (float(*mean), float(*deviation));
                let z = mean / deviation;
                let density = libm::exp(-z * z / 2.0) * libm::sqrt(2.0 / core::f64::consts::PI);
                deviation * density + mean * libm::erf(z * core::f64::consts::FRAC_1_SQRT_2)
            }
            Self::Pareto(least, shape) if !least.is_zero() => {
                let (least, more) = (float(*least), as_f64(*shape) - 1.0);
                // The integral of the probability to exceed a time, up to the cut.
                let longest = float(MAX_TIME) / least;
                let tail = if *shape == Factor::ONE {
                    libm::log(longest)
                } else {
                    (1.0 - libm::pow(longest, -more)) / more
                };
                least * (1.0 + tail)
            }
            other => float(other.mean()),
        };
        nanos / 1e9
    }

    /// Returns a bound that fewer than one draw in 10^20 exceeds; `None` for a distribution with a long
    /// tail.
    #[must_use]
    pub fn bound(&self) -> Option<Duration> {
        match self {
            Self::Constant(most) | Self::Uniform(_, most) => Some(*most),
            // Beyond ten deviations: 10^-23. Beyond fifty means: 10^-21.
            Self::Normal(mean, deviation) => {
                Some(mean.saturating_add(deviation.saturating_mul(10)))
            }
            Self::Exponential(mean) => Some(mean.saturating_mul(50)),
            Self::Table(Samples(samples)) => samples.last().copied(),
            Self::LogNormal(..) | Self::Quantiles(_) | Self::Pareto(..) => None,
        }
    }

    /// Returns the distribution of half the time, in whole nanoseconds: rounded up or down.
    #[must_use]
    pub(crate) fn half(&self, up: bool) -> Self {
        let half = |time: &Duration| Duration::from_nanos((nanos(*time) + u64::from(up)) / 2);
        match self {
            Self::Constant(time) => Self::Constant(half(time)),
            Self::Uniform(low, high) => Self::Uniform(half(low), half(high)),
            Self::Normal(mean, deviation) => Self::Normal(half(mean), half(deviation)),
            // A mean of zero has no logarithm.
            Self::LogNormal(mean, deviation) => {
                Self::LogNormal(half(mean).max(Duration::from_nanos(1)), half(deviation))
            }
            Self::Quantiles(quantiles) => Self::Quantiles(quantiles.map(half)),
            Self::Pareto(least, shape) => Self::Pareto(half(least), *shape),
            Self::Exponential(mean) => Self::Exponential(half(mean)),
            Self::Table(Samples(samples)) => {
                Self::Table(Samples(samples.iter().map(half).collect()))
            }
        }
    }

    /// Returns true if all draws are equal.
    #[must_use]
    pub(crate) const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// Returns an independent draw from `stream`.
    #[must_use]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match self {
            Self::Constant(latency) => *latency,
            Self::Uniform(low, high) => {
                let span = nanos(high.saturating_sub(*low));
                low.saturating_add(Duration::from_nanos(stream.up_to(span)))
            }
            Self::Normal(..) | Self::LogNormal(..) | Self::Quantiles(_) => {
                self.at(stream.standard_normal())
            }
            // 1 - u is in (0, 1]: the logarithm and the power are finite.
            Self::Pareto(..) | Self::Exponential(_) => self.exceeded(1.0 - stream.unit()),
            Self::Table(Samples(samples)) => {
                samples[stream.up_to(samples.len() as u64 - 1) as usize]
            }
        }
    }

    /// Returns the time whose quantile in this distribution equals the quantile of `z` in the standard
    /// normal distribution. Correlated normal variables thus give correlated times that still follow
    /// this distribution.
    pub(crate) fn at(&self, z: f64) -> Duration {
        // Probability of a larger z.
        let exceeded = || 0.5 * libm::erfc(z * core::f64::consts::FRAC_1_SQRT_2);
        match self {
            Self::Constant(latency) => *latency,
            Self::Uniform(low, high) => {
                latency(float(*high) - float(high.saturating_sub(*low)) * exceeded())
            }
            Self::Normal(mean, deviation) => {
                latency(libm::fabs(float(*mean) + float(*deviation) * z))
            }
            Self::LogNormal(mean, deviation) => {
                let spread = float(*deviation) / float(*mean);
                let variance = libm::log1p(spread * spread);
                latency(float(*mean) * libm::exp(libm::sqrt(variance) * z - variance / 2.0))
            }
            Self::Quantiles(quantiles) => quantiles.at(z),
            Self::Pareto(..) | Self::Exponential(_) => self.exceeded(exceeded()),
            Self::Table(Samples(samples)) => {
                let index = ((1.0 - exceeded()) * samples.len() as f64) as usize;
                samples[index.min(samples.len() - 1)]
            }
        }
    }

    /// Returns the time that is exceeded with this probability, for Pareto and exponential.
    fn exceeded(&self, probability: f64) -> Duration {
        match self {
            Self::Pareto(least, shape) => {
                latency(float(*least) * libm::pow(probability, -1.0 / as_f64(*shape)))
            }
            other => latency(-float(other.mean()) * libm::log(probability)),
        }
    }
}

fn as_f64(factor: Factor) -> f64 {
    f64::from(factor.millionths()) / 1e6
}

/// Writes the form that `FromStr` reads, such as `10ms`, `uniform 5ms 15ms`, `pareto 5ms 3` or
/// `table 9ms 10ms 12ms`.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, a, b) = match self {
            Self::Constant(latency) => return WithUnit(*latency).fmt(f),
            Self::Quantiles(quantiles) => return quantiles.fmt(f),
            Self::Exponential(mean) => return write!(f, "exponential {}", WithUnit(*mean)),
            Self::Pareto(least, shape) => {
                return write!(f, "pareto {} {shape}", WithUnit(*least));
            }
            Self::Table(Samples(samples)) => {
                f.write_str("table")?;
                return samples.iter().try_for_each(|s| write!(f, " {}", WithUnit(*s)));
            }
            Self::Uniform(low, high) => ("uniform", low, high),
            Self::Normal(mean, deviation) => ("normal", mean, deviation),
            Self::LogNormal(mean, deviation) => ("lognormal", mean, deviation),
        };
        write!(f, "{name} {} {}", WithUnit(*a), WithUnit(*b))
    }
}

phrase!(
    Distribution,
    Phrase,
    Grammar::new(
        "a distribution of times",
        &[
            ("10ms", "always the same"),
            ("uniform 5ms 15ms", "low, high"),
            ("normal 10ms 2ms", "mean, deviation"),
            ("lognormal 10ms 2ms", "mean, deviation"),
            ("quantiles p50=8ms p99=60ms", "two quantiles of a log-normal"),
            ("pareto 5ms 3", "minimum, shape"),
            ("exponential 10ms", "mean"),
            ("table 9ms 10ms", "measured times, each equally likely"),
        ],
    )
    .limits("each time at most 1h, at most 1000000 measured times")
    .series(TimeList {
        keyword: "table",
        separator: " ",
        max_len: Samples::MAX_LEN,
        max_time: MAX_TIME,
        ordered: false,
    })
);

impl Distribution {
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = words(text).take(Samples::MAX_LEN + 2).collect();
        let time = |text: &str| parse_duration(text).filter(|time| *time <= MAX_TIME);
        let (first, rest) = parts.split_first()?;
        Some(match (first.to_ascii_lowercase().as_str(), rest) {
            (_, []) => Self::Constant(time(first)?),
            ("uniform", [low, high]) => {
                let (low, high) = (time(low)?, time(high)?);
                (low <= high).then_some(Self::Uniform(low, high))?
            }
            ("normal", [mean, deviation]) => Self::Normal(time(mean)?, time(deviation)?),
            ("lognormal", [mean, deviation]) => {
                let mean = time(mean).filter(|mean| !mean.is_zero())?;
                Self::LogNormal(mean, time(deviation)?)
            }
            ("pareto", [least, shape]) => Self::Pareto(time(least)?, Factor::parse(shape)?),
            ("quantiles", [one, two]) => Self::Quantiles(Quantiles::read([one, two])?),
            ("exponential", [mean]) => Self::Exponential(time(mean)?),
            ("table", samples) => {
                let samples = samples.iter().map(|sample| time(sample)).collect::<Option<_>>()?;
                Self::Table(Samples::new(samples)?)
            }
            _ => return None,
        })
    }
}
