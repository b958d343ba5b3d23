//! The result of an exchange as JSON and as an exit code.

use crate::address::Address;
use crate::exit::Exit;
use crate::output::SCHEMA;
use serde::Serialize;
use std::fmt;

/// How an exchange ended, or why none took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// A reply arrived.
    Answered,
    /// The policy allowed no further send.
    GaveUp,
    /// The network reported that nothing listens on the port.
    Refused,
    /// No way leads to the server, as the network or the system reported.
    Unreachable,
    /// The message does not fit into a datagram.
    TooLong,
    /// The name has no address.
    NameNotFound,
    /// Interrupted with Ctrl-C.
    Interrupted,
    /// Something failed on this host.
    Failed,
}

impl Outcome {
    /// Returns the exit code of a run that ends with this outcome.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Answered => Exit::Success,
            Self::GaveUp | Self::Failed => Exit::Failed,
            Self::Refused | Self::Unreachable => Exit::Refused,
            Self::TooLong => Exit::Usage,
            Self::NameNotFound => Exit::NameNotFound,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// Returns a rank. The outcome with the highest rank decides the exit code of several exchanges.
    const fn weight(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::GaveUp => 1,
            Self::Refused | Self::Unreachable => 2,
            Self::TooLong | Self::NameNotFound | Self::Failed => 3,
            Self::Interrupted => 4,
        }
    }

    /// Returns the one of two outcomes that decides the exit code.
    pub(super) const fn or_worse(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    /// Returns whether the exchange counts as lost: it took place and got no reply.
    pub(super) const fn is_loss(self) -> bool {
        matches!(self, Self::GaveUp | Self::Refused | Self::Unreachable)
    }
}

/// One exchange as JSON. Every key is always present; a value that does not apply is null.
#[derive(Debug, Serialize)]
pub(super) struct SendReport {
    pub(super) schema: u32,
    /// Counted from 1; null if no exchange took place.
    pub(super) exchange: Option<u32>,
    pub(super) outcome: Outcome,
    /// The server's address: the one that replied, or the last one asked; its name if it did not resolve.
    pub(super) peer: String,
    /// The addresses that were asked, in that order.
    pub(super) peers: Vec<String>,
    pub(super) sends: usize,
    /// Times since the first send at which the sends were due.
    pub(super) send_times_s: Vec<f64>,
    /// How much later each of them left.
    pub(super) send_late_s: Vec<f64>,
    /// Time from the first send to the end of the exchange.
    pub(super) elapsed_s: f64,
    /// Time from the departure of the answered send to the reply; null if the reply may answer another send. Over TCP,
    /// from the first byte of the message to the end of the reply, without the time for the connection.
    pub(super) rtt_s: Option<f64>,
    /// Invalid UTF-8 is replaced by U+FFFD.
    pub(super) reply: Option<String>,
    pub(super) reply_bytes: Option<usize>,
    /// The send that the reply answers: the one in its token, otherwise the last one.
    pub(super) answered_send: Option<u32>,
    /// Why the exchange gave up: a setting of the policy, its retry budget or its circuit breaker.
    pub(super) why: Option<&'static str>,
    /// Failures that the server answered with.
    pub(super) failures: u32,
    pub(super) late_replies: u32,
    pub(super) strangers: u32,
    /// Datagrams of the exchange that the system or the network reported as lost.
    pub(super) lost: u32,
    pub(super) error: Option<String>,
}

impl SendReport {
    /// Returns the report of a run without any exchange.
    pub(super) fn without_exchange(
        outcome: Outcome,
        host: &Address,
        error: impl fmt::Display,
    ) -> Self {
        Self {
            schema: SCHEMA,
            exchange: None,
            outcome,
            peer: host.to_string(),
            peers: Vec::new(),
            sends: 0,
            send_times_s: Vec::new(),
            send_late_s: Vec::new(),
            elapsed_s: 0.0,
            rtt_s: None,
            reply: None,
            reply_bytes: None,
            answered_send: None,
            why: None,
            failures: 0,
            late_replies: 0,
            strangers: 0,
            lost: 0,
            error: Some(error.to_string()),
        }
    }
}
