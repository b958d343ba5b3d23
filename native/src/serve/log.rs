//! Follows the server: counts what happens and reports one line per datagram.

use super::counts::Counts;
use super::dns::{self, Dns};
use super::follower;
use super::guard::{Guard, Refusal};
use super::lines::{Line, Listening, Outcome, ServerEvent};
use crate::exit::Exit;
use crate::ladder::style;
use crate::output::{Count, SCHEMA, exit_after, finish_stdout, left_out, narrate, seconds, warn};
use crate::queue::{LineQueue, Stream, WhenFull};
use retrylab::clock::Clock;
use retrylab::udp::{Datagram, Observer, Trouble, Unhandled};
use retrylab_core::link::{Event, Happened};
use retrylab_core::machine::Transmit;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::service;
use retrylab_core::time::Instant;
use retrylab_core::trace::words::{self, Known, Setting};
use retrylab_core::trace::{Cause, HostId, Record, What};
use retrylab_core::value::printable_json;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Maximum number of bytes of lines that wait for the reader of the log. When it is reached, lines are left out:
/// the server never waits.
const MAX_LOG_BYTES: usize = 1 << 20;

/// Counts what happens and reports it on stdout. Refuses what its guard refuses.
#[derive(Debug)]
pub(super) struct Log {
    json: bool,
    quiet: bool,
    out: LineQueue,
    /// It has warned that nobody reads the log.
    warned: bool,
    guard: Guard,
    /// Replies come later than their requests.
    delayed: bool,
    from: Option<SocketAddr>,
    /// The line to report concerns the datagram received last.
    in_hand: bool,
    bytes: usize,
    /// The next reply is a failure. (Not known of replies that come later than their requests.)
    failing: bool,
    counts: Counts,
}

impl Log {
    /// `delayed`: replies come later than their requests, so a reply cannot be matched with its request.
    ///
    /// # Errors
    /// If the system starts no thread to write the lines.
    pub(super) fn new(json: bool, quiet: bool, delayed: bool, guard: Guard) -> io::Result<Self> {
        let note: fn(u64) -> String = if json {
            left_out
        } else {
            |lines| {
                format!("({lines} lines left out: the log is read more slowly than it is written)")
            }
        };
        let when_full =
            WhenFull { max_bytes: MAX_LOG_BYTES, patience: std::time::Duration::ZERO, note };
        let out = LineQueue::start(Stream::Stdout, when_full)?;
        let (warned, from, in_hand, bytes, failing) = (false, None, true, 0, false);
        let counts = Counts::new();
        Ok(Self { json, quiet, out, warned, guard, delayed, from, in_hand, bytes, failing, counts })
    }

    /// Reports to a script where the server listens, and the keys of its link. People read it on stderr.
    pub(super) fn listening(
        &mut self,
        address: SocketAddr,
        scenario: &Scenario,
        max_reply_bytes: usize,
        link: BTreeMap<&'static str, String>,
        dns: Option<SocketAddr>,
        others: &[(&'static str, SocketAddr)],
    ) {
        if self.json {
            let server = &scenario.server;
            self.out.json(&Listening {
                schema: SCHEMA,
                event: "listening",
                addr: address.to_string(),
                port: address.port(),
                reply: server.reply.name(),
                max_reply_bytes,
                drop: server.drop.as_f64(),
                drop_first: server.drop_first,
                drop_list: server.drop_list.to_string(),
                seed: scenario.seed,
                link,
                dns: dns.map(|dns| dns.to_string()),
                others: others.iter().map(|(name, at)| (*name, at.to_string())).collect(),
            });
        }
    }

    /// Lets the name server write to the same log.
    pub(super) fn share(&self, dns: &Dns, clock: Clock) {
        if !self.quiet {
            dns.log_to(&self.out, self.json, clock);
        }
    }

    /// Adds the totals of the name server to the summary.
    pub(super) fn name_server(&mut self, totals: dns::Totals) {
        self.counts.dns = Some(totals);
    }

    /// Counts the requests that the server has not handled when it stops.
    pub(super) fn unhandled(&mut self, unhandled: Unhandled) {
        self.counts.unread += unhandled.unread;
        self.counts.overflowed += unhandled.lost;
    }

    /// Reports replies that clients count for another exchange, and how to prevent that.
    pub(super) fn misattributed(&mut self, count: u64) {
        self.counts.misattributed = count;
        if count > 0 {
            warn(format_args!(
                "replies that left after their client had begun another exchange: {count}; the clients \
                 count them for the new one; with --reply mirror, each reply names its exchange"
            ));
        }
    }

    /// Returns the queue of the lines, if a line is written for each answer.
    pub(super) const fn lines(&self) -> Option<&LineQueue> {
        if self.quiet { None } else { Some(&self.out) }
    }

    /// Reports the totals, those of the services over connections included; `waiting` is the number of requests and
    /// replies that the server has not sent yet. If nobody reads stdout, stderr gets them.
    pub(super) fn summary(
        mut self,
        now: Instant,
        waiting: usize,
        others: &[(&'static str, follower::Counts)],
    ) -> Exit {
        self.counts.waiting = waiting as u64;
        let elapsed = now.saturating_since(Instant::ZERO);
        let left_out = self.out.left_out();
        let mut sentence = self.counts.sentence(elapsed, left_out);
        for (service, counts) in others {
            sentence += &format!("; {service}: {counts}");
        }
        if self.json {
            let others = others.iter().cloned().collect();
            let report = serde_json::to_string(&self.counts.report(elapsed, left_out, others));
            self.out.last_line(printable_json(&report.unwrap_or_default()));
        } else {
            self.out.last_line(&sentence);
        }
        let failure = finish_stdout(&self.out);
        if failure.as_ref().is_some_and(|failure| !failure.is_broken_pipe()) {
            narrate!("{sentence}");
        }
        exit_after(failure, Exit::Success)
    }

    /// Reports what concerns no datagram in particular.
    fn happened(&mut self, at: Instant, what: What) {
        if self.quiet || self.warned {
            return;
        }
        let (flow, packet, label, server) = (None, None, None, None);
        let record = Record { at, host: HostId::SERVER, flow, packet, label, server, what };
        if self.json {
            self.out.json(&ServerEvent {
                schema: SCHEMA,
                event: what.name(),
                at_s: seconds(at.saturating_since(Instant::ZERO)),
            });
        } else {
            let words = words::describe(&record, Setting::default(), Known::default());
            let style = style(&what);
            self.out.line(format_args!("{style}{}{style:#}", words.sentence()));
        }
    }

    /// Reports what the link did to a datagram.
    fn on_link(&mut self, at: Instant, what: What) -> ControlFlow<()> {
        match what {
            What::Dropped { cause, .. } => {
                *self.counts.dropped.entry(cause.name()).or_default() += 1;
            }
            What::Duplicated { .. } => self.counts.duplicated += 1,
            _ => {}
        }
        self.report(at, &Outcome::OnLink(what));
        ControlFlow::Continue(())
    }

    /// Reports how the current datagram was handled.
    fn report(&mut self, at: Instant, outcome: &Outcome<'_>) {
        if self.quiet || self.warned {
            return;
        }
        let from = self.from.map(|from| from.to_string()).unwrap_or_default();
        let (number, bytes) = if self.in_hand {
            (Some(self.counts.datagrams), Some(self.bytes))
        } else {
            (None, None)
        };
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
        if self.out.is_closed() && !std::mem::replace(&mut self.warned, true) {
            warn("cannot write to stdout any more; the server continues without a log");
        }
    }

    fn dropped(&mut self, at: Instant, cause: Cause) {
        *self.counts.dropped.entry(cause.name()).or_default() += 1;
        self.report(at, &Outcome::Dropped(cause));
    }

    fn refused(&mut self, at: Instant, refusal: Refusal) {
        *self.counts.refused.entry(refusal.name()).or_default() += 1;
        self.report(at, &Outcome::Refused(refusal));
    }
}

impl Observer<Event<service::Event>> for Log {
    fn admits(&mut self, at: Instant, datagram: Datagram<'_>) -> bool {
        self.counts.datagrams += 1;
        (self.from, self.in_hand) = (Some(datagram.from), true);
        self.bytes = datagram.bytes.len();
        let checked = self.guard.check(at, datagram.from, datagram.bytes);
        checked.map_err(|refusal| self.refused(at, refusal)).is_ok()
    }

    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        self.guard.replied(transmit.to, bytes);
        self.counts.answered += 1;
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
            return self.on_link(at, what);
        }
        match What::from(event.clone()) {
            What::Dropped { cause, .. } => self.dropped(at, cause),
            What::Failed => {
                self.counts.failed += 1;
                self.failing = !self.delayed;
            }
            what @ (What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Dead { .. }
            | What::Alive
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. }) => self.happened(at, what),
            // The reply's line reports work. A server has no events of a client, a link or a driver.
            What::Served { .. }
            | What::Sent { .. }
            | What::Delivered { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Frame { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Answered { .. }
            | What::LateReply
            | What::Stranger
            | What::GaveUp { .. }
            | What::Connecting
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Replied { .. }
            | What::Rejected
            | What::Limited { .. }
            | What::Refused { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn lost(&mut self, _at: Instant, count: u32) {
        if self.counts.overflowed == 0 {
            warn(
                "requests arrive faster than the server reads them: its receive buffer is full, and the \
                 system loses requests; the summary counts them",
            );
        }
        self.counts.overflowed += u64::from(count);
    }

    /// Reports trouble. No network error ends the server.
    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        match trouble {
            Trouble::Send { error, .. } => {
                self.counts.not_sent += 1;
                self.report(at, &Outcome::NotSent(error));
            }
            Trouble::Receive(error) => {
                self.counts.receive_errors += 1;
                self.report(at, &Outcome::ReceiveError(error));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
