//! The contract that every state machine keeps.
//!
//! A machine never reads a clock, touches a socket, sleeps, spawns or draws from a global generator.
//! Its driver hands it inputs (a start, a datagram, a time-out), each with the current time, and
//! collects its outputs (datagrams to send, events for the application, one deadline). That is why the
//! same machine runs over a real socket, in the simulated network and in a browser page.
//!
//! # How to drive a machine
//!
//! **One input, then drain transmits and events to `None`, then read the deadline.** The first input is
//! [`handle_start`](Machine::handle_start). [`drive`](crate::drive) does this for every driver of this
//! project; a driver of your own needs no more than:
//!
//! ```
//! use retrylab_core::client::{Client, Config};
//! use retrylab_core::machine::{Machine, Timer};
//! use retrylab_core::time::{Duration, Instant};
//!
//! /// Drains `machine` and returns its deadline: what follows every input.
//! fn drain<M: Machine>(machine: &mut M, now: Instant, buf: &mut Vec<u8>) -> Option<(Timer, Instant)> {
//!     loop {
//!         while machine.poll_event().is_some() {}
//!         buf.clear();
//!         let Some(transmit) = machine.poll_transmit(now, buf) else { break };
//!         println!("{now:?}: {} bytes to {}", buf.len(), transmit.to);
//!     }
//!     machine.poll_timeout()
//! }
//!
//! // A driver whose network loses everything: its clock jumps from deadline to deadline.
//! let server = "192.0.2.1:1060".parse().unwrap();
//! let mut client = Client::new(Config::textbook(server, b"hello"));
//! let (mut now, mut buf, mut sends) = (Instant::ZERO, Vec::new(), vec!["0".to_string()]);
//! client.handle_start(now);
//! while let Some((timer, deadline)) = drain(&mut client, now, &mut buf) {
//!     now = deadline;
//!     client.handle_timeout(now);
//!     if timer == Timer::Resend {
//!         sends.push(now.to_string());
//!     }
//! }
//! assert_eq!(sends, ["0", "0.1", "0.3", "0.7", "1.5"]);
//! assert_eq!(now, Instant::from_millis(3_100), "and then it gives up");
//! ```
//!
//! # Rules
//!
//! For the machine:
//!
//! - An early or repeated [`handle_timeout`](Machine::handle_timeout) does nothing.
//! - A finished machine has no deadline.
//! - Time that goes back does no harm.
//! - No sentinel (zero, the far future) stands for "never"; that is `None`.
//! - Whatever a peer or a network can cause is an event, never a panic.
//! - After `handle_timeout` the deadline moves on or disappears. A deadline that is not later than now
//!   is due at once, so a machine may ask for several time-outs in a row at one instant, but not for an
//!   endless run of them (see [`MAX_TIMEOUTS_AT_ONCE`]).
//!
//! For the driver:
//!
//! - `buf` is empty when [`poll_transmit`](Machine::poll_transmit) is called.
//! - Events are drained before each transmit and after the last one: a transmit may raise events.
//! - Between two inputs `poll_timeout` may be called any number of times.
//!
//! `tests/outside/contract.rs` checks every machine of this crate against these rules with arbitrary bytes,
//! addresses, times and orders of calls.

use crate::time::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// Maximum number of time-outs in a row at one instant, without anything else happening in between.
/// A machine that asks for more is stuck; its driver stops.
pub const MAX_TIMEOUTS_AT_ONCE: u32 = 10_000;

/// A state machine that sends and receives datagrams. See the [module](self) for how to drive it.
///
/// The trait is object-safe: `Box<dyn Machine<Event = E>>` is a machine, too.
pub trait Machine {
    /// What the application wants to know. A few bytes, not a payload: the driver still holds the
    /// datagram that caused it.
    type Event;

    /// Starts the machine. Called once, before every other input.
    fn handle_start(&mut self, now: Instant) {
        let _ = now;
    }

    /// Handles a datagram from `from` that arrived at `local`, one of the host's addresses.
    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]);

    /// Handles a time-out: time has reached the deadline. Early calls do nothing.
    fn handle_timeout(&mut self, now: Instant);

    /// Handles the network's report that `peer` cannot be reached and that another send would not help: nobody
    /// listens there (ICMP port unreachable), or no way leads there (ICMP host unreachable and others).
    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let _ = (now, peer);
    }

    /// Writes the next datagram to send into `buf`, which is empty.
    ///
    /// Call it again until it returns `None`.
    #[must_use = "the driver has to send the datagram"]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit>;

    /// Returns the next event for the application.
    ///
    /// Call it again until it returns `None`. A driver that feeds the next input before that may lose
    /// the older event, but never the machine's own state.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Returns the peer and the send that an event refers to, where its driver cannot know them: for the
    /// trace.
    #[must_use]
    fn subject(&self, event: &Self::Event) -> Subject {
        let _ = event;
        Subject::default()
    }

    /// Returns when to call [`handle_timeout`](Self::handle_timeout), and why; `None` if no timer runs.
    #[must_use]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)>;

    /// Returns the peer and the send that the timer of [`poll_timeout`](Self::poll_timeout) refers to,
    /// made or still to come, where its driver cannot know them: for the trace. A client's timer refers
    /// to its last send otherwise.
    #[must_use]
    fn timer_subject(&self) -> Subject {
        Subject::default()
    }

    /// Names the send that the next datagram belongs to, where the driver knows it, as a simulated
    /// network does. For the trace only: the machine must not decide anything by it.
    fn note_label(&mut self, label: Option<Label>) {
        let _ = label;
    }

    /// Returns the send that a payload of this machine's protocol names, for the driver that does not know
    /// which send an arriving datagram belongs to. It is the peer's claim, and for the trace only.
    #[must_use]
    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        let _ = payload;
        None
    }

    /// Returns true when the machine will do nothing more on its own.
    ///
    /// A machine that only answers, like a server, is never finished.
    #[must_use]
    fn is_finished(&self) -> bool {
        false
    }

    /// Describes a payload of this machine's protocol in a few words, for people who look at a trace;
    /// `None` if there is nothing to say.
    #[must_use]
    fn describe(&self, payload: &[u8]) -> Option<String> {
        let _ = payload;
        None
    }
}

/// Declares that a pointer to a machine is a machine, too. The verbs of the event loop are inlined, as those of
/// machines are: an event loop that is compiled twice calls them otherwise.
macro_rules! pointer {
    ($(#[$doc:meta])* $pointer:ty) => {
        $(#[$doc])*
        impl<M: Machine + ?Sized> Machine for $pointer {
            type Event = M::Event;

            fn handle_start(&mut self, now: Instant) {
                (**self).handle_start(now);
            }

            #[inline(always)]
            fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
                (**self).handle_datagram(now, local, from, bytes);
            }

            #[inline(always)]
            fn handle_timeout(&mut self, now: Instant) {
                (**self).handle_timeout(now);
            }

            fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
                (**self).handle_refused(now, peer);
            }

            #[inline(always)]
            fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
                (**self).poll_transmit(now, buf)
            }

            #[inline(always)]
            fn poll_event(&mut self) -> Option<M::Event> {
                (**self).poll_event()
            }

            #[inline(always)]
            fn subject(&self, event: &M::Event) -> Subject {
                (**self).subject(event)
            }

            #[inline(always)]
            fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
                (**self).poll_timeout()
            }

            #[inline(always)]
            fn timer_subject(&self) -> Subject {
                (**self).timer_subject()
            }

            #[inline(always)]
            fn note_label(&mut self, label: Option<Label>) {
                (**self).note_label(label);
            }

            fn label_of(&self, payload: &[u8]) -> Option<Label> {
                (**self).label_of(payload)
            }

            #[inline(always)]
            fn is_finished(&self) -> bool {
                (**self).is_finished()
            }

            fn describe(&self, payload: &[u8]) -> Option<String> {
                (**self).describe(payload)
            }
        }
    };
}

pointer! {
    /// Hosts of different kinds fit one network as `Box<dyn Machine<Event = E>>`.
    alloc::boxed::Box<M>
}

pointer! {
    /// A driver may borrow a machine for as long as it runs.
    &mut M
}

/// A datagram that a machine wants to send; its bytes are in the caller's buffer.
///
/// ```
/// use retrylab_core::machine::{Label, Transmit};
///
/// let server = "192.0.2.1:1060".parse().unwrap();
/// let transmit = Transmit::to(server).labelled(Label::new(1, 2));
/// assert_eq!((transmit.to, transmit.from), (server, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// The destination.
    pub to: SocketAddr,
    /// The host's address to send from; `None` for its usual one.
    pub from: Option<SocketAddr>,
    /// Which send of which exchange it is, when the machine knows.
    pub label: Option<Label>,
}

impl Transmit {
    /// Creates a datagram to `to`, from the host's usual address, that belongs to no exchange.
    #[must_use]
    #[inline]
    pub const fn to(to: SocketAddr) -> Self {
        Self { to, from: None, label: None }
    }

    /// Sets the address to send from, one of the host's addresses.
    #[must_use]
    #[inline]
    pub const fn sent_from(self, from: SocketAddr) -> Self {
        Self { from: Some(from), ..self }
    }

    /// Sets the send that the datagram belongs to.
    #[must_use]
    #[inline]
    pub const fn labelled(self, label: Option<Label>) -> Self {
        Self { label, ..self }
    }
}

/// The peer and the send that an event refers to. What is `None` is taken from the input that caused the
/// event, and from the last datagram sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Subject {
    /// The other host.
    pub peer: Option<SocketAddr>,
    /// The send.
    pub label: Option<Label>,
}

impl Subject {
    /// Returns a send, with the peer of the input.
    #[must_use]
    pub const fn send(label: Option<Label>) -> Self {
        Self { peer: None, label }
    }

    /// Returns a send of an exchange with `peer`.
    #[must_use]
    pub const fn of(peer: SocketAddr, label: Option<Label>) -> Self {
        Self { peer: Some(peer), label }
    }
}

/// Names one send of one exchange, both numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The exchange's number, from 1.
    pub exchange: NonZeroU32,
    /// The send's number within its exchange, from 1.
    pub send: NonZeroU32,
}

impl Label {
    /// Creates the label of send `send` of exchange `exchange`; `None` if either is 0.
    #[must_use]
    #[inline]
    pub const fn new(exchange: u32, send: u32) -> Option<Self> {
        match (NonZeroU32::new(exchange), NonZeroU32::new(send)) {
            (Some(exchange), Some(send)) => Some(Self { exchange, send }),
            _ => None,
        }
    }
}

/// Why a machine waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// No reply yet; the next send goes out when it fires.
    Resend,
    /// The last send is out; the exchange has failed when it fires.
    GiveUp,
    /// The policy's first delay: the first send goes out when it fires.
    Start,
    /// The attempt is abandoned when it fires, and the backoff begins.
    Timeout,
    /// The last send was abandoned or has failed; the next one goes out when it fires.
    Backoff,
    /// The server said when to come back; the next send goes out when it fires.
    Hint,
    /// The limits (retry budget, circuit breaker) refused the exchange; it is over when it fires.
    Limits,
    /// The client pauses between two exchanges.
    Think,
    /// The server's next piece of work is done when it fires.
    Service,
    /// The server goes down when it fires.
    Outage,
    /// The server comes back when it fires.
    Recovery,
    /// The next exchange of an open loop arrives when it fires.
    Arrival,
    /// A timer of another crate's machine, by its name: `Timer::Other(&"probe")`. (The second reference keeps timers,
    /// of which every host and record has one, two words long.)
    Other(&'static &'static str),
}

impl Timer {
    /// Returns the timer's name in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::GiveUp => "give up",
            Self::Start => "start",
            Self::Timeout => "timeout",
            Self::Backoff => "backoff",
            Self::Hint => "hint",
            Self::Limits => "limits",
            Self::Think => "think",
            Self::Service => "service",
            Self::Outage => "outage",
            Self::Recovery => "recovery",
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

/// The address at which a machine under test receives.
#[cfg(test)]
pub(crate) const LOCAL: SocketAddr =
    SocketAddr::new(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST), 40_000);
