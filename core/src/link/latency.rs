//! How long datagrams take: one way, or there and back.

use crate::dist::Distribution;
use crate::random::Direction;
use crate::time::Duration;
use crate::value::ValueError;
use core::str::FromStr;

/// How long datagrams take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Time of a datagram, one way.
    OneWay(Distribution),
    /// Time of a request and its reply together, as `ping` measures it. Each direction takes half of it.
    ///
    /// The directions draw independently of each other. So the mean of the round trips is that of the
    /// distribution, and their standard deviation is smaller by a factor of `sqrt(2)`. A constant time
    /// stays exact. For round trips that follow the distribution itself, let the reply take all of it: a
    /// latency of 0 and this distribution as [`reply_latency`](super::Link::reply_latency).
    RoundTrip(Distribution),
}

impl Latency {
    /// Returns the time of a datagram in this direction.
    #[must_use]
    pub(super) fn of(&self, direction: Direction) -> Distribution {
        match self {
            Self::OneWay(latency) => latency.clone(),
            // Of an odd number of nanoseconds the reply takes the larger half.
            Self::RoundTrip(rtt) => rtt.half(direction == Direction::Reply),
        }
    }

    /// Returns the mean time of a datagram, one way.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.of(Direction::Request).mean()
    }
}

impl From<Distribution> for Latency {
    fn from(one_way: Distribution) -> Self {
        Self::OneWay(one_way)
    }
}

/// Reads a one-way latency.
impl FromStr for Latency {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::OneWay)
    }
}
