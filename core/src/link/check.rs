//! Why a link lost a datagram, or did not: its checks, one after another, with their numbers.

use super::{Fault, Pipe};
use crate::random::{Name, Trial};
use crate::time::Instant;
use crate::trace::Cause;
use alloc::vec::Vec;

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

impl Pipe {
    /// Returns the checks that [`send`](Self::send) with the same arguments makes, in order, up to the first one that
    /// drops the datagram. Nothing is sent. Of a datagram that the link duplicates, they are those of the first one.
    ///
    /// ```
    /// use retrylab_core::link::{Action, Link, Pipe};
    /// use retrylab_core::random::Direction;
    /// use retrylab_core::time::Instant;
    ///
    /// let mut pipe = Pipe::new(&Link::default().with_loss("0.5".parse()?), 42);
    /// let name = pipe.name(1, Direction::Request);
    /// let lost = pipe.checks(Instant::ZERO, name, 5).iter().find_map(|check| check.drops());
    /// let action = pipe.send(Instant::ZERO, name, 5);
    /// assert_eq!(lost.map(Action::Drop), Some(action).filter(|action| matches!(action, Action::Drop(_))));
    /// # Ok::<(), retrylab_core::value::ValueError>(())
    /// ```
    #[must_use]
    pub fn checks(&self, now: Instant, name: Name, payload: usize) -> Vec<Check> {
        let faults = self.faults().iter().filter(|fault| fault.is_on(now));
        let mut checks: Vec<Check> = faults.filter_map(|fault| fault.check(name)).collect();
        checks.extend(self.channel().checks(now, name, payload as u64));
        let end = checks.iter().position(|check| check.drops().is_some());
        checks.truncate(end.map_or(checks.len(), |end| end + 1));
        checks
    }
}
