//! What a network does to datagrams, in the terms of Linux's netem.
//!
//! A [`Link`] is a description, and a [`Pipe`] is the machine that runs it: it numbers the datagrams of
//! each flow, applies [faults](Fault) while they are active, and [acts](Act) to the datagrams that they name,
//! and leaves the rest to a [`Channel`]. What
//! happens to a datagram depends on its name (see [`random`](crate::random)) and on earlier datagrams of
//! its flow, never on a shared generator. So a simulation, a server and a proxy drop, delay and
//! duplicate the same datagrams. [`Behind`] puts a server behind a pipe, on a real socket too.
//!
//! The order is that of netem: size limit, loss, queue, latency, corruption. A datagram that overtakes
//! skips queue and latency. This is not a model of radio or Ethernet: it has no collisions, no fragments
//! and no retransmissions below the datagram.
//!
//! [`Preset`] contains links by name, with the source of their numbers; [`Link::netem`] returns the
//! options that make Linux do the same.

mod act;
mod action;
mod behind;
mod chain;
mod channel;
mod check;
mod counts;
mod fault;
mod flow;
mod latency;
mod loss;
mod netem;
mod pipe;
mod preset;
mod queue;
#[cfg(test)]
mod tests;

pub use act::{Act, ActKind};
pub(crate) use action::Step;
pub use action::{Action, Delivery};
pub use behind::{Behind, Event, Happened};
pub use channel::Channel;
pub use check::{Check, LossCheck, LossState, QueueCheck};
pub use fault::{Fault, FaultEffect};
pub use latency::Latency;
pub use loss::{Loss, burst_chain};
pub use netem::Netem;
pub use pipe::Pipe;
pub use preset::Preset;
pub use queue::{QueueRule, Rate, Usage};

use crate::dist::Distribution;
use crate::random::{Direction, Probability};
use crate::time::Duration;
use crate::value::{Same, setters};

/// Link between two hosts. Both directions are the same, except where a `reply_` field is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Latency of a datagram.
    pub latency: Latency,
    /// Correlation of a latency with the previous one of the same flow and direction. It applies to the
    /// normal variables from which latencies are computed (AR(1)). Latencies keep their distribution;
    /// their own correlation is exactly this for a normal distribution and close to it for others.
    pub correlation: Probability,
    /// Loss model.
    pub loss: Loss,
    /// Probability that a datagram that is not lost arrives twice.
    pub duplicate: Probability,
    /// Probability that a datagram overtakes others: it skips the queue and has no latency.
    pub reorder: Probability,
    /// Minimum distance between two datagrams that overtake: `reorder_gap - 1` stay in order.
    pub reorder_gap: u32,
    /// Probability that one bit of a datagram is flipped.
    pub corrupt: Probability,
    /// Whether the receiver drops corrupted datagrams. UDP's checksum detects every single flipped bit.
    pub checksum: bool,
    /// Rate in bits per second; without a rate there is no queue.
    pub rate: Option<Rate>,
    /// Maximum number of datagrams in the queue, the one on the wire included.
    pub queue: u32,
    /// Which datagrams the queue drops.
    pub queue_rule: QueueRule,
    /// Number of bytes in headers per datagram; they count for the rate and the MTU.
    pub overhead: u32,
    /// Maximum size of a datagram in bytes, headers included. Larger datagrams are dropped.
    pub mtu: Option<u32>,
    /// Whether all clients share one queue and one loss state per direction. Otherwise each client has
    /// its own.
    pub shared: bool,
    /// The latency of replies, where it differs.
    pub reply_latency: Same<Distribution>,
    /// The loss of replies, where it differs.
    pub reply_loss: Same<Loss>,
    /// The rate of replies, where it differs.
    pub reply_rate: Same<Option<Rate>>,
}

setters! {
    Link {
        with_latency: latency: Latency,
        with_correlation: correlation: Probability,
        with_loss: loss: Loss,
        with_duplicate: duplicate: Probability,
        with_reorder: reorder: Probability,
        with_reorder_gap: reorder_gap: u32,
        with_corrupt: corrupt: Probability,
        with_checksum: checksum: bool,
        with_rate: rate: Option<Rate>,
        with_queue: queue: u32,
        with_queue_rule: queue_rule: QueueRule,
        with_overhead: overhead: u32,
        with_mtu: mtu: Option<u32>,
        with_shared: shared: bool,
        with_reply_latency: reply_latency: Same<Distribution>,
        with_reply_loss: reply_loss: Same<Loss>,
        with_reply_rate: reply_rate: Same<Option<Rate>>,
    }
}

/// A latency of 10 ms, and nothing else.
impl Default for Link {
    fn default() -> Self {
        Self {
            latency: Latency::OneWay(Distribution::Constant(Duration::from_millis(10))),
            correlation: Probability::NEVER,
            loss: Loss::NEVER,
            duplicate: Probability::NEVER,
            reorder: Probability::NEVER,
            reorder_gap: 1,
            corrupt: Probability::NEVER,
            checksum: true,
            rate: None,
            queue: 1_000,
            queue_rule: QueueRule::Tail,
            // Headers of IPv4 and UDP.
            overhead: 28,
            mtu: None,
            shared: false,
            reply_latency: Same::Same,
            reply_loss: Same::Same,
            reply_rate: Same::Same,
        }
    }
}

impl Link {
    /// Returns the latency in this direction.
    #[must_use]
    pub(crate) fn latency_of(&self, direction: Direction) -> Distribution {
        match (direction, &self.reply_latency) {
            (Direction::Reply, Same::Own(latency)) => latency.clone(),
            _ => self.latency.of(direction),
        }
    }

    /// Returns the loss model in this direction.
    #[must_use]
    pub const fn loss_of(&self, direction: Direction) -> &Loss {
        match (direction, &self.reply_loss) {
            (Direction::Reply, Same::Own(loss)) => loss,
            _ => &self.loss,
        }
    }

    /// Returns the rate in this direction.
    #[must_use]
    pub(crate) const fn rate_of(&self, direction: Direction) -> Option<Rate> {
        match (direction, self.reply_rate) {
            (Direction::Reply, Same::Own(rate)) => rate,
            _ => self.rate,
        }
    }
}
