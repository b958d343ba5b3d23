//! The server: answers each datagram, and loses some on purpose.
//!
//! It is the echo service of RFC 862 ([`Reply::Mirror`]), the textbook's reporter of lengths
//! ([`Reply::Report`]) or the UDP Pinger's server ([`Reply::Upper`]). It keeps no state per request, only one counter per client, so that what happens
//! to a client's n-th datagram does not depend on other clients.

#[cfg(test)]
mod tests;

pub use crate::protocol::echo::Reply;

use crate::eras::Eras;
use crate::machine::{Label, Machine, Timer, Transmit};
use crate::protocol::ServerCodec;
use crate::protocol::echo::report;
use crate::random::{Direction, Probability, Purpose, Seed};
use crate::server::{ClientAddresses, Flows};
use crate::time::{Duration, Instant};
use crate::trace::{Cause, What};
use crate::value::{NumberList, setters};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// What a [`Server`] does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Config {
    /// What it answers.
    pub reply: Reply,
    /// Probability that a datagram is dropped.
    pub drop: Probability,
    /// Number of datagrams dropped at the start of the server's life.
    pub drop_first: u64,
    /// The datagrams with these numbers, from 1 over the server's life, are dropped.
    pub drop_list: NumberList,
    /// Probability that a datagram that is not dropped is answered with a failure.
    pub fail: Probability,
    /// When a failure says to come back.
    pub hint: Option<Duration>,
}

setters! {
    Config {
        with_reply: reply: Reply,
        with_drop: drop: Probability,
        with_drop_first: drop_first: u64,
        with_drop_list: drop_list: NumberList,
        with_fail: fail: Probability,
        with_hint: hint: Option<Duration>,
    }
}

/// What a server reports to its application. An answered datagram causes no event, only a transmit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The datagram just handled was dropped on purpose.
    Dropped {
        /// Its number over the server's life, from 1.
        number: u64,
        /// Why.
        cause: Cause,
    },
    /// The datagram just handled is answered with a failure.
    Failed,
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Dropped { cause, .. } => Self::Dropped { direction: Direction::Request, cause },
            Event::Failed => Self::Failed,
        }
    }
}

/// The server's machine.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
    /// The configurations that follow each other.
    eras: Eras<Config>,
    seed: Seed,
    /// Datagrams received over the server's life.
    received: u64,
    /// Datagrams received from each client; empty unless a probability asks for it.
    flows: Flows,
    /// Way of the request that has a reply to send.
    reply: Option<Way>,
    /// The bytes of the last reply.
    reply_bytes: Vec<u8>,
    /// Length of the request that these bytes report, if they do: clients tend to send requests of one length.
    reported: Option<usize>,
    event: Option<Event>,
}

impl Server {
    /// Returns an estimate of the memory in bytes of the clients' counters.
    pub(crate) fn memory(&self) -> usize {
        self.flows.memory()
    }

    /// Forgets its clients; see [`Flows::forget`].
    #[cfg(feature = "sim")]
    pub(crate) fn forget_clients(&mut self, before: u32) {
        self.flows.forget(before);
        self.eras.restart();
    }

    /// Creates a server with `seed` for its random drops. It numbers its clients in the order in which
    /// they appear.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self::with_flows(config, seed, Flows::appearing())
    }

    /// Like [`new`](Self::new), for a network whose addresses contain the client's number: what happens to
    /// one client's datagrams then does not depend on when others appear.
    #[must_use]
    pub fn numbered(config: Config, seed: u64, clients: ClientAddresses) -> Self {
        Self::with_flows(config, seed, Flows::numbered(clients))
    }

    fn with_flows(config: Config, seed: u64, flows: Flows) -> Self {
        Self {
            config,
            eras: Eras::NONE,
            seed: Seed::new(seed),
            received: 0,
            flows,
            reply: None,
            reply_bytes: Vec::new(),
            reported: None,
            event: None,
        }
    }

    /// Returns the server with configurations that follow each other, each for the datagrams that arrive from its time on.
    #[must_use]
    pub(crate) fn with_eras(self, eras: Eras<Config>) -> Self {
        Self { eras, ..self }
    }

    /// Takes the configuration of `now`.
    #[cold]
    fn change(&mut self, now: Instant) {
        if let Some(config) = self.eras.begin(now) {
            self.config = config.clone();
        }
    }

    /// Returns the number of datagrams received so far.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Answers the current datagram with a failure, regardless of its verdict.
    pub(crate) fn fail(&mut self, way: Way, bytes: &[u8]) {
        self.reply_bytes.clear();
        self.reported = None;
        self.config.reply.failure(bytes, self.config.hint, &mut self.reply_bytes);
        self.reply = Some(way);
        self.event = Some(Event::Failed);
    }

    /// Writes the answer to the current datagram.
    fn write_reply(&mut self, bytes: &[u8]) {
        let reply = &mut self.reply_bytes;
        reply.clear();
        self.reported = None;
        match self.config.reply {
            Reply::Report => {
                report(bytes.len(), reply);
                self.reported = Some(bytes.len());
            }
            Reply::Mirror => reply.extend_from_slice(bytes),
            Reply::Upper => {
                reply.extend_from_slice(bytes);
                reply.make_ascii_uppercase();
            }
        }
    }

    /// Decides whether to answer, fail or drop the datagram that was just counted.
    #[inline(always)]
    fn verdict(&mut self, from: SocketAddr) -> Verdict {
        // Every datagram of a flow counts, even a dropped one: its index is its name.
        let Config { drop, fail, .. } = self.config;
        let (mut dropped, mut failed) = (false, false);
        if drop > Probability::NEVER || fail > Probability::NEVER || !self.eras.is_empty() {
            let (flow, index) = self.flows.count(from);
            let stream = |purpose| self.seed.stream(flow, Direction::Request, index, purpose);
            dropped = stream(Purpose::ServerDrop).chance(drop);
            failed = fail > Probability::NEVER && stream(Purpose::ServerFail).chance(fail);
        }
        if self.received <= self.config.drop_first {
            Verdict::Drop(Cause::DropFirst)
        } else if self.config.drop_list.contains(self.received) {
            Verdict::Drop(Cause::DropList)
        } else if dropped {
            Verdict::Drop(Cause::ServerDrop)
        } else if failed {
            Verdict::Fail
        } else {
            Verdict::Answer
        }
    }
}

/// The way of a request. Its reply goes back on it: a client does not accept a reply from an address that it
/// did not ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// The client.
    pub(crate) from: SocketAddr,
    /// The server's address that the client asked.
    pub(crate) local: SocketAddr,
}

impl Way {
    /// Returns the reply's datagram.
    #[inline(always)]
    pub(crate) const fn back(&self) -> Transmit {
        Transmit::to(self.from).sent_from(self.local)
    }
}

/// How the server treats a datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Answer,
    Drop(Cause),
    Fail,
}

impl Machine for Server {
    type Event = Event;

    #[inline(always)]
    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        if !self.eras.is_empty() {
            self.change(now);
        }
        self.received = self.received.saturating_add(1);
        let verdict = self.verdict(from);
        if let Verdict::Drop(cause) = verdict {
            self.event = Some(Event::Dropped { number: self.received, cause });
            return;
        }
        if verdict == Verdict::Fail {
            return self.fail(Way { from, local }, bytes);
        }
        if self.reported != Some(bytes.len()) {
            self.write_reply(bytes);
        }
        self.reply = Some(Way { from, local });
    }

    #[inline(always)]
    fn handle_timeout(&mut self, _now: Instant) {}

    #[inline(always)]
    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        // Not `take`, which would move the addresses twice.
        let transmit = self.reply.as_ref()?.back();
        self.reply = None;
        buf.extend_from_slice(&self.reply_bytes);
        Some(transmit)
    }

    #[inline(always)]
    fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    #[inline(always)]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.config.reply.label(payload)
    }
}
