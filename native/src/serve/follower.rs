//! Follows a server of connections: counts what happens, and writes a line for each answer and for each connection
//! that ends without one.

use crate::output::{BAD, Count, GOOD, SCHEMA, seconds, warn};
use crate::pcapng::StreamCapture;
use crate::queue::LineQueue;
use retrylab::tcp::{Happened, Observer};
use retrylab_core::stream::http::HttpEvent;
use retrylab_core::stream::{ConnectionId, EchoEvent, Limit, Server, ServerEvent, Service};
use retrylab_core::time::Instant;
use retrylab_core::value::Printable;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// What a service has done with a request.
#[derive(Debug)]
pub(super) struct Done {
    what: What,
    /// What was asked and answered, in words and as keys of the JSON object. `None`: all bytes of the connection
    /// are one request, which is reported when the connection ends.
    details: Option<(String, Value)>,
}

/// What was done with a request or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Answered,
    Dropped,
    Failed,
    Refused,
    Limited,
    Reset,
    Aborted,
}

impl What {
    /// Returns its name in JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Reset => "reset",
            Self::Aborted => "aborted",
        }
    }
}

impl Done {
    /// Returns the comment of the packet in a capture, if it was not answered as usual.
    fn comment(&self) -> Option<String> {
        match self.what {
            What::Dropped => Some("The server drops the request on purpose.".to_string()),
            What::Failed => Some("The server answers with a failure on purpose.".to_string()),
            What::Refused => {
                let (_, details) = self.details.as_ref()?;
                let cause = details["cause"].as_str().unwrap_or_default();
                Some(format!("Refused with {}: {cause}.", details["status"]))
            }
            _ => None,
        }
    }
}

impl From<EchoEvent> for Done {
    fn from(event: EchoEvent) -> Self {
        let what = match event {
            EchoEvent::Answered { .. } => What::Answered,
            EchoEvent::Dropped { .. } => What::Dropped,
            _ => What::Failed,
        };
        Self { what, details: None }
    }
}

impl From<HttpEvent> for Done {
    fn from(event: HttpEvent) -> Self {
        let (what, words, details) = match event {
            HttpEvent::Answered { method, target, status, received, sent } => {
                let [method, target] = [&method, &target].map(|text| Printable::short(text));
                let bytes = Count(sent as u64, "byte");
                let words =
                    format!("{method} {target}: {GOOD}answered{GOOD:#} with {status}, {bytes}");
                let (method, target) = (method.to_string(), target.to_string());
                let details = json!({
                    "method": method,
                    "target": target,
                    "status": status,
                    "bytes": received,
                    "reply_bytes": sent,
                });
                (What::Answered, words, details)
            }
            HttpEvent::Refused { status, why } => {
                let why =
                    why.map_or("the request took too long".to_string(), |why| why.to_string());
                let words = format!("{BAD}refused{BAD:#} with {status}: {why}");
                (What::Refused, words, json!({ "status": status, "cause": why }))
            }
            HttpEvent::Dropped { .. } => {
                (What::Dropped, format!("{BAD}dropped{BAD:#} on purpose"), json!({}))
            }
            _ => {
                let words = format!("{BAD}answered with 503{BAD:#} on purpose");
                (What::Failed, words, json!({ "status": 503 }))
            }
        };
        Self { what, details: Some((words, details)) }
    }
}

/// A connection that is open.
#[derive(Debug)]
struct Open {
    peer: SocketAddr,
    received: u64,
    sent: u64,
    /// What was done last.
    done: Option<Done>,
    limit: Option<Limit>,
}

/// All limits of a server.
const LIMITS: [Limit; 5] =
    [Limit::Connections, Limit::Bytes, Limit::Idle, Limit::Total, Limit::Release];

/// Returns the name of a limit in JSON.
pub(super) const fn limit_key(limit: Limit) -> &'static str {
    match limit {
        Limit::Connections => "connections",
        Limit::Bytes => "bytes",
        Limit::Idle => "idle_time",
        Limit::Total => "total_time",
        _ => "release_time",
    }
}

/// Returns the count of each limit before one is reached. All are present, so that a script finds the keys.
pub(super) fn no_limits() -> BTreeMap<&'static str, u64> {
    LIMITS.iter().map(|limit| (limit_key(*limit), 0)).collect()
}

/// Warns that the system cannot accept a connection of `service`.
pub(super) fn warn_not_accepted(service: &str, error: &io::Error) {
    warn(format_args!(
        "cannot accept a connection ({service}): {error}; the server tries again and again"
    ));
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Released,
    Reset,
    Aborted,
}

/// Counts what happens, reports it on stdout and captures it.
pub(super) struct Follower {
    log: Log,
    capture: StreamCapture,
    open: HashMap<ConnectionId, Open>,
    counts: Counts,
}

/// Where lines go.
#[derive(Debug)]
struct Log {
    /// The name of the service.
    service: &'static str,
    json: bool,
    /// `None` if only the summary is reported.
    out: Option<LineQueue>,
}

/// The totals of one service, as part of the summary.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Counts {
    /// Connections accepted.
    connections: u64,
    /// Requests, by what was done with them.
    answered: u64,
    dropped: u64,
    failed: u64,
    refused: u64,
    /// Connections that reached a limit.
    limited: u64,
    limited_by: BTreeMap<&'static str, u64>,
    /// Connections that a client or the network broke.
    reset: u64,
    /// Connections that were open when the server stopped.
    open: u64,
    received_bytes: u64,
    sent_bytes: u64,
    /// Times that the system could not accept a connection.
    not_accepted: u64,
}

impl Follower {
    /// Creates the follower of `service`, which writes lines to `out` if there is one.
    pub(super) fn new(
        service: &'static str,
        json: bool,
        out: Option<LineQueue>,
        capture: StreamCapture,
    ) -> Self {
        let counts = Counts { limited_by: no_limits(), ..Counts::default() };
        Self { log: Log { service, json, out }, capture, open: HashMap::new(), counts }
    }

    /// Returns the totals.
    pub(super) fn counts(&self) -> Counts {
        Counts { open: self.open.len() as u64, ..self.counts.clone() }
    }

    fn done(&mut self, at: Instant, id: ConnectionId, done: Done) {
        if let Some(comment) = done.comment() {
            self.capture.comment(id, &comment);
        }
        *match done.what {
            What::Answered => &mut self.counts.answered,
            What::Dropped => &mut self.counts.dropped,
            What::Refused => &mut self.counts.refused,
            _ => &mut self.counts.failed,
        } += 1;
        let Some(open) = self.open.get_mut(&id) else { return };
        if let Some((words, details)) = &done.details {
            self.log.line(at, id, open.peer, done.what, words, details);
        }
        open.done = Some(done);
    }

    /// Handles the end of a connection: reports what no line has reported yet.
    fn ended(&mut self, at: Instant, id: ConnectionId, end: End) {
        let Some(Open { peer, received, sent, done, limit }) = self.open.remove(&id) else {
            return;
        };
        self.counts.reset += u64::from(end == End::Reset);
        let what = match (done, limit, end) {
            (Some(Done { details: Some(_), .. }), ..) => return,
            (Some(done), ..) if done.what != What::Answered || end == End::Released => done.what,
            (_, Some(_), _) => What::Limited,
            (_, None, End::Reset) => What::Reset,
            (_, None, End::Aborted) => What::Aborted,
            // A connection without a request.
            (None, None, End::Released) => return,
            (Some(done), None, End::Released) => done.what,
        };
        let (bytes, reply) = (Count(received, "byte"), Count(sent, "byte"));
        let words = match what {
            What::Answered => format!("{bytes}: {GOOD}answered{GOOD:#} with {reply}"),
            What::Failed => format!("{bytes}: {BAD}answered with a failure{BAD:#} of {reply}"),
            What::Dropped => format!("{bytes}: {BAD}dropped{BAD:#} on purpose"),
            What::Limited => format!("{bytes}: {BAD}{}{BAD:#}", limit.map_or("", Limit::name)),
            What::Reset => format!("{bytes}: {BAD}the client broke the connection{BAD:#}"),
            What::Refused | What::Aborted => format!("{bytes}: {BAD}ended by the server{BAD:#}"),
        };
        let mut details = json!({ "bytes": received, "reply_bytes": sent });
        if let Some(limit) = limit {
            details["cause"] = limit_key(limit).into();
        }
        self.log.line(at, id, peer, what, &words, &details);
    }
}

/// The object of an answer or of a connection that ended without one.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    event: &'static str,
    at_s: f64,
    service: &'static str,
    /// Number of the connection, from 1.
    connection: u64,
    from: String,
    #[serde(flatten)]
    details: &'a Value,
}

impl Log {
    fn line(
        &self,
        at: Instant,
        id: ConnectionId,
        peer: SocketAddr,
        what: What,
        words: &str,
        details: &Value,
    ) {
        let Some(out) = &self.out else { return };
        let ConnectionId(number) = id;
        if !self.json {
            return out.line(format_args!("{} #{number} from {peer}, {words}", self.service));
        }
        out.json(&Line {
            schema: SCHEMA,
            event: what.name(),
            at_s: seconds(at.saturating_since(Instant::ZERO)),
            service: self.service,
            connection: number,
            from: peer.to_string(),
            details,
        });
    }
}

impl<S: Service<Event: Clone + Into<Done>>> Observer<Server<S>> for Follower {
    fn event(
        &mut self,
        at: Instant,
        _server: &Server<S>,
        event: &ServerEvent<S::Event>,
    ) -> ControlFlow<()> {
        match event {
            ServerEvent::Service { id, event } => self.done(at, *id, event.clone().into()),
            ServerEvent::Limited { id, limit } => {
                self.counts.limited += 1;
                *self.counts.limited_by.entry(limit_key(*limit)).or_default() += 1;
                if let Some(open) = self.open.get_mut(id) {
                    open.limit = Some(*limit);
                }
                self.capture.comment(*id, &format!("Limit reached: {}.", limit.name()));
            }
            // The driver reports these as well.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        self.capture.happened(at, id, what);
        match what {
            Happened::Accepted { peer, .. } => {
                self.counts.connections += 1;
                let open = Open { peer, received: 0, sent: 0, done: None, limit: None };
                self.open.insert(id, open);
            }
            Happened::Received(bytes) => {
                self.counts.received_bytes += bytes.len() as u64;
                if let Some(open) = self.open.get_mut(&id) {
                    open.received += bytes.len() as u64;
                }
            }
            Happened::Sent(bytes) => {
                self.counts.sent_bytes += bytes.len() as u64;
                if let Some(open) = self.open.get_mut(&id) {
                    open.sent += bytes.len() as u64;
                }
            }
            Happened::Released => self.ended(at, id, End::Released),
            Happened::Broken(_) => self.ended(at, id, End::Reset),
            Happened::Aborted => self.ended(at, id, End::Aborted),
            _ => {}
        }
    }

    fn settled(&mut self) {
        self.capture.settle();
    }

    fn not_accepted(&mut self, _at: Instant, error: &io::Error) {
        if self.counts.not_accepted == 0 {
            warn_not_accepted(self.log.service, error);
        }
        self.counts.not_accepted += 1;
    }
}

/// `3 connections, 2 answered, 1 closed by a limit (1 idle)`
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} answered", Count(self.connections, "connection"), self.answered)?;
        for (count, words) in [
            (self.dropped, "dropped"),
            (self.failed, "answered with a failure"),
            (self.refused, "refused"),
            (self.reset, "broken by the client"),
            (self.open, "still open"),
            (self.not_accepted, "times not accepted"),
        ] {
            if count > 0 {
                write!(f, ", {count} {words}")?;
            }
        }
        if self.limited > 0 {
            let by = self.limited_by.iter().filter(|(_, count)| **count > 0);
            let by: Vec<String> = by.map(|(limit, count)| format!("{count} by {limit}")).collect();
            write!(f, ", {} limited ({})", self.limited, by.join(", "))?;
        }
        Ok(())
    }
}
