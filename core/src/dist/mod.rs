//! How long a datagram takes: the laws of latency.

use crate::random::Stream;
use crate::text::words;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Factor, Grammar, Series, phrase};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// The longest latency that a link may have: an hour. A longer draw is cut to it.
pub const MAX_TIME: Duration = Duration::from_secs(3_600);

/// How long a datagram takes, one way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// Uniform between two bounds, both included.
    Uniform(Duration, Duration),
    /// The absolute value of a normal variable with this mean and standard deviation: reflected at
    /// zero, since nothing arrives before it was sent.
    Normal(Duration, Duration),
    /// Log-normal: this mean and standard deviation of the latency itself, not of its logarithm.
    LogNormal(Duration, Duration),
    /// Pareto's law: at least this long, and longer than `x` times that with probability `x^-shape`.
    /// The mean is the least times `shape / (shape - 1)`; a shape of 1 has none, one of 2 or less no
    /// deviation.
    Pareto(Duration, Factor),
    /// Exponential with this mean.
    Exponential(Duration),
    /// One of these, each as likely as the others: what was measured.
    Table(Samples),
}

/// Measured latencies, from one to [`Samples::MAX_LEN`], each at most [`MAX_TIME`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples(Arc<[Duration]>);

impl Samples {
    /// Maximum number of samples.
    pub const MAX_LEN: usize = 10_000;

    /// A table of `samples`, which are put in ascending order; `None` if there are none or too many,
    /// or one is too long.
    #[must_use]
    pub fn new(mut samples: Vec<Duration>) -> Option<Self> {
        samples.sort_unstable();
        let fit = samples.last().is_some_and(|longest| *longest <= MAX_TIME);
        (fit && samples.len() <= Self::MAX_LEN).then(|| Self(samples.into()))
    }

    /// The samples in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[Duration] {
        &self.0
    }
}

/// A time in nanoseconds as a latency. Float to integer casts saturate.
fn latency(nanos: f64) -> Duration {
    Duration::from_nanos(libm::round(nanos) as u64).min(MAX_TIME)
}

fn float(duration: Duration) -> f64 {
    nanos(duration) as f64
}

impl Distribution {
    /// The law's mean, before reflection and cut; the longest latency for a law without a mean.
    #[must_use]
    pub fn mean(&self) -> Duration {
        match self {
            Self::Constant(mean)
            | Self::Normal(mean, _)
            | Self::LogNormal(mean, _)
            | Self::Exponential(mean) => *mean,
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

    /// What no draw exceeds, but for one in more than 10^20; `None` for a law with a longer tail.
    #[must_use]
    pub fn bound(&self) -> Option<Duration> {
        match self {
            Self::Constant(most) | Self::Uniform(_, most) => Some(*most),
            // Ten deviations: 10^-23. Fifty means: 10^-21.
            Self::Normal(mean, deviation) => {
                Some(mean.saturating_add(deviation.saturating_mul(10)))
            }
            Self::Exponential(mean) => Some(mean.saturating_mul(50)),
            Self::Table(Samples(samples)) => samples.last().copied(),
            Self::LogNormal(..) | Self::Pareto(..) => None,
        }
    }

    /// Does it never vary?
    #[must_use]
    pub const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// A draw from `stream` that depends on no other.
    #[must_use]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match self {
            Self::Constant(latency) => *latency,
            Self::Uniform(low, high) => {
                let span = nanos(high.saturating_sub(*low));
                low.saturating_add(Duration::from_nanos(stream.up_to(span)))
            }
            Self::Normal(..) | Self::LogNormal(..) => self.at(stream.standard_normal()),
            // 1 - u is in (0, 1]: the logarithm and the power are finite.
            Self::Pareto(..) | Self::Exponential(_) => self.exceeded(1.0 - stream.unit()),
            Self::Table(Samples(samples)) => {
                samples[stream.up_to(samples.len() as u64 - 1) as usize]
            }
        }
    }

    /// The latency that stands where `z` stands in the standard normal law: so a chain of normal
    /// variables gives latencies that hang together and still follow their own law.
    pub(crate) fn at(&self, z: f64) -> Duration {
        // The probability of a larger z.
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
            Self::Pareto(..) | Self::Exponential(_) => self.exceeded(exceeded()),
            Self::Table(Samples(samples)) => {
                let place = ((1.0 - exceeded()) * samples.len() as f64) as usize;
                samples[place.min(samples.len() - 1)]
            }
        }
    }

    /// The latency that is exceeded with this probability, by the laws that are simplest told so.
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

/// `10ms`, `uniform 5ms 15ms`, `pareto 5ms 3`, `table 9ms 10ms 12ms`: what `FromStr` reads.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (law, a, b) = match self {
            Self::Constant(latency) => return WithUnit(*latency).fmt(f),
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
        write!(f, "{law} {} {}", WithUnit(*a), WithUnit(*b))
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
            ("pareto 5ms 3", "minimum, shape"),
            ("exponential 10ms", "mean"),
            ("table 9ms 10ms", "measured times, each equally likely"),
        ],
    )
    .limits("each time at most 1h, at most 10000 measured times")
    .series(Series {
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
            ("exponential", [mean]) => Self::Exponential(time(mean)?),
            ("table", samples) => {
                let samples = samples.iter().map(|sample| time(sample)).collect::<Option<_>>()?;
                Self::Table(Samples::new(samples)?)
            }
            _ => return None,
        })
    }
}
