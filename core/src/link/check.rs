//! Why a link lost a datagram, or did not: its checks, one after another, with their numbers.

use super::{Fault, FaultEffect};
use crate::random::{Name, Purpose, Trial};
use crate::trace::Cause;

/// One check that a link makes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// A fault cuts the link in this direction.
    Cut(Fault),
    /// A fault makes the link lossy.
    Lossy(Fault, Trial),
    /// The link has an MTU.
    Size {
        /// Bytes of the datagram, headers included.
        size: u64,
        /// Maximum number of them.
        mtu: u32,
    },
    /// The loss model.
    Loss(LossCheck),
    /// The queue in front of a rate.
    Queue(QueueCheck),
    /// Damage that the receiver's checksum detects.
    Damage(Trial),
}

/// What a loss model does with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossCheck {
    /// State of the model.
    pub state: LossState,
    /// The draw, if this state draws.
    pub trial: Option<Trial>,
    /// Whether the datagram is lost.
    pub lost: bool,
    /// State that follows.
    pub(super) next: Option<u8>,
}

/// State of a loss model when a datagram is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossState {
    /// The model has no states.
    None,
    /// The good one of two.
    Good,
    /// The bad one of two.
    Bad,
    /// The one of four with this number in netem, from 1.
    Four(u8),
    /// The datagram has this number in its direction, from 1; on a link that is not shared, in its flow.
    Number(u64),
}

impl LossState {
    pub(super) const fn of(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Good }
    }
}

/// What a queue does with a datagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueCheck {
    /// Number of datagrams in it, the one on the wire included.
    pub depth: u32,
    /// Maximum number of them.
    pub limit: u32,
    /// Under random early detection with an average length of at least its minimum: that length, and the draw.
    pub early: Option<(f64, Trial)>,
    /// Whether the datagram is dropped.
    pub drops: bool,
}

impl Check {
    /// Returns the check that `fault` makes of a datagram that is sent while it lasts.
    pub(super) fn by(fault: &Fault, name: Name) -> Option<Self> {
        match fault.effect {
            FaultEffect::Partition(direction) => {
                let cuts = direction.is_none_or(|direction| direction == name.direction);
                cuts.then_some(Self::Cut(*fault))
            }
            FaultEffect::Loss(loss) => {
                Some(Self::Lossy(*fault, name.stream(Purpose::FaultLoss).trial(loss)))
            }
            FaultEffect::Latency(_) => None,
        }
    }

    /// Returns what loses the datagram, if this check does.
    #[must_use]
    pub const fn drops(&self) -> Option<Cause> {
        let (drops, cause) = match *self {
            Self::Cut(_) => (true, Cause::Partition),
            Self::Lossy(_, trial) => (trial.happens(), Cause::FaultLoss),
            Self::Size { size, mtu } => (size > mtu as u64, Cause::TooBig),
            Self::Loss(check) => (check.lost, Cause::LinkLoss),
            Self::Queue(check) => (check.drops, Cause::LinkQueue),
            Self::Damage(trial) => (trial.happens(), Cause::Corrupted),
        };
        if drops { Some(cause) } else { None }
    }
}
