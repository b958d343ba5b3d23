//! The records: each is declared here once.
//!
//! A row gives a record's name in the JSON log and its number in the digest, its fields with their
//! types and JSON keys, and after `says` the function of [`words`](super::words) that puts it into
//! words. A row without one of them does not compile. Numbers are never reused, because digests depend
//! on them.

use super::digest::Mix;
use super::field::RecordField;
use super::words::{self, Wording, Words};
use super::{Carried, Cause, Direction, Failure, FrameStep, Limit, NameStatus};
use crate::machine::Timer;
use crate::policy::Stop;
use crate::time::{Duration, Instant};
use core::fmt;
use core::net::Ipv4Addr;

macro_rules! records {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({ $(
            $(#[$field_doc:meta])*
            $field:ident: $type:ty = $key:literal,
        )* })? = $name:literal, $code:literal, says $says:path;
    )*) => {
        /// What can happen.
        ///
        /// The enum is exhaustive, so that code that reports records has to handle each of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)] // Otherwise the tag is one with that of `Timer`, and the event loop would have to look at it.
        pub enum What {
            $(
                $(#[$doc])*
                $variant $({ $(
                    $(#[$field_doc])*
                    $field: $type,
                )* })?,
            )*
        }

        impl What {
            /// The names of all records, in the order of their declaration.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The record's name in the JSON log.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)*
                }
            }

            /// Writes the record's fields as members of a JSON object, each with a comma before it.
            pub(super) fn write_fields(&self, out: &mut dyn fmt::Write) -> fmt::Result {
                match *self {
                    $(Self::$variant $({ $($field),* })? => {
                        $($(
                            out.write_str(concat!(",\"", $key, "\":"))?;
                            RecordField::write_json($field, out)?;
                        )*)?
                    })*
                }
                Ok(())
            }

            /// Mixes the record's kind and fields into its hash.
            #[inline(always)]
            pub(super) fn mix(&self, mix: &mut Mix) {
                match *self {
                    $(Self::$variant $({ $($field),* })? => {
                        mix.kind($code);
                        $($(mix.word(RecordField::word($field));)*)?
                    })*
                }
            }

            /// Puts the record into words.
            pub(super) fn say(&self, wording: &Wording<'_>) -> Words {
                match *self {
                    $(Self::$variant $({ $($field),* })? => {
                        // The page loads the words of rare records when it needs them, so each is a function.
                        #[inline(never)]
                        fn say(wording: &Wording<'_> $($(, $field: $type)*)?) -> Words {
                            $says(wording $($(, $field)*)?)
                        }
                        say(wording $($(, $field)*)?)
                    })*
                }
            }
        }

        // Two records with one number would share digests.
        const _: () = {
            let codes = [$($code),*];
            let mut i = 0;
            while i < codes.len() {
                let mut j = i + 1;
                while j < codes.len() {
                    assert!(codes[i] != codes[j], "two records have the same number");
                    j += 1;
                }
                i += 1;
            }
        };
    };
}

records! {
    /// A datagram left a host.
    Sent {
        /// Which way.
        direction: Direction = "direction",
        /// Its payload in bytes.
        bytes: u32 = "bytes",
    } = "sent", 1, says words::sent;

    /// A datagram reached a host.
    Delivered {
        /// Which way it travelled.
        direction: Direction = "direction",
    } = "delivered", 2, says words::delivered;

    /// A datagram was lost.
    Dropped {
        /// Which way it travelled.
        direction: Direction = "direction",
        /// What lost it.
        cause: Cause = "cause",
    } = "dropped", 3, says words::dropped;

    /// The link made two datagrams of one.
    Duplicated {
        /// Which way they travel.
        direction: Direction = "direction",
    } = "duplicated", 14, says words::duplicated;

    /// The link flipped a bit of a datagram that it delivers nevertheless.
    Damaged {
        /// Which way it travels.
        direction: Direction = "direction",
        /// Which bit of its payload, counted from the lowest bit of the first byte.
        bit: u32 = "bit",
    } = "damaged", 15, says words::damaged;

    /// A person delays a packet by hand.
    DelayedByHand {
        /// Which way it travels.
        direction: Direction = "direction",
        /// How much later it arrives.
        by: Duration = "by_s",
    } = "delayed_by_hand", 21, says words::delayed_by_hand;

    /// A person duplicates a packet by hand. The record of the two follows.
    DuplicatedByHand {
        /// Which way it travels.
        direction: Direction = "direction",
    } = "duplicated_by_hand", 22, says words::duplicated_by_hand;

    /// Something happens to an Ethernet frame, in a network of packets. The flow, the packet and the send are
    /// those of the datagram that it carries.
    Frame {
        /// What happens to it.
        step: FrameStep = "step",
        /// Which way it travels: away from a client is a request.
        direction: Direction = "direction",
        /// What it carries.
        carried: Carried = "carried",
        /// Its length in bytes, the Ethernet header included.
        bytes: u32 = "bytes",
    } = "frame", 20, says words::frame;

    /// A host waits.
    TimerArmed {
        /// What for.
        timer: Timer = "timer",
        /// When it will fire.
        deadline: Instant = "deadline_s",
    } = "timer_armed", 4, says words::timer_armed;

    /// The wait is over.
    TimerFired {
        /// What the host waited for.
        timer: Timer = "timer",
    } = "timer_fired", 5, says words::timer_fired;

    /// The client accepted a reply; the exchange is over.
    Answered {
        /// Sends made.
        sends: u32 = "sends",
        /// The send that the client assumes it answers.
        answered_send: u32 = "answered_send",
        /// Time since the exchange's first send.
        elapsed: Duration = "elapsed_s",
    } = "answered", 6, says words::answered;

    /// The server answers with a failure; at a client, it received that answer.
    Failed = "failed", 12, says words::failed;

    /// The client ignored a reply that nothing waits for: its exchange or its attempt is over.
    LateReply = "late_reply", 7, says words::late_reply;

    /// The client ignored a datagram that is not from its server.
    Stranger = "stranger", 8, says words::stranger;

    /// The client ended the exchange without a reply.
    GaveUp {
        /// Sends made.
        sends: u32 = "sends",
        /// Time since the exchange's first send.
        elapsed: Duration = "elapsed_s",
        /// What ended it.
        why: Stop = "why",
    } = "gave_up", 9, says words::gave_up;

    /// The network reported that the server cannot be reached; the exchange is over.
    Refused {
        /// Sends made.
        sends: u32 = "sends",
        /// Time since the exchange's first send.
        elapsed: Duration = "elapsed_s",
    } = "refused", 10, says words::refused;

    /// The server's work on a request is done.
    Served {
        /// When the request arrived.
        arrived: Instant = "arrived_s",
        /// When the work on it began.
        begun: Instant = "begun_s",
    } = "served", 13, says words::served;

    /// The server goes down.
    Down {
        /// Whether the waiting requests survive.
        keeps_queue: bool = "keeps_queue",
    } = "down", 16, says words::down;

    /// The server comes back.
    Up = "up", 17, says words::up;

    /// The server wrote its row, as a client asked.
    Written = "written", 18, says words::written;

    /// The server refused a write because the row had changed since the client read it; at a client,
    /// it received that answer.
    Stale = "stale", 19, says words::stale;

    /// A heartbeat arrived, and the server learned from its number that others before it have not arrived.
    Missing {
        /// How many.
        count: u32 = "count",
    } = "missing", 40, says words::missing;

    /// A heartbeat arrived after a later one.
    Reordered = "reordered", 41, says words::reordered;

    /// A heartbeat arrived that had arrived before, or too late to know.
    Repeated = "repeated", 42, says words::repeated;

    /// The server declared a client dead, because no heartbeat came.
    Dead {
        /// Time since its last heartbeat.
        silence: Duration = "silence_s",
    } = "dead", 43, says words::dead;

    /// A heartbeat arrived from a client that had been declared dead.
    Alive = "alive", 44, says words::alive;

    /// The client asks for a connection: an attempt of its exchange begins.
    Connecting = "connecting", 50, says words::connecting;

    /// The connection is open, and the client sends its request on it.
    Confirmed = "confirmed", 51, says words::confirmed;

    /// An attempt over a connection failed; at the server, a connection broke.
    Broken {
        /// Why.
        why: Failure = "why",
    } = "broken", 52, says words::broken;

    /// A connection is closed in both directions, and everything on it was delivered.
    Released = "released", 53, says words::released;

    /// A connection was given up before both directions were closed, although its reply is complete.
    NotReleased = "not_released", 54, says words::not_released;

    /// The server accepted a connection.
    Accepted = "accepted", 55, says words::accepted;

    /// The server answered the request of a connection.
    Replied {
        /// The answer in bytes, without the headers of the protocol.
        bytes: u32 = "bytes",
    } = "replied", 56, says words::replied;

    /// The server refused what arrived on a connection: it is not a request of the protocol.
    Rejected = "rejected", 57, says words::rejected;

    /// The client of a connection reached a limit of the server, which ends the connection.
    Limited {
        /// Which one.
        limit: Limit = "limit",
    } = "limited", 58, says words::limited;

    /// A name server answers a question.
    NameAnswered {
        /// What it says.
        status: NameStatus = "status",
        /// Number of addresses in the answer.
        addresses: u32 = "addresses",
    } = "name_answered", 60, says words::name_answered;

    /// The client knows what it looked up.
    NameResolved {
        /// What is known about the name.
        status: NameStatus = "status",
        /// Its first address.
        address: Option<Ipv4Addr> = "address",
    } = "name_resolved", 61, says words::name_resolved;

    /// An event of another crate's machine, in its own words.
    Note {
        /// The words.
        words: &'static str = "note",
    } = "note", 11, says words::note;
}

impl What {
    /// Returns the direction of the datagram that was sent, delivered, lost or changed; `None` for other
    /// records.
    #[must_use]
    pub const fn direction(&self) -> Option<Direction> {
        match *self {
            Self::Sent { direction, .. }
            | Self::Delivered { direction }
            | Self::Dropped { direction, .. }
            | Self::Duplicated { direction }
            | Self::Damaged { direction, .. }
            | Self::DelayedByHand { direction, .. }
            | Self::DuplicatedByHand { direction }
            | Self::Frame { direction, .. } => Some(direction),
            Self::TimerArmed { .. }
            | Self::TimerFired { .. }
            | Self::Answered { .. }
            | Self::Failed
            | Self::LateReply
            | Self::Stranger
            | Self::GaveUp { .. }
            | Self::Refused { .. }
            | Self::Served { .. }
            | Self::Down { .. }
            | Self::Up
            | Self::Written
            | Self::Stale
            | Self::Missing { .. }
            | Self::Reordered
            | Self::Repeated
            | Self::Dead { .. }
            | Self::Alive
            | Self::Connecting
            | Self::Confirmed
            | Self::Broken { .. }
            | Self::Released
            | Self::NotReleased
            | Self::Accepted
            | Self::Replied { .. }
            | Self::Rejected
            | Self::Limited { .. }
            | Self::NameAnswered { .. }
            | Self::NameResolved { .. }
            | Self::Note { .. } => None,
        }
    }
}

/// Machines of other crates may use plain words as their events.
impl From<&'static str> for What {
    fn from(words: &'static str) -> Self {
        Self::Note { words }
    }
}
