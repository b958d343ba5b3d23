//! Callbacks while a machine runs over a socket.

use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::time::Instant;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Callbacks for the events of a run, with the payloads that a [`Record`](retrylab_core::trace::Record) does not
/// contain. An observer can stop the driver. The default methods do nothing; `()` ignores all events.
pub trait Observer<E> {
    /// Called when a datagram has arrived, before the machine handles it.
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        let _ = (at, datagram);
    }

    /// Called when the system has accepted a datagram for sending.
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

    /// Called when the system fails to do something and the machine is not notified.
    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        let _ = (at, trouble);
        ControlFlow::Continue(())
    }
}

impl<E> Observer<E> for () {}

impl<E, O: Observer<E> + ?Sized> Observer<E> for &mut O {
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        (**self).received(at, datagram);
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
}
