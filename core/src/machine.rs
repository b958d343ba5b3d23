//! The contract that every state machine keeps.
//!
//! A machine never reads a clock, touches a socket, sleeps, spawns or draws from a global generator.
//! It is told what happened and what time it is, and it answers with datagrams, events and one
//! deadline. That is why the same machine runs over a real socket, in the simulated network and in a
//! browser page.
//!
//! # The driving law
//!
//! **One input, then drain transmits and events to `None`, then read the deadline.** Creating a machine
//! is an input too: it may want to send at once.
//!
//! ```
//! use retrylab_core::machine::{Machine, Timer};
//! use retrylab_core::client::{Client, Config};
//! use retrylab_core::time::{Duration, Instant};
//!
//! /// Drains `machine` and returns its deadline: the second half of the law.
//! fn drain<M: Machine>(machine: &mut M, now: Instant, buf: &mut Vec<u8>) -> Option<(Timer, Instant)> {
//!     while let Some(transmit) = machine.poll_transmit(now, buf) {
//!         println!("{now:?}: {} bytes to {}", buf.len(), transmit.to);
//!     }
//!     while machine.poll_event().is_some() {}
//!     machine.poll_timeout()
//! }
//!
//! // A driver whose network swallows everything: its clock jumps from deadline to deadline.
//! let server = "192.0.2.1:1060".parse().unwrap();
//! let mut client = Client::new(Config::textbook(server, b"hello"));
//! let (mut now, mut buf, mut sends) = (Instant::ZERO, Vec::new(), vec![now_s(Instant::ZERO)]);
//! # fn now_s(t: Instant) -> String { t.to_string() }
//! while let Some((timer, deadline)) = drain(&mut client, now, &mut buf) {
//!     now = deadline;
//!     client.handle_timeout(now);
//!     if timer == Timer::Resend {
//!         sends.push(now_s(now));
//!     }
//! }
//! assert_eq!(sends, ["0", "0.1", "0.3", "0.7", "1.5"]);
//! assert_eq!(now, Instant::from_millis(3_100), "and then it gives up");
//! ```
//!
//! # The laws of the deadline
//!
//! - An early or repeated call is a no-op.
//! - After `handle_timeout(t)` with `t` at or past the deadline, and a full drain, the deadline is
//!   `None` or later than `t`.
//! - A finished machine has no deadline.
//! - Time that goes back does no harm.
//! - No sentinel (zero, the far future) stands for "never"; that is `None`.
//! - Whatever a peer or a network can cause is an event, never a panic.
//!
//! `tests/laws.rs` holds every machine of this crate to them with arbitrary bytes, addresses, times
//! and call orders.

use crate::time::Instant;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// A state machine that talks in datagrams. See the [module's](self) law.
pub trait Machine {
    /// What the application wants to know. A handle of a few bytes, not a carrier of payloads: the
    /// driver still holds the datagram that caused it.
    type Event;

    /// A datagram arrived from `from`.
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]);

    /// Time has reached the deadline. Early calls are no-ops.
    fn handle_timeout(&mut self, now: Instant);

    /// The network says that nobody listens at `peer` (ICMP port unreachable: `ECONNREFUSED`).
    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let _ = (now, peer);
    }

    /// The next datagram to send: its bytes replace the contents of `buf`.
    ///
    /// Call it again until `None`.
    #[must_use = "a transmit that is not sent is a datagram lost by the driver"]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit>;

    /// The next event for the application.
    ///
    /// Call it again until `None`. A driver that feeds the next input before it has drained may lose
    /// the older event, never the machine's own state.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// What an event is about, where its driver cannot know: for the trace.
    #[must_use]
    fn about(event: &Self::Event) -> About {
        let _ = event;
        About::default()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why; `None`: no timer runs.
    #[must_use]
    fn poll_timeout(&self) -> Option<(Timer, Instant)>;

    /// Has the machine done all that it will ever do on its own?
    ///
    /// A machine that only ever answers, like a server, is never finished.
    #[must_use]
    fn is_finished(&self) -> bool {
        false
    }
}

/// A datagram that a machine wants to send; its bytes are in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// Which send of which exchange it is, when the machine knows.
    pub label: Option<Label>,
}

impl Transmit {
    /// A datagram to `to` that belongs to no exchange its sender knows of.
    #[must_use]
    pub const fn to(to: SocketAddr) -> Self {
        Self { to, label: None }
    }
}

/// Whom and which send an event is about. What is left out is taken from the input that caused it, and
/// from the last datagram sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct About {
    /// The other host.
    pub peer: Option<SocketAddr>,
    /// The send.
    pub label: Option<Label>,
}

/// Names one copy of one request: the `send`-th of the `exchange`-th, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The exchange's number, from 1.
    pub exchange: NonZeroU32,
    /// The copy's number within its exchange, from 1.
    pub send: NonZeroU32,
}

impl Label {
    /// The label of send `send` of exchange `exchange`; `None` if either is 0.
    #[must_use]
    pub const fn new(exchange: u32, send: u32) -> Option<Self> {
        match (NonZeroU32::new(exchange), NonZeroU32::new(send)) {
            (Some(exchange), Some(send)) => Some(Self { exchange, send }),
            _ => None,
        }
    }
}

/// Why a machine waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// No reply yet; the next copy goes out when it fires.
    Resend,
    /// The last copy is out; the exchange has failed when it fires.
    GiveUp,
    /// The policy's first delay: the first copy goes out when it fires.
    Start,
    /// The copy that is out is abandoned when it fires, and the backoff begins.
    Timeout,
    /// The client rests between two exchanges.
    Think,
    /// The server's next work is done when it fires.
    Service,
    /// The next exchange of an open loop arrives when it fires.
    Arrival,
    /// A timer of a machine that is not this crate's, by its name.
    Other(&'static str),
}

impl Timer {
    /// The timer's name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::GiveUp => "give up",
            Self::Start => "start",
            Self::Timeout => "timeout",
            Self::Think => "think",
            Self::Service => "service",
            Self::Arrival => "arrival",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
