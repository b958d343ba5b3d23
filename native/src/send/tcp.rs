//! `send --tcp`: the same exchanges over connections. Each send is an attempt: a connection, the message and its
//! reply.

use super::report::{Outcome, SendReport};
use super::statistics::{Statistics, print_reply};
use super::{Args, Error, message, peers};
use crate::exit::Exit;
use crate::output::{BAD, Count, DIM, GOOD, Rounded, SCHEMA, exit_after, narrate, seconds};
use crate::pcapng::{self, StreamCapture};
use crate::queue::LineQueue;
use crate::signals::Signals;
use crate::unreached::{Reason, Unreached};
use retrylab::clock::Clock;
use retrylab::tcp::{Driver, Happened, Observer};
use retrylab_core::client::Config;
use retrylab_core::machine::Timer;
use retrylab_core::policy::{Preset, Stop};
use retrylab_core::protocol::Echo;
use retrylab_core::scenario::Scenario;
use retrylab_core::stream::{Client, ConnectionId, Event, Failure};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::words::Setting;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Runs the exchanges over connections.
pub(super) async fn send(
    args: &Args,
    scenario: &Scenario,
    out: &LineQueue,
    signals: &mut Signals,
) -> Result<Exit, Error> {
    let prepared = tokio::select! {
        biased;
        () = signals.recv() => return Err(Error::Interrupted),
        prepared = prepare(args, scenario) => prepared?,
    };
    let (codec, addresses) = prepared;
    let clock = Clock::start();
    let capture = pcapng::live(args.pcapng.as_deref(), clock.epoch(), Setting::default())?;
    let codec = codec.with_token(args.token).with_half_close(!args.no_half_close);
    let config = Config::new(addresses[0], codec.with_epoch(clock.epoch()))
        .interval(args.interval)
        .policy(scenario.policy)
        .seed(scenario.seed)
        .exchanges(scenario.max_exchanges());
    let session = Session {
        count: scenario.max_exchanges(),
        endless: args.is_endless(),
        json: args.json,
        ping: scenario.preset == Preset::UdpPinger && !args.json,
        capture: StreamCapture::of(capture.as_ref(), "client"),
        out: out.clone(),
        number: 1,
        peer: addresses[0],
        peers: Vec::new(),
        sends: BTreeMap::new(),
        passed: BTreeMap::new(),
        statistics: Statistics::default(),
        failures: 0,
        unreached: Vec::new(),
        only_refused: true,
        worst: Outcome::Answered,
    };
    let mut driver = Driver::client(Client::new(config), &addresses, clock, session);
    let interrupted = tokio::select! {
        biased;
        () = signals.recv() => true,
        _ = driver.run() => false,
    };
    let session = driver.observer_mut();
    if interrupted && session.number <= session.count {
        session.interrupted(clock.now());
    }
    session.statistics.print(session.count, session.json, &session.out);
    let exit = session.statistics.exit(session.worst, args.max_loss);
    drop(driver);
    Ok(exit_after(pcapng::finish(capture), exit))
}

async fn prepare(args: &Args, scenario: &Scenario) -> Result<(Echo, Vec<SocketAddr>), Error> {
    let codec = message::read_long(args.message(scenario)).await?;
    Ok((codec, peers::resolve(&args.host).await?))
}

/// Follows the client and reports to people on stderr and to scripts on stdout.
struct Session {
    count: u32,
    /// Only Ctrl-C ends it, which is then no failure.
    endless: bool,
    json: bool,
    /// Print each reply with its round-trip time, or `Request timed out`, as the UDP Pinger does.
    ping: bool,
    capture: StreamCapture,
    out: LineQueue,
    /// The exchange in progress, from 1.
    number: u32,
    /// The address of the last connection, or the last one tried.
    peer: SocketAddr,
    /// The addresses that were tried.
    peers: Vec<SocketAddr>,
    /// The connections of the exchange.
    sends: BTreeMap<ConnectionId, Attempt>,
    /// When the first byte of the message was passed to the system on each of them.
    passed: BTreeMap<ConnectionId, Instant>,
    statistics: Statistics,
    /// Failures that the server answered with.
    failures: u32,
    /// What prevented a connection, with the address.
    unreached: Vec<Unreached>,
    /// No send of the exchange has had a connection.
    only_refused: bool,
    worst: Outcome,
}

/// One send: a connection.
struct Attempt {
    /// When the client asked for it.
    asked: Instant,
    /// When its first address was tried.
    tried: Option<Instant>,
}

/// How an exchange ended.
struct End<'a> {
    outcome: Outcome,
    elapsed: Duration,
    rtt: Option<Duration>,
    reply: Option<(&'a [u8], u32)>,
    why: Option<Stop>,
    error: Option<String>,
}

impl Session {
    /// Returns the exchange that a line refers to, if there are several.
    fn name(&self) -> String {
        if self.count > 1 { format!("exchange {}: ", self.number) } else { String::new() }
    }

    fn interrupted(&mut self, now: Instant) {
        if self.endless && self.sends.is_empty() {
            return;
        }
        let elapsed = self
            .sends
            .values()
            .next()
            .map_or(Duration::ZERO, |first| now.saturating_since(first.asked));
        narrate!("{}interrupted after {}", self.name(), Rounded(elapsed));
        let outcome = Outcome::Interrupted;
        self.end(&End { outcome, elapsed, rtt: None, reply: None, why: None, error: None });
    }

    /// Returns the connection of a send of this exchange.
    fn connection(&self, send: u32) -> Option<ConnectionId> {
        self.sends.keys().nth((send as usize).checked_sub(1)?).copied()
    }

    fn answered(
        &mut self,
        at: Instant,
        sends: u32,
        answered_send: u32,
        elapsed: Duration,
        bytes: &[u8],
    ) {
        let (waited, peer) = (Rounded(elapsed), self.peer);
        let length = Count(bytes.len() as u64, "byte");
        if !self.ping {
            narrate!(
                "{}{GOOD}answered{GOOD:#} after {waited} by {peer}: send {answered_send} of {sends}, {length}",
                self.name()
            );
        }
        let passed = self.connection(answered_send).and_then(|id| self.passed.get(&id));
        let rtt = passed.map(|passed| at.saturating_since(*passed));
        let reply = Some((bytes, answered_send));
        let outcome = Outcome::Answered;
        self.end(&End { outcome, elapsed, rtt, reply, why: None, error: None });
    }

    fn gave_up(&mut self, sends: u32, elapsed: Duration, why: Stop) {
        let outcome = if !self.only_refused || self.unreached.is_empty() {
            Outcome::GaveUp
        } else {
            match Unreached::reason(&self.unreached) {
                Reason::Exhausted => Outcome::Failed,
                Reason::Refused => Outcome::Refused,
                Reason::Unreachable => Outcome::Unreachable,
            }
        };
        let (sends, waited) = (Count(sends.into(), "send"), Rounded(elapsed));
        let mut sentence =
            format!("{}{BAD}gave up{BAD:#} after {sends} in {waited}: {why}", self.name());
        let mut error = None;
        if outcome != Outcome::GaveUp {
            let mut causes: Vec<String> = self.unreached.iter().map(ToString::to_string).collect();
            causes.sort();
            causes.dedup();
            let causes = causes.join("; ");
            sentence += &format!("; {causes}");
            error = Some(causes);
        }
        narrate!("{sentence}");
        self.end(&End { outcome, elapsed, rtt: None, reply: None, why: Some(why), error });
    }

    /// Ends the exchange in progress and prints its result as one line.
    fn end(&mut self, end: &End<'_>) {
        let End { outcome, elapsed, rtt, reply, why, error } = end;
        if *outcome != Outcome::Interrupted {
            self.statistics.count(reply.is_some(), self.sends.len(), *rtt);
        }
        if self.json {
            let first = self.sends.values().next().map_or(Instant::ZERO, |first| first.asked);
            let due = |send: &Attempt| seconds(send.asked.saturating_since(first));
            let late = |send: &Attempt| {
                seconds(send.tried.map_or(Duration::ZERO, |at| at.saturating_since(send.asked)))
            };
            self.out.json(&SendReport {
                schema: SCHEMA,
                exchange: Some(self.number),
                outcome: *outcome,
                peer: self.peer.to_string(),
                peers: self.peers.iter().map(SocketAddr::to_string).collect(),
                sends: self.sends.len(),
                send_times_s: self.sends.values().map(due).collect(),
                send_late_s: self.sends.values().map(late).collect(),
                elapsed_s: seconds(*elapsed),
                rtt_s: rtt.map(seconds),
                reply: reply.map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned()),
                reply_bytes: reply.map(|(bytes, _)| bytes.len()),
                answered_send: reply.map(|(_, send)| send),
                why: why.map(Stop::name),
                failures: self.failures,
                late_replies: 0,
                strangers: 0,
                lost: 0,
                error: error.clone(),
            });
        } else {
            print_reply(&self.out, self.ping, *outcome, reply.map(|(bytes, _)| bytes), *rtt);
        }
        if *outcome != Outcome::Interrupted || !self.endless {
            self.worst = self.worst.or_worse(*outcome);
        }
        self.number += 1;
        (self.failures, self.only_refused) = (0, true);
        self.peers.clear();
        self.sends.clear();
        self.passed.clear();
        self.unreached.clear();
    }
}

impl Observer<Client<Echo>> for Session {
    fn event(&mut self, at: Instant, client: &Client<Echo>, event: &Event) -> ControlFlow<()> {
        match *event {
            Event::Confirmed { .. } => self.only_refused = false,
            Event::Answered { sends, answered_send, elapsed, .. } => {
                let bytes = client.reply().map_or(&b""[..], |reply| reply.reply());
                self.answered(at, sends, answered_send, elapsed, bytes);
            }
            Event::GaveUp { sends, elapsed, why, .. } => self.gave_up(sends, elapsed, why),
            Event::Failed { send, why, .. } => {
                self.failures += u32::from(why == Failure::Reply);
                let cause = match (why, self.unreached.last()) {
                    (Failure::Refused, Some(unreached)) => unreached.to_string(),
                    _ => why.name().to_string(),
                };
                narrate!("{}send {send}: {cause}", self.name());
                if let Some(id) = self.connection(send) {
                    self.capture.comment(id, &format!("Send {send} failed: {cause}."));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let wait = Rounded(deadline.saturating_since(at));
        match timer {
            Timer::Backoff | Timer::Hint => {
                narrate!("{}{DIM}sending again in {wait}{DIM:#}", self.name());
            }
            Timer::Resend => narrate!("{}{DIM}waiting {wait}{DIM:#}", self.name()),
            Timer::GiveUp => {
                narrate!("{}{DIM}waiting {wait}, for the last time{DIM:#}", self.name());
            }
            _ => {}
        }
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        self.capture.happened(at, id, what);
        match what {
            Happened::Asked => {
                self.sends.insert(id, Attempt { asked: at, tried: None });
            }
            Happened::Trying { peer, .. } => {
                if let Some(send) = self.sends.get_mut(&id) {
                    send.tried.get_or_insert(at);
                }
                self.peer = peer;
                if !self.peers.contains(&peer) {
                    self.peers.push(peer);
                }
            }
            Happened::Failed(address, error) => {
                self.unreached.push(Unreached::new(address, error));
            }
            Happened::Connected { peer, .. } => self.peer = peer,
            Happened::Sent(_) => {
                self.passed.entry(id).or_insert(at);
            }
            _ => {}
        }
    }

    fn settled(&mut self) {
        self.capture.settle();
    }
}
