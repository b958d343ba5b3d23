//! What the server reports: one line per datagram, and the summary.

use crate::exit::Exit;
use crate::output::{BAD, Count, GOOD, Rounded, SCHEMA, Stdout, seconds, warn};
use retrylab::udp::{Datagram, Observer, Trouble, Unhandled};
use retrylab_core::link::{Event, Happened};
use retrylab_core::machine::Transmit;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::service;
use retrylab_core::time::Instant;
use retrylab_core::trace::words::{self, Known, Setting};
use retrylab_core::trace::{Cause, Direction, HostId, Record, What};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Counts what happens and reports it on stdout.
#[derive(Debug)]
pub(super) struct Log {
    json: bool,
    quiet: bool,
    out: Stdout,
    /// Replies come later than their requests.
    delayed: bool,
    from: Option<SocketAddr>,
    /// The line to report concerns the datagram received last.
    in_hand: bool,
    bytes: usize,
    datagrams: u64,
    answered: u64,
    /// Answered with a failure; they count as answered as well.
    failed: u64,
    /// The next reply is a failure. (Not known of replies that come later than their requests.)
    failing: bool,
    /// By the scenario's key that caused it.
    dropped: BTreeMap<&'static str, u64>,
    /// By the link.
    duplicated: u64,
    /// Replies that the system did not send.
    not_sent: u64,
    receive_errors: u64,
    /// Requests that the system lost, because the receive buffer was full.
    overflowed: u64,
    /// Requests that were waiting in the receive buffer when the server stopped.
    unread: u64,
}

impl Log {
    /// `delayed`: replies come later than their requests, so a reply cannot be matched with its request.
    pub(super) fn new(json: bool, quiet: bool, delayed: bool) -> Self {
        // Present even if nothing is dropped, so that a script finds the keys.
        let causes = [Cause::ServerDrop, Cause::DropFirst, Cause::DropList];
        Self {
            json,
            quiet,
            delayed,
            out: Stdout::default(),
            from: None,
            in_hand: true,
            bytes: 0,
            datagrams: 0,
            answered: 0,
            failed: 0,
            failing: false,
            dropped: causes.into_iter().map(|cause| (cause.name(), 0)).collect(),
            duplicated: 0,
            not_sent: 0,
            receive_errors: 0,
            overflowed: 0,
            unread: 0,
        }
    }

    /// Reports to a script where the server listens, and the keys of its link. People read it on stderr.
    pub(super) fn listening(
        &mut self,
        address: SocketAddr,
        scenario: &Scenario,
        link: BTreeMap<&'static str, String>,
    ) {
        if self.json {
            let server = &scenario.server;
            self.out.json(&Listening {
                schema: SCHEMA,
                event: "listening",
                addr: address.to_string(),
                port: address.port(),
                reply: server.reply.name(),
                drop: server.drop.as_f64(),
                drop_first: server.drop_first,
                drop_list: server.drop_list.to_string(),
                seed: scenario.seed,
                link,
            });
        }
    }

    /// Counts the requests that the server has not handled when it stops.
    pub(super) fn unhandled(&mut self, unhandled: Unhandled) {
        self.unread += unhandled.unread;
        self.overflowed += unhandled.lost;
    }

    /// Reports the totals.
    pub(super) fn summary(mut self, now: Instant) -> Exit {
        let dropped: u64 = self.dropped.values().sum();
        if self.json {
            self.out.json(&ServeSummary {
                schema: SCHEMA,
                event: "summary",
                datagrams: self.datagrams,
                answered: self.answered,
                failed: self.failed,
                dropped,
                dropped_by: &self.dropped,
                duplicated: self.duplicated,
                send_errors: self.not_sent,
                receive_errors: self.receive_errors,
                overflowed: self.overflowed,
                unread: self.unread,
                elapsed_s: seconds(now.saturating_since(Instant::ZERO)),
            });
        } else {
            let causes: Vec<String> = self.causes().collect();
            let causes =
                if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) };
            let datagrams = Count(self.datagrams, "datagram");
            let elapsed = Rounded(now.saturating_since(Instant::ZERO));
            let (answered, failed) = (self.answered, self.failures());
            self.out.line(format_args!(
                "{datagrams} in {elapsed}: {answered} answered, {dropped} dropped{causes}{failed}"
            ));
        }
        self.out.finish(Exit::Success)
    }

    fn causes(&self) -> impl Iterator<Item = String> {
        let counted = self.dropped.iter().filter(|(_, count)| **count > 0);
        counted.map(|(cause, count)| format!("{count} by {cause}"))
    }

    fn failures(&self) -> String {
        let mut text = String::new();
        if self.failed > 0 {
            text += &format!(", {} of the answers were failures", self.failed);
        }
        if self.duplicated > 0 {
            text += &format!(", {} duplicated by the link", self.duplicated);
        }
        if self.not_sent > 0 {
            text += &format!(", {} not sent", self.not_sent);
        }
        if self.receive_errors > 0 {
            text += &format!(", {}", Count(self.receive_errors, "receive error"));
        }
        if self.overflowed > 0 {
            text += &format!(", {} lost in the full receive buffer", self.overflowed);
        }
        if self.unread > 0 {
            text += &format!(", {} not read", self.unread);
        }
        text
    }

    /// Reports what concerns no datagram in particular.
    fn happened(&mut self, at: Instant, what: What) {
        if self.quiet || self.out.is_closed() {
            return;
        }
        let (flow, packet, label) = (None, None, None);
        let record = Record { at, host: HostId::SERVER, flow, packet, label, what };
        if self.json {
            self.out.json(&ServerEvent {
                schema: SCHEMA,
                event: what.name(),
                at_s: seconds(at.saturating_since(Instant::ZERO)),
            });
        } else {
            let words = words::describe(&record, Setting::default(), Known::default());
            self.out.line(words.sentence());
        }
    }

    /// Reports what the link did to a datagram.
    fn on_link(&mut self, at: Instant, what: What) {
        match what {
            What::Dropped { cause, .. } => *self.dropped.entry(cause.name()).or_default() += 1,
            What::Duplicated { .. } => self.duplicated += 1,
            _ => {}
        }
        self.report(at, &Outcome::OnLink(what));
    }

    /// Reports how the current datagram was handled.
    fn report(&mut self, at: Instant, outcome: &Outcome<'_>) {
        if self.quiet || self.out.is_closed() {
            return;
        }
        let from = self.from.map(|from| from.to_string()).unwrap_or_default();
        let (number, bytes) =
            if self.in_hand { (Some(self.datagrams), Some(self.bytes)) } else { (None, None) };
        if self.json {
            self.out.json(&Line {
                schema: SCHEMA,
                event: outcome.name(),
                at_s: seconds(at.saturating_since(Instant::ZERO)),
                number,
                from,
                bytes,
                direction: outcome.direction(),
                reply_bytes: outcome.reply_bytes(),
                failure: outcome.failure().then_some(true),
                cause: outcome.cause(),
                error: outcome.error(),
            });
        } else {
            let request = match (number, bytes) {
                (Some(number), Some(bytes)) => {
                    format!("#{number} from {from}, {}", Count(bytes as u64, "byte"))
                }
                _ => format!("one from {from}"),
            };
            self.out.line(format_args!("{request}: {outcome}"));
        }
        if self.out.is_closed() {
            warn("cannot write to stdout any more; the server continues without a log");
        }
    }
}

/// The first object of the JSON output.
#[derive(Serialize)]
struct Listening {
    schema: u32,
    event: &'static str,
    addr: String,
    port: u16,
    reply: &'static str,
    drop: f64,
    drop_first: u64,
    drop_list: String,
    seed: u64,
    /// The keys of `--set`, as far as they change something.
    link: BTreeMap<&'static str, String>,
}

/// The object of an event that concerns no datagram in particular.
#[derive(Serialize)]
struct ServerEvent {
    schema: u32,
    event: &'static str,
    at_s: f64,
}

/// The object of one datagram; of the last keys, those that apply.
#[derive(Serialize)]
struct Line {
    schema: u32,
    event: &'static str,
    at_s: f64,
    /// Null for a reply that was held back.
    number: Option<u64>,
    from: String,
    bytes: Option<usize>,
    /// Which way the link carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_bytes: Option<usize>,
    /// Present and true if the reply is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The last object of the JSON output.
#[derive(Serialize)]
struct ServeSummary<'a> {
    schema: u32,
    event: &'static str,
    datagrams: u64,
    answered: u64,
    /// Included in `answered`.
    failed: u64,
    dropped: u64,
    dropped_by: &'a BTreeMap<&'static str, u64>,
    duplicated: u64,
    send_errors: u64,
    receive_errors: u64,
    /// Not included in `datagrams`: the system lost them, because the receive buffer was full.
    overflowed: u64,
    /// Not included in `datagrams`: they were waiting in the receive buffer at the end.
    unread: u64,
    elapsed_s: f64,
}

/// How the server handled a datagram.
enum Outcome<'a> {
    Answered {
        reply_bytes: usize,
        /// The reply is a failure.
        failure: bool,
    },
    Dropped(Cause),
    /// The link dropped or duplicated it.
    OnLink(What),
    NotSent(&'a io::Error),
    ReceiveError(&'a io::Error),
}

impl Outcome<'_> {
    /// Returns its name in JSON.
    const fn name(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::Dropped(_) => "dropped",
            Self::OnLink(what) => what.name(),
            Self::NotSent(_) => "send_error",
            Self::ReceiveError(_) => "receive_error",
        }
    }

    const fn reply_bytes(&self) -> Option<usize> {
        if let Self::Answered { reply_bytes, .. } = self { Some(*reply_bytes) } else { None }
    }

    const fn failure(&self) -> bool {
        matches!(self, Self::Answered { failure: true, .. })
    }

    const fn cause(&self) -> Option<&'static str> {
        match self {
            Self::Dropped(cause) | Self::OnLink(What::Dropped { cause, .. }) => Some(cause.name()),
            _ => None,
        }
    }

    const fn direction(&self) -> Option<&'static str> {
        let Self::OnLink(what) = self else { return None };
        match what.direction() {
            Some(Direction::Request) => Some("request"),
            Some(Direction::Reply) => Some("reply"),
            None => None,
        }
    }

    fn error(&self) -> Option<String> {
        match self {
            Self::NotSent(error) | Self::ReceiveError(error) => Some(error.to_string()),
            Self::Answered { .. } | Self::Dropped(_) | Self::OnLink(_) => None,
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
            Self::OnLink(what) => {
                let (flow, packet, label) = (None, None, None);
                let (at, host, what) = (Instant::ZERO, HostId::Link, *what);
                let record = Record { at, host, flow, packet, label, what };
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

impl Observer<Event<service::Event>> for Log {
    fn received(&mut self, _at: Instant, datagram: Datagram<'_>) {
        self.datagrams += 1;
        (self.from, self.in_hand) = (Some(datagram.from), true);
        self.bytes = datagram.bytes.len();
    }

    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        self.answered += 1;
        if self.delayed {
            (self.from, self.in_hand) = (Some(transmit.to), false);
        }
        let failure = std::mem::take(&mut self.failing);
        self.report(at, &Outcome::Answered { reply_bytes: bytes.len(), failure });
    }

    fn event(
        &mut self,
        at: Instant,
        event: &Event<service::Event>,
        datagram: Option<Datagram<'_>>,
    ) -> ControlFlow<()> {
        // After a delay, an event is not about the datagram received last.
        if let (None, Some(peer)) = (datagram, event.about.peer) {
            (self.from, self.in_hand) = (Some(peer), false);
        }
        if let Happened::Link(what) = event.happened {
            self.on_link(at, what);
            return ControlFlow::Continue(());
        }
        match What::from(event.clone()) {
            What::Dropped { cause, .. } => {
                *self.dropped.entry(cause.name()).or_default() += 1;
                self.report(at, &Outcome::Dropped(cause));
            }
            What::Failed => {
                self.failed += 1;
                self.failing = !self.delayed;
            }
            what @ (What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Note { .. }) => {
                self.happened(at, what);
            }
            // The reply's line reports it.
            What::Served { .. } => {}
            // A server has no events of a client, a link or a driver.
            What::Sent { .. }
            | What::Delivered { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Answered { .. }
            | What::LateReply
            | What::Stranger
            | What::GaveUp { .. }
            | What::Refused { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn lost(&mut self, _at: Instant, count: u32) {
        if self.overflowed == 0 {
            warn(
                "requests arrive faster than the server reads them: its receive buffer is full, and the \
                 system loses requests; the summary counts them",
            );
        }
        self.overflowed += u64::from(count);
    }

    /// Reports trouble. No network error ends the server.
    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        match trouble {
            Trouble::Send { error, .. } => {
                self.not_sent += 1;
                self.report(at, &Outcome::NotSent(error));
            }
            Trouble::Receive(error) => {
                self.receive_errors += 1;
                self.report(at, &Outcome::ReceiveError(error));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
