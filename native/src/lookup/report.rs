//! The result of a lookup as text, as JSON and as an exit code.

use crate::exit::Exit;
use crate::output::{BAD, SCHEMA, Stdout, narrate, seconds};
use retrylab_core::name::ipv4;
use retrylab_core::time::Duration;
use retrylab_core::value::Printable;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// How a lookup ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The name has addresses.
    Answered,
    /// The name does not exist.
    NoSuchName,
    /// The name exists and has no address.
    NoAddress,
    /// The system's resolver, or that of a name server's own name, finds no address.
    NameNotFound,
    /// Each name server answered with a failure.
    ServerFailed,
    /// No name server replied.
    GaveUp,
    /// No name server can be reached.
    Unreachable,
    /// Interrupted with Ctrl-C.
    Interrupted,
    /// Something failed on this host.
    Failed,
}

impl Outcome {
    /// Returns the exit code.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Answered => Exit::Success,
            Self::NoSuchName | Self::NoAddress | Self::NameNotFound => Exit::NameNotFound,
            Self::ServerFailed | Self::GaveUp | Self::Failed => Exit::Failed,
            Self::Unreachable => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

/// An address in both forms.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    address: IpAddr,
    /// The same as an unsigned 32-bit number; null for an IPv6 address.
    number: Option<u32>,
}

impl Found {
    fn new(address: IpAddr) -> Self {
        let number = match address {
            IpAddr::V4(address) => Some(ipv4::to_number(address)),
            IpAddr::V6(_) => None,
        };
        Self { address, number }
    }
}

/// `192.0.2.1 3221225985`
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{} {number}", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

/// A lookup as JSON. Every key is always present; a value that does not apply is null or empty.
#[derive(Debug, Serialize)]
pub(super) struct LookupReport {
    pub(super) schema: u32,
    /// As it was given.
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// The names that it is an alias of, one after another.
    pub(super) aliases: Vec<String>,
    pub(super) addresses: Vec<Found>,
    /// Types of records that no answer came for.
    pub(super) unanswered: Vec<&'static str>,
    /// The name server that answered last; null if none did, and without `--server`.
    pub(super) server: Option<String>,
    /// The name servers that were asked, in that order.
    pub(super) servers: Vec<String>,
    pub(super) sends: usize,
    /// Times since the first send at which the sends were due.
    pub(super) send_times_s: Vec<f64>,
    pub(super) elapsed_s: f64,
    /// The send that the answer belongs to.
    pub(super) answered_send: Option<u32>,
    /// Truncated replies that were asked for over TCP.
    pub(super) truncated: u32,
    /// Replies of no use, such as SERVFAIL.
    pub(super) failures: u32,
    pub(super) late_replies: u32,
    /// Datagrams that reply to no query.
    pub(super) strangers: u32,
    pub(super) error: Option<String>,
}

impl LookupReport {
    /// Returns the report of a lookup that found `addresses`, without a query of this program.
    pub(super) fn of(name: &str, addresses: Vec<IpAddr>) -> Self {
        Self {
            schema: SCHEMA,
            name: name.to_string(),
            outcome: Outcome::Answered,
            aliases: Vec::new(),
            addresses: addresses.into_iter().map(Found::new).collect(),
            unanswered: Vec::new(),
            server: None,
            servers: Vec::new(),
            sends: 0,
            send_times_s: Vec::new(),
            elapsed_s: 0.0,
            answered_send: None,
            truncated: 0,
            failures: 0,
            late_replies: 0,
            strangers: 0,
            error: None,
        }
    }

    /// Returns the report of a lookup that failed before any query.
    pub(super) fn failed(name: &str, outcome: Outcome, error: impl fmt::Display) -> Self {
        let error = Some(error.to_string());
        Self { outcome, error, ..Self::of(name, Vec::new()) }
    }

    /// Sets how long it took.
    pub(super) fn after(self, elapsed: Duration) -> Self {
        Self { elapsed_s: seconds(elapsed), ..self }
    }

    /// Prints the addresses, or the JSON object; what went wrong goes to stderr.
    pub(super) fn print(&self, json: bool, out: &mut Stdout) {
        if let Some(error) = &self.error {
            narrate!("{BAD}{}{BAD:#}", Printable::new(error));
        }
        if json {
            out.json(self);
        } else {
            self.addresses.iter().for_each(|found| out.line(found));
        }
    }
}
