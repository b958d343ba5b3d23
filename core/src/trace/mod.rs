//! What happened, as typed records: the one stream that the page, the ladder, the JSON log, the
//! metrics, the digest and the tests all read.
//!
//! The driver writes the records (it sees every datagram, deadline and event); a machine's events
//! become records through `Into<What>`. Where they go is a [`Sink`]; the empty sink `()` compiles to
//! nothing.

mod digest;
mod json;
mod ladder;

pub use digest::{Digest, DigestSink};
pub use json::write_json;
pub use ladder::Ladder;

use crate::machine::{Label, Timer};
use crate::policy::Stop;
pub use crate::random::Direction;
use crate::time::{Duration, Instant};
use alloc::vec::Vec;
use core::fmt;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// Which client it concerns, numbered from 1; 0 for what concerns no client.
    pub flow: u32,
    /// Where it happened.
    pub side: Side,
    /// The datagram it is about, numbered from 1 in the order of sending; 0 for none.
    pub packet: u64,
    /// The exchange and send it belongs to, when known.
    ///
    /// The simulated network knows it of replies too (a reply belongs to the copy that caused it),
    /// which no real client can.
    pub label: Option<Label>,
    /// What happened.
    pub what: What,
}

/// Where a record was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// At a client.
    Client,
    /// On the way.
    Link,
    /// At the server.
    Server,
}

impl Side {
    /// The side's name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Link => "link",
            Self::Server => "server",
        }
    }
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A datagram left a host.
    Sent {
        /// Which way.
        direction: Direction,
        /// Its payload in bytes.
        bytes: u32,
    },
    /// A datagram reached a host.
    Delivered {
        /// Which way it travelled.
        direction: Direction,
    },
    /// A datagram was lost.
    Dropped {
        /// Which way it travelled.
        direction: Direction,
        /// By whom or what.
        cause: Cause,
    },
    /// A host waits, and why.
    TimerArmed {
        /// Which timer.
        timer: Timer,
        /// When it will fire.
        deadline: Instant,
    },
    /// The wait is over.
    TimerFired {
        /// Which timer.
        timer: Timer,
    },
    /// The client accepted a reply; the exchange is over.
    Answered {
        /// Sends made.
        sends: u32,
        /// Which of them the client takes it to answer.
        answered_send: u32,
        /// Time since the exchange's first send.
        elapsed: Duration,
    },
    /// The server answered with a failure; at a client: it heard of that.
    Failed,
    /// The server's work on a request is done.
    Served {
        /// When the request arrived.
        arrived: Instant,
        /// When the work on it began.
        begun: Instant,
    },
    /// The link made a second copy of a datagram.
    Duplicated {
        /// Which way it travels.
        direction: Direction,
    },
    /// The client ignored a reply that belongs to no exchange in progress.
    LateReply,
    /// The client ignored a datagram that is not from its server.
    Stranger,
    /// The client ended the exchange without a reply.
    GaveUp {
        /// Sends made.
        sends: u32,
        /// Time since the exchange's first send.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// The network said that nobody listens there; the exchange is over.
    Refused {
        /// Sends made.
        sends: u32,
        /// Time since the exchange's first send.
        elapsed: Duration,
    },
    /// An event of a machine that is not this crate's, in its own words.
    Note(&'static str),
}

impl What {
    /// The record's name in the JSON log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Delivered { .. } => "delivered",
            Self::Dropped { .. } => "dropped",
            Self::TimerArmed { .. } => "timer_armed",
            Self::TimerFired { .. } => "timer_fired",
            Self::Answered { .. } => "answered",
            Self::Failed => "failed",
            Self::Served { .. } => "served",
            Self::Duplicated { .. } => "duplicated",
            Self::LateReply => "late_reply",
            Self::Stranger => "stranger",
            Self::GaveUp { .. } => "gave_up",
            Self::Refused { .. } => "refused",
            Self::Note(_) => "note",
        }
    }
}

/// A foreign machine may use plain words as its events.
impl From<&'static str> for What {
    fn from(words: &'static str) -> Self {
        Self::Note(words)
    }
}

/// What lost a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The link's random loss.
    LinkLoss,
    /// The server dropped it at random.
    ServerDrop,
    /// The server drops the first N of its life.
    DropFirst,
    /// The server's drop list names it.
    DropList,
    /// It is for an address where nobody listens.
    NobodyThere,
    /// The server's queue was full.
    ServerQueue,
    /// The server found it too old to be worth the work.
    Expired,
    /// The server was down, or went down with it.
    ServerDown,
    /// A fault on the timeline cut the link.
    Partition,
    /// A fault on the timeline made the link lossy.
    FaultLoss,
    /// The link's queue was full, or its rule dropped it.
    LinkQueue,
    /// It is larger than the link's MTU.
    TooBig,
    /// The link damaged it, and the checksum told.
    Corrupted,
}

impl Cause {
    /// The cause's name in the JSON log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkLoss => "link.loss",
            Self::ServerDrop => "server.drop",
            Self::DropFirst => "server.drop_first",
            Self::DropList => "server.drop_list",
            Self::NobodyThere => "nobody_there",
            Self::ServerQueue => "server.queue",
            Self::Expired => "server.expire",
            Self::ServerDown => "fault.server_down",
            Self::Partition => "fault.partition",
            Self::FaultLoss => "fault.loss",
            Self::LinkQueue => "link.queue",
            Self::TooBig => "link.mtu",
            Self::Corrupted => "link.corrupt",
        }
    }
}

/// The cause in words: "lost on the link".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkLoss => "lost on the link",
            Self::ServerDrop => "dropped by the server at random",
            Self::DropFirst => "dropped by the server, one of its first",
            Self::DropList => "dropped by the server, on its list",
            Self::NobodyThere => "nobody listens there",
            Self::ServerQueue => "dropped by the server, its queue is full",
            Self::Expired => "dropped by the server, too old",
            Self::ServerDown => "lost, the server is down",
            Self::Partition => "lost, the link is cut",
            Self::FaultLoss => "lost on the faulty link",
            Self::LinkQueue => "dropped by the link's queue",
            Self::TooBig => "too big for the link",
            Self::Corrupted => "damaged on the link",
        })
    }
}

/// Where records go.
pub trait Sink {
    /// Takes one record.
    fn record(&mut self, record: &Record);
}

/// Records nothing and costs nothing.
impl Sink for () {
    #[inline]
    fn record(&mut self, _: &Record) {}
}

/// Keeps every record.
impl Sink for Vec<Record> {
    fn record(&mut self, record: &Record) {
        self.push(*record);
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    #[inline]
    fn record(&mut self, record: &Record) {
        (**self).record(record);
    }
}

/// Both sinks see every record, the first one first.
impl<A: Sink, B: Sink> Sink for (A, B) {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
    }
}

/// A sink that may be absent.
impl<S: Sink> Sink for Option<S> {
    #[inline]
    fn record(&mut self, record: &Record) {
        if let Some(sink) = self {
            sink.record(record);
        }
    }
}
