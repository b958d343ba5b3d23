//! Faults of a link: periods in which it drops or delays more than usual.

use crate::random::{Direction, Probability};
use crate::time::{Duration, Instant};

/// Fault of a link, from `from` until just before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Start of the fault.
    pub from: Instant,
    /// End of the fault.
    pub until: Instant,
    /// Effect on datagrams that are sent during the fault.
    pub effect: FaultEffect,
}

/// Effect of a [`Fault`] on datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultEffect {
    /// Drops every datagram, in one direction or in both.
    Partition(Option<Direction>),
    /// Drops each datagram with this probability, before the link's own loss.
    Loss(Probability),
    /// Adds this to the latency of each datagram.
    Latency(Duration),
}

impl Fault {
    /// Returns true if the fault is active at `now`.
    #[must_use]
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// Returns the latency that the active fault adds.
    pub(super) const fn delay(&self) -> Duration {
        match self.effect {
            FaultEffect::Latency(delay) => delay,
            FaultEffect::Partition(_) | FaultEffect::Loss(_) => Duration::ZERO,
        }
    }
}
