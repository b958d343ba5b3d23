//! The lines of the server's log: one per datagram or event, as text and as JSON.

use super::guard::Refusal;
use crate::output::{BAD, Count, GOOD};
use retrylab_core::time::Instant;
use retrylab_core::trace::words::{self, Known, Setting};
use retrylab_core::trace::{Cause, Direction, HostId, Record, What};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// The first object of the JSON output.
#[derive(Serialize)]
pub(super) struct Listening {
    pub(super) schema: u32,
    pub(super) event: &'static str,
    pub(super) addr: String,
    pub(super) port: u16,
    pub(super) reply: &'static str,
    /// Length of the longest reply.
    pub(super) max_reply_bytes: usize,
    pub(super) drop: f64,
    pub(super) drop_first: u64,
    pub(super) drop_list: String,
    pub(super) seed: u64,
    /// The keys of `--set`, as far as they change something.
    pub(super) link: BTreeMap<&'static str, String>,
    /// Where the name server listens; null without one.
    pub(super) dns: Option<String>,
    /// The addresses of the services over connections that there are: `tcp`, `http`.
    #[serde(flatten)]
    pub(super) others: BTreeMap<&'static str, String>,
}

/// The object of an event that concerns no datagram in particular.
#[derive(Serialize)]
pub(super) struct ServerEvent {
    pub(super) schema: u32,
    pub(super) event: &'static str,
    pub(super) at_s: f64,
}

/// The object of one datagram; of the last keys, those that apply.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) schema: u32,
    pub(super) event: &'static str,
    pub(super) at_s: f64,
    /// Null for a reply that was held back.
    pub(super) number: Option<u64>,
    pub(super) from: String,
    pub(super) bytes: Option<usize>,
    /// Which way the link carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_bytes: Option<usize>,
    /// Present and true if the reply is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// How the server handled a datagram.
pub(super) enum Outcome<'a> {
    Answered {
        reply_bytes: usize,
        /// The reply is a failure.
        failure: bool,
    },
    Dropped(Cause),
    Refused(Refusal),
    /// The link dropped or duplicated it.
    OnLink(What),
    NotSent(&'a io::Error),
    ReceiveError(&'a io::Error),
}

impl Outcome<'_> {
    /// Returns its name in JSON.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Dropped(_) => "dropped",
            Self::Refused(_) => "refused",
            Self::OnLink(what) => what.name(),
            Self::NotSent(_) => "send_error",
            Self::ReceiveError(_) => "receive_error",
        }
    }

    pub(super) const fn reply_bytes(&self) -> Option<usize> {
        if let Self::Answered { reply_bytes, .. } = self { Some(*reply_bytes) } else { None }
    }

    pub(super) const fn failure(&self) -> bool {
        matches!(self, Self::Answered { failure: true, .. })
    }

    pub(super) const fn cause(&self) -> Option<&'static str> {
        match self {
            Self::Dropped(cause) | Self::OnLink(What::Dropped { cause, .. }) => Some(cause.name()),
            Self::Refused(refusal) => Some(refusal.name()),
            _ => None,
        }
    }

    pub(super) const fn direction(&self) -> Option<&'static str> {
        let Self::OnLink(what) = self else { return None };
        match what.direction() {
            Some(Direction::Request) => Some("request"),
            Some(Direction::Reply) => Some("reply"),
            None => None,
        }
    }

    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::NotSent(error) | Self::ReceiveError(error) => Some(error.to_string()),
            Self::Answered { .. } | Self::Dropped(_) | Self::Refused(_) | Self::OnLink(_) => None,
        }
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { reply_bytes, failure } => {
                let bytes = Count(*reply_bytes as u64, "byte");
                if *failure {
                    write!(f, "{BAD}answered with a failure{BAD:#} of {bytes}")
                } else {
                    write!(f, "{GOOD}answered{GOOD:#} with {bytes}")
                }
            }
            Self::Dropped(cause) => write!(f, "{BAD}{cause}{BAD:#}"),
            Self::Refused(refusal) => write!(f, "{BAD}refused{BAD:#}: {refusal}"),
            Self::OnLink(what) => {
                let (flow, packet, label, server) = (None, None, None, None);
                let (at, host, what) = (Instant::ZERO, HostId::Link, *what);
                let record = Record { at, host, flow, packet, label, server, what };
                let words = words::describe(&record, Setting::default(), Known::default());
                write!(f, "{BAD}{}{BAD:#}", words.sentence())
            }
            Self::NotSent(error) => write!(f, "{BAD}the reply was not sent{BAD:#}: {error}"),
            Self::ReceiveError(error) => {
                write!(f, "{BAD}a receive failed after it{BAD:#}: {error}")
            }
        }
    }
}
