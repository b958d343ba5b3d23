//! Many writers and one row: what backing off costs under contention.
//!
//! Each [`Client`] has to write the row once, under optimistic concurrency: it reads the row's version
//! and writes with it. The second write with a version is stale: the
//! [`row::Server`](crate::server::row::Server) refuses it, and the client waits as its policy says and
//! reads again. Nothing is lost and nobody is slow; the only trouble is that the clients do the same
//! thing at the same time. This is the model of "Exponential
//! Backoff And Jitter" (AWS Architecture Blog, 2015); `native/tests/results/contention.rs` holds it to that
//! experiment's numbers.
//!
//! ```text
//! client   read ──▶            write 7 ──▶            waits, then read ──▶
//! server         ◀── version 7            ◀── stale 7
//! ```
//!
//! What it does not do: send anything again because no reply came. Over a link that loses datagrams, a
//! client that misses a reply waits forever.
//!
//! ```
//! use retrylab_core::client::contention::{Client, Config};
//! use retrylab_core::server::row::Server;
//! use retrylab_core::link::Link;
//! use retrylab_core::policy::{Jitter, Policy};
//! use retrylab_core::sim::{Network, SERVER};
//! use retrylab_core::time::Duration;
//! use std::sync::Arc;
//!
//! // Five writers over a link of 10 ms each way. Without jitter they meet again and again.
//! let calls = |jitter| {
//!     let policy = Policy::exponential(Duration::from_millis(10)).jitter(jitter).build().unwrap();
//!     let config = Arc::new(Config::new(SERVER, policy, 1));
//!     let clients = (1..=5).map(|flow| Client::numbered(config.clone(), flow)).collect::<Vec<_>>();
//!     let mut network = Network::new(clients, Server::default(), Link::default(), 1, ());
//!     while network.step().is_some() {}
//!     assert_eq!(network.server().written(), 5);
//!     network.server().calls()
//! };
//! assert_eq!(calls(Jitter::None), 5 + 4 + 3 + 2 + 1);
//! assert!(calls(Jitter::Full) < 15);
//! ```

#[cfg(test)]
mod tests;

use crate::machine::{Label, Machine, Timer, Transmit};
use crate::policy::{Policy, Schedule, Stop, Wait};
use crate::protocol::row::{Reply, Request};
use crate::random::{Name, Purpose};
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Configuration of a [`Client`]. All clients of a row share one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server. Datagrams from anyone else are ignored.
    pub peer: SocketAddr,
    /// How long to wait after a refused write, and when to stop. One attempt, a read and its write,
    /// counts as one send. The rest of the policy is not used: no first delay, no round-trip time, no
    /// limits.
    pub policy: Policy,
    /// Seed of the policy's random draws.
    pub seed: u64,
}

impl Config {
    /// Returns one write of the row that `peer` keeps.
    #[must_use]
    pub const fn new(peer: SocketAddr, policy: Policy, seed: u64) -> Self {
        Self { peer, policy, seed }
    }
}

/// What a client reports to its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Its write was done.
    Written {
        /// Writes sent, the refused ones included.
        writes: u32,
        /// Time since its first read.
        elapsed: Duration,
    },
    /// Its last write was refused, and the policy allows no further attempt.
    GaveUp {
        /// Writes sent.
        writes: u32,
        /// Time since its first read.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// Its write was refused: the row has another version. It reads again after a while.
    Stale,
    /// The datagram just handled is from the server, but not the reply that it waits for.
    Unexpected,
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Written { writes, elapsed } => {
                Self::Answered { sends: writes, answered_send: writes, elapsed }
            }
            Event::GaveUp { writes, elapsed, why } => Self::GaveUp { sends: writes, elapsed, why },
            Event::Stale => Self::Stale,
            Event::Unexpected => Self::LateReply,
        }
    }
}

/// A machine that writes the row once.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    schedule: Schedule,
    /// Wait after the attempt in progress, as the schedule says.
    planned: Wait,
    /// When the first read was sent.
    started: Instant,
    writes: u32,
    state: State,
    event: Option<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first attempt begins as soon as the time is known.
    Beginning,
    /// This must be sent.
    Sending(Request),
    /// This has been sent and is not yet answered.
    Asked(Request),
    /// The next attempt begins then; `None` if that is later than [`Instant::MAX`].
    BackingOff(Option<Instant>),
    /// Written, or given up.
    Finished,
}

impl Client {
    /// Creates client number `flow`, from 1: each has random draws of its own. It sends its first read at
    /// the first `poll_transmit`.
    #[must_use]
    pub fn numbered(config: Arc<Config>, flow: u32) -> Self {
        let schedule = Schedule::random(
            &config.policy,
            Name::exchange(config.seed, flow, 1).stream(Purpose::Jitter),
        );
        Self {
            config,
            schedule,
            planned: Wait { timeout: Duration::ZERO, pause: Duration::ZERO, last: false },
            started: Instant::ZERO,
            writes: 0,
            state: State::Beginning,
            event: None,
        }
    }

    /// Returns the number of writes sent so far, the refused ones included.
    #[must_use]
    pub const fn writes(&self) -> u32 {
        self.writes
    }

    /// Begins the next attempt, if the policy allows one.
    fn attempt(&mut self, now: Instant) {
        let elapsed = now.saturating_since(self.started);
        match self.schedule.next(&self.config.policy, elapsed) {
            Ok(wait) => {
                self.planned = wait;
                self.state = State::Sending(Request::Read);
            }
            Err(why) => self.give_up(elapsed, why),
        }
    }

    /// Handles a refused write, which is a retryable failure.
    fn refused(&mut self, now: Instant) {
        let elapsed = now.saturating_since(self.started);
        let policy = &self.config.policy;
        match self.schedule.after_failure(policy, self.planned, elapsed, None) {
            // A wait of 0 lasts for a nanosecond: a deadline is later than now.
            Ok(pause) => {
                let pause = pause.max(Duration::from_nanos(1));
                self.state = State::BackingOff(now.checked_add(pause));
                self.event = Some(Event::Stale);
            }
            Err(why) => self.give_up(elapsed, why),
        }
    }

    fn give_up(&mut self, elapsed: Duration, why: Stop) {
        self.event = Some(Event::GaveUp { writes: self.writes, elapsed, why });
        self.state = State::Finished;
    }
}

impl Machine for Client {
    type Event = Event;

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if from != self.config.peer {
            return;
        }
        match (self.state, Reply::parse(bytes)) {
            (State::Asked(Request::Read), Some(Reply::Version(version))) => {
                self.state = State::Sending(Request::Write(version));
            }
            // A reply names the write that it answers: a duplicate does not count as a second refusal.
            (State::Asked(Request::Write(own)), Some(Reply::Done(version))) if own == version => {
                let elapsed = now.saturating_since(self.started);
                self.event = Some(Event::Written { writes: self.writes, elapsed });
                self.state = State::Finished;
            }
            (State::Asked(Request::Write(own)), Some(Reply::Stale(version))) if own == version => {
                self.refused(now);
            }
            _ => self.event = Some(Event::Unexpected),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let State::BackingOff(Some(until)) = self.state
            && until <= now
        {
            self.attempt(now);
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.state == State::Beginning {
            self.started = now;
            self.attempt(now);
        }
        let State::Sending(request) = self.state else { return None };
        self.state = State::Asked(request);
        if let Request::Write(_) = request {
            self.writes = self.writes.saturating_add(1);
        }
        buf.extend_from_slice(request.to_string().as_bytes());
        let label = Label::new(1, self.schedule.sends());
        Some(Transmit::to(self.config.peer).labelled(label))
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        match self.state {
            State::BackingOff(until) => until.map(|until| (Timer::Backoff, until)),
            _ => None,
        }
    }

    fn is_finished(&self) -> bool {
        self.state == State::Finished
    }
}
