//! What a client over connections reports.

use crate::exchange::{Ending, Outcome};
use crate::machine::Label;
use crate::policy::Stop;
use crate::time::Duration;
use crate::trace::{Failure, What};

/// What a [`Client`](super::Client) reports to its application. Numbers count from 1. A send is one attempt: a
/// connection, the request and its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The connection is open, and the request follows.
    Confirmed {
        /// Which exchange.
        exchange: u32,
        /// Which send.
        send: u32,
    },
    /// The reply is complete.
    Answered {
        /// Which exchange.
        exchange: u32,
        /// Sends made.
        sends: u32,
        /// Which send it answers.
        answered_send: u32,
        /// Time since the first send.
        elapsed: Duration,
    },
    /// The attempt failed; the policy decides what follows.
    Failed {
        /// Which exchange.
        exchange: u32,
        /// Which send.
        send: u32,
        /// Why.
        why: Failure,
    },
    /// There was no answer, and no further send follows; or, with no send made, the policy's limits
    /// refused the exchange.
    GaveUp {
        /// Which exchange.
        exchange: u32,
        /// Sends made.
        sends: u32,
        /// Time since the first send.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// The connection of a complete reply is closed in both directions.
    Released {
        /// Which exchange.
        exchange: u32,
        /// Which send.
        send: u32,
    },
    /// The connection of a complete reply was given up: the server did not close it in time, or broke it.
    NotReleased {
        /// Which exchange.
        exchange: u32,
        /// Which send.
        send: u32,
    },
}

impl Event {
    /// Returns true if it ends an exchange.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::GaveUp { .. })
    }

    /// Returns the send that it refers to; of an exchange that is over, its last one.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        match *self {
            Self::Confirmed { exchange, send }
            | Self::Failed { exchange, send, .. }
            | Self::Released { exchange, send }
            | Self::NotReleased { exchange, send } => Label::new(exchange, send),
            Self::Answered { exchange, sends, .. } | Self::GaveUp { exchange, sends, .. } => {
                Label::new(exchange, sends.max(1))
            }
        }
    }

    /// Creates the event for the end of an exchange with `sends` attempts.
    pub(super) const fn over(exchange: u32, sends: u32, outcome: Outcome) -> Self {
        let elapsed = outcome.elapsed();
        match outcome.how {
            Ending::Answered { send } => {
                Self::Answered { exchange, sends, answered_send: send.get(), elapsed }
            }
            Ending::GaveUp(why) | Ending::Failed(why) => {
                Self::GaveUp { exchange, sends, elapsed, why }
            }
            // Only a network of datagrams ends an exchange this way.
            Ending::Refused => Self::GaveUp { exchange, sends, elapsed, why: Stop::MaxSends },
        }
    }
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Confirmed { .. } => Self::Confirmed,
            Event::Answered { sends, answered_send, elapsed, .. } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::Failed { why: Failure::Reply, .. } => Self::Failed,
            Event::Failed { why, .. } => Self::Broken { why },
            Event::GaveUp { sends, elapsed, why, .. } => Self::GaveUp { sends, elapsed, why },
            Event::Released { .. } => Self::Released,
            Event::NotReleased { .. } => Self::NotReleased,
        }
    }
}
