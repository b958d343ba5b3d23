//! What a resolver reports while it looks a name up, and the result.

use super::super::Failure;
use crate::machine::{Label, Subject};
use crate::policy::Stop;
use crate::time::Duration;
use crate::trace::What;
use core::net::SocketAddr;

/// What a [`Resolver`](super::Resolver) reports to its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Every question has an answer: [`verdict`](super::Resolver::verdict) says which. (If one kind of address was
    /// found and the server fails for the other one, that counts as an answer, as in glibc.)
    Answered {
        /// Sends made.
        sends: u32,
        /// The send that the last answer belongs to.
        answered_send: u32,
        /// Time since the first send.
        elapsed: Duration,
    },
    /// A server's reply is of no use.
    Failed {
        /// The server.
        server: SocketAddr,
        /// The send that it replies to.
        send: u32,
        /// What is wrong.
        why: Failure,
    },
    /// The network reported that the server of the last send cannot be reached.
    Unreachable {
        /// The server.
        server: SocketAddr,
        /// The send.
        send: u32,
    },
    /// The datagram just handled is a truncated reply. The driver should ask the same over TCP; see
    /// [`tcp_query`](super::Resolver::tcp_query).
    Truncated(Truncated),
    /// The datagram just handled replies to a query that has an answer already.
    LateReply {
        /// The send that it replies to.
        send: u32,
    },
    /// The datagram just handled is not a reply to any query of this resolver.
    Stranger(Mismatch),
    /// No server answered, and the policy allows no further send; or, with no send made, its limits refused the lookup.
    GaveUp {
        /// Sends made.
        sends: u32,
        /// Time since the first send.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// The network reported that the last server cannot be reached, and the policy allows no further send.
    Refused {
        /// Sends made.
        sends: u32,
        /// Time since the first send.
        elapsed: Duration,
    },
}

/// Names a truncated reply; see [`Event::Truncated`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Truncated {
    /// The server that sent it.
    pub server: SocketAddr,
    /// The send that it replies to.
    pub send: u32,
    pub(super) id: u16,
}

/// Why a datagram is not a reply to a query: it may be forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// It comes from an address or a port that was not asked.
    Address,
    /// It is not a DNS message, or not a response.
    Message,
    /// No query to this server has its id.
    Id,
    /// It answers another question.
    Question,
}

impl Mismatch {
    /// Returns what does not match, as in "its id does not match".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Message => "message",
            Self::Id => "id",
            Self::Question => "question",
        }
    }
}

/// The result of a lookup so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The name has addresses.
    Found,
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The name exists, but has no address of the kinds asked for.
    NoAddress,
    /// No server could answer; the last failure.
    ServerFailed(Failure),
    /// Every send was refused by the network.
    Unreachable,
    /// No server replied.
    NoReply,
}

impl Event {
    /// Returns the send that it refers to.
    pub(super) fn subject(&self) -> Subject {
        match *self {
            Self::Answered { sends, .. } | Self::Refused { sends, .. } => {
                Subject::send(label(sends))
            }
            // A lookup that the limits refused is still before its first send.
            Self::GaveUp { sends, .. } => Subject::send(label(sends.max(1))),
            Self::Failed { server, send, .. }
            | Self::Unreachable { server, send }
            | Self::Truncated(Truncated { server, send, .. }) => Subject::of(server, label(send)),
            Self::LateReply { send } => Subject::send(label(send)),
            Self::Stranger(_) => Subject::send(None),
        }
    }
}

/// Returns the label of send `send`: a lookup is one exchange.
pub(super) const fn label(send: u32) -> Option<Label> {
    Label::new(1, send)
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Answered { sends, answered_send, elapsed } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::Failed { why: Failure::Tcp, .. } => Self::from("there is no answer over TCP"),
            Event::Failed { .. } => Self::Failed,
            Event::Unreachable { .. } => Self::from("the server cannot be reached"),
            Event::Truncated(_) => Self::from("the reply is truncated; asking over TCP"),
            Event::LateReply { .. } => Self::LateReply,
            Event::Stranger(Mismatch::Address) => Self::Stranger,
            Event::Stranger(_) => Self::from("not a reply to any query, ignored"),
            Event::GaveUp { sends, elapsed, why } => Self::GaveUp { sends, elapsed, why },
            Event::Refused { sends, elapsed } => Self::Refused { sends, elapsed },
        }
    }
}
