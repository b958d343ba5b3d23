//! A link's rate, and the queue before it.

use crate::random::{Probability, Stream};
use crate::text::{Scaled, parse_scaled};
use crate::time::{Duration, Instant};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;

/// A rate in bits per second, from 1 bit to 1000 gigabits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(NonZeroU64);

/// The units of a rate, as tc has them: powers of 1000, the bit being the first.
const UNITS: [(&str, u32); 4] = [("gbit", 9), ("mbit", 6), ("kbit", 3), ("bit", 0)];

impl Rate {
    /// The highest rate.
    pub const MAX_BITS: u64 = 1_000_000_000_000;

    /// `bits` per second; `None` for 0 and above [`Rate::MAX_BITS`].
    #[must_use]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(rate) if bits <= Self::MAX_BITS => Some(Self(rate)),
            _ => None,
        }
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0.get()
    }

    /// How long so many bytes take, in whole nanoseconds; a part of one is left out, as netem does.
    #[must_use]
    pub const fn time_of(self, bytes: u64) -> Duration {
        let time = bytes as u128 * 8_000_000_000 / self.0.get() as u128;
        Duration::from_nanos(if time > u64::MAX as u128 { u64::MAX } else { time as u64 })
    }
}

/// `10mbit`, in the largest unit of which it has one.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, places) = UNITS
            .into_iter()
            .find(|(_, places)| self.bits() >= 10u64.pow(*places))
            .unwrap_or(("bit", 0));
        write!(f, "{}{unit}", Scaled(self.bits(), places))
    }
}

/// What a rate has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateError;

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate such as `10mbit` (bit, kbit, mbit, gbit a second), at most 1000gbit")
    }
}

impl core::error::Error for RateError {}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let text = text.trim();
        UNITS
            .iter()
            .find_map(|(unit, places)| Some((text.strip_suffix(unit)?.trim_end(), *places)))
            .and_then(|(number, places)| Self::from_bits(parse_scaled(number, places)?))
            .ok_or(RateError)
    }
}

/// Whom a queue drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueueRule {
    /// Who finds it full.
    #[default]
    Tail,
    /// Random early detection (Floyd and Jacobson 1993), with their weight of 0.002: nobody while the
    /// average length is below `min`, everybody from `max` on; between them more and more, up to one
    /// in `1 / most`, spread evenly. Who finds it full is dropped as well.
    Red {
        /// In datagrams.
        min: u32,
        /// In datagrams.
        max: u32,
        /// The probability that is reached at `max`.
        most: Probability,
    },
}

/// `tail` or `red 5 15 0.1`.
impl fmt::Display for QueueRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tail => f.write_str("tail"),
            Self::Red { min, max, most } => write!(f, "red {min} {max} {most}"),
        }
    }
}

/// What a rule of a queue has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRuleError;

impl fmt::Display for QueueRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "`tail`, or `red 5 15 0.1` (average lengths where drops begin and where all is dropped, \
             the probability reached between them)",
        )
    }
}

impl core::error::Error for QueueRuleError {}

impl FromStr for QueueRule {
    type Err = QueueRuleError;

    fn from_str(text: &str) -> Result<Self, QueueRuleError> {
        let words: Vec<&str> = text.split_whitespace().take(5).collect();
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let count = |text: &str| text.parse().ok().filter(|_| plain(text)).ok_or(QueueRuleError);
        match *words.as_slice() {
            ["tail"] => Ok(Self::Tail),
            ["red", min, max, most] => {
                let (min, max) = (count(min)?, count(max)?);
                let most = Probability::parse(most).ok_or(QueueRuleError)?;
                if min < max { Ok(Self::Red { min, max, most }) } else { Err(QueueRuleError) }
            }
            _ => Err(QueueRuleError),
        }
    }
}

/// What the queues of one direction have seen; those of all clients together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    /// How long the links are busy with what they took, what is still in a queue included.
    pub busy: Duration,
    /// Datagrams that a queue took.
    pub taken: u64,
    /// Datagrams that a queue dropped.
    pub dropped: u64,
    /// The most datagrams in one queue, the one on the wire included.
    pub deepest: u32,
}

/// One queue and its wire. It is known at once when each datagram will have left: who comes later does
/// not overtake.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// When the datagrams in the queue will have left, in order; the first may be on the wire.
    departures: VecDeque<Instant>,
    /// When the last of all has left.
    idle_from: Instant,
    /// The average length, for RED.
    average: f64,
    /// Datagrams since RED's last drop; none while the average is low.
    since_drop: Option<u32>,
}

/// RED's weight of the present length in its average.
const WEIGHT: f64 = 0.002;

impl Lane {
    /// Puts a datagram that takes `service` on the wire into a queue of at most `limit`, and says when
    /// it will have left; `None` if it is dropped.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        service: Duration,
        limit: u32,
        rule: QueueRule,
        draws: Stream,
    ) -> Option<Instant> {
        while self.departures.front().is_some_and(|left| *left <= now) {
            self.departures.pop_front();
        }
        if self.red_drops(now, service, rule, draws) || self.depth() >= limit {
            return None;
        }
        self.idle_from = self.idle_from.max(now).saturating_add(service);
        self.departures.push_back(self.idle_from);
        Some(self.idle_from)
    }

    /// Datagrams in the queue, the one on the wire included.
    pub(super) fn depth(&self) -> u32 {
        self.departures.len() as u32
    }

    fn red_drops(
        &mut self,
        now: Instant,
        service: Duration,
        rule: QueueRule,
        draws: Stream,
    ) -> bool {
        let QueueRule::Red { min, max, most } = rule else { return false };
        if self.departures.is_empty() {
            // As if so many small ones had found it empty meanwhile.
            let idle = now.saturating_since(self.idle_from).as_nanos() as f64;
            let missed = idle / (service.as_nanos() as f64).max(1.0);
            self.average *= libm::pow(1.0 - WEIGHT, missed);
        } else {
            self.average += WEIGHT * (f64::from(self.depth()) - self.average);
        }
        let place = (self.average - f64::from(min)) / f64::from(max.saturating_sub(min).max(1));
        if place < 0.0 {
            self.since_drop = None;
            return false;
        }
        let since = self.since_drop.map_or(0, |since| since.saturating_add(1));
        let base = most.as_f64() * place;
        let left = 1.0 - f64::from(since) * base;
        let probability = if place >= 1.0 || left <= base { 1.0 } else { base / left };
        let mut draws = draws;
        let drops = draws.chance(Probability::nearest(probability));
        self.since_drop = Some(if drops { 0 } else { since });
        drops
    }
}
