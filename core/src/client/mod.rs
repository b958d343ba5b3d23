//! Clients: one exchange after another, or many at once, each with as many sends as its policy allows.
//!
//! A client sends its request, waits, sends it again when no reply comes, and either accepts a reply or
//! gives up. The [exchange](crate::exchange) decides when to do what, the [protocol](crate::protocol)
//! defines requests and replies, and the client handles addresses and datagrams. It does not split,
//! encrypt or acknowledge anything.
//!
//! [`Client`] has one exchange in progress (a closed loop), [`OpenClient`] as many as arrive. [`Candidates`] is a
//! client whose server has several addresses.

mod arrivals;
mod candidates;
mod closed;
mod config;
pub mod contention;
pub mod heartbeat;
mod open;
#[cfg(test)]
mod tests;

pub use arrivals::{ArrivalRate, Arrivals, Process};
pub use candidates::Candidates;
pub use closed::Client;
pub use config::{ClosedLoop, Config, OpenLoop};
pub use open::{MAX_OPEN, OpenClient};

pub use crate::protocol::MAX_MESSAGE_IPV4;

use crate::exchange::{Ending, Outcome};
use crate::machine::{Label, Subject};
use crate::policy::Stop;
use crate::time::Duration;
use crate::trace::What;

/// What a client reports to its application. Numbers count from 1.
///
/// It is exhaustive, so that whoever reports events has to decide about each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The datagram just handled answers this exchange.
    Answered {
        /// Which exchange.
        exchange: u32,
        /// Sends made.
        sends: u32,
        /// Which send it answers: the one that the reply names, or the last one if it names none. That is
        /// a guess, which is why Karn's algorithm takes no sample from it.
        answered_send: u32,
        /// Time since the first send.
        elapsed: Duration,
    },
    /// The datagram just handled says that the server failed; the exchange continues.
    Failed {
        /// Which exchange.
        exchange: u32,
        /// Which send: the one that the reply names, or the last one if it names none.
        send: u32,
    },
    /// The datagram just handled is a reply of the server but answers no exchange in progress.
    LateReply {
        /// The send that it answers, if it names one.
        label: Option<Label>,
    },
    /// The datagram just handled is not from the server. (Unconnected clients only.)
    Stranger,
    /// The datagram just handled is from the server, but not a reply of the protocol.
    Unreadable,
    /// No reply came, and the policy allows no further send; or, with no send made, its limits refused
    /// the exchange, and the client paused for its first wait instead.
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
    /// The network reported that the server cannot be reached: nobody listens there, or no way leads there.
    Refused {
        /// Which exchange.
        exchange: u32,
        /// Sends made.
        sends: u32,
        /// Time since the first send.
        elapsed: Duration,
    },
}

impl Event {
    /// Returns true if it ends an exchange.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::GaveUp { .. } | Self::Refused { .. })
    }

    /// Returns the number of its exchange, if it belongs to one.
    #[must_use]
    pub const fn exchange(&self) -> Option<u32> {
        match *self {
            Self::Answered { exchange, .. }
            | Self::Failed { exchange, .. }
            | Self::GaveUp { exchange, .. }
            | Self::Refused { exchange, .. } => Some(exchange),
            Self::LateReply { .. } | Self::Stranger | Self::Unreadable => None,
        }
    }

    /// Creates the event for the end of an exchange.
    #[inline(always)]
    const fn over(exchange: u32, outcome: Outcome) -> Self {
        let (sends, elapsed) = (outcome.sends, outcome.elapsed());
        match outcome.how {
            Ending::Answered { send } => {
                Self::Answered { exchange, sends, answered_send: send.get(), elapsed }
            }
            Ending::GaveUp(why) | Ending::Failed(why) => {
                Self::GaveUp { exchange, sends, elapsed, why }
            }
            Ending::Refused => Self::Refused { exchange, sends, elapsed },
        }
    }

    /// Returns the send that it refers to.
    #[inline]
    fn subject(&self) -> Subject {
        let label = match *self {
            Self::Answered { exchange, sends, .. }
            | Self::Failed { exchange, send: sends }
            | Self::Refused { exchange, sends, .. } => Label::new(exchange, sends),
            // An exchange that the limits refused is still before its first send.
            Self::GaveUp { exchange, sends, .. } => Label::new(exchange, sends.max(1)),
            // A reply that names a send belongs to that one, not to the last one made.
            Self::LateReply { label } => label,
            Self::Stranger | Self::Unreadable => None,
        };
        Subject::send(label)
    }
}

impl From<Event> for What {
    #[inline]
    fn from(event: Event) -> Self {
        match event {
            Event::Answered { sends, answered_send, elapsed, .. } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::Failed { .. } => Self::Failed,
            Event::LateReply { .. } => Self::LateReply,
            Event::Stranger => Self::Stranger,
            Event::Unreadable => Self::from("not a reply, ignored"),
            Event::GaveUp { sends, elapsed, why, .. } => Self::GaveUp { sends, elapsed, why },
            Event::Refused { sends, elapsed, .. } => Self::Refused { sends, elapsed },
        }
    }
}
