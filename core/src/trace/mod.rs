//! What happened, as typed records: the one stream that the page, the ladder, the JSON log, the
//! metrics, the digest and the tests all read.
//!
//! The driver writes the records (it sees every datagram, deadline and event); a machine's events
//! become records through `Into<What>`. Where they go is a [`Sink`]; the empty sink `()` compiles to
//! nothing.
//!
//! `table.rs` declares every record once: its name, its fields with their JSON keys, its number in the
//! digest and the function that describes it. [`words`] contains those functions, and with them every
//! sentence about a record.
//!
//! | file | what it is |
//! |---|---|
//! | `table` | the records: [`What`] |
//! | `field` | the trait of fields' types: JSON value and word in the digest |
//! | `cause` | what loses a datagram: [`Cause`] |
//! | `connection` | connections: [`Failure`], [`Limit`] |
//! | `frame` | frames of a network of packets: [`Carried`], [`FrameStep`] |
//! | `name` | what a name server says about a name: [`NameStatus`] |
//! | `digest` | a run's fingerprint: [`Digest`] |
//! | `json` | the JSON log: [`write_json`] |
//! | [`words`] | sentences about records |
//! | `ladder` | the text ladder: [`Ladder`] |

mod cause;
mod connection;
mod digest;
mod field;
mod frame;
mod json;
mod ladder;
mod name;
mod table;
#[cfg(test)]
mod tests;
pub mod words;

pub use cause::Cause;
pub use connection::{Failure, Limit};
pub use digest::{Digest, DigestSink};
pub use frame::{Carried, FrameStep};
pub use json::write_json;
pub use ladder::Ladder;
pub use name::NameStatus;
pub use table::What;

use crate::machine::Label;
pub use crate::random::Direction;
use crate::time::Instant;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::{NonZeroU16, NonZeroU32};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it happened.
    pub at: Instant,
    /// Which host made it.
    pub host: HostId,
    /// Which client it concerns, numbered from 1; `None` for what concerns no client in particular.
    pub flow: Option<NonZeroU32>,
    /// The datagram that it refers to: its number within its flow and direction, from 1, in the order of
    /// sending. See [`packet`](Self::packet) for its whole name.
    pub packet: Option<NonZeroU32>,
    /// The exchange and send it belongs to, when known; of a wait before an exchange's first send, that
    /// send.
    ///
    /// The simulated network labels replies too (a reply belongs to the send that caused it); a real
    /// client knows the label only if the payload names the send
    /// ([`Machine::label_of`](crate::machine::Machine::label_of)).
    pub label: Option<Label>,
    /// With several servers: the one that a client's or a link's record concerns; for a datagram, its destination or
    /// source. A server's own records may leave it out: [`host`](Self::host) names it.
    pub server: Option<NonZeroU16>,
    /// What happened.
    pub what: What,
}

impl Record {
    /// Returns the name of the datagram that it refers to, if any.
    #[must_use]
    pub fn packet(&self) -> Option<PacketId> {
        let direction = self.what.direction().unwrap_or(match self.host {
            // What a client does with a datagram concerns a reply; what a server does, a request.
            HostId::Client => Direction::Reply,
            HostId::Link | HostId::Server(_) => Direction::Request,
        });
        Some(PacketId { flow: self.flow?, direction, number: self.packet? })
    }

    /// Returns the number of the server that made it or, in a network with several servers, that it concerns.
    #[must_use]
    pub fn server(&self) -> Option<u16> {
        self.host.server().or(self.server.map(NonZeroU16::get))
    }

    /// Returns the client's number as a plain integer; 0 for what concerns no client in particular.
    #[inline]
    pub(crate) fn flow_number(&self) -> u32 {
        self.flow.map_or(0, NonZeroU32::get)
    }
}

/// Names one datagram of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketId {
    /// The client that sent it, or that it was sent to.
    pub flow: NonZeroU32,
    /// Which way it travels.
    pub direction: Direction,
    /// Its number within its flow and direction, from 1, in the order of sending.
    pub number: NonZeroU32,
}

/// Which host made a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostId {
    /// The client that the record's flow names.
    Client,
    /// The link between the hosts.
    Link,
    /// The server of this number, from 1.
    Server(NonZeroU16),
}

impl HostId {
    /// The server of a run with a single server.
    pub const SERVER: Self = Self::Server(NonZeroU16::MIN);

    /// Returns the kind of host, as named in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Link => "link",
            Self::Server(_) => "server",
        }
    }

    /// Returns its number among the servers, from 1; `None` for a client and for the link.
    #[must_use]
    pub const fn server(self) -> Option<u16> {
        match self {
            Self::Client | Self::Link => None,
            Self::Server(number) => Some(number.get()),
        }
    }
}

/// A packet with its bytes, as a host sends or receives it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// A UDP datagram.
    Datagram {
        /// Its source.
        from: SocketAddr,
        /// Its destination.
        to: SocketAddr,
        /// Its payload.
        payload: &'a [u8],
    },
    /// An Ethernet frame with its header, without preamble and frame check sequence.
    Frame(&'a [u8]),
}

/// Where records go.
pub trait Sink {
    /// Takes one record.
    fn record(&mut self, record: &Record);

    /// Takes the [`What::Frame`] of a frame that a host sends or receives, or that is lost because its host is down, with
    /// its bytes from the Ethernet header on. A sink without a use for the bytes takes the record alone.
    #[inline]
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        let _ = bytes;
        self.record(record);
    }

    /// Takes a packet, just after the `record` of its departure or arrival. It is not recorded if no machine handles
    /// it: `record` then says why in a [`What::Note`]. By default, packets are ignored.
    #[inline(always)]
    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        let _ = (record, packet);
    }

    /// Returns whether [`packet`](Self::packet) does anything, so that a driver prepares packets only if someone wants them.
    #[inline(always)]
    fn takes_packets(&self) -> bool {
        false
    }

    /// Called by a driver of real sockets when everything that follows from an input is recorded. The next record
    /// may be long in coming.
    fn settle(&mut self) {}
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

    #[inline]
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        (**self).frame(record, bytes);
    }

    #[inline(always)]
    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        (**self).packet(record, packet);
    }

    #[inline(always)]
    fn takes_packets(&self) -> bool {
        (**self).takes_packets()
    }

    fn settle(&mut self) {
        (**self).settle();
    }
}

/// Both sinks see every record, the first one first.
impl<A: Sink, B: Sink> Sink for (A, B) {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
    }

    #[inline]
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        self.0.frame(record, bytes);
        self.1.frame(record, bytes);
    }

    #[inline(always)]
    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        self.0.packet(record, packet);
        self.1.packet(record, packet);
    }

    #[inline(always)]
    fn takes_packets(&self) -> bool {
        self.0.takes_packets() || self.1.takes_packets()
    }

    fn settle(&mut self) {
        self.0.settle();
        self.1.settle();
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

    #[inline]
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        if let Some(sink) = self {
            sink.frame(record, bytes);
        }
    }

    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        if let Some(sink) = self {
            sink.packet(record, packet);
        }
    }

    #[inline]
    fn takes_packets(&self) -> bool {
        self.as_ref().is_some_and(Sink::takes_packets)
    }

    fn settle(&mut self) {
        if let Some(sink) = self {
            sink.settle();
        }
    }
}
