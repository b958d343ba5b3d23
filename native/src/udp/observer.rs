//! Callbacks while a machine runs over a socket.

use super::errors::{Class, Report, class_of, is_refusal};
use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::time::Instant;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Callbacks for the events of a run, with the payloads that a [`Record`](retrylab_core::trace::Record) does not
/// contain. An observer can stop the driver. The default methods do nothing; `()` ignores all events.
///
/// `at` is the time of the machine, as in the records: if its timer has fired a little late, the time at which it
/// was due.
pub trait Observer<E> {
    /// Called when a datagram has arrived; returns whether the machine may handle it. By default it may.
    fn admits(&mut self, at: Instant, datagram: Datagram<'_>) -> bool {
        let _ = (at, datagram);
        true
    }

    /// Called when a datagram has arrived and is admitted, before the machine handles it.
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        let _ = (at, datagram);
    }

    /// Called just before a datagram is passed to the system, which may send it or not: round-trip times begin here.
    fn sending(&mut self, transmit: &Transmit) {
        let _ = transmit;
    }

    /// Called just after the system has accepted a datagram for sending.
    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        let _ = (at, transmit, bytes);
    }

    /// Called when the timer of the machine changes.
    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let _ = (at, timer, deadline);
    }

    /// Called for an event of the machine. `datagram` is the one that caused it, if any.
    fn event(&mut self, at: Instant, event: &E, datagram: Option<Datagram<'_>>) -> ControlFlow<()> {
        let _ = (at, event, datagram);
        ControlFlow::Continue(())
    }

    /// Called when the system has lost datagrams that had arrived, because the receive buffer was full. `count`
    /// is their number since the last call.
    fn lost(&mut self, at: Instant, count: u32) {
        let _ = (at, count);
    }

    /// Called when the system fails to do something, or the network reports that it did.
    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        let _ = (at, trouble);
        ControlFlow::Continue(())
    }
}

impl<E> Observer<E> for () {}

impl<E, O: Observer<E> + ?Sized> Observer<E> for &mut O {
    fn admits(&mut self, at: Instant, datagram: Datagram<'_>) -> bool {
        (**self).admits(at, datagram)
    }

    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        (**self).received(at, datagram);
    }

    fn sending(&mut self, transmit: &Transmit) {
        (**self).sending(transmit);
    }

    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        (**self).sent(at, transmit, bytes);
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        (**self).armed(at, timer, deadline);
    }

    fn event(&mut self, at: Instant, event: &E, datagram: Option<Datagram<'_>>) -> ControlFlow<()> {
        (**self).event(at, event, datagram)
    }

    fn lost(&mut self, at: Instant, count: u32) {
        (**self).lost(at, count);
    }

    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        (**self).trouble(at, trouble)
    }
}

/// A received datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The sender.
    pub from: SocketAddr,
    /// The payload.
    pub bytes: &'a [u8],
}

/// A failure of the system. The driver continues unless the observer stops it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// A datagram could not be sent, and is lost.
    Send {
        /// The destination.
        to: SocketAddr,
        /// The cause.
        error: io::Error,
    },
    /// The socket reported an error instead of a datagram.
    Receive(io::Error),
    /// The network reported an error of a datagram that was sent earlier. If the report is
    /// [final](super::Class::Final), the machine is notified as well.
    Report(Report),
}

impl Trouble {
    /// Returns what it means for the datagrams that follow.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Send { error, .. } | Self::Receive(error) => class_of(error),
            Self::Report(report) => report.icmp.class(),
        }
    }

    /// Returns whether it means that nobody listens on the port of the peer.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Send { error, .. } | Self::Receive(error) => is_refusal(error),
            Self::Report(report) => report.icmp.is_refusal(),
        }
    }
}

/// The cause, without the address that could not be reached.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { error, .. } | Self::Receive(error) => error.fmt(f),
            Self::Report(report) => report.fmt(f),
        }
    }
}
