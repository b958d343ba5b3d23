//! What a network does to a datagram: it delays it, or loses it.
//!
//! A [`Link`] decides the fate of one datagram from its name alone (see [`random`](crate::random)), so
//! the same link serves the simulated network, a server and a proxy, and gives each datagram the same
//! fate in all of them.

use crate::random::{Direction, Probability, Purpose, Stream};
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::trace::Cause;
use core::fmt;
use core::str::FromStr;

/// The longest latency that a link may have: an hour.
pub const LONGEST_LATENCY: Duration = Duration::from_secs(3_600);

/// A link between two hosts, the same both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long a datagram takes, one way.
    pub latency: Latency,
    /// The probability that a datagram is lost, each way.
    pub loss: Probability,
}

impl Default for Link {
    fn default() -> Self {
        Self { latency: Latency::Constant(Duration::from_millis(10)), loss: Probability::NEVER }
    }
}

/// What becomes of one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives after this long.
    Deliver(Duration),
    /// It is lost.
    Drop(Cause),
}

impl Link {
    /// Does a datagram's fate depend on random draws?
    #[must_use]
    pub fn draws(&self) -> bool {
        self.loss > Probability::NEVER || !matches!(self.latency, Latency::Constant(_))
    }

    /// The fate of datagram `index` of `flow` in this direction.
    #[must_use]
    pub fn verdict(&self, seed: u64, flow: u32, direction: Direction, index: u64) -> Verdict {
        let stream = |purpose| Stream::new(seed, purpose, flow, direction, index);
        if self.loss > Probability::NEVER && stream(Purpose::LinkLoss).chance(self.loss) {
            return Verdict::Drop(Cause::LinkLoss);
        }
        Verdict::Deliver(match self.latency {
            Latency::Constant(latency) => latency,
            random => random.draw(&mut stream(Purpose::LinkLatency)),
        })
    }
}

/// How long a datagram takes, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// Uniform between two bounds, both included.
    Uniform(Duration, Duration),
    /// The absolute value of a normal variable with this mean and standard deviation: reflected at
    /// zero, since nothing arrives before it was sent.
    Normal(Duration, Duration),
}

impl Latency {
    /// A draw from `stream`.
    #[must_use]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match *self {
            Self::Constant(latency) => latency,
            Self::Uniform(low, high) => {
                let span = nanos(high.saturating_sub(low));
                low.saturating_add(Duration::from_nanos(stream.up_to(span)))
            }
            Self::Normal(mean, deviation) => {
                let (mean, deviation) = (nanos(mean) as f64, nanos(deviation) as f64);
                let latency = libm::fabs(mean + deviation * stream.standard_normal());
                // Float to integer casts saturate.
                Duration::from_nanos(libm::round(latency) as u64)
            }
        }
    }
}

/// `10ms`, `uniform 5ms 15ms` or `normal 10ms 2ms`.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (law, a, b) = match *self {
            Self::Constant(latency) => return WithUnit(latency).fmt(f),
            Self::Uniform(low, high) => ("uniform", low, high),
            Self::Normal(mean, deviation) => ("normal", mean, deviation),
        };
        write!(f, "{law} {} {}", WithUnit(a), WithUnit(b))
    }
}

/// What a latency has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyError;

impl fmt::Display for LatencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`10ms`, `uniform 5ms 15ms` (low, high) or `normal 10ms 2ms` (mean, deviation), each at most 1h")
    }
}

impl core::error::Error for LatencyError {}

impl FromStr for Latency {
    type Err = LatencyError;

    fn from_str(text: &str) -> Result<Self, LatencyError> {
        let duration =
            |text| parse_duration(text).filter(|d| *d <= LONGEST_LATENCY).ok_or(LatencyError);
        let mut words = text.split_whitespace();
        let latency = match (words.next(), words.next(), words.next()) {
            (Some(constant), None, _) => Self::Constant(duration(constant)?),
            (Some("uniform"), Some(low), Some(high)) => {
                Self::Uniform(duration(low)?, duration(high)?)
            }
            (Some("normal"), Some(mean), Some(deviation)) => {
                Self::Normal(duration(mean)?, duration(deviation)?)
            }
            _ => return Err(LatencyError),
        };
        match (words.next(), latency) {
            (None, Self::Uniform(low, high)) if low > high => Err(LatencyError),
            (None, latency) => Ok(latency),
            (Some(_), _) => Err(LatencyError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    const MS: Duration = Duration::from_millis(1);

    fn latencies(law: &str) -> Vec<f64> {
        let link = Link { latency: law.parse().unwrap(), loss: Probability::NEVER };
        (0..100_000)
            .map(|index| match link.verdict(7, 1, Direction::Request, index) {
                Verdict::Deliver(after) => after.as_secs_f64() * 1e3,
                Verdict::Drop(_) => unreachable!("a link without loss"),
            })
            .collect()
    }

    #[test]
    fn latencies_follow_their_law() {
        for (law, mean, deviation) in [
            ("10ms", 10.0, 0.0),
            ("uniform 5ms 15ms", 10.0, 10.0 / 12f64.sqrt()),
            ("normal 10ms 2ms", 10.0, 2.0),
            // A half-normal: mean sqrt(2/pi), deviation sqrt(1 - 2/pi).
            ("normal 0ms 1ms", 0.797_884_6, 0.602_810_3),
        ] {
            let sample = latencies(law);
            let n = sample.len() as f64;
            let measured = sample.iter().sum::<f64>() / n;
            let spread = sample.iter().map(|x| (x - measured).powi(2)).sum::<f64>() / n;
            let error = deviation / n.sqrt();
            assert!((measured - mean).abs() <= 5.0 * error + 1e-6, "{law}: {measured}");
            assert!((spread.sqrt() - deviation).abs() <= 5.0 * error + 1e-6, "{law}: {spread}");
        }
        let uniform = latencies("uniform 5ms 15ms");
        assert!(uniform.iter().all(|ms| (5.0..=15.0).contains(ms)));
    }

    #[test]
    fn loss_is_independent_of_latency_and_direction() {
        let loss = Probability::parse("0.3").unwrap();
        let fates = |latency, direction| {
            let link = Link { latency, loss };
            (0..1_000)
                .map(|i| matches!(link.verdict(7, 1, direction, i), Verdict::Drop(_)))
                .collect::<Vec<_>>()
        };
        let constant = fates(Latency::Constant(MS), Direction::Request);
        assert_eq!(constant, fates(Latency::Normal(MS, MS), Direction::Request));
        assert_ne!(constant, fates(Latency::Constant(MS), Direction::Reply));
        let lost = constant.iter().filter(|lost| **lost).count();
        assert!(lost.abs_diff(300) < 73, "five standard errors: {lost}");
    }

    #[test]
    fn laws_are_read_and_shown() {
        for law in ["10ms", "uniform 5ms 15ms", "normal 10ms 2ms", "0s"] {
            assert_eq!(law.parse::<Latency>().unwrap().to_string(), law);
        }
        for bad in [
            "",
            "10",
            "uniform 5ms",
            "uniform 2ms 1ms",
            "normal 1ms",
            "2h",
            "10ms 1ms 2ms 3ms",
            "pareto 1ms 2ms",
        ] {
            assert_eq!(bad.parse::<Latency>(), Err(LatencyError), "{bad}");
        }
    }
}
