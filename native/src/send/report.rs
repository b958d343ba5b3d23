//! How an exchange ended, for scripts.

use crate::address::Address;
use crate::exit::Exit;
use crate::output::SCHEMA;
use serde::Serialize;
use std::fmt;

/// How an exchange ended, or why there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// A reply came.
    Answered,
    /// The policy allowed no more.
    GaveUp,
    /// The network said that nobody listens there.
    Refused,
    /// The system found no way there.
    Unreachable,
    /// The message does not fit a datagram.
    TooLong,
    /// The name has no address.
    NameNotFound,
    /// Ctrl-C.
    Interrupted,
    /// Something of this machine failed.
    Failed,
}

impl Outcome {
    /// The exit code of a run that ends with it.
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

    /// Which outcome of several decides the exit code: the greater number.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::GaveUp => 1,
            _ => 2,
        }
    }
}

/// One exchange as JSON. Every key is always there; what does not apply is null.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) schema: u32,
    /// From 1; null when there was none.
    pub(super) exchange: Option<u32>,
    pub(super) outcome: Outcome,
    /// The server's address, or the name that has none.
    pub(super) peer: String,
    pub(super) sends: usize,
    /// Since the first send.
    pub(super) send_times_s: Vec<f64>,
    /// From the first send to the end.
    pub(super) elapsed_s: f64,
    /// Broken UTF-8 as U+FFFD.
    pub(super) reply: Option<String>,
    pub(super) reply_bytes: Option<usize>,
    /// Which send the reply answers: by its token, else presumably the last.
    pub(super) answered_send: Option<u32>,
    /// What ended an exchange that gave up: a field of the policy, or a brake.
    pub(super) why: Option<&'static str>,
    pub(super) late_replies: u32,
    pub(super) strangers: u32,
    pub(super) error: Option<String>,
}

impl Report {
    /// The report of a run that came to no exchange.
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
            sends: 0,
            send_times_s: Vec::new(),
            elapsed_s: 0.0,
            reply: None,
            reply_bytes: None,
            answered_send: None,
            why: None,
            late_replies: 0,
            strangers: 0,
            error: Some(error.to_string()),
        }
    }
}
