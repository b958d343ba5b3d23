//! The result of an exchange as JSON and as an exit code.

use crate::exit::Exit;
use crate::output::Rounded;
use retrylab_core::time::Duration;
use serde::Serialize;
use std::fmt;

/// How the exchange ended, or why none took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// A response arrived, whatever its status, that the policy does not repeat.
    Answered,
    /// The policy allowed no further send.
    GaveUp,
    /// What arrived is not a response of HTTP/1.1, or exceeds a limit.
    InvalidResponse,
    /// Nobody listens at the server's addresses.
    Refused,
    /// No address of the server can be reached.
    Unreachable,
    /// The name has no address.
    NameNotFound,
    /// Interrupted with Ctrl-C.
    Interrupted,
    /// Something failed on this host.
    Failed,
}

impl Outcome {
    /// Returns the exit code of a run that ends with this outcome and status.
    pub(super) const fn exit(self, status: Option<u16>) -> Exit {
        match (self, status) {
            (Self::Answered, Some(400..) | None) => Exit::Failed,
            (Self::Answered, Some(_)) => Exit::Success,
            (Self::GaveUp | Self::InvalidResponse | Self::Failed, _) => Exit::Failed,
            (Self::Refused | Self::Unreachable, _) => Exit::Refused,
            (Self::NameNotFound, _) => Exit::NameNotFound,
            (Self::Interrupted, _) => Exit::Interrupted,
        }
    }
}

/// The exchange as JSON. Every key is always present; a value that does not apply is null.
#[derive(Debug, Serialize)]
pub(super) struct HttpReport {
    pub(super) schema: u32,
    pub(super) outcome: Outcome,
    pub(super) method: String,
    pub(super) url: String,
    /// The addresses of the server, in the order of the resolver.
    pub(super) addresses: Vec<String>,
    /// The address that the last connection led to.
    pub(super) peer: Option<String>,
    /// Number of attempts: each is a connection and a request.
    pub(super) sends: usize,
    /// Times since the first send at which the sends began.
    pub(super) send_times_s: Vec<f64>,
    /// What happened to the sends before the last one, and to the last one unless it was answered.
    pub(super) failures: Vec<String>,
    /// Why the exchange gave up.
    pub(super) why: Option<&'static str>,
    pub(super) status: Option<u16>,
    pub(super) fields: Option<Vec<(String, String)>>,
    /// Invalid UTF-8 is replaced by U+FFFD.
    pub(super) body: Option<String>,
    pub(super) body_bytes: Option<usize>,
    pub(super) timings: Timings,
    /// Time from the first send to the end of the exchange.
    pub(super) elapsed_s: f64,
    pub(super) error: Option<String>,
}

/// How long each step of the last send took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Timings {
    /// To find the addresses of the name; null if the host is an address.
    pub(super) lookup_s: Option<f64>,
    /// From the first attempt to connect to the open connection.
    pub(super) connect_s: Option<f64>,
    /// From the open connection to the last byte of the request.
    pub(super) request_s: Option<f64>,
    /// From the last byte of the request to the first byte of the response.
    pub(super) first_byte_s: Option<f64>,
    /// From the last byte of the request to the end of the response.
    pub(super) response_s: Option<f64>,
    /// From the end of the response to the end of the connection.
    pub(super) release_s: Option<f64>,
}

/// `lookup 0.4 ms, connect 0.1 ms, request 0.02 ms, response 0.3 ms, release 0.1 ms`
impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, time) in [
            ("lookup", self.lookup_s),
            ("connect", self.connect_s),
            ("request", self.request_s),
            ("response", self.response_s),
            ("release", self.release_s),
        ] {
            if let Some(time) = time {
                write!(f, "{comma}{name} {}", Rounded(Duration::from_secs_f64(time)))?;
                comma = ", ";
            }
        }
        Ok(())
    }
}
