//! What a network does to a datagram, in netem's vocabulary.
//!
//! A [`Link`] is a description, and a [`Pipe`] is the machine that runs it: it numbers the datagrams of
//! each flow, applies [faults](Fault) while they last, and asks a [`Channel`] for the rest. The fate of
//! a datagram depends on its name (see [`random`](crate::random)) and on what its flow sent before,
//! never on a generator that is passed around. So one pipe serves the simulated network, a server and a
//! proxy, and gives each datagram the same fate in all of them.
//!
//! The order is netem's: too large, lost, queued, delayed, damaged; what overtakes goes past queue and
//! latency. It is not a model of radio or of Ethernet: there are no collisions, no fragments and no
//! retransmissions below the datagram.
//!
//! [`Preset`] has links by name, with the source of their numbers; [`Link::netem`] tells what makes
//! Linux do the same.

mod chain;
mod channel;
mod fault;
mod flow;
mod loss;
mod netem;
mod pipe;
mod preset;
mod queue;
#[cfg(test)]
mod tests;

pub use channel::{Action, Channel, Delivery};
pub use fault::{Fault, FaultEffect};
pub use loss::{Loss, burst_chain};
pub use netem::Netem;
pub use pipe::Pipe;
pub use preset::Preset;
pub use queue::{QueueRule, Rate, Usage};

use crate::dist::Distribution;
use crate::random::{Direction, Probability};
use crate::time::Duration;
use crate::value::Same;

/// A link between two hosts; the same both ways, except where a reply's field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long a datagram takes, one way.
    pub latency: Distribution,
    /// How much of a latency is carried over from the one before, of the same flow and direction: the
    /// correlation of the normal variables behind them (AR(1)). The latencies follow their law whatever
    /// it is; their own correlation is this for a normal law, and nearly this for others.
    pub correlation: Probability,
    /// Which datagrams are lost.
    pub loss: Loss,
    /// The probability that a datagram which is not lost arrives twice.
    pub duplicate: Probability,
    /// The probability that a datagram overtakes: it goes at once, past the queue, without latency.
    pub reorder: Probability,
    /// After one that overtook, so many less one go in order.
    pub reorder_gap: u32,
    /// The probability that one bit of a datagram is flipped.
    pub corrupt: Probability,
    /// Does the receiver drop what was damaged? UDP's checksum tells every single flipped bit.
    pub checksum: bool,
    /// How many bits a second pass; without a rate there is no queue.
    pub rate: Option<Rate>,
    /// The most datagrams in the queue, the one on the wire included.
    pub queue: u32,
    /// Whom the queue drops.
    pub queue_rule: QueueRule,
    /// Bytes that each datagram has beside its payload, for its rate and MTU.
    pub overhead: u32,
    /// The most bytes of a datagram, its overhead included: nothing is fragmented.
    pub mtu: Option<u32>,
    /// Do all clients share one queue and one chain of losses in each direction, or has each its own?
    pub shared: bool,
    /// The latency of replies, where it differs.
    pub reply_latency: Same<Distribution>,
    /// The loss of replies, where it differs.
    pub reply_loss: Same<Loss>,
    /// The rate of replies, where it differs.
    pub reply_rate: Same<Option<Rate>>,
}

/// 10 ms, and nothing else.
impl Default for Link {
    fn default() -> Self {
        Self {
            latency: Distribution::Constant(Duration::from_millis(10)),
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
            // IPv4's header and UDP's.
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
    /// Does a datagram's fate depend on its number, by a random draw or by a list? If not, nobody has
    /// to count.
    #[must_use]
    pub fn draws(&self) -> bool {
        let certain = [Direction::Request, Direction::Reply].into_iter().all(|way| {
            let early = self.rate_of(way).is_some() && self.queue_rule != QueueRule::Tail;
            self.latency_of(way).is_constant() && *self.loss_of(way) == Loss::NEVER && !early
        });
        let never = [self.duplicate, self.reorder, self.corrupt] == [Probability::NEVER; 3];
        !(certain && never)
    }

    /// The latency in this direction.
    #[must_use]
    pub const fn latency_of(&self, direction: Direction) -> &Distribution {
        match (direction, &self.reply_latency) {
            (Direction::Reply, Same::Own(latency)) => latency,
            _ => &self.latency,
        }
    }

    /// The loss in this direction.
    #[must_use]
    pub const fn loss_of(&self, direction: Direction) -> &Loss {
        match (direction, &self.reply_loss) {
            (Direction::Reply, Same::Own(loss)) => loss,
            _ => &self.loss,
        }
    }

    /// The rate in this direction.
    #[must_use]
    pub const fn rate_of(&self, direction: Direction) -> Option<Rate> {
        match (direction, self.reply_rate) {
            (Direction::Reply, Same::Own(rate)) => rate,
            _ => self.rate,
        }
    }
}
