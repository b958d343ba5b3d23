//! Packets: what travels, how it ended, and what that did.

use super::Id;
use super::order::{Span, flow_of};
use retrylab_core::machine::Label;
use retrylab_core::trace::{Carried, Cause, Direction, PacketId, Record};

/// A datagram or a frame, from its sending to its end. One that the link duplicates is two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Its name in the trace; some frames have none.
    pub(crate) name: Option<PacketId>,
    /// The client; 0 for what concerns no client in particular.
    pub(crate) flow: u32,
    pub(crate) label: Option<Label>,
    pub(crate) direction: Direction,
    /// The place of its server, from 0.
    pub(crate) server: u16,
    pub(crate) bytes: u32,
    pub(crate) sent: u64,
    /// When it arrived, or when it is shown to be lost.
    pub(crate) end: u64,
    /// When its ending is known: a server may drop it long after it arrived.
    pub(crate) settled: u64,
    pub(crate) ending: Ending,
    /// What its arrival did to the client.
    pub(crate) effect: Effect,
    /// Whether it is a duplicate that the link made.
    pub(crate) duplicate: bool,
    /// The link flipped a bit of it.
    pub(crate) damaged: bool,
    /// Which bit of the payload, of a datagram.
    pub(crate) flipped: Option<u32>,
    /// For a reply: it is a failure.
    pub(crate) failure: bool,
    /// For a reply: the request it answers.
    pub(crate) request: Option<Id>,
    /// The wait that began when it, or the request it answers, was sent.
    pub(crate) wait: Option<Id>,
    /// The wait whose end sent it.
    pub(crate) after: Option<Id>,
    /// What the frame carries; `None` for a datagram.
    pub(crate) frame: Option<Carried>,
    /// The frame travels only between this host and its router, in no time.
    pub(crate) local: Option<Side>,
    /// The datagram travels in fragments, which are packets of their own.
    pub(crate) in_fragments: bool,
    /// A TCP segment whose place in the stream an earlier one had.
    pub(crate) again: bool,
    /// The records of its frame: as a host sends it, and as the other one receives it.
    pub(crate) frames: [Option<Id>; 2],
    /// The record that sent it: packets of one moment leave in this order.
    pub(crate) order: Id,
    /// Number of packets drawn that the same host sends to the same one at the same moment before it.
    pub(crate) behind: u16,
}

/// A side of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Packet {
    /// Creates a packet that `record`, the one with the index `order`, sends; nothing has happened to it yet.
    pub(super) fn new((order, record): (Id, &Record), direction: Direction, bytes: u32) -> Self {
        Self {
            name: record.packet(),
            flow: flow_of(record),
            label: record.label,
            direction,
            server: record.server().map_or(0, |number| number - 1),
            bytes,
            sent: record.at.as_nanos(),
            end: u64::MAX,
            settled: u64::MAX,
            ending: Ending::Unknown,
            effect: Effect::None,
            duplicate: false,
            damaged: false,
            flipped: None,
            failure: false,
            request: None,
            wait: None,
            after: None,
            frame: None,
            local: None,
            in_fragments: false,
            again: false,
            frames: [None; 2],
            order,
            behind: 0,
        }
    }

    /// Returns true if it repeats an earlier send: a request of the client's, or a segment of TCP's.
    pub(crate) fn is_retry(&self) -> bool {
        let later = self.direction == Direction::Request && self.send() > 1;
        match self.frame {
            // A connection of a later send is asked for again; what it then carries is new.
            None | Some(Carried::Fragment | Carried::TcpSyn) => later || self.again,
            Some(_) => self.again,
        }
    }

    /// Returns true if the pictures show it.
    pub(crate) const fn is_drawn(&self) -> bool {
        !self.in_fragments
    }

    /// Returns what it has in common with packets that leave behind it if they leave at the same moment.
    pub(super) const fn queue(&self) -> (u32, Direction, bool) {
        (self.flow, self.direction, self.local.is_some())
    }

    pub(super) fn flight(&self) -> Span {
        if !self.is_drawn() {
            Span::Ended(0)
        } else if self.ending == Ending::Unknown {
            Span::Open(self.sent)
        } else {
            Span::Ended(self.end - self.sent)
        }
    }

    /// Returns how it had ended at `at`: one that a server drops later has arrived.
    pub(crate) fn ending_at(&self, at: u64) -> Ending {
        if at < self.end {
            Ending::Unknown
        } else if at < self.settled {
            Ending::Arrived
        } else {
            self.ending
        }
    }

    /// Returns the side that it comes from.
    pub(crate) const fn from(&self) -> Side {
        match self.direction {
            Direction::Request => Side::Client,
            Direction::Reply => Side::Server,
        }
    }

    /// Returns which send of its exchange it is, or answers; 1 if unknown.
    pub(crate) fn send(&self) -> u32 {
        self.label.map_or(1, |label| label.send.get())
    }

    /// Returns the exchange that it belongs to; 1 if unknown.
    pub(crate) fn exchange(&self) -> u32 {
        self.label.map_or(1, |label| label.exchange.get())
    }

    /// Returns the client and the exchange that it belongs to, if they are known.
    pub(crate) fn owner(&self) -> Option<(u32, u32)> {
        self.label.map(|label| (self.flow, label.exchange.get()))
    }
}

/// How a packet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It arrives after the last record kept.
    Unknown,
    /// It arrived and was accepted.
    Arrived,
    /// It arrived, and the server dropped it, at once or later.
    Dropped(Cause),
    /// It never arrived.
    Lost(Cause),
}

/// What a reply's arrival did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing that was recorded.
    None,
    /// It ended the exchange.
    Answered,
    /// The client learned that its request failed.
    Failed,
    /// Nothing waited for it.
    Ignored,
}
