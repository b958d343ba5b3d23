//! What the client reports while it runs and when it ends.

use super::report::{Outcome, SendReport};
use crate::exit::Exit;
use crate::output::{
    BAD, Count, GOOD, Printable, Rounded, SCHEMA, Stdout, complain, narrate, seconds, warn,
};
use retrylab::udp::{Datagram, Observer, Trouble};
use retrylab_core::client::Event;
use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::policy::Stop;
use retrylab_core::time::{Duration, Instant};
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Follows the client and reports to people on stderr and to scripts on stdout.
#[derive(Debug)]
pub(super) struct Session {
    peer: SocketAddr,
    count: u32,
    token: bool,
    json: bool,
    /// A ladder shows each send.
    laddered: bool,
    out: Stdout,
    exchange: Exchange,
    worst: Outcome,
    /// Whether some wait followed the server's hint.
    pub(super) hinted: bool,
}

/// The exchange in progress.
#[derive(Debug, Default)]
struct Exchange {
    /// Counted from 1.
    number: u32,
    sends: Vec<Instant>,
    /// The bytes of its last datagram.
    bytes: usize,
    /// Failures that the server answered with.
    failures: u32,
    late_replies: u32,
    strangers: u32,
    /// What ended it, if it gave up.
    why: Option<Stop>,
}

impl Exchange {
    fn elapsed(&self, now: Instant) -> Duration {
        self.sends.first().map_or(Duration::ZERO, |first| now.saturating_since(*first))
    }
}

/// A reply that ended an exchange.
struct Reply<'a> {
    bytes: &'a [u8],
    answered_send: u32,
}

impl Session {
    pub(super) fn new(
        peer: SocketAddr,
        count: u32,
        token: bool,
        json: bool,
        laddered: bool,
    ) -> Self {
        let exchange = Exchange { number: 1, ..Exchange::default() };
        let (out, worst) = (Stdout::default(), Outcome::Answered);
        Self { peer, count, token, json, laddered, out, exchange, worst, hinted: false }
    }

    /// Handles Ctrl-C: the exchange in progress ends here.
    pub(super) fn interrupted(&mut self, now: Instant) {
        let elapsed = self.exchange.elapsed(now);
        let (number, count) = (self.exchange.number, self.count);
        let sends = Count(self.exchange.sends.len() as u64, "send");
        let peer = self.peer;
        let waited = Rounded(elapsed);
        narrate!(
            "interrupted in exchange {number} of {count}: {sends} to {peer}, no reply yet after \
             {waited}"
        );
        self.end(Outcome::Interrupted, elapsed, None, None);
    }

    /// Returns the exit code of the whole session.
    pub(super) fn finish(self) -> Exit {
        self.out.finish(self.worst.exit())
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
        if self.json {
            let first = ended.sends.first().copied().unwrap_or_default();
            let since = |at: &Instant| seconds(at.saturating_since(first));
            self.out.json(&SendReport {
                schema: SCHEMA,
                exchange: Some(ended.number),
                outcome,
                peer: self.peer.to_string(),
                sends: ended.sends.len(),
                send_times_s: ended.sends.iter().map(since).collect(),
                elapsed_s: seconds(elapsed),
                reply: reply.as_ref().map(|r| String::from_utf8_lossy(r.bytes).into_owned()),
                reply_bytes: reply.as_ref().map(|reply| reply.bytes.len()),
                answered_send: reply.as_ref().map(|reply| reply.answered_send),
                why: ended.why.map(Stop::name),
                failures: ended.failures,
                late_replies: ended.late_replies,
                strangers: ended.strangers,
                error,
            });
        } else if let Some(reply) = reply {
            self.out.line(Printable(reply.bytes));
        }
        if outcome == Outcome::Interrupted || outcome.weight() > self.worst.weight() {
            self.worst = outcome;
        }
    }

    fn answered(&mut self, sends: u32, answered_send: u32, elapsed: Duration, bytes: &[u8]) {
        // Karn's algorithm: if the reply names no send, any of several may have caused it.
        let sure = if self.token || sends == 1 { "" } else { " presumably" };
        let (name, waited) = (self.name(), Rounded(elapsed));
        narrate!(
            "{name}{GOOD}answered{GOOD:#} after {waited}:{sure} send {answered_send} of {sends}, \
             {}",
            Count(bytes.len() as u64, "byte")
        );
        self.end(Outcome::Answered, elapsed, Some(Reply { bytes, answered_send }), None);
    }

    fn gave_up(&mut self, sends: u32, elapsed: Duration, why: Stop) {
        let (name, waited) = (self.name(), Rounded(elapsed));
        let sent = Count(sends.into(), "send");
        match why {
            Stop::Budget | Stop::Breaker if sends == 0 => {
                narrate!("{name}{BAD}not sent{BAD:#}: {why}; paused for {waited}");
            }
            Stop::Budget | Stop::Breaker => {
                narrate!("{name}{BAD}no reply{BAD:#} after {sent} in {waited}: {why}");
            }
            _ if self.exchange.failures > 0 => {
                let failures = Count(self.exchange.failures.into(), "failure");
                narrate!(
                    "{name}{BAD}gave up{BAD:#} after {sent} in {waited}: the server answered with \
                     {failures}"
                );
            }
            _ => {
                narrate!(
                    "{name}{BAD}no reply{BAD:#} after {sent} in {waited}: is the server down?"
                );
            }
        }
        self.exchange.why = Some(why);
        self.end(Outcome::GaveUp, elapsed, None, None);
    }

    fn refused(&mut self, elapsed: Duration) {
        let sentence = format!("{} refused the datagram: nobody listens there", self.peer);
        narrate!("{}{BAD}{sentence}{BAD:#}", self.name());
        self.end(Outcome::Refused, elapsed, None, Some(sentence));
    }

    /// Handles an error of the system while sending or receiving. If another send cannot help, the
    /// exchange ends.
    fn failed(&mut self, at: Instant, error: &io::Error) -> ControlFlow<()> {
        let peer = self.peer;
        let (outcome, sentence) = if error.raw_os_error() == Some(EMSGSIZE) {
            // The path's limit may be below that of IP itself.
            (Outcome::TooLong, format!("the message is too long for the path to {peer}: {error}"))
        } else if is_lasting(error.kind()) {
            (Outcome::Unreachable, format!("{peer} cannot be reached: {error}"))
        } else {
            // A datagram that was not sent is a lost datagram, and the policy handles those.
            warn(format_args!("{}the system lost a datagram: {error}", self.name()));
            return ControlFlow::Continue(());
        };
        complain(&sentence);
        let elapsed = self.exchange.elapsed(at);
        self.end(outcome, elapsed, None, Some(sentence));
        ControlFlow::Break(())
    }

    /// Returns the exchange that a line refers to, if there are several.
    fn name(&self) -> String {
        if self.count > 1 { format!("exchange {}: ", self.exchange.number) } else { String::new() }
    }
}

/// Returns true if the next send would fail with the same error.
fn is_lasting(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(
        kind,
        K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::AddrNotAvailable
            | K::PermissionDenied
            | K::InvalidInput
    )
}

// The standard library has no name for "message too long".
#[cfg(target_os = "linux")]
const EMSGSIZE: i32 = 90;
#[cfg(windows)]
const EMSGSIZE: i32 = 10_040;
#[cfg(not(any(target_os = "linux", windows)))]
const EMSGSIZE: i32 = 40;

impl Observer<Event> for Session {
    fn sent(&mut self, at: Instant, _transmit: &Transmit, bytes: &[u8]) {
        self.exchange.sends.push(at);
        self.exchange.bytes = bytes.len();
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        self.hinted |= timer == Timer::Hint;
        let (name, peer) = (self.name(), self.peer);
        let (send, bytes) = (self.exchange.sends.len(), Count(self.exchange.bytes as u64, "byte"));
        let wait = Rounded(deadline.saturating_since(at));
        // A pause of the limits is reported when it is over; on a ladder each send has a line already.
        if self.laddered {
            return;
        }
        match timer {
            Timer::Start => narrate!("{name}the first send is delayed by {wait}"),
            Timer::Backoff => narrate!("{name}sending again in {wait}"),
            Timer::Hint => {
                narrate!("{name}sending again in {wait}, following the server's hint");
            }
            Timer::Resend | Timer::Timeout | Timer::GiveUp => {
                let last = if timer == Timer::GiveUp { ", for the last time" } else { "" };
                narrate!("{name}send {send}: {bytes} to {peer}, waiting {wait}{last}");
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
        match trouble {
            Trouble::Send { error, .. } | Trouble::Receive(error) => self.failed(at, error),
            _ => ControlFlow::Continue(()),
        }
    }
}
