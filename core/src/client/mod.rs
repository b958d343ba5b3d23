//! The client: one exchange after another, or many at once, each with as many sends as its policy
//! allows.
//!
//! It sends its message, waits, sends the same bytes again when no reply comes, and either accepts a
//! reply or gives up. It does not think about what the reply says, and it does not split, encrypt or
//! acknowledge anything.
//!
//! [`Client`] has one exchange in progress (a closed loop), [`OpenClient`] as many as arrive.

mod arrivals;
mod closed;
pub mod contention;
mod open;
#[cfg(test)]
mod tests;

pub use arrivals::{Arrivals, ArrivalsError, Rate};
pub use closed::Client;
pub use open::{MOST_OPEN, OpenClient};

pub use crate::protocol::MAX_MESSAGE_IPV4;

use crate::dist::Distribution;
use crate::policy::{Policy, Stop};
use crate::protocol::Token;
use crate::time::Duration;
use crate::trace::What;
use alloc::sync::Arc;
use core::net::SocketAddr;

/// What a [`Client`] does. Clients that do the same share one.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub peer: SocketAddr,
    /// Accept replies from `peer` only, and hear refusals (`connect` + `send`). Otherwise (`sendto`) a
    /// datagram from anyone is looked at, and one that is not from `peer` is reported as a
    /// [stranger's](Event::Stranger).
    pub connected: bool,
    /// The request's bytes, at most [`MAX_MESSAGE_IPV4`] over IPv4.
    pub message: Arc<[u8]>,
    /// Begin each datagram with a [`Token`], so that a reply which mirrors it tells what it answers.
    pub token: bool,
    /// How many exchanges, one after another; 0 does nothing.
    pub exchanges: u32,
    /// How long to rest between one exchange and the next.
    pub think: Option<Distribution>,
    /// When exchanges arrive in an [`OpenClient`]; a [`Client`] begins the next one by itself.
    pub arrivals: Option<Arrivals>,
    /// Until when exchanges arrive, from the beginning.
    pub duration: Option<Duration>,
    /// When to send again and when to stop.
    pub policy: Policy,
    /// Names the random draws.
    pub seed: u64,
}

impl Config {
    /// One exchange of `message` with `peer`, connected, under the textbook's policy.
    #[must_use]
    pub fn textbook(peer: SocketAddr, message: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            peer,
            connected: true,
            message: message.into(),
            token: false,
            exchanges: 1,
            think: None,
            arrivals: None,
            duration: None,
            policy: Policy::textbook(),
            seed: 1,
        })
    }
}

/// What a client tells its application. Numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The datagram just handled answers this exchange.
    Answered {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Which copy it answers: as the reply's token says, else the last one sent (a guess: without
        /// a token nobody can tell, which is why Karn's rule takes no sample from it).
        answered_send: u32,
        /// Time since the first copy.
        elapsed: Duration,
    },
    /// The datagram just handled says that the server failed; the exchange goes on.
    Failed {
        /// Which exchange.
        exchange: u32,
        /// Which copy: as the token says, else the last one sent.
        send: u32,
    },
    /// The datagram just handled is from the server but answers no exchange in progress.
    LateReply {
        /// What it answers, when it says so.
        token: Option<Token>,
    },
    /// The datagram just handled is not from the server. (Unconnected clients only.)
    Stranger,
    /// No reply came, and the policy allows no further copy; or, with no copy sent, a brake refused the
    /// exchange, and the client rested for its first wait instead.
    GaveUp {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Time since the first copy.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// The network said that nobody listens there. (Connected clients only.)
    Refused {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Time since the first copy.
        elapsed: Duration,
    },
}

impl Event {
    /// Does it end an exchange?
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::GaveUp { .. } | Self::Refused { .. })
    }

    /// The exchange that it is about, if it is one's.
    #[must_use]
    pub const fn exchange(&self) -> Option<u32> {
        match *self {
            Self::Answered { exchange, .. }
            | Self::Failed { exchange, .. }
            | Self::GaveUp { exchange, .. }
            | Self::Refused { exchange, .. } => Some(exchange),
            Self::LateReply { .. } | Self::Stranger => None,
        }
    }
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Answered { sends, answered_send, elapsed, .. } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::Failed { .. } => Self::Failed,
            Event::LateReply { .. } => Self::LateReply,
            Event::Stranger => Self::Stranger,
            Event::GaveUp { sends, elapsed, why, .. } => Self::GaveUp { sends, elapsed, why },
            Event::Refused { sends, elapsed, .. } => Self::Refused { sends, elapsed },
        }
    }
}
