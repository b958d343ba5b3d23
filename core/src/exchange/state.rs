//! The states of an exchange as data: what its client is doing, by the client's records.

use crate::machine::Timer;
use crate::random::Direction;
use crate::trace::What;

/// What a client is doing about an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing yet.
    Idle,
    /// It waits before the first send, or is not allowed to send.
    Pausing,
    /// It waits for a reply, and sends again if none comes.
    Waiting,
    /// It waits for a reply for the last time.
    LastWait,
    /// It waits before it sends again, because a send was abandoned or has failed.
    BackingOff,
    /// A reply came.
    Answered,
    /// It gave up.
    GaveUp,
    /// The network reported that the server cannot be reached.
    Refused,
}

impl State {
    /// All states, in the order of an exchange.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Pausing,
        Self::Waiting,
        Self::LastWait,
        Self::BackingOff,
        Self::Answered,
        Self::GaveUp,
        Self::Refused,
    ];

    /// All transitions.
    pub const TRANSITIONS: &[(Self, Self)] = &[
        (Self::Idle, Self::Pausing),
        (Self::Idle, Self::Waiting),
        (Self::Idle, Self::GaveUp),
        (Self::Pausing, Self::Waiting),
        (Self::Pausing, Self::GaveUp),
        (Self::Waiting, Self::LastWait),
        (Self::Waiting, Self::BackingOff),
        (Self::Waiting, Self::Answered),
        (Self::Waiting, Self::GaveUp),
        (Self::Waiting, Self::Refused),
        (Self::LastWait, Self::BackingOff),
        (Self::LastWait, Self::Waiting),
        (Self::LastWait, Self::Answered),
        (Self::LastWait, Self::GaveUp),
        (Self::LastWait, Self::Refused),
        (Self::BackingOff, Self::Waiting),
        (Self::BackingOff, Self::Answered),
        (Self::BackingOff, Self::GaveUp),
        (Self::BackingOff, Self::Refused),
    ];

    /// Returns its name in a picture.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Pausing => "pausing",
            Self::Waiting => "waiting",
            Self::LastWait => "last wait",
            Self::BackingOff => "backing off",
            Self::Answered => "answered",
            Self::GaveUp => "gave up",
            Self::Refused => "refused",
        }
    }

    /// Returns true if the exchange is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Answered | Self::GaveUp | Self::Refused)
    }

    /// Returns the state that a record of the client about the exchange leads to; `None` if it leads to none.
    #[must_use]
    pub const fn of(what: &What) -> Option<Self> {
        match what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting => {
                Some(Self::Waiting)
            }
            What::TimerArmed { timer, .. } => Self::during(*timer),
            What::Answered { .. } => Some(Self::Answered),
            What::GaveUp { .. } => Some(Self::GaveUp),
            What::Refused { .. } => Some(Self::Refused),
            What::Sent { .. }
            | What::Delivered { .. }
            | What::Dropped { .. }
            | What::Duplicated { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Damaged { .. }
            | What::Frame { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::LateReply
            | What::Stranger
            | What::Served { .. }
            | What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Dead { .. }
            | What::Alive
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Replied { .. }
            | What::Rejected
            | What::Limited { .. }
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. } => None,
        }
    }

    const fn during(timer: Timer) -> Option<Self> {
        match timer {
            Timer::Start | Timer::Limits | Timer::Think | Timer::Arrival => Some(Self::Pausing),
            Timer::Resend | Timer::Timeout => Some(Self::Waiting),
            Timer::GiveUp => Some(Self::LastWait),
            Timer::Backoff | Timer::Hint => Some(Self::BackingOff),
            Timer::Service | Timer::Outage | Timer::Recovery | Timer::Other(_) => None,
        }
    }
}
