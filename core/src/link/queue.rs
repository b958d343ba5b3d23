//! The rate of a link, and the queue in front of it.

use super::check::QueueCheck;
use crate::random::{Probability, Stream, Trial};
use crate::text::{Scaled, parse_rounded, words};
use crate::time::{Duration, Instant};
use crate::value::{Grammar, Value as _, phrase};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;

/// Rate in bits per second, from 1 bit to 1000 gigabits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(NonZeroU64);

/// Units of a rate and their powers of ten, as in tc.
const UNITS: [(&str, u32); 4] = [("gbit", 9), ("mbit", 6), ("kbit", 3), ("bit", 0)];

impl Rate {
    /// The highest rate.
    pub const MAX: u64 = 1_000_000_000_000;

    /// `bits` per second; `None` for 0 and above [`Rate::MAX`].
    #[must_use]
    pub(crate) const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(rate) if bits <= Self::MAX => Some(Self(rate)),
            _ => None,
        }
    }

    /// Returns the bits per second.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0.get()
    }

    /// Returns the time that `bytes` take, rounded down to whole nanoseconds as in netem.
    #[must_use]
    pub(crate) const fn time_of(self, bytes: u64) -> Duration {
        let time = bytes as u128 * 8_000_000_000 / self.0.get() as u128;
        Duration::from_nanos(if time > u64::MAX as u128 { u64::MAX } else { time as u64 })
    }
}

/// Writes the rate in the largest unit that fits: `10mbit`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, places) = UNITS
            .into_iter()
            .find(|(_, places)| self.bits() >= 10u64.pow(*places))
            .unwrap_or(("bit", 0));
        write!(f, "{}{unit}", Scaled(self.bits(), places))
    }
}

phrase!(
    Rate,
    Number,
    Grammar::new("a rate of at most 1000gbit", &[("10mbit", ""), ("750kbit", "")])
        .limits("units: bit, kbit, mbit, gbit per second")
);

impl Rate {
    /// Units may be in upper case and end in `/s`. (`mbps` is refused: to tc it means megabytes.)
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_suffix("/s").unwrap_or(&text);
        let (number, places) = UNITS
            .iter()
            .find_map(|(unit, places)| Some((text.strip_suffix(unit)?.trim_end(), *places)))?;
        Self::from_bits(parse_rounded(number, places)?)
    }
}

/// Which datagrams a queue drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueueRule {
    /// Drops a datagram that finds the queue full.
    #[default]
    Tail,
    /// Random early detection (Floyd and Jacobson 1993), with a weight of 0.002. It drops nothing while
    /// the average length is below `min`, and everything from `max`. In between, the probability of a
    /// drop grows up to `most`, and drops are evenly spaced. A full queue drops as well.
    Red {
        /// Average length in datagrams at which drops begin.
        min: u32,
        /// Average length in datagrams from which everything is dropped.
        max: u32,
        /// Probability of a drop just below `max`.
        most: Probability,
    },
}

/// Writes `tail` or `red 5 15 0.1`.
impl fmt::Display for QueueRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tail => f.write_str("tail"),
            Self::Red { min, max, most } => write!(f, "red {min} {max} {most}"),
        }
    }
}

phrase!(
    QueueRule,
    Phrase,
    Grammar::new(
        "a queue rule",
        &[
            ("tail", ""),
            (
                "red 5 15 0.1",
                "average lengths at which drops begin and at which all is dropped, maximum probability",
            ),
        ],
    )
);

impl QueueRule {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let words: Vec<&str> = words(&text).take(5).collect();
        match *words.as_slice() {
            ["tail"] => Some(Self::Tail),
            ["red", min, max, most] => {
                let (min, max) = (u32::parse(min)?, u32::parse(max)?);
                let most = Probability::parse(most)?;
                (min < max).then_some(Self::Red { min, max, most })
            }
            _ => None,
        }
    }
}

/// Usage of the queues in one direction, over all clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Usage {
    /// Time on the wire of all accepted datagrams, those still in a queue included.
    pub busy: Duration,
    /// Number of datagrams that a queue accepted.
    pub taken: u64,
    /// Number of datagrams that a queue dropped.
    pub dropped: u64,
    /// Maximum number of datagrams in one queue, the one on the wire included.
    pub deepest: u32,
}

/// Queue and its wire. Datagrams do not overtake here, so the departure of each is known when it enters.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// Departures of the datagrams in the queue, in order; the first may be on the wire.
    departures: VecDeque<Instant>,
    /// Departure of the last datagram.
    idle_from: Instant,
    /// Average length, for RED.
    average: f64,
    /// Number of datagrams since RED's last drop; `None` while the average is below `min`.
    since_drop: Option<u32>,
}

/// Weight of the current length in RED's average.
const WEIGHT: f64 = 0.002;

impl Lane {
    /// Puts a datagram that takes `service` on the wire into a queue of at most `limit`, and returns its
    /// departure; `None` if it is dropped.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        service: Duration,
        limit: u32,
        rule: QueueRule,
        draws: Stream,
    ) -> Option<Instant> {
        self.leave(now);
        let early = self.early(now, service, rule, draws);
        if early.is_some_and(Trial::happens) || self.depth() >= limit {
            return None;
        }
        self.idle_from = self.idle_from.max(now).saturating_add(service);
        self.departures.push_back(self.idle_from);
        Some(self.idle_from)
    }

    /// Returns the number of datagrams in the queue, the one on the wire included.
    pub(super) fn depth(&self) -> u32 {
        self.departures.len() as u32
    }

    /// Returns what [`enter`](Self::enter) would do.
    pub(super) fn look(
        &self,
        now: Instant,
        service: Duration,
        limit: u32,
        rule: QueueRule,
        draws: Stream,
    ) -> QueueCheck {
        let mut lane = self.clone();
        lane.leave(now);
        let depth = lane.depth();
        let trial = lane.early(now, service, rule, draws.clone());
        let early = trial.map(|trial| (lane.average, trial));
        let drops = self.clone().enter(now, service, limit, rule, draws).is_none();
        QueueCheck { depth, limit, early, drops }
    }

    /// Removes what has left.
    fn leave(&mut self, now: Instant) {
        while self.departures.front().is_some_and(|left| *left <= now) {
            self.departures.pop_front();
        }
    }

    /// Returns RED's draw, if the average length is at least its minimum.
    fn early(
        &mut self,
        now: Instant,
        service: Duration,
        rule: QueueRule,
        draws: Stream,
    ) -> Option<Trial> {
        let QueueRule::Red { min, max, most } = rule else { return None };
        if self.departures.is_empty() {
            // The average decays as if this many datagrams had found the queue empty.
            let idle = now.saturating_since(self.idle_from).as_nanos() as f64;
            let missed = idle / (service.as_nanos() as f64).max(1.0);
            self.average *= libm::pow(1.0 - WEIGHT, missed);
        } else {
            self.average += WEIGHT * (f64::from(self.depth()) - self.average);
        }
        let place = (self.average - f64::from(min)) / f64::from(max.saturating_sub(min).max(1));
        if place < 0.0 {
            self.since_drop = None;
            return None;
        }
        let since = self.since_drop.map_or(0, |since| since.saturating_add(1));
        let base = most.as_f64() * place;
        let left = 1.0 - f64::from(since) * base;
        let probability = if place >= 1.0 || left <= base { 1.0 } else { base / left };
        let mut draws = draws;
        let trial = draws.trial(Probability::nearest(probability));
        self.since_drop = Some(if trial.happens() { 0 } else { since });
        Some(trial)
    }
}
