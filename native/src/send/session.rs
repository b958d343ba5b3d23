//! What the client reports while it runs and when it ends.

use super::Args;
use super::report::{Outcome, SendReport};
use super::statistics::{Sends, Statistics, print_reply};
use crate::exit::Exit;
use crate::output::{BAD, Count, DIM, GOOD, Rounded, SCHEMA, complain, narrate, seconds, warn};
use crate::queue::LineQueue;
use retrylab::clock::Clock;
use retrylab::udp::{Class, Datagram, Observer, Trouble};
use retrylab_core::client::Event;
use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::policy::{Preset, Stop};
use retrylab_core::random::Probability;
use retrylab_core::scenario::Scenario;
use retrylab_core::time::{Duration, Instant};
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Follows the client and reports to people on stderr and to scripts on stdout.
#[derive(Debug)]
pub(super) struct Session {
    /// The address that was asked last.
    peer: SocketAddr,
    /// Whether the server has other addresses.
    several: bool,
    clock: Clock,
    count: u32,
    token: bool,
    json: bool,
    /// A ladder shows each send.
    laddered: bool,
    out: LineQueue,
    exchange: Exchange,
    statistics: Statistics,
    /// When the last datagram was passed to the system.
    passed: Instant,
    /// Print each reply with its round-trip time, or `Request timed out`, as the UDP Pinger does.
    ping: bool,
    /// Only Ctrl-C ends it, which is then no failure.
    endless: bool,
    worst: Outcome,
    /// The causes of losses that have been reported: each is reported once.
    causes: Vec<String>,
    /// Whether some wait followed the server's hint.
    pub(super) hinted: bool,
}

/// The exchange in progress.
#[derive(Debug, Default)]
struct Exchange {
    /// Counted from 1.
    number: u32,
    sends: Vec<Instant>,
    /// How late each of them left, as the system accepted it.
    late: Vec<Duration>,
    /// How late each of them was passed to the system.
    passed: Vec<Duration>,
    /// The number of the last send in the policy's schedule, counted from 1.
    send: u32,
    /// The addresses that were asked.
    peers: Vec<SocketAddr>,
    /// Those that cannot be reached.
    refusals: Vec<Refusal>,
    /// The bytes of its last datagram.
    bytes: usize,
    /// Failures that the server answered with.
    failures: u32,
    late_replies: u32,
    strangers: u32,
    /// Datagrams that the system did not send.
    unsent: u32,
    /// Whether the last datagram is one of them.
    last_unsent: bool,
    /// Whether the last datagram was not sent because the server cannot be reached: the end follows.
    hopeless: bool,
    /// Datagrams that are known to be lost, unsent ones included.
    lost: u32,
    /// What ended it, if it gave up.
    why: Option<Stop>,
}

impl Exchange {
    fn elapsed(&self, now: Instant) -> Duration {
        self.sends.first().map_or(Duration::ZERO, |first| now.saturating_since(*first))
    }
}

/// An address that cannot be reached.
#[derive(Debug)]
struct Refusal {
    peer: SocketAddr,
    cause: String,
    /// Whether nobody listens there.
    is_closed: bool,
    /// Whether a line has said so.
    is_reported: bool,
}

/// A reply that ended an exchange.
struct Reply<'a> {
    bytes: &'a [u8],
    answered_send: u32,
}

impl Session {
    pub(super) fn new(
        peers: &[SocketAddr],
        clock: Clock,
        args: &Args,
        scenario: &Scenario,
        out: LineQueue,
    ) -> Self {
        let exchange = Exchange { number: 1, ..Exchange::default() };
        let worst = Outcome::Answered;
        Self {
            peer: peers[0],
            several: peers.len() > 1,
            clock,
            count: scenario.max_exchanges(),
            token: args.token,
            json: args.json,
            laddered: args.ladder,
            out,
            exchange,
            statistics: Statistics::default(),
            passed: Instant::ZERO,
            ping: scenario.preset == Preset::UdpPinger && !args.json && !args.ladder,
            endless: args.is_endless(),
            worst,
            causes: Vec::new(),
            hinted: false,
        }
    }

    /// Handles Ctrl-C: the exchange in progress ends here.
    pub(super) fn interrupted(&mut self, now: Instant) {
        if self.endless && self.exchange.sends.is_empty() {
            return;
        }
        let elapsed = self.exchange.elapsed(now);
        let number = self.exchange.number;
        let of = if self.endless { String::new() } else { format!(" of {}", self.count) };
        let sends = Count(self.exchange.sends.len() as u64, "send");
        let peer = self.peer;
        let waited = Rounded(elapsed);
        narrate!(
            "interrupted in exchange {number}{of}: {sends} to {peer}, no reply yet after \
             {waited}"
        );
        self.end(Outcome::Interrupted, elapsed, None, None);
    }

    /// Prints the totals, if there is more than one exchange.
    pub(super) fn summary(&self) {
        self.statistics.print(self.count, self.json, &self.out);
    }

    /// Returns the exit code of the whole session.
    pub(super) fn exit(&self, max_loss: Option<Probability>) -> Exit {
        self.statistics.exit(self.worst, max_loss)
    }

    /// Ends the exchange in progress and prints its result as one line.
    fn end(
        &mut self,
        outcome: Outcome,
        elapsed: Duration,
        reply: Option<Reply<'_>>,
        error: Option<String>,
    ) {
        let number = self.exchange.number + 1;
        let ended =
            std::mem::replace(&mut self.exchange, Exchange { number, ..Exchange::default() });
        let sends = Sends { due: &ended.sends, late: &ended.passed };
        let rtt = reply.as_ref().and_then(|r| sends.rtt(r.answered_send, self.token, elapsed));
        if outcome != Outcome::Interrupted {
            self.statistics.count(reply.is_some(), ended.sends.len(), rtt);
        }
        if self.json {
            let first = ended.sends.first().copied().unwrap_or_default();
            let since = |at: &Instant| seconds(at.saturating_since(first));
            self.out.json(&SendReport {
                schema: SCHEMA,
                exchange: Some(ended.number),
                outcome,
                peer: self.peer.to_string(),
                peers: ended.peers.iter().map(SocketAddr::to_string).collect(),
                sends: ended.sends.len(),
                send_times_s: ended.sends.iter().map(since).collect(),
                send_late_s: ended.late.iter().map(|late| seconds(*late)).collect(),
                elapsed_s: seconds(elapsed),
                rtt_s: rtt.map(seconds),
                reply: reply.as_ref().map(|r| String::from_utf8_lossy(r.bytes).into_owned()),
                reply_bytes: reply.as_ref().map(|reply| reply.bytes.len()),
                answered_send: reply.as_ref().map(|reply| reply.answered_send),
                why: ended.why.map(Stop::name),
                failures: ended.failures,
                late_replies: ended.late_replies,
                strangers: ended.strangers,
                lost: ended.lost,
                error,
            });
        } else {
            print_reply(&self.out, self.ping, outcome, reply.map(|reply| reply.bytes), rtt);
        }
        if outcome != Outcome::Interrupted || !self.endless {
            self.worst = self.worst.or_worse(outcome);
        }
    }

    fn answered(&mut self, sends: u32, answered_send: u32, elapsed: Duration, bytes: &[u8]) {
        // Karn's algorithm: if the reply names no send, any of several may have caused it.
        let sure = if self.token || sends == 1 { "" } else { " presumably" };
        let (name, waited) = (self.name(), Rounded(elapsed));
        let by = if self.several { format!(" by {}", self.peer) } else { String::new() };
        if !self.ping {
            narrate!(
                "{name}{GOOD}answered{GOOD:#} after {waited}{by}:{sure} send {answered_send} of {sends}, \
             {}",
                Count(bytes.len() as u64, "byte")
            );
        }
        self.end(Outcome::Answered, elapsed, Some(Reply { bytes, answered_send }), None);
    }

    fn gave_up(&mut self, sends: u32, elapsed: Duration, why: Stop) {
        let (name, waited) = (self.name(), Rounded(elapsed));
        let sent = Count(sends.into(), "send");
        if self.exchange.sends.is_empty() && self.exchange.unsent > 0 {
            return self.nothing_left(elapsed);
        }
        let lost = match self.exchange.lost {
            0 => String::new(),
            lost => format!(" ({lost} known to be lost)"),
        };
        match why {
            Stop::Budget | Stop::Breaker if sends == 0 => {
                narrate!("{name}{BAD}not sent{BAD:#}: {why}; paused for {waited}");
            }
            Stop::Budget | Stop::Breaker => {
                narrate!("{name}{BAD}no reply{BAD:#} after {sent}{lost} in {waited}: {why}");
            }
            _ if self.exchange.failures > 0 => {
                let failures = Count(self.exchange.failures.into(), "failure");
                narrate!(
                    "{name}{BAD}gave up{BAD:#} after {sent} in {waited}: the server answered with \
                     {failures}"
                );
            }
            _ if self.ping => {}
            _ => {
                narrate!(
                    "{name}{BAD}no reply{BAD:#} after {sent}{lost} in {waited}: is the server down?"
                );
            }
        }
        self.exchange.why = Some(why);
        self.end(Outcome::GaveUp, elapsed, None, None);
    }

    /// Notes that `peer` is asked. If that is because another address cannot be reached, says so.
    fn asks(&mut self, peer: SocketAddr) {
        let name = self.name();
        for refusal in &mut self.exchange.refusals {
            if !std::mem::replace(&mut refusal.is_reported, true) && refusal.peer != peer {
                narrate!(
                    "{name}{} cannot be reached: {}; asking {peer}",
                    refusal.peer,
                    refusal.cause
                );
            }
        }
        self.peer = peer;
        if !self.exchange.peers.contains(&peer) {
            self.exchange.peers.push(peer);
        }
    }

    /// Notes that a datagram to `peer` was not sent.
    fn not_sent(&mut self, peer: SocketAddr) {
        // A send is repeated if an address cannot be reached; otherwise it is the next one of the schedule.
        let is_repeated = self.exchange.refusals.iter().any(|refusal| !refusal.is_reported);
        self.exchange.send += u32::from(!is_repeated);
        self.asks(peer);
    }

    /// Notes that an address cannot be reached.
    fn cannot_reach(&mut self, trouble: &Trouble) {
        let peer = match trouble {
            Trouble::Send { to, .. } => {
                self.not_sent(*to);
                *to
            }
            Trouble::Report(report) => report.to,
            _ => self.peer,
        };
        let (cause, is_closed) = (trouble.to_string(), trouble.is_refusal());
        self.exchange.refusals.retain(|refusal| refusal.peer != peer);
        self.exchange.refusals.push(Refusal { peer, cause, is_closed, is_reported: false });
    }

    /// Ends an exchange because no address of the server can be reached.
    fn refused(&mut self, elapsed: Duration) {
        let is_closed = self.exchange.refusals.iter().all(|refusal| refusal.is_closed);
        let outcome = if is_closed { Outcome::Refused } else { Outcome::Unreachable };
        let sentence = match &self.exchange.refusals[..] {
            [Refusal { peer, cause, is_closed: false, .. }] => {
                format!("{peer} cannot be reached: {cause}")
            }
            [] | [_] => format!("{} refused the datagram: nobody listens there", self.peer),
            several => {
                let list = several.iter().map(|one| format!("{}: {}", one.peer, one.cause));
                let list: Vec<String> = list.collect();
                format!("none of {} addresses can be reached: {}", list.len(), list.join("; "))
            }
        };
        narrate!("{}{BAD}{sentence}{BAD:#}", self.name());
        self.end(outcome, elapsed, None, Some(sentence));
    }

    /// Ends an exchange of which no datagram has left this host.
    fn nothing_left(&mut self, elapsed: Duration) {
        let peers: Vec<String> = self.exchange.peers.iter().map(SocketAddr::to_string).collect();
        let (peers, unsent) = (peers.join(", "), Count(self.exchange.unsent.into(), "datagram"));
        let cause = self.causes.last().cloned().unwrap_or_default();
        let sentence =
            format!("{peers} cannot be reached: the system sent none of {unsent}: {cause}");
        narrate!("{}{BAD}{sentence}{BAD:#}", self.name());
        self.end(Outcome::Unreachable, elapsed, None, Some(sentence));
    }

    /// Counts a datagram that is lost, and reports the cause once.
    fn lost(&mut self, trouble: &Trouble) {
        self.exchange.lost += 1;
        if let Trouble::Send { to, .. } = trouble {
            self.exchange.unsent += 1;
            self.exchange.last_unsent = true;
            self.not_sent(*to);
        }
        let cause = trouble.to_string();
        // In order of their last occurrence.
        let known = self.causes.iter().position(|known| *known == cause);
        match known {
            Some(at) => drop(self.causes.remove(at)),
            None => warn(format_args!("{}a datagram is lost: {cause}", self.name())),
        }
        if self.causes.len() >= MAX_CAUSES {
            self.causes.remove(0);
        }
        self.causes.push(cause);
    }

    /// Ends the session because no datagram can carry the message.
    fn too_long(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        let sentence = format!("the message is too long for the path to {}: {trouble}", self.peer);
        complain(&sentence);
        let elapsed = self.exchange.elapsed(at);
        self.end(Outcome::TooLong, elapsed, None, Some(sentence));
        ControlFlow::Break(())
    }

    /// Returns the exchange that a line refers to, if there are several.
    fn name(&self) -> String {
        if self.count > 1 { format!("exchange {}: ", self.exchange.number) } else { String::new() }
    }
}

/// Maximum number of different causes of losses to remember.
const MAX_CAUSES: usize = 32;

impl Observer<Event> for Session {
    fn sending(&mut self, _: &Transmit) {
        self.passed = self.clock.now();
    }

    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        self.exchange.send = transmit.label.map_or(self.exchange.send, |label| label.send.get());
        self.asks(transmit.to);
        self.exchange.sends.push(at);
        self.exchange.passed.push(self.passed.saturating_since(at));
        self.exchange.late.push(self.clock.now().saturating_since(at));
        self.exchange.bytes = bytes.len();
        self.exchange.last_unsent = false;
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        self.hinted |= timer == Timer::Hint;
        let (name, peer) = (self.name(), self.peer);
        let send = self.exchange.send;
        let bytes = Count(self.exchange.bytes as u64, "byte");
        let wait = Rounded(deadline.saturating_since(at));
        // A pause of the limits is reported when it is over; on a ladder each send has a line already.
        if std::mem::take(&mut self.exchange.hopeless) || self.laddered || self.ping {
            return;
        }
        match timer {
            Timer::Start => narrate!("{name}{DIM}the first send is delayed by {wait}{DIM:#}"),
            Timer::Backoff => narrate!("{name}{DIM}sending again in {wait}{DIM:#}"),
            Timer::Hint => {
                narrate!("{name}{DIM}sending again in {wait}, given the server's hint{DIM:#}");
            }
            Timer::Resend | Timer::Timeout | Timer::GiveUp => {
                let last = if timer == Timer::GiveUp { ", for the last time" } else { "" };
                if self.exchange.last_unsent {
                    narrate!("{name}send {send}: not sent, {DIM}waiting {wait}{last}{DIM:#}");
                } else {
                    narrate!(
                        "{name}send {send}: {bytes} to {peer}, {DIM}waiting {wait}{last}{DIM:#}"
                    );
                }
            }
            Timer::Limits
            | Timer::Think
            | Timer::Service
            | Timer::Outage
            | Timer::Recovery
            | Timer::Arrival
            | Timer::Other(_) => {}
        }
    }

    fn event(
        &mut self,
        _at: Instant,
        event: &Event,
        datagram: Option<Datagram<'_>>,
    ) -> ControlFlow<()> {
        let bytes = datagram.map_or(&b""[..], |datagram| datagram.bytes);
        match *event {
            Event::Answered { sends, answered_send, elapsed, .. } => {
                self.peer = datagram.map_or(self.peer, |datagram| datagram.from);
                self.answered(sends, answered_send, elapsed, bytes);
            }
            Event::GaveUp { sends, elapsed, why, .. } => self.gave_up(sends, elapsed, why),
            Event::Refused { elapsed, .. } => self.refused(elapsed),
            Event::LateReply { .. } => {
                self.exchange.late_replies += 1;
                let bytes = Count(bytes.len() as u64, "byte");
                narrate!("{}a late reply of {bytes}, ignored", self.name());
            }
            Event::Failed { send, .. } => {
                self.exchange.failures += 1;
                narrate!("{}send {send}: the server answered with a failure", self.name());
            }
            Event::Unreadable => {
                let bytes = Count(bytes.len() as u64, "byte");
                narrate!("{}a datagram of {bytes} that is not a reply, ignored", self.name());
            }
            Event::Stranger => {
                self.exchange.strangers += 1;
                let from = datagram.map_or(self.peer, |datagram| datagram.from);
                let bytes = Count(bytes.len() as u64, "byte");
                let peer = self.peer;
                warn(format_args!(
                    "{}a datagram of {bytes} from {from}, a stranger (not {peer}), ignored",
                    self.name()
                ));
            }
        }
        ControlFlow::Continue(())
    }

    fn lost(&mut self, _at: Instant, count: u32) {
        let datagrams = Count(count.into(), "datagram");
        warn(format_args!(
            "{}the receive buffer was full: the system lost {datagrams}, which may be replies",
            self.name()
        ));
    }

    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        match (trouble.class(), trouble) {
            // The event of the client follows.
            (Class::Final, _) => {
                self.exchange.hopeless = matches!(trouble, Trouble::Send { .. });
                self.cannot_reach(trouble);
            }
            // The path carries less than the interface: the system sends fragments from now on.
            (Class::Transient, _) | (Class::SizeLimit, Trouble::Report(_)) => self.lost(trouble),
            (Class::SizeLimit, _) => return self.too_long(at, trouble),
        }
        ControlFlow::Continue(())
    }
}
