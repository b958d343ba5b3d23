//! What an exchange does next, and what it waits for.

use crate::machine::Timer;
use crate::policy::Stop;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It begins as soon as its client says when.
    Beginning,
    /// A send is ready to go out; `last` if none will follow.
    Sending { last: bool },
    /// Nothing to do before the deadline.
    Waiting(Until),
    /// It has ended, or none has begun yet.
    Over,
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The client pauses before it begins the exchange.
    Beginning,
    /// The policy delays the first send.
    Start,
    /// A send is out, and another one will follow.
    Resend,
    /// The last send is out.
    GiveUp,
    /// The sends so far are abandoned; the next one follows, at the server's request if `hinted`.
    Backoff { hinted: bool },
    /// The last send has failed, but earlier ones may still be answered. The next one follows, at the
    /// server's request if `hinted`.
    Failed { hinted: bool },
    /// The policy's limits refused the exchange: its client pauses.
    Refused(Stop),
}

impl Until {
    /// Returns the timer of a wait without a pause after it.
    #[inline(never)]
    pub(super) const fn timer(self) -> Timer {
        match self {
            Self::Resend => Timer::Resend,
            Self::Backoff { hinted: true } | Self::Failed { hinted: true } => Timer::Hint,
            Self::Backoff { .. } | Self::Failed { .. } => Timer::Backoff,
            Self::GiveUp => Timer::GiveUp,
            Self::Refused(_) => Timer::Limits,
            Self::Start => Timer::Start,
            Self::Beginning => Timer::Think,
        }
    }
}
