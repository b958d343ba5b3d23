//! What a client over connections reports.

use crate::exchange::{Ending, Outcome};
use crate::policy::Stop;
use crate::time::Duration;
use crate::trace::What;

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

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The connection cannot be opened.
    Refused,
    /// The server or the network broke the connection before the reply was complete.
    Reset,
    /// The server closed the connection before the reply was complete.
    Incomplete,
    /// The reply says that the server failed.
    Reply,
    /// The reply is not one of the protocol.
    Unreadable,
    /// The policy's wait is over: the attempt is abandoned.
    TimedOut,
}

impl Failure {
    /// Returns what happened, as a clause without a subject's article.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::Incomplete => "connection closed before the reply was complete",
            Self::Reply => "the server failed",
            Self::Unreadable => "not a reply of the protocol",
            Self::TimedOut => "no reply in time, attempt abandoned",
        }
    }
}

impl Event {
    /// Returns true if it ends an exchange.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::GaveUp { .. })
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
            Event::Confirmed { .. } => Self::from("connection open, sends the request"),
            Event::Answered { sends, answered_send, elapsed, .. } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::Failed { why: Failure::Reply, .. } => Self::Failed,
            Event::Failed { why, .. } => Self::from(why.name()),
            Event::GaveUp { sends, elapsed, why, .. } => Self::GaveUp { sends, elapsed, why },
            Event::Released { .. } => Self::from("connection released"),
            Event::NotReleased { .. } => Self::from("connection not released by the server"),
        }
    }
}
