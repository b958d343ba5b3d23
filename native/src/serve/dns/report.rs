//! What the name server counts and logs, over UDP and over all connections.

use crate::output::{BAD, Count, GOOD, SCHEMA, seconds};
use crate::queue::LineQueue;
use crate::serve::follower::{limit_key, no_limits};
use crate::serve::guard::Refusal;
use retrylab::clock::Clock;
use retrylab_core::name::{Handled, Transport, code_name, describe};
use retrylab_core::stream::Limit;
use retrylab_core::time::Instant;
use serde::Serialize;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

/// The counts and the log, shared by all connections.
#[derive(Clone, Debug)]
pub(super) struct Report(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    totals: Totals,
    log: Option<Log>,
}

#[derive(Debug)]
struct Log {
    out: LineQueue,
    json: bool,
    clock: Clock,
}

/// The totals of the name server.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// Datagrams and messages over TCP.
    queries: u64,
    udp: u64,
    tcp: u64,
    connections: u64,
    /// Connections that were closed to make room for newer ones: those limited by `connections`.
    closed_early: u64,
    /// Connections that reached a limit, by its name.
    limited_by: BTreeMap<&'static str, u64>,
    /// Replies by their code, such as NOERROR.
    answered_by: BTreeMap<String, u64>,
    truncated: u64,
    /// Neither queries nor refused.
    ignored: u64,
    /// By the reason.
    refused_by: BTreeMap<&'static str, u64>,
    send_errors: u64,
    /// Queries that the system lost, because the receive buffer was full.
    overflowed: u64,
    /// Queries that were waiting in the receive buffer when the server stopped.
    unread: u64,
}

impl Report {
    /// Returns the report of a server that has done nothing, without a log.
    pub(super) fn new() -> Self {
        let totals = Totals { limited_by: no_limits(), ..Totals::default() };
        Self(Rc::new(RefCell::new(State { totals, log: None })))
    }

    pub(super) fn log_to(&self, out: LineQueue, json: bool, clock: Clock) {
        self.state().log = Some(Log { out, json, clock });
    }

    /// Notes a message that arrived, and how long the reply is, if it got one.
    pub(super) fn query(
        &self,
        transport: Transport,
        from: SocketAddr,
        query: &[u8],
        reply: Option<(Handled, usize)>,
    ) {
        let mut state = self.state();
        state.count(transport);
        let totals = &mut state.totals;
        match &reply {
            Some((handled, _)) => {
                *totals.answered_by.entry(code_name(handled.code)).or_default() += 1;
                totals.truncated += u64::from(handled.is_truncated);
            }
            None => totals.ignored += 1,
        }
        state.line(transport, from, &Outcome::Handled(query, reply));
    }

    /// Notes a datagram that the guard refused.
    pub(super) fn refused(&self, from: SocketAddr, refusal: Refusal) {
        let mut state = self.state();
        state.count(Transport::Udp);
        *state.totals.refused_by.entry(refusal.name()).or_default() += 1;
        state.line(Transport::Udp, from, &Outcome::Refused(refusal));
    }

    pub(super) fn not_sent(&self) {
        self.state().totals.send_errors += 1;
    }

    pub(super) fn connected(&self) {
        self.state().totals.connections += 1;
    }

    pub(super) fn limited(&self, limit: Limit) {
        let mut state = self.state();
        state.totals.closed_early += u64::from(limit == Limit::Connections);
        *state.totals.limited_by.entry(limit_key(limit)).or_default() += 1;
    }

    pub(super) fn lost(&self, count: u32) {
        self.state().totals.overflowed += u64::from(count);
    }

    pub(super) fn unread(&self, count: u64) {
        self.state().totals.unread += count;
    }

    pub(super) fn totals(&self) -> Totals {
        self.state().totals.clone()
    }

    fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }
}

enum Outcome<'a> {
    Handled(&'a [u8], Option<(Handled, usize)>),
    Refused(Refusal),
}

/// The object of one query.
#[derive(Serialize)]
struct Line {
    schema: u32,
    event: &'static str,
    at_s: f64,
    number: u64,
    transport: &'static str,
    from: String,
    /// Type and name of the question; null if it cannot be read.
    query: Option<String>,
    /// Null if there was no reply.
    code: Option<String>,
    answers: Option<usize>,
    truncated: Option<bool>,
    reply_bytes: Option<usize>,
    /// Why it was refused, if it was.
    cause: Option<&'static str>,
}

impl State {
    fn count(&mut self, transport: Transport) {
        self.totals.queries += 1;
        match transport {
            Transport::Udp => self.totals.udp += 1,
            Transport::Tcp => self.totals.tcp += 1,
        }
    }

    fn line(&self, transport: Transport, from: SocketAddr, outcome: &Outcome<'_>) {
        let Some(Log { out, json, clock }) = &self.log else { return };
        let (number, transport) = (self.totals.queries, name(transport));
        if !json {
            return out.line(format_args!("dns #{number} from {from} over {transport}: {outcome}"));
        }
        let (query, reply, cause) = match *outcome {
            Outcome::Handled(query, reply) => (describe(query), reply, None),
            Outcome::Refused(refusal) => (None, None, Some(refusal.name())),
        };
        let handled = reply.map(|(handled, _)| handled);
        out.json(&Line {
            schema: SCHEMA,
            event: "dns",
            at_s: seconds(clock.now().saturating_since(Instant::ZERO)),
            number,
            transport,
            from: from.to_string(),
            query,
            code: handled.map(|handled| code_name(handled.code)),
            answers: handled.map(|handled| handled.answers),
            truncated: handled.map(|handled| handled.is_truncated),
            reply_bytes: reply.map(|(_, bytes)| bytes),
            cause,
        });
    }
}

const fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{BAD}refused{BAD:#}: {refusal}"),
            Self::Handled(_, None) => write!(f, "{BAD}ignored{BAD:#}: not a query"),
            Self::Handled(query, Some((handled, bytes))) => {
                let query = describe(query).unwrap_or_else(|| "a query that cannot be read".into());
                let style = if handled.code == 0 { GOOD } else { BAD };
                write!(f, "{query}: {style}{}{style:#}, ", code_name(handled.code))?;
                if handled.is_truncated {
                    f.write_str("truncated, ")?;
                } else {
                    write!(f, "{}, ", Count(handled.answers as u64, "record"))?;
                }
                write!(f, "{}", Count(*bytes as u64, "byte"))
            }
        }
    }
}

/// `3 DNS queries (2 over UDP, 1 over TCP): 2 NOERROR, 1 NXDOMAIN`
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queries, udp, tcp) = (self.queries, self.udp, self.tcp);
        let noun = if queries == 1 { "query" } else { "queries" };
        write!(f, "{queries} DNS {noun} ({udp} over UDP, {tcp} over TCP)")?;
        let codes = self.answered_by.iter().map(|(code, count)| (*count, code.as_str()));
        let others = [
            (self.truncated, "truncated"),
            (self.ignored, "ignored"),
            (self.refused_by.values().sum(), "refused"),
            (self.send_errors, "not sent"),
            (self.overflowed, "lost in the full receive buffer"),
            (self.unread, "not read"),
            (self.closed_early, "connections closed to make room"),
            (
                self.limited_by.values().sum::<u64>() - self.closed_early,
                "connections closed by another limit",
            ),
        ];
        let counts = codes.chain(others).filter(|(count, _)| *count > 0);
        for (place, (count, words)) in counts.enumerate() {
            write!(f, "{} {count} {words}", if place == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}
